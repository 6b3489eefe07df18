-- Requests for grants (G-9). `named` is what the partner called the customer; `grantor_id` is who that is, if anybody.
CREATE TABLE grant_requests (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    named TEXT COLLATE "C" NOT NULL,
    grantor_id TEXT COLLATE "C" REFERENCES organizations,
    grantee_type TEXT NOT NULL,
    grantee_id TEXT COLLATE "C" NOT NULL,
    grantee_organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations,
    level TEXT NOT NULL,
    expires_at BIGINT,
    message TEXT,
    renews_grant_id TEXT COLLATE "C",
    decided_at BIGINT,
    decided_status TEXT,
    decided_by TEXT COLLATE "C",
    decided_reason TEXT,
    grant_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL REFERENCES people,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX grant_requests_sent ON grant_requests (grantee_organization_id, created_at, id);
CREATE INDEX grant_requests_received ON grant_requests (grantor_id, created_at, id);
CREATE INDEX grant_requests_undecided ON grant_requests (grantee_id, named) WHERE decided_at IS NULL;
CREATE INDEX grant_requests_by_maker ON grant_requests (created_by) WHERE decided_at IS NULL;
