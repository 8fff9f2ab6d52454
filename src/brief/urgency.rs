//! A cheap guess whether a request is urgent, for the order of the queue before anything is drafted.
//!
//! Its own file because intake calls it on every request while the sender waits for an answer.
//! INVARIANT: looks at the first few kilobytes only, and a denied hurry ("not urgent") is no hurry.

use super::content::RiskKind;
use super::lexicon::{self, Sense};

/// How much of a text is looked at, in bytes.
const LOOK: usize = 4_096;

/// Whether the words of `text` press for time, report a standstill, or speak of danger.
#[must_use]
pub fn hint(text: &str) -> bool {
    let mut end = text.len().min(LOOK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let hits = lexicon::find(text.get(..end).unwrap_or(""));
    if hits.iter().any(|hit| matches!(hit.sense, Sense::Risk(RiskKind::Safety, 3))) {
        return true;
    }
    if hits.iter().any(|hit| matches!(hit.sense, Sense::Calm)) {
        return false;
    }
    let points: u32 = hits
        .iter()
        .map(|hit| match hit.sense {
            Sense::Urgent(3) | Sense::Outage(3) => 3,
            Sense::Urgent(2) | Sense::Outage(2) => 2,
            Sense::Impact | Sense::Urgent(1) => 1,
            _ => 0,
        })
        .sum();
    points >= 3
}
