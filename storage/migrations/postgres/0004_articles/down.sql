DROP TABLE articles_fts;
DROP TABLE articles;
