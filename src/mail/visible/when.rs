//! Signs of a date, a time and an address in a line, in whatever language: enough to know a line that introduces a quotation.

use super::line;
use super::words::{MONTHS, WEEKDAYS};

/// Whether the text holds a time of day (`12:34`, `9.05`, `14h30`) or a year or a date in figures.
pub(super) fn has_date(text: &str) -> bool {
    let (year, clock, figures) = signs(text);
    year || clock || figures
}

/// Whether the text holds a year and a time of day.
pub(super) fn has_moment(text: &str) -> bool {
    let (year, clock, _) = signs(text);
    year && clock
}

/// Whether the text holds a year, a time of day, a date in figures. Marks that do not show are passed over.
fn signs(text: &str) -> (bool, bool, bool) {
    let mut found = (false, false, false);
    let mut digits = 0_usize;
    let mut groups = 0_usize;
    let mut last = ' ';
    let mut value = 0_u32;
    for c in text.chars().filter(|c| c.is_whitespace() || !line::unseen(*c)).chain([' ']) {
        if let Some(digit) = c.to_digit(10) {
            if digits == 0 {
                groups = if matches!(last, ':' | '.' | '/' | '-' | 'h') && groups > 0 { groups + 1 } else { 1 };
                value = 0;
            }
            digits += 1;
            value = value.saturating_mul(10).saturating_add(digit);
            last = c;
            continue;
        }
        if digits > 0 {
            found.0 |= digits == 4 && (1970..2100).contains(&value);
            found.1 |= groups >= 2 && digits == 2 && value < 60;
            found.2 |= groups >= 3;
        }
        if digits == 0 || !matches!(c, ':' | '.' | '/' | '-' | 'h') {
            groups = 0;
        }
        digits = 0;
        last = c;
    }
    found
}

/// Whether the text holds something that looks like an address.
pub(super) fn has_address(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let before = text
            .get(..at)
            .and_then(|text| text.chars().next_back())
            .is_some_and(|c| c.is_alphanumeric() || "._-+".contains(c));
        let after = text.get(at + 1..).and_then(|text| text.chars().next()).is_some_and(char::is_alphanumeric);
        before && after
    })
}

/// Whether the text (in lower case) begins with a figure, a weekday or a month.
pub(super) fn begins_with_date(text: &str) -> bool {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return has_date(
            text.get(..text.len().min(40)).or_else(|| text.get(..text.floor_char_boundary(40))).unwrap_or(text),
        );
    }
    let first: String = text.chars().take_while(|c| c.is_alphabetic() || *c == '\'' || *c == '-').collect();
    if first.is_empty() {
        return false;
    }
    let named = |names: &[&str]| {
        names.iter().any(|name| {
            *name == first || (first.chars().count() >= 2 && first.len() < name.len() && name.starts_with(&first))
        })
    };
    (named(&WEEKDAYS) || named(&MONTHS)) && text.chars().any(|c| c.is_ascii_digit())
}
