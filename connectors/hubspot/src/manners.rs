//! How HubSpot says no. Own file because its ways are written down here alone. INVARIANT: every error of this kind has a code of 754x.

use opspilot_sdk::writing::{Codes, Manners};
use opspilot_sdk::{ConnectorError, ErrorKind};
use serde_json::Value;
use std::time::Duration;

/// The token cannot be read, or cannot stand in a header.
pub(crate) const NO_TOKEN: &str = "OP-7544";
/// What was asked for does not fit.
pub(crate) const UNFIT: &str = "OP-7545";
/// An answer that cannot be understood.
pub(crate) const STRANGE: &str = "OP-7546";
/// The token may more than is needed.
pub(crate) const WIDE: &str = "OP-7547";
/// What the token may cannot be told.
pub(crate) const UNTOLD: &str = "OP-7548";

/// HubSpot's manners.
pub(crate) struct Own;

impl Manners for Own {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7540", unauthorised: "OP-7541", refused: "OP-7542", limited: "OP-7543" }
    }

    fn reason(&self, body: &Value) -> Option<String> {
        Some(body.get("message")?.as_str()?.to_owned())
    }

    fn is_absence(&self, body: &Value, _text: &str) -> bool {
        body.get("status").is_some_and(|status| status == "error")
    }

    /// What the token lacks it lacks for every record: a person must see to it.
    fn kind(&self, status: u16, body: &Value) -> Option<ErrorKind> {
        let lacks = body.get("category").is_some_and(|category| category == "MISSING_SCOPES");
        (status == 403 && lacks).then_some(ErrorKind::Unauthorised)
    }

    /// Which of its limits was met stands in the body; the header `retry-after` need not be there.
    fn rest(&self, body: &Value, _header: &dyn Fn(&str) -> Option<String>) -> Option<Duration> {
        let seconds = match body.get("policyName")?.as_str()? {
            "DAILY" => 3600,
            "SECONDLY" => 1,
            _ => 10,
        };
        Some(Duration::from_secs(seconds))
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
