//! Items that did not become requests: lists, one with its reason, and taking one in. INVARIANT: nothing here shows what the item says;
//! only reasons, and digests of what is kept.

use crate::domain::id::QuarantineId;
use crate::policy::{Action, Resource};
use crate::store::{AsideState, QuarantineFilter, QuarantineRow};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, Wanted};
use crate::web::problem::Refused;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {}

fn row(call: &Call, item: &QuarantineRow) -> Value {
    // A digest of the bytes lets guesses at what is masked be tried: it is for who may see that anyway.
    let place = (item.tenant.as_str(), item.pilot.as_str());
    let digest =
        call.app.web.review.may_reveal_in(&call.caller, item.id.as_str(), place, None).ok().and(item.raw.as_ref());
    json!({
        "id": item.id, "state": item.state.as_str(), "pilot": item.pilot, "tenant": item.tenant, "source": item.source,
        "place": item.place, "code": item.code, "reason": item.reason, "raw_sha256": digest, "media_type": item.media_type,
        "request": item.request, "received_at": item.received_at, "at": item.at,
    })
}

fn resource(item: &QuarantineRow) -> Resource {
    Resource::pilot(&item.pilot, &item.tenant)
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = Wanted::read::<QuarantineId>(&call, Action::RequestRead)?;
    let (state, source) =
        (call.query.word("state", &AsideState::ALL.map(AsideState::as_str))?, call.query.owned("source"));
    let store = &call.app.web.store;
    let ask = |pilot| {
        let (source, state, after) = (source.clone(), state.clone(), wanted.after.clone());
        let filter = QuarantineFilter { pilot, source, state, after, limit: wanted.limit };
        async move { store.quarantines(&filter).await }
    };
    let page = wanted.gather(ask, |item| item.id.to_string()).await?;
    page::answer(&page, |item| row(&call, item))
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let id: QuarantineId = call.id()?;
    let item = call.app.web.store.quarantine(&id).await?;
    if !call.would_see(Action::RequestRead, &resource(&item)) {
        return Err(Refused::missing("quarantined item", id.as_str()));
    }
    call.see(Action::RequestRead, &resource(&item))?;
    Answer::json(&row(&call, &item))
}

pub(super) async fn retry(call: Call) -> Result<Answer, Refused> {
    let Retry {} = call.json_or_nothing()?;
    let id: QuarantineId = call.id()?;
    let item = call.app.web.store.quarantine(&id).await?;
    if !call.would_see(Action::RequestRead, &resource(&item)) {
        return Err(Refused::missing("quarantined item", id.as_str()));
    }
    let accepted = call.app.web.intake.retry(&call.caller, &id).await?;
    Answer::json(&json!({ "item": id, "request": accepted.request(), "status": accepted.as_str() }))
}
