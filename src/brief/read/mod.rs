//! Reading plain text: words, numbers, dates, money, addresses, sentences.
//!
//! Its own room because the generator (which finds facts) and the checker (which looks for facts
//! that are not there) must read alike: what one calls a date the other must call a date.
//! INVARIANT: every function here is linear in its input, never panics, and reports byte offsets
//! that lie on character boundaries.

pub(crate) mod contact;
pub(crate) mod date;
pub(crate) mod list;
pub(crate) mod money;
pub(crate) mod number;
pub(crate) mod sentence;
pub(crate) mod words;
