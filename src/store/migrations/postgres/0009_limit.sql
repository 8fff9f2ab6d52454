-- Limits: buckets of rates, budgets by period, what each call may cost and did cost, and how the far sides are. Times are microseconds UTC,
-- money is millionths of a dollar. Same number, tables and columns as the SQLite migration. INVARIANT: of every budget row, held is the
-- sum over its reservations that are held, unreported or disputed, and settled the sum over those that are settled.
CREATE TABLE bucket (key TEXT PRIMARY KEY, full_at BIGINT NOT NULL);
CREATE TABLE spend (
  scope TEXT NOT NULL, span TEXT NOT NULL, period TEXT NOT NULL, held BIGINT NOT NULL, settled BIGINT NOT NULL, calls BIGINT NOT NULL,
  alarmed BIGINT NOT NULL, updated_at BIGINT NOT NULL, PRIMARY KEY (scope, span, period));
CREATE TABLE reservation (
  id TEXT PRIMARY KEY, run TEXT NOT NULL, epoch BIGINT NOT NULL, key TEXT NOT NULL UNIQUE, generator TEXT NOT NULL, model TEXT NOT NULL,
  pilot TEXT NOT NULL, tenant TEXT NOT NULL, state TEXT NOT NULL, most_input BIGINT NOT NULL, max_output BIGINT NOT NULL,
  held BIGINT NOT NULL, price_input BIGINT NOT NULL, price_cached BIGINT NOT NULL, price_output BIGINT NOT NULL, probe BIGINT NOT NULL,
  periods TEXT NOT NULL, buckets TEXT NOT NULL, used_input BIGINT, used_cached BIGINT, used_output BIGINT, cost BIGINT, claimed BIGINT,
  person TEXT, reason TEXT, reserved_at BIGINT NOT NULL, ended_at BIGINT);
CREATE INDEX reservation_held ON reservation (run) WHERE state = 'held';
CREATE INDEX reservation_aside ON reservation (state, id) WHERE state IN ('unreported', 'disputed');
CREATE INDEX reservation_run ON reservation (run);
CREATE TABLE far_side (
  generator TEXT PRIMARY KEY, failures BIGINT NOT NULL, opened BIGINT NOT NULL, until_at BIGINT NOT NULL, probing BIGINT NOT NULL,
  cool_until BIGINT NOT NULL, paused_by TEXT, paused_at BIGINT, updated_at BIGINT NOT NULL);
