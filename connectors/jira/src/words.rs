//! How Jira says that something went wrong, and the codes of our words for it. Own file because the pages of the handbook are named here.
//! INVARIANT: a refusal for what the far side was doing at that moment is no refusal of the call.

use opspilot_sdk::writing::{Codes, Manners};
use opspilot_sdk::{ConnectorError, ErrorKind};
use serde_json::Value;

/// What cannot be planned: it does not fit the far side.
pub(crate) const UNFIT: &str = "OP-7584";
/// Rights that are wider than needed.
pub(crate) const WIDE: &str = "OP-7585";
/// Rights that are enough to write, and not to take back.
pub(crate) const NO_WAY_BACK: &str = "OP-7586";
/// There is no such issue, or it is not for us to see.
pub(crate) const NO_ISSUE: &str = "OP-7587";
/// The answer is not what Jira sends.
pub(crate) const STRANGE: &str = "OP-7588";
/// The token cannot be read or used.
pub(crate) const NO_TOKEN: &str = "OP-7589";

/// The manners of Jira.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words;

impl Manners for Words {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7580", unauthorised: "OP-7581", refused: "OP-7582", limited: "OP-7583" }
    }

    /// `{"errorMessages": […], "errors": {"field": …}}`.
    fn reason(&self, body: &Value) -> Option<String> {
        let messages = body.get("errorMessages").and_then(Value::as_array).into_iter().flatten();
        let messages = messages.filter_map(|message| message.as_str().map(str::to_owned));
        let fields = body.get("errors").and_then(Value::as_object).into_iter().flatten();
        let fields = fields.filter_map(|(field, why)| Some(format!("{field}: {}", why.as_str()?)));
        // Atlassian's gateway, which stands before Jira, says `message`.
        let gateway = body.get("message").and_then(Value::as_str).map(str::to_owned);
        let all: Vec<String> = messages.chain(fields).chain(gateway).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Atlassian's gateway, which does not know a site, has another shape.
    fn is_absence(&self, body: &Value, _text: &str) -> bool {
        body.get("errorMessages").is_some_and(Value::is_array)
    }

    /// In Jira's own shape, and of the issue or the project.
    fn is_forbidden(&self, body: &Value, text: &str) -> bool {
        self.is_absence(body, text)
    }

    fn kind(&self, status: u16, _body: &Value) -> Option<ErrorKind> {
        // Another change of the same issue was under way, and this one was not made.
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
    fn a_refusal_is_read() {
        let said = |body: Value| Words.reason(&body).unwrap_or_default();
        assert_eq!(
            said(json!({"errorMessages": ["No."], "errors": {"priority": "The priority selected is invalid."}})),
            "No.; priority: The priority selected is invalid."
        );
        assert_eq!(
            said(json!({"code": 401, "message": "Unauthorized; scope does not match"})),
            "Unauthorized; scope does not match"
        );
        for odd in [json!({}), json!([]), json!("x"), json!({"errorMessages": [], "errors": {}})] {
            assert_eq!(said(odd), "");
        }
        assert_eq!(Words.kind(409, &Value::Null), Some(ErrorKind::Transient));
    }
}
