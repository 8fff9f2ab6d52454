-- First drafts are found by their briefs (brief_drafted); an index of their own is kept for nothing. From here on contents lie on disk in a form
-- that earlier programs cannot read. Same number and index as the SQLite migration.
DROP INDEX revision_first;
