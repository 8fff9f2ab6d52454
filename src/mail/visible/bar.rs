//! The bar a mail program draws above a mail it quotes or forwards: `-----Original Message-----`, `Begin forwarded message:`.

use super::words::{BARS, FORWARDS};

/// How many lines the bar at `at` has.
pub(super) fn length(lines: &[&str], at: usize) -> Option<usize> {
    lines.get(at).filter(|line| is_bar(line)).map(|_| 1)
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
    if line.len() > 200 {
        return false;
    }
    let drawn = |c: char| {
        matches!(c, '-' | '_' | '=' | '*' | '~' | '—' | '–' | '─' | '>' | '<' | '#' | '|') || c.is_whitespace()
    };
    let inner = line.trim_matches(drawn);
    let lead = line.chars().take_while(|c| drawn(*c)).count();
    let colon = inner.ends_with([':', '：']);
    let lower = inner.trim_end_matches([':', '：']).trim_end_matches(drawn).to_lowercase();
    words.iter().any(|word| {
        lower.strip_prefix(word).is_some_and(|rest| {
            // Two marks in front, or nothing else on the line and a colon behind it.
            (lead >= 2 && (rest.is_empty() || !rest.starts_with(char::is_alphanumeric))) || (rest.is_empty() && colon)
        })
    })
}
