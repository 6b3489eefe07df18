DROP TABLE roster_people;
DROP TABLE rosters;
DROP TABLE tellings;
