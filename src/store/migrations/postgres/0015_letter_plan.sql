-- Which plan of writes an answer to a letter approves along with the brief. Same number and column as the SQLite migration.
ALTER TABLE letter ADD COLUMN plan TEXT NOT NULL DEFAULT '';
