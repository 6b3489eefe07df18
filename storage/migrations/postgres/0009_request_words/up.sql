-- What service requests are found by: the words of a subject as part 0, and those of each message as the parts behind it (S-11).
-- A message whose words are very many has several parts, because a TSVECTOR ends at 1 MiB.
CREATE TABLE request_words (
    number BIGINT NOT NULL,
    part BIGINT NOT NULL,
    internal BOOLEAN NOT NULL,
    words TSVECTOR NOT NULL,
    PRIMARY KEY (number, part)
);

-- Folded texts exist already; they are taken apart at ASCII punctuation and white space.
INSERT INTO request_words (number, part, internal, words)
    SELECT number, 0, FALSE, array_to_tsvector(ARRAY(
        SELECT DISTINCT left(word, 100)
        FROM unnest(string_to_array(translate(subject_folded,
            $punctuation$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$punctuation$ || E'\t\n\x0B\f\r\u0085\u1680\u2028\u2029', repeat(' ', 41)), ' ')) AS word
        WHERE word <> ''))
    FROM service_requests;
INSERT INTO request_words (number, part, internal, words)
    SELECT r.number, row_number() OVER (PARTITION BY r.number ORDER BY m.created_at, m.id, p.first), m.internal, p.words
    FROM messages m JOIN service_requests r ON r.id = m.service_request_id CROSS JOIN LATERAL (
        SELECT min(place) AS first, array_to_tsvector(array_agg(word)) AS words
        FROM (
            SELECT word, row_number() OVER (ORDER BY word) AS place
            FROM (
                SELECT DISTINCT left(word, 100) AS word
                FROM unnest(string_to_array(translate(m.body_folded,
                    $punctuation$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$punctuation$ || E'\t\n\x0B\f\r\u0085\u1680\u2028\u2029', repeat(' ', 41)), ' ')) AS word
                WHERE word <> '') AS found) AS placed
        GROUP BY (place - 1) / 2000) AS p;
CREATE INDEX request_words_by_word ON request_words USING gin (words);
ANALYZE request_words;

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
