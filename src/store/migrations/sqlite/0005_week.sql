-- Looking along time: what the weekly report counts is found by its moment, and what waits in quarantine by its pilot. Same number,
-- tables and columns as the PostgreSQL migration. A brief is opened by its
-- first revision and closed by its last decision or withdrawal: indexes of those are a third as large as of briefs. INVARIANT: none; indexes only.
CREATE INDEX revision_first ON revision (at) WHERE number = 1;
CREATE INDEX brief_withdrawn ON brief (updated_at) WHERE state = 'withdrawn';
CREATE INDEX decision_at ON decision (at);
CREATE INDEX quarantine_open ON quarantine (pilot, at) WHERE state = 'quarantined';
