//! Deciding by answering an e-mail: a strict grammar, a secret, a proven sender, and everything put together.
//!
//! A pure room: parts of a message, DNS answers, keys and times go in, a [`Judgement`] comes out; nothing is looked up, sent or stored.
//! INVARIANT: a [`Candidate`] exists only when all conditions hold at once; whatever is unclear decides nothing. Links play no part.
//!
//! ```text
//! message ──► secret ─────┐
//!         ──► authentic ──┼──► judge ──► Decide | Unclear | Late | Refused | Silent
//!         ──► grammar ────┘                 │        └──────┴───────┴──► answer (words for people)
//!                                           └──► review decides, as behind every other face
//! ```

pub mod answer;
pub mod authenticity;
mod contradiction;
mod fields;
mod grammar;
mod hidden;
mod judge;
mod lexicon;
mod secret;
mod tail;
#[cfg(test)]
mod tests;
mod words;

pub use fields::Field;
pub use grammar::{Decision, MAX_COMMENT_BYTES, NO_REASON, Part, Shown, Unclear, read};
pub use judge::{
    Asked, Candidate, Decided, Given, Judgement, Letter, MAX_TRIES, Place, Reason, Standing, judge, leaves,
};
pub use secret::{Bound, Checked, Key, LENGTH, Token, sub_address, subject_mark};
pub use words::{Kind, Words, WordsError};
