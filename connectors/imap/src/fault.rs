//! What can go wrong between us and a mail server, in words for the person who must repair it. Own file because the codes are a promise.
//! INVARIANT: no message or cause holds a secret or text of a mail; what the server said is cut short and stripped of control characters.

use opspilot_sdk::{ConnectorError, ErrorKind};

/// The server cannot be reached.
pub(crate) const UNREACHABLE: &str = "OP-2501";
/// Its certificate is not believed.
pub(crate) const CERTIFICATE: &str = "OP-2502";
/// It refuses the login.
pub(crate) const LOGIN: &str = "OP-2503";
/// A folder does not exist or may not be used.
pub(crate) const FOLDER: &str = "OP-2504";
/// It fell silent or ended the session.
pub(crate) const LOST: &str = "OP-2505";
/// It refused a command or answered what cannot be understood.
pub(crate) const REFUSED: &str = "OP-2506";
/// A secret or the CA file cannot be read.
pub(crate) const SECRET: &str = "OP-2507";
/// It lacks what the options ask for.
pub(crate) const LACKS: &str = "OP-2508";
/// The token endpoint cannot be used at the moment.
pub(crate) const TOKEN: &str = "OP-2509";
/// The token endpoint refuses our credentials.
pub(crate) const GRANT: &str = "OP-2510";
/// A message is larger than the limit.
pub(crate) const TOO_LARGE: &str = "OP-2511";
/// A message that the server lists and does not hand out.
pub(crate) const UNREADABLE: &str = "OP-2512";

pub(crate) fn transient(code: &'static str, message: impl Into<String>) -> ConnectorError {
    ConnectorError::new(ErrorKind::Transient, code, message)
}

pub(crate) fn misconfigured(code: &'static str, message: impl Into<String>) -> ConnectorError {
    ConnectorError::new(ErrorKind::Misconfigured, code, message)
}

pub(crate) fn unauthorised(code: &'static str, message: impl Into<String>) -> ConnectorError {
    ConnectorError::new(ErrorKind::Unauthorised, code, message)
}

/// What a far side said, fit for a log line: one line, at most 160 characters, in backticks, or nothing.
pub(crate) fn said(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() || c == '`' { ' ' } else { c }).take(160).collect();
    let clean = clean.trim();
    if clean.is_empty() { String::new() } else { format!("; it said `{clean}`") }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn what_was_said_is_one_short_line() {
        assert_eq!(said("  a`b\r\nc "), "; it said `a b  c`");
        assert_eq!(said("\r\n"), "");
        assert!(said(&"x".repeat(5000)).len() < 200);
    }
}
