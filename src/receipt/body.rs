//! The body of a receipt: what is particular to its kind, as canonical JSON text.
//! Its own file because it is the one part of a receipt that callers shape. The common case, a handful of
//! named values, is written straight to text without a value tree.
//!
//! INVARIANT: a `Body` is a canonical JSON object. It carries digests and ids, never the text of a request.

use super::{Error, jcs};
use serde::Serialize;
use serde_json::Value;

/// How deep a body stands in its receipt.
const OUTER: usize = 1;

/// Canonical JSON object text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(String);

/// One named value of a [`Body`].
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// Text: an id, a word of ours, a name. Not the words of a request.
    Text(&'a str),
    /// A whole number: microseconds, micro-dollars, counts. At most 2^53 - 1 either way.
    Int(i64),
    /// A yes or no.
    Flag(bool),
    /// A digest or commitment; written as lower-case hexadecimal.
    Digest(&'a [u8; 32]),
    /// A list of texts.
    Texts(&'a [&'a str]),
    /// Nothing: the member is there and is `null`.
    Null,
}

impl Body {
    /// The body without members.
    #[must_use]
    pub fn empty() -> Self {
        Self("{}".to_owned())
    }

    /// A body of named values, in any order.
    ///
    /// # Errors
    /// [`Error::Field`] for a name given twice or an integer beyond 2^53 - 1.
    pub fn of(fields: &[(&str, Field<'_>)]) -> Result<Self, Error> {
        let mut sorted: Vec<&(&str, Field<'_>)> = fields.iter().collect();
        sorted.sort_by(|a, b| jcs::key_order(a.0, b.0));
        let mut out = String::with_capacity(2 + fields.len() * 48);
        out.push('{');
        let mut before = None;
        for (name, field) in sorted {
            if before == Some(*name) {
                return Err(Error::field("body", format!("names `{name}` twice")));
            }
            if before.is_some() {
                out.push(',');
            }
            before = Some(*name);
            jcs::write_string(&mut out, name);
            out.push(':');
            write_field(&mut out, field)?;
        }
        out.push('}');
        Ok(Self(out))
    }

    /// A body from a value tree, which must be an object.
    ///
    /// # Errors
    /// [`Error::Field`] when it is no object or has no canonical form.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        if !value.is_object() {
            return Err(Error::field("body", "is not a JSON object"));
        }
        jcs::canonical_within(value, OUTER).map(Self)
    }

    /// A body from anything that serialises to a JSON object.
    ///
    /// # Errors
    /// As [`Body::from_value`].
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        let tree = serde_json::to_value(value).map_err(|e| Error::field("body", format!("has no JSON form: {e}")))?;
        Self::from_value(&tree)
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn write_field(out: &mut String, field: &Field<'_>) -> Result<(), Error> {
    match field {
        Field::Text(text) => jcs::write_string(out, text),
        Field::Int(number) => {
            if number.unsigned_abs() > jcs::MAX_SAFE_INTEGER {
                return Err(Error::field(
                    "body",
                    format!("holds the integer `{number}` that not every reader keeps exactly; write it as text"),
                ));
            }
            out.push_str(&number.to_string());
        }
        Field::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Field::Digest(digest) => {
            out.push('"');
            push_hex(out, *digest);
            out.push('"');
        }
        Field::Texts(texts) => {
            out.push('[');
            for (at, text) in texts.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                jcs::write_string(out, text);
            }
            out.push(']');
        }
        Field::Null => out.push_str("null"),
    }
    Ok(())
}

/// Appends bytes as lower-case hexadecimal.
pub(super) fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0xf] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    push_hex(&mut out, bytes);
    out
}
