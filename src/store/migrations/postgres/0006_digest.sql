-- Who wants no daily digest. Same number and column as the SQLite migration.
ALTER TABLE person ADD COLUMN digest_off BIGINT NOT NULL DEFAULT 0;
