//! The web: HTTP in front of the rooms. The desk, the webhook door, the interface under `/api/v1`, health and measurements. Only this room knows
//! statuses and headers; what may happen and what it does is decided behind it. INVARIANT: no `GET` or `HEAD` changes any state, and
//! every call asks the policy.

mod answer;
mod api;
mod body;
mod call;
mod desk;
mod health;
mod hooks;
mod once;
mod page;
mod problem;
mod query;
mod serve;
mod tag;
mod turned;
mod wire;

pub use serve::{ServeOptions, serve};

use crate::access::Access;
use crate::attention::Attention;
use crate::clock::Clock;
use crate::domain::pilot::Pilots;
use crate::engine::Workflows;
use crate::feedback::Feedback;
use crate::intake::{Door, Intake, Limit};
use crate::limit::{Hand, Limits};
use crate::outbox::Letters;
use crate::policy::Policies;
use crate::review::Review;
use crate::rota::Rota;
use crate::screen::Boundary;
use crate::store::Store;
use crate::writeback;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::routing::{MethodRouter, any, get};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A webhook source: where its deliveries go, and who proves and reads them.
pub struct Hook {
    /// Where they go.
    pub door: Door,
    /// Proves and reads them.
    pub receiver: Arc<dyn opspilot_sdk::Receiver>,
}

/// One thing that readiness looks at. `store`, `policy` and `disk` decide; any other name is listed for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, such as `disk` or the name of a source.
    pub name: String,
    /// Whether it is well.
    pub ok: bool,
    /// What was seen; shown on this machine only.
    pub detail: String,
}

/// Everything the web stands in front of.
pub struct Web {
    /// The store, for reading.
    pub store: Store,
    /// Takes requests in.
    pub intake: Intake,
    /// What people do to briefs, requests and runs.
    pub review: Review,
    /// What falls due by the calendar.
    pub rota: Rota,
    /// Attention checks.
    pub attention: Attention,
    /// What people say about screens.
    pub feedback: Feedback,
    /// What people do with letters.
    pub letters: Letters,
    /// Rates and budgets of models.
    pub limits: Limits,
    /// What people do with them.
    pub spend: Hand,
    /// What people do about writing outside.
    pub writing: writeback::Hand,
    /// Plans, and taking back.
    pub writeback: writeback::Writeback,
    /// Who is asking.
    pub access: Access,
    /// Who may.
    pub policies: Policies,
    /// The pilots' rules.
    pub pilots: Pilots,
    /// The pilots' data boundaries.
    pub boundaries: Arc<BTreeMap<String, Boundary>>,
    /// Webhook sources by name.
    pub hooks: Arc<BTreeMap<String, Hook>>,
    /// Rate limits of the sources.
    pub limit: Limit,
    /// The public address of this daemon, without a trailing slash.
    pub base_url: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Measurements in Prometheus' text form.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Further checks of readiness; must answer at once.
    pub ready: Arc<dyn Fn() -> Vec<Check> + Send + Sync>,
    /// The workflow definitions in use.
    pub workflows: Workflows,
}

/// What every handler has.
#[derive(Clone)]
struct App {
    web: Arc<Web>,
    tags: Arc<tag::Tags>,
    once: Arc<once::Running>,
    news: Arc<desk::News>,
    refusals: Arc<desk::Refusals>,
    turned: Arc<turned::TurnedAway>,
    counted: Arc<crate::figures::Kept>,
}

impl Web {
    /// All routes.
    pub fn router(self) -> Router {
        let tags = Arc::new(tag::Tags::new(self.clock.now()));
        let app = App {
            web: Arc::new(self),
            tags,
            once: Arc::default(),
            news: Arc::default(),
            refusals: Arc::default(),
            turned: Arc::default(),
            counted: Arc::default(),
        };
        let mut paths: BTreeMap<&'static str, MethodRouter<App>> = BTreeMap::new();
        for route in api::routes() {
            let here = paths.remove(route.path).unwrap_or_default();
            let handler = {
                let route = route.clone();
                move |State(app): State<App>, path, request: Request| call::dispatch(app, route, path, request)
            };
            let here = match route.method {
                Method::GET => here.get(handler),
                Method::DELETE => here.delete(handler),
                _ => here.post(handler),
            };
            paths.insert(route.path, here);
        }
        let mut router = Router::new()
            .route("/hooks/{source}", any(hooks::receive))
            .route("/healthz", get(health::live))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(health::metrics))
            .route("/api/openapi.json", get(health::openapi))
            .route("/docs/errors/{code}", get(health::error_page));
        for (path, here) in paths {
            router = router.route(path, here);
        }
        desk::add(router).fallback(nowhere).method_not_allowed_fallback(wrong_method).with_state(app)
    }
}

async fn nowhere(State(app): State<App>, request: Request) -> Response<Body> {
    refused(&app, &request.into_parts().0, problem::Refused::no_route()).await
}

async fn wrong_method(State(app): State<App>, request: Request) -> Response<Body> {
    let head = request.into_parts().0;
    let detail = if head.method == Method::GET && desk::wants_page(&head) {
        "there is no page here: this address takes what a form sends; go back to the page that has the form"
    } else {
        "this address does not take that method; `allow` names the ones it takes"
    };
    let wrong = problem::Refused::new(StatusCode::METHOD_NOT_ALLOWED, "OP-9002", detail);
    refused(&app, &head, wrong).await
}

async fn refused(app: &App, head: &Parts, refused: problem::Refused) -> Response<Body> {
    let id = app.tags.of(&head.headers);
    let frame = answer::Frame { id: &id, base_url: &app.web.base_url };
    if desk::wants_page(head) {
        return answer::respond(desk::lost(app, head, refused, frame).await, frame);
    }
    answer::refuse(refused, frame)
}

/// Whether a request comes from this machine itself, and not through something on it that passes on what others send.
fn is_local(peer: Option<&wire::Peer>, headers: &HeaderMap) -> bool {
    const PASSED_ON: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    peer.is_some_and(wire::Peer::is_loopback) && !PASSED_ON.iter().any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests;
