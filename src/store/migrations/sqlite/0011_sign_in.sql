-- Signing in: browsers that are signed in, links that let somebody in once, passwords, passkeys, ties to providers, how often it was tried, and
-- what a beginning waits for. Times are microseconds UTC. Same number, tables and columns as the PostgreSQL migration. INVARIANT: of no
-- secret is more kept than its digest, of a password what Argon2id makes of it.
CREATE TABLE session (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, via TEXT NOT NULL, agent TEXT NOT NULL, address TEXT NOT NULL,
  opened_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, until_at INTEGER NOT NULL, ended_at INTEGER) STRICT;
CREATE INDEX session_person ON session (person);
CREATE TABLE invitation (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, made_by TEXT NOT NULL, at INTEGER NOT NULL,
  until_at INTEGER NOT NULL, used_at INTEGER, ended_at INTEGER) STRICT;
CREATE INDEX invitation_person ON invitation (person);
CREATE TABLE password (person TEXT PRIMARY KEY, phc TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE passkey (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, credential TEXT NOT NULL UNIQUE, algorithm INTEGER NOT NULL, public_key BLOB NOT NULL,
  sign_count INTEGER NOT NULL, backed_up INTEGER NOT NULL, transports TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, used_at INTEGER) STRICT;
CREATE INDEX passkey_person ON passkey (person);
CREATE TABLE tie (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, provider TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, at INTEGER NOT NULL,
  used_at INTEGER, UNIQUE (issuer, subject)) STRICT;
CREATE INDEX tie_person ON tie (person);
CREATE TABLE attempt (who TEXT PRIMARY KEY, free_at INTEGER NOT NULL) STRICT;
CREATE TABLE beginning (
  digest TEXT PRIMARY KEY, purpose TEXT NOT NULL, bound TEXT NOT NULL, content TEXT NOT NULL, until_at INTEGER NOT NULL) STRICT;
