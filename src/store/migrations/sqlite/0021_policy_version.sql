-- The highest version of the operator's policies that was ever in force: older ones are refused by every program on this store.
-- Same number, table and columns as the PostgreSQL migration.
CREATE TABLE policy_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
