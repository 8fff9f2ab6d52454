//! What a client reads when something is refused: a problem document (RFC 9457) with a stable code. Own file because only here do the
//! errors of the rooms become HTTP statuses. INVARIANT: an answer of 500 and above says what to do and its code, and nothing of what went
//! on inside; that is logged, once, with the id of the request.

use crate::access::AccessError;
use crate::attention::AttentionError;
use crate::domain::id::NotAnId;
use crate::domain::review::Illegal;
use crate::feedback::FeedbackError;
use crate::figures::NotASpan;
use crate::intake::IntakeError;
use crate::limit::HandError;
use crate::outbox::LetterError;
use crate::policy::{Code, Denied, UnknownWord};
use crate::review::{NotAFilter, ReviewError};
use crate::rota::RotaError;
use crate::store::StoreError;
use crate::writeback::{ActError, WritingError};
use axum::http::StatusCode;
use opspilot_sdk::{Refusal, RefusalKind};
use serde_json::{Map, Value};
use std::time::Duration;

/// A refusal on its way to the client.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: String,
    /// In two or three words what kind of refusal it is, where the status alone says it wrongly.
    pub(super) title: Option<&'static str>,
    /// What is wrong and what to do; for the client.
    pub(super) detail: String,
    /// Further members of the document.
    pub(super) more: Map<String, Value>,
    /// When to come back, in seconds.
    pub(super) retry_secs: Option<u64>,
    /// The connection cannot be used any further.
    pub(super) close: bool,
    /// For the log alone.
    pub(super) cause: Option<String>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            title: None,
            detail: detail.into(),
            more: Map::new(),
            retry_secs: None,
            close: false,
            cause: None,
        }
    }

    /// From a message that ends with its code, as those of the rooms do.
    fn told(status: StatusCode, error: &dyn std::fmt::Display) -> Self {
        let (detail, code) = split(&error.to_string());
        Self::new(status, code, detail)
    }

    /// A failure inside.
    fn inside(status: StatusCode, error: &dyn std::fmt::Display, detail: &str) -> Self {
        let text = error.to_string();
        let (_, code) = split(&text);
        Self { cause: Some(text), ..Self::new(status, code, detail) }
    }

    pub(super) fn retry(mut self, secs: u64) -> Self {
        self.retry_secs = Some(secs.max(1));
        self
    }

    pub(super) fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// A panic, or anything else that no room has a word for.
    pub(super) fn fault(cause: impl Into<String>) -> Self {
        let detail = "a fault of the program; nothing more can be said here, the log has it under this request id";
        Self { cause: Some(cause.into()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "OP-9000", detail) }
    }

    pub(super) fn no_route() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "OP-9001",
            "there is nothing at this address; `/api/openapi.json` lists what there is",
        )
    }

    pub(super) fn missing(what: &'static str, id: &str) -> Self {
        StoreError::NotFound { what, id: id.chars().take(100).collect() }.into()
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than the limit of {limit} bytes; send less");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "OP-9005", detail).closing()
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "OP-9006", "the body took too long to arrive; send it again, faster")
            .closing()
    }

    pub(super) fn broken_body() -> Self {
        let detail = "the body ended early or its encoding is broken; send it again";
        Self::new(StatusCode::BAD_REQUEST, "OP-9007", detail).closing()
    }

    pub(super) fn rate(wait: Duration) -> Self {
        let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let detail = format!("too many deliveries for this source; try again in {} s", secs.max(1));
        Self::new(StatusCode::TOO_MANY_REQUESTS, "OP-9008", detail).retry(secs)
    }

    /// The document, without its status line.
    pub(super) fn document(self, base_url: &str) -> Value {
        let mut document = Map::new();
        document.insert("type".into(), format!("{base_url}/docs/errors/{}", self.code).into());
        document.insert("title".into(), self.title.unwrap_or_else(|| title(self.status)).into());
        document.insert("status".into(), self.status.as_u16().into());
        document.insert("detail".into(), self.detail.into());
        document.insert("code".into(), self.code.into());
        document.extend(self.more);
        Value::Object(document)
    }
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "not signed in",
        StatusCode::FORBIDDEN => "not allowed",
        StatusCode::NOT_FOUND => "not found",
        StatusCode::CONFLICT => "in conflict with what stands",
        StatusCode::UNPROCESSABLE_ENTITY => "cannot be done as sent",
        StatusCode::TOO_MANY_REQUESTS => "too much at once",
        StatusCode::SERVICE_UNAVAILABLE => "not now",
        StatusCode::INTERNAL_SERVER_ERROR => "a fault inside",
        StatusCode::PAYLOAD_TOO_LARGE => "too large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "wrong media type",
        StatusCode::METHOD_NOT_ALLOWED => "wrong method",
        StatusCode::REQUEST_TIMEOUT => "too slow",
        _ => "bad request",
    }
}

