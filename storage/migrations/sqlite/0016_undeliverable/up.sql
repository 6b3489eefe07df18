-- Addresses that their mail servers refused for good, and what they said (S-12b, R-16): of a contact as long as it is theirs and no email
-- gets through.
CREATE TABLE undeliverable_emails (
    person_id TEXT NOT NULL PRIMARY KEY REFERENCES people,
    organization_id TEXT NOT NULL,
    email TEXT NOT NULL,
    since BIGINT NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX undeliverable_emails_by_organization ON undeliverable_emails (organization_id, person_id);
