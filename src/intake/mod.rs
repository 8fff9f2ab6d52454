//! Intake: makes an accepted envelope durable, recognises repeats, starts its run. It calls nobody outside. INVARIANT: whoever is told
//! `accepted` can pull the plug; whatever is refused is refused with a reason and leaves nothing behind.

mod answer;
mod aside;
mod clashes;
mod fault;
mod limit;
mod message;
mod normalise;
mod pull;
mod reading;
mod reconcile;
mod retry;

pub use answer::given;
pub use aside::{LOOP_HEADER, not_asked};
pub use limit::{Limit, LimitOptions};
pub use normalise::MAX_TEXT_BYTES;
pub use pull::{Health, Pull, PullOptions};
pub use reading::{Reading, read};
pub use reconcile::{Found, Survey, SurveyError, survey};

use crate::brief;
use crate::clock::Clock;
use crate::domain::id::{PermitId, RequestId};
use crate::domain::pilot::{Pilot, Pilots};
use crate::mail::Unreadable;
use crate::policy::{Action, Ask, Denied, Permit, Policies, Principal, Resource};
use crate::store::{Accept, Accepted, File, Request, Store, StoreError};
use jiff::Timestamp;
use normalise::Normal;
use opspilot_sdk::{DedupKey, Envelope, Lane, sha256_hex};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why an envelope was not accepted; nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It holds nothing that could be asked.
    #[error("the request holds no text; send what is being asked for (OP-2001)")]
    Empty,
    /// The message cannot be read.
    #[error(transparent)]
    Message(#[from] Unreadable),
    /// The pilot is not configured.
    #[error(
        "there is no pilot `{pilot}`; use one that `opspilot config show` names, or add a `[[pilot]]` of that name (OP-2002)"
    )]
    NoPilot {
        /// Which.
        pilot: String,
    },
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Too much is waiting.
    #[error(
        "{waiting} requests wait to be drafted, more than the limit of {limit}; try again in {retry_secs} s (OP-2003)"
    )]
    Crowded {
        /// How many wait.
        waiting: i64,
        /// How many may.
        limit: i64,
        /// When to come back, in seconds.
        retry_secs: u64,
    },
    /// There is nothing that could be read again.
    #[error("`{item}` cannot be taken in: {why} (OP-2006)")]
    NotKept {
        /// The item that was set aside.
        item: String,
        /// Why, and what to do.
        why: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where envelopes come in: a configured source, or a person's hand.
#[derive(Clone, Debug)]
pub struct Door {
    /// Name of the source.
    pub source: String,
    /// Pilot that its requests belong to.
    pub pilot: String,
    /// How urgent they are unless their words say otherwise.
    pub lane: Lane,
    /// The person who hands them in, when one does.
    pub submitter: Option<String>,
}

/// The room. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    store: Store,
    policies: Policies,
    pilots: Pilots,
    clock: Arc<dyn Clock>,
    /// Definition hash and first step by workflow.
    starts: Arc<BTreeMap<String, (String, String)>>,
    max_waiting: i64,
    /// Whether mail may be an answer to a letter of ours.
    answers: bool,
}

impl Intake {
    /// Over a store; `starts` names for each workflow the definition hash and first step that new runs begin with; `max_waiting`
    /// requests may wait to be drafted before the door is shut.
    #[must_use]
    pub fn new(
        store: Store,
        policies: Policies,
        pilots: Pilots,
        clock: Arc<dyn Clock>,
        starts: BTreeMap<String, (String, String)>,
        max_waiting: i64,
    ) -> Self {
        Self { store, policies, pilots, clock, starts: Arc::new(starts), max_waiting, answers: false }
    }

    /// The same, taking mail that carries a secret of ours as an answer.
    #[must_use]
    pub fn with_answers(mut self, answers: bool) -> Self {
        self.answers = answers;
        self
    }

    /// Hash and first step of the workflow that a pilot's requests take.
    ///
    /// # Errors
    /// [`IntakeError::NoPilot`].
    pub fn start(&self, pilot: &str) -> Result<(String, String), IntakeError> {
        let none = || IntakeError::NoPilot { pilot: pilot.to_owned() };
        let workflow = &self.pilots.get(pilot).ok_or_else(none)?.workflow;
        self.starts.get(workflow).cloned().ok_or_else(none)
    }

