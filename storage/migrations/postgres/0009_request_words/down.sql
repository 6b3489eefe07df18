ALTER TABLE messages ADD COLUMN body_folded TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE messages SET body_folded = lower(body);
ALTER TABLE service_requests ADD COLUMN subject_folded TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE service_requests SET subject_folded = lower(subject);
DROP TABLE request_words;
