ALTER TABLE letter_signatures DROP COLUMN body_length;
ALTER TABLE letter_signatures DROP COLUMN covers;
ALTER TABLE letter_signatures DROP COLUMN expires_at;
ALTER TABLE letter_signatures DROP COLUMN signed_at;
ALTER TABLE letter_signatures DROP COLUMN checked_at;
DROP TABLE objection_links;
ALTER TABLE service_requests DROP COLUMN sealed;
ALTER TABLE escalations DROP COLUMN traces;
