-- What keys the digests of people's words in receipts, so that nobody without it can try guesses on them; it is in no export. `since` is how many
-- receipts there were when it was made: those carry plain digests. Same number and columns as the SQLite migration.
CREATE TABLE secret (id BIGINT PRIMARY KEY CHECK (id = 1), bytes BYTEA NOT NULL, since BIGINT NOT NULL);
