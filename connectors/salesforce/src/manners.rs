//! How Salesforce says no. Own file because its statuses mislead: too many requests are a 403, a locked record a 400, and what it means
//! stands in `errorCode`. INVARIANT: every error of this kind has a code of 755x.

use opspilot_sdk::writing::{Codes, Manners};
use opspilot_sdk::{ConnectorError, ErrorKind};
use serde_json::Value;
use std::time::Duration;

/// The credentials cannot be read, or cannot stand in a request.
pub(crate) const NO_CREDENTIALS: &str = "OP-7554";
/// What was asked for does not fit.
pub(crate) const UNFIT: &str = "OP-7555";
/// An answer that cannot be understood.
pub(crate) const STRANGE: &str = "OP-7556";
/// The user may more than is needed.
pub(crate) const WIDE: &str = "OP-7557";
/// What is written cannot be taken back.
pub(crate) const NO_WAY_BACK: &str = "OP-7558";
/// The company is elsewhere than `base_url`.
pub(crate) const ELSEWHERE: &str = "OP-7559";

/// How long the limit of requests in 24 hours is left alone: it moves on all the time.
const DAILY: Duration = Duration::from_secs(15 * 60);
/// How long the limit of requests at once is.
const AT_ONCE: Duration = Duration::from_secs(60);

/// Salesforce's manners.
pub(crate) struct Own;

/// The first error of an answer.
fn first(body: &Value) -> Option<&Value> {
    body.as_array()?.first()
}

/// What went wrong, in Salesforce's own word.
pub(crate) fn word(body: &Value) -> &str {
    first(body).and_then(|error| error.get("errorCode")?.as_str()).unwrap_or_default()
}

impl Manners for Own {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7550", unauthorised: "OP-7551", refused: "OP-7552", limited: "OP-7553" }
    }

    fn reason(&self, body: &Value) -> Option<String> {
        if let Some(error) = first(body).filter(|error| error.is_object()) {
            let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
            return Some(format!("{} ({message})", word(body)));
        }
        // In OAuth's form (RFC 6749 section 5.2).
        let error = body.get("error")?.as_str()?;
        let more = body.get("error_description").and_then(Value::as_str).unwrap_or_default();
        Some(format!("{error} ({more})"))
    }

    fn kind(&self, status: u16, body: &Value) -> Option<ErrorKind> {
        Some(match word(body) {
            "REQUEST_LIMIT_EXCEEDED" => ErrorKind::RateLimited,
            // Somebody else is changing the record, or made the same one this instant.
            "UNABLE_TO_LOCK_ROW" | "DUPLICATE_VALUE" | "REQUEST_RUNNING_TOO_LONG" => ErrorKind::Transient,
            // Of this record, not of all.
            "INSUFFICIENT_ACCESS_OR_READONLY" | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY" => ErrorKind::Rejected,
            "STORAGE_LIMIT_EXCEEDED" => ErrorKind::Misconfigured,
            // Nobody gets in by this interface: a new token will not help, as it does with 401.
            "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" | "FUNCTIONALITY_NOT_ENABLED" | "ORG_LOCKED"
                if status == 403 =>
            {
                ErrorKind::Misconfigured
            }
            _ if status == 412 => ErrorKind::Transient,
            _ if status == 400 && body.get("error").is_some_and(Value::is_string) => ErrorKind::Unauthorised,
            _ => return None,
        })
    }

    fn is_absence(&self, body: &Value, _text: &str) -> bool {
        !word(body).is_empty()
    }

    fn is_forbidden(&self, body: &Value, _text: &str) -> bool {
        !word(body).is_empty()
    }

    /// Salesforce tells no time.
    fn rest(&self, body: &Value, _header: &dyn Fn(&str) -> Option<String>) -> Option<Duration> {
        let message = first(body)?.get("message").and_then(Value::as_str).unwrap_or_default();
        let pause = if message.contains("TotalRequests") { DAILY } else { AT_ONCE };
        (word(body) == "REQUEST_LIMIT_EXCEEDED").then_some(pause)
    }
}

/// What does not fit, found before anything is sent.
pub(crate) fn unfit(why: impl Into<String>) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, UNFIT, why)
}

/// An answer without what it must have: another server may stand there.
pub(crate) fn strange(host: &str, what: &str) -> ConnectorError {
    ConnectorError::new(ErrorKind::Transient, STRANGE, format!("`{host}` answers without {what}"))
}

#[cfg(test)]
mod tests {
    use super::Own;
    use opspilot_sdk::ErrorKind;
    use opspilot_sdk::writing::Manners as _;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn what_it_means_stands_in_the_body() {
        let error = |code: &str| json!([{ "errorCode": code, "message": "TotalRequests Limit exceeded." }]);
        for (status, code, kind) in [
            (403, "REQUEST_LIMIT_EXCEEDED", Some(ErrorKind::RateLimited)),
            (403, "API_DISABLED_FOR_ORG", Some(ErrorKind::Misconfigured)),
            (403, "INSUFFICIENT_ACCESS_OR_READONLY", Some(ErrorKind::Rejected)),
            (400, "UNABLE_TO_LOCK_ROW", Some(ErrorKind::Transient)),
            (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", None),
            (401, "INVALID_SESSION_ID", None),
        ] {
            assert_eq!(Own.kind(status, &error(code)), kind, "{status} {code}");
        }
        assert_eq!(Own.kind(400, &json!({ "error": "invalid_grant" })), Some(ErrorKind::Unauthorised));
        assert_eq!(Own.kind(403, &json!("<html>")), None);
        assert!(Own.is_forbidden(&error("INSUFFICIENT_ACCESS"), "") && !Own.is_forbidden(&json!("<html>"), "<html>"));
        let rest = |body| Own.rest(&body, &|_| None);
        assert_eq!(rest(error("REQUEST_LIMIT_EXCEEDED")), Some(Duration::from_secs(900)));
        assert_eq!(rest(error("UNABLE_TO_LOCK_ROW")), None);
        let at_once = json!([{ "errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit" }]);
        assert_eq!(rest(at_once), Some(Duration::from_secs(60)));
    }
}
