//! The sink against a real Request Tracker 5.0, one for all tests of a run: the suite of sinks, and what Request Tracker does that no suite
//! knows.

#[path = "../../../../tests/support/leased.rs"]
mod leased;
#[path = "../../../../tests/support/request_tracker.rs"]
mod request_tracker;

mod conformance;
mod desk;
mod rights;
mod traps;
