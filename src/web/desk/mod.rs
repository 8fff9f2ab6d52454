//! The desk: the browser's face of review. The table of its addresses, and how a request to one becomes a page. Screens are thin: what
//! may happen, and what it does, is decided by the rooms behind, as for every other face. INVARIANT: no `GET` changes any state; no
//! screen runs for anybody unknown, except those that let people in; a form counts only when this desk gave it to this session.

mod assets;
mod attention;
mod brief;
mod chart;
mod cookie;
mod events;
mod feedback;
mod figures;
mod layout;
mod operations;
mod paste;
mod queue;
mod refusals;
mod sheet;
mod shown;
mod sign_in;
mod timeline;
mod visit;

#[cfg(test)]
pub(in crate::web) use brief::Leaving;
pub(in crate::web) use events::News;
pub(in crate::web) use refusals::Refusals;
#[cfg(test)]
pub(in crate::web) use shown::encode;
pub(in crate::web) use visit::{Guest, Visit};

use super::answer::{Answer, Frame, respond};
use super::call::Call;
use super::problem::Refused;
use super::query::Query;
use super::serve::Closing;
use super::wire::Peer;
use super::{App, body};
use crate::access::AccessError;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::routing::{MethodRouter, get};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use shown::{Said, Shown};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use visit::Form;

/// Largest form, in bytes, and the longest time for it to arrive. The longest text that a page takes (`paste::LONGEST` UTF-16 units of nine
/// bytes each, percent-encoded) fits in whatever it is written.
const FORM_BYTES: usize = 2 << 20;
const FORM_TIME: Duration = Duration::from_secs(15);

