-- The highest version of the operator's policies that was ever in force: older ones are refused by every program on this store.
-- Same number, table and columns as the SQLite migration.
CREATE TABLE policy_version (id BIGINT PRIMARY KEY CHECK (id = 1), version BIGINT NOT NULL, at BIGINT NOT NULL);
