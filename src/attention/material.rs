//! What a planted draft is made of: an earlier request of the pilot that people approved, or a bundled one where there is none. Own file
//! because it decides whether a check can be told from a real brief by anything but its fault. INVARIANT: the words are shown behind the
//! same masks as every request of the pilot, and nobody is asked for the draft.

use crate::brief::{Content, DraftInput, Generator, draft, language};
use crate::domain::id::RequestId;
use crate::domain::pilot::Pilot;
use crate::screen::{Boundary, Screener};
use crate::store::{Accept, Plant, Request, RevisionRow, Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::sha256_hex;
use serde_json::Value;
use std::sync::Arc;

/// Requests for a pilot that has none of its own yet: subject and body.
const BUNDLED: [&str; 3] = [
    include_str!("../../workflows/examples/01-order-automation.json"),
    include_str!("../../workflows/examples/03-double-charge.json"),
    include_str!("../../workflows/examples/05-workshop-booking.json"),
];

/// A request with a sound draft of it.
pub(super) struct Material {
    /// The request it was made from; empty for a bundled one.
    pub(super) model: String,
    /// Its words, as they came.
    pub(super) text: String,
    request: Option<Request>,
    subject: Option<String>,
    content: Option<Content>,
    generator: String,
}

impl Material {
    /// Chooses one.
    pub(super) async fn choose(
        store: &Store,
        pilot: &Pilot,
        boundary: &Boundary,
        now: Timestamp,
        chance: u64,
    ) -> Result<Self, StoreError> {
        let models = store.attention_models(&pilot.name).await?;
        let count = u64::try_from(models.len()).unwrap_or(0);
        let chosen = chance.checked_rem(count).and_then(|place| models.get(usize::try_from(place).unwrap_or(0)));
        let Some(brief) = chosen else { return Ok(Self::bundled(pilot, boundary, now, chance)) };
        let request = store.request(&brief.request()).await?.request;
        let first = store.revisions(brief).await?.into_iter().next();
        Ok(Self::of(request, first, pilot, boundary, now))
    }

    fn of(request: Request, first: Option<RevisionRow>, pilot: &Pilot, boundary: &Boundary, now: Timestamp) -> Self {
        let header = |row: &RevisionRow| serde_json::from_str::<Generator>(&row.generator).ok();
        let by_model = first.as_ref().and_then(header).is_some_and(|header| header.model.is_some());
        let (text, subject, model) = (request.text.clone(), request.subject.clone(), request.id.to_string());
        let names = (request.sender_name.clone(), request.organisation.clone());
        match first {
            // What a model wrote is taken as it wrote it: asking it again would cost, and would be a call for nothing.
            Some(row) if by_model => Self {
                content: Content::from_json(&row.content).ok(),
                generator: row.generator,
                request: Some(request),
                model,
                text,
                subject,
            },
            _ => Self {
                content: Some(drafted(&text, subject.as_deref(), &names, pilot, boundary, now)),
                generator: embedded(),
                request: Some(request),
                model,
                text,
                subject,
            },
        }
    }

    fn bundled(pilot: &Pilot, boundary: &Boundary, now: Timestamp, chance: u64) -> Self {
        let place = usize::try_from(chance % 3).unwrap_or(0);
        let form: Value = BUNDLED.get(place).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let word = |name: &str| form[name].as_str().unwrap_or_default().to_owned();
        let subject = Some(word("subject")).filter(|subject| !subject.is_empty());
        let text = match &subject {
            Some(subject) => format!("{subject}\n\n{}", word("message")),
            None => word("message"),
        };
        let content = drafted(&text, subject.as_deref(), &(None, None), pilot, boundary, now);
        Self { model: String::new(), text, request: None, subject, content: Some(content), generator: embedded() }
    }

    /// The draft before anything is planted into it.
    pub(super) fn sound(&self) -> Option<Content> {
        self.content.clone()
    }

    /// The request as it is accepted, with its draft.
    pub(super) fn accept(
        self,
        store: &Store,
        pilot: &Pilot,
        content: String,
        (definition, first_step): (String, String),
        now: Timestamp,
    ) -> Accept {
        let raw = self.text.clone().into_bytes();
        let mut likeness = [0; 16];
        // It is like nothing: neither is it held for a repeat, nor a real request for a repeat of it.
        store.fill(&mut likeness);
        let model = self.request;
        let id = RequestId::new(now, store.chance());
        let request = Request {
            pilot: pilot.name.clone(),
            tenant: pilot.tenant.clone(),
            source: model.as_ref().map_or_else(|| "submit".to_owned(), |model| model.source.clone()),
            external_id: None,
            submitter: None,
            raw: sha256_hex(&raw),
            media_type: "text/plain".to_owned(),
            sender_name: model.as_ref().and_then(|model| model.sender_name.clone()),
            sender_email: model.as_ref().and_then(|model| model.sender_email.clone()),
            sender_phone: model.as_ref().and_then(|model| model.sender_phone.clone()),
            organisation: model.as_ref().and_then(|model| model.organisation.clone()),
            subject: self.subject,
            text: self.text,
            duplicate_of: None,
            attachments: 0,
            received_at: now,
            accepted_at: now,
            planted: Some(Arc::new(Plant { content, generator: self.generator })),
            id,
        };
        Accept {
            dedup_key: request.id.suffix().to_owned(),
            request: Arc::new(request),
            key_is_content: false,
            raw,
            likeness,
            alike_since: now,
            files: Vec::new(),
            lane: 1,
            definition,
            first_step,
        }
    }
}

fn embedded() -> String {
    serde_json::to_string(&Generator::embedded(1)).unwrap_or_default()
}

/// As the step drafts it.
fn drafted(
    text: &str,
    subject: Option<&str>,
    (sender, organisation): &(Option<String>, Option<String>),
    pilot: &Pilot,
    boundary: &Boundary,
    now: Timestamp,
) -> Content {
    let language = language::detect(text);
    let mut screener = Screener::new(boundary);
    let mut seen = |text: &str| screener.screen(text).text.into_owned();
    let text = seen(text);
    let (sender, organisation) = (sender.as_deref().map(&mut seen), organisation.as_deref().map(&mut seen));
    draft(&DraftInput {
        text: &text,
        // The text begins with the subject; taken from there, it has the text's masks.
        subject: subject.and_then(|subject| text.get(..subject.len())),
        sender: sender.as_deref(),
        organisation: organisation.as_deref(),
        language,
        received_at: now,
        time_zone: &pilot.time_zone,
        attachments: &[],
        guidance: &[],
        owner: &pilot.owner,
    })
}
