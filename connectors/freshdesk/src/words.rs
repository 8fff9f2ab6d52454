//! How Freshdesk says that something went wrong, and the codes of our words for it. Own file because the pages of the handbook are named
//! here. INVARIANT: a refusal for what the far side was doing at that moment is no refusal of the call.

use opspilot_sdk::writing::{Codes, Manners};
use opspilot_sdk::{ConnectorError, ErrorKind};
use serde_json::Value;

/// What cannot be planned: it does not fit the far side.
pub(crate) const UNFIT: &str = "OP-7594";
/// Rights that are wider than needed.
pub(crate) const WIDE: &str = "OP-7595";
/// There is no such ticket, or it is not for us to see.
pub(crate) const NO_TICKET: &str = "OP-7597";
/// The answer is not what Freshdesk sends.
pub(crate) const STRANGE: &str = "OP-7598";
/// The key cannot be read or used.
pub(crate) const NO_KEY: &str = "OP-7599";

/// The manners of Freshdesk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words;

impl Manners for Words {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7590", unauthorised: "OP-7591", refused: "OP-7592", limited: "OP-7593" }
    }

    /// `{"description": …, "errors": [{"field": …, "message": …, "code": …}]}`, or `{"code": …, "message": …}`.
    fn reason(&self, body: &Value) -> Option<String> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let first = text(body, "description").or_else(|| text(body, "message"));
        let fields = body.get("errors").and_then(Value::as_array).into_iter().flatten().filter_map(|one| {
            let field = text(one, "field").map(|field| format!("{field}: ")).unwrap_or_default();
            Some(format!("{field}{}", text(one, "message")?))
        });
        let all: Vec<String> = first.into_iter().chain(fields).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Freshdesk says nothing at all of what is not there.
    fn is_absence(&self, _body: &Value, text: &str) -> bool {
        text.trim().is_empty()
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
        let invalid = json!({"description": "Validation failed",
            "errors": [{"field": "priority", "message": "It should be one of these values: '1,2,3,4'", "code": "invalid_value"}]});
        assert_eq!(said(invalid), "Validation failed; priority: It should be one of these values: '1,2,3,4'");
        assert_eq!(
            said(json!({"code": "invalid_credentials", "message": "You have to be logged in"})),
            "You have to be logged in"
        );
        for odd in [json!({}), json!([]), json!("x"), json!({"errors": [1, {}]})] {
            assert_eq!(said(odd), "");
        }
        assert_eq!(Words.kind(409, &Value::Null), Some(ErrorKind::Transient));
    }
}
