-- By which grant somebody of another organization takes part in a request, or is its point of contact, and whose people named them
-- (S-7). What is there already rests on the grant that has no ending or, where all have one, on the last of them.
ALTER TABLE participants ADD COLUMN grant_id TEXT COLLATE "C";
ALTER TABLE service_requests ADD COLUMN point_of_contact_grant TEXT COLLATE "C";
ALTER TABLE service_requests ADD COLUMN point_of_contact_named_by TEXT COLLATE "C";
UPDATE participants SET grant_id = (
    SELECT g.id FROM partner_grants g
        JOIN people p ON p.id = participants.person_id
        JOIN service_requests sr ON sr.id = participants.service_request_id
    WHERE g.grantor_id = sr.organization_id AND p.organization_id <> sr.organization_id
        AND g.grantee_id IN (p.id, p.organization_id)
    ORDER BY CASE WHEN g.ended_at IS NULL THEN 0 ELSE 1 END, CASE WHEN g.grantee_id = p.id THEN 0 ELSE 1 END, g.created_at DESC, g.id DESC
    LIMIT 1
);
UPDATE service_requests SET point_of_contact_grant = (
    SELECT g.id FROM partner_grants g
    WHERE g.grantor_id = service_requests.organization_id
        AND g.grantee_id IN (service_requests.point_of_contact_id, service_requests.point_of_contact_organization_id)
    ORDER BY CASE WHEN g.ended_at IS NULL THEN 0 ELSE 1 END,
        CASE WHEN g.grantee_id = service_requests.point_of_contact_id THEN 0 ELSE 1 END, g.created_at DESC, g.id DESC
    LIMIT 1
) WHERE point_of_contact_organization_id <> organization_id;
UPDATE service_requests SET point_of_contact_named_by = CASE
    WHEN submitted_by = point_of_contact_id THEN point_of_contact_organization_id ELSE organization_id END
    WHERE point_of_contact_grant IS NOT NULL;
CREATE INDEX participants_by_grant ON participants (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX service_requests_by_lead_grant ON service_requests (point_of_contact_grant) WHERE point_of_contact_grant IS NOT NULL;

-- Whether a primary support contact or the desk made a request confidential, so that only they open it again (S-14). Who concealed what
-- is confidential already is not known: then they alone do.
ALTER TABLE service_requests ADD COLUMN only_guards_open BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE service_requests SET only_guards_open = TRUE WHERE confidential;

-- An address is held by an invited or active record alone (C-13).
DROP INDEX people_email;
CREATE UNIQUE INDEX people_email ON people (email) WHERE status IN ('active', 'invited');
CREATE INDEX people_of_email ON people (email);

-- Who brought about what is told to many, and is not told (C-9).
ALTER TABLE broadcasts ADD COLUMN by_person TEXT COLLATE "C";

-- When a grant was made or last given a higher level (R-10). Of those that exist only their making is known.
ALTER TABLE partner_grants ADD COLUMN raised_at BIGINT NOT NULL DEFAULT 0;
UPDATE partner_grants SET raised_at = created_at;

-- The service requests that an email lists (C-15).
CREATE TABLE mail_requests (
    mail_id TEXT COLLATE "C" NOT NULL REFERENCES mails,
    service_request_id TEXT COLLATE "C" NOT NULL REFERENCES service_requests,
    PRIMARY KEY (mail_id, service_request_id)
);

-- Grants that end are looked at in that moment too, because what hangs on them ends with it (S-7).
INSERT INTO tellings (about_id, due_at, turn)
    SELECT id, expires_at, 1 FROM partner_grants
    WHERE ended_at IS NULL AND expires_at IS NOT NULL AND id NOT IN (SELECT about_id FROM tellings);
