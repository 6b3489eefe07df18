-- Where contacts work and how they want to be told of things, as JSON; who confirmed them last; what training they lack
-- (C-1, C-19, C-20, C-21). The two parts of the email are found by their own indexes (R-6, R-11).
-- A column that is added needs a default for the rows that exist; whoever writes a row writes all of them.
ALTER TABLE people ADD COLUMN sites TEXT;
ALTER TABLE people ADD COLUMN preferences TEXT;
ALTER TABLE people ADD COLUMN last_confirmed_by TEXT;
ALTER TABLE people ADD COLUMN training_note TEXT;
ALTER TABLE people ADD COLUMN training_at BIGINT;
ALTER TABLE people ADD COLUMN training_by TEXT;
ALTER TABLE people ADD COLUMN email_local TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN email_domain TEXT NOT NULL DEFAULT '';
UPDATE people SET email_local = substr(email, 1, instr(email, '@') - 1), email_domain = substr(email, instr(email, '@') + 1);
CREATE INDEX people_by_email_domain ON people (organization_id, email_domain, id) WHERE status = 'active';
CREATE INDEX people_by_email_local ON people (organization_id, email_local, id) WHERE status = 'active';
CREATE INDEX people_by_email ON people (organization_id, email, id);
-- What readiness counts, without looking at whole rows (R-1 to R-5, R-9). Where somebody works is in no index: it may be long.
CREATE INDEX people_guards ON people (organization_id, status, permission, contact_type, id)
    WHERE status IN ('active', 'invited') AND (permission = 'manage_contacts' OR contact_type = 'primary_support');
CREATE INDEX people_with_duties ON people (organization_id, duties) WHERE status = 'active' AND duties <> '[]';
CREATE INDEX people_on_site ON people (organization_id, duties)
    WHERE status = 'active' AND duties <> '[]' AND sites IS NOT NULL;
CREATE INDEX people_by_sign_in ON people (organization_id, last_sign_in_at, created_at, id) WHERE status = 'active';
CREATE INDEX people_to_train ON people (organization_id) WHERE training_note IS NOT NULL;

-- The words of names and emails, so that people are found by how a word begins (C-18). `search` has the same words in a row.
CREATE TABLE people_words (
    organization_id TEXT NOT NULL REFERENCES organizations,
    word TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES people,
    PRIMARY KEY (organization_id, word, person_id)
);
CREATE INDEX people_words_by_person ON people_words (person_id);
UPDATE people SET search = replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(search, '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '''', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' ');
INSERT INTO people_words (organization_id, word, person_id)
    WITH RECURSIVE pieces (organization_id, person_id, word, rest) AS (
        SELECT organization_id, id, '', trim(search) || ' ' FROM people
        UNION ALL
        SELECT organization_id, person_id, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1)
        FROM pieces WHERE rest <> ''
    )
    SELECT DISTINCT organization_id, word, person_id FROM pieces WHERE word <> '';
UPDATE people SET search = COALESCE((SELECT group_concat(' ' || word, '') FROM people_words w WHERE w.person_id = people.id), '');

-- After how many days a contact review falls due, where it is not the server's own period (C-20).
ALTER TABLE organizations ADD COLUMN review_period_days INTEGER;

-- Where an organization works (O-5). Shifts are a JSON array.
CREATE TABLE sites (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    shifts TEXT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX sites_by_name ON sites (organization_id, name_folded) WHERE archived_at IS NULL;
CREATE INDEX sites_in_order ON sites (organization_id, name_folded, id);

-- Who of the vendor looks after an organization (O-4).
CREATE TABLE account_teams (
    organization_id TEXT NOT NULL PRIMARY KEY REFERENCES organizations,
    technical_account_manager TEXT REFERENCES people,
    customer_success_manager TEXT REFERENCES people,
    sales_manager TEXT REFERENCES people,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

-- Contacts of other organizations who were asked to come over (C-14). `contact_id` is who they became.
CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations,
    person_id TEXT NOT NULL REFERENCES people,
    email TEXT NOT NULL,
    contact_type TEXT NOT NULL,
    permission TEXT NOT NULL,
    duties TEXT NOT NULL,
    link_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_status TEXT,
    ended_by TEXT,
    contact_id TEXT REFERENCES people,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL REFERENCES people,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX invitations_open ON invitations (organization_id, person_id) WHERE ended_at IS NULL;
CREATE INDEX invitations_by_organization ON invitations (organization_id, id);
CREATE INDEX invitations_by_link ON invitations (link_id);
CREATE INDEX invitations_by_maker ON invitations (created_by) WHERE ended_at IS NULL;
CREATE INDEX invitations_by_person ON invitations (person_id) WHERE ended_at IS NULL;

-- Reviews of the list of contacts (C-20).
CREATE TABLE contact_reviews (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations,
    started_at BIGINT NOT NULL,
    started_by TEXT REFERENCES people,
    closed_at BIGINT,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX contact_reviews_open ON contact_reviews (organization_id) WHERE closed_at IS NULL;
CREATE INDEX contact_reviews_by_organization ON contact_reviews (organization_id, started_at, id);

-- Who is in a review: the contacts of the moment when it was started, and how each was dealt with.
CREATE TABLE contact_review_items (
    review_id TEXT NOT NULL REFERENCES contact_reviews,
    contact_id TEXT NOT NULL REFERENCES people,
    outcome TEXT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT,
    PRIMARY KEY (review_id, contact_id)
);
CREATE INDEX contact_review_items_by_outcome ON contact_review_items (review_id, outcome);

-- Whether a grant was used lately (R-10).
CREATE INDEX journal_by_grant ON journal (grant_id, at) WHERE grant_id IS NOT NULL;

-- Emails that are done are cleared after a while.
CREATE INDEX mails_done ON mails (done_at) WHERE done_at IS NOT NULL;
