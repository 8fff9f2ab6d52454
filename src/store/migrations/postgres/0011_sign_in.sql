-- Signing in: browsers that are signed in, links that let somebody in once, passwords, passkeys, ties to providers, how often it was tried, and
-- what a beginning waits for. Times are microseconds UTC. Same number, tables and columns as the SQLite migration. INVARIANT: of no
-- secret is more kept than its digest, of a password what Argon2id makes of it.
CREATE TABLE session (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, via TEXT NOT NULL, agent TEXT NOT NULL, address TEXT NOT NULL,
  opened_at BIGINT NOT NULL, seen_at BIGINT NOT NULL, until_at BIGINT NOT NULL, ended_at BIGINT);
CREATE INDEX session_person ON session (person);
CREATE TABLE invitation (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, made_by TEXT NOT NULL, at BIGINT NOT NULL,
  until_at BIGINT NOT NULL, used_at BIGINT, ended_at BIGINT);
CREATE INDEX invitation_person ON invitation (person);
CREATE TABLE password (person TEXT PRIMARY KEY, phc TEXT NOT NULL, at BIGINT NOT NULL);
CREATE TABLE passkey (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, credential TEXT NOT NULL UNIQUE, algorithm BIGINT NOT NULL, public_key BYTEA NOT NULL,
  sign_count BIGINT NOT NULL, backed_up BIGINT NOT NULL, transports TEXT NOT NULL, name TEXT NOT NULL, at BIGINT NOT NULL, used_at BIGINT);
CREATE INDEX passkey_person ON passkey (person);
CREATE TABLE tie (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, provider TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, at BIGINT NOT NULL,
  used_at BIGINT, UNIQUE (issuer, subject));
CREATE INDEX tie_person ON tie (person);
CREATE TABLE attempt (who TEXT PRIMARY KEY, free_at BIGINT NOT NULL);
CREATE TABLE beginning (
  digest TEXT PRIMARY KEY, purpose TEXT NOT NULL, bound TEXT NOT NULL, content TEXT NOT NULL, until_at BIGINT NOT NULL);
