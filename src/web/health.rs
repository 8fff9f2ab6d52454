//! What machines around the daemon ask: does it live, is it ready, its measurements. Own file because none of these needs a token. INVARIANT: strangers learn whether it is ready, not why it is not.

use super::answer::{Answer, Frame, refuse, respond};
use super::call::sign_in;
use super::problem::Refused;
use super::wire::Peer;
use super::{App, Check, is_local};
use crate::domain::id::PermitId;
use crate::pages;
use crate::policy::{Action, Ask, Resource, Standing};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The store must answer within this time to be called ready.
const STORE_TIME: Duration = Duration::from_secs(1);
/// A commit that lasts longer than this waits for something that does not come: who sends would wait as long.
const COMMIT_TIME: Duration = Duration::from_secs(3);
/// Checks that decide; whatever else is listed is for people.
const DECIDING: [&str; 3] = ["store", "policy", "disk"];

/// The interface, written down (OpenAPI 3.1).
pub(super) const OPENAPI: &str = include_str!("openapi.json");

fn local(request: &Request) -> bool {
    is_local(request.extensions().get::<Arc<Peer>>().map(Arc::as_ref), request.headers())
}

fn framed(app: &App, headers: &HeaderMap, outcome: Result<Answer, Refused>) -> Response<Body> {
    let id = app.tags.of(headers);
    let frame = Frame { id: &id, base_url: &app.web.base_url };
    match outcome {
        Ok(answer) => respond(answer, frame),
        Err(refused) => refuse(refused, frame),
    }
}

/// The process lives.
pub(super) async fn live(State(app): State<App>, request: Request) -> Response<Body> {
    framed(&app, request.headers(), Ok(Answer::new(StatusCode::OK, super::answer::JSON, r#"{"status":"alive"}"#)))
}

/// The daemon can take requests.
pub(super) async fn ready(State(app): State<App>, request: Request) -> Response<Body> {
    let mut checks = vec![store(&app).await, policy(&app)];
    checks.extend((app.web.ready)());
    let ready = checks.iter().all(|check| check.ok || !DECIDING.contains(&check.name.as_str()));
    let near = local(&request);
    let show = |check: &Check| -> Value {
        let mut shown = json!({ "name": check.name, "ok": check.ok });
        if near && let Some(members) = shown.as_object_mut() {
            members.insert("detail".into(), check.detail.clone().into());
        }
        shown
    };
    let checks: Vec<Value> = checks.iter().map(show).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if ready { "ready" } else { "not ready" };
    framed(&app, request.headers(), Answer::json_as(status, &json!({ "status": word, "checks": checks })))
}

async fn store(app: &App) -> Check {
    let (ok, detail) = match tokio::time::timeout(STORE_TIME, app.web.store.ping()).await {
        Ok(Ok(())) => match app.web.store.committing_for() {
            long if long > COMMIT_TIME => {
                let seconds = long.as_secs();
                (false, format!("a commit has lasted {seconds} s; see who else holds the database"))
            }
            _ => (true, String::new()),
        },
        Ok(Err(cause)) => (false, cause.to_string()),
        Err(_) => (false, "the store does not answer within a second".to_owned()),
    };
    Check { name: "store".to_owned(), ok, detail }
}

fn policy(app: &App) -> Check {
    let (ok, detail) = match app.web.policies.standing() {
        Standing::Ready { hash, version } => (true, format!("version {version}, {hash}")),
        Standing::Broken { problems } => (false, problems.to_string()),
    };
    Check { name: "policy".to_owned(), ok, detail }
}

/// Measurements, in Prometheus' text form: for this machine, or for who may read them.
pub(super) async fn metrics(State(app): State<App>, request: Request) -> Response<Body> {
    let near = local(&request);
    let headers = request.headers();
    let outcome = measured(&app, headers, near).await;
    framed(&app, headers, outcome)
}

async fn measured(app: &App, headers: &HeaderMap, near: bool) -> Result<Answer, Refused> {
    if !near {
        let principal = sign_in(app, headers).await?;
        let id = PermitId::new(app.web.clock.now(), app.web.store.chance());
        let ask = Ask { principal: &principal, action: Action::MetricsRead, resource: &Resource::system() };
        let _leave_to_read = app.web.policies.permit(&ask, id.to_string())?;
    }
    Ok(Answer::new(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", (app.web.metrics)()))
}

/// The interface, written down.
pub(super) async fn openapi(State(app): State<App>, request: Request) -> Response<Body> {
    framed(&app, request.headers(), Ok(Answer::new(StatusCode::OK, super::answer::JSON, OPENAPI)))
}

/// The page of an error code: where the `type` of every problem document leads (RFC 9457, section 3.1.1).
pub(super) async fn error_page(State(app): State<App>, Path(code): Path<String>, request: Request) -> Response<Body> {
    let page = pages::of_error(&code).map(|page| Answer::new(StatusCode::OK, "text/plain; charset=utf-8", page));
    framed(&app, request.headers(), page.ok_or_else(Refused::no_route))
}
