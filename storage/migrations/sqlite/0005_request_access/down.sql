DROP INDEX participants_by_person;
ALTER TABLE service_requests DROP COLUMN confidential;
ALTER TABLE partner_grants DROP COLUMN history_since;
ALTER TABLE partner_grants DROP COLUMN history;
