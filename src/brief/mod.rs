//! The brief: its shape, the embedded generator that drafts one, the checker, editing, rendering.
//!
//! A pure room: no I/O, no clock, no randomness. What a request says comes in as text, the moment
//! it arrived comes in as an argument, and a brief comes out as data.
//! INVARIANT: nothing in a drafted brief is stated that the request does not bear out; what cannot
//! be found in the request stands under `unverified`.

pub mod answer;
mod ask;
mod canonical;
mod check;
pub mod compare;
mod content;
pub(crate) mod draft;
mod edit;
mod envelope;
mod fault;
mod gaps;
#[cfg(test)]
mod grounded;
pub mod language;
mod lexicon;
pub(crate) mod model;
mod phrases;
pub mod prompt;
#[cfg(test)]
pub(crate) mod quality;
mod read;
pub mod render;
mod seen;
#[cfg(test)]
mod tests;
mod urgency;

pub use ask::score as request_score;
pub use check::{check, check_with};
pub use content::{
    Action, Band, Content, Factor, Level, MAX_JSON, MAX_LIST, MAX_TEXT, Missing, Phase, Priority, Problem, Quote,
    RecommendedStatus, Risk, RiskKind, Score, Statement, Status,
};
pub use draft::{DraftInput, draft, priority_score, request_kind};
pub use edit::{Change, Edit, EditError, apply, diff};
pub use envelope::{Brief, Generator, Hand, Latency, MOST_CORRECTIONS, SCHEMA, Tokens, Tried};
pub use fault::{Fault, Planted, plant, remains};
pub use gaps::missing;
pub use lexicon::RequestKind;
pub use seen::{LeftOut, Seen};
pub use urgency::hint as urgency_hint;
