//! The canonical bytes of a content and their digest: what an approval binds to.
//!
//! Its own file because it is the one place where "the same content" is defined.
//! INVARIANT: equal contents have equal bytes, in every build and whatever features other crates
//! switch on (key order is sorted here, not left to the JSON library). The form is RFC 8785 (JSON
//! Canonicalization Scheme) restricted to what a brief holds: ASCII keys and whole numbers.

use super::content::{Content, MAX_JSON, MAX_LIST, MAX_TEXT};
use super::edit::EditError;
use serde_json::Value;

impl Content {
    /// The canonical JSON bytes (RFC 8785): no spaces, keys sorted.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(2048);
        write(&serde_json::to_value(self).unwrap_or(Value::Null), &mut out);
        out
    }

    /// SHA-256 of [`Content::to_bytes`] in lowercase hexadecimal, 64 characters.
    #[must_use]
    pub fn digest(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.to_bytes());
        let mut hex = String::with_capacity(64);
        for byte in digest.as_ref() {
            for nibble in [byte >> 4, byte & 15] {
                hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        hex
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
        let content: Content =
            serde_json::from_slice(bytes).map_err(|error| EditError::schema("", error.to_string()))?;
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

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push(b'{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                scalar(key, out);
                out.push(b':');
                write(map.get(key).unwrap_or(&Value::Null), out);
            }
            out.push(b'}');
        }
        Value::Array(list) => {
            out.push(b'[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        other => scalar(other, out),
    }
}

/// Strings and whole numbers: serde_json escapes exactly what RFC 8785 section 3.2.2 asks for.
fn scalar(value: &impl serde::Serialize, out: &mut Vec<u8>) {
    // Writing a string or an integer into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}
