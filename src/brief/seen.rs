//! What a model sees of a request's text, and where each piece of it stands in the request.
//!
//! Its own file because a quote is found in what the model saw and shown in the request itself.
//! INVARIANT: the model sees nothing that a person reading the request cannot see; nothing in what it sees reads like a fence or a mark
//! of a chat template; every quote that is handed out lies on character boundaries of the request.

use super::content::Quote;
use super::read::words::is_invisible;
use std::ops::Range;

/// What was left out of the middle of a long text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Bytes of the request that the model did not see.
    pub bytes: usize,
    /// Line ends among them.
    pub lines: usize,
}

/// A piece that stands in both texts alike.
#[derive(Clone, Copy, Debug)]
struct Run {
    seen: usize,
    source: usize,
    len: usize,
}

/// The text as the model saw it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    text: String,
    runs: Vec<Run>,
    gap: Option<Range<usize>>,
    left_out: Option<LeftOut>,
}

impl Seen {
    /// All of `text`, made visible and inert. `room` is how many bytes it may take at most; more is taken out of the middle, at line
    /// ends where there are any.
    pub(crate) fn of(text: &str, room: usize, mark: &str) -> Self {
        let whole = clean(text);
        if whole.text.len() <= room { whole } else { whole.trimmed(text, room, mark) }
    }

    /// What stands between the fences.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was left out; `None` when the model saw all of it.
    #[must_use]
    pub fn left_out(&self) -> Option<LeftOut> {
        self.left_out
    }

    /// The place in the request of a span of [`Seen::text`]; `None` for an empty one, or one that reaches over what was left out.
    #[must_use]
    pub fn quote(&self, span: Range<usize>) -> Option<Quote> {
        if span.is_empty() || self.gap.as_ref().is_some_and(|gap| span.start < gap.end && gap.start < span.end) {
            return None;
        }
        let first = self.runs.get(self.runs.partition_point(|run| run.seen + run.len <= span.start))?;
        let last = self.runs.get(self.runs.partition_point(|run| run.seen < span.end).checked_sub(1)?)?;
        let start = first.source + span.start.saturating_sub(first.seen);
        let end = last.source + (span.end - last.seen).min(last.len);
        Quote::new(u32::try_from(start).ok()?, u32::try_from(end).ok()?)
    }

    /// Where the line about what was left out stands.
    pub(crate) fn gap(&self) -> Option<Range<usize>> {
        self.gap.clone()
    }

    fn keep(&mut self, piece: &str, source: usize) {
        let seen = self.text.len();
        self.text.push_str(piece);
        match self.runs.last_mut() {
            Some(run) if run.source + run.len == source && run.seen + run.len == seen => run.len += piece.len(),
            _ => self.runs.push(Run { seen, source, len: piece.len() }),
        }
    }

    fn trimmed(self, source: &str, room: usize, mark: &str) -> Self {
        // The line that says so takes its own room.
        let room = room.saturating_sub(mark.len() + 96);
        let head = cut_before(&self.text, room * 2 / 3);
        let tail = cut_after(&self.text, self.text.len() - (room - head).min(self.text.len() - head));
        let mut out = Self::default();
        let source_at = |seen: usize| {
            let run = self.runs.get(self.runs.partition_point(|run| run.seen + run.len <= seen));
            run.map_or(source.len(), |run| run.source + seen.saturating_sub(run.seen))
        };
        let (from, to) = (source_at(head), source_at(tail));
        let lost = source.get(from..to).unwrap_or("");
        let left_out = LeftOut { bytes: lost.len(), lines: lost.matches('\n').count() };
        out.take(&self, 0..head);
        let start = out.text.len();
        out.text.push_str(&format!(
            "\n<<<LEFT OUT {mark}: {} bytes and {} line ends of the request>>>\n",
            left_out.bytes, left_out.lines
        ));
        out.gap = Some(start..out.text.len());
        out.take(&self, tail..self.text.len());
        out.left_out = Some(left_out);
        out
    }

    /// Takes over a span of another text with the runs in it.
    fn take(&mut self, from: &Self, span: Range<usize>) {
        let base = self.text.len();
        self.text.push_str(from.text.get(span.clone()).unwrap_or(""));
        for run in &from.runs {
            let (start, end) = (run.seen.max(span.start), (run.seen + run.len).min(span.end));
            if start < end {
                self.runs.push(Run {
                    seen: base + start - span.start,
                    source: run.source + start - run.seen,
                    len: end - start,
                });
            }
        }
    }
}

/// The last good place to cut at or before byte `most`: a line end, else white space, else between characters.
fn cut_before(text: &str, most: usize) -> usize {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end).unwrap_or("");
    let near = |at: &usize| *at >= end - end / 4;
    head.rfind('\n').filter(near).or_else(|| head.rfind(char::is_whitespace).filter(near)).unwrap_or(end)
}

/// The first good place to cut at or after byte `least`.
fn cut_after(text: &str, least: usize) -> usize {
    let mut start = least.min(text.len());
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let tail = text.get(start..).unwrap_or("");
    let near = |at: &usize| *at <= tail.len() / 4;
    let line = tail.find('\n').map(|at| at + 1).filter(near);
    let word = || tail.find(char::is_whitespace).filter(near);
    start + line.or_else(word).unwrap_or(0)
}

/// The text without what nobody can see, with what could be taken for a fence or for a mark of a chat template broken up.
fn clean(text: &str) -> Seen {
    let mut seen = Seen { text: String::with_capacity(text.len() + 64), ..Seen::default() };
    let (mut before, mut opens) = ('\n', true);
    for (at, c) in text.char_indices() {
        if opens && is_like_fence(text.get(at..).unwrap_or("")) {
            seen.text.push_str("[data] ");
        }
        opens = c == '\n';
        if is_hidden(c, before) {
            if matches!(c, '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}') {
                seen.text.push(' ');
            }
            continue;
        }
        // `<|`, `</`, `<s>`, `<<`, `[INST]`: some servers read such marks inside a text as their own.
        let breaks = match before {
            '<' => c.is_ascii_alphabetic() || matches!(c, '|' | '/' | '<' | '｜' | '!' | '?'),
            '[' => c.is_ascii_uppercase() || c == '/',
            _ => false,
        };
        if breaks {
            seen.text.push(' ');
        }
        let mut bytes = [0; 4];
        seen.keep(c.encode_utf8(&mut bytes), at);
        before = c;
    }
    seen
}

/// Whether a person reading the text would not see this character.
fn is_hidden(c: char, before: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Joiners belong to words of some scripts and to emoji; rows of them spell something else.
        '\u{200c}' | '\u{200d}' => before.is_ascii() || matches!(before, '\u{200c}' | '\u{200d}'),
        '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2028}'
        | '\u{2029}' => true,
        '\u{2065}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' => true,
        '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control() || is_invisible(c),
    }
}

/// Whether a text begins with a line like a fence, whatever signs that is drawn with.
fn is_like_fence(text: &str) -> bool {
    let mut signs = 0;
    for c in text.chars().take_while(|c| *c != '\n').take(200) {
        match c {
            '<' | '＜' | '‹' | '«' | '〈' | '⟨' | '❮' | '❰' | '《' | '≪' | '⋘' | '﹤' | '˂' | 'ᐸ' | '🞀' => {
                signs += 1
            }
            c if c.is_whitespace() || is_invisible(c) => {}
            _ => break,
        }
    }
    signs >= 2
}