/// What shows a screen.
#[derive(Clone, Copy)]
enum Run {
    /// For somebody signed in.
    Known(fn(Visit) -> BoxFuture<'static, Result<Shown, Refused>>),
    /// For anybody: the screens that let people in.
    Anyone(fn(Guest) -> BoxFuture<'static, Result<Shown, Refused>>),
}

/// One address and method of the desk.
#[derive(Clone)]
struct Screen {
    method: Method,
    path: &'static str,
    /// Query keys of a `GET`, form fields of a `POST`. A field that ends in `+` may stand several times; one that ends in `*` is every
    /// field that begins so.
    fields: &'static [&'static str],
    run: Run,
}

macro_rules! screens {
    ($($who:ident $method:ident $path:literal [$($field:literal),*] $handler:path;)*) => {
        fn screens() -> Vec<Screen> {
            vec![$(Screen {
                method: Method::$method,
                path: $path,
                fields: &[$($field),*],
                run: Run::$who(|visit| $handler(visit).boxed()),
            }),*]
        }
    };
}

screens! {
    Known GET "/" ["pilot", "state", "band", "risk", "holder", "text", "age", "view", "limit", "cursor"] queue::show;
    Known GET "/events" ["after", "pilot"] events::stream;
    Known GET "/requests/{id}" [] timeline::show;
    Known GET "/figures" ["pilot", "from", "until"] figures::show;
    Known GET "/figures/{set}" ["pilot", "from", "until", "format"] figures::file;
    Known GET "/operations" [] operations::show;
    Known POST "/queue" ["brief+", "act", "one", "back"] queue::act;
    Known POST "/views" ["name", "query"] queue::save;
    Known POST "/views/drop" ["name"] queue::forget;
    Known GET "/paste" ["request"] paste::show;
    Known POST "/paste" ["once", "pilot", "text"] paste::hand_in;
    Known GET "/feedback" [] feedback::list;
    Known POST "/feedback" ["screen", "item", "text"] feedback::give;
    Known GET "/feedback/{id}" [] feedback::show;
    Known POST "/feedback/{id}/answer" ["text"] feedback::answer;
    Known POST "/feedback/{id}/close" ["text"] feedback::close;
    Known GET "/attention" ["pilot", "days"] attention::show;
    Known POST "/attention/on" ["pilot", "percent", "reason"] attention::on;
    Known POST "/attention/off" ["pilot"] attention::off;
    Anyone GET "/sign-in" ["to", "again"] sign_in::enter::show;
    Anyone POST "/sign-in" ["to", "name", "password"] sign_in::enter::by_password;
    Anyone POST "/sign-in/passkey/challenge" [] sign_in::key::asked;
    Anyone POST "/sign-in/passkey" ["to", "credential", "client_data", "data", "signature", "user"] sign_in::key::answered;
    Anyone GET "/sign-in/link/{secret}" [] sign_in::link::show;
    Anyone POST "/sign-in/link/{secret}" [] sign_in::link::redeem;
    Anyone POST "/sign-in/provider/{name}" ["to"] sign_in::provider::begin;
    Anyone GET "/sign-in/provider" ["code", "state", "iss", "error", "error_description", "error_uri", "session_state", "scope", "authuser", "hd", "prompt"] sign_in::provider::came;
    Anyone POST "/sign-in/provider" ["code", "state", "iss"] sign_in::provider::end;
    Known POST "/account/provider/{name}" [] sign_in::provider::tie;
    Known POST "/sign-out" [] sign_in::enter::leave;
    Known GET "/account" [] sign_in::account::show;
    Known POST "/account/keys" ["keys"] sign_in::account::keys;
    Known POST "/account/password" ["name", "present", "password"] sign_in::account::password;
    Known POST "/account/passkeys/wanted" [] sign_in::account::wanted;
    Known POST "/account/passkeys" ["name", "credential", "client_data", "data", "transports"] sign_in::account::add_passkey;
    Known POST "/account/passkeys/{id}/rename" ["name"] sign_in::account::rename_passkey;
    Known POST "/account/passkeys/{id}/remove" [] sign_in::account::remove_passkey;
    Known POST "/account/ties/{id}/remove" [] sign_in::account::untie;
    Known POST "/account/sessions/others" [] sign_in::account::end_others;
    Known POST "/account/sessions/{id}/end" [] sign_in::account::end_session;
    Known GET "/people" [] sign_in::people::show;
    Known POST "/people" ["name", "email", "role", "scope"] sign_in::people::add;
    Known POST "/people/{id}/link" [] sign_in::people::link;
    Known POST "/people/{id}/sign-out" [] sign_in::people::sign_out;
    Known POST "/people/{id}/disable" [] sign_in::people::disable;
    Known POST "/people/{id}/enable" [] sign_in::people::enable;
    Known POST "/people/sessions/{id}/end" [] sign_in::people::end_session;
    Known POST "/people/links/{id}/end" [] sign_in::people::end_link;
    Known GET "/briefs/{id}" ["revision", "after", "in"] brief::show;
    Known GET "/briefs/{id}/text" ["from"] brief::text;
    Known GET "/briefs/{id}/standing" ["revision", "plan", "state"] brief::look;
    Known GET "/briefs/{id}/diff" ["from", "to"] brief::compare;
    Known GET "/briefs/{id}/undo" ["write"] brief::way_back;
    Known GET "/briefs/{id}/files/{number}" [] brief::read;
    Known POST "/briefs/{id}/files/{number}" [] brief::give;
    Known GET "/briefs/{id}/edit" ["in"] brief::edit;
    Known POST "/briefs/{id}/edit" ["do", "from", "in", "summary", "status", "why", "score", "band", "risk", "pricing", "action_at+", "action+",
        "action_owner+", "action_due+", "action_gate+", "missing_at+", "missing_question+", "missing_why+", "missing_field+", "reason_at+",
        "reason+", "factor_at+", "factor_kind+", "factor+", "phase_at+", "phase+", "phase_steps+", "phase_exit+"] brief::save;
    Known POST "/briefs/{id}/claim" ["do", "in"] brief::claim;
    Known POST "/briefs/{id}/decide" ["decision", "revision", "plan", "comment", "reason", "in"] brief::decide;
    Known POST "/briefs/{id}/reveal" ["finding+"] brief::reveal;
    Known POST "/briefs/{id}/writes" ["write", "do", "far_id", "plan"] brief::writes;
    Known POST "/briefs/{id}/plan" ["plan"] brief::approve_plan;
    Known POST "/briefs/{id}/target" ["sink", "record"] brief::target;
}

/// Every method and address, for tests that go through all of them.
#[cfg(test)]
pub(in crate::web) fn addresses() -> Vec<(&'static str, &'static str)> {
    let method = |screen: &Screen| if screen.method == Method::GET { "GET" } else { "POST" };
    screens().iter().map(|screen| (method(screen), screen.path)).collect()
}

/// Every address of the desk, put into the router.
pub(super) fn add(mut router: Router<App>) -> Router<App> {
    let mut paths: BTreeMap<&'static str, MethodRouter<App>> = BTreeMap::new();
    for screen in screens() {
        let here = paths.remove(screen.path).unwrap_or_default();
        let handler = {
            let screen = screen.clone();
            move |State(app): State<App>, path, request: Request| dispatch(app, screen, path, request)
        };
        let here = if screen.method == Method::GET { here.get(handler) } else { here.post(handler) };
        paths.insert(screen.path, here);
    }
    for (path, here) in paths {
        router = router.route(path, here);
    }
    router.route("/assets/{name}", get(assets::give))
}

async fn dispatch(app: App, screen: Screen, path: RawPathParams, request: Request) -> Response<Body> {
    let id = app.tags.of(request.headers());
    let web = Arc::clone(&app.web);
    let frame = Frame { id: &id, base_url: &web.base_url };
    let part = request.headers().contains_key("hx-request");
    let outcome = AssertUnwindSafe(run(app, screen, path, request, frame)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err(Refused::fault("a panic in a screen; its place stands above")));
    respond(outcome.unwrap_or_else(|refused| shown::refused(refused, frame, part, None)), frame)
}

async fn run(
    app: App,
    screen: Screen,
    path: RawPathParams,
    request: Request,
    frame: Frame<'_>,
) -> Result<Answer, Refused> {
    let (head, body) = request.into_parts();
    let peer = head.extensions.get::<Arc<Peer>>().cloned();
    let posted = screen.method == Method::POST;
    let bytes = if posted {
        same_site(&app, &head.headers)?;
        body::read(&head.headers, body, FORM_BYTES, FORM_TIME, peer.as_deref()).await?
    } else {
        Bytes::new()
    };
    let form = if posted { Form::read(&head.headers, &bytes, screen.fields)? } else { Form::default() };
    let query = Query::read(head.uri.query().unwrap_or_default(), if posted { &[] } else { screen.fields })?;
    let base_url = app.web.base_url.clone();
    let said = if posted { None } else { Said::told(&head.headers, &base_url, head.uri.path()) };
    let path: Vec<(String, String)> = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let part = head.headers.contains_key("hx-request") || wants_events(&head.headers);
    let known = known(&app, &head.headers).await?;
    let run = match screen.run {
        Run::Anyone(run) => {
            let guest = Guest { app, query, form, path, headers: head.headers, peer, known };
            return run(guest).await.map(|shown| shown.answer(&base_url, None, said));
        }
        Run::Known(run) => run,
    };
    let Some((caller, session)) = known else {
        let target = head.headers.get("hx-target").and_then(|name| name.to_str().ok());
        return Ok(match (posted, part) {
            (true, _) => shown::carried(StatusCode::UNAUTHORIZED, head.uri.path(), &form, None),
            (false, true) => shown::part_without_session(&head.uri, target),
            (false, false) => shown::to_sign_in(&head.uri),
        });
    };
    if posted && !form.is_from(&session) {
        return Ok(shown::carried(StatusCode::FORBIDDEN, head.uri.path(), &form, Some(&session)));
    }
    let keys = cookie::has_keys(&head.headers, &app.web.base_url);
    let place = layout::Place::new(&app, &caller, &session, head.uri.path(), keys);
    let call = Call::at_desk(app, caller, query, path);
    let client = sign_in::client(&head.headers, peer.as_deref());
    let Closing(closing) = head.extensions.get::<Closing>().cloned().unwrap_or_default();
    let typed = form.fields().to_vec();
    let (refusals, id) = (Arc::clone(&call.app.refusals), session.id.clone());
    match run(Visit { call, form, session, part, client, keys, closing }).await {
        Ok(shown) => Ok(shown.answer(&base_url, Some(&place), said)),
        Err(refused) => {
            refusals.keep(&id, &refused, place.path());
            let again = shown::Again { place: &place, typed: if posted { &typed } else { &[] } };
            Ok(shown::refused(refused, frame, part, Some(&again)))
        }
    }
}

/// What this desk answers to a browser that asks for an address which is none, or by a way that it does not take: a page with the way back.
pub(super) async fn lost(app: &App, head: &Parts, refused: Refused, frame: Frame<'_>) -> Answer {
    let headers = &head.headers;
    let known = known(app, headers).await.ok().flatten();
    let path = head.uri.path();
    let place = known.map(|(caller, session)| {
        layout::Place::new(app, &caller, &session, path, cookie::has_keys(headers, &app.web.base_url))
    });
    let again = place.as_ref().map(|place| shown::Again { place, typed: &[] });
    shown::refused(refused, frame, headers.contains_key("hx-request"), again.as_ref())
}

/// Whether a browser asks for a page, rather than a program for an answer.
pub(super) fn wants_page(head: &Parts) -> bool {
    let path = head.uri.path();
    let program = ["/api/", "/hooks/"].iter().any(|start| path.starts_with(start));
    let accepts = head.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    !program && accepts.flat_map(|line| line.split(',')).any(|kind| kind.trim_start().starts_with("text/html"))
}

/// A page listens for news: it is there already.
fn wants_events(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|wanted| wanted.as_bytes() == b"text/event-stream")
}

/// Who is signed in.
async fn known(app: &App, headers: &HeaderMap) -> Result<Option<visit::Known>, Refused> {
    let Some(secret) = cookie::read(headers, &app.web.base_url, cookie::Cookie::Session) else { return Ok(None) };
    match app.web.access.session(&secret).await {
        Ok(known) => Ok(Some(known)),
        Err(AccessError::Unknown | AccessError::SignedOut) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A form that a page of another site sends is refused before it is read (Fetch Metadata; OWASP ASVS 3.5). Whoever tells nothing of
/// itself is no browser of today, and needs the form's key all the same.
fn same_site(app: &App, headers: &HeaderMap) -> Result<(), Refused> {
    let told = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let fits = match (told("sec-fetch-site"), told(header::ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, None) => true,
        (None, Some(origin)) => {
            let own = told(header::HOST.as_str()).unwrap_or_default();
            let host = origin.split_once("://").map_or("", |(_, host)| host);
            host.eq_ignore_ascii_case(own) || app.web.base_url.eq_ignore_ascii_case(origin)
        }
    };
    if fits {
        return Ok(());
    }
    let detail = "another site sent this form; open the desk itself and do it there";
    Err(Refused::new(StatusCode::FORBIDDEN, "OP-9201", detail).closing())
}
