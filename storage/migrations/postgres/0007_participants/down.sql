DROP INDEX people_with_preferences;
DROP INDEX service_requests_solved;
DROP TABLE broadcasts;
ALTER TABLE participants DROP COLUMN version;
