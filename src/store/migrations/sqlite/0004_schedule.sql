-- The rota: schedules, their slots, the reports they made, and who was reminded of what. Times are microseconds UTC. Same number, tables
-- and columns as the PostgreSQL migration. INVARIANT: report and nudge rows are never changed, only added; a slot is one row for ever.
CREATE TABLE schedule (
  name TEXT PRIMARY KEY, pattern TEXT NOT NULL, zone TEXT NOT NULL, since INTEGER NOT NULL) STRICT;
CREATE TABLE slot (
  schedule TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, pilot TEXT NOT NULL, tenant TEXT NOT NULL, due_at INTEGER NOT NULL,
  wall TEXT NOT NULL, state TEXT NOT NULL, late INTEGER NOT NULL, passed_over INTEGER NOT NULL, by_hand TEXT, attempt INTEGER NOT NULL,
  lessee TEXT, lease_until INTEGER, fired_at INTEGER, made TEXT, message TEXT, PRIMARY KEY (schedule, key)) STRICT, WITHOUT ROWID;
CREATE INDEX slot_due ON slot (due_at) WHERE state = 'due';
CREATE TABLE report (
  id TEXT PRIMARY KEY, pilot TEXT NOT NULL, tenant TEXT NOT NULL, kind TEXT NOT NULL, period TEXT NOT NULL, from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL, late INTEGER NOT NULL, digest TEXT NOT NULL, subject TEXT NOT NULL, text BLOB NOT NULL, html BLOB NOT NULL,
  figures BLOB NOT NULL, made_at INTEGER NOT NULL, UNIQUE (pilot, kind, period)) STRICT;
CREATE TABLE nudge (
  brief TEXT NOT NULL, revision INTEGER NOT NULL, person TEXT NOT NULL, ordinal INTEGER NOT NULL, kind TEXT NOT NULL,
  due_at INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (brief, revision, person, ordinal)) STRICT, WITHOUT ROWID;
