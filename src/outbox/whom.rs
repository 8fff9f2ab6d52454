//! Whom the letters of a pilot are for. Own file because it is what keeps everybody else from being written to. INVARIANT: only people whom
//! the configuration names for the pilot; absence adds a person who gets letters, and never decides anything.

use super::Outbox;
use crate::domain::pilot::Pilot;
use jiff::Timestamp;

/// Who hears of a pilot's briefs besides those whom it names for every letter.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// Names of those who are told of what waits too long.
    pub escalate_to: Vec<String>,
    /// Who is away, and who covers for them.
    pub away: Vec<Away>,
}

/// A person who is away for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// Their name.
    pub name: String,
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// The name of whoever gets their letters as well.
    pub cover: String,
}

impl Outbox {
    /// Names of those who get the letters about a pilot's briefs now: those it tells, and the reviewers who cover for the absent of them.
    pub(super) fn audience(&self, pilot: &Pilot) -> Vec<String> {
        let now = self.parts().clock.now();
        let mut names = pilot.notify.clone();
        for away in self.others(pilot).map_or(&[][..], |others| &others.away) {
            let is_away = pilot.notify.contains(&away.name) && away.from <= now && now < away.until;
            if is_away && pilot.reviewers.contains(&away.cover) && !names.contains(&away.cover) {
                names.push(away.cover.clone());
            }
        }
        names
    }

    /// Whether a pilot names a person for briefs that wait too long.
    pub(super) fn is_asked_late(&self, pilot: &Pilot, name: &str) -> bool {
        self.others(pilot).is_some_and(|others| others.escalate_to.iter().any(|other| other == name))
    }

    fn others(&self, pilot: &Pilot) -> Option<&Others> {
        self.parts().others.get(&pilot.name)
    }
}
