//! Signed deliveries as Standard Webhooks has them, each with a text of its own. Own file because every test that posts makes them here.

use super::http::Ask;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use std::time::{SystemTime, UNIX_EPOCH};

/// Name of the signed source in every configuration of the tests.
pub(crate) const SOURCE: &str = "forms";

/// A fixed key: it protects nothing but throw-away daemons on loopback.
const KEY: [u8; 32] = [23; 32];

/// The key as it stands in a secret file.
pub(crate) fn secret() -> String {
    format!("whsec_{}", STANDARD.encode(KEY))
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a signature is held against the machine's clock")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs())
}

/// The delivery called `id` with a text that no other has.
pub(crate) fn delivery(id: &str) -> Ask {
    let body = serde_json::json!({
        "name": "Dana Fox",
        "email": format!("{id}@northwind.example"),
        "subject": format!("Question {id}"),
        "message": format!("Hello, our reference is {id}. We need twelve more seats before 1 March and a quote for {id}."),
    });
    signed(id, now(), body.to_string().as_bytes())
}

/// A delivery with this body, signed at `at`.
pub(crate) fn signed(id: &str, at: u64, body: &[u8]) -> Ask {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
    let signature = STANDARD.encode(hmac::sign(&key, &[format!("{id}.{at}.").as_bytes(), body].concat()));
    Ask::post(format!("/hooks/{SOURCE}"), body)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", format!("v1,{signature}"))
}
