-- Escalations (E-1). What they ask for, what was verified and where they stand is JSON; `status` is the state's name, and `due_at`
-- says when the server has something to do by itself.
CREATE TABLE escalations (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations,
    channel TEXT NOT NULL,
    service_request_id TEXT COLLATE "C" REFERENCES service_requests,
    letter TEXT NOT NULL,
    nominee TEXT NOT NULL,
    unavailable TEXT NOT NULL,
    verified TEXT NOT NULL,
    reviewer TEXT COLLATE "C",
    status TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT,
    resumption TEXT,
    opened_by TEXT COLLATE "C" NOT NULL REFERENCES people,
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
ALTER TABLE attachments ALTER COLUMN service_request_id DROP NOT NULL;
ALTER TABLE attachments ADD COLUMN escalation_id TEXT COLLATE "C" REFERENCES escalations;
CREATE INDEX attachments_by_escalation ON attachments (escalation_id) WHERE escalation_id IS NOT NULL;
ALTER TABLE uploads DROP CONSTRAINT uploads_service_request_id_fkey;
ALTER TABLE uploads RENAME COLUMN service_request_id TO place_id;

-- What the own signature of a letter said when it was uploaded (E-6).
CREATE TABLE letter_signatures (
    attachment_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES attachments,
    result TEXT NOT NULL,
    domain TEXT,
    aligned BOOLEAN NOT NULL,
    author TEXT
);

-- An email may be owed to all contacts of an escalation's organization, where there is no service request (E-7).
ALTER TABLE broadcasts ALTER COLUMN service_request_id DROP NOT NULL;

-- Which email about an escalation left when, and to which address: emails themselves are forgotten after a while.
CREATE TABLE escalation_notices (
    mail_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    escalation_id TEXT COLLATE "C" NOT NULL REFERENCES escalations,
    kind TEXT NOT NULL,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people,
    address TEXT COLLATE "C" NOT NULL,
    sent_at BIGINT NOT NULL
);
CREATE INDEX escalation_notices_in_order ON escalation_notices (escalation_id, sent_at, mail_id);
