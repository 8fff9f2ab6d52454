//! What a refusal, a failure or a broken connection means to a question: its class, its code and what it may have cost. Own file because
//! this table is what reservations, retries and circuit breakers act on. INVARIANT: no message holds a key, a URL or words of the
//! question, also where the far side repeats them; and what may have cost something is never said to have cost nothing.

use super::{Bad, cleaned};
use crate::http::{Fault, FaultKind};
use crate::{Charge, ConnectorError, ErrorKind, Question, Secret, Unanswered, Usage};
use serde_json::Value;
use std::time::Duration;

/// Code of an error: a key or a certificate that cannot be used.
pub const UNUSABLE_KEY: &str = "OP-7113";
/// The longest that is told of what the far side said, in characters.
const TOLD: usize = 200;
/// So many characters in a row that stand in the question too are the question's.
const REPEATED: usize = 20;

/// What a far side said about its refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Its kind, such as `insufficient_quota`.
    pub kind: String,
    /// Its words.
    pub message: String,
}

impl Said {
    /// Reads the forms that are about: `{"error": {"type", "code", "message"}}`, `{"error": "…"}`, `{"message": "…"}`, `{"detail": "…"}`.
    /// Anything else says nothing.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).map(|value| Self::of(&value)).unwrap_or_default()
    }

    /// As [`Said::read`], of JSON.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let error = value.get("error").unwrap_or(value);
        let text = |name| error.get(name).and_then(Value::as_str);
        let message = error.as_str().or_else(|| text("message")).or_else(|| text("detail")).unwrap_or_default();
        // The code is the finer of the two, where there is one in words.
        let code = text("code").filter(|code| code.contains(|c: char| c.is_ascii_alphabetic()));
        let kind = code.or_else(|| text("type")).unwrap_or_default();
        Self { kind: cleaned(kind, 64), message: message.to_owned() }
    }

    /// What of it may be shown.
    fn told(&self, question: Option<&Question>, secret: Option<&Secret>) -> String {
        let mut message = self.message.clone();
        if let Some(secret) = secret.map(Secret::expose).filter(|secret| !secret.is_empty()) {
            message = message.replace(secret, "…");
        }
        let message = cleaned(&message, TOLD);
        let repeats = question.is_some_and(|question| repeats(&message, question));
        let message = if repeats { "words of the question, not shown here".to_owned() } else { message };
        match (self.kind.is_empty(), message.is_empty()) {
            (true, true) => String::new(),
            (true, false) => format!(": {message}"),
            (false, true) => format!(": {}", self.kind),
            (false, false) => format!(": {}: {message}", self.kind),
        }
    }
}

/// Whether a text holds a piece of a question.
fn repeats(text: &str, question: &Question) -> bool {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let pieces = starts.windows(REPEATED + 1).filter_map(|window| text.get(*window.first()?..*window.last()?));
    let texts = || std::iter::once(&question.system).chain(question.turns.iter().map(|turn| &turn.text));
    pieces.into_iter().any(|piece| texts().any(|whole| whole.contains(piece)))
}

/// No whole answer came. `usage`: what the far side had already counted.
#[must_use]
pub fn fault(fault: Fault, usage: Option<Usage>) -> Unanswered {
    let later = "it is asked again later";
    let (kind, code, help) = match fault.kind {
        FaultKind::Unreachable => (ErrorKind::Transient, "OP-7101", later),
        FaultKind::Forbidden => (ErrorKind::Misconfigured, "OP-7102", "check `base_url`"),
        FaultKind::Untrusted => (
            ErrorKind::Misconfigured,
            "OP-7103",
            "check `base_url`, or name the authority of its certificate by `ca_file`",
        ),
        FaultKind::Silent | FaultKind::Slow => (ErrorKind::Transient, "OP-7109", later),
        FaultKind::Broken => (ErrorKind::Transient, "OP-7110", later),
        FaultKind::Oversized => (ErrorKind::Transient, "OP-7111", "`max_answer_bytes` is the limit"),
    };
    let charge = if fault.may_have_arrived() { after(usage) } else { Charge::Nothing };
    let error = ConnectorError::new(kind, code, format!("{fault}; {help}"));
    Unanswered { error: error.because(fault), charge }
}

/// An answer that cannot be understood.
#[must_use]
pub fn garbled(host: &str, what: &str, usage: Option<Usage>) -> Unanswered {
    let message = format!("`{host}` answers, and {what}; check that `base_url` leads to the right interface");
    Unanswered { error: ConnectorError::new(ErrorKind::Transient, "OP-7112", message), charge: after(usage) }
}

pub(super) fn bad(host: &str, bad: Bad, usage: Option<Usage>) -> Unanswered {
    match bad {
        Bad::Garbled(what) => garbled(host, what, usage),
        Bad::TooLong => fault(Fault::new(FaultKind::Oversized, host, "answers with more text than is read"), usage),
        Bad::Failed(said) => {
            let full = is_overload(&said.kind);
            // Words of a failure in the middle are not told: they may be words of the answer.
            let message = format!("`{host}` began to answer and failed: {}; it is asked again later", name(&said.kind));
            let (kind, code) =
                if full { (ErrorKind::RateLimited, "OP-7105") } else { (ErrorKind::Transient, "OP-7108") };
            Unanswered { error: ConnectorError::new(kind, code, message), charge: after(usage) }
        }
    }
}

fn name(kind: &str) -> &str {
    if kind.is_empty() { "no reason is given" } else { kind }
}

fn after(usage: Option<Usage>) -> Charge {
    usage.map_or(Charge::Unknown, Charge::Counted)
}

fn is_overload(kind: &str) -> bool {
    matches!(kind, "overloaded_error" | "rate_limit_error" | "rate_limit_exceeded" | "server_overloaded")
}

