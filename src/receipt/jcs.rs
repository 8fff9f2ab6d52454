//! Canonical JSON (RFC 8785, JCS): one text for one value.
//! Its own file because both receipts and export lines are defined by it.
//!
//! INVARIANT: for every text `t` written here, parsing `t` and writing it again gives `t`. Numbers that an
//! IEEE 754 double cannot hold exactly are refused instead of being rounded.

use super::Error;
use serde::Serialize;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Largest integer magnitude that every JSON reader keeps exactly: 2^53 - 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

const MAX_DEPTH: usize = 100;

/// The canonical text of a value.
///
/// # Errors
/// [`Error::Field`] for an integer that a double cannot hold, or nesting deeper than 100 levels.
pub fn canonical(value: &Value) -> Result<String, Error> {
    canonical_within(value, 0)
}

/// As [`canonical`], for a value that will stand `outer` levels deep in another one.
pub(super) fn canonical_within(value: &Value, outer: usize) -> Result<String, Error> {
    let mut out = String::new();
    write_value(&mut out, value, outer)?;
    Ok(out)
}

/// The canonical text of anything serialisable.
///
/// # Errors
/// As [`canonical`], and when the type has no JSON form (map keys that are not strings, for example).
pub fn canonical_of<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    let tree = serde_json::to_value(value).map_err(|e| Error::field("body", format!("has no JSON form: {e}")))?;
    canonical(&tree)
}

/// Whether `text` is already in canonical form. `None` when it is not JSON at all.
#[must_use]
pub fn parse_canonical(text: &[u8]) -> Option<Value> {
    let value: Value = serde_json::from_slice(text).ok()?;
    (canonical(&value).ok()?.as_bytes() == text).then_some(value)
}

/// Appends a JSON string literal: the two-character escapes, `\u00xx` in lower case for the other control
/// characters, everything else as it is (RFC 8785, 3.2.2.2).
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x09 => "\\t",
            0x0a => "\\n",
            0x0c => "\\f",
            0x0d => "\\r",
            0x00..=0x1f => "",
            _ => continue,
        };
        // The byte is ASCII, so both cuts are character boundaries.
        out.push_str(text.get(from..at).unwrap_or_default());
        if escape.is_empty() {
            out.push_str("\\u00");
            out.push(char::from(if byte < 0x10 { b'0' } else { b'1' }));
            out.push(char::from_digit(u32::from(byte & 0xf), 16).unwrap_or('0'));
        } else {
            out.push_str(escape);
        }
        from = at + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('"');
}

/// Order of member names: by UTF-16 code units (RFC 8785, 3.2.3).
#[must_use]
pub fn key_order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

fn write_value(out: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::field("body", "is nested deeper than 100 levels; flatten it"));
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(out, item, depth + 1)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| key_order(a.0, b.0));
            out.push('{');
            for (at, (name, member)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(out, name);
                out.push(':');
                write_value(out, member, depth + 1)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_number(out: &mut String, number: &Number) -> Result<(), Error> {
    let Some(double) = number.as_f64().filter(|d| d.is_finite()) else {
        return Err(Error::field("body", format!("holds the number `{number}` that is out of range")));
    };
    let text = ecmascript(double);
    // An integer beyond 2^53 is allowed only where its double is written with the same digits.
    if (number.is_i64() || number.is_u64()) && number.to_string() != text {
        return Err(Error::field(
            "body",
            format!("holds the integer `{number}` that not every reader keeps exactly; write it as text"),
        ));
    }
    out.push_str(&text);
    Ok(())
}

/// `Number::toString` of ECMAScript, which RFC 8785, 3.2.2.3 prescribes. `double` is finite.
fn ecmascript(double: f64) -> String {
    if double == 0.0 {
        return "0".to_owned();
    }
    // The standard library writes the shortest digits that read back to the same double, `d.ddde±x`. Where two
    // such texts are equally near it may take the odd one; ECMAScript takes the even one, as exact rounding does.
    let magnitude = double.abs();
    let mut shortest = format!("{magnitude:e}");
    let places = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let rounded = format!("{magnitude:.*e}", places.saturating_sub(1));
    if rounded.parse() == Ok(magnitude) {
        shortest = rounded;
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let sign = if double < 0.0 { "-" } else { "" };
    let split = |at: i32| digits.split_at_checked(usize::try_from(at).unwrap_or(0)).unwrap_or((&digits, ""));
    if count <= point && point <= 21 {
        format!("{sign}{digits}{}", zeros(point - count))
    } else if 0 < point && point <= 21 {
        let (whole, rest) = split(point);
        format!("{sign}{whole}.{rest}")
    } else if -6 < point && point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else {
        let (first, rest) = split(1);
        let dot = if rest.is_empty() { "" } else { "." };
        format!("{sign}{first}{dot}{rest}e{:+}", point - 1)
    }
}
