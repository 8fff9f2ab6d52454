-- The bytes of a request as they came, in the order they came: by their digest each would lie on a page of its own. Those of requests
-- accepted before, and long ones, lie under their digest. Same number, table and columns as the PostgreSQL migration.
CREATE TABLE raw (request TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
