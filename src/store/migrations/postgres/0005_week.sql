-- Looking along time: what the weekly report counts is found by its moment, and what waits in quarantine by its pilot. Same number,
-- tables and columns as the SQLite migration. INVARIANT: none; indexes only.
CREATE INDEX brief_opened ON brief (pilot, opened_at);
CREATE INDEX brief_closed ON brief (pilot, updated_at) WHERE state NOT IN ('open', 'amending', 'redrafting');
CREATE INDEX decision_at ON decision (at);
CREATE INDEX quarantine_open ON quarantine (pilot, at) WHERE state = 'quarantined';
