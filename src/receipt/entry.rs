//! One receipt: the record, and the fast way to make its bytes.
//! Its own file because these bytes are the unit of everything else: hashed, stored, exported, verified.
//!
//! INVARIANT: the bytes are the canonical JSON of the record with its nine members, and the leaf is the
//! RFC 6962 hash of exactly these bytes.

use super::{Body, Error, Hash, jcs, tree};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Largest receipt, in bytes of canonical text.
pub const MAX_BYTES: usize = 1 << 20;

/// A receipt as read back from its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Who did it: a user, a step, a connector.
    pub actor: String,
    /// When, in microseconds since the Unix epoch, UTC.
    pub at: i64,
    /// What is particular to the kind. Digests and ids, never request text.
    pub body: Value,
    /// Its own id, `rct_…`.
    pub id: String,
    /// What happened, for example `request.accepted`.
    pub kind: String,
    /// In which pilot, when in one.
    #[serde(deserialize_with = "present")]
    pub pilot: Option<String>,
    /// Place in the log, from 1 without gaps.
    pub seq: u64,
    /// Id of the thing it is about.
    pub subject: String,
    /// For which client organisation.
    pub tenant: String,
}

/// What the caller knows of a receipt; the store adds the sequence number.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// Its own id, `rct_…`.
    pub id: &'a str,
    /// When it happened; kept to the microsecond.
    pub at: Timestamp,
    /// What happened, for example `request.accepted`.
    pub kind: &'a str,
    /// For which client organisation; empty for what belongs to none.
    pub tenant: &'a str,
    /// In which pilot, when in one.
    pub pilot: Option<&'a str>,
    /// Id of the thing it is about.
    pub subject: &'a str,
    /// Who did it.
    pub actor: &'a str,
}

/// A receipt that lacks only its sequence number. All checks and all escaping are done; sealing it inside
/// the writing transaction is a copy and a hash, and cannot fail.
#[derive(Debug, Clone)]
pub struct Entry {
    text: String,
    cut: usize,
    id: Box<str>,
    kind: Box<str>,
    subject: Box<str>,
    at: i64,
}

/// A receipt with its place, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Place in the log.
    pub seq: u64,
    /// The exact bytes: store these, and nothing made from them.
    pub bytes: Vec<u8>,
    /// RFC 6962 leaf hash of the bytes.
    pub leaf: Hash,
}

impl Entry {
    /// Checks the fields and writes the text around the sequence number.
    ///
    /// # Errors
    /// [`Error::Field`] for an id without `rct_`, an empty kind, a time outside the years -2255 to 2255, or a
    /// receipt above [`MAX_BYTES`].
    pub fn new(fields: &Fields<'_>, body: &Body) -> Result<Self, Error> {
        let at = fields.at.as_microsecond();
        if at.unsigned_abs() > jcs::MAX_SAFE_INTEGER {
            return Err(Error::field("at", format!("`{}` is out of range", fields.at)));
        }
        if !fields.id.starts_with("rct_") {
            return Err(Error::field("id", format!("`{}` does not begin with `rct_`", fields.id)));
        }
        if fields.kind.is_empty() {
            return Err(Error::field("kind", "is empty"));
        }
        // Member names in their canonical order: actor at body id kind pilot | seq | subject tenant.
        let mut text = String::with_capacity(256 + body.as_str().len());
        text.push_str("{\"actor\":");
        jcs::write_string(&mut text, fields.actor);
        text.push_str(",\"at\":");
        text.push_str(&at.to_string());
        text.push_str(",\"body\":");
        text.push_str(body.as_str());
        text.push_str(",\"id\":");
        jcs::write_string(&mut text, fields.id);
        text.push_str(",\"kind\":");
        jcs::write_string(&mut text, fields.kind);
        text.push_str(",\"pilot\":");
        match fields.pilot {
            Some(pilot) => jcs::write_string(&mut text, pilot),
            None => text.push_str("null"),
        }
        text.push_str(",\"seq\":");
        let cut = text.len();
        text.push_str(",\"subject\":");
        jcs::write_string(&mut text, fields.subject);
        text.push_str(",\"tenant\":");
        jcs::write_string(&mut text, fields.tenant);
        text.push('}');
        if text.len() + 20 > MAX_BYTES {
            return Err(Error::field("body", "makes the receipt larger than 1 MiB; keep a digest instead"));
        }
        Ok(Self { text, cut, id: fields.id.into(), kind: fields.kind.into(), subject: fields.subject.into(), at })
    }

    /// Gives the receipt its place. `seq` starts at 1 and stays below 2^53.
    #[must_use]
    pub fn seal(&self, seq: u64) -> Sealed {
        let number = seq.to_string();
        let (head, tail) = self.text.split_at_checked(self.cut).unwrap_or((&self.text, ""));
        let mut bytes = Vec::with_capacity(self.text.len() + number.len());
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(number.as_bytes());
        bytes.extend_from_slice(tail.as_bytes());
        let leaf = tree::leaf_hash(&bytes);
        Sealed { seq, bytes, leaf }
    }

    /// Its own id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Id of the thing it is about.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// When, in microseconds since the Unix epoch, UTC.
    #[must_use]
    pub fn at(&self) -> i64 {
        self.at
    }
}

impl Receipt {
    /// Reads a receipt from its exact bytes. `None` when they are not the canonical form of one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let value = jcs::parse_canonical(bytes)?;
        let receipt: Self = serde_json::from_value(value).ok()?;
        (receipt.body.is_object() && receipt.seq <= jcs::MAX_SAFE_INTEGER).then_some(receipt)
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// [`Error::Field`] when the body holds something without a canonical form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        jcs::canonical_of(self).map(String::into_bytes)
    }
}

/// Makes an optional member obligatory: it may be null, it may not be left out.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(from)
}
