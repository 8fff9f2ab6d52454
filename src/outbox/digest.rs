//! The regular letter on what waits and what happened. Own file because it is written for each person, and the one letter that people can leave.
//! INVARIANT: a digest with nothing in it is not sent; its secret leaves the digests of its person, and can decide nothing.

use super::write::frame;
use super::{Addressee, Outbox};
use crate::brief::Score;
use crate::domain::pilot::Pilot;
use crate::notice::{self, Frame, Item, Waiting};
use crate::reply::Bound;
use crate::store::{NewLetter, RequestFilter, SlotRow, StoreError, WaitingRow};
use jiff::{SignedDuration, Timestamp};

/// What digests are, among letters and among schedules.
pub const DIGEST: &str = "digest";
/// Briefs shown at most.
const SHOWN: usize = 40;
/// Rows read at once.
const PAGE: u32 = 200;
/// For how long its secret leaves the digests.
const LEAVE_FOR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A brief that waits, as a digest shows it.
struct Shown {
    brief: String,
    request: String,
    revision: u32,
    title: String,
    band: &'static str,
    waited: SignedDuration,
}

/// What a digest says to everybody.
struct Day {
    waiting: Vec<WaitingRow>,
    arrived: u32,
    decided: u32,
    aside: u32,
}

impl Outbox {
    /// What the secret of a digest is bound to: never to a brief, whose names begin otherwise.
    #[must_use]
    pub fn bound_of_digest<'l>(&self, about: &'l crate::store::LetterRow) -> Bound<'l> {
        Bound { brief: DIGEST, revision: &about.about, reviewer: &about.person, plan: "" }
    }

    /// The digests of a slot, for everybody whom the pilot tells and who wants them. `slots`: those of its schedule, newest first.
    pub(super) async fn digest(
        &self,
        pilot: &Pilot,
        slot: &SlotRow,
        slots: &[SlotRow],
    ) -> Result<Vec<NewLetter>, StoreError> {
        let now = self.parts().clock.now();
        let before = slots.iter().skip_while(|other| other.key != slot.key).skip(1).find_map(|other| other.fired_at);
        let day = self.day(pilot, before.unwrap_or(now - SignedDuration::from_hours(24)), now).await?;
        let mut letters = Vec::new();
        for name in &pilot.notify {
            let Some(person) = self.reachable(name).await?.filter(|person| person.digest) else { continue };
            letters.extend(self.write_digest(pilot, slot, &day, &person, now).await?);
        }
        Ok(letters)
    }

    async fn day(&self, pilot: &Pilot, since: Timestamp, now: Timestamp) -> Result<Day, StoreError> {
        let store = &self.parts().store;
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (mut waiting, mut after) = (Vec::new(), String::new());
        loop {
            let page = store.waiting_since(&pilot.name, now, u32::MAX, &after, PAGE).await?;
            let full = page.len() >= PAGE as usize;
            waiting.extend(page);
            match waiting.last() {
                Some(last) if full => after = last.id.to_string(),
                _ => break,
            }
        }
        waiting.sort_by_key(|row| row.since);
        let held = RequestFilter {
            pilot: Some(pilot.name.clone()),
            state: Some("held".into()),
            limit: PAGE,
            ..RequestFilter::default()
        };
        let held = store.requests(&held).await?.items.len();
        let week = store.week(&pilot.name, &[], since, now).await?;
        let (arrived, decided) = (small(week.arrived.len()), small(week.decided.len()));
        Ok(Day { waiting, arrived, decided, aside: small(held + week.quarantined.len()) })
    }

    /// A person's digest; `None` when there is nothing to tell.
    async fn write_digest(
        &self,
        pilot: &Pilot,
        slot: &SlotRow,
        day: &Day,
        person: &Addressee,
        now: Timestamp,
    ) -> Result<Option<NewLetter>, StoreError> {
        // What this person has approved waits for others.
        let mine = |row: &&WaitingRow| !row.approved.contains(&person.id);
        let count = day.waiting.iter().filter(mine).count();
        if count == 0 && day.arrived == 0 && day.decided == 0 && day.aside == 0 {
            return Ok(None);
        }
        let mut shown = Vec::new();
        for waits in day.waiting.iter().filter(mine).take(SHOWN) {
            let row = self.parts().store.brief(&waits.id).await?;
            shown.push(Shown {
                brief: row.id.to_string(),
                request: row.id.request().to_string(),
                revision: row.revision,
                title: self.title_of(&row).await?,
                band: band(row.score),
                waited: now.duration_since(waits.since),
            });
        }
        let waiting: Vec<Waiting<'_>> = shown
            .iter()
            .map(|one| Waiting {
                item: Item { brief: &one.brief, request: &one.request, revision: one.revision, title: &one.title },
                band: one.band,
                waited: one.waited,
            })
            .collect();
        let can_leave = self.options().reply_address.is_some();
        let digest = notice::Digest {
            name: &person.name,
            at: now,
            waiting: &waiting,
            more: count - shown.len(),
            arrived: day.arrived,
            decided: day.decided,
            aside: day.aside,
            can_leave,
            page: None,
        };
        let frame = Frame { because: "the pilot tells you by mail, and has a daily digest", ..frame(pilot) };
        let mut letter = self.regular(DIGEST, pilot, slot, person, notice::digest(&frame, &digest));
        if can_leave {
            letter.expires_at = now + LEAVE_FOR;
            let bound = Bound { brief: DIGEST, revision: &letter.about, reviewer: &letter.person, plan: "" };
            letter.token = Some(self.key().mint(&bound, letter.expires_at).name());
        }
        Ok(Some(letter))
    }
}

fn band(score: u32) -> &'static str {
    u8::try_from(score).ok().and_then(Score::new).map_or("", |score| score.band().as_str())
}
