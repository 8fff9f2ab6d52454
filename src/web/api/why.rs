//! How a request fared, as one chain in the order of time: its arrival, the steps, the revisions, the decisions and the receipts. Own
//! file because it is the answer to "why did this happen", and draws on everything. INVARIANT: each part is shown only to who may see it,
//! and what is left out is named.

use super::{briefs, receipts, requests};
use crate::domain::id::RequestId;
use crate::domain::review::Reason;
use crate::policy::{Action, Kind, Resource};
use crate::store::{LetterFilter, Request, StoreError};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::problem::Refused;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What happened, when; of two at the same moment the cause stands first.
struct Event {
    at: Timestamp,
    place: u8,
    shown: Value,
}

fn event(at: Timestamp, place: u8, kind: &str, shown: Value) -> Event {
    Event { at, place, shown: json!({ "at": at, "kind": kind, "what": shown }) }
}

pub(super) async fn why(call: Call) -> Result<Answer, Refused> {
    let id: RequestId = call.id()?;
    let view = requests::find(&call, &id).await?;
    let request = &view.request;
    let mut events = vec![event(request.accepted_at, 0, "request", requests::row(&call.app, &view))];
    let mut withheld = Vec::new();
    let may = |action, kind: Kind, id: &str| {
        call.permit(action, &Resource::within(kind, id, &request.tenant, &request.pilot)).is_ok()
    };
    if may(Action::RunRead, Kind::Run, id.run().as_str()) {
        events.extend(steps(&call, &id).await?);
    } else {
        withheld.push("steps");
    }
    if may(Action::BriefRead, Kind::Brief, id.brief().as_str()) {
        events.extend(brief(&call, &id).await?);
    } else {
        withheld.push("revisions and decisions");
    }
    if may(Action::ReceiptRead, Kind::Receipt, id.as_str()) {
        events.extend(written(&call, request).await?);
    } else {
        withheld.push("receipts");
    }
    events.sort_by_key(|event| (event.at, event.place));
    let chain: Vec<Value> = events.into_iter().map(|event| event.shown).collect();
    Answer::json(&json!({ "request": id, "state": view.state, "chain": chain, "withheld": withheld }))
}

async fn steps(call: &Call, id: &RequestId) -> Result<Vec<Event>, Refused> {
    let steps = call.app.web.store.steps(&id.run()).await?;
    Ok(steps.iter().map(|step| event(step.started_at, 1, "step", super::runs::step(step))).collect())
}

async fn brief(call: &Call, id: &RequestId) -> Result<Vec<Event>, Refused> {
    let (store, brief) = (&call.app.web.store, id.brief());
    match store.brief(&brief).await {
        Ok(_) => {}
        Err(StoreError::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    }
    let mut events = Vec::new();
    for revision in store.revisions(&brief).await? {
        events.push(event(revision.at, 2, "revision", briefs::revision(&revision)));
    }
    for made in store.decisions(&brief).await? {
        let shown = json!({
            "id": made.id, "person": made.person, "decision": made.verdict, "revision": made.digest, "number": made.revision,
            "comment": made.comment, "reason": made.reason.map(Reason::as_str), "permit": made.permit,
        });
        events.push(event(made.at, 3, "decision", shown));
    }
    let about = LetterFilter { brief: Some(brief.to_string()), limit: 200, ..LetterFilter::default() };
    for letter in store.letters(&about).await?.items {
        let shown = json!({
            "id": letter.id, "letter": letter.kind, "person": letter.person, "revision": letter.revision, "state": letter.state,
            "attempts": letter.attempt, "message_id": letter.message_id, "code": letter.code, "message": letter.message,
        });
        events.push(event(letter.created_at, 3, "letter", shown));
    }
    for reply in store.replies_about(&brief).await? {
        let shown = json!({
            "id": reply.id, "source": reply.source, "state": reply.state, "mail": reply.raw, "proof": reply.proof,
            "code": reply.code, "message": reply.message,
        });
        events.push(event(reply.received_at, 3, "answer", shown));
    }
    Ok(events)
}

async fn written(call: &Call, request: &Request) -> Result<Vec<Event>, Refused> {
    let rows = call.app.web.store.receipts_of(request.id.as_str()).await?;
    let read = |row: &crate::store::ReceiptRow| {
        let at = receipts::read(row)
            .and_then(|receipt| Timestamp::from_microsecond(receipt.at).ok())
            .unwrap_or(request.accepted_at);
        event(at, 4, "receipt", receipts::show(row))
    };
    Ok(rows.iter().map(read).collect())
}
