DROP INDEX people_with_preferences;
DROP INDEX service_requests_solved;
DROP TABLE broadcasts;
DROP INDEX participants_by_person;
ALTER TABLE participants DROP COLUMN version;
