DROP TABLE escalation_notices;

CREATE TABLE broadcasts_before (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    about_id TEXT NOT NULL,
    service_request_id TEXT NOT NULL REFERENCES service_requests,
    created_at BIGINT NOT NULL,
    told_until TEXT NOT NULL
);
INSERT INTO broadcasts_before
    SELECT id, kind, about_id, service_request_id, created_at, told_until FROM broadcasts WHERE service_request_id IS NOT NULL;
DROP TABLE broadcasts;
ALTER TABLE broadcasts_before RENAME TO broadcasts;
CREATE INDEX broadcasts_in_order ON broadcasts (created_at, id);

CREATE TABLE uploads_before (
    id TEXT NOT NULL PRIMARY KEY,
    service_request_id TEXT NOT NULL REFERENCES service_requests,
    begun_at BIGINT NOT NULL,
    abandoned BOOLEAN NOT NULL
);
INSERT INTO uploads_before
    SELECT id, place_id, begun_at, abandoned FROM uploads WHERE place_id IN (SELECT r.id FROM service_requests r);
DROP TABLE uploads;
ALTER TABLE uploads_before RENAME TO uploads;
CREATE INDEX uploads_in_order ON uploads (begun_at, id);

DROP TABLE letter_signatures;
CREATE TABLE attachments_before (
    id TEXT NOT NULL PRIMARY KEY,
    service_request_id TEXT NOT NULL REFERENCES service_requests,
    message_id TEXT REFERENCES messages,
    uploaded_by TEXT NOT NULL REFERENCES people,
    file_name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    detected_media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
INSERT INTO attachments_before
    SELECT id, service_request_id, message_id, uploaded_by, file_name, media_type, detected_media_type, size, sha256, created_at,
        version FROM attachments WHERE escalation_id IS NULL;
DROP TABLE attachments;
ALTER TABLE attachments_before RENAME TO attachments;
CREATE INDEX attachments_by_request ON attachments (service_request_id, created_at, id);
CREATE INDEX attachments_by_message ON attachments (message_id);
DROP TABLE escalations;
