//! Writes into systems outside: lists, one with the exact request and the record three ways, and rulings upon one. Thin: the writeback room
//! does it. INVARIANT: what was or will be sent is shown to those alone who may read the brief's writes.

use super::briefs;
use crate::domain::id::WriteId;
use crate::domain::writeback::WriteState;
use crate::policy::{Action, Resource};
use crate::store::{WriteFilter, WriteRow};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, Wanted};
use crate::web::problem::Refused;
use crate::writeback::{Became, row, story};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    outcome: Outcome,
    #[serde(default)]
    far_id: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Went,
    DidNotGo,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    sink: String,
    /// `null` takes the name away.
    #[serde(deserialize_with = "Option::deserialize")]
    record: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What a write is to a policy: a thing of its pilot.
fn resource(write: &WriteRow) -> Resource {
    Resource::pilot(&write.pilot, &write.tenant)
}

/// The write of the path; for whoever may not see it there is none.
pub(super) async fn known(call: &Call) -> Result<WriteRow, Refused> {
    let id: WriteId = call.id()?;
    let write = call.app.web.store.write(&id).await?;
    if !call.would_see(Action::WritebackRead, &resource(&write)) {
        return Err(Refused::missing("write", id.as_str()));
    }
    Ok(write)
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = Wanted::read::<WriteId>(&call, Action::WritebackRead)?;
    let words = WriteState::ALL.map(WriteState::as_str);
    let state = call.query.word("state", &words)?.as_deref().and_then(WriteState::parse);
    let (sink, brief) = (call.query.owned("sink"), call.query.owned("brief"));
    let store = &call.app.web.store;
    let ask = |pilot| {
        let (sink, brief, after) = (sink.clone(), brief.clone(), wanted.after.clone());
        let filter = WriteFilter { pilot, state, sink, brief, after, limit: wanted.limit };
        async move { store.writes(&filter).await }
    };
    let page = wanted.gather(ask, |write| write.id.to_string()).await?;
    page::answer(&page, row)
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let write = known(&call).await?;
    call.see(Action::WritebackRead, &resource(&write))?;
    Answer::json(&story(&call.app.web.writing.story(&write.id).await?))
}

pub(super) async fn settle(call: Call) -> Result<Answer, Refused> {
    let Settle { outcome, far_id } = call.json()?;
    let became = match (outcome, far_id) {
        (Outcome::Went, far_id) => Became::Went { far_id },
        (Outcome::DidNotGo, None) => Became::DidNotGo,
        (Outcome::DidNotGo, Some(_)) => {
            let detail = "`far_id` names what was made; leave it out where nothing was";
            return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", detail));
        }
    };
    let write = known(&call).await?;
    Answer::json(&row(&call.app.web.writing.settle(&call.caller, &write.id, became).await?))
}

pub(super) async fn retry(call: Call) -> Result<Answer, Refused> {
    let Nothing {} = call.json_or_nothing()?;
    let write = known(&call).await?;
    Answer::json(&row(&call.app.web.writing.retry(&call.caller, &write.id).await?))
}

pub(super) async fn cancel(call: Call) -> Result<Answer, Refused> {
    let Nothing {} = call.json_or_nothing()?;
    let write = known(&call).await?;
    Answer::json(&row(&call.app.web.writing.cancel(&call.caller, &write.id).await?))
}

pub(super) async fn target(call: Call) -> Result<Answer, Refused> {
    let Target { sink, record } = call.json()?;
    let brief = briefs::known(&call).await?;
    let targets = call.app.web.writing.target(&call.caller, &brief, &sink, record.as_deref()).await?;
    Answer::json(&json!({ "brief": brief, "targets": targets }))
}
