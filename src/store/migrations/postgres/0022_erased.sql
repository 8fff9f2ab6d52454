-- When what a request said was erased: its row stays as a shell, so that counts agree with receipts and nothing delivered again comes back. Times
-- are microseconds UTC. Same number, column and index as the SQLite migration.
ALTER TABLE request ADD COLUMN erased_at BIGINT;
CREATE INDEX request_erased ON request (id) WHERE erased_at IS NOT NULL;
