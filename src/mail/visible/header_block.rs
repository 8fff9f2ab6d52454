//! The headers a mail program copies above a mail it quotes: `From: … Sent: … To: … Subject: …`, one a line or all in one.

use super::words::{FROM, OTHER, SENT, SUBJECT, TO};
use super::{line, when};

/// What a header line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mail) enum Header {
    From,
    Sent,
    To,
    Other,
    Subject,
}

/// At most this many lines are looked at.
const LINES: usize = 24;

/// How many lines the block that begins at `at` has.
pub(in crate::mail) fn length(lines: &[&str], at: usize) -> Option<usize> {
    let first = lines.get(at)?;
    if in_one_line(first) {
        return Some(1);
    }
    let (kind, _) = split(first)?;
    if kind == Header::Other {
        return None;
    }
    let mut seen = vec![kind];
    let mut end = at + 1;
    let mut addressed = address(first);
    let mut behind = 0;
    for (offset, text) in lines.iter().enumerate().take(at + LINES).skip(at + 1) {
        if line::invisible(text) {
            behind += 1;
            if behind > 1 || lines.get(offset + 1).is_none_or(|next| split(next).is_none()) {
                break;
            }
            continue;
        }
        match split(text) {
            Some((kind, _)) => {
                if seen.contains(&kind) && kind != Header::Other {
                    break;
                }
                seen.push(kind);
                addressed |= address(text);
                end = offset + 1;
                behind = 0;
            }
            // A folded header: its next line is a header again, or the end of the block.
            None => {
                behind += 1;
                let folded = behind <= 3
                    && (lines.get(offset + 1).is_some_and(|next| split(next).is_some())
                        || text.starts_with([' ', '\t']));
                if !folded {
                    break;
                }
                addressed |= address(text);
            }
        }
    }
    let has = |kind| seen.contains(&kind);
    let whose = has(Header::From) && (has(Header::Sent) || has(Header::Subject) || has(Header::To));
    let when = has(Header::Sent) && has(Header::To) && addressed;
    let about = has(Header::Subject) && has(Header::Sent) && has(Header::To);
    // Without an address, in the order of the mail programs that leave it out, and with a time.
    let ordered = seen.starts_with(&[Header::From, Header::Sent]) && has(Header::To);
    let timed = ordered && lines.get(at..end).unwrap_or_default().iter().any(|text| when::has_moment(text));
    let mail = addressed || timed || (has(Header::Subject) && seen.len() >= 3);
    // The last header may be folded over one more line, which is told by the blank line behind it.
    let folded = seen.last() == Some(&Header::Subject)
        && lines.get(end).is_some_and(|text| !line::invisible(text) && text.len() < 78)
        && lines.get(end + 1).is_some_and(|text| split(text).is_some());
    ((whose || when || about) && mail).then_some(end - at + usize::from(folded))
}

/// How many lines a block has whose names are not known: three or more `Name: value` lines below a blank or drawn line, one with an address
/// in brackets behind a person's name, another with a date.
pub(super) fn guess(lines: &[&str], at: usize) -> Option<usize> {
    let above = at.checked_sub(1).and_then(|at| lines.get(at));
    if above.is_some_and(|text| !line::invisible(text) && !line::bare(text)) {
        return None;
    }
    let block = lines.iter().skip(at).take(LINES).map_while(|text| labelled(text).map(|(_, value)| value));
    let (mut count, mut person, mut dated) = (0, false, false);
    for value in block {
        count += 1;
        if named_address(value) {
            person = true;
        } else {
            dated |= when::has_date(value);
        }
    }
    (count >= 3 && person && dated).then_some(count)
}

/// A line of the shape `Name: value`, whatever the name: up to four words without figures.
pub(super) fn labelled(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '*' || line::unseen(c));
    let (at, colon) = text.char_indices().take(32).find(|(_, c)| matches!(c, ':' | '：'))?;
    let name = text.get(..at)?.trim_end_matches(['*', ' ', '\u{a0}']);
    let value = text.get(at + colon.len_utf8()..)?.trim_start_matches('*').trim();
    let plain = !name.is_empty()
        && !value.is_empty()
        && !value.starts_with("//")
        && name.split_whitespace().count() <= 4
        && !name.contains(|c: char| c.is_numeric() || matches!(c, '@' | '<' | '>' | '(' | '"' | '.' | ',' | '/'));
    plain.then_some((name, value))
}

/// Whether the text holds a person's name with an address in brackets behind it.
pub(super) fn named_address(text: &str) -> bool {
    text.char_indices().filter(|(_, c)| matches!(c, '<' | '[' | '(')).any(|(at, _)| {
        let (before, inside) = text.split_at(at);
        let inside = inside.split(['>', ']', ')']).next().unwrap_or_default();
        let name = before.trim_end();
        name.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '"' | '\'' | '.' | '“' | '”'))
            && !when::has_address(name.rsplit([' ', ',', ';']).next().unwrap_or_default())
            && when::has_address(inside)
            && !inside.trim().contains(' ')
    })
}

/// A header line: which one, and its value.
pub(in crate::mail) fn split(text: &str) -> Option<(Header, &str)> {
    let text = text.trim_start_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '*' | '_' | '>' | '|' | '\u{200e}' | '\u{200f}' | '\u{202b}' | '\u{feff}' | '\u{a0}')
    });
    let (at, colon) = text.char_indices().take(32).find(|(_, c)| matches!(c, ':' | '：'))?;
    let name =
        text.get(..at)?.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '\u{a0}')).to_lowercase();
    let value = text.get(at + colon.len_utf8()..)?.trim_start_matches(['*', '_']).trim();
    kind(&name).map(|kind| (kind, value.trim_end_matches('*')))
}

fn kind(name: &str) -> Option<Header> {
    let is = |names: &[&str]| names.contains(&name);
    if is(&FROM) {
        Some(Header::From)
    } else if is(&SUBJECT) {
        Some(Header::Subject)
    } else if is(&SENT) {
        Some(Header::Sent)
    } else if is(&TO) {
        Some(Header::To)
    } else if is(&OTHER) {
        Some(Header::Other)
    } else {
        None
    }
}

fn address(text: &str) -> bool {
    when::has_address(text) || text.contains("mailto:")
}

/// All headers in one line, as a program writes them that lost the line ends.
fn in_one_line(text: &str) -> bool {
    if text.len() > 1000 || !when::has_date(text) || !text.contains('@') {
        return false;
    }
    let Some((first, _)) = split(text) else { return false };
    let mut seen = vec![first];
    for (at, _) in text.match_indices(':') {
        let Some(before) = text.get(..at) else { continue };
        let before = before.trim_end_matches(['*', ' ', '_']);
        // A time or a title glued to the name is cut off at the last figure or mark in front of it.
        let name = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
        if let Some(kind) = kind(&name)
            && !seen.contains(&kind)
        {
            seen.push(kind);
        }
    }
    seen.len() >= 3 && seen.contains(&Header::From)
}
