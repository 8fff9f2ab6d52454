//! What is said between this room and whoever asks a model: the asking, the answer to it, the right to ask once, and what came of it. Own
//! file because callers read this and need nothing else. INVARIANT: a [`Reservation`] has no public constructor.

use super::adapt::Permit;
use crate::domain::charge::{Verdict, Worst};
use crate::domain::id::{ReservationId, RunId};
use crate::domain::money::{Micros, Price};
use crate::store::Asker;
use jiff::Timestamp;
use opspilot_sdk::{Charge, Usage};
use std::time::Duration;

/// Who wants to ask, and how much that may take at most.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The lease it is worked under.
    pub epoch: i64,
    /// Names the call at the far side; never used twice.
    pub key: &'a str,
    /// The generator.
    pub generator: &'a str,
    /// The pilot.
    pub pilot: &'a str,
    /// The client organisation.
    pub tenant: &'a str,
    /// Tokens read at most.
    pub most_input: u64,
    /// Tokens written at most.
    pub max_output: u32,
}

/// A person who tries a generator out, with a budget of their own beside the generator's.
#[derive(Clone, Copy, Debug)]
pub struct Trying<'a> {
    /// The name of the trial, and of its budget: `eval:…`.
    pub name: &'a str,
    /// What it may cost in all.
    pub most: Micros,
    /// Names the call at the far side; never used twice.
    pub key: &'a str,
    /// The generator.
    pub generator: &'a str,
    /// Tokens read at most.
    pub most_input: u64,
    /// Tokens written at most.
    pub max_output: u32,
}

/// Either of them.
pub(super) struct Wish<'a> {
    pub(super) asker: Asker,
    /// Scope and size of a budget for this alone.
    pub(super) purse: Option<(&'a str, Micros)>,
    pub(super) key: &'a str,
    pub(super) generator: &'a str,
    pub(super) pilot: &'a str,
    pub(super) tenant: &'a str,
    pub(super) most_input: u64,
    pub(super) max_output: u32,
}

/// Whether somebody may ask.
#[derive(Debug)]
pub enum Admission {
    /// Yes, once.
    Admitted(Reservation),
    /// Not before that time: a rate, or too many at once. The time carries chance, so that not all come back together.
    Later {
        /// When to ask again.
        at: Timestamp,
        /// Why, for people.
        why: String,
    },
    /// A budget has too little left.
    Spent {
        /// Which, with its figures, for people.
        budget: String,
        /// When the next period begins; `None`: never.
        resets: Option<Timestamp>,
    },
    /// The generator cannot be asked.
    Unavailable {
        /// Stable code.
        code: &'static str,
        /// When it may be again; `None`: not before a person acts.
        until: Option<Timestamp>,
        /// Why, for people.
        why: String,
    },
}

/// The right to ask once. INVARIANT: what it may cost is held; dropping it keeps the hold until its run is given up.
#[derive(Debug)]
pub struct Reservation {
    pub(super) id: ReservationId,
    pub(super) generator: String,
    pub(super) price: Price,
    pub(super) worst: Worst,
    pub(super) begun: Timestamp,
    pub(super) permit: Permit,
}

impl Reservation {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> &ReservationId {
        &self.id
    }

    /// What is held.
    #[must_use]
    pub fn held(&self) -> Micros {
        self.worst.cost
    }
}

/// How the far side showed itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered, whatever it said.
    Well,
    /// It says that there are too many calls, and for how long, when it says that too.
    RateLimited(Option<Duration>),
    /// It failed, or was not reached.
    Failed,
}

/// What came of a call.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// What it may have cost.
    pub charge: Charge,
    /// Bytes of text that were sent.
    pub sent_bytes: u64,
    /// Bytes of text that came back.
    pub received_bytes: u64,
    /// How the far side showed itself.
    pub health: Health,
}

/// What a call cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What follows from its charge.
    pub verdict: Verdict,
    /// What it cost, when that is known and believed.
    pub cost: Option<Micros>,
    /// What the far side says it counted.
    pub usage: Option<Usage>,
}
