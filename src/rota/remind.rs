//! Reminders and escalation: who hears again of a brief that waits, and when. Own file because it goes by the clocks of people. INVARIANT:
//! the only thing that time does to a brief is to let people know of it; the brief stays as it is, however long nobody answers.

use super::{Rota, Waits};
use crate::calendar::Counting;
use crate::domain::pilot::Pilot;
use crate::store::{Belongs, Nudge, PersonRow, StoreError, WaitingRow};
use jiff::{SignedDuration, Timestamp};

/// Briefs looked at in one read.
const PAGE: u32 = 200;

impl Rota {
    /// Lets people know of what waits too long.
    pub(super) async fn remind_due(&self) -> Result<(), StoreError> {
        let due = |waits: &Waits| waits.remind_after.is_some() || waits.escalate_after.is_some();
        if !self.waits.values().any(due) {
            return Ok(());
        }
        let people = self.store.persons().await?;
        for pilot in self.pilots.iter() {
            if let Some(waits) = self.waits.get(&pilot.name).filter(|waits| due(waits)) {
                self.remind_pilot(pilot, waits, &people).await?;
            }
        }
        Ok(())
    }

    async fn remind_pilot(&self, pilot: &Pilot, waits: &Waits, people: &[PersonRow]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let shortest = [waits.remind_after, waits.escalate_after].into_iter().flatten().min().unwrap_or_default();
        let until = now.checked_sub(shortest).unwrap_or(now);
        let named = |names: &[String]| -> Vec<&PersonRow> {
            let known = |name: &String| people.iter().find(|person| person.name == *name && !person.disabled);
            names.iter().filter_map(known).collect()
        };
        let (reviewers, others) = (named(&pilot.reviewers), named(&waits.escalate_to));
        let times = if waits.remind_after.is_some() { waits.remind_times as usize } else { 0 };
        let most = u32::try_from(reviewers.len() * times + others.len()).unwrap_or(u32::MAX);
        let mut after = String::new();
        loop {
            let page = self.store.waiting_since(&pilot.name, until, most, &after, PAGE).await?;
            let full = page.len() >= PAGE as usize;
            for brief in &page {
                for (person, ordinal, due_at) in due(brief, waits, &reviewers, &others, now) {
                    self.store
                        .nudge(Nudge {
                            brief: brief.id.clone(),
                            revision: brief.revision,
                            person: person.id.to_string(),
                            ordinal,
                            due_at,
                            belongs: Belongs { tenant: brief.tenant.clone(), pilot: pilot.name.clone() },
                            at: now,
                        })
                        .await?;
                }
            }
            match page.last() {
                Some(last) if full => after = last.id.to_string(),
                _ => return Ok(()),
            }
        }
    }
}

/// Who is to hear of a brief now: person, ordinal, and when that was due. After downtime a person hears once, of the last reminder that was due.
fn due<'p>(
    brief: &WaitingRow,
    waits: &Waits,
    reviewers: &[&'p PersonRow],
    others: &[&'p PersonRow],
    now: Timestamp,
) -> Vec<(&'p PersonRow, u32, Timestamp)> {
    let mut due = Vec::new();
    let heard = |person: &PersonRow| -> Vec<u32> {
        let of_them = brief.nudged.iter().filter(|(who, _)| *who == person.id.as_str());
        of_them.map(|(_, ordinal)| *ordinal).collect()
    };
    // The so many-eth turn counts from the one before it. Found late, outside of their working time, it waits for that.
    let when = |person: &PersonRow, wait: SignedDuration, turn: u32| {
        let hours = waits.hours_of(&person.name);
        let at = (0..turn).fold(brief.since, |from, _| hours.remind_at(from, wait, Counting::Plain));
        (at <= now && hours.is_working(now)).then_some(at)
    };
    let looked_at = brief.claim.as_ref().filter(|(_, until)| *until > now).map(|(by, _)| by.as_str());
    for person in reviewers {
        let id = person.id.as_str();
        if brief.approved.iter().any(|by| by == id) || looked_at.is_some_and(|by| by != id) {
            continue;
        }
        let (Some(wait), last) = (waits.remind_after, heard(person).into_iter().max().unwrap_or(0)) else { continue };
        let mut turns = (last + 1..=waits.remind_times).rev();
        let reached = turns.find_map(|ordinal| Some((ordinal, when(person, wait, ordinal)?)));
        due.extend(reached.map(|(ordinal, at)| (*person, ordinal, at)));
    }
    if let Some(wait) = waits.escalate_after {
        for person in others {
            if !heard(person).contains(&0) && !brief.approved.iter().any(|by| by == person.id.as_str()) {
                due.extend(when(person, wait, 1).map(|at| (*person, 0, at)));
            }
        }
    }
    due
}
