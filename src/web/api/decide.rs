//! What people do to briefs: claim, edit, decide. Thin: the review room does it.

use super::briefs;
use crate::brief::Edit;
use crate::domain::id::BriefId;
use crate::domain::review::Verdict;
use crate::policy::Action;
use crate::review::{Check, ReviewError};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    decision: String,
    revision: String,
    #[serde(default)]
    comment: Option<String>,
    /// Why it is rejected, as one of the counted reasons.
    #[serde(default)]
    reason: Option<String>,
    /// Hash of the plan of writes that the person was shown.
    #[serde(default)]
    plan: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    #[serde(default)]
    takeover: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edits {
    from: String,
    edits: Vec<Edit>,
}

pub(super) async fn claim(call: Call) -> Result<Answer, Refused> {
    let Claim { takeover } = call.json_or_nothing()?;
    let id = briefs::known(&call).await?;
    let until = call.app.web.review.claim(&call.caller, &id, takeover).await?;
    Answer::json(&json!({ "brief": id, "claim": { "by": call.caller.user, "name": call.caller.name, "until": until } }))
}

pub(super) async fn let_go(call: Call) -> Result<Answer, Refused> {
    let id = briefs::known(&call).await?;
    call.app.web.review.let_go(&call.caller, &id).await?;
    Answer::json(&json!({ "brief": id, "claim": null }))
}

pub(super) async fn edit(call: Call) -> Result<Answer, Refused> {
    let Edits { from, edits } = call.json()?;
    let id = briefs::known(&call).await?;
    let web = &call.app.web;
    let pilot = web.store.brief(&id).await?.pilot;
    let boundary = web.boundaries.get(&pilot).ok_or(ReviewError::NoPilot { pilot })?;
    let edited = web.review.edit(&call.caller, &id, &from, &edits, boundary).await?;
    Answer::json(&json!({
        "brief": id, "revision": edited.digest, "number": edited.revision, "changes": edited.changes,
        "unverified": edited.content.unverified,
    }))
}

pub(super) async fn decide(call: Call) -> Result<Answer, Refused> {
    let id: BriefId = call.id()?;
    let wanted: Decision = call.json()?;
    let verdict = Verdict::with(&wanted.decision, wanted.comment.as_deref(), wanted.reason.as_deref())?;
    if wanted.plan.is_some() && verdict != Verdict::Approve {
        let detail = "`plan` goes with an approval alone; leave it out";
        return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", detail));
    }
    let outcome =
        call.app.web.review.decide(&call.caller, &id, &verdict, &wanted.revision, wanted.plan.as_deref()).await;
    let decided = match outcome {
        Ok(decided) => decided,
        Err(ReviewError::Denied(denied)) => return Err(hidden(&call, &id, denied.into()).await),
        Err(error) => return Err(error.into()),
    };
    let hindered = match &wanted.plan {
        // The decision stands, whatever can be said of the gate.
        Some(_) if decided.check.is_none() => call.app.web.writeback.hindered(&id).await.ok(),
        _ => None,
    };
    let approvals = decided.approvals.map(|(have, need)| json!({ "have": have, "need": need }));
    Answer::json(&json!({
        "decision": decided.id, "brief": id, "state": decided.state.as_str(), "number": decided.revision,
        "approvals": approvals, "repeated": decided.repeated, "attention_check": decided.check.as_ref().map(check),
        "hindered": hindered,
    }))
}

/// What a check showed, for whoever decided.
pub(super) fn check(check: &Check) -> Value {
    json!({ "fault": check.fault, "caught": check.caught, "words": check.words() })
}

/// Who may not even see a brief is not told that there is one.
async fn hidden(call: &Call, id: &BriefId, refused: Refused) -> Refused {
    match call.app.web.store.brief(id).await {
        Ok(row) if call.would_see(Action::BriefRead, &briefs::seen(&row)) => refused,
        Ok(_) => Refused::missing("brief", id.as_str()),
        Err(error) => error.into(),
    }
}