/// Takes the code out of a message: `what (OP-1234)` and `what [OP-1234]`, also in the middle.
fn split(message: &str) -> (String, String) {
    let none = || (message.to_owned(), "OP-9000".to_owned());
    let Some(at) = message.rfind("OP-") else { return none() };
    let code = message.get(at..at + 7).filter(|code| code.bytes().skip(3).all(|byte| byte.is_ascii_digit()));
    let Some(code) = code else { return none() };
    let before = message.get(..at).unwrap_or_default().trim_end_matches(['(', '[']).trim_end();
    let after = message.get(at + 7..).unwrap_or_default().trim_start_matches([')', ']']);
    (format!("{before}{after}"), code.to_owned())
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound { .. } | StoreError::Erased { .. } => Self::told(StatusCode::NOT_FOUND, &error),
            StoreError::Conflict { .. } | StoreError::Stale { .. } => Self::told(StatusCode::CONFLICT, &error),
            StoreError::Busy { retry_secs } => Self::told(StatusCode::TOO_MANY_REQUESTS, &error).retry(*retry_secs),
            StoreError::Unavailable { .. } => {
                let detail = "the store cannot do this now; nothing was changed, try again in a moment";
                Self::inside(StatusCode::SERVICE_UNAVAILABLE, &error, detail).retry(5)
            }
            StoreError::Corrupt { .. } | StoreError::Newer { .. } | StoreError::Held { .. } => Self::inside(
                StatusCode::INTERNAL_SERVER_ERROR,
                &error,
                "the store is not sound; tell whoever runs this program",
            ),
        }
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        match denied.code() {
            // What is wrong with the policies is for who runs the program.
            Code::Denied => Self::told(StatusCode::FORBIDDEN, &denied),
            _ => Self::inside(
                StatusCode::FORBIDDEN,
                &denied,
                "no policies are in force, so nothing is allowed; tell whoever runs this program",
            ),
        }
    }
}

impl From<Illegal> for Refused {
    fn from(illegal: Illegal) -> Self {
        let status = match &illegal {
            Illegal::UnknownVerdict { .. }
            | Illegal::NoComment { .. }
            | Illegal::LongComment
            | Illegal::UnknownReason { .. }
            | Illegal::NoReasonHere => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        let refused = Self::told(status, &illegal);
        match illegal {
            Illegal::Moved { revision, digest } | Illegal::NoRevision { revision, digest, .. } => {
                refused.with("revision", revision).with("digest", digest)
            }
            Illegal::NotOpen { state, .. } => refused.with("state", state.as_str()),
            _ => refused,
        }
    }
}

impl From<ReviewError> for Refused {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Denied(denied) => denied.into(),
            ReviewError::Illegal(illegal) => illegal.into(),
            ReviewError::Store(store) => store.into(),
            ReviewError::Edit(edit) => {
                let detail = if edit.path.is_empty() {
                    format!("{}; {}", edit.problem, edit.remedy)
                } else {
                    format!("`{}`: {}; {}", edit.path, edit.problem, edit.remedy)
                };
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, edit.code, detail).with("path", edit.path)
            }
            ReviewError::Claimed { ref by, until } => Self::told(StatusCode::CONFLICT, &error)
                .with("claim", serde_json::json!({ "name": by, "until": until })),
            ReviewError::PlanMoved { ref now } => {
                Self::told(StatusCode::CONFLICT, &error).with("plan", serde_json::json!(now))
            }
            ReviewError::PlanApart { state, .. } => {
                Self::told(StatusCode::CONFLICT, &error).with("state", state.as_str())
            }
            ReviewError::Unkeepable(_) => Self::told(StatusCode::INTERNAL_SERVER_ERROR, &error),
            ReviewError::NoFinding { .. } => Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error),
            ReviewError::NoPilot { .. } | ReviewError::NothingChanged => Self::told(StatusCode::CONFLICT, &error),
        }
    }
}

impl From<LetterError> for Refused {
    fn from(error: LetterError) -> Self {
        match error {
            LetterError::Denied(denied) => denied.into(),
            LetterError::Unreachable { .. } => Self::told(StatusCode::CONFLICT, &error),
            LetterError::Store(store) => store.into(),
        }
    }
}

impl From<HandError> for Refused {
    fn from(error: HandError) -> Self {
        match error {
            HandError::Denied(denied) => denied.into(),
            HandError::Reason => Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error),
            HandError::Unknown { .. } => Self::told(StatusCode::NOT_FOUND, &error),
            HandError::Store(store) => store.into(),
        }
    }
}

impl From<WritingError> for Refused {
    fn from(error: WritingError) -> Self {
        match error {
            WritingError::Denied(denied) => denied.into(),
            WritingError::NoPilot { .. } => Self::told(StatusCode::NOT_FOUND, &error),
            WritingError::NoSink { .. }
            | WritingError::Words { .. }
            | WritingError::Until { .. }
            | WritingError::Record => Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error),
            WritingError::Store(store) => store.into(),
        }
    }
}

impl From<AttentionError> for Refused {
    fn from(error: AttentionError) -> Self {
        match error {
            AttentionError::Denied(denied) => denied.into(),
            AttentionError::NoPilot { .. } => Self::told(StatusCode::NOT_FOUND, &error),
            AttentionError::Percent { .. } | AttentionError::Reason => {
                Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error)
            }
            AttentionError::Store(store) => store.into(),
        }
    }
}

