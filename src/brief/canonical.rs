//! The canonical bytes of a content and their digest: what an approval binds to.
//!
//! Its own file because it is the one place where "the same content" is defined.
//! INVARIANT: equal contents have equal bytes, in every build and whatever features other crates
//! switch on (key order is sorted here, not left to the JSON library). The form is RFC 8785 (JSON
//! Canonicalization Scheme) restricted to what a brief holds: ASCII keys and whole numbers.

use super::content::{Content, MAX_JSON, MAX_LIST, MAX_TEXT};
use super::edit::EditError;
use opspilot_sdk::json;
use serde_json::Value;
use std::ops::Range;

impl Content {
    /// The canonical JSON bytes (RFC 8785): no spaces, keys sorted.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let written = serde_json::to_vec(self).unwrap_or_default();
        let mut out = Vec::with_capacity(written.len());
        sort(&written, &mut out);
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

/// Copies the value that `json` begins with, the members of each object in the order of their keys; gives what follows it. `json` was
/// written by serde_json without spaces, which escapes exactly what RFC 8785 section 3.2.2 asks for.
fn sort<'a>(json: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    match json.split_first() {
        Some((b'{', rest)) => sort_members(rest, out),
        Some((b'[', mut rest)) => {
            out.push(b'[');
            while let Some((first, after)) = rest.split_first() {
                match first {
                    b']' => {
                        rest = after;
                        break;
                    }
                    b',' => {
                        out.push(b',');
                        rest = sort(after, out);
                    }
                    _ => rest = sort(rest, out),
                }
            }
            out.push(b']');
            rest
        }
        _ => {
            let (value, rest) = json.split_at(scalar(json));
            out.extend_from_slice(value);
            rest
        }
    }
}

/// The same for what follows the `{` of an object.
fn sort_members<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let begin = out.len();
    // Each key with where its member lies in `out`.
    let mut members: Vec<(&[u8], Range<usize>)> = Vec::with_capacity(8);
    while let Some((first, after)) = rest.split_first() {
        match first {
            b'}' => {
                rest = after;
                break;
            }
            b',' => rest = after,
            _ => {
                let from = out.len();
                let (key, value) = rest.split_at(scalar(rest));
                out.extend_from_slice(key);
                out.push(b':');
                rest = sort(value.get(1..).unwrap_or_default(), out);
                members.push((key, from..out.len()));
            }
        }
    }
    members.sort_unstable_by_key(|(key, _)| *key);
    let written = out.split_off(begin);
    out.push(b'{');
    for (index, (_, member)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(written.get(member.start - begin..member.end - begin).unwrap_or_default());
    }
    out.push(b'}');
    rest
}

/// How long the string, number or word is that `json` begins with.
fn scalar(json: &[u8]) -> usize {
    if json.first() != Some(&b'"') {
        return json.iter().position(|byte| matches!(byte, b',' | b']' | b'}')).unwrap_or(json.len());
    }
    let mut at = 1;
    while let Some(found) = json.get(at..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))) {
        at += found;
        if json.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    json.len()
}
