-- When the request of a brief was accepted stands beside when the brief first waited, so that how long drafts took is counted from one index.
-- Times are microseconds UTC. Same number, column and index as the PostgreSQL migration.
ALTER TABLE brief ADD COLUMN accepted_at INTEGER NOT NULL DEFAULT 0;
UPDATE brief SET accepted_at = COALESCE((SELECT q.accepted_at FROM request q WHERE q.id = 'req_' || substr(brief.id, 5)), opened_at);
CREATE INDEX brief_drafted ON brief (pilot, opened_at, accepted_at, planted);
