//! Runs as they are read.

use crate::domain::id::{RequestId, RunId};
use crate::domain::run::RunState;
use crate::policy::{Action, Kind, Resource};
use crate::store::{RunFilter, RunRow, StepRow};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, Wanted};
use crate::web::problem::Refused;
use serde_json::{Value, json};

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = Wanted::read::<RunId>(&call, Action::RunRead)?;
    let state = call.query.word("state", &RunState::ALL.map(RunState::as_str))?;
    let store = &call.app.web.store;
    let ask = |pilot| {
        let filter = RunFilter { pilot, state: state.clone(), after: wanted.after.clone(), limit: wanted.limit };
        async move { store.runs(&filter).await }
    };
    let page = wanted.gather(ask, |run| run.id.to_string()).await?;
    page::answer(&page, row)
}

fn row(run: &RunRow) -> Value {
    json!({
        "id": run.id, "request": run.request, "pilot": run.pilot, "definition": run.definition, "state": run.state.as_str(),
        "lane": run.lane, "step": run.step, "attempt": run.attempt, "due_at": run.due_at, "waits_for": run.wait_key,
        "code": run.code, "message": run.message, "created_at": run.created_at, "updated_at": run.updated_at,
    })
}

/// A step, its output read.
pub(super) fn step(step: &StepRow) -> Value {
    let output =
        step.output.as_deref().map(|output| serde_json::from_str::<Value>(output).unwrap_or_else(|_| output.into()));
    json!({
        "ordinal": step.ordinal, "name": step.name, "attempt": step.attempt, "state": step.state, "started_at": step.started_at,
        "ended_at": step.ended_at, "output": output, "code": step.code,
    })
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let id: RunId = call.id()?;
    let store = &call.app.web.store;
    let run = store.run(&id).await?;
    let request: RequestId = run.request.parse()?;
    let request = store.request(&request).await?.request;
    call.see(Action::RunRead, &Resource::within(Kind::Run, id.as_str(), &request.tenant, &request.pilot))?;
    let steps: Vec<Value> = store.steps(&id).await?.iter().map(step).collect();
    let mut shown = row(&run);
    if let Some(members) = shown.as_object_mut() {
        members.insert("steps".into(), steps.into());
    }
    Answer::json(&shown)
}
