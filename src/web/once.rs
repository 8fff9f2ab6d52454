//! `Idempotency-Key`: a call repeated under its key gets the answer of the first. Own file because it stands between every acting call and
//! its handler. INVARIANT: under one key of one person one body acts once; another body is refused.

use super::answer::{Answer, JSON, Payload};
use super::call::{Call, Handler};
use super::problem::Refused;
use crate::store::RememberedAnswer;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use opspilot_sdk::sha256_hex;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Longest key, in bytes.
const MAX_BYTES: usize = 200;

/// The calls under a key that are being worked on now.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashSet<(String, String)>>);

/// Lets go of a key when the call is over, however it ends.
struct Place<'a> {
    running: &'a Running,
    what: (String, String),
}

impl Running {
    fn enter(&self, person: &str, key: &str) -> Option<Place<'_>> {
        let what = (person.to_owned(), key.to_owned());
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(what.clone());
        // Lazily: a place that is made is also given up, and with it the key of whoever holds it.
        fresh.then(|| Place { running: self, what })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.what);
    }
}

/// The key a client named.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Refused> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let bad = || {
        let detail = format!("the `Idempotency-Key` must stand once and have 1 to {MAX_BYTES} visible characters");
        Refused::new(StatusCode::BAD_REQUEST, "OP-9015", detail)
    };
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => {
            let text = key.to_str().map_err(|_| bad())?;
            let fits = !text.is_empty() && text.len() <= MAX_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
            if fits { Ok(Some(text.to_owned())) } else { Err(bad()) }
        }
        _ => Err(bad()),
    }
}

/// Runs a call once under its key.
pub(super) async fn run(call: Call, key: &str, path: &str, handler: Handler) -> Result<Answer, Refused> {
    let app = call.app.clone();
    let person = call.caller.user.clone();
    let Some(_place) = app.once.enter(&person, key) else {
        let detail = "a call under this `Idempotency-Key` is being worked on; wait for its answer, then repeat";
        return Err(Refused::new(StatusCode::CONFLICT, "OP-9016", detail).retry(1));
    };
    let mut acted_on = path.as_bytes().to_vec();
    acted_on.push(b'\n');
    acted_on.extend_from_slice(&call.body);
    let digest = sha256_hex(&acted_on);
    if let Some(known) = app.web.store.remembered_answer(&person, key).await? {
        return again(known, &digest);
    }
    let answer = handler(call).await?;
    if let (Payload::Whole(bytes), JSON) = (&answer.body, answer.media_type) {
        let text = without_secret(bytes);
        let remembered = RememberedAnswer { digest, status: answer.status.as_u16(), answer: text };
        // The deed is done and must be answered for, also when the answer cannot be kept.
        if let Err(cause) = app.web.store.remember_answer(&person, key, remembered).await {
            tracing::warn!(%cause, "an answer could not be kept under its key");
        }
    }
    Ok(answer)
}

fn again(known: RememberedAnswer, digest: &str) -> Result<Answer, Refused> {
    if known.digest != digest {
        let detail = "this `Idempotency-Key` was used for another call; use a new key for each";
        return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9017", detail));
    }
    let status = StatusCode::from_u16(known.status).unwrap_or(StatusCode::OK);
    let replayed = (HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
    Ok(Answer::new(status, JSON, known.answer).header(replayed.0, replayed.1))
}

/// A token's secret is shown once and never kept, not even here.
fn without_secret(bytes: &[u8]) -> String {
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(mut value) => {
            if let Some(secret) = value.get_mut("secret") {
                *secret = serde_json::Value::Null;
            }
            value.to_string()
        }
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
