-- The queue: what waits for people in the order in which it should be looked at, and views of it that people save. Times are microseconds UTC. Same number, tables and columns as the PostgreSQL migration. INVARIANT: the index holds
-- all that counts and filters ask for, so that counting a hundred thousand briefs reads no brief.
CREATE INDEX brief_queue ON brief (
  (CASE WHEN score >= 80 THEN 0 WHEN score >= 60 THEN 1 WHEN score >= 30 THEN 2 ELSE 3 END), id, pilot, state, risk, claimed_by,
  claim_until, opened_at, score) WHERE state IN ('open', 'amending', 'redrafting');
CREATE TABLE saved_view (
  person TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (person, name)) STRICT, WITHOUT ROWID;