impl From<FeedbackError> for Refused {
    fn from(error: FeedbackError) -> Self {
        match error {
            FeedbackError::Denied(denied) => denied.into(),
            FeedbackError::Words => Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error),
            FeedbackError::Store(store) => store.into(),
        }
    }
}

impl From<ActError> for Refused {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Denied(denied) => denied.into(),
            ActError::Store(store) => store.into(),
            ActError::Moved { ref now, .. } => {
                Self::told(StatusCode::CONFLICT, &error).with("plan", serde_json::json!(now))
            }
            ActError::NotApproved { state } => Self::told(StatusCode::CONFLICT, &error).with("state", state.as_str()),
            ActError::NotWritten { state, .. } => {
                Self::told(StatusCode::CONFLICT, &error).with("state", state.as_str())
            }
            ActError::Taken { ref id, .. } => {
                let write = id.to_string();
                Self::told(StatusCode::CONFLICT, &error).with("write", write)
            }
            ActError::Unkeepable(_) => Self::told(StatusCode::INTERNAL_SERVER_ERROR, &error),
            ActError::NoPilot { .. }
            | ActError::Nothing { .. }
            | ActError::NoWayBack { .. }
            | ActError::Unseen { .. } => Self::told(StatusCode::CONFLICT, &error),
        }
    }
}

impl From<RotaError> for Refused {
    fn from(error: RotaError) -> Self {
        match error {
            RotaError::Denied(denied) => denied.into(),
            RotaError::NoWeek { .. } => Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error),
            RotaError::Failed { .. } => Self::told(StatusCode::SERVICE_UNAVAILABLE, &error),
            RotaError::Store(store) => store.into(),
        }
    }
}

impl From<AccessError> for Refused {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Unknown | AccessError::SignedOut | AccessError::Refused | AccessError::Provider { .. } => {
                Self::told(StatusCode::UNAUTHORIZED, &error)
            }
            AccessError::Denied(denied) => denied.into(),
            AccessError::TooOften { retry_secs } => Self::told(StatusCode::TOO_MANY_REQUESTS, &error).retry(retry_secs),
            AccessError::NoPasskeys => Self::told(StatusCode::CONFLICT, &error),
            AccessError::ProviderAway { .. } => Self::told(StatusCode::BAD_GATEWAY, &error),
            AccessError::Stale => Self::told(StatusCode::FORBIDDEN, &error),
            AccessError::NoInvitation => Self::told(StatusCode::NOT_FOUND, &error),
            AccessError::Malformed { .. } | AccessError::Weak(_) | AccessError::Passkey(_) => {
                Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error)
            }
            AccessError::Store(store) => store.into(),
        }
    }
}

impl From<IntakeError> for Refused {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Empty | IntakeError::Message(_) => Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error),
            IntakeError::NotKept { .. } => Self::told(StatusCode::CONFLICT, &error),
            IntakeError::NoPilot { .. } => Self::told(StatusCode::NOT_FOUND, &error),
            IntakeError::Denied(denied) => denied.into(),
            IntakeError::Crowded { retry_secs, .. } => {
                Self::told(StatusCode::TOO_MANY_REQUESTS, &error).retry(retry_secs)
            }
            IntakeError::Store(store) => store.into(),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.kind {
            RefusalKind::Malformed => StatusCode::BAD_REQUEST,
            RefusalKind::Unauthorised => StatusCode::UNAUTHORIZED,
            RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RefusalKind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        };
        // A sender does not sign in: what it lacks is the proof that the delivery is its own.
        let title = matches!(refusal.kind, RefusalKind::Unauthorised).then_some("origin not proven");
        Self { title, ..Self::new(status, refusal.code, refusal.message) }
    }
}

impl From<NotASpan> for Refused {
    fn from(error: NotASpan) -> Self {
        Self::told(StatusCode::BAD_REQUEST, &error)
    }
}

impl From<NotAFilter> for Refused {
    fn from(error: NotAFilter) -> Self {
        Self::told(StatusCode::BAD_REQUEST, &error)
    }
}

impl From<NotAnId> for Refused {
    fn from(error: NotAnId) -> Self {
        Self::told(StatusCode::BAD_REQUEST, &error)
    }
}

impl From<UnknownWord> for Refused {
    fn from(error: UnknownWord) -> Self {
        Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn codes_are_taken_out_of_messages() {
        let both = |message: &str| split(message);
        assert_eq!(both("it is not so (OP-1234)"), ("it is not so".into(), "OP-1234".into()));
        assert_eq!(both("not so [OP-7010]"), ("not so".into(), "OP-7010".into()));
        assert_eq!(both("may not (OP-5008): no; ask"), ("may not: no; ask".into(), "OP-5008".into()));
        assert_eq!(both("OP-12"), ("OP-12".into(), "OP-9000".into()));
        assert_eq!(both("no code"), ("no code".into(), "OP-9000".into()));
        assert_eq!(both("€ OP-€€"), ("€ OP-€€".into(), "OP-9000".into()));
    }
}
