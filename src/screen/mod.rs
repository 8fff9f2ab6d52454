//! The data boundary: which kinds of data a request holds, and what becomes of them.
//!
//! A pure room: text and a [`Boundary`] in, a [`Screening`] out; no clock, no I/O, no state.
//! INVARIANT: nothing is dropped. The screened text has the length of the original, and every byte that
//! was masked is named by a finding.
//!
//! ```text
//! text ──► scan ──► detect/* ──► settle ──► boundary ──► mask ──► screened text, findings, verdict
//!          (words,   (candidate   (overlaps)  (allow,      │
//!           digits)   findings)                redact,     └── read again until nothing is left
//!                                              hold)
//! ```
//!
//! **To add a detector** write one file in `detect/` that ends in a `DETECTOR`, and add one line to the
//! list in `detect/mod.rs` (a national number: a file in `detect/national/`, a line there). A detector
//! sees the shared `scan::Scan` and pushes findings; it never decides what happens to them. The
//! files of a request are screened with its text by [`Whole`]. A new kind of data is a variant of
//! [`Kind`] and a line in each file under `config/boundaries/`.

use std::borrow::Cow;

use serde::Serialize;

mod boundary;
mod check;
mod detect;
mod finding;
mod fold;
mod kind;
mod mask;
mod problem;
mod scan;
mod screener;
#[cfg(test)]
mod tests;
mod whole;
mod words;

pub use boundary::{Boundary, BoundaryOptions, Treatment};
pub use detect::{About, detectors};
pub use finding::Finding;
pub use kind::Kind;
pub use problem::Problem;
pub use screener::Screener;
pub use whole::{Attached, Found, Whole};

/// What the boundary says about a whole text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing in it needed a mask.
    Pass,
    /// Values were masked; the masked text may go on.
    Redact,
    /// A person must look before anything else reads it.
    Hold,
}

/// The outcome of screening one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Screening<'t> {
    /// What may happen next.
    pub verdict: Verdict,
    /// Everything found, in order, without overlaps. Offsets hold in the original and in `text`.
    pub findings: Vec<Finding>,
    /// The text with every value masked that is not allowed; borrowed when nothing was masked.
    pub text: Cow<'t, str>,
}

/// Finds everything in `text`, without a boundary.
#[must_use]
pub fn find(text: &str) -> Vec<Finding> {
    detect::find(text)
}

/// Screens `text` against the boundary of a pilot. Takes time linear in the text, up to the sorting of
/// the findings.
///
/// Held text is masked as well, so that whoever is told of the hold sees no value either.
/// INVARIANT: screening the returned text again finds nothing that the boundary redacts or holds.
/// A text built so that masks keep uncovering more is held, and nothing but its length and lines is kept.
#[must_use]
pub fn screen<'t>(text: &'t str, boundary: &Boundary) -> Screening<'t> {
    Screener::new(boundary).screen(text)
}

/// What a model may see of `text`: everything masked that the pilot's boundary or that of its models does
/// not allow, in the length of the original, so that a quote by byte offset is right in both. Kinds that
/// either holds are masked; holding the request is the pilot's boundary's business.
///
/// A person who releases a held request unmasked lifts the boundary for the people and the embedded
/// generator, not for a model.
#[must_use]
pub fn for_model<'t>(text: &'t str, boundary: &Boundary, model: &Boundary) -> Cow<'t, str> {
    Screener::new(&boundary.with(model)).screen(text).text
}
