//! What a planted draft is made of: an earlier request of the pilot that people approved, or a bundled one where there is none. Own file
//! because it decides whether a check can be told from a real brief by anything but its fault. INVARIANT: the words are shown behind the
//! same masks as every request of the pilot, and nobody is asked for the draft.

use crate::brief::{Content, DraftInput, Generator, draft, language};
use crate::domain::id::RequestId;
use crate::domain::pilot::Pilot;
use crate::screen::{Boundary, Screener};
use crate::store::{Accept, Plant, Request, RevisionRow, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::sha256_hex;
use serde_json::Value;
use std::sync::Arc;

/// Requests for a pilot that has none of its own yet: subject and body.
const BUNDLED: [&str; 3] = [
    include_str!("../../workflows/examples/01-order-automation.json"),
    include_str!("../../workflows/examples/03-double-charge.json"),
    include_str!("../../workflows/examples/05-workshop-booking.json"),
];

/// A request that people decided on more lately than this is not shown again while there is another …
const NOT_SINCE: SignedDuration = SignedDuration::from_hours(72);
/// … and more lately than this never.
const NEVER_SINCE: SignedDuration = SignedDuration::from_hours(1);

/// A request with a sound draft of it.
pub(super) struct Material {
    /// The request it was made from; empty for a bundled one.
    pub(super) model: String,
    /// Its words, as they came.
    pub(super) text: String,
    request: Option<Request>,
    /// The bytes that the model came as.
    raw: Option<Vec<u8>>,
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
        let models = store.attention_models(&pilot.name, now - NOT_SINCE).await?;
        let count = u64::try_from(models.len()).unwrap_or(0);
        let place = chance.checked_rem(count).and_then(|place| usize::try_from(place).ok());
        let chosen = match place.and_then(|place| models.get(place)) {
            Some(brief) => Some(brief.clone()),
            // Rather the one that is longest ago than what was decided a moment before.
            None => store.attention_models(&pilot.name, now - NEVER_SINCE).await?.pop(),
        };
        let Some(brief) = chosen else { return Ok(Self::bundled(pilot, boundary, now, chance)) };
        let request = store.request(&brief.request()).await?.request;
        let raw = store.raw(&request).await?;
        let first = store.revisions(&brief).await?.into_iter().next();
        Ok(Self { raw: Some(raw), ..Self::of(request, first, pilot, boundary, now) })
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
                raw: None,
                model,
                text,
                subject,
            },
            _ => Self {
                content: Some(drafted(&text, subject.as_deref(), &names, pilot, boundary, now)),
                generator: embedded(),
                request: Some(request),
                raw: None,
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
        Self {
            model: String::new(),
            text,
            request: None,
            raw: None,
            subject,
            content: Some(content),
            generator: embedded(),
        }
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
        // It comes as its model came: the same kind of bytes, with a name of its own where that one has one.
        let external_id = self.request.as_ref().and_then(|model| model.external_id.as_deref());
        let named = external_id.map(|known| (known, another(known, store.chance())));
        let raw = match &self.raw {
            Some(raw) => like(raw, named.as_ref()),
            None => self.text.clone().into_bytes(),
        };
        let external_id = named.as_ref().map(|(_, other)| other.clone());
        let mut likeness = [0; 16];
        // It is like nothing: neither is it held for a repeat, nor a real request for a repeat of it.
        store.fill(&mut likeness);
        drop(named);
        let model = self.request;
        let id = RequestId::new(now, store.chance());
        let request = Request {
            pilot: pilot.name.clone(),
            tenant: pilot.tenant.clone(),
            source: model.as_ref().map_or_else(|| "submit".to_owned(), |model| model.source.clone()),
            external_id,
            submitter: None,
            raw: sha256_hex(&raw),
            media_type: model.as_ref().map_or_else(|| "text/plain".to_owned(), |model| model.media_type.clone()),
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
            permit: None,
        }
    }
}

/// Another name of the same form: its last digits are others, or its last letters where it has none.
fn another(known: &str, chance: [u8; 10]) -> String {
    // What stands behind an `@` names a place and not the thing.
    let own = known.rfind('@').unwrap_or(known.len());
    let digits = known.get(..own).unwrap_or_default().contains(|letter: char| letter.is_ascii_digit());
    let fits = |letter: char| if digits { letter.is_ascii_digit() } else { letter.is_ascii_alphabetic() };
    let mut chances = chance.into_iter().take(4);
    let mut letters: Vec<(usize, char)> = known.char_indices().collect();
    for (at, letter) in letters.iter_mut().rev() {
        if *at >= own || !fits(*letter) {
            continue;
        }
        let Some(chance) = chances.next() else { break };
        let (first, span) = match *letter {
            '0'..='9' => (b'0', 10),
            'A'..='Z' => (b'A', 26),
            _ => (b'a', 26),
        };
        // One further at least, so that the name is another.
        let place = u32::from(*letter).wrapping_sub(u32::from(first));
        let moved = (place + 1 + u32::from(chance) % (span - 1)) % span;
        *letter = char::from_u32(u32::from(first) + moved).unwrap_or(*letter);
    }
    letters.into_iter().map(|(_, letter)| letter).collect()
}

/// The bytes of a model with another name in them, and an empty line at the end: no digest of them is one that was seen before.
fn like(raw: &[u8], named: Option<&(&str, String)>) -> Vec<u8> {
    let mut bytes = match (std::str::from_utf8(raw), named) {
        (Ok(text), Some((known, other))) if !known.is_empty() => text.replace(known, other).into_bytes(),
        _ => raw.to_vec(),
    };
    bytes.push(b'\n');
    bytes
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

#[cfg(test)]
mod tests {
    use super::{another, like};

    #[test]
    fn another_name_has_the_form_of_the_one_before() {
        for (known, shape) in [("CS-10422", "CS-1"), ("<a77@mail2.example>", "<a"), ("order", "o"), ("7", "")] {
            for chance in 0..=255 {
                let other = another(known, [chance; 10]);
                assert_ne!(other, known);
                assert_eq!(other.len(), known.len(), "{other}");
                assert!(other.starts_with(shape), "{other}");
                assert_eq!(
                    known.rsplit_once('@').map(|(_, place)| place),
                    other.rsplit_once('@').map(|(_, place)| place)
                );
            }
        }
        let raw = br#"{"id":"CS-10422","text":"x"}"#;
        let named = ("CS-10422", "CS-19173".to_owned());
        assert_eq!(like(raw, Some(&named)), b"{\"id\":\"CS-19173\",\"text\":\"x\"}\n");
        assert_eq!(like(&[0xff], Some(&named)), [0xff, b'\n']);
    }
}
