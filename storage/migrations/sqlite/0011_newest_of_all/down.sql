DROP INDEX organizations_vendor;
DROP INDEX service_requests_by_activity;
CREATE INDEX service_requests_by_activity ON service_requests (activity_at, id, number, status, severity);
