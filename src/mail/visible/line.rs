//! Telling the lines of a reply apart: runs of lines of one kind, in order and without gaps. What is done with them is `mod.rs`'s.
//! INVARIANT: the runs cover every line exactly once.

use super::{attribution, bar, closing, header_block};

/// What a run of lines is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing a person sees.
    Blank,
    /// Somebody's words.
    Text,
    /// Lines that begin with `>`.
    Quote,
    /// `On … wrote:`.
    Attribution,
    /// `From: … Sent: … To: … Subject: …`.
    Headers,
    /// `----- Original Message -----`.
    Bar,
    /// A line of nothing but dashes, underscores and the like.
    Rule,
    /// `-- `, which opens a signature.
    Delimiter,
    /// `Sent from my …`.
    Closing,
    /// By its shape alone the head of a quotation, in a language that is not known. Nothing may be decided on such a text.
    Guess,
}

/// Lines `from` to `to`, the last one not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) kind: Kind,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Tells all lines apart.
pub(super) fn runs(lines: &[&str]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (kind, length) = kind(lines, at);
        let to = (at + length.max(1)).min(lines.len());
        let joins = matches!(kind, Kind::Blank | Kind::Text | Kind::Quote);
        match runs.last_mut() {
            Some(last) if joins && last.kind == kind => last.to = to,
            _ => runs.push(Run { kind, from: at, to }),
        }
        at = to;
    }
    runs
}

/// Whether a line holds nothing but spaces and characters that do not show.
pub(super) fn invisible(line: &str) -> bool {
    line.chars().all(unseen)
}

/// Whether a line holds nothing but spaces and marks people draw lines with.
pub(super) fn bare(line: &str) -> bool {
    line.chars().all(|c| unseen(c) || matches!(c, '-' | '_' | '=' | '*' | '~' | '.' | '—' | '–' | '─' | '#' | '|'))
}

/// Whether a character does not show.
pub(super) fn unseen(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

fn kind(lines: &[&str], at: usize) -> (Kind, usize) {
    let Some(line) = lines.get(at) else { return (Kind::Blank, 1) };
    if invisible(line) {
        return (Kind::Blank, 1);
    }
    if quoted(line) {
        return (Kind::Quote, 1);
    }
    if delimiter(line) {
        return (Kind::Delimiter, 1);
    }
    if let Some(length) = bar::length(lines, at) {
        return (Kind::Bar, length);
    }
    if let Some(length) = header_block::length(lines, at) {
        return (Kind::Headers, length);
    }
    if let Some((length, sure)) = attribution::length(lines, at) {
        return (if sure { Kind::Attribution } else { Kind::Guess }, length);
    }
    if let Some(length) = bar::guess(lines, at).or_else(|| header_block::guess(lines, at)) {
        return (Kind::Guess, length);
    }
    if bare(line) {
        return (Kind::Rule, 1);
    }
    if closing::is_at(lines, at) {
        return (Kind::Closing, 1);
    }
    (Kind::Text, 1)
}

/// Whether a line is marked as quoted.
pub(super) fn quoted(line: &str) -> bool {
    let line = line.trim_start_matches(unseen);
    line.starts_with('>') || line.starts_with("&gt;") || line.starts_with('＞')
}

/// RFC 3676, 4.3: `-- ` on a line of its own. Many programs lose the space or draw their own dash.
fn delimiter(line: &str) -> bool {
    let line = line.trim_matches(unseen).trim_matches(['*', '\\']);
    // A row of dots is drawn above the footer of a company.
    let dotted = line.len() >= 11 && line.chars().all(|c| matches!(c, '.' | ' ')) && line.contains(". .");
    dotted || matches!(line, "--" | "- --" | "—" | "––" | "——" | "__" | "_ _" | "-- --" | "---")
}
