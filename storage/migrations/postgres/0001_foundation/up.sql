-- Moments are microseconds since 1970-01-01T00:00:00Z. Ids and words are as on the wire. Lists are JSON arrays.
-- There are no defaults, sequences or triggers: everything is computed before it is written.
-- What is compared or sorted is COLLATE "C", so that order and page cursors are those of SQLite.

-- Whoever has contacts (O-1). `domains` repeats organization_domains as a JSON array, so that a row is read whole.
CREATE TABLE organizations (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    domains TEXT NOT NULL,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Each email domain belongs to one organization.
CREATE TABLE organization_domains (
    domain TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations
);

-- Contacts of customers and partners, and the staff of the vendor (C-1, O-3).
CREATE TABLE people (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations,
    email TEXT COLLATE "C" NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    search TEXT COLLATE "C" NOT NULL,
    sort_name TEXT COLLATE "C" NOT NULL,
    phone TEXT,
    time_zone TEXT NOT NULL,
    locale TEXT NOT NULL,
    contact_type TEXT,
    permission TEXT,
    duties TEXT NOT NULL,
    roles TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_at BIGINT,
    status_by TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C",
    updated_at BIGINT NOT NULL,
    last_sign_in_at BIGINT,
    last_confirmed_at BIGINT,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX people_email ON people (email) WHERE status <> 'transferred';
CREATE INDEX people_by_name ON people (organization_id, sort_name, id);

-- Passwords, apart from the people, so that no list of people ever reads them.
CREATE TABLE credentials (
    person_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES people,
    password_hash TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Sign-ins. `generation` is the number of the refresh token that is good now.
CREATE TABLE sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people,
    generation BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX sessions_by_person ON sessions (person_id);

-- Single-use links that leave in emails (C-12).
CREATE TABLE links (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people,
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    voided_at BIGINT
);
CREATE INDEX links_by_person ON links (person_id);

-- Failed sign-ins, counted by account and by network.
CREATE TABLE sign_in_failures (
    scope TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);

-- Access that one organization gives to a partner, a person of it, or a staff member (G-1).
CREATE TABLE partner_grants (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    grantor_id TEXT COLLATE "C" NOT NULL REFERENCES organizations,
    grantee_type TEXT NOT NULL,
    grantee_id TEXT COLLATE "C" NOT NULL,
    grantee_organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations,
    level TEXT NOT NULL,
    expires_at BIGINT,
    note TEXT,
    ended_at BIGINT,
    ended_status TEXT,
    ended_by TEXT COLLATE "C",
    ended_reason TEXT,
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX partner_grants_live ON partner_grants (grantor_id, grantee_id) WHERE ended_at IS NULL;
CREATE INDEX partner_grants_by_grantee ON partner_grants (grantee_id, grantor_id) WHERE ended_at IS NULL;
CREATE INDEX partner_grants_by_grantee_organization ON partner_grants (grantee_organization_id);
CREATE INDEX partner_grants_by_grantor ON partner_grants (grantor_id, id);

-- Service requests (S-1).
CREATE TABLE service_requests (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations,
    subject TEXT NOT NULL,
    subject_folded TEXT COLLATE "C" NOT NULL,
    category TEXT NOT NULL,
    severity INTEGER NOT NULL,
    status TEXT NOT NULL,
    submitted_by TEXT COLLATE "C" NOT NULL REFERENCES people,
    submitter_organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations,
    submitted_by_grant TEXT COLLATE "C",
    point_of_contact_id TEXT COLLATE "C" REFERENCES people,
    point_of_contact_organization_id TEXT COLLATE "C" REFERENCES organizations,
    assigned_to TEXT COLLATE "C" REFERENCES people,
    follow_up_of TEXT COLLATE "C" REFERENCES service_requests,
    about_person TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    activity_at BIGINT NOT NULL,
    solved_at BIGINT,
    closed_at BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX service_requests_by_organization ON service_requests (organization_id, activity_at, id);
CREATE INDEX service_requests_by_activity ON service_requests (activity_at, id);
CREATE INDEX service_requests_by_point_of_contact ON service_requests (point_of_contact_id);
CREATE INDEX service_requests_by_submitter ON service_requests (submitted_by);
CREATE INDEX service_requests_by_assignee ON service_requests (assigned_to);

-- What was written in service requests (S-5).
CREATE TABLE messages (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    service_request_id TEXT COLLATE "C" NOT NULL REFERENCES service_requests,
    author_id TEXT COLLATE "C" REFERENCES people,
    internal BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    body_folded TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX messages_by_request ON messages (service_request_id, created_at, id);

-- Who takes part in one service request (S-7).
CREATE TABLE participants (
    service_request_id TEXT COLLATE "C" NOT NULL REFERENCES service_requests,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people,
    role TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    added_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (service_request_id, person_id)
);

-- Audit entry and event in one: numbered by organization without gaps, chained by hash (X-2, X-2a). Never changed, never deleted.
CREATE TABLE journal (
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations,
    sequence BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor_id TEXT COLLATE "C",
    acting_for TEXT COLLATE "C" NOT NULL,
    grant_id TEXT COLLATE "C",
    subject_id TEXT COLLATE "C" NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    request_id TEXT NOT NULL,
    address TEXT,
    previous_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (organization_id, sequence)
);
CREATE INDEX journal_by_subject ON journal (subject_id);

-- The last number and hash of each journal. Another row than the organization, because one row for both deadlocks.
CREATE TABLE journal_heads (
    organization_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES organizations,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

-- Emails that are owed, and what became of them.
CREATE TABLE mails (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people,
    about_id TEXT COLLATE "C",
    link_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    claimed_until BIGINT,
    done_at BIGINT,
    outcome TEXT,
    last_error TEXT
);
CREATE INDEX mails_due ON mails (due_at) WHERE done_at IS NULL;

-- Answers that a repeated request gets again.
CREATE TABLE idempotency_keys (
    caller_id TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    operation TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    status INTEGER NOT NULL,
    location TEXT,
    etag TEXT,
    body TEXT NOT NULL,
    subject_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Keys that sign access tokens and seal secrets.
CREATE TABLE keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

-- The next numbers to hand out. Blocks are reserved ahead, so that writers do not wait for each other.
CREATE TABLE number_blocks (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO number_blocks (name, next) VALUES ('service_request', 1);

-- The highest time seen: whoever starts with an earlier clock is told.
CREATE TABLE clock (
    id INTEGER NOT NULL PRIMARY KEY,
    highest BIGINT NOT NULL
);
INSERT INTO clock (id, highest) VALUES (1, 0);
