//! Times on somebody's wall: when a schedule is due, and when a person may be written to.
//!
//! A pure room: the moment is handed in, the zone is handed in, nothing is read or remembered here. The store keeps one row for each
//! schedule and [`Slot::key`], unique, and that row is what makes a firing happen once.
//! INVARIANT: the same schedule gives the same slots with the same keys, whenever, wherever and however often it is asked.

mod hours;
#[cfg(test)]
mod hours_tests;
mod slot;
#[cfg(test)]
mod slot_tests;
mod wall;

pub use hours::{Counting, Hours};
pub use slot::{Due, LATE_AFTER, Schedule, Slot};

/// Why a schedule or a person's hours cannot be used as they are written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help} ({code})")]
pub struct Problem {
    /// Stable code with a page in the handbook, `OP-29nn`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Problem {
    fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: help.into() }
    }
}
