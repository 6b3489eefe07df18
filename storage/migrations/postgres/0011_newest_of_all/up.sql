-- The newest requests of everybody, with all that decides whether somebody reaches them (S-11); and whose the desk is (G-15).
DROP INDEX service_requests_by_activity;
CREATE INDEX service_requests_by_activity
    ON service_requests (activity_at, id, organization_id, number, status, severity, confidential, created_at, closed_at);
CREATE INDEX organizations_vendor ON organizations (id) WHERE kind = 'vendor';
