DROP TABLE letter_signatures;
DROP TABLE escalations;
