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

-- What the own signature of a letter said when it was uploaded (E-6).
CREATE TABLE letter_signatures (
    attachment_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES attachments,
    result TEXT NOT NULL,
    domain TEXT,
    aligned BOOLEAN NOT NULL,
    author TEXT
);
