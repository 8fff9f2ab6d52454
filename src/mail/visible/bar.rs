//! The bar a mail program draws above a mail it quotes or forwards: `-----Original Message-----`, `Begin forwarded message:`.

use super::words::{ABOVE, BARS, FORWARDS};
use super::{header_block, line, when};

/// Bytes a bar may have, with the headers that may be glued to it.
const BYTES: usize = 1000;

/// How many lines the bar at `at` has.
pub(super) fn length(lines: &[&str], at: usize) -> Option<usize> {
    let text = lines.get(at)?;
    let below = || (at + 1..at + 3).any(|at| header_block::length(lines, at).is_some());
    (is_bar(text) || asks(text) || (undrawn(text) && below())).then_some(1)
}

/// Whether a line asks to write above it.
fn asks(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    lower.len() < 120
        && lower.starts_with(|c: char| !c.is_alphanumeric())
        && lower.ends_with(|c: char| !c.is_alphanumeric())
        && ABOVE.iter().any(|word| lower.contains(word))
}

/// Whether a line is one if headers stand below it: its words with no marks, or the short form of a mail that some programs fold away.
fn undrawn(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    (lower.len() < 60 && BARS.contains(&lower.as_str())) || (text.matches("---").count() >= 2 && when::has_date(text))
}

/// How many lines a bar has whose words are not known: words between drawn lines, and headers or a quotation below.
pub(super) fn guess(lines: &[&str], at: usize) -> Option<usize> {
    let text = lines.get(at)?.trim();
    let drawn = |c: char| matches!(c, '-' | '_' | '=' | '—' | '–' | '─' | '‐');
    if text.len() > BYTES || text.chars().take_while(|c| drawn(*c)).count() < 3 {
        return None;
    }
    let inner = text.trim_start_matches(drawn).trim_start();
    let (words, rest) = inner.split_at(inner.find(drawn)?);
    let named = (1..=6).contains(&words.split_whitespace().count())
        && words.chars().any(char::is_alphabetic)
        && !words.contains(|c: char| c.is_numeric() || matches!(c, ':' | '@'));
    if !named || rest.chars().take_while(|c| drawn(*c)).count() < 3 {
        return None;
    }
    if rest.contains(':') && when::has_address(rest) {
        return Some(1);
    }
    let mut below = lines.get(at + 1..)?.iter().filter(|text| !line::invisible(text)).take(4);
    let first = below.next()?;
    let headed = |text: &&str| header_block::labelled(text).is_some();
    let told = |text: &&str| when::has_address(text) || when::has_date(text);
    let pair = headed(first)
        && below.clone().next().is_some_and(&headed)
        && (told(first) || below.any(|text| headed(text) && told(text)));
    (rest.trim_matches(drawn).trim().is_empty() && (line::quoted(first) || pair)).then_some(1)
}

/// Whether a line is such a bar.
pub(super) fn is_bar(line: &str) -> bool {
    says(line, &BARS) || is_forward(line)
}

/// Whether a line is the bar above a forwarded mail.
pub(in crate::mail) fn is_forward(line: &str) -> bool {
    says(line, &FORWARDS)
}

fn says(line: &str, words: &[&str]) -> bool {
    let line = line.trim();
    if line.len() > BYTES {
        return false;
    }
    let drawn = |c: char| {
        matches!(c, '-' | '_' | '=' | '*' | '~' | '—' | '–' | '─' | '>' | '<' | '#' | '|') || c.is_whitespace()
    };
    let inner = line.trim_matches(drawn);
    let lead = line.chars().take_while(|c| drawn(*c)).count();
    // The headers may be glued to the bar.
    let (inner, glued) = match inner.split_once("--") {
        Some((words, rest)) if rest.contains(':') => (words.trim_matches(drawn), true),
        _ => (inner, false),
    };
    let colon = inner.ends_with([':', '：']);
    let lower = inner.trim_end_matches([':', '：']).trim_end_matches(drawn).to_lowercase();
    words.iter().any(|word| {
        lower.strip_prefix(word).is_some_and(|rest| {
            // Two marks in front, or nothing else on the line and a colon behind it.
            ((lead >= 2 || glued) && (rest.is_empty() || !rest.starts_with(char::is_alphanumeric)))
                || (rest.is_empty() && colon)
        })
    })
}
