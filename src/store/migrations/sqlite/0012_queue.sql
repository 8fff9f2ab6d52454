-- Views of the queue that people save. Times are microseconds UTC. Same number, tables and columns as the PostgreSQL migration.
-- INVARIANT: of one person a name stands once.
CREATE TABLE saved_view (
  person TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (person, name)) STRICT, WITHOUT ROWID;
