//! A call of the interface under `/api/v1`: who asks, for what, with which words. Own file because here every call is signed in, bounded,
//! remembered under its key and kept from taking the daemon down. INVARIANT: no handler runs for anybody unknown, and a handler asks the
//! policy through [`Call::permit`] or a room that does.

use super::answer::{Answer, Frame, refuse, respond};
use super::problem::Refused;
use super::query::Query;
use super::wire::Peer;
use super::{App, body, once};
use crate::domain::id::{NotAnId, PermitId};
use crate::policy::{Action, Ask, Code, Denied, Permit, Principal, Resource};
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use opspilot_sdk::json;
use serde::de::DeserializeOwned;
use std::panic::AssertUnwindSafe;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Largest body of a call, in bytes, and the longest time for it to arrive.
const BODY_BYTES: usize = 1 << 20;
const BODY_TIME: Duration = Duration::from_secs(10);

/// What a handler is.
pub(super) type Handler = fn(Call) -> BoxFuture<'static, Result<Answer, Refused>>;

/// What a call does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Reads,
    /// Something: its answer is remembered under its `Idempotency-Key`.
    Acts,
    /// It puts on record what it shows, each time; the answer holds values and is never remembered.
    Reveals,
}

/// One address and method of the interface.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) effect: Effect,
    /// Query parameters it knows.
    pub(super) query: &'static [&'static str],
    pub(super) run: Handler,
}

/// A call by somebody known.
pub(super) struct Call {
    pub(super) app: App,
    pub(super) caller: Arc<Principal>,
    pub(super) query: Query,
    pub(super) body: Bytes,
    /// The key under which the client repeats this call, when it named one.
    pub(super) key: Option<String>,
    path: Vec<(String, String)>,
    media_type: Option<String>,
}

/// Runs a call.
pub(super) async fn dispatch(app: App, route: Route, path: RawPathParams, request: Request) -> Response<Body> {
    let id = app.tags.of(request.headers());
    let base = Arc::clone(&app.web);
    let frame = Frame { id: &id, base_url: &base.base_url };
    let peer = request.extensions().get::<Arc<Peer>>().cloned();
    let outcome = AssertUnwindSafe(run(app, route, path, request, peer.as_deref())).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err(Refused::fault("a panic in a handler; its place stands above")));
    match outcome {
        Ok(answer) => respond(answer, frame),
        Err(refused) => refuse(refused, frame),
    }
}

async fn run(
    app: App,
    route: Route,
    path: RawPathParams,
    request: Request,
    peer: Option<&Peer>,
) -> Result<Answer, Refused> {
    let (head, body) = request.into_parts();
    let caller = match sign_in(&app, &head.headers).await {
        Ok(caller) => caller,
        Err(refused) => {
            let unread = head.headers.contains_key(header::TRANSFER_ENCODING) || has_body(&head.headers);
            if let (true, Some(peer)) = (unread, peer) {
                peer.linger();
            }
            return Err(refused);
        }
    };
    let body = if route.method == Method::GET {
        Bytes::new()
    } else {
        body::read(&head.headers, body, BODY_BYTES, BODY_TIME, peer).await?
    };
    let query = Query::read(head.uri.query().unwrap_or_default(), route.query)?;
    let key =
        if route.effect == Effect::Acts && route.method == Method::POST { once::key(&head.headers)? } else { None };
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let call = Call { media_type: media_type(&head)?, app, caller, query, body, key, path };
    let Some(key) = call.key.clone() else { return (route.run)(call).await };
    once::run(call, &key, head.uri.path(), route.run).await
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}

fn media_type(head: &Parts) -> Result<Option<String>, Refused> {
    let mut types = head.headers.get_all(header::CONTENT_TYPE).iter();
    let (first, second) = (types.next(), types.next());
    if second.is_some() {
        return Err(unsupported());
    }
    let Some(first) = first else { return Ok(None) };
    let text = first.to_str().map_err(|_| unsupported())?;
    Ok(Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()))
}

