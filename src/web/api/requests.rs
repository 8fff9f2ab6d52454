//! Requests as they are read: lists, one with its text, its raw bytes. INVARIANT: what people see of a request's words is masked by the
//! pilot's present boundary; the bytes as they came are for those who may release a held request.

use crate::domain::id::RequestId;
use crate::policy::{Action, Kind, Resource};
use crate::screen::{Boundary, screen};
use crate::store::{Request, RequestFilter, RequestView};
use crate::web::App;
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::{self, Wanted};
use crate::web::problem::Refused;
use axum::http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

const STATES: [&str; 11] = [
    "queued",
    "drafting",
    "held",
    "in_review",
    "decided",
    "retrying",
    "failed",
    "uncertain",
    "cancelled",
    "dropped",
    "duplicate",
];

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

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let wanted = Wanted::read::<RequestId>(&call, Action::RequestRead)?;
    let (state, source) = (call.query.word("state", &STATES)?, call.query.owned("source"));
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
pub(super) fn row(app: &App, view: &RequestView) -> Value {
    let request = &view.request;
    let shown = |text: &Option<String>| text.as_deref().and_then(|text| masked(app, &request.pilot, text));
    json!({
        "id": request.id, "pilot": request.pilot, "tenant": request.tenant, "source": request.source, "state": view.state,
        "brief_state": view.brief_state, "code": view.code, "message": view.message, "subject": shown(&request.subject),
        "sender_name": shown(&request.sender_name), "organisation": shown(&request.organisation),
        "duplicate_of": request.duplicate_of, "attachments": request.attachments, "submitter": request.submitter,
        "received_at": request.received_at, "accepted_at": request.accepted_at,
    })
}

pub(super) async fn show(call: Call) -> Result<Answer, Refused> {
    let view = find(&call, &call.id()?).await?;
    let request = &view.request;
    let shown = |text: &Option<String>| text.as_deref().and_then(|text| masked(&call.app, &request.pilot, text));
    let files = call.app.web.store.files(&request.id).await?;
    let file = |file: &crate::store::FileRow| {
        let name = masked(&call.app, &request.pilot, &file.name);
        json!({ "name": name, "media_type": file.media_type, "sha256": file.digest, "bytes": file.bytes })
    };
    let mut shown_request = row(&call.app, &view);
    let more = json!({
        "run": request.id.run(), "brief": view.brief_state.as_ref().map(|_| request.id.brief()), "media_type": request.media_type,
        "raw_sha256": request.raw, "external_id": shown(&request.external_id), "sender_email": shown(&request.sender_email),
        "sender_phone": shown(&request.sender_phone), "text": masked(&call.app, &request.pilot, &request.text),
        "files": files.iter().map(file).collect::<Vec<_>>(),
    });
    if let (Some(members), Value::Object(more)) = (shown_request.as_object_mut(), more) {
        members.extend(more);
    }
    Answer::json(&shown_request)
}

pub(super) async fn raw(call: Call) -> Result<Answer, Refused> {
    let view = find(&call, &call.id()?).await?;
    // Whoever may let a held request go on must be able to read what is held; nobody else sees it unmasked.
    let _leave_to_read = call.permit(Action::RequestRelease, &resource(&view.request))?;
    let bytes = call.app.web.store.blob(&view.request.raw).await?;
    let name = format!("attachment; filename=\"{}\"", view.request.id);
    let name = HeaderValue::try_from(name).map_err(|cause| Refused::fault(cause.to_string()))?;
    // The sender's media type is not repeated: nothing that came from outside is to be opened by anything.
    Ok(Answer::new(StatusCode::OK, "application/octet-stream", bytes).header(header::CONTENT_DISPOSITION, name))
}
