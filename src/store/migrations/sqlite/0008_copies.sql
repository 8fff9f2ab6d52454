-- Copies of one answer carry one secret and are found by it. Same number, tables and columns as the
-- PostgreSQL migration. INVARIANT: none; an index only.
CREATE INDEX reply_token ON reply (token);
