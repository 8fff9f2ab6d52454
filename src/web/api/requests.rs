//! Requests as they are read: lists, one with its text, its masked values, its raw bytes. INVARIANT: what people see of a request's words
//! is masked by the pilot's present boundary; the values behind masks and the bytes as they came are revealed, which leaves a receipt.

use crate::domain::id::RequestId;
use crate::policy::{Action, Kind, Resource};
use crate::review::{Particulars, ReviewError, Seen};
use crate::screen::{Boundary, Found, screen};
use crate::store::{REQUEST_STATES, Request, RequestFilter, RequestView};
use crate::web::App;
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, Wanted};
use crate::web::problem::Refused;
use axum::http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the policy is asked about a request.
pub(super) fn resource(request: &Request) -> Resource {
    let mut resource = Resource::within(Kind::Request, request.id.as_str(), &request.tenant, &request.pilot);
    resource.submitter.clone_from(&request.submitter);
    resource
}

/// A request, when the caller may see it.
pub(super) async fn find(call: &Call, id: &RequestId) -> Result<RequestView, Refused> {
    let view = call.app.web.store.request(id).await?;
    call.see(Action::RequestRead, &resource(&view.request))?;
    Ok(view)
}

/// The same for whoever is about to act on it: the act asks for its own leave, here only whether the person knows of it.
pub(super) async fn known(call: &Call) -> Result<RequestView, Refused> {
    let id: RequestId = call.id()?;
    let view = call.app.web.store.request(&id).await?;
    if call.would_see(Action::RequestRead, &resource(&view.request)) {
        Ok(view)
    } else {
        Err(Refused::missing("request", id.as_str()))
    }
}

/// Words of a request behind the masks of its pilot's boundary; none for a pilot that is no longer configured.
pub(super) fn masked(app: &App, pilot: &str, text: &str) -> Option<String> {
    let boundary: &Boundary = app.web.boundaries.get(pilot)?;
    Some(screen(text, boundary).text.into_owned())
}

/// The first line of a request that says something, masked: what it is called where it has no subject.
pub(in crate::web) fn first_words(app: &App, request: &Request) -> Option<String> {
    first_line(&masked(app, &request.pilot, &request.text)?)
}

/// The first line of a text that says something.
pub(in crate::web) fn first_line(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split_whitespace().nth(2).is_some())?;
    let words: String = line.chars().take(80).collect();
    Some(if words.len() < line.len() { format!("{}…", words.trim_end()) } else { words })
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = Wanted::read::<RequestId>(&call, Action::RequestRead)?;
    let (state, source) = (call.query.word("state", &REQUEST_STATES)?, call.query.owned("source"));
    let store = &call.app.web.store;
    let ask = |pilot| {
        let (source, state, after) = (source.clone(), state.clone(), wanted.after.clone());
        let filter = RequestFilter { pilot, source, state, after, limit: wanted.limit };
        async move { store.requests(&filter).await }
    };
    let page = wanted.gather(ask, |view| view.request.id.to_string()).await?;
    page::answer(&page, |view| row(&call.app, view))
}

/// A request in a list.
pub(in crate::web) fn row(app: &App, view: &RequestView) -> Value {
    let boundary = app.web.boundaries.get(&view.request.pilot);
    members(view, &boundary.map(|boundary| Particulars::of(&view.request, boundary)).unwrap_or_default())
}

fn members(view: &RequestView, particulars: &Particulars) -> Value {
    let request = &view.request;
    json!({
        "id": request.id, "pilot": request.pilot, "tenant": request.tenant, "source": request.source, "state": view.state,
        "brief_state": view.brief_state, "code": view.code, "message": view.message, "subject": particulars.subject,
        "sender_name": particulars.sender_name, "organisation": particulars.organisation,
        "duplicate_of": request.duplicate_of, "attachments": request.attachments, "submitter": request.submitter,
        "received_at": request.received_at, "accepted_at": request.accepted_at,
    })
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let view = find(&call, &call.id()?).await?;
    let request = &view.request;
    let store = &call.app.web.store;
    let files = store.files(&request.id).await?;
    let seen = match call.app.web.boundaries.get(&request.pilot) {
        Some(boundary) => Some(Seen::read(store, request, boundary).await?),
        None => None,
    };
    let particulars = seen.as_ref().map(|seen| seen.particulars.clone()).unwrap_or_default();
    let found = seen.as_ref().map(|seen| seen.found.iter().map(finding).collect::<Vec<_>>());
    // A digest of the bytes lets guesses at what is masked be tried: it is for who may see that anyway.
    let digests = call.app.web.review.may_reveal(&call.caller, request).is_ok();
    let file = |(place, file): (usize, &crate::store::FileRow)| {
        let name = masked(&call.app, &request.pilot, &file.name);
        let read = seen.as_ref().and_then(|seen| seen.attached.iter().find(|read| read.ordinal as usize == place + 1));
        let unread = read.and_then(|read| read.text.as_ref().err());
        json!({
            "name": name, "media_type": file.media_type, "sha256": digests.then_some(&file.digest), "bytes": file.bytes,
            "read": read.is_some_and(|read| read.text.is_ok()), "unread": unread,
        })
    };
    let mut shown_request = members(&view, &particulars);
    let more = json!({
        "run": request.id.run(), "brief": view.brief_state.as_ref().map(|_| request.id.brief()), "media_type": request.media_type,
        "raw_sha256": digests.then_some(&request.raw), "external_id": particulars.external_id, "sender_email": particulars.sender_email,
        "sender_phone": particulars.sender_phone, "text": seen.as_ref().map(|seen| seen.text.as_str()),
        "verdict": seen.as_ref().map(|seen| seen.verdict), "findings": found,
        "files": files.iter().enumerate().map(file).collect::<Vec<_>>(),
    });
    if let (Some(members), Value::Object(more)) = (shown_request.as_object_mut(), more) {
        members.extend(more);
    }
    Answer::json(&shown_request)
}

