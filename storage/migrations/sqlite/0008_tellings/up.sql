-- When the server itself tells of a thing: a grant that ends, a request for one, who joined and left a partner (G-9, G-11, G-18).
-- `turn` grows with each telling, so that of several servers one takes it.
CREATE TABLE tellings (
    about_id TEXT NOT NULL PRIMARY KEY,
    due_at BIGINT NOT NULL,
    turn BIGINT NOT NULL
);
CREATE INDEX tellings_due ON tellings (due_at, about_id);
-- Grants that exist are looked at thirty days before their end, or at once.
INSERT INTO tellings (about_id, due_at, turn)
    SELECT id, expires_at - 2592000000000, 1 FROM partner_grants WHERE ended_at IS NULL AND expires_at IS NOT NULL;

-- Who joined and left a partner, until its customers are told (G-18). One of a partner is open, and gathers.
CREATE TABLE rosters (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    told_up_to TEXT
);
CREATE UNIQUE INDEX rosters_open ON rosters (organization_id) WHERE closed_at IS NULL;
CREATE INDEX rosters_closed ON rosters (closed_at) WHERE closed_at IS NOT NULL;

-- Which way each went, with the version of the contact that says so.
CREATE TABLE roster_people (
    roster_id TEXT NOT NULL REFERENCES rosters,
    movement TEXT NOT NULL,
    contact_id TEXT NOT NULL REFERENCES people,
    version BIGINT NOT NULL,
    PRIMARY KEY (roster_id, movement, contact_id, version)
);
