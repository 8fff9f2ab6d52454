//! How Zendesk says that something went wrong, and the codes of our words for it. Own file because the pages of the handbook are named here.
//! INVARIANT: a refusal for what the far side was doing at that moment is no refusal of the call.

use opspilot_sdk::writing::{Codes, Manners};
use opspilot_sdk::{ConnectorError, ErrorKind};
use serde_json::Value;

/// What cannot be planned: it does not fit the far side.
pub(crate) const UNFIT: &str = "OP-7574";
/// Rights that are wider than needed.
pub(crate) const WIDE: &str = "OP-7575";
/// There is no way back.
pub(crate) const NO_WAY_BACK: &str = "OP-7576";
/// There is no such ticket, or it is not for us to see.
pub(crate) const NO_TICKET: &str = "OP-7577";
/// The answer is not what Zendesk sends.
pub(crate) const STRANGE: &str = "OP-7578";
/// The token cannot be read or used.
pub(crate) const NO_TOKEN: &str = "OP-7579";

/// The manners of Zendesk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words;

impl Manners for Words {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7570", unauthorised: "OP-7571", refused: "OP-7572", limited: "OP-7573" }
    }

    /// `{"error": "RecordInvalid", "description": …, "details": {"field": [{"description": …}]}}`, or `error` as an object with `title` and
    /// `message`.
    fn reason(&self, body: &Value) -> Option<String> {
        let error = body.get("error")?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let first = text(Some(error)).or_else(|| text(error.get("message"))).or_else(|| text(error.get("title")));
        let details = body.get("details").and_then(Value::as_object).into_iter().flatten();
        let of_fields =
            details.filter_map(|(field, all)| Some(format!("{field}: {}", all.pointer("/0/description")?.as_str()?)));
        let all: Vec<String> = first.into_iter().chain(text(body.get("description"))).chain(of_fields).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// `InvalidEndpoint` is a wrong address, and an account that there is not has a page.
    fn is_absence(&self, body: &Value, _text: &str) -> bool {
        body.get("error").and_then(Value::as_str) == Some("RecordNotFound")
    }

    /// Of a ticket that the agent may not see or change: `{"error": {"title": "Forbidden", …}}`, or the word alone.
    fn is_forbidden(&self, body: &Value, _text: &str) -> bool {
        let error = body.get("error");
        let word = error.and_then(|error| error.as_str().or_else(|| error.get("title")?.as_str()));
        word == Some("Forbidden")
    }

    fn kind(&self, status: u16, _body: &Value) -> Option<ErrorKind> {
        // Another change of the same ticket was under way, and this one was not made.
        (status == 409).then_some(ErrorKind::Transient)
    }
}

/// What does not fit.
pub(crate) fn unfit(message: impl Into<String>) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, UNFIT, message)
}

/// An answer that is not one.
pub(crate) fn strange(host: &str, what: &str) -> ConnectorError {
    ConnectorError::new(ErrorKind::Transient, STRANGE, format!("`{host}` answers with something else than {what}"))
}

#[cfg(test)]
mod tests {
    use super::Words;
    use opspilot_sdk::ErrorKind;
    use opspilot_sdk::writing::Manners as _;
    use serde_json::{Value, json};

    #[test]
    fn both_shapes_of_a_refusal_are_read() {
        let said = |body: Value| Words.reason(&body).unwrap_or_default();
        let invalid = json!({"error": "RecordInvalid", "description": "Record validation errors",
            "details": {"priority": [{"description": "Priority: is not in the list", "error": "InvalidValue"}]}});
        assert_eq!(said(invalid), "RecordInvalid; Record validation errors; priority: Priority: is not in the list");
        assert_eq!(said(json!({"error": {"title": "Forbidden", "message": "no access"}})), "no access");
        for odd in [json!({}), json!([]), json!("x"), json!({"error": {}}), json!({"error": 1})] {
            assert_eq!(said(odd), "");
        }
        assert_eq!(Words.kind(409, &Value::Null), Some(ErrorKind::Transient));
        assert_eq!(Words.kind(422, &Value::Null), None);
    }
}
