-- Why a brief was rejected, in a word that can be counted. Same number, tables and columns as the SQLite migration.
-- INVARIANT: a decision written before this has none.
ALTER TABLE decision ADD COLUMN reason TEXT;
