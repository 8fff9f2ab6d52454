//! How Pipedrive says no. Own file because its ways are written down here alone. INVARIANT: every error of this kind has a code of 756x.

use opspilot_sdk::writing::{Codes, Manners};
use opspilot_sdk::{ConnectorError, ErrorKind};
use serde_json::Value;
use std::time::Duration;

/// The token cannot be read, or cannot stand in a header.
pub(crate) const NO_TOKEN: &str = "OP-7564";
/// What was asked for does not fit.
pub(crate) const UNFIT: &str = "OP-7565";
/// An answer that cannot be understood.
pub(crate) const STRANGE: &str = "OP-7566";
/// The token may more than is needed.
pub(crate) const WIDE: &str = "OP-7567";

/// Pipedrive's manners.
pub(crate) struct Own;

impl Manners for Own {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7560", unauthorised: "OP-7561", refused: "OP-7562", limited: "OP-7563" }
    }

    fn reason(&self, body: &Value) -> Option<String> {
        Some(body.get("error")?.as_str()?.to_owned())
    }

    /// An account that was not paid for is closed to everybody (402).
    fn kind(&self, status: u16, _body: &Value) -> Option<ErrorKind> {
        (status == 402).then_some(ErrorKind::Unauthorised)
    }

    fn is_absence(&self, body: &Value, _text: &str) -> bool {
        body.get("success") == Some(&false.into())
    }

    fn rest(&self, _body: &Value, header: &dyn Fn(&str) -> Option<String>) -> Option<Duration> {
        let seconds: u32 = header("x-ratelimit-reset")?.trim().parse().ok()?;
        Some(Duration::from_secs(u64::from(seconds).min(24 * 60 * 60)))
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
