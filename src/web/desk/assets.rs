//! The style sheet and the scripts, kept in the program and served under names that change with their bytes. Own file because they are
//! the only answers of the daemon that browsers may keep. Where each comes from: `assets/README.md`.

use super::super::App;
use super::super::answer::{Answer, Frame, refuse, respond};
use super::super::problem::Refused;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use opspilot_sdk::sha256_hex;
use std::io::Write as _;
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

/// Each of them smaller, for browsers that take it so (RFC 9110, 8.4.1.3); made once. They hold nothing of anybody's.
static SMALLER: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(|| {
    let smaller = |asset: &Asset| {
        let mut made = GzEncoder::new(Vec::new(), Compression::best());
        made.write_all(asset.bytes.as_bytes()).and_then(|()| made.finish()).unwrap_or_default()
    };
    ASSETS.iter().map(|asset| (asset.name, smaller(asset))).collect()
});

/// Whether the browser takes gzip.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

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
    let smaller = SMALLER.iter().find(|(name, bytes)| *name == asset.name && !bytes.is_empty());
    let answer = match smaller.filter(|_| takes_gzip(request.headers())) {
        Some((_, bytes)) => Answer::new(StatusCode::OK, asset.media_type, bytes.as_slice())
            .header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        None => Answer::new(StatusCode::OK, asset.media_type, asset.bytes),
    };
    let answer = answer.header(header::VARY, HeaderValue::from_static("accept-encoding"));
    respond(answer.header(header::CACHE_CONTROL, HeaderValue::from_static(keep)), frame)
}
