-- The rota: schedules, their slots, the reports they made, and who was reminded of what. Times are microseconds UTC. Same number, tables
-- and columns as the SQLite migration. INVARIANT: report and nudge rows are never changed, only added; a slot is one row for ever.
CREATE TABLE schedule (
  name TEXT PRIMARY KEY, pattern TEXT NOT NULL, zone TEXT NOT NULL, since BIGINT NOT NULL);
CREATE TABLE slot (
  schedule TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, pilot TEXT NOT NULL, tenant TEXT NOT NULL, due_at BIGINT NOT NULL,
  wall TEXT NOT NULL, state TEXT NOT NULL, late BIGINT NOT NULL, passed_over BIGINT NOT NULL, by_hand TEXT, attempt BIGINT NOT NULL,
  lessee TEXT, lease_until BIGINT, fired_at BIGINT, made TEXT, message TEXT, PRIMARY KEY (schedule, key));
CREATE INDEX slot_due ON slot (due_at) WHERE state = 'due';
CREATE TABLE report (
  id TEXT PRIMARY KEY, pilot TEXT NOT NULL, tenant TEXT NOT NULL, kind TEXT NOT NULL, period TEXT NOT NULL, from_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL, late BIGINT NOT NULL, digest TEXT NOT NULL, subject TEXT NOT NULL, text BYTEA NOT NULL, html BYTEA NOT NULL,
  figures BYTEA NOT NULL, made_at BIGINT NOT NULL, UNIQUE (pilot, kind, period));
CREATE TABLE nudge (
  brief TEXT NOT NULL, revision BIGINT NOT NULL, person TEXT NOT NULL, ordinal BIGINT NOT NULL, kind TEXT NOT NULL,
  due_at BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (brief, revision, person, ordinal));
