//! Briefs as they are read.

use crate::domain::id::BriefId;
use crate::policy::{Action, Kind, Resource};
use crate::store::{BriefFilter, BriefRow};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, Wanted};
use crate::web::problem::Refused;
use serde_json::{Value, json};

const STATES: [&str; 7] = ["open", "amending", "redrafting", "approved", "rejected", "withdrawn", "undecided"];

/// What the policy is asked about a brief that is looked at.
pub(super) fn seen(row: &BriefRow) -> Resource {
    let mut resource = Resource::within(Kind::Brief, row.id.as_str(), &row.tenant, &row.pilot);
    resource.submitter.clone_from(&row.submitter);
    resource
}

/// A brief, when the caller may see it.
pub(super) async fn find(call: &Call) -> Result<(BriefId, BriefRow), Refused> {
    let id: BriefId = call.id()?;
    let row = call.app.web.store.brief(&id).await?;
    call.see(Action::BriefRead, &seen(&row))?;
    Ok((id, row))
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = Wanted::read::<BriefId>(&call, Action::BriefRead)?;
    let state = call.query.word("state", &STATES)?;
    let store = &call.app.web.store;
    let ask = |pilot| {
        let filter = BriefFilter { pilot, state: state.clone(), after: wanted.after.clone(), limit: wanted.limit };
        async move { store.briefs(&filter).await }
    };
    let page = wanted.gather(ask, |row| row.id.to_string()).await?;
    page::answer(&page, row)
}

/// A brief in a list. `revision` is what a decision names.
fn row(row: &BriefRow) -> Value {
    json!({
        "id": row.id, "request": row.id.request(), "pilot": row.pilot, "tenant": row.tenant, "state": row.state.as_str(),
        "revision": row.digest, "number": row.revision, "attempt": row.attempt, "score": row.score, "risk": row.risk,
        "claim": claim(row), "opened_at": row.opened_at, "updated_at": row.updated_at,
    })
}

pub(super) fn claim(row: &BriefRow) -> Value {
    row.claim.as_ref().map_or(Value::Null, |(by, until)| json!({ "by": by, "until": until }))
}
