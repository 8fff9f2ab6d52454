//! The refusals of this source, each with its stable code. Own file so that the codes stand in one place and every page
//! `docs/errors/OP-21nn.md` has exactly one counterpart. INVARIANT: no refusal repeats a secret or more than 60 characters of the input.

use opspilot_sdk::{Refusal, RefusalKind};

/// A header that the proof of origin needs is missing, doubled or unreadable.
pub(crate) const PROOF_MISSING: &str = "OP-2101";
/// The signature does not fit the body.
pub(crate) const SIGNATURE_WRONG: &str = "OP-2102";
/// The timestamp is too old, too far ahead or not a number.
pub(crate) const STALE: &str = "OP-2103";
/// An unverified source was called from outside this machine.
pub(crate) const NOT_LOOPBACK: &str = "OP-2104";
/// The bearer token is wrong.
pub(crate) const TOKEN_WRONG: &str = "OP-2105";
/// A media type, charset or content encoding that is not taken.
pub(crate) const MEDIA: &str = "OP-2110";
/// Not JSON.
pub(crate) const JSON: &str = "OP-2111";
/// One object holds the same key twice.
pub(crate) const JSON_TWICE: &str = "OP-2112";
/// Nested too deeply.
pub(crate) const DEEP: &str = "OP-2113";
/// Not a form-encoded body.
pub(crate) const FORM: &str = "OP-2114";
/// Not a multipart body.
pub(crate) const MULTIPART: &str = "OP-2115";
/// An empty body.
pub(crate) const EMPTY: &str = "OP-2116";
/// The body is larger than the limit.
pub(crate) const BODY_LARGE: &str = "OP-2117";
/// Too many values, parts or attachments, or one of them too large.
pub(crate) const PART_LARGE: &str = "OP-2118";
/// A configured secret cannot be read (at build time).
pub(crate) const SECRET_UNREADABLE: &str = "OP-2120";
/// A configured secret cannot be used (at build time).
pub(crate) const SECRET_UNUSABLE: &str = "OP-2121";

pub(crate) fn unauthorised(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Unauthorised, code, message)
}

pub(crate) fn malformed(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Malformed, code, message)
}

pub(crate) fn too_large(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::TooLarge, code, message)
}

pub(crate) fn unsupported(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::UnsupportedMedia, MEDIA, message)
}

/// A piece of the input for a message: short, one line, nothing that moves a terminal's cursor.
pub(crate) fn shown(input: &str) -> String {
    const MOST: usize = 60;
    let mut short: String = input.chars().take(MOST).flat_map(char::escape_debug).collect();
    if input.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}
