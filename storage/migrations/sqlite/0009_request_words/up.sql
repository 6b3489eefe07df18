-- What service requests are found by: the words of a subject as part 0, and those of each message as the parts behind it (S-11).
CREATE TABLE request_words (
    number BIGINT NOT NULL,
    part BIGINT NOT NULL,
    internal BOOLEAN NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (number, part)
) WITHOUT ROWID;
-- Its full-text index. A row's number is that of the request times a million, plus the part.
CREATE VIRTUAL TABLE request_words_fts USING fts5 (words, tokenize = 'ascii', content = '', contentless_delete = 1, detail = none);

-- Folded texts exist already; they are taken apart at ASCII punctuation and white space.
INSERT INTO request_words (number, part, internal, words)
    SELECT number, 0, FALSE, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(subject_folded, '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '''', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), char(9), ' '), char(10), ' '), char(11), ' '), char(12), ' '), char(13), ' '), char(133), ' '), char(5760), ' '), char(8232), ' '), char(8233), ' ') FROM service_requests;
INSERT INTO request_words (number, part, internal, words)
    SELECT r.number, row_number() OVER (PARTITION BY r.number ORDER BY m.created_at, m.id), m.internal, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(m.body_folded, '!', ' '), '"', ' '), '#', ' '), '$', ' '), '%', ' '), '&', ' '), '''', ' '), '(', ' '), ')', ' '), '*', ' '), '+', ' '), ',', ' '), '-', ' '), '.', ' '), '/', ' '), ':', ' '), ';', ' '), '<', ' '), '=', ' '), '>', ' '), '?', ' '), '@', ' '), '[', ' '), '\', ' '), ']', ' '), '^', ' '), '_', ' '), '`', ' '), '{', ' '), '|', ' '), '}', ' '), '~', ' '), char(9), ' '), char(10), ' '), char(11), ' '), char(12), ' '), char(13), ' '), char(133), ' '), char(5760), ' '), char(8232), ' '), char(8233), ' ')
    FROM messages m JOIN service_requests r ON r.id = m.service_request_id;
INSERT INTO request_words_fts (rowid, words) SELECT number * 1000000 + part, words FROM request_words;

ALTER TABLE service_requests DROP COLUMN subject_folded;
ALTER TABLE messages DROP COLUMN body_folded;

-- What lists are read by, newest first, without looking at whole rows. Who is reached by grants is in an index as well.
DROP INDEX service_requests_by_organization;
CREATE INDEX service_requests_by_organization
    ON service_requests (organization_id, activity_at, id, number, status, severity, confidential, created_at, closed_at);
DROP INDEX service_requests_by_activity;
CREATE INDEX service_requests_by_activity ON service_requests (activity_at, id, number, status, severity);
DROP INDEX service_requests_by_assignee;
CREATE INDEX service_requests_by_assignee ON service_requests (assigned_to, activity_at, id, number, status, severity);
DROP INDEX service_requests_by_point_of_contact;
CREATE INDEX service_requests_by_point_of_contact ON service_requests (point_of_contact_id, activity_at, id);
DROP INDEX service_requests_by_submitter;
CREATE INDEX service_requests_by_submitter ON service_requests (submitted_by, activity_at, id);
CREATE INDEX service_requests_confidential ON service_requests (submitted_by, activity_at, id) WHERE confidential;
DROP INDEX partner_grants_by_grantee;
CREATE INDEX partner_grants_by_grantee
    ON partner_grants (grantee_id, grantor_id, level, expires_at, history, history_since) WHERE ended_at IS NULL;
CREATE INDEX organizations_suspended ON organizations (id) WHERE status <> 'active';
