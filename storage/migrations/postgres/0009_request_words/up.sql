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

ALTER TABLE service_requests DROP COLUMN subject_folded;
ALTER TABLE messages DROP COLUMN body_folded;
