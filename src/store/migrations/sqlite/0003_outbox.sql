-- Mail: letters that go out, answers that come in, and secrets that have decided. Times are microseconds UTC. Same number, tables and
-- columns as the PostgreSQL migration. INVARIANT: one letter for each (brief, kind, revision, person, about); a secret decides once.
CREATE TABLE letter (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, brief TEXT NOT NULL, revision INTEGER NOT NULL, person TEXT NOT NULL, about TEXT NOT NULL,
  pilot TEXT NOT NULL, tenant TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL, message_id TEXT NOT NULL, answers TEXT,
  thread TEXT NOT NULL, subject TEXT NOT NULL, content BLOB NOT NULL, digest TEXT NOT NULL, token TEXT, expires_at INTEGER NOT NULL,
  state TEXT NOT NULL, attempt INTEGER NOT NULL, due_at INTEGER NOT NULL, lessee TEXT, lease_until INTEGER, sent_at INTEGER,
  code TEXT, message TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX letter_once ON letter (brief, kind, revision, person, about);
CREATE UNIQUE INDEX letter_token ON letter (token) WHERE token IS NOT NULL;
CREATE INDEX letter_due ON letter (due_at, id) WHERE state = 'waiting';
CREATE INDEX letter_lease ON letter (lease_until) WHERE state = 'sending';
CREATE INDEX letter_sent ON letter (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX letter_person ON letter (person, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX letter_aside ON letter (state, id) WHERE state IN ('uncertain', 'refused', 'bounced', 'capped');
CREATE TABLE reply (
  id TEXT PRIMARY KEY, source TEXT NOT NULL, dedup_key TEXT NOT NULL, pilot TEXT NOT NULL, tenant TEXT NOT NULL, raw TEXT NOT NULL,
  token TEXT NOT NULL, sender TEXT NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL, due_at INTEGER NOT NULL, brief TEXT,
  code TEXT, message TEXT, proof TEXT, received_at INTEGER NOT NULL, kept_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX reply_dedup ON reply (dedup_key, source);
CREATE INDEX reply_due ON reply (due_at, id) WHERE state = 'waiting';
CREATE INDEX reply_sender ON reply (sender, received_at);
CREATE INDEX reply_brief ON reply (brief) WHERE brief IS NOT NULL;
CREATE TABLE used_token (token TEXT PRIMARY KEY, reply TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
