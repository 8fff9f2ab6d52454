//! Rows as JSON. Own file because lists and single views show the same members, and scripts rely on their names. INVARIANT: times are
//! RFC 3339 in UTC, identifiers are text, what is absent is null.

use super::setup::Setup;
use crate::access::Made;
use crate::daemon::House;
use crate::domain::review::Reason;
use crate::review::Particulars;
use crate::screen::{Boundary, Found, screen};
use crate::store::{
    BriefRow, DecisionRow, FileRow, Page, PersonRow, ReceiptRow, Request, RequestView, RevisionRow, RunRow, SessionRow,
    StepRow, TokenRow,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Words of a request as they may be shown: with the masks of its pilot's boundary, which the interface over HTTP shows too.
#[derive(Clone, Copy)]
pub(crate) struct Masks<'a>(pub(crate) &'a BTreeMap<String, Boundary>);

impl Masks<'_> {
    /// The text with its masks, as long as it was; nothing when the pilot is not configured, so that nobody can say what is refused.
    pub(crate) fn of(self, pilot: &str, text: &str) -> Option<String> {
        self.0.get(pilot).map(|boundary| screen(text, boundary).text.into_owned())
    }

    /// A request's particulars with their masks.
    pub(crate) fn particulars(self, request: &Request) -> Particulars {
        self.0.get(&request.pilot).map(|boundary| Particulars::of(request, boundary)).unwrap_or_default()
    }

    /// The same for what may be absent.
    pub(crate) fn maybe(self, pilot: &str, text: Option<&str>) -> Option<String> {
        text.and_then(|text| self.of(pilot, text))
    }
}

/// A page: its items, and where the next begins.
pub(crate) fn page<T>(page: &Page<T>, item: impl Fn(&T) -> Value) -> Value {
    json!({ "items": page.items.iter().map(item).collect::<Vec<_>>(), "next": page.next })
}

/// A request and where it stands.
pub(crate) fn request(view: &RequestView, masks: Masks<'_>) -> Value {
    let request = &view.request;
    let particulars = masks.particulars(request);
    json!({
        "id": request.id.as_str(), "state": view.state, "brief_state": view.brief_state, "code": view.code, "message": view.message,
        "pilot": request.pilot, "tenant": request.tenant, "source": request.source, "external_id": particulars.external_id,
        "submitter": request.submitter, "media_type": request.media_type,
        "sender_name": particulars.sender_name, "sender_email": particulars.sender_email, "sender_phone": particulars.sender_phone,
        "organisation": particulars.organisation, "subject": particulars.subject,
        "duplicate_of": request.duplicate_of.as_ref().map(|id| id.as_str()),
        "attachments": request.attachments, "received_at": request.received_at, "accepted_at": request.accepted_at,
        "brief": view.brief_state.as_ref().map(|_| request.id.brief()), "run": request.id.run().as_str(),
    })
}

/// A finding without its value.
pub(crate) fn found(found: &Found) -> Value {
    json!({
        "number": found.number, "kind": found.finding.kind, "attachment": found.attachment, "start": found.start, "end": found.end,
        "treatment": found.treatment.name(), "detector": found.finding.detector, "why": found.finding.why,
    })
}

/// A file that came along; its digest for who may see what is masked.
pub(crate) fn file(file: &FileRow, pilot: &str, masks: Masks<'_>, digests: bool) -> Value {
    let digest = digests.then_some(&file.digest);
    json!({ "name": masks.of(pilot, &file.name), "media_type": file.media_type, "sha256": digest, "bytes": file.bytes })
}

/// Whether plain digests of a request's words are shown: to who may see what is masked in it. Nobody who is not signed in may.
pub(crate) async fn digests(setup: &Setup, house: &House, request: &Request) -> bool {
    let Ok(principal) = setup.principal(house).await else { return false };
    house.review.may_reveal(&principal, request).is_ok()
}

/// A brief and where it stands in review.
pub(crate) fn brief(row: &BriefRow) -> Value {
    let claim = row.claim.as_ref().map(|(by, until)| json!({ "by": by, "until": until }));
    json!({
        "id": row.id.as_str(), "request": row.id.request().as_str(), "state": row.state.as_str(), "pilot": row.pilot, "tenant": row.tenant,
        "revision": row.digest, "number": row.revision, "attempt": row.attempt, "score": row.score, "risk": row.risk, "claim": claim,
        "opened_at": row.opened_at, "updated_at": row.updated_at,
    })
}

/// A revision without its content.
pub(crate) fn revision(row: &RevisionRow) -> Value {
    let generator: Value = serde_json::from_str(&row.generator).unwrap_or(Value::Null);
    json!({ "number": row.number, "revision": row.digest, "author": row.author, "generator": generator, "at": row.at })
}

/// A decision.
pub(crate) fn decision(row: &DecisionRow) -> Value {
    json!({
        "id": row.id, "number": row.revision, "revision": row.digest, "person": row.person, "decision": row.verdict, "comment": row.comment, "reason": row.reason.map(Reason::as_str),
        "permit": row.permit, "at": row.at,
    })
}

/// A run.
pub(crate) fn run(row: &RunRow) -> Value {
    json!({
        "id": row.id.as_str(), "request": row.request, "pilot": row.pilot, "definition": row.definition, "state": row.state.as_str(),
        "lane": row.lane, "step": row.step, "attempt": row.attempt, "due_at": row.due_at, "waits_for": row.wait_key, "code": row.code,
        "message": row.message, "created_at": row.created_at, "updated_at": row.updated_at,
    })
}

/// A step of a run.
pub(crate) fn step(row: &StepRow) -> Value {
    let output =
        row.output.as_deref().map(|output| serde_json::from_str(output).unwrap_or_else(|_| Value::from(output)));
    json!({
        "ordinal": row.ordinal, "name": row.name, "attempt": row.attempt, "state": row.state, "started_at": row.started_at,
        "ended_at": row.ended_at, "output": output, "code": row.code,
    })
}

/// A receipt: the very object that was signed for.
pub(crate) fn receipt(row: &ReceiptRow) -> Value {
    serde_json::from_slice(&row.bytes).unwrap_or_else(|_| json!({ "seq": row.seq, "unreadable": true }))
}

/// A person.
pub(crate) fn person(row: &PersonRow) -> Value {
    let grants: Vec<Value> = row.grants.iter().map(|(role, scope)| json!({ "role": role, "scope": scope })).collect();
    json!({
        "id": row.id.as_str(), "name": row.name, "email": row.email(), "emails": row.emails, "kind": row.kind, "disabled": row.disabled, "digest": row.digest,
        "grants": grants, "added_at": row.added_at,
    })
}

/// A signed-in browser.
pub(crate) fn session(row: &SessionRow) -> Value {
    json!({
        "id": row.id.as_str(), "user": row.person.as_str(), "via": row.via, "agent": row.agent, "address": row.address,
        "opened_at": row.opened_at, "seen_at": row.seen_at, "until": row.until,
    })
}

/// A token, without its secret.
pub(crate) fn token(row: &TokenRow) -> Value {
    let scopes: Option<Vec<&str>> = row.scopes.as_deref().map(|scopes| scopes.split_whitespace().collect());
    json!({
        "id": row.id.as_str(), "user": row.person.as_str(), "name": row.name, "scopes": scopes, "created_at": row.created_at,
        "expires_at": row.expires_at, "revoked_at": row.revoked_at,
    })
}

/// A token just made: the only time its secret is shown.
pub(crate) fn made(made: &Made) -> Value {
    json!({ "id": made.id.as_str(), "secret": made.secret })
}
