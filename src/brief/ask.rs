//! How likely a sentence asks its reader to do or answer something.
//!
//! Its own file because intake, the generator and the evaluation all use this one number.
//! INVARIANT: pure, linear, and always between 0 and 1.

/// The chance that `sentence` is a request, 0 to 1; from 0.5 it is treated as one.
#[must_use]
pub fn score(sentence: &str) -> f32 {
    super::model::sigmoid(super::model::ASK.score(sentence))
}
