-- A report on delivery names the message it is about: letters are found by their identifier. Same number, tables and columns as the
-- PostgreSQL migration. INVARIANT: none; an index only.
CREATE INDEX letter_message ON letter (message_id);
