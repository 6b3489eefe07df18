-- Escalations (E-1). What they ask for, what was verified and where they stand is JSON; `status` is the state's name, and `due_at`
-- says when the server has something to do by itself.
CREATE TABLE escalations (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations,
    channel TEXT NOT NULL,
    service_request_id TEXT REFERENCES service_requests,
    letter TEXT NOT NULL,
    nominee TEXT NOT NULL,
    unavailable TEXT NOT NULL,
    verified TEXT NOT NULL,
    reviewer TEXT,
    status TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT,
    resumption TEXT,
    opened_by TEXT NOT NULL REFERENCES people,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX escalations_under_way ON escalations (organization_id)
    WHERE status IN ('submitted', 'in_review', 'information_requested', 'approved', 'objected');
CREATE INDEX escalations_due ON escalations (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX escalations_by_organization ON escalations (organization_id, created_at, id);
CREATE INDEX escalations_in_order ON escalations (created_at, id);

-- Letters are attachments too (E-3), of an escalation instead of a service request; and what is uploaded, is uploaded to either.
CREATE TABLE attachments_anew (
    id TEXT NOT NULL PRIMARY KEY,
    service_request_id TEXT REFERENCES service_requests,
    message_id TEXT REFERENCES messages,
    uploaded_by TEXT NOT NULL REFERENCES people,
    file_name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    detected_media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    escalation_id TEXT REFERENCES escalations
);
INSERT INTO attachments_anew
    SELECT id, service_request_id, message_id, uploaded_by, file_name, media_type, detected_media_type, size, sha256, created_at,
        version, NULL FROM attachments;
DROP TABLE attachments;
ALTER TABLE attachments_anew RENAME TO attachments;
CREATE INDEX attachments_by_request ON attachments (service_request_id, created_at, id);
CREATE INDEX attachments_by_message ON attachments (message_id);
CREATE INDEX attachments_by_escalation ON attachments (escalation_id) WHERE escalation_id IS NOT NULL;

CREATE TABLE uploads_anew (
    id TEXT NOT NULL PRIMARY KEY,
    place_id TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    abandoned BOOLEAN NOT NULL
);
INSERT INTO uploads_anew SELECT id, service_request_id, begun_at, abandoned FROM uploads;
DROP TABLE uploads;
ALTER TABLE uploads_anew RENAME TO uploads;
CREATE INDEX uploads_in_order ON uploads (begun_at, id);

-- What the own signature of a letter said when it was uploaded (E-6).
CREATE TABLE letter_signatures (
    attachment_id TEXT NOT NULL PRIMARY KEY REFERENCES attachments,
    result TEXT NOT NULL,
    domain TEXT,
    aligned BOOLEAN NOT NULL,
    author TEXT
);

-- An email may be owed to all contacts of an escalation's organization, where there is no service request (E-7).
CREATE TABLE broadcasts_anew (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    about_id TEXT NOT NULL,
    service_request_id TEXT REFERENCES service_requests,
    created_at BIGINT NOT NULL,
    told_until TEXT NOT NULL
);
INSERT INTO broadcasts_anew SELECT id, kind, about_id, service_request_id, created_at, told_until FROM broadcasts;
DROP TABLE broadcasts;
ALTER TABLE broadcasts_anew RENAME TO broadcasts;
CREATE INDEX broadcasts_in_order ON broadcasts (created_at, id);

-- Which email about an escalation left when, and to which address: emails themselves are forgotten after a while.
CREATE TABLE escalation_notices (
    mail_id TEXT NOT NULL PRIMARY KEY,
    escalation_id TEXT NOT NULL REFERENCES escalations,
    kind TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES people,
    address TEXT NOT NULL,
    sent_at BIGINT NOT NULL
);
CREATE INDEX escalation_notices_in_order ON escalation_notices (escalation_id, sent_at, mail_id);
