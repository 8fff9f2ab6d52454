//! The suite every source runs against the real thing: real files, real child programs, real signatures. Own folder because it is
//! compiled only for tests (feature `conformance`), and because the promise it checks is the sdk's, not any connector's.
//!
//! A connector's test implements [`Harness`] (pulled) or [`PushHarness`] (pushed) and asserts the verdict of [`pulled`] or
//! [`pushed`]. INVARIANT: no check knows a connector; whatever it wants from the outside world it asks of the harness.

mod judge;
mod pulled;
mod pushed;
#[cfg(test)]
mod tests;
mod world;

pub use pulled::{Harness, pulled};
pub use pushed::{PushHarness, Sent, pushed};

use std::fmt;

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The check that found it, such as `crash after commit`.
    pub check: String,
    /// What was seen and what was expected.
    pub what: String,
}

/// What the suite found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a verdict that nobody reads proves nothing; call `assert`"]
pub struct Verdict {
    /// The checks that passed, by name.
    pub passed: Vec<String>,
    /// The promises that were broken.
    pub faults: Vec<Fault>,
}

impl Verdict {
    /// Fails the test that called the suite, naming every broken promise.
    ///
    /// # Panics
    /// When a promise is broken, or when no check ran.
    pub fn assert(self) {
        assert!(self.faults.is_empty() && !self.passed.is_empty(), "{self}");
    }

    fn note(&mut self, check: impl Into<String>, outcome: Result<(), String>) {
        let check = check.into();
        match outcome {
            Ok(()) => self.passed.push(check),
            Err(what) => self.faults.push(Fault { check, what }),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} checks passed, {} failed", self.passed.len(), self.faults.len())?;
        for fault in &self.faults {
            write!(f, "\n  {}: {}", fault.check, fault.what)?;
        }
        Ok(())
    }
}
