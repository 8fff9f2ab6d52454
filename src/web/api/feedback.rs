//! What people say about screens, and what they are answered. Thin: the feedback room does it.

use crate::domain::id::FeedbackId;
use crate::feedback::Said;
use crate::policy::Action;
use crate::store::{FeedbackEvent, FeedbackFilter, FeedbackRow};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, Wanted};
use crate::web::problem::Refused;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Where feedback can stand.
pub(in crate::web) const STATES: [&str; 3] = ["open", "answered", "closed"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    screen: String,
    #[serde(default)]
    item: Option<String>,
    text: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    #[serde(default)]
    text: String,
}

fn row(feedback: &FeedbackRow) -> Value {
    json!({
        "id": feedback.id, "state": feedback.state, "pilot": feedback.pilot, "person": feedback.person, "screen": feedback.screen,
        "item": feedback.item, "step": feedback.step, "policy_decision": feedback.decision, "receipt": feedback.receipt,
        "text": feedback.text, "at": feedback.at,
    })
}

fn event(event: &FeedbackEvent) -> Value {
    json!({ "kind": event.kind, "person": event.person, "text": event.text, "at": event.at })
}

async fn standing(call: &Call, id: &FeedbackId, status: StatusCode) -> Result<Answer, Refused> {
    let (feedback, events) = call.app.web.feedback.show(&call.caller, id).await?;
    let mut shown = row(&feedback);
    shown["timeline"] = events.iter().map(event).collect();
    Answer::json_as(status, &shown)
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = Wanted::read::<FeedbackId>(&call, Action::FeedbackRead)?;
    let state = call.query.word("state", &STATES)?;
    let store = &call.app.web.store;
    let ask = |pilot| {
        let (state, after) = (state.clone(), wanted.after.clone());
        let filter = FeedbackFilter { pilot, person: None, state, after, limit: wanted.limit };
        async move { store.feedbacks(&filter).await }
    };
    let page = wanted.gather(ask, |feedback| feedback.id.to_string()).await?;
    page::answer(&page, row)
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    standing(&call, &call.id()?, StatusCode::OK).await
}

pub(super) async fn give(call: Call) -> Result<Answer, Refused> {
    let Given { screen, item, text } = call.json()?;
    let id = call.app.web.feedback.give(&call.caller, Said { screen, item, text, refusal: None }).await?;
    standing(&call, &id, StatusCode::CREATED).await
}

pub(super) async fn answer(call: Call) -> Result<Answer, Refused> {
    let Words { text } = call.json()?;
    let id = call.id()?;
    call.app.web.feedback.answer(&call.caller, &id, &text, false).await?;
    standing(&call, &id, StatusCode::OK).await
}

pub(super) async fn close(call: Call) -> Result<Answer, Refused> {
    let Words { text } = call.json_or_nothing()?;
    let id = call.id()?;
    call.app.web.feedback.answer(&call.caller, &id, &text, true).await?;
    standing(&call, &id, StatusCode::OK).await
}
