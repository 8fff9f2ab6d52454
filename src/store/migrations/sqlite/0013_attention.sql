-- Attention checks: planted bad drafts among real ones, and feedback about screens. Times are microseconds UTC. Same number, tables and columns
-- as the PostgreSQL migration. INVARIANT: a request or brief that was planted says so in its own row, from the first moment and for ever: what
-- counts or sends asks that column.
ALTER TABLE request ADD COLUMN planted TEXT;
ALTER TABLE brief ADD COLUMN planted INTEGER NOT NULL DEFAULT 0;
CREATE TABLE attention (
  pilot TEXT NOT NULL, number INTEGER NOT NULL, tenant TEXT NOT NULL, percent INTEGER NOT NULL, reason TEXT NOT NULL, seed BLOB NOT NULL,
  person TEXT NOT NULL, at INTEGER NOT NULL, ended_at INTEGER, ended_by TEXT, PRIMARY KEY (pilot, number)) STRICT;
CREATE UNIQUE INDEX attention_open ON attention (pilot) WHERE ended_at IS NULL;
CREATE TABLE probe (
  id TEXT PRIMARY KEY, brief TEXT NOT NULL, pilot TEXT NOT NULL, tenant TEXT NOT NULL, number INTEGER NOT NULL, turn INTEGER NOT NULL,
  model TEXT NOT NULL, fault TEXT NOT NULL, trace TEXT NOT NULL, planted_at INTEGER NOT NULL, person TEXT, verdict TEXT, caught INTEGER,
  took INTEGER, decided_at INTEGER) STRICT;
CREATE UNIQUE INDEX probe_brief ON probe (brief);
CREATE UNIQUE INDEX probe_turn ON probe (pilot, number, turn);
CREATE TABLE feedback (
  id TEXT PRIMARY KEY, tenant TEXT NOT NULL, pilot TEXT NOT NULL, person TEXT NOT NULL, screen TEXT NOT NULL, item TEXT NOT NULL,
  step TEXT NOT NULL, permit TEXT NOT NULL, receipt TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE INDEX feedback_open ON feedback (id) WHERE state <> 'closed';
CREATE TABLE feedback_event (
  feedback TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, person TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (feedback, number)) STRICT, WITHOUT ROWID;
-- The queue in the order in which it should be looked at, and what came in by its moment. Both hold all that counts and filters ask for, so
-- that counting a hundred thousand briefs reads no brief.
CREATE INDEX brief_queue ON brief (
  (CASE WHEN score >= 80 THEN 0 WHEN score >= 60 THEN 1 WHEN score >= 30 THEN 2 ELSE 3 END), id, pilot, state, risk, claimed_by,
  claim_until, opened_at, score, planted) WHERE state IN ('open', 'amending', 'redrafting');
CREATE INDEX request_arrived ON request (pilot, accepted_at, planted);
