-- The road: what comes in, what is worked on, what is decided, and the receipts. Times are microseconds UTC. Same number, tables
-- and columns as the PostgreSQL migration. INVARIANT: request, revision, decision and receipt rows are never changed, only added.
CREATE TABLE blob (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE request (
  id TEXT PRIMARY KEY, pilot TEXT NOT NULL, tenant TEXT NOT NULL, source TEXT NOT NULL, dedup_key TEXT NOT NULL, external_id TEXT,
  submitter TEXT, raw TEXT NOT NULL, media_type TEXT NOT NULL, sender_name TEXT, sender_email TEXT, sender_phone TEXT,
  organisation TEXT, subject TEXT, text TEXT NOT NULL, likeness BLOB NOT NULL, duplicate_of TEXT, attachments INTEGER NOT NULL,
  received_at INTEGER NOT NULL, accepted_at INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX request_dedup ON request (dedup_key, source);
CREATE INDEX request_likeness ON request (likeness);
CREATE INDEX request_alike ON request (id) WHERE duplicate_of IS NOT NULL;
CREATE TABLE attachment (
  request TEXT NOT NULL, ordinal INTEGER NOT NULL, name TEXT NOT NULL, media_type TEXT NOT NULL, digest TEXT NOT NULL,
  bytes INTEGER NOT NULL, PRIMARY KEY (request, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE definition (hash TEXT PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL, added_at INTEGER NOT NULL) STRICT;
CREATE TABLE run (
  id TEXT PRIMARY KEY, request TEXT NOT NULL, pilot TEXT NOT NULL, tenant TEXT NOT NULL, definition TEXT NOT NULL,
  state TEXT NOT NULL, lane INTEGER NOT NULL, step TEXT NOT NULL, attempt INTEGER NOT NULL, steps INTEGER NOT NULL,
  due_at INTEGER, wait_key TEXT, signal TEXT, lessee TEXT, lease_until INTEGER, epoch INTEGER NOT NULL,
  code TEXT, message TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX run_ready ON run (pilot, lane, id) WHERE state = 'available';
CREATE INDEX run_due ON run (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX run_lease ON run (lease_until) WHERE state = 'running';
CREATE INDEX run_aside ON run (state, id) WHERE state IN ('discarded', 'uncertain', 'retryable', 'cancelled');
CREATE INDEX run_held ON run (id) WHERE state = 'pending' AND substr(wait_key, 1, 7) <> 'review:';
CREATE TABLE step (
  run TEXT NOT NULL, ordinal INTEGER NOT NULL, name TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL,
  started_at INTEGER NOT NULL, ended_at INTEGER, output TEXT, code TEXT, PRIMARY KEY (run, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE effect (
  run TEXT NOT NULL, step TEXT NOT NULL, ordinal INTEGER NOT NULL, key TEXT NOT NULL UNIQUE, state TEXT NOT NULL, intent TEXT NOT NULL,
  outcome TEXT, intended_at INTEGER NOT NULL, ended_at INTEGER, PRIMARY KEY (run, step, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE brief (
  id TEXT PRIMARY KEY, pilot TEXT NOT NULL, tenant TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL,
  revision INTEGER NOT NULL, digest TEXT NOT NULL, attempt INTEGER NOT NULL, score INTEGER NOT NULL, risk TEXT NOT NULL,
  claimed_by TEXT, claim_until INTEGER, opened_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX brief_open ON brief (id, opened_at) WHERE state IN ('open', 'amending', 'redrafting');
CREATE TABLE revision (
  brief TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, author TEXT NOT NULL, generator TEXT NOT NULL,
  content BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (brief, number)) STRICT;
CREATE TABLE decision (
  brief TEXT NOT NULL, revision INTEGER NOT NULL, person TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, verdict TEXT NOT NULL,
  comment TEXT, permit TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (brief, revision, person, verdict)) STRICT;
CREATE TABLE source_cursor (source TEXT PRIMARY KEY, cursor TEXT NOT NULL, lessee TEXT, lease_until INTEGER, at INTEGER NOT NULL) STRICT;
CREATE TABLE receipt (seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, bytes BLOB NOT NULL, leaf BLOB NOT NULL) STRICT;
CREATE INDEX receipt_subject ON receipt (subject);
CREATE TABLE log_head (id INTEGER PRIMARY KEY CHECK (id = 1), frontier BLOB NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE person (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, email TEXT, kind TEXT NOT NULL, disabled INTEGER NOT NULL, added_at INTEGER NOT NULL) STRICT;
CREATE TABLE role_grant (
  person TEXT NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL, PRIMARY KEY (person, role, scope)) STRICT, WITHOUT ROWID;
CREATE TABLE token (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, scopes TEXT,
  created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER) STRICT;
CREATE TABLE idempotency (
  person TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (person, key)) STRICT, WITHOUT ROWID;
