//! What a step is: a kind with a name that definitions use, settings it judges, and a run that returns what to do next. Steps decide;
//! they change nothing themselves: what they made comes back as acts, committed together with where the run goes.

use crate::store::{Act, ClaimedRun, Request, Told};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use opspilot_sdk::Problems;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What a step has to work with.
pub struct StepContext<'a> {
    /// The run, its request, and what woke it.
    pub run: &'a ClaimedRun,
    /// The step's name in the definition.
    pub name: &'a str,
    /// Settings from the definition.
    pub with: &'a Value,
    /// Outputs of earlier steps by name, and of this one when it waited: JSON.
    pub outputs: &'a BTreeMap<String, String>,
    /// What woke the run at this step, when it waited here: JSON. Steps later in the chain see none.
    pub signal: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// What a step leaves behind.
#[derive(Debug, Default)]
pub struct Done {
    /// For later steps and for people: JSON.
    pub output: Option<String>,
    /// Rows to write with it.
    pub acts: Vec<Act>,
    /// What the receipt says; the engine tells of the state when the steps say nothing.
    pub told: Option<Told>,
}

/// Where a run goes after a step.
#[derive(Debug)]
pub enum Transition {
    /// To the next step.
    Next(Done),
    /// Where the definition leads for this answer, else to the next step.
    Answer(&'static str, Done),
    /// Waits here for a signal that names the key.
    WaitFor {
        /// What it leaves meanwhile.
        done: Done,
        /// What the signal must name.
        key: String,
        /// Wakes anyway at that time.
        until: Option<Timestamp>,
    },
    /// Does this step again, not before that time; not a failure.
    Snooze {
        /// What it leaves meanwhile: the step finds its own output when it goes on.
        done: Done,
        /// When.
        at: Timestamp,
        /// Stable code of what it waits for.
        code: &'static str,
        /// What it waits for, for people.
        message: String,
    },
    /// Ends the run well.
    Complete(Done),
}

/// Why a step failed, by what follows.
#[derive(Debug)]
pub enum StepError {
    /// Tried again, as the definition says.
    Retryable {
        /// Stable code.
        code: &'static str,
        /// What happened.
        message: String,
        /// Not before that long.
        after: Option<Duration>,
    },
    /// Wrong for good: a dead letter at once.
    Fatal {
        /// Stable code.
        code: &'static str,
        /// What happened.
        message: String,
    },
    /// An effect may or may not have happened: a person must settle it.
    Uncertain {
        /// What is not known.
        message: String,
    },
}

/// One kind of step.
pub trait Step: Send + Sync {
    /// The word definitions use for it: a durable contract.
    fn kind(&self) -> &'static str;

    /// Whether it calls out for this request. Steps that do nothing but think are committed together, in a row; what comes before a call
    /// is on disk when the call is made.
    fn calls_out(&self, with: &Value, request: &Request) -> bool {
        let (_, _) = (with, request);
        false
    }

    /// The answers it can give, for `on` in a definition.
    fn answers(&self) -> &'static [&'static str] {
        &[]
    }

    /// Judges settings.
    ///
    /// # Errors
    /// All problems at once.
    fn check(&self, with: &Value) -> Result<(), Problems>;

    /// Does it.
    ///
    /// # Errors
    /// [`StepError`] says what follows.
    fn run<'a>(&'a self, context: &'a StepContext<'a>) -> BoxFuture<'a, Result<Transition, StepError>>;
}

/// All kinds of step this daemon knows.
#[derive(Clone, Default)]
pub struct Steps(Arc<BTreeMap<&'static str, Known>>);

/// A kind of step, and the meter of what its runs take.
pub(super) struct Known {
    pub(super) step: Arc<dyn Step>,
    /// Found at the first run: by then the meters are installed, and no run after it has to look it up.
    took: OnceLock<metrics::Histogram>,
}

impl Known {
    /// Measures one run of it.
    pub(super) fn took(&self, time: Duration) {
        let meter = self.took.get_or_init(|| metrics::histogram!("opspilot_step_seconds", "step" => self.step.kind()));
        meter.record(time.as_secs_f64());
    }
}

impl Steps {
    /// From a list.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Arc<dyn Step>>) -> Self {
        let known = |step: Arc<dyn Step>| (step.kind(), Known { step, took: OnceLock::new() });
        Self(Arc::new(steps.into_iter().map(known).collect()))
    }

    /// The kind of that name.
    #[must_use]
    pub fn get(&self, kind: &str) -> Option<&Arc<dyn Step>> {
        self.known(kind).map(|known| &known.step)
    }

    /// The same with its meter.
    pub(super) fn known(&self, kind: &str) -> Option<&Known> {
        self.0.get(kind)
    }

    /// Names of all kinds.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
