-- How many attempts at a write failed since it was approved, or since a person last had it tried again. Pauses that the far side asked for are
-- attempts, and no failures. Same number and column as the SQLite migration.
ALTER TABLE write_item ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
