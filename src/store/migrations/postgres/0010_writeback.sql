-- Writeback: records that people named, approvals of plans, the plan in force of each brief and its writes, and what is on file about a
-- pilot's writing. Times are microseconds UTC. Same number, tables and columns as the SQLite migration. INVARIANT: approvals and statements
-- are only added; of one record at most one write is claimed or being sent; a key is never written twice.
CREATE TABLE target (
  brief TEXT NOT NULL, sink TEXT NOT NULL, record TEXT NOT NULL, person TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (brief, sink));
CREATE TABLE plan_approval (
  brief TEXT NOT NULL, digest TEXT NOT NULL, plan TEXT NOT NULL, person TEXT NOT NULL, permit TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (brief, digest, plan, person));
CREATE TABLE writeback (
  brief TEXT PRIMARY KEY, request TEXT NOT NULL, pilot TEXT NOT NULL, tenant TEXT NOT NULL, digest TEXT NOT NULL, plan TEXT NOT NULL,
  content BYTEA NOT NULL, decision TEXT NOT NULL, at BIGINT NOT NULL);
CREATE TABLE write_item (
  id TEXT PRIMARY KEY, brief TEXT NOT NULL, request TEXT NOT NULL, pilot TEXT NOT NULL, tenant TEXT NOT NULL, sink TEXT NOT NULL,
  kind TEXT NOT NULL, place BIGINT NOT NULL, record TEXT NOT NULL, key TEXT NOT NULL, plan TEXT NOT NULL, call BYTEA NOT NULL,
  expect TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL, attempt BIGINT NOT NULL, maybe BIGINT NOT NULL, due_at BIGINT NOT NULL,
  lessee TEXT, lease_until BIGINT, settle_micros BIGINT NOT NULL, before TEXT, after TEXT, now TEXT, far_id TEXT, said TEXT, code TEXT,
  message TEXT, undo_of TEXT NOT NULL, forced BIGINT NOT NULL, person TEXT NOT NULL, decision TEXT NOT NULL, ready_at BIGINT NOT NULL,
  sent_at BIGINT, written_at BIGINT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX write_item_once ON write_item (sink, key, undo_of) WHERE state <> 'cancelled';
CREATE UNIQUE INDEX write_item_flight ON write_item (sink, record) WHERE record <> '' AND state IN ('claimed', 'sending');
CREATE INDEX write_item_record ON write_item (sink, record, place, id)
  WHERE record <> '' AND state IN ('waiting', 'claimed', 'sending', 'uncertain', 'blocked', 'differs');
CREATE INDEX write_item_due ON write_item (due_at, place, id) WHERE state = 'waiting';
CREATE INDEX write_item_lease ON write_item (lease_until) WHERE state IN ('claimed', 'sending');
CREATE INDEX write_item_aside ON write_item (pilot, sink, state) WHERE state IN ('uncertain', 'refused', 'blocked', 'differs');
CREATE INDEX write_item_brief ON write_item (brief);
CREATE INDEX write_item_undo ON write_item (undo_of) WHERE undo_of <> '';
CREATE INDEX write_item_pilot ON write_item (pilot, updated_at);
CREATE TABLE flag (
  pilot TEXT NOT NULL, sink TEXT NOT NULL, slot BIGINT NOT NULL, tenant TEXT NOT NULL, state TEXT NOT NULL, proposed_by TEXT NOT NULL,
  confirmed_by TEXT, until_at BIGINT NOT NULL, ramp BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (pilot, sink, slot));
CREATE TABLE statement (
  id TEXT PRIMARY KEY, pilot TEXT NOT NULL, tenant TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, person TEXT NOT NULL,
  until_at BIGINT, terms TEXT NOT NULL, at BIGINT NOT NULL);
CREATE INDEX statement_pilot ON statement (pilot, kind, at);
CREATE TABLE pause (
  pilot TEXT NOT NULL, sink TEXT NOT NULL, number BIGINT NOT NULL, tenant TEXT NOT NULL, reason TEXT NOT NULL, person TEXT NOT NULL,
  trigger_name TEXT NOT NULL, figure TEXT NOT NULL, at BIGINT NOT NULL, ended_at BIGINT, ended_by TEXT,
  PRIMARY KEY (pilot, sink, number));
CREATE UNIQUE INDEX pause_open ON pause (pilot, sink) WHERE ended_at IS NULL;
