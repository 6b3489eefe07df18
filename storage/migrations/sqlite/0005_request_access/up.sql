-- Which requests a grant reaches, from its moment on (G-16), and which requests only those see whom they name (S-14).
-- A column that is added needs a default for the rows that exist; whoever writes a row writes all of them.
ALTER TABLE partner_grants ADD COLUMN history TEXT NOT NULL DEFAULT 'all';
ALTER TABLE partner_grants ADD COLUMN history_since BIGINT NOT NULL DEFAULT 0;
UPDATE partner_grants SET history_since = created_at;
ALTER TABLE service_requests ADD COLUMN confidential BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX participants_by_person ON participants (person_id, service_request_id);
