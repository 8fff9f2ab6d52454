//! The three kinds of lines of an export, and the one spelling of each.
//! Its own file because writer and readers must agree to the byte.
//!
//! INVARIANT: `parse` accepts exactly what `render` writes. Header and end carry the SHA-256 of their own text:
//! no protection against a forger (that is the signature's part), but it names the line that was damaged.

use crate::receipt::body::hex;
use crate::receipt::tree::digest;
use crate::receipt::{Error, Hash, jcs};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    pub(super) header: HeaderText,
    pub(super) sha256: String,
}

/// What the header states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderText {
    /// What a partial export was asked for; absent in the export of a whole log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) about: Option<String>,
    pub(super) format: String,
    /// Keys with their states, as lines of a key file.
    pub(super) keys: Vec<String>,
    pub(super) origin: String,
    /// Root of the head, base64.
    pub(super) root: String,
    /// Size of the head.
    pub(super) size: u64,
    /// Program and version that wrote it.
    pub(super) tool: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptLine {
    /// Lower-case hexadecimal.
    pub(super) leaf: String,
    /// Inclusion path, base64, from the leaf upwards; only in partial exports.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) path: Option<Vec<String>>,
    /// The exact canonical text.
    pub(super) receipt: String,
    pub(super) seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    pub(super) end: EndText,
    pub(super) sha256: String,
}

/// What the last line states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndText {
    /// The signed head, a C2SP note.
    pub(super) checkpoint: String,
    /// Number of receipt lines.
    pub(super) receipts: u64,
}

/// The line of a value, without its line end.
pub(super) fn render<T: Serialize>(line: &T) -> Result<String, Error> {
    jcs::canonical_of(line)
}

/// Reads a line. `None` unless it is exactly what `render` writes.
pub(super) fn parse<T: DeserializeOwned + Serialize>(line: &[u8]) -> Option<T> {
    let value: T = serde_json::from_value(jcs::parse_canonical(line)?).ok()?;
    // An optional member given as `null` would be a second spelling.
    (render(&value).ok()?.as_bytes() == line).then_some(value)
}

/// SHA-256 of the canonical text of a part, lower-case hexadecimal.
pub(super) fn seal<T: Serialize>(part: &T) -> Result<String, Error> {
    jcs::canonical_of(part).map(|text| hex(&digest(&[text.as_bytes()])))
}

/// Reads 64 lower-case hexadecimal digits.
pub(super) fn parse_hash(text: &str) -> Option<Hash> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect();
    bytes?.try_into().ok()
}
