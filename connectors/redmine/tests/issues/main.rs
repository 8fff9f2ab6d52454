//! The sink against a real Redmine 5.0, one for all tests of a run: the suite of sinks, and what Redmine does that no suite knows.

#[expect(dead_code, reason = "what tests do with a server's files")]
#[path = "../../../../tests/support/leased.rs"]
mod leased;
#[path = "../../../../tests/support/redmine.rs"]
mod redmine;

mod conformance;
mod desk;
mod rights;
mod traps;
