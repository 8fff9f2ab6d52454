//! Plans and taking back: what would be sent, to the byte, approving exactly that, and the way back. Thin: the writeback room does it.
//! INVARIANT: looking at a plan or at a way back connects to nothing and changes nothing.

use super::{briefs, writes, writing};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use crate::writeback::{Agreed, rolled_back, told, undone};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approve {
    plan: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Undo {
    #[serde(default)]
    force: bool,
    /// Hash of the request that the person was shown; needed where it reaches people outside.
    #[serde(default)]
    plan: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UndoPilot {
    /// Hashes of requests that reach people outside and were shown.
    #[serde(default)]
    plans: Vec<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let brief = briefs::known(&call).await?;
    Answer::json(&told(&call.app.web.writeback.plan(&call.caller, &brief).await?))
}

pub(super) async fn approve(call: Call) -> Result<Answer, Refused> {
    let Approve { plan } = call.json()?;
    let brief = briefs::known(&call).await?;
    let Agreed { approvals: (have, need), hindered } =
        call.app.web.writeback.approve(&call.caller, &brief, &plan).await?;
    let approvals = json!({ "have": have, "need": need });
    Answer::json(&json!({ "brief": brief, "plan": plan, "approvals": approvals, "hindered": hindered }))
}

pub(super) async fn way_back(call: Call) -> Result<Answer, Refused> {
    let write = writes::known(&call).await?;
    Answer::json(&undone(&call.app.web.writeback.undo_plan(&call.caller, &write.id).await?))
}

pub(super) async fn undo(call: Call) -> Result<Answer, Refused> {
    let Undo { force, plan } = call.json_or_nothing()?;
    let write = writes::known(&call).await?;
    Answer::json(&undone(&call.app.web.writeback.undo(&call.caller, &write.id, force, plan.as_deref()).await?))
}

pub(super) async fn undo_pilot(call: Call) -> Result<Answer, Refused> {
    let UndoPilot { plans, dry_run } = call.json_or_nothing()?;
    let pilot = writing::known(&call)?;
    let told = call.app.web.writeback.undo_pilot(&call.caller, &pilot.name, &plans, dry_run).await?;
    Answer::json(&rolled_back(&pilot.name, &told))
}
