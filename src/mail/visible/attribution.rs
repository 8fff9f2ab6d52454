//! The line that introduces a quotation: `On Monday, Ann <ann@example.com> wrote:`, in many languages, over up to six lines.
//!
//! No grammar per language: a word of the list for `wrote`, or an address at the end, together with a date or an address, and a colon.
//! That also knows mail programs and languages nobody listed, while plain sentences stay.

use super::when::{self, begins_with_date, has_address, has_date};
use super::words::{OPENERS, VERBS};
use super::{header_block, line};

/// Lines an introduction may be broken over.
const LINES: usize = 6;
/// Bytes an introduction may have.
const BYTES: usize = 500;

/// How many lines the introduction that begins at `at` has, and whether it surely is one.
pub(super) fn length(lines: &[&str], at: usize) -> Option<(usize, bool)> {
    let first = lines.get(at)?;
    // In a language that is not known it may begin with any word, but then nothing stands above it.
    let alone = at.checked_sub(1).and_then(|at| lines.get(at)).is_none_or(|text| line::invisible(text));
    let dated = || alone && has_date(first) && !first.trim_end().ends_with(['.', '!', '?']);
    let known = opens(first);
    if first.len() > BYTES || !(known || dated()) {
        return guess(lines, at).map(|length| (length, false));
    }
    let mut whole = String::new();
    let mut gaps = 0;
    let mut found = None;
    for (taken, text) in lines.iter().skip(at).take(LINES + 2).enumerate() {
        if line::invisible(text) {
            // A blank line inside is known from programs that put the address on lines of its own.
            gaps += 1;
            let goes_on = lines.get(at + taken + 1).is_some_and(|next| next.trim_start().starts_with('<'));
            if gaps > 1 || !goes_on {
                break;
            }
            continue;
        }
        // Another introduction begins: what stands before it is somebody's words.
        if taken > 0 && begins(text) && !ends_one(&whole, text) {
            break;
        }
        let text = if taken > 0 { text.trim_start_matches(['>', ' ']) } else { text };
        if !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(&text.trim().to_lowercase());
        if whole.len() > BYTES {
            break;
        }
        if let Some(sure) = introduces(&whole, lines, at + taken + 1) {
            found = Some((taken + 1, known && sure));
            // An address may be followed by the word for `wrote` on the next line, a colon by nothing.
            if whole.ends_with([':', '：', '-']) || verb_at_end(strip(&whole)) {
                break;
            }
        } else if found.is_some() {
            break;
        }
    }
    found.or_else(|| guess(lines, at).map(|length| (length, false)))
}

/// How many lines an introduction has whose words are not known: it stands below a blank line and directly above marked lines, and
/// ends with a colon behind a date or an address.
fn guess(lines: &[&str], at: usize) -> Option<usize> {
    let above = at.checked_sub(1).and_then(|at| lines.get(at));
    if above.is_some_and(|text| !line::invisible(text) && !line::quoted(text)) {
        return None;
    }
    let length = lines.iter().skip(at).take(3).position(|text| line::quoted(text)).filter(|length| *length > 0)?;
    let taken = lines.get(at..at + length)?;
    let ends = taken.last()?.trim_end().ends_with([':', '：', '៖', '։']);
    let whole = taken.join(" ");
    // A greeting or an answer may stand on the line above: what is taken begins with the signs.
    let begun = length == 1 || taken.first().is_some_and(|text| has_date(text) || has_address(text));
    let told = when::has_moment(&whole) || when::has_address(&whole);
    (ends && begun && told && whole.len() < 200).then_some(length)
}

/// Whether a line that begins with a date is the end of the introduction before it: an address stands there, and here none.
fn ends_one(before: &str, text: &str) -> bool {
    let text = text.trim().to_lowercase();
    has_address(before) && text.ends_with([':', '：']) && !has_address(&text) && !has_verb(&text)
}

