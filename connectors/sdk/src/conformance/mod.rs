//! The suite every source and every sink runs against the real thing: real files, real child programs, real signatures. Own folder because it is
//! compiled only for tests (feature `conformance`), and because the promise it checks is the sdk's, not any connector's.
//!
//! A connector's test implements [`Harness`] (pulled), [`PushHarness`] (pushed) or [`SinkHarness`] (a sink) and asserts the verdict of
//! [`pulled`], [`pushed`] or [`written`]; [`FarSide`] is a far side over HTTP that breaks on demand, and [`build`],
//! [`action`] and [`write`] begin what a connector tests of its own ways. INVARIANT: no check knows a connector; whatever it wants from the outside world it asks of the harness.

mod desk;
mod everyday;
mod far_side;
mod hostile;
mod judge;
mod pulled;
mod pushed;
#[cfg(test)]
mod sink_tests;
#[cfg(test)]
mod tests;
mod world;
mod written;

pub use everyday::{
    Carried, NOON, action, back, build, carry_out, image, judged, refuses, take_back, try_build, version, write,
};
pub use far_side::{Asked, FarSide, Told};
pub use hostile::ANY_TEXT;
pub use pulled::{Harness, pulled};
pub use pushed::{PushHarness, Sent, pushed};
pub use written::{Credentials, Mishap, SinkHarness, written};

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
    /// The checks that could not be made here, by name.
    pub skipped: Vec<String>,
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

    /// As [`Verdict::assert`], and every check could be made but those whose names begin so.
    ///
    /// # Panics
    /// When another one could not be made, too.
    pub fn assert_all_but(self, skipped: &str) {
        let others: Vec<&String> = self.skipped.iter().filter(|check| !check.starts_with(skipped)).collect();
        assert!(others.is_empty(), "these checks were not made: {others:?}");
        self.assert();
    }

    fn note(&mut self, check: impl Into<String>, outcome: Result<(), String>) {
        let check = check.into();
        match outcome {
            Ok(()) => self.passed.push(check),
            Err(what) => self.faults.push(Fault { check, what }),
        }
    }

    /// Notes a check that could be made (`true`) or not.
    fn outcome(&mut self, check: impl Into<String>, outcome: Result<bool, String>) {
        match outcome {
            Ok(false) => self.skipped.push(check.into()),
            other => self.note(check, other.map(|_| ())),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, skipped, failed) = (self.passed.len(), self.skipped.len(), self.faults.len());
        write!(f, "{passed} checks passed, {failed} failed, {skipped} could not be made")?;
        for fault in &self.faults {
            write!(f, "\n  {}: {}", fault.check, fault.what)?;
        }
        Ok(())
    }
}
