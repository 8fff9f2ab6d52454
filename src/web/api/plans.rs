//! Plans and taking back: what would be sent, to the byte, approving exactly that, and the way back. Thin: the writeback room does it.
//! INVARIANT: looking at a plan or at a way back connects to nothing and changes nothing.

use super::{briefs, writes, writing};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use crate::writeback::{asked, told, undone};
use serde::Deserialize;
use serde_json::{Value, json};

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
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let brief = briefs::known(&call).await?;
    Answer::json(&told(&call.app.web.writeback.plan(&call.caller, &brief).await?))
}

pub(super) async fn approve(call: Call) -> Result<Answer, Refused> {
    let Approve { plan } = call.json()?;
    let brief = briefs::known(&call).await?;
    let (have, need) = call.app.web.writeback.approve(&call.caller, &brief, &plan).await?;
    Answer::json(&json!({ "brief": brief, "plan": plan, "approvals": { "have": have, "need": need } }))
}

pub(super) async fn way_back(call: Call) -> Result<Answer, Refused> {
    let write = writes::known(&call).await?;
    Answer::json(&undone(&call.app.web.writeback.undo_plan(&call.caller, &write.id).await?))
}

pub(super) async fn undo(call: Call) -> Result<Answer, Refused> {
    let Undo { force } = call.json_or_nothing()?;
    let write = writes::known(&call).await?;
    Answer::json(&undone(&call.app.web.writeback.undo(&call.caller, &write.id, force).await?))
}

pub(super) async fn undo_pilot(call: Call) -> Result<Answer, Refused> {
    let Nothing {} = call.json_or_nothing()?;
    let pilot = writing::known(&call)?;
    let items: Vec<Value> =
        call.app.web.writeback.undo_pilot(&call.caller, &pilot.name).await?.iter().map(asked).collect();
    Answer::json(&json!({ "pilot": pilot.name, "items": items }))
}
