-- Who wants no daily digest. Same number and column as the PostgreSQL migration.
ALTER TABLE person ADD COLUMN digest_off INTEGER NOT NULL DEFAULT 0;
