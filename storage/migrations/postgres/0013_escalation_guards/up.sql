-- What is remembered of an escalation whatever becomes of it: who changed and verified it, which numbers it brought, who objected,
-- who was seen (E-6, E-6a, E-8, E-9).
ALTER TABLE escalations ADD COLUMN traces TEXT NOT NULL DEFAULT '{}';
UPDATE escalations SET traces = '{"changed_by":'
    || COALESCE((SELECT json_agg(DISTINCT j.actor_id)::text FROM journal j
        WHERE j.subject_id = escalations.id AND j.kind = 'escalation.updated' AND j.actor_id IS NOT NULL), '[]')
    || ',"verified_by":'
    || COALESCE((SELECT json_agg(DISTINCT j.actor_id)::text FROM journal j
        WHERE j.subject_id = escalations.id AND j.kind = 'escalation.verified' AND j.actor_id IS NOT NULL), '[]')
    || '}';

-- A request that was ever tied to an escalation, and what follows it up, is confidential for good (E-11).
ALTER TABLE service_requests ADD COLUMN sealed BOOLEAN NOT NULL DEFAULT FALSE;
WITH RECURSIVE tied (id) AS (
    SELECT e.service_request_id FROM escalations e WHERE e.service_request_id IS NOT NULL
    UNION
    SELECT sr.id FROM service_requests sr JOIN tied t ON t.id = sr.follow_up_of
)
UPDATE service_requests SET sealed = TRUE, confidential = TRUE WHERE id IN (SELECT t.id FROM tied t);
UPDATE service_requests SET point_of_contact_id = NULL, point_of_contact_organization_id = NULL
    WHERE sealed AND point_of_contact_organization_id <> organization_id AND point_of_contact_id LIKE 'contact%';
DELETE FROM participants WHERE person_id LIKE 'contact%' AND service_request_id IN
    (SELECT sr.id FROM service_requests sr JOIN people p ON p.id = participants.person_id
        WHERE sr.sealed AND p.organization_id <> sr.organization_id);

-- Which escalation a link lets its receiver object to (E-4).
CREATE TABLE objection_links (
    link_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    escalation_id TEXT COLLATE "C" NOT NULL REFERENCES escalations
);

-- When a letter was signed, and what the signature covers (E-6); nothing is known of those that were checked before.
ALTER TABLE letter_signatures ADD COLUMN checked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE letter_signatures ADD COLUMN signed_at BIGINT;
ALTER TABLE letter_signatures ADD COLUMN expires_at BIGINT;
ALTER TABLE letter_signatures ADD COLUMN covers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE letter_signatures ADD COLUMN body_length BIGINT;
