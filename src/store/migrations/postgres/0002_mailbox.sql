-- The mailbox: items that did not become requests, each with its reason, and what a source keeps beside its cursor. Same number, tables
-- and columns as the SQLite migration. INVARIANT: an item is never removed; it may only become a request.
CREATE TABLE quarantine (
  id TEXT PRIMARY KEY, tenant TEXT NOT NULL, pilot TEXT NOT NULL, source TEXT NOT NULL, dedup_key TEXT NOT NULL, place TEXT NOT NULL,
  state TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, raw TEXT, media_type TEXT, request TEXT, received_at BIGINT NOT NULL,
  at BIGINT NOT NULL);
CREATE UNIQUE INDEX quarantine_dedup ON quarantine (dedup_key, source);
ALTER TABLE source_cursor ADD COLUMN kept TEXT;
ALTER TABLE source_cursor ADD COLUMN proven_at BIGINT;
ALTER TABLE source_cursor ADD COLUMN reconciled_at BIGINT;
