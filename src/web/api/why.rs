//! How a request fared, as one chain in the order of time: its arrival, the steps, the revisions, the decisions and the receipts. Own file
//! because it is the answer to "why did this happen", and draws on everything. INVARIANT: each part is shown only to who may see it,
//! and what is left out is named.

use super::{briefs, receipts, requests};
use crate::domain::id::RequestId;
use crate::domain::review::Reason;
use crate::policy::{Action, Kind, Resource};
use crate::timeline::{Chain, Sight, Subject};
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

/// The chain of a request, as far as the caller may see it.
pub(in crate::web) async fn read(call: &Call, id: &RequestId) -> Result<Chain, Refused> {
    let request = requests::find(call, id).await?.request;
    let may = |action, kind: Kind, id: &str| {
        call.permit(action, &Resource::within(kind, id, &request.tenant, &request.pilot)).is_ok()
    };
    let pilot = |action| call.permit(action, &Resource::pilot(&request.pilot, &request.tenant)).is_ok();
    let has = |subject: &Subject| match subject {
        Subject::Request => true,
        Subject::Steps => may(Action::RunRead, Kind::Run, id.run().as_str()),
        Subject::Review => may(Action::BriefRead, Kind::Brief, id.brief().as_str()),
        Subject::Mail => pilot(Action::LetterRead),
        Subject::Spend => pilot(Action::SpendRead),
        Subject::Writes => may(Action::WritebackRead, Kind::Brief, id.brief().as_str()),
    };
    let subjects = Subject::ALL.into_iter().filter(has).collect();
    let receipts = may(Action::ReceiptRead, Kind::Receipt, id.as_str());
    let digests = call.app.web.review.may_reveal(&call.caller, &request).is_ok();
    Ok(Chain::read(&call.app.web.store, id, Sight { subjects, receipts, digests }).await?)
}

pub(super) async fn why(call: Call) -> Result<Answer, Refused> {
    let id: RequestId = call.id()?;
    let chain = read(&call, &id).await?;
    let view = &chain.view;
    let mut events = vec![event(view.request.accepted_at, 0, "request", requests::row(&call.app, view))];
    events.extend(chain.steps.iter().map(|step| event(step.started_at, 1, "step", super::runs::step(step))));
    events.extend(chain.revisions.iter().map(|made| event(made.at, 2, "revision", briefs::revision(made))));
    events.extend(decisions(&chain));
    events.extend(mail(&chain));
    events.extend(receipts_of(&chain));
    events.sort_by_key(|event| (event.at, event.place));
    let shown: Vec<Value> = events.into_iter().map(|event| event.shown).collect();
    Answer::json(&json!({ "request": id, "state": view.state, "chain": shown, "withheld": chain.sight.withheld() }))
}

fn decisions(chain: &Chain) -> impl Iterator<Item = Event> {
    chain.decisions.iter().map(|made| {
        let shown = json!({
            "id": made.id, "person": made.person, "decision": made.verdict, "revision": made.digest, "number": made.revision,
            "comment": made.comment, "reason": made.reason.map(Reason::as_str), "permit": made.permit,
        });
        event(made.at, 3, "decision", shown)
    })
}

fn mail(chain: &Chain) -> impl Iterator<Item = Event> {
    let letters = chain.letters.iter().map(|letter| {
        let shown = json!({
            "id": letter.id, "letter": letter.kind, "person": letter.person, "revision": letter.revision, "state": letter.state,
            "attempts": letter.attempt, "message_id": letter.message_id, "code": letter.code, "message": letter.message,
        });
        event(letter.created_at, 3, "letter", shown)
    });
    let replies = chain.replies.iter().map(|reply| {
        let shown = json!({
            "id": reply.id, "source": reply.source, "state": reply.state, "mail": reply.raw, "proof": reply.proof,
            "code": reply.code, "message": reply.message,
        });
        event(reply.received_at, 3, "answer", shown)
    });
    letters.chain(replies)
}

fn receipts_of(chain: &Chain) -> impl Iterator<Item = Event> {
    chain.receipts.iter().map(|row| {
        let at = receipts::read(row).and_then(|receipt| Timestamp::from_microsecond(receipt.at).ok());
        let shown = receipts::show(row, chain.sight.digests);
        event(at.unwrap_or(chain.view.request.accepted_at), 4, "receipt", shown)
    })
}