/// Whether an introduction may begin with this line.
fn opens(text: &str) -> bool {
    let text = strip(text).to_lowercase();
    begins(&text)
        || has_address(&text)
        || verb_at_end(text.trim_end_matches([':', '：', ' ', '-', '*']))
        || text.split(' ').any(|word| VERBS.contains(&word))
}

/// Whether a line begins as an introduction does: with `On` and a figure, or with a date.
fn begins(text: &str) -> bool {
    let text = strip(text).to_lowercase();
    begins_with_date(&text) || (opener(&text) && text.chars().any(|c| c.is_ascii_digit()))
}

fn opener(text: &str) -> bool {
    OPENERS.iter().any(|word| {
        text.strip_prefix(word).is_some_and(|rest| !word.is_ascii() || rest.starts_with([' ', '\u{a0}', ',']))
    })
}

/// Marks that are drawn around an introduction.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '-' | '_' | '*' | '~' | '=' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}')
    })
}

/// Whether the words taken together (in lower case) introduce a quotation: surely, perhaps or not.
fn introduces(whole: &str, lines: &[&str], next: usize) -> Option<bool> {
    let text = strip(whole);
    let bare = text.trim_end_matches([':', '：', ' ', '*']);
    let closed_date = bare.ends_with(')') && bare.contains(": (");
    let colon =
        closed_date || bare.len() < text.len() && text.get(bare.len()..).is_some_and(|rest| rest.contains([':', '：']));
    let (date, address) = (has_date(bare), has_address(bare));
    let drawn = whole.trim_start().starts_with("--") && whole.trim_end().ends_with("--");
    let starts = opener(bare) || begins_with_date(bare);
    let below = lines.get(next..).unwrap_or_default().iter().find(|text| !line::invisible(text));
    let marked = below.is_some_and(|text| line::quoted(text));
    let named = marked && header_block::named_address(bare);
    if verb_at_end(bare) {
        let told = date || address;
        let sure = (told && (colon || drawn)) || (colon && marked) || (starts && date && (marked || address));
        return (sure || named).then_some(sure);
    }
    if colon && has_verb(bare) {
        let sure = date && (address || starts || dated_verb(bare, opener));
        return (sure || named || (date && dated_verb(bare, begins_with_date))).then_some(sure);
    }
    // Hardly a sentence puts a date, a name with its address in brackets and a colon at the end on a line above an empty one.
    let open = lines.get(next).is_none_or(|text| line::invisible(text) || line::quoted(text));
    let ends_with_address = begins_with_date(bare) && bare.rsplit(' ').next().is_some_and(has_address);
    if colon
        && open
        && date
        && bare.len() < 200
        && (header_block::named_address(bare) || ends_with_address)
        && header_block::split(bare).is_none()
    {
        return Some(starts);
    }
    // No word for it: a date in front, an address at the end.
    let closed = bare.ends_with('>') || bare.ends_with(')') || bare.ends_with(']');
    let short = bare.len() < 250;
    let sure = short
        && closed
        && address
        && date
        && starts
        && header_block::split(bare).is_none()
        && bare.matches('@').count() <= 4;
    sure.then_some(true)
}

/// Whether the text ends with a word for `wrote`.
fn verb_at_end(text: &str) -> bool {
    VERBS.iter().any(|verb| {
        text.strip_suffix(verb)
            .is_some_and(|before| !verb.is_ascii() || !before.ends_with(|c: char| c.is_alphanumeric()))
    })
}

/// Whether the text holds a word for `wrote`.
fn has_verb(text: &str) -> bool {
    VERBS.iter().any(|verb| {
        text.match_indices(verb).any(|(at, _)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + verb.len()..).and_then(|text| text.chars().next());
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            !verb.is_ascii() || (edge(before) && edge(after))
        })
    })
}

/// Whether a word for `wrote` is followed by `on` or a date, as in `Ann wrote on Monday`.
fn dated_verb(text: &str, goes_on: fn(&str) -> bool) -> bool {
    VERBS
        .iter()
        .filter_map(|verb| text.split_once(verb))
        .any(|(before, after)| before.ends_with(' ') && goes_on(after.trim_start()))
}
