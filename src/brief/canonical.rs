//! The canonical bytes of a content and their digest: what an approval binds to.
//!
//! Its own file because it is the one place where "the same content" is defined.
//! INVARIANT: equal contents have equal bytes, in every build and whatever features other crates
//! switch on: the fields of a content are declared in the order of their names, and written in the order
//! in which they are declared. The form is RFC 8785 (JSON Canonicalization Scheme) restricted to what a
//! brief holds: ASCII keys and whole numbers; serde_json escapes exactly what section 3.2.2 asks for.

use super::content::{Content, MAX_JSON, MAX_LIST, MAX_TEXT};
use super::edit::EditError;
use opspilot_sdk::json;
use serde_json::Value;

/// Bytes that most contents fit in.
const ROOM: usize = 8_192;

impl Content {
    /// The canonical JSON bytes (RFC 8785): no spaces, keys sorted.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(ROOM);
        if serde_json::to_writer(&mut out, self).is_err() {
            // Nothing of a content can fail to be written; half of one must never be taken for it.
            out.clear();
        }
        out
    }

    /// SHA-256 of [`Content::to_bytes`] in lowercase hexadecimal, 64 characters.
    #[must_use]
    pub fn digest(&self) -> String {
        opspilot_sdk::sha256_hex(&self.to_bytes())
    }

    /// Reads a content from JSON, strictly: unknown or absent keys, wrong types, numbers out of
    /// range, oversized texts and lists are refused.
    ///
    /// # Errors
    /// `OP-7001` with what is wrong and where.
    pub fn from_json(bytes: &[u8]) -> Result<Self, EditError> {
        if bytes.len() > MAX_JSON {
            return Err(EditError::schema("", format!("the content is larger than {MAX_JSON} bytes")));
        }
        let content: Content = json::read(bytes).map_err(|fault| EditError::schema(&fault.field, fault.bare()))?;
        content.within_limits()?;
        Ok(content)
    }

    /// Refuses texts and lists beyond [`MAX_TEXT`] and [`MAX_LIST`].
    pub(crate) fn within_limits(&self) -> Result<(), EditError> {
        let value = serde_json::to_value(self).unwrap_or(Value::Null);
        limits(&value, &mut String::new())
    }
}

fn limits(value: &Value, path: &mut String) -> Result<(), EditError> {
    let mark = path.len();
    match value {
        Value::String(text) if text.len() > MAX_TEXT => {
            Err(EditError::range(path, format!("the text has {} bytes, the most is {MAX_TEXT}", text.len())))
        }
        Value::Array(list) if list.len() > MAX_LIST => {
            Err(EditError::range(path, format!("the list has {} entries, the most is {MAX_LIST}", list.len())))
        }
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                limits(item, path)?;
                path.truncate(mark);
            }
            Ok(())
        }
        Value::Object(map) => {
            for (key, item) in map {
                if mark > 0 {
                    path.push('.');
                }
                path.push_str(key);
                limits(item, path)?;
                path.truncate(mark);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
