//! Sentences of a request, and which lines are not the writer's own words.
//!
//! Its own file because quotes in a brief are sentences: where one starts and ends decides what a
//! reader sees as evidence.
//! INVARIANT: spans are trimmed, not empty, in order, and lie on character boundaries.

use super::words::is_invisible;

/// What part of the message a sentence belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The writer's message.
    Body,
    /// `Name: value` of a form or a table row.
    Field,
    /// Greeting, closing line, signature.
    Frame,
    /// Quoted or forwarded text, program markup.
    Foreign,
}

/// One sentence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sentence<'a> {
    /// Its words.
    pub(crate) text: &'a str,
    /// First byte.
    pub(crate) start: usize,
    /// First byte after it.
    pub(crate) end: usize,
    /// Which part of the message it stands in.
    pub(crate) part: Part,
}

impl Sentence<'_> {
    /// Whether byte `at` stands in the key of a payload, which names a value and says nothing.
    pub(crate) fn is_keyed(&self, at: usize) -> bool {
        self.part == Part::Field
            && self.text.split_once(':').is_some_and(|(label, _)| at < self.start + label.len() && is_key(label))
    }
}

/// Longest sentence looked at as one piece, in bytes; longer ones are cut at white space.
const LONGEST: usize = 400;

/// Splits `text` into sentences. A line break ends a sentence only when the next line begins a new
/// thought (blank line, list mark, field); mail programs break lines anywhere.
pub(crate) fn split(text: &str) -> Vec<Sentence<'_>> {
    let mut list = Vec::with_capacity(text.len() / 60 + 2);
    let mut block_start: Option<usize> = None;
    let mut at = 0;
    let mut closing = false;
    let mut seen_body = false;
    let mut forwarded = false;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let bare = line.trim_matches(is_noise);
        // In a forwarded message the quoted part is the matter itself, not history.
        forwarded |= bare.starts_with("---") && bare.len() < 80 && has_word(bare, "forwarded");
        let quoted = forwarded && bare.starts_with('>');
        let bare = if quoted { bare.trim_start_matches(['>', ' ']) } else { bare };
        closing &= !quoted;
        let part = classify(bare, seen_body, closing);
        // The label of a long value is no part of what somebody says in it.
        let label = if part == Part::Body && !quoted { label(bare, block_start.is_none()) } else { None };
        let start = match label {
            Some(length) => {
                flush(text, block_start.take(), start, &mut list);
                let value = start + (line.len() - line.trim_start_matches(is_noise).len()) + length;
                push(text, start, value, Part::Field, &mut list);
                value
            }
            None => start,
        };
        let standalone = part != Part::Body || is_item(bare);
        if bare.is_empty() || standalone {
            flush(text, block_start.take(), start, &mut list);
        }
        if bare.is_empty() {
            continue;
        }
        if part == Part::Frame && is_closing(bare) && seen_body {
            closing = true;
        }
        if part == Part::Body {
            seen_body = true;
            if closing && (bare.len() > 60 || bare.contains('?')) {
                closing = false;
            }
            if block_start.is_none() {
                block_start = Some(start);
            }
            // A short line or a list item ends its own thought.
            if is_item(bare) || (bare.len() < 38 && !bare.ends_with(',')) {
                flush(text, block_start.take(), end, &mut list);
            }
        } else {
            push(text, start, end, part, &mut list);
        }
    }
    flush(text, block_start, text.len(), &mut list);
    list
}

fn flush<'a>(text: &'a str, from: Option<usize>, to: usize, list: &mut Vec<Sentence<'a>>) {
    let Some(mut start) = from else { return };
    let Some(block) = text.get(..to) else { return };
    let mut here = start;
    while let Some(byte) = block.as_bytes().get(here) {
        // Nearly every byte: it ends no sentence, and no length is reached.
        if byte.is_ascii() && !matches!(byte, b'.' | b'!' | b'?' | b';') && here - start < LONGEST {
            here += 1;
            continue;
        }
        let Some(c) = block.get(here..).and_then(|rest| rest.chars().next()) else { break };
        here += c.len_utf8();
        let ends = match c {
            '.' | '!' | '?' | '…' | '。' | '？' | '！' => {
                let follows = block.get(here..).and_then(|rest| rest.chars().next());
                let clear = follows.is_none_or(|next| next.is_whitespace() || matches!(next, '"' | '”' | ')' | '\''));
                let wide = matches!(c, '。' | '？' | '！');
                (clear || wide)
                    && !(c == '.' && is_abbreviation(text.get(start..here).unwrap_or("")))
                    && !(c == '.' && is_ordinal(text.get(start..here).unwrap_or(""), text.get(here..).unwrap_or("")))
            }
            ';' => here - start > 60,
            c if c.is_whitespace() => here - start > LONGEST,
            _ => here - start > 4 * LONGEST,
        };
        if ends {
            push(text, start, here, Part::Body, list);
            start = here;
        }
    }
    push(text, start, to, Part::Body, list);
}

fn push<'a>(text: &'a str, start: usize, end: usize, part: Part, list: &mut Vec<Sentence<'a>>) {
    let Some(raw) = text.get(start..end) else { return };
    let left = raw.trim_start_matches(|c: char| {
        is_noise(c) || matches!(c, '>' | '-' | '*' | '•' | '·' | '"' | '”' | ')' | '–' | '—')
    });
    let body = left.trim_end_matches(is_noise);
    if body.is_empty() || !body.chars().any(char::is_alphanumeric) {
        return;
    }
    let start = start + (raw.len() - left.len());
    list.push(Sentence { text: body, start, end: start + body.len(), part });
}

