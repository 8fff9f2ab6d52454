-- Limits: buckets of rates, budgets by period, what each call may cost and did cost, and how the far sides are. Times are microseconds UTC,
-- money is millionths of a dollar. Same number, tables and columns as the PostgreSQL migration. INVARIANT: of every budget row, held is the
-- sum over its reservations that are held, unreported or disputed, and settled the sum over those that are settled.
CREATE TABLE bucket (key TEXT PRIMARY KEY, full_at INTEGER NOT NULL) STRICT;
CREATE TABLE spend (
  scope TEXT NOT NULL, span TEXT NOT NULL, period TEXT NOT NULL, held INTEGER NOT NULL, settled INTEGER NOT NULL, calls INTEGER NOT NULL,
  alarmed INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (scope, span, period)) STRICT;
CREATE TABLE reservation (
  id TEXT PRIMARY KEY, run TEXT NOT NULL, epoch INTEGER NOT NULL, key TEXT NOT NULL UNIQUE, generator TEXT NOT NULL, model TEXT NOT NULL,
  pilot TEXT NOT NULL, tenant TEXT NOT NULL, state TEXT NOT NULL, most_input INTEGER NOT NULL, max_output INTEGER NOT NULL,
  held INTEGER NOT NULL, price_input INTEGER NOT NULL, price_cached INTEGER NOT NULL, price_output INTEGER NOT NULL, probe INTEGER NOT NULL,
  periods TEXT NOT NULL, buckets TEXT NOT NULL, used_input INTEGER, used_cached INTEGER, used_output INTEGER, cost INTEGER, claimed INTEGER,
  person TEXT, reason TEXT, reserved_at INTEGER NOT NULL, ended_at INTEGER) STRICT;
CREATE INDEX reservation_held ON reservation (run) WHERE state = 'held';
CREATE INDEX reservation_aside ON reservation (state, id) WHERE state IN ('unreported', 'disputed');
CREATE INDEX reservation_run ON reservation (run);
CREATE TABLE far_side (
  generator TEXT PRIMARY KEY, failures INTEGER NOT NULL, opened INTEGER NOT NULL, until_at INTEGER NOT NULL, probing INTEGER NOT NULL,
  cool_until INTEGER NOT NULL, paused_by TEXT, paused_at INTEGER, updated_at INTEGER NOT NULL) STRICT;
