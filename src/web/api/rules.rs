//! Why somebody may or may not do something, and the workflow definitions in use.

use super::{briefs, requests};
use crate::domain::id::{BriefId, RequestId, RunId};
use crate::policy::{Action, Ask, Kind, Principal, Resource};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{reach, whole};
use crate::web::problem::Refused;
use axum::http::StatusCode;
use serde_json::{Value, json};

pub(super) async fn why(call: Call) -> Result<Answer, Refused> {
    let needed =
        || Refused::new(StatusCode::BAD_REQUEST, "OP-9004", "`action` is missing; name one, such as `review.approve`");
    let action: Action = call.query.get("action").ok_or_else(needed)?.parse()?;
    let principal = match call.query.get("user") {
        Some(user) if user != call.caller.name && user != call.caller.user => {
            let _leave = call.permit(Action::UserManage, &Resource::system())?;
            call.app.web.access.person(user).await?
        }
        _ => Principal::clone(&call.caller),
    };
    let resource = named(&call, &principal, action).await?;
    let policies = call.app.web.policies.clone();
    // Searching for the ways to a yes takes up to a thousand decisions.
    let explained = tokio::task::spawn_blocking(move || {
        let explanation = policies.why(&Ask { principal: &principal, action, resource: &resource });
        let text = explanation.to_string();
        json!({ "explanation": explanation, "text": text })
    });
    Answer::json(&explained.await.map_err(|cause| Refused::fault(cause.to_string()))?)
}

/// The thing that `on` names: `system`, `pilot:NAME`, or an identifier of something the caller knows of.
async fn named(call: &Call, principal: &Principal, action: Action) -> Result<Resource, Refused> {
    let (web, on) = (&call.app.web, call.query.get("on").unwrap_or("system"));
    if on == "system" {
        return Ok(Resource::system());
    }
    if let Some(name) = on.strip_prefix("pilot:") {
        let pilot = web.pilots.get(name).ok_or_else(|| Refused::missing("pilot", name))?;
        let mut resource = Resource::pilot(&pilot.name, &pilot.tenant);
        if !call.would_see(Action::RequestRead, &resource) {
            return Err(Refused::missing("pilot", name));
        }
        resource.reviewers = reviewers(call, principal, name);
        return Ok(resource);
    }
    if let Ok(id) = BriefId::parse(on) {
        let row = web.store.brief(&id).await?;
        let mut resource = briefs::seen(&row);
        if !call.would_see(Action::BriefRead, &resource) {
            return Err(Refused::missing("brief", on));
        }
        if action.kinds().contains(&Kind::Review) {
            resource.kind = Kind::Review;
        }
        let now = web.clock.now();
        resource.claimed_by = row.claim.as_ref().filter(|(_, until)| *until > now).map(|(by, _)| by.clone());
        resource.forbid_self_review = web.pilots.get(&row.pilot).is_none_or(|pilot| pilot.forbid_self_review);
        resource.reviewers = reviewers(call, principal, &row.pilot);
        return Ok(resource);
    }
    let (id, kind) = match (RequestId::parse(on), RunId::parse(on)) {
        (Ok(id), _) => (id, Kind::Request),
        (_, Ok(run)) => (RequestId::parse(&web.store.run(&run).await?.request)?, Kind::Run),
        _ => {
            let detail = "`on` must be `system`, `pilot:NAME`, or the id of a request, run or brief";
            return Err(Refused::new(StatusCode::BAD_REQUEST, "OP-9004", detail));
        }
    };
    let mut resource = requests::resource(&web.store.request(&id).await?.request);
    if !call.would_see(Action::RequestRead, &resource) {
        return Err(Refused::missing(kind.as_str(), on));
    }
    resource.kind = kind;
    on.clone_into(&mut resource.id);
    Ok(resource)
}

/// Reviewers are named in the configuration; the policy compares identifiers.
fn reviewers(call: &Call, principal: &Principal, pilot: &str) -> Vec<String> {
    let named = call.app.web.pilots.get(pilot).is_some_and(|pilot| pilot.reviewers.contains(&principal.name));
    named.then(|| principal.user.clone()).into_iter().collect()
}

pub(super) async fn workflows(call: Call) -> Result<Answer, Refused> {
    reach(&call, Action::WorkflowRead, None)?;
    let shown = |definition: &std::sync::Arc<crate::engine::Definition>| -> Value {
        let steps: Vec<Value> =
            definition.steps().iter().map(|step| json!({ "name": step.name, "uses": step.uses })).collect();
        json!({ "name": definition.name(), "description": definition.description(), "hash": definition.hash(), "steps": steps })
    };
    let items: Vec<Value> = call.app.web.workflows.iter().map(shown).collect();
    whole(&items, None)
}