    /// Makes an envelope durable, or says that it is already.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub async fn accept(&self, door: &Door, envelope: Envelope) -> Result<Accepted, IntakeError> {
        self.take(door, envelope, None).await
    }

    async fn take(&self, door: &Door, envelope: Envelope, permit: Option<Permit>) -> Result<Accepted, IntakeError> {
        let waiting = self.store.waiting();
        if waiting > self.max_waiting {
            return Err(IntakeError::Crowded { waiting, limit: self.max_waiting, retry_secs: 5 });
        }
        let accept = self.prepare(door, envelope)?;
        let outcome = self.store.accept(Accept { permit: permit.map(Arc::new), ..accept }).await?;
        count(door, &outcome);
        Ok(outcome)
    }

    /// As [`Intake::accept`] for a person, who must be allowed to. A repeat is one within the pilot.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub async fn submit(
        &self,
        principal: &Principal,
        door: &Door,
        mut envelope: Envelope,
    ) -> Result<Accepted, IntakeError> {
        let pilot = self.pilots.get(&door.pilot).ok_or_else(|| IntakeError::NoPilot { pilot: door.pilot.clone() })?;
        let resource = Resource::pilot(&pilot.name, &pilot.tenant);
        let id = PermitId::new(self.clock.now(), self.store.chance());
        let ask = Ask { principal, action: Action::RequestSubmit, resource: &resource };
        let permit = self.policies.permit(&ask, id.to_string())?;
        // A source has one pilot; a hand may serve many. What was handed in to one of them must neither stand in another's way nor be named to it.
        envelope.key = DedupKey::new(format!("{} {}", pilot.name, envelope.key.as_str()));
        self.take(door, envelope, Some(permit)).await
    }

    /// What the store is asked to accept for an envelope. Pure thinking; touches nothing.
    pub(crate) fn prepare(&self, door: &Door, envelope: Envelope) -> Result<Accept, IntakeError> {
        let normal = normalise::normalise(&envelope)?;
        if normal.text.trim().is_empty() {
            return Err(IntakeError::Empty);
        }
        self.prepare_normal(door, envelope, normal)
    }

    /// The same for an envelope that was read already.
    fn prepare_normal(&self, door: &Door, envelope: Envelope, normal: Normal) -> Result<Accept, IntakeError> {
        let pilot = self.pilots.get(&door.pilot).ok_or_else(|| IntakeError::NoPilot { pilot: door.pilot.clone() })?;
        let (definition, first_step) = self.start(&door.pilot)?;
        let now = self.clock.now();
        let likeness = normal.likeness(&pilot.name);
        let lane = if brief::urgency_hint(&normal.text) {
            0
        } else {
            match door.lane {
                Lane::Interactive => 1,
                Lane::Bulk => 2,
            }
        };
        let Envelope { key, external_id, received_at, media_type, raw, .. } = envelope;
        let Normal { sender_name, sender_email, sender_phone, organisation, subject, text, files } = normal;
        let files: Vec<File> = files.into_iter().map(stored).collect();
        let request = Request {
            id: RequestId::new(now, self.store.chance()),
            pilot: pilot.name.clone(),
            tenant: pilot.tenant.clone(),
            source: door.source.clone(),
            external_id,
            submitter: door.submitter.clone(),
            raw: sha256_hex(&raw),
            media_type,
            sender_name,
            sender_email,
            sender_phone,
            organisation,
            subject,
            text,
            duplicate_of: None,
            planted: None,
            attachments: u32::try_from(files.len()).unwrap_or(u32::MAX),
            received_at,
            accepted_at: now,
        };
        let alike_since = alike_since(pilot, now);
        let dedup_key = key.as_str().to_owned();
        Ok(Accept {
            request: Arc::new(request),
            dedup_key,
            key_is_content: false,
            raw,
            likeness,
            alike_since,
            files,
            lane,
            definition,
            first_step,
            permit: None,
        })
    }
}

fn alike_since(pilot: &Pilot, now: Timestamp) -> Timestamp {
    now.checked_sub(pilot.alike_for).unwrap_or(Timestamp::MIN)
}

fn stored(file: opspilot_sdk::Attachment) -> File {
    File { digest: sha256_hex(&file.bytes), name: file.name, media_type: file.media_type, bytes: file.bytes }
}

fn count(door: &Door, outcome: &Accepted) {
    let outcome = match outcome {
        Accepted::New(_) => "new",
        Accepted::Alike { .. } => "alike",
        Accepted::Repeat(_) => "repeat",
    };
    count_as(door, outcome);
}

fn count_as(door: &Door, outcome: &'static str) {
    metrics::counter!("opspilot_intake_total", "source" => door.source.clone(), "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests;
