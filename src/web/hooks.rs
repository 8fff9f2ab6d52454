//! The webhook door: `POST /hooks/{source}`. Own file because it is the road's first step, taken thousands of times a second by clients
//! that nobody knows yet. INVARIANT: `202` is said only of what is on disk; whatever is refused is refused with a reason, and only what
//! passed the receiver's proof reaches intake.

use super::answer::{Answer, Frame, JSON, refuse, respond};
use super::problem::Refused;
use super::wire::Peer;
use super::{App, Hook, body};
use crate::intake::IntakeError;
use crate::store::{Accepted, StoreError};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use futures_util::FutureExt as _;
use opspilot_sdk::{Delivery, Limits};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// For a source that does not exist: it is refused no sooner than one that does.
const UNKNOWN: Limits = Limits { body_bytes: 64 << 10, body_time: Duration::from_secs(10) };

/// Takes a delivery.
pub(super) async fn receive(State(app): State<App>, Path(source): Path<String>, request: Request) -> Response<Body> {
    let id = app.tags.of(request.headers());
    let frame = Frame { id: &id, base_url: &app.web.base_url };
    if request.method() != Method::POST {
        let detail = "deliveries are posted; use `POST`";
        let mut response = refuse(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "OP-9002", detail), frame);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let refused = match AssertUnwindSafe(take(&app, &source, request)).catch_unwind().await {
        Ok(Ok(answer)) => return respond(answer, frame),
        Ok(Err(refused)) => refused,
        Err(_) => Refused::fault("a panic at the webhook door"),
    };
    let known = app.web.hooks.contains_key(&source).then_some(source.as_str());
    app.turned.note(known, &refused.code, id.to_str().unwrap_or_default(), app.web.clock.now());
    refuse(refused, frame)
}

async fn take(app: &App, source: &str, request: Request) -> Result<Answer, Refused> {
    let (head, bytes) = request.into_parts();
    let peer = head.extensions.get::<Arc<Peer>>().map(Arc::as_ref);
    let hook = app.web.hooks.get(source);
    let limits = hook.map_or(UNKNOWN, |hook| hook.receiver.limits());
    let bytes = body::read(&head.headers, bytes, limits.body_bytes, limits.body_time, peer).await?;
    let Some(hook) = hook else {
        return Err(Refused::new(
            StatusCode::NOT_FOUND,
            "OP-9010",
            "there is no webhook source of that name; check the address",
        ));
    };
    app.web.limit.take(source).map_err(Refused::rate)?;
    let envelope = {
        let headers = listed(&head.headers);
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let delivery = Delivery {
            headers: &headers,
            method: head.method.as_str(),
            target,
            base_url: &app.web.base_url,
            from_loopback: super::is_local(peer, &head.headers),
            body: &bytes,
        };
        hook.receiver.receive(&delivery, app.web.clock.now())?
    };
    accept(app, hook, envelope).await
}

async fn accept(app: &App, hook: &Hook, envelope: opspilot_sdk::Envelope) -> Result<Answer, Refused> {
    let accepted = app.web.intake.accept(&hook.door, envelope).await.map_err(refusal)?;
    Ok(answer(&accepted))
}

/// What a sender hears of an error in the house: nothing of pilots and policies, which are none of its business.
fn refusal(error: IntakeError) -> Refused {
    match error {
        IntakeError::NotKept { .. } | IntakeError::Empty | IntakeError::Message(_) => {
            let refused = Refused::from(error);
            Refused { status: StatusCode::BAD_REQUEST, ..refused }
        }
        IntakeError::NoPilot { .. } | IntakeError::Denied(_) => {
            let detail = "this source is not ready to take deliveries; try again later";
            let refused = Refused::new(StatusCode::SERVICE_UNAVAILABLE, "OP-9011", detail).retry(60);
            Refused { cause: Some(error.to_string()), ..refused }
        }
        IntakeError::Store(StoreError::Conflict { .. }) => {
            let detail =
                "a delivery with this id was accepted before with another body; send it under an id of its own";
            Refused::new(StatusCode::CONFLICT, "OP-9012", detail)
        }
        error @ (IntakeError::Crowded { .. } | IntakeError::Store(_)) => error.into(),
    }
}

/// The answer to an accepted delivery; also used for what is handed in by hand.
pub(super) fn answer(accepted: &Accepted) -> Answer {
    let request = accepted.request().as_str();
    let mut body = String::with_capacity(128);
    // Identifiers need no escaping: letters, digits and an underscore.
    for part in [r#"{"request":""#, request, r#"","status":""#, accepted.as_str(), "\""] {
        body.push_str(part);
    }
    if let Accepted::Alike { of, .. } = accepted {
        for part in [r#","duplicate_of":""#, of.as_str(), "\""] {
            body.push_str(part);
        }
    }
    body.push('}');
    let status = if matches!(accepted, Accepted::Repeat(_)) { StatusCode::OK } else { StatusCode::ACCEPTED };
    Answer::new(status, JSON, body)
}

fn listed(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}
