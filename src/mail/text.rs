//! The text of a message: which parts make it, out of their character sets and out of HTML.

use super::html::{self, Wanted};
use super::walk::{Kind, Part, Tree};
use super::{Limits, decode, tnef};

/// The text of a message for reading as a request: quoted parts stay. HTML is written out where there is no plain text.
pub(super) fn of(tree: &Tree<'_>, limits: &Limits) -> String {
    let mut whole = String::new();
    for part in tree.text.iter().filter_map(|at| tree.parts.get(*at)) {
        let text = match part.kind {
            Kind::Plain | Kind::OtherText => plain(part),
            Kind::Html => html::write(&plain(part), Wanted::Whole),
            _ => continue,
        };
        append(&mut whole, &text, limits.text_bytes);
    }
    if whole.is_empty() {
        let wrapped =
            tree.parts.iter().filter(|part| tnef::is(&part.body)).find_map(|part| tnef::unwrap(&part.body)?.text);
        append(&mut whole, &wrapped.unwrap_or_default(), limits.text_bytes);
    }
    if whole.is_empty() {
        // A text of a kind nobody declared is better than none.
        for part in tree.attachments.iter().filter_map(|at| tree.parts.get(*at)) {
            if part.kind == Kind::OtherText && part.name.is_none() {
                append(&mut whole, &plain(part), limits.text_bytes);
            }
        }
    }
    whole
}

/// The parts that came as plain text.
pub(super) fn plain_parts(tree: &Tree<'_>, limits: &Limits) -> Option<String> {
    let mut whole = String::new();
    for part in tree.text.iter().filter_map(|at| tree.parts.get(*at)).filter(|part| part.kind == Kind::Plain) {
        append(&mut whole, &plain(part), limits.text_bytes);
    }
    (!whole.is_empty()).then_some(whole)
}

/// The HTML of a message, all its parts.
pub(super) fn html(tree: &Tree<'_>, limits: &Limits) -> Option<String> {
    let mut whole = String::new();
    for part in tree.html.iter().filter_map(|at| tree.parts.get(*at)).filter(|part| part.kind == Kind::Html) {
        append(&mut whole, &plain(part), limits.text_bytes.saturating_mul(2));
    }
    (!whole.is_empty()).then_some(whole)
}

/// A part's bytes as text.
pub(super) fn plain(part: &Part<'_>) -> String {
    decode::text(&part.body, part.charset.as_deref()).replace("\r\n", "\n")
}

/// Appends up to a limit, at a character's edge.
fn append(whole: &mut String, text: &str, limit: usize) {
    let text = text.trim_end();
    if text.is_empty() {
        return;
    }
    if !whole.is_empty() {
        whole.push_str("\n\n");
    }
    let room = limit.saturating_sub(whole.len());
    whole.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
}
