//! What people do to briefs: decide. Thin: the review room does it.

use super::briefs;
use crate::domain::id::BriefId;
use crate::domain::review::Verdict;
use crate::policy::Action;
use crate::review::ReviewError;
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    decision: String,
    revision: String,
    #[serde(default)]
    comment: Option<String>,
}

pub(super) async fn decide(call: Call) -> Result<Answer, Refused> {
    let id: BriefId = call.id()?;
    let wanted: Decision = call.json()?;
    let verdict = Verdict::parse(&wanted.decision, wanted.comment.as_deref())?;
    let outcome = call.app.web.review.decide(&call.caller, &id, &verdict, &wanted.revision).await;
    let decided = match outcome {
        Ok(decided) => decided,
        Err(ReviewError::Denied(denied)) => return Err(hidden(&call, &id, denied.into()).await),
        Err(error) => return Err(error.into()),
    };
    let approvals = decided.approvals.map(|(have, need)| json!({ "have": have, "need": need }));
    Answer::json(&json!({
        "decision": decided.id, "brief": id, "state": decided.state.as_str(), "number": decided.revision,
        "approvals": approvals, "repeated": decided.repeated,
    }))
}

/// Who may not even see a brief is not told that there is one.
async fn hidden(call: &Call, id: &BriefId, refused: Refused) -> Refused {
    match call.app.web.store.brief(id).await {
        Ok(row) if call.would_see(Action::BriefRead, &briefs::seen(&row)) => refused,
        Ok(_) => Refused::missing("brief", id.as_str()),
        Err(error) => error.into(),
    }
}
