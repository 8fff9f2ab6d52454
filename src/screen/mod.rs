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
//! sees the shared `scan::Scan` and pushes findings; it never decides what happens to them. Text from
//! elsewhere (an attachment, a cell) is screened by the same call. A new kind of data is a variant of
//! [`Kind`] and a line in each file under `config/boundaries/`.

use std::borrow::Cow;

use serde::Serialize;

mod boundary;
mod check;
mod detect;
mod finding;
mod kind;
mod mask;
mod problem;
mod scan;
#[cfg(test)]
mod tests;
mod words;

pub use boundary::{Boundary, BoundaryOptions, Treatment};
pub use detect::{About, detectors};
pub use finding::Finding;
pub use kind::Kind;
pub use problem::Problem;

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

/// How often a masked text is read again. A mask can uncover a value whose neighbour hid it; real texts
/// settle at the first reading, and a text built to need more than this is held.
const READINGS: usize = 6;

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
    let mut screened = Cow::Borrowed(text);
    let mut verdict = Verdict::Pass;
    let mut findings = detect::find(text);
    let mut fresh = findings.clone();
    let mut numbers = mask::Numbers::default();
    for _ in 0..READINGS {
        let refused = |finding: &&Finding| treatment(finding, boundary) != Treatment::Allow;
        let Some(strictest) = fresh.iter().map(|finding| treatment(finding, boundary)).max() else { break };
        if strictest == Treatment::Allow {
            return Screening { verdict, findings, text: screened };
        }
        verdict = verdict.max(if strictest == Treatment::Hold { Verdict::Hold } else { Verdict::Redact });
        screened = Cow::Owned(mask::mask(&screened, fresh.iter().filter(refused), &mut numbers));
        fresh = detect::find(&screened);
        add_new(&mut findings, fresh.iter().filter(refused), boundary);
    }
    if fresh.iter().any(|finding| treatment(finding, boundary) != Treatment::Allow) {
        // Built to withstand masking: keep only its shape.
        verdict = Verdict::Hold;
        screened = Cow::Owned(screened.bytes().map(|byte| if byte == b'\n' { '\n' } else { '#' }).collect());
    }
    Screening { verdict, findings, text: screened }
}

/// What the boundary does with this finding.
fn treatment(finding: &Finding, boundary: &Boundary) -> Treatment {
    if finding.reserved && boundary.allows_reserved() { Treatment::Allow } else { boundary.treatment(finding.kind) }
}

/// Takes over what a further reading found. Where it touches something masked before, that finding grows
/// over both, so that its ends stay on character boundaries of the original; where it overlaps something
/// allowed, the allowed finding gives way.
fn add_new<'f>(findings: &mut Vec<Finding>, new: impl Iterator<Item = &'f Finding>, boundary: &Boundary) {
    let mut added = false;
    for finding in new {
        let mut grown = finding.clone();
        findings.retain(|old| {
            let apart = old.end <= grown.start || grown.end <= old.start;
            if !apart && treatment(old, boundary) != Treatment::Allow {
                let (start, end) = (grown.start.min(old.start), grown.end.max(old.end));
                grown = Finding { start, end, ..old.clone() };
            }
            apart
        });
        findings.push(grown);
        added = true;
    }
    if added {
        findings.sort_by_key(|finding| finding.start);
    }
}
