//! Handing in by hand, and trying out: a request as JSON, what the boundary finds in a text, what the generator would draft.

use crate::brief::{DraftInput, SCHEMA, draft, language};
use crate::intake::{Door, MAX_TEXT_BYTES};
use crate::policy::{Action, Resource};
use crate::screen::{Boundary, Finding, screen};
use crate::store::{Accepted, Request};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::hooks;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use opspilot_sdk::{Content, DedupKey, Envelope, Fields, Lane};
use serde::Deserialize;
use serde_json::{Value, json};

/// Name of the source by which requests are handed in by hand.
const SOURCE: &str = "submit";

/// A request handed in: a text, named fields, or a whole e-mail message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Submission {
    pilot: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    fields: Option<Fields>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    pilot: String,
    text: String,
}

fn unfit(detail: impl Into<String>) -> Refused {
    Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", detail)
}

impl Submission {
    fn envelope(self, call: &Call) -> Result<(Door, Envelope), Refused> {
        let (media_type, raw, content) = match (self.text, self.fields, self.message) {
            (Some(text), None, None) => ("text/plain", text.clone().into_bytes(), Content::Text(text)),
            (None, Some(fields), None) => {
                let raw = serde_json::to_vec(&fields).map_err(|cause| Refused::fault(cause.to_string()))?;
                ("application/json", raw, Content::Fields(fields))
            }
            (None, None, Some(message)) => ("message/rfc822", message.into_bytes(), Content::Message),
            _ => return Err(unfit("send one of `text`, `fields` and `message`")),
        };
        let door = Door {
            source: SOURCE.into(),
            pilot: self.pilot,
            lane: Lane::Interactive,
            submitter: Some(call.caller.user.clone()),
        };
        let now = call.app.web.clock.now();
        // A repeat is one only when the client says so, by its key.
        let key = call.key.as_ref().map_or_else(
            || crate::domain::id::RequestId::new(now, call.app.web.store.chance()).suffix().to_owned(),
            |key| format!("{} {key}", call.caller.user),
        );
        let envelope = Envelope {
            key: DedupKey::new(key),
            external_id: None,
            received_at: now,
            media_type: media_type.into(),
            raw,
            content,
            attachments: Vec::new(),
        };
        Ok((door, envelope))
    }
}

/// Leave to do something in a pilot. Whoever may see nothing there hears that there is no such pilot.
fn leave(call: &Call, action: Action, name: &str) -> Result<(), Refused> {
    let pilot = call.app.web.pilots.get(name).ok_or_else(|| Refused::missing("pilot", name))?;
    let resource = Resource::pilot(&pilot.name, &pilot.tenant);
    match call.permit(action, &resource) {
        Ok(_leave) => Ok(()),
        Err(denied) if call.would_see(Action::RequestRead, &resource) => Err(denied.into()),
        Err(_) => Err(Refused::missing("pilot", name)),
    }
}

fn boundary<'a>(call: &'a Call, pilot: &str) -> Result<&'a Boundary, Refused> {
    call.app.web.boundaries.get(pilot).ok_or_else(|| Refused::missing("pilot", pilot))
}

pub(super) async fn submit(call: Call) -> Result<Answer, Refused> {
    let submission: Submission = call.json()?;
    leave(&call, Action::RequestSubmit, &submission.pilot)?;
    let (door, envelope) = submission.envelope(&call)?;
    let accepted = call.app.web.intake.submit(&call.caller, &door, envelope).await?;
    Ok(hooks::answer(&accepted))
}

/// Hands a text in for the caller, once for each key.
pub(in crate::web) async fn hand_in(call: &Call, pilot: &str, text: String, key: &str) -> Result<Accepted, Refused> {
    leave(call, Action::RequestSubmit, pilot)?;
    let submission = Submission { pilot: pilot.to_owned(), text: Some(text), fields: None, message: None };
    let (door, mut envelope) = submission.envelope(call)?;
    envelope.key = DedupKey::new(format!("{} {key}", call.caller.user));
    Ok(call.app.web.intake.submit(&call.caller, &door, envelope).await?)
}

pub(super) async fn try_screen(call: Call) -> Result<Answer, Refused> {
    let Text { pilot, text } = call.json()?;
    leave(&call, Action::RequestRead, &pilot)?;
    if text.len() > MAX_TEXT_BYTES {
        return Err(unfit(format!("the text is longer than {MAX_TEXT_BYTES} bytes; send a part of it")));
    }
    let boundary = boundary(&call, &pilot)?.clone();
    let shown = thinking(move || {
        let screening = screen(&text, &boundary);
        let finding = |finding: &Finding| -> Value {
            let treatment = if finding.reserved && boundary.allows_reserved() {
                "allow"
            } else {
                boundary.treatment(finding.kind).name()
            };
            let mut shown = serde_json::to_value(finding).unwrap_or_default();
            if let Some(members) = shown.as_object_mut() {
                members.insert("treatment".into(), treatment.into());
            }
            shown
        };
        let findings: Vec<Value> = screening.findings.iter().map(finding).collect();
        json!({ "verdict": screening.verdict, "findings": findings, "text": screening.text, "boundary": boundary.preset() })
    });
    Answer::json(&shown.await?)
}

pub(super) async fn try_draft(call: Call) -> Result<Answer, Refused> {
    let submission: Submission = call.json()?;
    leave(&call, Action::BriefRead, &submission.pilot)?;
    let (door, envelope) = submission.envelope(&call)?;
    let pilot = call.app.web.pilots.get(&door.pilot).cloned().ok_or_else(|| Refused::missing("pilot", &door.pilot))?;
    let boundary = boundary(&call, &door.pilot)?.clone();
    let intake = call.app.web.intake.clone();
    let shown = thinking(move || -> Result<Value, Refused> {
        let request: std::sync::Arc<Request> = intake.prepare(&door, envelope)?.request;
        let screening = screen(&request.text, &boundary);
        let language = language::detect(&request.text);
        let subject = request.subject.as_ref().and_then(|subject| screening.text.get(..subject.len()));
        let attachments = vec!["attachment"; usize::try_from(request.attachments).unwrap_or(0)];
        let content = draft(&DraftInput {
            text: &screening.text,
            subject,
            sender: request.sender_name.as_deref(),
            organisation: request.organisation.as_deref(),
            language,
            received_at: request.received_at,
            time_zone: &pilot.time_zone,
            attachments: &attachments,
            guidance: &[],
            owner: &pilot.owner,
        });
        Ok(
            json!({ "schema": SCHEMA, "verdict": screening.verdict, "language": language, "content": content, "text": screening.text }),
        )
    });
    Answer::json(&shown.await??)
}

/// Long thinking, away from the threads that answer others.
async fn thinking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refused> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|cause| Refused::fault(format!("a trial did not end well: {cause}")))
}
