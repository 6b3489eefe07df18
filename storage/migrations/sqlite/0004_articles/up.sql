-- The knowledge base.
CREATE TABLE articles (
    id TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    vendor_id TEXT NOT NULL REFERENCES organizations,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    language TEXT NOT NULL,
    products TEXT NOT NULL,
    last_reviewed_at BIGINT NOT NULL,
    archived_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL REFERENCES people,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX articles_in_order ON articles (last_reviewed_at, id);

-- The words of articles, under their numbers: full-text search of the database's own kind.
CREATE VIRTUAL TABLE articles_fts USING fts5 (words, tokenize = 'ascii', content = '', contentless_delete = 1);
