//! Finds the words a model quoted in what the model saw.
//!
//! Its own file because it is where "grounded" is decided.
//! INVARIANT: every quote handed out is a span of the request on character boundaries, found letter for letter or corrected to the exact
//! words; what is not found within the bound is no quote. Total work is bounded, whatever text and quotes are.

use super::super::content::Quote;
use super::super::seen::Seen;
use super::near;
use std::ops::Range;

/// How a quote was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Letter for letter.
    Exact,
    /// In other words of the same letters, or with slips; corrected.
    Corrected,
}

/// Steps of comparing that one answer may take; a long text with many wrong quotes uses them up.
const FUEL: usize = 16_000_000;
/// A shorter quote must be found with its letters right.
const LEAST_NEAR: usize = 16;
/// A shorter quote must begin and end where words do.
const LEAST_INSIDE: usize = 12;

/// The text, ready for looking up.
pub(super) struct Ground<'a> {
    seen: &'a Seen,
    folded: Option<Folded>,
    fuel: usize,
}

impl<'a> Ground<'a> {
    pub(super) fn new(seen: &'a Seen) -> Self {
        Self { seen, folded: None, fuel: FUEL }
    }

    /// Where the request says this; empty when it does not. One quote with an ellipsis may be several places.
    pub(super) fn find(&mut self, quote: &str) -> (Vec<Quote>, How) {
        let quote = quote.trim();
        // One letter of an alphabet says nothing; one sign of others is a word.
        let letters = quote.chars().filter(|c| c.is_alphanumeric()).map(|c| if c.is_ascii() { 1 } else { 2 });
        if letters.take(2).sum::<u8>() < 2 {
            return (Vec::new(), How::Exact);
        }
        let seen = self.seen;
        if let Some(found) = whole(seen.text(), quote).and_then(|span| seen.quote(span)) {
            return (vec![found], How::Exact);
        }
        let wanted = Folded::of(quote, None);
        let pieces = [bare(&wanted.text)];
        let cut: Vec<&str> = wanted
            .text
            .split("...")
            .map(bare)
            .filter(|piece| piece.chars().filter(|c| c.is_alphanumeric()).count() >= 4)
            .collect();
        for pieces in [&pieces[..], &cut[..]] {
            let found: Option<Vec<Quote>> = pieces.iter().map(|piece| self.piece(piece)).collect();
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                return (found, How::Corrected);
            }
        }
        (Vec::new(), How::Corrected)
    }

    fn piece(&mut self, piece: &str) -> Option<Quote> {
        if !piece.contains(char::is_alphanumeric) {
            return None;
        }
        let seen = self.seen;
        let folded = self.folded.get_or_insert_with(|| Folded::of(seen.text(), seen.gap()));
        if let Some(span) = whole(&folded.text, piece) {
            return seen.quote(folded.origin(span, seen.text()));
        }
        let pattern: Vec<char> = piece.chars().collect();
        let cost = folded.text.len() * pattern.len().div_ceil(64);
        if !(LEAST_NEAR..=near::LONGEST).contains(&pattern.len()) || cost > self.fuel {
            return None;
        }
        self.fuel -= cost;
        let span = near::find(&folded.text, &pattern, pattern.len() / 10)?;
        let origin = trimmed(seen.text(), folded.origin(span, seen.text()));
        seen.quote(origin)
    }
}

/// The first place of `quote` in `text`; a short one must stand between words.
fn whole(text: &str, quote: &str) -> Option<Range<usize>> {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    for (at, found) in text.match_indices(quote).take(200) {
        let end = at + found.len();
        let open = letter(found.chars().next()) && letter(text.get(..at).and_then(|head| head.chars().next_back()));
        let close = letter(found.chars().next_back()) && letter(text.get(end..).and_then(|tail| tail.chars().next()));
        if quote.len() >= LEAST_INSIDE || !(open || close) {
            return Some(at..end);
        }
    }
    None
}

/// Without the marks that people put around what they quote.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '.' | ',' | ';' | ':' | '-' | '(' | ')'))
}

/// A span without white space at its ends.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let words = text.get(span.clone()).unwrap_or("");
    let start = span.start + words.len() - words.trim_start().len();
    start..start + words.trim().len()
}

/// A text with case, white space, typography and markup evened out, and where each byte of it came from.
struct Folded {
    text: String,
    from: Vec<u32>,
}

impl Folded {
    /// What stands in `gap` becomes one byte that no quote holds.
    fn of(text: &str, gap: Option<Range<usize>>) -> Self {
        let mut out = Self { text: String::with_capacity(text.len()), from: Vec::with_capacity(text.len()) };
        for (at, c) in text.char_indices() {
            match &gap {
                Some(gap) if at == gap.start => out.push('\0', at),
                Some(gap) if gap.contains(&at) => {}
                _ => out.fold(c, at),
            }
        }
        out
    }

    fn fold(&mut self, c: char, at: usize) {
        match c {
            c if c.is_whitespace() || c == '\0' => {
                if !self.text.ends_with([' ', '\0']) {
                    self.push(' ', at);
                }
            }
            'a'..='z' | '0'..='9' => self.push(c, at),
            'A'..='Z' => self.push(c.to_ascii_lowercase(), at),
            '*' | '_' | '`' | '#' | '>' | '<' | '|' | '[' | ']' | '~' | '\u{ad}' => {}
            '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' | '´' => self.push('\'', at),
            '“' | '”' | '„' | '‟' | '″' | '«' | '»' => self.push('"', at),
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => self.push('-', at),
            '…' => ['.', '.', '.'].into_iter().for_each(|dot| self.push(dot, at)),
            '\u{ff01}'..='\u{ff5e}' => {
                let plain = char::from_u32(c as u32 - 0xfee0).unwrap_or(c);
                self.push(plain.to_ascii_lowercase(), at);
            }
            c if c.is_control() => {}
            c => c.to_lowercase().for_each(|lower| self.push(lower, at)),
        }
    }

    fn push(&mut self, c: char, at: usize) {
        self.text.push(c);
        self.from.extend(std::iter::repeat_n(u32::try_from(at).unwrap_or(u32::MAX), c.len_utf8()));
    }

    /// The span of the text that this span was made of.
    fn origin(&self, span: Range<usize>, text: &str) -> Range<usize> {
        let at = |index: usize| self.from.get(index).map_or(text.len(), |from| *from as usize);
        let last = at(span.end.saturating_sub(1));
        let end = last + text.get(last..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        at(span.start)..end
    }
}
