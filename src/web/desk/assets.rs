//! The style sheet and the scripts, kept in the program and served under names that change with their bytes. Own file because they are
//! the only answers of the daemon that browsers may keep. Where each comes from: `assets/README.md`.

use super::super::App;
use super::super::answer::{Answer, Frame, refuse, respond};
use super::super::problem::Refused;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use opspilot_sdk::sha256_hex;
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static str,
}

const ASSETS: [Asset; 4] = [
    Asset { name: "desk.css", media_type: "text/css; charset=utf-8", bytes: include_str!("assets/desk.css") },
    Asset { name: "desk.js", media_type: "text/javascript; charset=utf-8", bytes: include_str!("assets/desk.js") },
    Asset { name: "icon.svg", media_type: "image/svg+xml", bytes: include_str!("assets/icon.svg") },
    Asset { name: "htmx.js", media_type: "text/javascript; charset=utf-8", bytes: include_str!("assets/htmx.min.js") },
];

/// The address of each, with a mark that changes with its bytes.
static ADDRESSES: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let mark = |asset: &Asset| sha256_hex(asset.bytes.as_bytes()).chars().take(12).collect::<String>();
    ASSETS.iter().map(|asset| (asset.name, format!("/assets/{}?v={}", asset.name, mark(asset)))).collect()
});

/// Where a page finds one.
pub(super) fn address(name: &str) -> &'static str {
    ADDRESSES.iter().find(|(other, _)| *other == name).map_or("", |(_, address)| address)
}

/// One of them.
pub(super) async fn give(State(app): State<App>, Path(name): Path<String>, request: Request) -> Response<Body> {
    let id = app.tags.of(request.headers());
    let frame = Frame { id: &id, base_url: &app.web.base_url };
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return refuse(Refused::no_route(), frame);
    };
    // Under another mark than its own it may be another tomorrow.
    let own = request.uri().path_and_query().is_some_and(|asked| asked.as_str() == address(asset.name));
    let keep = if own { "public, max-age=31536000, immutable" } else { "no-cache" };
    let answer = Answer::new(StatusCode::OK, asset.media_type, asset.bytes);
    respond(answer.header(header::CACHE_CONTROL, HeaderValue::from_static(keep)), frame)
}