fn classify(line: &str, seen_body: bool, closing: bool) -> Part {
    if line.starts_with('>') || line.starts_with("-----") || line.starts_with("<!--") || line.starts_with('{') {
        return Part::Foreign;
    }
    if is_greeting(line) && !seen_body {
        return Part::Frame;
    }
    if is_closing(line) {
        return Part::Frame;
    }
    if closing && line.len() <= 60 && !line.ends_with('?') {
        return Part::Frame;
    }
    if is_field(line) {
        return Part::Field;
    }
    Part::Body
}

fn is_noise(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// `Company: Acme` and the like: a label, a colon, a short value on the same line.
fn is_field(line: &str) -> bool {
    parted(line)
        .is_some_and(|(label, value)| is_label(label) && value.split_whitespace().nth(MOST_OF_A_VALUE).is_none())
}

/// Most words of a value; what is longer is something that was written.
const MOST_OF_A_VALUE: usize = 12;

/// The length of the label before a long value, colon included. In running text only the key of a
/// payload is one: "we had two problems: first" goes on from the line before.
fn label(line: &str, begins: bool) -> Option<usize> {
    let (label, _) = parted(line)?;
    (is_key(label) || begins && is_label(label)).then_some(label.len() + 1)
}

/// What stands before and behind the first colon of a line, where a space follows it.
fn parted(line: &str) -> Option<(&str, &str)> {
    let (label, value) = line.split_once(':')?;
    (value.starts_with([' ', '\t']) && !value.trim().is_empty()).then_some((label, value))
}

/// A label: one to three words.
fn is_label(label: &str) -> bool {
    is_key(label)
        || label.len() <= 28
            && (1..=3).contains(&label.split_whitespace().count())
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '/' | '&' | '(' | ')'))
}

/// The name of a field in a payload: `data.object.attempt_count`, `answers[0].label`. The name of a class ends in
/// a capitalised word: `java.io.IOException`.
fn is_key(label: &str) -> bool {
    let name = label.rsplit('.').next().unwrap_or(label);
    (4..=160).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'[' | b']'))
        && label.bytes().any(|b| matches!(b, b'.' | b'_' | b'['))
        && label.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_item(line: &str) -> bool {
    let mut chars = line.chars();
    match chars.next() {
        Some('-' | '*' | '•' | '·' | '–') => chars.next().is_some_and(char::is_whitespace),
        Some(c) if c.is_ascii_digit() => {
            let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
            line.len() - rest.len() <= 2 && (rest.starts_with(". ") || rest.starts_with(") "))
        }
        _ => false,
    }
}

fn is_greeting(line: &str) -> bool {
    const FIRST: &[&str] = &[
        "hi",
        "hello",
        "hey",
        "dear",
        "good morning",
        "good afternoon",
        "good evening",
        "greetings",
        "hallo",
        "liebe",
        "lieber",
        "bonjour",
        "hola",
        "guten tag",
        "sehr geehrte",
        "to whom it may concern",
    ];
    line.len() <= 60
        && FIRST.iter().any(|word| starts_with_word(line, word))
        && (line.ends_with([',', '!', ':', '.']) || line.split_whitespace().count() <= 4)
        && line.split_whitespace().count() <= 7
        && !line.contains('?')
}

fn is_closing(line: &str) -> bool {
    const LAST: &[&str] = &[
        "best regards",
        "kind regards",
        "regards",
        "best",
        "cheers",
        "thanks",
        "thank you",
        "many thanks",
        "sincerely",
        "yours",
        "warm regards",
        "thanks in advance",
        "best wishes",
        "respectfully",
        "all the best",
        "mit freundlichen",
        "viele grüße",
        "cordialement",
        "saludos",
        "sent from my",
        "--",
    ];
    line.len() <= 48
        && LAST.iter().any(|word| starts_with_word(line, word))
        && line.split_whitespace().count() <= 6
        && !line.contains('?')
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphabetic()).any(|w| w.eq_ignore_ascii_case(word))
}

fn starts_with_word(line: &str, word: &str) -> bool {
    let first = |text: &str| text.as_bytes().first().map(u8::to_ascii_lowercase);
    first(line) == first(word)
        && line.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
        && line.get(word.len()..).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

fn is_abbreviation(head: &str) -> bool {
    const KNOWN: &[&str] = &[
        "mr.", "mrs.", "ms.", "dr.", "e.g.", "i.e.", "approx.", "no.", "vs.", "st.", "prof.", "z.b.", "ca.", "etc.",
        "inc.", "ltd.", "tel.", "nr.",
    ];
    let last = head.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or("");
    let single = last.chars().count() == 2 && last.chars().next().is_some_and(char::is_uppercase);
    let listed = last.len() <= 3
        && last.trim_end_matches('.').bytes().all(|b| b.is_ascii_digit())
        && head.trim().len() == last.len();
    single || listed || KNOWN.iter().any(|known| last.eq_ignore_ascii_case(known))
}

/// `15.` before a word, as in `15. Dezember`.
fn is_ordinal(head: &str, rest: &str) -> bool {
    let digits = head.trim_end_matches('.').bytes().rev().take_while(u8::is_ascii_digit).count();
    let months = [
        "jan", "feb", "mär", "mar", "apr", "mai", "may", "jun", "jul", "aug", "sep", "okt", "oct", "nov", "dez", "dec",
    ];
    let next = rest.trim_start();
    (1..=2).contains(&digits) && months.iter().any(|m| next.get(..m.len()).is_some_and(|w| w.eq_ignore_ascii_case(m)))
}