/// A finding without its value.
fn finding(found: &Found) -> Value {
    json!({
        "number": found.number, "kind": found.finding.kind, "attachment": found.attachment, "start": found.start, "end": found.end,
        "treatment": found.treatment.name(), "detector": found.finding.detector, "why": found.finding.why,
    })
}

pub(super) async fn raw(call: Call) -> Result<Answer, Refused> {
    let view = find(&call, &call.id()?).await?;
    let bytes = call.app.web.review.reveal_raw(&call.caller, &view.request).await?;
    let name = format!("attachment; filename=\"{}\"", view.request.id);
    let name = HeaderValue::try_from(name).map_err(|cause| Refused::fault(cause.to_string()))?;
    // The sender's media type is not repeated: nothing that came from outside is to be opened by anything.
    Ok(Answer::new(StatusCode::OK, "application/octet-stream", bytes).header(header::CONTENT_DISPOSITION, name))
}

/// Which of a request's files, counted from 1.
pub(in crate::web) fn number(call: &Call) -> Result<usize, Refused> {
    let word = call.part("number");
    word.parse().map_err(|_| Refused::missing("file", word))
}

pub(super) async fn file(call: Call) -> Result<Answer, Refused> {
    let request = find(&call, &call.id()?).await?.request;
    let number = number(&call)?;
    let store = &call.app.web.store;
    let files = store.files(&request.id).await?;
    let file = number.checked_sub(1).and_then(|place| files.get(place));
    let file = file.ok_or_else(|| Refused::missing("file", &number.to_string()))?;
    let pilot = request.pilot.clone();
    let boundary = call.app.web.boundaries.get(&pilot).ok_or(ReviewError::NoPilot { pilot })?;
    let seen = Seen::read(store, &request, boundary).await?;
    let (text, unread) = match seen.file(number, boundary) {
        Some(Ok(text)) => (Some(text), None),
        Some(Err(why)) => (None, Some(why.to_owned())),
        None => (None, None),
    };
    let digest = call.app.web.review.may_reveal(&call.caller, &request).is_ok().then_some(&file.digest);
    Answer::json(&json!({
        "request": request.id, "number": number, "name": masked(&call.app, &request.pilot, &file.name), "media_type": file.media_type,
        "sha256": digest, "bytes": file.bytes, "text": text, "unread": unread,
    }))
}

pub(super) async fn file_bytes(call: Call) -> Result<Answer, Refused> {
    let request = find(&call, &call.id()?).await?.request;
    file_as_it_came(&call, &request, number(&call)?).await
}

/// The bytes of a file, on record first. The sender's media type and name are not repeated: nothing that came from outside is to be opened
/// by what it claims to be, and nothing in it runs where a browser shows it all the same.
pub(in crate::web) async fn file_as_it_came(call: &Call, request: &Request, number: usize) -> Result<Answer, Refused> {
    let bytes = call.app.web.review.reveal_file(&call.caller, request, number).await?;
    let name = format!("attachment; filename=\"{}-{number}\"", request.id);
    let name = HeaderValue::try_from(name).map_err(|cause| Refused::fault(cause.to_string()))?;
    let policy = HeaderValue::from_static(
        "sandbox; default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    );
    Ok(Answer::new(StatusCode::OK, "application/octet-stream", bytes)
        .header(header::CONTENT_DISPOSITION, name)
        .header(header::CONTENT_SECURITY_POLICY, policy))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    findings: Vec<u32>,
}

pub(super) async fn reveal(call: Call) -> Result<Answer, Refused> {
    let Wish { findings } = call.json_or_nothing()?;
    let request = known(&call).await?.request;
    let web = &call.app.web;
    let pilot = request.pilot.clone();
    let boundary = web.boundaries.get(&pilot).ok_or(ReviewError::NoPilot { pilot })?;
    let revealed = web.review.reveal(&call.caller, &request.id, boundary, &findings).await?;
    Answer::json(&json!({ "request": request.id, "revealed": revealed }))
}