/// A status that is no success. Refused before any work (most of 4xx) costs nothing: that is what these statuses mean, and what vendors
/// bill by. A failure (5xx) may have come after the work: nobody documents that it is free, so its cost is unknown.
#[must_use]
pub fn refused(
    host: &str,
    status: u16,
    retry_after: Option<Duration>,
    said: &Said,
    question: Option<&Question>,
    secret: Option<&Secret>,
) -> Unanswered {
    use ErrorKind::{Misconfigured, RateLimited, Rejected, Transient, Unauthorised};
    let credit = status == 402 || matches!(said.kind.as_str(), "insufficient_quota" | "billing_error");
    let key =
        matches!(said.kind.as_str(), "authentication_error" | "invalid_api_key" | "auth_error" | "permission_error");
    let (kind, code, what, help) = match status {
        _ if credit => (Unauthorised, "OP-7114", "says that the account may spend no more", "see to the account"),
        300..=399 => (Misconfigured, "OP-7106", "sends elsewhere, where nobody follows", "check `base_url`"),
        401 | 403 => (Unauthorised, "OP-7104", "does not accept the key", "check `key_file` or `key_env`"),
        400 if key => (Unauthorised, "OP-7104", "does not accept the key", "check `key_file` or `key_env`"),
        404 | 405 => (Misconfigured, "OP-7106", "knows no such model or path", "check `model` and `base_url`"),
        400 | 413 | 415 | 422 => (Rejected, "OP-7107", "refuses the question", "it is not asked again"),
        429 | 529 => (RateLimited, "OP-7105", "is asked too often or has too much to do", "it is asked again later"),
        408 | 409 | 425 | 500..=599 => (Transient, "OP-7108", "failed", "it is asked again later"),
        _ => (Rejected, "OP-7107", "refuses the question in an unusual way", "it is not asked again"),
    };
    let message = format!("`{host}` {what} ({status}){}; {help}", said.told(question, secret));
    let mut error = ConnectorError::new(kind, code, message);
    if matches!(kind, RateLimited | Transient) {
        error.retry_after = retry_after;
    }
    let free = credit || matches!(status, 300..=401 | 403..=405 | 413 | 415 | 422 | 429 | 529);
    Unanswered { error, charge: if free { Charge::Nothing } else { Charge::Unknown } }
}

#[cfg(test)]
mod tests {
    use super::{Said, refused};
    use crate::{Charge, ErrorKind, Question, Secret, Speaker, Turn};
    use std::sync::Arc;
    use std::time::Duration;

    fn question(text: &str) -> Question {
        Question {
            system: "Write a brief.".to_owned(),
            turns: vec![Turn { speaker: Speaker::User, text: text.to_owned() }],
            schema: Arc::new(serde_json::json!({})),
            schema_name: "brief",
            max_output: 10,
            key: "k".to_owned(),
        }
    }

    #[test]
    fn each_status_has_its_class() {
        use ErrorKind::{Misconfigured, RateLimited, Rejected, Transient, Unauthorised};
        let none = Said::default();
        for (status, kind, code, charge) in [
            (301, Misconfigured, "OP-7106", Charge::Nothing),
            (400, Rejected, "OP-7107", Charge::Nothing),
            (401, Unauthorised, "OP-7104", Charge::Nothing),
            (402, Unauthorised, "OP-7114", Charge::Nothing),
            (403, Unauthorised, "OP-7104", Charge::Nothing),
            (404, Misconfigured, "OP-7106", Charge::Nothing),
            (408, Transient, "OP-7108", Charge::Unknown),
            (413, Rejected, "OP-7107", Charge::Nothing),
            (418, Rejected, "OP-7107", Charge::Unknown),
            (422, Rejected, "OP-7107", Charge::Nothing),
            (429, RateLimited, "OP-7105", Charge::Nothing),
            (500, Transient, "OP-7108", Charge::Unknown),
            (503, Transient, "OP-7108", Charge::Unknown),
            (529, RateLimited, "OP-7105", Charge::Nothing),
        ] {
            let pause = Some(Duration::from_secs(7));
            let said = refused("h", status, pause, &none, None, None);
            assert_eq!((said.error.kind, said.error.code, said.charge), (kind, code, charge), "{status}");
            assert_eq!(said.error.retry_after.is_some(), matches!(kind, RateLimited | Transient), "{status}");
        }
        let said =
            Said::read(br#"{"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"pay"}}"#);
        assert_eq!(refused("h", 429, None, &said, None, None).error.kind, Unauthorised);
    }

    #[test]
    fn neither_key_nor_question_is_repeated() {
        let secret = Secret::new("sk-canary-4711");
        let asked = question("Dear team, my boiler broke and my name is Ada Lovelace.");
        let body = br#"{"error":{"type":"x","message":"bad key sk-canary-4711\u0000\n for you"}}"#;
        let text = refused("h", 400, None, &Said::read(body), Some(&asked), Some(&secret)).error.to_string();
        assert!(text.contains("bad key …") && !text.contains("4711") && !text.contains('\n'), "{text}");
        for body in [
            r#"{"error":"cannot read `my boiler broke and my name is Ada`"}"#,
            r#"{"detail":"input: Dear team, my boiler broke and"}"#,
        ] {
            let text = refused("h", 422, None, &Said::read(body.as_bytes()), Some(&asked), None).error.to_string();
            assert!(!text.contains("boiler"), "{text}");
        }
        for body in ["<html>Dear team</html>", "", "[1]", "null", "{\"error\":[]}"] {
            assert_eq!(Said::read(body.as_bytes()), Said::default(), "{body}");
        }
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(5000));
        assert!(refused("h", 400, None, &Said::read(long.as_bytes()), None, None).error.to_string().len() < 400);
    }
}
