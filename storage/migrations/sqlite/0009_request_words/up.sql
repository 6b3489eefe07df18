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
