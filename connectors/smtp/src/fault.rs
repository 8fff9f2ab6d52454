//! What a refusal or a broken connection means, by the stage at which it came. Own file because the table of codes and kinds is the promise
//! that the outbox acts on. INVARIANT: no message holds the text of a letter or a password; what a server said is cut and made visible.

use lettre::transport::smtp::Error;
use opspilot_sdk::{ConnectorError, ErrorKind};
use std::error::Error as _;

/// How far a dialogue had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Connecting, the greeting, EHLO.
    Greeting,
    /// Beginning TLS.
    Tls,
    /// Signing in.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA, before the letter itself.
    Data,
    /// The letter was sent; the answer to it.
    Letter,
}

/// A letter that no server would take.
pub(crate) fn unfit(what: &str) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, "OP-2708", what)
}

/// A file or variable that cannot be read.
pub(crate) fn unreadable(key: &str, what: &str) -> ConnectorError {
    ConnectorError::new(ErrorKind::Misconfigured, "OP-2709", format!("`{key}`: {what}"))
}

/// The server said nothing in time.
pub(crate) fn silent(relay: &str, stage: Stage) -> ConnectorError {
    if stage == Stage::Letter {
        return unclear(relay, "it did not answer in time");
    }
    let message = format!("`{relay}` did not answer in time; it is tried again later");
    ConnectorError::new(ErrorKind::Transient, "OP-2701", message)
}

/// The whole letter was sent and nobody knows what became of it.
pub(crate) fn unclear(relay: &str, why: &str) -> ConnectorError {
    let message = format!("`{relay}` was given the whole letter and {why}; it may have been delivered");
    ConnectorError::new(ErrorKind::Transient, "OP-2707", message)
}

/// A server without STARTTLS.
pub(crate) fn no_starttls(relay: &str) -> ConnectorError {
    let message = format!("`{relay}` does not offer STARTTLS; use `security = \"tls\"`, or ask whoever runs it");
    ConnectorError::new(ErrorKind::Misconfigured, "OP-2702", message)
}

/// What an error of the dialogue means.
pub(crate) fn judge(relay: &str, stage: Stage, cause: Error) -> ConnectorError {
    let said = said(&cause);
    let code = cause.status().map(u16::from);
    let (kind, op, what) = match (code, stage) {
        (Some(code @ 400..500), _) => (ErrorKind::Transient, "OP-2704", format!("`{relay}` says later: {code} {said}")),
        (Some(code @ (530 | 534 | 535 | 538)), _) | (Some(code), Stage::Login) => {
            let what = format!("`{relay}` refuses to let us in: {code} {said}; check user and password");
            (ErrorKind::Unauthorised, "OP-2703", what)
        }
        (Some(code), Stage::Recipient | Stage::Data | Stage::Letter) | (Some(code @ 552), Stage::Sender) => {
            (ErrorKind::Rejected, "OP-2705", format!("`{relay}` refuses this letter for good: {code} {said}"))
        }
        (Some(code), Stage::Tls) => {
            (ErrorKind::Misconfigured, "OP-2702", format!("`{relay}` refuses TLS: {code} {said}; ask whoever runs it"))
        }
        (Some(code), Stage::Greeting | Stage::Sender) => {
            let what = format!("`{relay}` takes no letters from us: {code} {said}; check `from` and `helo`");
            (ErrorKind::Misconfigured, "OP-2706", what)
        }
        (None, Stage::Letter) => {
            return unclear(relay, "the connection broke before it answered").because(cause);
        }
        (None, Stage::Login) if cause.is_client() => {
            let what = format!("`{relay}` offers no way to sign in with a password; check host, port and `security`");
            (ErrorKind::Misconfigured, "OP-2706", what)
        }
        (None, Stage::Greeting | Stage::Tls) if cause.is_tls() || of_certificate(&cause) => {
            let what = format!(
                "`{relay}` shows a certificate that is not trusted: {said}; check `host`, or name its authority by `ca_file`"
            );
            (ErrorKind::Misconfigured, "OP-2702", what)
        }
        (None, _) => {
            let what = format!("the connection to `{relay}` failed: {said}; it is tried again later");
            (ErrorKind::Transient, "OP-2701", what)
        }
    };
    ConnectorError::new(kind, op, what).because(cause)
}

/// The innermost cause, or what the server said, made visible and short.
fn said(cause: &Error) -> String {
    let mut text = cause.to_string();
    let mut inner = cause.source();
    while let Some(source) = inner {
        text = source.to_string();
        inner = source.source();
    }
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = visible.take(200).collect();
    short.truncate(short.trim_end().len());
    short
}

/// The TLS library hides behind an I/O error here, and its own type is not ours to name.
fn of_certificate(cause: &Error) -> bool {
    let mut inner = cause.source();
    while let Some(source) = inner {
        if source.to_string().contains("certificate") {
            return true;
        }
        inner = source.source();
    }
    false
}
