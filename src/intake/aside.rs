//! What becomes of an envelope that a source yields: a request, or an item set aside with its reason. Own file because it is the one
//! place that decides what is not a request. INVARIANT: whatever cannot be a request is kept with its bytes and its reason; only a fault
//! of ours (a pilot that is not configured) stops a batch.

use super::{Door, Intake, IntakeError, message, normalise};
use crate::domain::id::QuarantineId;
use crate::domain::pilot::Pilot;
use crate::mail::automatic::{Kind, own};
use crate::mail::{self, Automatic, Limits, Message, undelivered};
use crate::store::{Accept, Aside, AsideState, KeepReply, Returned};
use opspilot_sdk::{Content, Envelope, Refused, sha256_hex};

/// The header that every mail of ours carries.
pub const LOOP_HEADER: &str = "X-OpsPilot-Loop";

/// What becomes of an envelope.
pub(super) enum Sorted {
    /// A request.
    Request(Box<Accept>),
    /// Set aside.
    Aside(Box<Aside>),
    /// An answer to a letter of ours: judged later, and counted among what is no request.
    Answer(Box<Aside>, Box<KeepReply>),
}

/// Whether a message is none that asks for anything: a code and the reason.
#[must_use]
pub fn not_asked(message: &Message, take_lists: bool) -> Option<(&'static str, Automatic)> {
    if let Some(mark) = own(message, LOOP_HEADER, "") {
        return Some(("OP-2606", mark));
    }
    let automatic = message.automatic.clone()?;
    (automatic.kind != Kind::List || !take_lists).then_some(("OP-2605", automatic))
}

impl Intake {
    /// Sorts an envelope of a source. `take_lists`: mail of mailing lists may be a request.
    pub(super) fn sort(&self, door: &Door, envelope: Envelope, take_lists: bool) -> Result<Sorted, IntakeError> {
        let read = match &envelope.content {
            Content::Message => mail::read(&envelope.raw, &Limits::default()).map(Some).map_err(IntakeError::from),
            Content::Fields(_) | Content::Text(_) => Ok(None),
        };
        let message = match read {
            Ok(message) => message,
            Err(error) => return self.set_aside(door, envelope, &error),
        };
        if let Some(message) = &message
            && let Some(reply) = self.answer(door, self.pilot(door)?, &envelope, message)
        {
            let reason = "it answers a letter of ours; what became of it is told by its brief".to_owned();
            return match self.aside(self.pilot(door)?, envelope, AsideState::Ignored, "OP-2824".to_owned(), reason) {
                Sorted::Aside(aside) => Ok(Sorted::Answer(aside, Box::new(reply))),
                sorted => Ok(sorted),
            };
        }
        if let Some((code, automatic)) = message.as_ref().and_then(|message| not_asked(message, take_lists)) {
            let pilot = self.pilot(door)?;
            let returned = message.as_ref().and_then(undelivered);
            let mut sorted = self.aside(pilot, envelope, AsideState::Ignored, code.to_owned(), automatic.reason);
            if let Sorted::Aside(aside) = &mut sorted {
                // Nobody's text gets into a row but as words on one line.
                aside.returned = returned.map(|report| Returned { ids: report.ids, said: plain(&report.said) });
            }
            return Ok(sorted);
        }
        // Two copies of one mail differ in their trace, and not in what was written, of which its key is made.
        let key_is_content = message.is_some();
        let normal = match message {
            Some(message) => normalise::of_message(&envelope, message::parts(message)),
            None => match normalise::normalise(&envelope) {
                Ok(normal) => normal,
                Err(error) => return self.set_aside(door, envelope, &error),
            },
        };
        if normal.text.trim().is_empty() {
            return self.set_aside(door, envelope, &IntakeError::Empty);
        }
        let accept = self.prepare_normal(door, envelope, normal)?;
        Ok(Sorted::Request(Box::new(Accept { key_is_content, ..accept })))
    }

    /// Tenant of the door's pilot.
    pub(super) fn tenant(&self, door: &Door) -> Result<String, IntakeError> {
        self.pilot(door).map(|pilot| pilot.tenant.clone())
    }

    fn pilot(&self, door: &Door) -> Result<&Pilot, IntakeError> {
        self.pilots.get(&door.pilot).ok_or_else(|| IntakeError::NoPilot { pilot: door.pilot.clone() })
    }

    fn set_aside(&self, door: &Door, envelope: Envelope, why: &IntakeError) -> Result<Sorted, IntakeError> {
        let pilot = self.pilot(door)?;
        let text = why.to_string();
        let code = text.rfind("OP-").and_then(|at| text.get(at..at + 7)).unwrap_or("OP-2001").to_owned();
        let reason = text.replace(&format!(" ({code})"), "");
        Ok(self.aside(pilot, envelope, AsideState::Quarantined, code, reason))
    }

    fn aside(&self, pilot: &Pilot, envelope: Envelope, state: AsideState, code: String, reason: String) -> Sorted {
        let now = self.clock.now();
        Sorted::Aside(Box::new(Aside {
            id: QuarantineId::new(now, self.store.chance()),
            tenant: pilot.tenant.clone(),
            pilot: pilot.name.clone(),
            dedup_key: envelope.key.as_str().to_owned(),
            place: plain(&envelope.external_id.map(|id| format!("Message-ID <{id}>")).unwrap_or_default()),
            state,
            code,
            reason: plain(&reason),
            raw: Some((sha256_hex(&envelope.raw), envelope.raw)),
            media_type: Some(plain(&envelope.media_type)),
            received_at: envelope.received_at,
            returned: None,
        }))
    }

    /// An item that its source could not make an envelope of.
    pub(super) fn refused(&self, door: &Door, refused: Refused) -> Result<Aside, IntakeError> {
        let (pilot, now) = (self.pilot(door)?, self.clock.now());
        Ok(Aside {
            id: QuarantineId::new(now, self.store.chance()),
            tenant: pilot.tenant.clone(),
            pilot: pilot.name.clone(),
            dedup_key: refused.key.as_str().to_owned(),
            place: plain(&refused.place),
            state: AsideState::Quarantined,
            code: refused.code.to_owned(),
            reason: plain(&refused.reason),
            raw: None,
            media_type: None,
            received_at: now,
            returned: None,
        })
    }
}

/// What a sender may have had a hand in, on one line and without what no database takes.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1000).collect();
    line.trim().to_owned()
}
