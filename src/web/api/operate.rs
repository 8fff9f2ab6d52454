//! What people do to held and failed requests and to runs: release, drop, retry, cancel. Thin: the review room does it.

use super::requests::{self, known};
use crate::domain::id::{RequestId, RunId};
use crate::domain::review::MAX_COMMENT_BYTES;
use crate::store::RequestView;
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(default)]
    unmasked: bool,
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Drop {
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    reason: String,
}

/// What people write, trimmed and bounded.
fn words(text: Option<String>) -> Result<Option<String>, Refused> {
    let Some(text) = text else { return Ok(None) };
    if text.len() > MAX_COMMENT_BYTES {
        let detail = format!("the comment is longer than {MAX_COMMENT_BYTES} bytes; shorten it");
        return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", detail));
    }
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// Where the request stands after the act.
async fn standing(call: &Call, id: &RequestId) -> Result<Answer, Refused> {
    let RequestView { state, .. } = call.app.web.store.request(id).await?;
    Answer::json(&json!({ "request": id, "state": state }))
}

pub(super) async fn release(call: Call) -> Result<Answer, Refused> {
    let Release { unmasked, comment } = call.json_or_nothing()?;
    let id = known(&call).await?.request.id;
    call.app.web.review.release(&call.caller, &id, unmasked, words(comment)?).await?;
    standing(&call, &id).await
}

pub(super) async fn drop(call: Call) -> Result<Answer, Refused> {
    let Drop { comment } = call.json_or_nothing()?;
    let id = known(&call).await?.request.id;
    call.app.web.review.drop_request(&call.caller, &id, words(comment)?).await?;
    standing(&call, &id).await
}

pub(super) async fn retry(call: Call) -> Result<Answer, Refused> {
    let Retry {} = call.json_or_nothing()?;
    let request = known(&call).await?.request;
    let definition = call.app.web.intake.start(&request.pilot)?;
    call.app.web.review.retry(&call.caller, &request.id, definition).await?;
    standing(&call, &request.id).await
}

pub(super) async fn cancel(call: Call) -> Result<Answer, Refused> {
    let id: RunId = call.id()?;
    let Cancel { reason } = call.json()?;
    let reason = words(Some(reason))?.ok_or_else(|| {
        Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", "`reason` is empty; say why the run is cancelled")
    })?;
    let row = call.app.web.store.run(&id).await?;
    let request: RequestId = row.request.parse()?;
    let request = call.app.web.store.request(&request).await?.request;
    if !call.would_see(crate::policy::Action::RequestRead, &requests::resource(&request)) {
        return Err(Refused::missing("run", id.as_str()));
    }
    call.app.web.review.cancel(&call.caller, &id, reason).await?;
    let state = call.app.web.store.run(&id).await?.state;
    Answer::json(&json!({ "run": id, "state": state.as_str() }))
}
