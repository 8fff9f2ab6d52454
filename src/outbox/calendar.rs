//! Letters that the calendar gives rise to: reminders, escalations, weekly reports and digests. Own file because the rota says in receipts that they are
//! due, and only here do they become letters. INVARIANT: a report is carried as it was kept; a letter is queued once for each turn or slot;
//! none of them is about a brief that no longer waits, and whoever is no reviewer gets none that could decide.

use super::write::frame;
use super::{Addressee, DIGEST, Outbox};
use crate::domain::id::BriefId;
use crate::domain::pilot::Pilot;
use crate::domain::review::ReviewState;
use crate::notice::{self, Asks, Frame, Item, Notice, Nudge, Writes};
use crate::receipt::Receipt;
use crate::store::{BriefRow, NewLetter, ReportRow, SlotRow, StoreError};
use jiff::SignedDuration;
use opspilot_sdk::sha256_hex;
use serde_json::Value;

/// For how long a report is news: until the next one comes.
const REPORT_NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// For how long a digest is.
const DIGEST_NEWS: SignedDuration = SignedDuration::from_hours(24);
/// Slots of a schedule looked through for the one that was fired.
const SLOTS: u32 = 50;

/// A turn at which a person hears of a brief again.
struct Turn {
    brief: BriefId,
    revision: u64,
    person: String,
    ordinal: u32,
}

impl Turn {
    fn of(receipt: &Receipt) -> Option<Self> {
        let number = |name: &str| receipt.body.get(name).and_then(Value::as_u64);
        let text = |name: &str| receipt.body.get(name).and_then(Value::as_str);
        Some(Self {
            brief: BriefId::parse(text("brief")?).ok()?,
            revision: number("revision")?,
            person: text("person")?.to_owned(),
            ordinal: number("ordinal")?.try_into().ok()?,
        })
    }
}

impl Outbox {
    /// The letter of a reminder or an escalation, when it still makes sense and its person is still named.
    pub(super) async fn nudge(&self, receipt: &Receipt) -> Result<Vec<NewLetter>, StoreError> {
        let Some(turn) = Turn::of(receipt) else { return Ok(Vec::new()) };
        let store = &self.parts().store;
        let row = store.brief(&turn.brief).await?;
        let asks = match row.state {
            ReviewState::Open => Asks::Decision,
            ReviewState::Amending => Asks::Changes,
            _ => return Ok(Vec::new()),
        };
        let (Some(pilot), Some(person)) = (self.parts().pilots.get(&row.pilot), self.reachable(&turn.person).await?)
        else {
            return Ok(Vec::new());
        };
        let escalates = turn.ordinal == 0;
        let named = if escalates {
            self.is_asked_late(pilot, &person.name)
        } else {
            self.audience(pilot).contains(&person.name)
        };
        // Read late, as after days without a mail server, of several reminders only the newest is one.
        let newest = escalates || store.last_reminder(&turn.brief, row.revision, &turn.person).await? == turn.ordinal;
        if turn.revision != u64::from(row.revision) || !named || !newest {
            return Ok(Vec::new());
        }
        let asks = if pilot.reviewers.contains(&person.name) { asks } else { Asks::Nothing };
        Ok(vec![self.write_nudge(pilot, &row, &person, &turn, asks).await?])
    }

    async fn write_nudge(
        &self,
        pilot: &Pilot,
        row: &BriefRow,
        person: &Addressee,
        turn: &Turn,
        asks: Asks,
    ) -> Result<NewLetter, StoreError> {
        let now = self.parts().clock.now();
        let shown = self.shown(row, pilot).await?;
        let by_mail = asks != Asks::Nothing && self.takes_answers(pilot, &person.name);
        let (brief, request) = (row.id.to_string(), row.id.request().to_string());
        let page = self.page_of(&row.id);
        let nudge = Nudge {
            item: Item { brief: &brief, request: &request, revision: row.revision, title: &shown.title },
            sections: &shown.sections,
            received: shown.received(),
            asked_at: shown.asked_at,
            waited: now.duration_since(shown.asked_at),
            asked: &pilot.reviewers,
            asks,
            writes: if by_mail { shown.writes.writes() } else { Writes::None },
            how: self.how(by_mail, page.as_deref()),
        };
        let (kind, notice) = if turn.ordinal == 0 {
            let frame = Frame { because: "the pilot names you for briefs that wait too long", ..frame(pilot) };
            ("escalation", notice::escalation(&frame, &nudge))
        } else {
            ("reminder", notice::reminder(&frame(pilot), &nudge))
        };
        let mut letter = self.letter(kind, row, row.revision, &turn.ordinal.to_string(), person, notice);
        if by_mail {
            self.bind_again(&mut letter, row, &shown, turn.ordinal);
        }
        Ok(letter)
    }

    /// What a slot made, for everybody whom it is for.
    pub(super) async fn slot(&self, receipt: &Receipt) -> Result<Vec<NewLetter>, StoreError> {
        let text = |name: &str| receipt.body.get(name).and_then(Value::as_str);
        let pilot = receipt.pilot.as_deref().and_then(|name| self.parts().pilots.get(name));
        let (Some(key), Some(pilot)) = (text("slot"), pilot) else { return Ok(Vec::new()) };
        let slots = self.parts().store.slots(&receipt.subject, SLOTS).await?;
        let Some(slot) = slots.iter().find(|slot| slot.key == key) else { return Ok(Vec::new()) };
        let age = SignedDuration::from_micros(self.parts().clock.now().as_microsecond().saturating_sub(receipt.at));
        match (slot.kind.as_str(), text("report")) {
            ("weekly_report", Some(id)) if age < REPORT_NEWS => {
                let report = self.parts().store.report_named(id).await?;
                self.report(pilot, slot, &report).await
            }
            (DIGEST, _) if age < DIGEST_NEWS => self.digest(pilot, slot, &slots).await,
            _ => Ok(Vec::new()),
        }
    }

    /// A report, word for word, for the owner and the reviewers.
    async fn report(&self, pilot: &Pilot, slot: &SlotRow, report: &ReportRow) -> Result<Vec<NewLetter>, StoreError> {
        let mut names: Vec<&String> = pilot.notify.iter().collect();
        // Which of the reviewers get mail is for `notify` to say; an owner who is none of them is named as such.
        if !pilot.reviewers.contains(&pilot.owner) {
            names.push(&pilot.owner);
        }
        let mut letters = Vec::new();
        for name in names {
            if let Some(person) = self.reachable(name).await? {
                let (subject, text, html) = (report.subject.clone(), report.text.clone(), report.html.clone());
                letters.push(self.regular("report", pilot, slot, &person, Notice { subject, text, html }));
            }
        }
        Ok(letters)
    }

    /// A letter about no brief, one for each slot and person.
    pub(super) fn regular(
        &self,
        kind: &'static str,
        pilot: &Pilot,
        slot: &SlotRow,
        person: &Addressee,
        notice: Notice,
    ) -> NewLetter {
        let about = format!("{}/{}", slot.schedule, slot.key);
        let short: String = sha256_hex(about.as_bytes()).chars().take(16).collect();
        let name = format!("{short}.{}", person.id.rsplit('_').next().unwrap_or_default());
        let letter = self.unanswerable(kind, (&pilot.name, &pilot.tenant), &name, person, notice);
        NewLetter { about, ..letter }
    }
}
