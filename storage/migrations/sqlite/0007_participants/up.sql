-- The version of a participation (S-7).
ALTER TABLE participants ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- Emails to everybody whom a service request concerns, which are not owed one by one yet (S-12). `told_until` is the last person
-- whose email is.
CREATE TABLE broadcasts (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    about_id TEXT NOT NULL,
    service_request_id TEXT NOT NULL REFERENCES service_requests,
    created_at BIGINT NOT NULL,
    told_until TEXT NOT NULL
);
CREATE INDEX broadcasts_in_order ON broadcasts (created_at, id);

-- What closes by itself (S-4), and who may want to be called (C-19).
CREATE INDEX service_requests_solved ON service_requests (solved_at, id) WHERE status = 'solved';
CREATE INDEX people_with_preferences ON people (organization_id) WHERE preferences IS NOT NULL;
