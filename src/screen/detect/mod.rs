//! The list of detectors, and one reading of a text by all of them.
//!
//! INVARIANT: this list is the only place that knows which detectors exist; each is one file beside it.
//! INVARIANT: a detector takes time linear in the text: it walks the shared scan once and looks only a
//! bounded way around each place.

mod birth;
mod card;
mod credential;
mod email;
mod health;
mod iban;
mod instruction;
mod ip;
mod national;
mod phone;
mod secret;
mod web;

use super::finding::{Finding, settle};
use super::fold::Folded;
use super::kind::Kind;
use super::scan::Scan;

/// A detector: who it is and how it finds.
pub(super) struct Detector {
    about: About,
    find: fn(&Scan<'_>, &mut Vec<Finding>),
}

/// What a detector says of itself, for documentation and the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// Stable name, as it stands in findings.
    pub name: &'static str,
    /// The kind of data it finds.
    pub kind: Kind,
    /// What it looks for, in one line.
    pub looks_for: &'static str,
}

const DETECTORS: &[Detector] = &[
    secret::DETECTOR,
    credential::DETECTOR,
    card::DETECTOR,
    iban::DETECTOR,
    national::DETECTOR,
    email::DETECTOR,
    ip::DETECTOR,
    web::DETECTOR,
    birth::DETECTOR,
    phone::DETECTOR,
    health::DETECTOR,
    instruction::DETECTOR,
];

/// Every detector, in the order they run.
pub fn detectors() -> impl Iterator<Item = About> {
    DETECTORS.iter().map(|detector| detector.about)
}

/// Everything all detectors find in `text`, settled.
pub(super) fn find(text: &str) -> Vec<Finding> {
    let mut found = read(text);
    // What is written oddly is read in its plain form as well.
    if let Some(folded) = Folded::of(text) {
        let placed = |finding: Finding| {
            let (start, end) = folded.original(finding.start, finding.end)?;
            Some(Finding { start, end, ..finding })
        };
        found.extend(read(&folded.text).into_iter().filter_map(placed));
    }
    settle(found)
}

fn read(text: &str) -> Vec<Finding> {
    let scan = Scan::new(text);
    let mut found = Vec::new();
    for detector in DETECTORS {
        (detector.find)(&scan, &mut found);
    }
    found
}
