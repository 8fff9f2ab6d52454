//! Makes what a model wrote into one line of plain text in which nothing renders.
//!
//! Its own file because a brief travels: to the desk, into mails, into files, into other systems, and each of them acts on other
//! characters. The renderers escape as well; what leaves through a sink may not pass one.
//! INVARIANT: the result holds no control, invisible or direction-changing character, no line end, no character pair that opens a tag,
//! a link, an image, a code span or an entity; the words stay.

use super::super::render::plain;

/// The same words without markup.
pub(super) fn inert(text: &str) -> String {
    let line = plain(text);
    let mut out = String::with_capacity(line.len());
    let line = line.trim_start_matches(['#', '>', '-', '+', '=', '|', ' ']);
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        let rest = line.get(at + c.len_utf8()..).unwrap_or("");
        let next = rest.chars().next();
        let mark = match c {
            // Emphasis, code, headings; a star or a hash between spaces is a sign of its own.
            '`' => None,
            '~' if next == Some('~') || before == '~' => None,
            '*' if before != ' ' || next != Some(' ') => None,
            '_' if before == ' ' || before == '_' || next.is_none_or(|next| !next.is_alphanumeric()) => None,
            '[' | '{' => Some('('),
            ']' | '}' => Some(')'),
            '<' => Some('‹'),
            '>' => Some('›'),
            '!' if next == Some('[') => None,
            '\\' if next.is_some_and(|next| next.is_ascii_punctuation()) => None,
            '&' if is_entity(rest) => Some('＆'),
            other => Some(other),
        };
        if let Some(mark) = mark {
            out.push(mark);
        }
        before = c;
    }
    out.trim().to_owned()
}

/// Whether an ampersand before this text would be read as an entity such as `&lt;` or `&#60;`.
fn is_entity(rest: &str) -> bool {
    let name = rest.bytes().take(32).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
    name > 0 && rest.as_bytes().get(name) == Some(&b';')
}
