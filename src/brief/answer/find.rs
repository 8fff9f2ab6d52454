//! Finds the one JSON object in what a model said.
//!
//! Its own file because models wrap their answers: in a code fence, in prose, behind their thoughts.
//! INVARIANT: takes time linear in the text; gives an object only when the text holds exactly one.

use super::Wrong;

/// Longest answer that is read, in bytes.
pub(super) const MOST: usize = 256 * 1024;

/// The text of the object.
pub(super) fn object(answer: &str) -> Result<&str, Wrong> {
    let wrong = |problem: &str| Err(Wrong::form("", problem.to_owned()));
    if answer.len() > MOST {
        return Err(Wrong::form("", format!("the answer has {} bytes, {MOST} are read at most", answer.len())));
    }
    let text = spoken(answer.trim_start_matches('\u{feff}').trim());
    if text.is_empty() {
        return wrong("the answer is empty");
    }
    let mut found = None;
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find('{')).map(|at| from + at) {
        let Some(end) = end(text, start) else {
            return wrong("the answer stops before its JSON object is closed");
        };
        if found.is_some() {
            return wrong("the answer holds more than one JSON object; write exactly one");
        }
        found = text.get(start..end);
        from = end;
    }
    found.ok_or(()).or_else(|()| wrong("the answer holds no JSON object"))
}

/// What stands behind the thoughts that some models write first.
fn spoken(text: &str) -> &str {
    match text.strip_prefix("<think>").and_then(|rest| rest.split_once("</think>")) {
        Some((_, rest)) => rest.trim_start(),
        None => text,
    }
}

/// The byte after the object that opens at `start`.
fn end(text: &str, start: usize) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
