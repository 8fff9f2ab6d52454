//! What goes out: one place that turns an answer or a refusal into a response and puts the protective headers on it. INVARIANT: every
//! response of this program passes here, so none lacks them.

use super::problem::Refused;
use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;

pub(super) const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
pub(super) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Nothing here is ever a page that may load, embed or send anything.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A successful answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) media_type: &'static str,
    pub(super) body: Payload,
    /// Headers beyond the usual.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// Bytes at hand, or bytes to come.
pub(super) enum Payload {
    Whole(Bytes),
    Stream(Body),
}

impl Answer {
    pub(super) fn new(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, media_type, body: Payload::Whole(body.into()), headers: Vec::new() }
    }

    /// JSON with status 200.
    pub(super) fn json(value: &impl Serialize) -> Result<Self, Refused> {
        Self::json_as(StatusCode::OK, value)
    }

    pub(super) fn json_as(status: StatusCode, value: &impl Serialize) -> Result<Self, Refused> {
        let bytes =
            serde_json::to_vec(value).map_err(|cause| Refused::fault(format!("an answer that is no JSON: {cause}")))?;
        Ok(Self::new(status, JSON, bytes))
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// What every response needs to know.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The id of the request.
    pub(super) id: &'a HeaderValue,
    /// The public address, without a trailing slash.
    pub(super) base_url: &'a str,
}

/// The response to an answer.
pub(super) fn respond(answer: Answer, frame: Frame<'_>) -> Response<Body> {
    let body = match answer.body {
        Payload::Whole(bytes) => Body::from(bytes),
        Payload::Stream(body) => body,
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.reserve(10);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.media_type));
    protect(headers, frame);
    for (name, value) in answer.headers {
        // Each cookie is a header of its own (RFC 6265, 3); of all others the last counts.
        if name == header::SET_COOKIE {
            headers.append(name, value);
        } else {
            headers.insert(name, value);
        }
    }
    response
}

/// The response to a refusal. Logs what only the log may know.
pub(super) fn refuse(mut refused: Refused, frame: Frame<'_>) -> Response<Body> {
    let request = frame.id.to_str().unwrap_or_default();
    if let Some(cause) = refused.cause.take() {
        tracing::error!(request, code = refused.code, cause, "a request failed inside");
    } else {
        tracing::debug!(request, status = refused.status.as_u16(), code = refused.code, "a request was refused");
    }
    let (status, retry, close) = (refused.status, refused.retry_secs, refused.close);
    let document = refused.document(frame.base_url).to_string();
    let mut response = Response::new(Body::from(document));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(12);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    protect(headers, frame);
    if let Some(secs) = retry {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
    }
    if close {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"opspilot\""));
    }
    response
}

fn protect(headers: &mut HeaderMap, frame: Frame<'_>) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    if frame.base_url.starts_with("https://") {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.insert(REQUEST_ID.clone(), frame.id.clone());
}