fn unsupported() -> Refused {
    Refused::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "OP-9009",
        "the body is not JSON; send it with `content-type: application/json`",
    )
}

/// Asks the policy.
pub(super) fn permit(app: &App, principal: &Principal, action: Action, resource: &Resource) -> Result<Permit, Denied> {
    let web = &app.web;
    let id = PermitId::new(web.clock.now(), web.store.chance());
    web.policies.permit(&Ask { principal, action, resource }, id.to_string())
}

/// Who holds the token of a request.
pub(super) async fn sign_in(app: &App, headers: &HeaderMap) -> Result<Arc<Principal>, Refused> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let token = match (given.next(), given.next()) {
        (Some(one), None) => one.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        }),
        _ => None,
    };
    app.web.access.principal(token.unwrap_or_default()).await.map_err(|error| match error {
        // A stored role that is none is a fault of ours, whatever the token.
        crate::access::AccessError::Malformed { what } => Refused::fault(what),
        error => error.into(),
    })
}

impl Call {
    /// A call by somebody signed in at the desk: all that they may, and nothing remembered under a key.
    pub(super) fn at_desk(app: App, caller: Arc<Principal>, query: Query, path: Vec<(String, String)>) -> Self {
        Self { app, caller, query, body: Bytes::new(), key: None, path, media_type: None }
    }

    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> &str {
        self.path.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.as_str())
    }

    /// The identifier in the path.
    pub(super) fn id<T: FromStr<Err = NotAnId>>(&self) -> Result<T, Refused> {
        Ok(self.part("id").parse()?)
    }

    /// The body, when it is JSON of the right shape.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        if self.media_type.as_deref() != Some("application/json") {
            return Err(unsupported());
        }
        // The decoder would also take a list for an object, by the order of its members.
        if self.body.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| matches!(first, b'[')) {
            let detail = "the body must be a JSON object, with its members by name";
            return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", detail));
        }
        json::read(&self.body).map_err(|fault| {
            if fault.is_data {
                let detail = format!("the body is not what is wanted here: {fault}; docs/api.md shows its form");
                return Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", detail);
            }
            let detail = format!("the body is not JSON: {fault}; check how it is built");
            Refused::new(StatusCode::BAD_REQUEST, "OP-9013", detail)
        })
    }

    /// As [`Self::json`], where everything in the body may be left out, and so the body.
    pub(super) fn json_or_nothing<T: DeserializeOwned + Default>(&self) -> Result<T, Refused> {
        if self.body.is_empty() { Ok(T::default()) } else { self.json() }
    }

    /// Asks the policy.
    pub(super) fn permit(&self, action: Action, resource: &Resource) -> Result<Permit, Denied> {
        permit(&self.app, &self.caller, action, resource)
    }

    /// Leave to see one thing. Whoever may not see it hears what they would hear if it were not there, unless it is only their token
    /// that is too narrow.
    pub(super) fn see(&self, action: Action, resource: &Resource) -> Result<(), Refused> {
        let denied = match self.permit(action, resource) {
            Ok(_leave) => return Ok(()),
            Err(denied) => denied,
        };
        if denied.code() != Code::Denied || self.would_see(action, resource) {
            return Err(denied.into());
        }
        Err(Refused::missing(resource.kind.as_str(), &resource.id))
    }

    /// Whether the person, whatever token they use, may know of a thing. Without policies in force nobody is refused sight of this
    /// thing in particular: the act, which asks for its own leave, then says what is wrong.
    pub(super) fn would_see(&self, action: Action, resource: &Resource) -> bool {
        let person = Principal { token_scopes: None, ..Principal::clone(&self.caller) };
        permit(&self.app, &person, action, resource).map_or_else(|denied| denied.code() != Code::Denied, |_leave| true)
    }
}
