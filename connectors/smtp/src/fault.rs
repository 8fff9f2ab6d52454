//! What a refusal or a broken connection means, by the stage at which it came. Own file because the table of codes and kinds is the promise
//! that the outbox acts on. INVARIANT: no message and no cause holds the text of a letter or a password, also when the server repeats it; what a
//! server said is cut and made visible.

use lettre::transport::smtp::Error;
use opspilot_sdk::{ConnectorError, ErrorKind, Hidden};
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

/// Whose words they are.
pub(crate) struct Far {
    /// `host:port`, for messages.
    pub(crate) name: String,
    /// What we sign in with, in every form in which it is sent.
    hidden: Hidden,
}

impl Far {
    pub(crate) fn new(host: &str, port: u16, login: Option<(&str, &str)>) -> Self {
        let mut hidden = Hidden::default();
        if let Some((user, password)) = login {
            // As PLAIN sends it (RFC 4616); LOGIN sends the password in base64.
            hidden.add(&format!("\0{user}\0{password}"));
            hidden.add(password);
        }
        Self { name: format!("{host}:{port}"), hidden }
    }

    /// What the server said, without what it was told at sign-in, in one line of at most so many characters.
    pub(crate) fn said(&self, text: &str, most: usize) -> String {
        let visible =
            self.hidden.text(text).chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect::<String>();
        visible.trim_end().to_owned()
    }
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
pub(crate) fn judge(far: &Far, stage: Stage, cause: Error) -> ConnectorError {
    let (relay, said) = (far.name.as_str(), far.said(&innermost(&cause), 200));
    let error = meaning(relay, stage, &said, &cause);
    // A cause that holds the server's words holds whatever it repeats.
    if cause.status().is_some() || cause.is_response() { error } else { error.because(cause) }
}

fn meaning(relay: &str, stage: Stage, said: &str, cause: &Error) -> ConnectorError {
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
            return unclear(relay, "the connection broke before it answered");
        }
        (None, Stage::Login) if cause.is_client() => {
            let what = format!("`{relay}` offers no way to sign in with a password; check host, port and `security`");
            (ErrorKind::Misconfigured, "OP-2706", what)
        }
        (None, Stage::Greeting | Stage::Tls) if cause.is_tls() || of_certificate(cause) => {
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
    ConnectorError::new(kind, op, what)
}

/// The innermost cause, or what the server said.
fn innermost(cause: &Error) -> String {
    let mut text = cause.to_string();
    let mut inner = cause.source();
    while let Some(source) = inner {
        text = source.to_string();
        inner = source.source();
    }
    text
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
