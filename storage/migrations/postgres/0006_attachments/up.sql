-- Files of service requests (S-6). Without a message an attachment is a draft of its uploader's.
CREATE TABLE attachments (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    service_request_id TEXT COLLATE "C" NOT NULL REFERENCES service_requests,
    message_id TEXT COLLATE "C" REFERENCES messages,
    uploaded_by TEXT COLLATE "C" NOT NULL REFERENCES people,
    file_name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    detected_media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX attachments_by_request ON attachments (service_request_id, created_at, id);
CREATE INDEX attachments_by_message ON attachments (message_id);

-- What is, or may be, in the store of files without a message that holds it. A row is there before its file and goes after it.
CREATE TABLE uploads (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    service_request_id TEXT COLLATE "C" NOT NULL REFERENCES service_requests,
    begun_at BIGINT NOT NULL,
    abandoned BOOLEAN NOT NULL
);
CREATE INDEX uploads_in_order ON uploads (begun_at, id);
