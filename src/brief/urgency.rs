//! A cheap guess whether a request is urgent, for the order of the queue before anything is drafted.
//!
//! Its own file because intake calls it on every request while the sender waits for an answer.
//! INVARIANT: looks at the first few kilobytes only, and a denied hurry ("not urgent") is no hurry.

use super::content::RiskKind;
use super::lexicon::{Lexicon, Sense};
use std::sync::LazyLock;

/// How much of a text is looked at, in bytes.
const LOOK: usize = 4_096;
/// From here on a text presses.
const ENOUGH: u32 = 3;

/// What a phrase says about time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Danger,
    /// There is time.
    Calm,
    Presses(u32),
}

impl Says {
    fn of(sense: Sense) -> Option<Self> {
        match sense {
            Sense::Risk(RiskKind::Safety, 3) => Some(Self::Danger),
            Sense::Calm => Some(Self::Calm),
            Sense::Urgent(points @ 2..=3) | Sense::Outage(points @ 2..=3) => Some(Self::Presses(u32::from(points))),
            Sense::Impact | Sense::Urgent(1) => Some(Self::Presses(1)),
            _ => None,
        }
    }
}

/// Whether the words of `text` press for time, report a standstill, or speak of danger.
#[must_use]
pub fn hint(text: &str) -> bool {
    // The phrases that say something about time by themselves, so that most words are passed over at once.
    static PHRASES: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::of(|sense| Says::of(sense).is_some()));
    let mut end = text.len().min(LOOK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let hits = PHRASES.find(text.get(..end).unwrap_or(""));
    let said: Vec<Says> = hits.iter().filter_map(|hit| Says::of(hit.sense)).collect();
    if said.contains(&Says::Danger) || said.contains(&Says::Calm) {
        return said.contains(&Says::Danger);
    }
    let points = said.iter().map(|says| if let Says::Presses(points) = says { *points } else { 0 });
    points.sum::<u32>() >= ENOUGH
}
