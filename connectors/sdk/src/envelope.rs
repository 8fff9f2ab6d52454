//! What a source yields: one envelope per request, raw bytes and all. Own file because intake, every source and the exec
//! protocol share exactly this vocabulary. INVARIANT: the same thing delivered twice carries the same [`DedupKey`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The key under which a source recognises a repeated delivery, unique within the source. Made of what identifies the delivery
/// at its origin (a `webhook-id`, a mailbox position plus digest, a file digest plus row), never of header fields alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DedupKey(String);

impl DedupKey {
    /// The longest key kept as it is, in bytes; a longer one is replaced by its digest.
    pub const MAX_BYTES: usize = 200;

    /// A key from what identifies the delivery. Longer than [`Self::MAX_BYTES`] or holding control characters: its digest instead.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        let key = key.into();
        if key.len() > Self::MAX_BYTES || key.chars().any(char::is_control) {
            Self(format!("sha256:{}", sha256_hex(key.as_bytes())))
        } else {
            Self(key)
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One accepted delivery, before it is a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// Recognises a repeat of this very delivery.
    pub key: DedupKey,
    /// The origin's own name for it, when it has one (a submission id, a Message-ID): shown to people and used to find
    /// duplicates that reach us by two roads.
    pub external_id: Option<String>,
    /// When it reached us, or when the origin says it was sent if the origin is trusted for that.
    pub received_at: Timestamp,
    /// Media type of `raw` without parameters, such as `application/json`, `text/csv`, `message/rfc822`.
    pub media_type: String,
    /// The bytes as they came. Kept unchanged for as long as the request.
    pub raw: Vec<u8>,
    /// What the source could read out of `raw`.
    pub content: Content,
    /// Files that came along.
    pub attachments: Vec<Attachment>,
}

/// What a source could read out of the raw bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A form, a row, a JSON document: named fields.
    Fields(Fields),
    /// Plain text as a person wrote it.
    Text(String),
    /// `raw` is an RFC 5322 message; intake reads it.
    Message,
}

/// The fields every request has, as far as the source found them, and whatever else stood beside them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    /// Name of the person who asks.
    pub name: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Their telephone number, as written.
    pub phone: Option<String>,
    /// Their organisation.
    pub organisation: Option<String>,
    /// A subject line or title.
    pub subject: Option<String>,
    /// What they wrote.
    pub text: Option<String>,
    /// Everything else, label and value, in the order it came.
    pub extra: Vec<(String, String)>,
}

/// A file that came with an envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// File name as the sender gave it: text to show, never a path to open.
    pub name: String,
    /// Media type as the sender gave it.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Lowercase hex SHA-256 (FIPS 180-4), the digest by which raw bytes and attachments are named.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

/// Bytes in lowercase hex, two digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{DedupKey, sha256_hex};

    #[test]
    fn long_or_unprintable_keys_become_digests() {
        assert_eq!(DedupKey::new("msg_1").as_str(), "msg_1");
        assert!(DedupKey::new("x".repeat(201)).as_str().starts_with("sha256:"));
        assert!(DedupKey::new("a\nb").as_str().starts_with("sha256:"));
        assert_ne!(DedupKey::new("a\nb"), DedupKey::new("a\nc"));
    }

    #[test]
    fn digest_is_the_published_one() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
