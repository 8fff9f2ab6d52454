//! The floor: the smallest honest program that does the same work, durable accept, draft, park, decide, with no engine,
//! no receipts and no policy. It is what a good engineer would write in a day, and the measure that the daemon is held to.
//!
//! It runs as a process of its own (`road floor ...`), speaks the same HTTP as the daemon, and is measured by the same
//! driver. INVARIANT: it answers 202 and 200 only after the commit, and after a crash it goes on where it stood.

mod draft;
mod store;

use crate::{Result, payload};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router, body::Bytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};
use store::{Change, Outcome, Store};
use tokio::signal::unix::{SignalKind, signal};

/// The metric that counts parked briefs, named as the daemon names it.
pub(crate) const PARKED: &str = crate::subject::PARKED;

/// How far the time of a webhook may be off, in seconds (Standard Webhooks 1.0 advises five minutes).
const TOLERANCE: u64 = 300;

/// What `road floor` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// `sqlite:FILE` or `postgres:...`.
    #[arg(long)]
    store: String,
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
    /// The file with the webhook secret (`whsec_...`).
    #[arg(long)]
    secret_file: PathBuf,
    /// The file with the bearer token of the one reviewer.
    #[arg(long)]
    token_file: PathBuf,
}

struct Floor {
    store: Store,
    secret: hmac::Key,
    token: digest::Digest,
}

/// Serves until SIGTERM.
///
/// # Errors
/// When the store does not open, a file cannot be read, or the address is taken.
pub(crate) async fn serve(options: Options) -> Result<()> {
    let secret = std::fs::read_to_string(&options.secret_file)?;
    let secret = STANDARD.decode(secret.trim().strip_prefix("whsec_").ok_or("secret without `whsec_`")?)?;
    let token = std::fs::read_to_string(&options.token_file)?;
    let (store, tasks) = Store::open(&options.store).await?;
    let floor = Arc::new(Floor {
        store,
        secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
        token: digest::digest(&digest::SHA256, token.trim().as_bytes()),
    });
    let routes = Router::new()
        .route(&format!("/hooks/{}", payload::SOURCE), post(accept))
        .route("/api/v1/briefs", get(list))
        .route("/api/v1/briefs/{id}/decision", post(decide))
        .route("/readyz", get(|| async { "ready" }))
        .route("/metrics", get(metrics))
        .with_state(floor);
    let listener = tokio::net::TcpListener::bind(options.listen).await?.tap_io(|stream| {
        // A socket that refuses the option still works, only later.
        let _ = stream.set_nodelay(true);
    });
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        served = axum::serve(listener, routes) => served?,
        _ = terminate.recv() => {}
    }
    tasks.close().await
}

async fn accept(State(floor): State<Arc<Floor>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(key) = verified(&floor.secret, &headers, &body) else {
        return problem(StatusCode::UNAUTHORIZED, "the signature does not fit");
    };
    if let Err(wrong) = draft::check(&body) {
        return problem(StatusCode::BAD_REQUEST, &wrong.to_string());
    }
    match floor.store.apply(Change::Accept { key, received: now_ms(), body }).await {
        Some(Outcome::Accepted(request)) => {
            (StatusCode::ACCEPTED, Json(json!({ "request": format!("req_{request}"), "status": "accepted" })))
                .into_response()
        }
        Some(Outcome::Duplicate(request)) => {
            Json(json!({ "request": format!("req_{request}"), "status": "duplicate" })).into_response()
        }
        _ => problem(StatusCode::SERVICE_UNAVAILABLE, "the store did not take it"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    decision: Decision,
    revision: String,
}

/// The four decisions, as they are stored.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Approve,
    Minor,
    Major,
    Reject,
}

impl Decision {
    fn state(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Reject => "rejected",
        }
    }
}

async fn decide(
    State(floor): State<Arc<Floor>>,
    Path(brief): Path<String>,
    headers: HeaderMap,
    Json(verdict): Json<Verdict>,
) -> Response {
    if !floor.knows(&headers) {
        return problem(StatusCode::UNAUTHORIZED, "unknown token");
    }
    let Some(brief) = brief.strip_prefix("brf_").and_then(|id| id.parse().ok()) else {
        return problem(StatusCode::NOT_FOUND, "no such brief");
    };
    let change = Change::Decide { brief, revision: verdict.revision, state: verdict.decision.state(), at: now_ms() };
    match floor.store.apply(change).await {
        Some(Outcome::Decided) => {
            Json(json!({ "brief": format!("brf_{brief}"), "state": verdict.decision.state() })).into_response()
        }
        Some(Outcome::Stale { revision, state }) => {
            (StatusCode::CONFLICT, Json(json!({ "revision": revision, "state": state }))).into_response()
        }
        Some(Outcome::Unknown) => problem(StatusCode::NOT_FOUND, "no such brief"),
        _ => problem(StatusCode::SERVICE_UNAVAILABLE, "the store did not take it"),
    }
}

#[derive(Deserialize)]
struct Page {
    limit: Option<i64>,
    cursor: Option<i64>,
}

async fn list(State(floor): State<Arc<Floor>>, headers: HeaderMap, Query(page): Query<Page>) -> Response {
    if !floor.knows(&headers) {
        return problem(StatusCode::UNAUTHORIZED, "unknown token");
    }
    let limit = page.limit.unwrap_or(50).clamp(1, 200);
    let Ok(open) = floor.store.open_briefs(page.cursor.unwrap_or(0), limit).await else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "the store did not answer");
    };
    let next = open.last().filter(|_| open.len() as i64 == limit).map(|(brief, ..)| brief.to_string());
    let items: Vec<Value> = open
        .iter()
        .map(|(brief, revision, score)| json!({ "id": format!("brf_{brief}"), "revision": revision, "score": score }))
        .collect();
    Json(json!({ "items": items, "next": next })).into_response()
}

async fn metrics(State(floor): State<Arc<Floor>>) -> String {
    format!("# TYPE {PARKED} counter\n{PARKED} {}\n", floor.store.parked.load(Ordering::Relaxed))
}

impl Floor {
    fn knows(&self, headers: &HeaderMap) -> bool {
        let token = headers.get("authorization").and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        // Digests are compared, so that the time taken says nothing about the token.
        token.is_some_and(|token| digest::digest(&digest::SHA256, token).as_ref() == self.token.as_ref())
    }
}

/// Checks the three headers of Standard Webhooks 1.0 over the raw body; gives the `webhook-id`.
fn verified(secret: &hmac::Key, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (id, time) = (header("webhook-id")?, header("webhook-timestamp")?);
    if (now_ms() / 1000).abs_diff(time.parse().ok()?) > TOLERANCE {
        return None;
    }
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", body].concat();
    let fits = header("webhook-signature")?
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .any(|signature| hmac::verify(secret, &signed, &signature).is_ok());
    fits.then(|| id.to_owned())
}

fn problem(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "status": status.as_u16(), "detail": detail }))).into_response()
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis() as u64)
}
