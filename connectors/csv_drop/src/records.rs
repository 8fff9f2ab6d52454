//! Cuts decoded text into records, chunk by chunk, in bounded memory, keeping the original text and line of each. Own reader
//! because the usual ones neither bound a field nor give back the original text, and because a missing quote must cost one line,
//! not the rest of the file. Quoting follows RFC 4180, read as widely used programs read it. INVARIANT: the records do not depend
//! on how the text was cut into chunks, and every character stands in exactly one record or is a line end.

use crate::dialect::{Dialect, Escape};
use crate::fault::Fault;
use std::collections::VecDeque;

/// How much of an over-long line is kept to show.
const SHOWN: usize = 1024;

/// One record of the file, good or bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Line on which it begins, counted from 1.
    pub line: u64,
    /// The cells without their quoting; empty when `fault` says why.
    pub cells: Vec<String>,
    /// The text as it stood in the file, without its line end.
    pub text: String,
    /// Why the record cannot be read.
    pub fault: Option<Fault>,
}

/// What [`Records::cut`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A record; blank lines are none.
    Record(Record),
    /// More text is needed, or [`Records::finish`].
    Hungry,
    /// Nothing is left.
    End,
}

/// Cuts text into records.
pub struct Records {
    dialect: Dialect,
    /// Whether broken quoting costs the line it stands on; else it is read as it comes.
    strict: bool,
    max_bytes: usize,
    buffer: String,
    start: usize,
    /// Where in `buffer` the decoder found bytes it could not read, and in which encoding.
    malformed: VecDeque<(usize, &'static str)>,
    line: u64,
    finished: bool,
    /// Inside an over-long line: the record that waits for its end.
    skipping: Option<(Record, u64)>,
}

impl Records {
    /// A reader that reports broken quoting and rows longer than `max_bytes`.
    #[must_use]
    pub fn strict(dialect: Dialect, max_bytes: usize) -> Self {
        Self {
            dialect,
            strict: true,
            max_bytes,
            buffer: String::new(),
            start: 0,
            malformed: VecDeque::new(),
            line: 1,
            finished: false,
            skipping: None,
        }
    }

    /// A reader that takes everything as it comes, for a text that is in memory anyway.
    #[must_use]
    pub fn lenient(dialect: Dialect) -> Self {
        Self { strict: false, ..Self::strict(dialect, usize::MAX) }
    }

    /// More text.
    pub fn push(&mut self, text: &str) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.malformed.iter_mut().for_each(|(at, _)| *at -= self.start);
            self.start = 0;
        }
        self.buffer.push_str(text);
    }

    /// A mark for bytes that could not be decoded from `encoding`.
    pub fn push_malformed(&mut self, encoding: &'static str) {
        self.push("\u{fffd}");
        self.malformed.push_back((self.buffer.len() - '\u{fffd}'.len_utf8(), encoding));
    }

    /// No more text will come.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next record.
    pub fn cut(&mut self) -> Found {
        loop {
            if self.skipping.is_some() {
                match self.skip() {
                    Some(found) => return found,
                    None => continue,
                }
            }
            let rest = self.rest();
            if rest.is_empty() {
                return if self.finished { Found::End } else { Found::Hungry };
            }
            let scan = scan(rest, &self.dialect, self.finished);
            let (used, text_end, cells, doubtful) = match scan {
                Scan::Hungry if rest.len() <= self.max_bytes => return Found::Hungry,
                Scan::Hungry => (usize::MAX, 0, Vec::new(), true),
                Scan::Unclosed { used, cells } if !self.strict => (used, used, cells, false),
                Scan::Unclosed { .. } => (0, 0, Vec::new(), true),
                Scan::Record { used, text_end, cells, stray } => {
                    (used, text_end, cells, self.strict && stray && rest.get(..text_end).is_some_and(many_lines))
                }
            };
            if !doubtful && used <= self.max_bytes {
                let text = rest.get(..text_end).unwrap_or_default().to_owned();
                let blank = text.is_empty();
                let record = self.take(used, text, cells, None);
                if blank {
                    continue;
                }
                return Found::Record(record);
            }
            // The quoting cannot be trusted: give up this line alone and begin again behind it.
            let head = floor(rest, self.max_bytes);
            match line_end(head, self.finished && head.len() == rest.len()) {
                Some((text_end, used)) => {
                    let text = rest.get(..text_end).unwrap_or_default().to_owned();
                    return Found::Record(self.take(used, text, Vec::new(), Some(Fault::Quote)));
                }
                _ if rest.len() <= self.max_bytes => {
                    let (used, text) = (rest.len(), rest.to_owned());
                    return Found::Record(self.take(used, text, Vec::new(), Some(Fault::Quote)));
                }
                _ => {
                    let shown = floor(rest, SHOWN.min(self.max_bytes));
                    let text = shown.split(['\r', '\n']).next().unwrap_or_default().to_owned();
                    let line = self.line;
                    self.skipping = Some((Record { line, cells: Vec::new(), text, fault: None }, 0));
                }
            }
        }
    }

    /// Whether all text pushed so far stands in records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest().is_empty() && self.skipping.is_none()
    }

    fn rest(&self) -> &str {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Consumes `used` bytes as one record.
    fn take(&mut self, used: usize, text: String, cells: Vec<String>, fault: Option<Fault>) -> Record {
        let end = self.start + used;
        let mut fault = fault;
        while let Some((_, encoding)) = self.malformed.pop_front_if(|(at, _)| *at < end) {
            fault = fault.or(Some(Fault::Undecodable { encoding }));
        }
        if self.strict && fault.is_none() && text.contains('\0') {
            fault = Some(Fault::Nul);
        }
        let record = Record { line: self.line, cells: if fault.is_none() { cells } else { Vec::new() }, text, fault };
        self.line += line_ends(self.buffer.get(self.start..end).unwrap_or_default());
        self.start = end;
        record
    }

    /// Drops text up to the end of an over-long line, without ever holding it.
    fn skip(&mut self) -> Option<Found> {
        let rest = self.rest();
        let found = line_end(rest, self.finished);
        let (gone, used) = match found {
            Some((text_end, used)) => (text_end, used),
            None if self.finished => (rest.len(), rest.len()),
            // A carriage return at the very end may be half of a line end.
            None => {
                let keep = usize::from(rest.ends_with('\r'));
                (rest.len() - keep, rest.len() - keep)
            }
        };
        let over = found.is_some() || self.finished;
        let (mut record, length) = self.skipping.take()?;
        let length = length + gone as u64;
        self.take(used, String::new(), Vec::new(), None);
        if over {
            record.fault = Some(Fault::TooLong { bytes: length });
            return Some(Found::Record(record));
        }
        self.skipping = Some((record, length));
        Some(Found::Hungry)
    }
}

enum Scan {
    /// The record is not over within the text.
    Hungry,
    /// The text is over inside a quoted cell.
    Unclosed { used: usize, cells: Vec<String> },
    /// A record; `stray`: text stands behind a closing quote.
    Record { used: usize, text_end: usize, cells: Vec<String>, stray: bool },
}

/// Reads one record at the beginning of `text`.
fn scan(text: &str, dialect: &Dialect, finished: bool) -> Scan {
    let bytes = text.as_bytes();
    let mut mark = [0; 4];
    let delimiter: &[u8] = dialect.delimiter.map_or(&[], |delimiter| delimiter.encode_utf8(&mut mark).as_bytes());
    let first = delimiter.first().copied();
    let quote = dialect.quote.and_then(|quote| u8::try_from(quote).ok());
    let backslash = dialect.escape == Escape::Backslash;
    let at_delimiter = |at: usize| first.is_some() && bytes.get(at..).is_some_and(|rest| rest.starts_with(delimiter));
    let mut cells = Vec::new();
    let mut cell: Vec<u8> = Vec::new();
    let mut at = 0;
    let mut stray = false;
    let close = |cell: &mut Vec<u8>| String::from_utf8_lossy(&std::mem::take(cell)).into_owned();
    loop {
        // At the beginning of a cell.
        if quote.is_some() && bytes.get(at).copied() == quote {
            at += 1;
            loop {
                let Some(&byte) = bytes.get(at) else {
                    cells.push(close(&mut cell));
                    return if finished { Scan::Unclosed { used: bytes.len(), cells } } else { Scan::Hungry };
                };
                let next = bytes.get(at + 1).copied();
                if backslash && byte == b'\\' {
                    match next {
                        Some(next) => cell.push(next),
                        None if !finished => return Scan::Hungry,
                        None => cell.push(byte),
                    }
                    at += 2;
                } else if Some(byte) == quote {
                    if next.is_none() && !finished {
                        return Scan::Hungry;
                    }
                    if next == quote {
                        cell.push(byte);
                        at += 2;
                    } else {
                        at += 1;
                        break;
                    }
                } else {
                    cell.push(byte);
                    at += 1;
                }
            }
            stray |= bytes.get(at).is_some_and(|&byte| byte != b'\r' && byte != b'\n' && !at_delimiter(at));
        }
        // Plain text up to the end of the cell.
        loop {
            match bytes.get(at).copied() {
                None if finished => {
                    cells.push(close(&mut cell));
                    return Scan::Record { used: at.min(bytes.len()), text_end: at.min(bytes.len()), cells, stray };
                }
                None => return Scan::Hungry,
                Some(byte @ (b'\r' | b'\n')) => {
                    let next = bytes.get(at + 1).copied();
                    if byte == b'\r' && next.is_none() && !finished {
                        return Scan::Hungry;
                    }
                    cells.push(close(&mut cell));
                    let used = at + 1 + usize::from(byte == b'\r' && next == Some(b'\n'));
                    return Scan::Record { used, text_end: at, cells, stray };
                }
                Some(byte) if Some(byte) == first && at_delimiter(at) => {
                    cells.push(close(&mut cell));
                    at += delimiter.len();
                    break;
                }
                Some(b'\\')
                    if backslash
                        && (at_delimiter(at + 1) || (quote.is_some() && bytes.get(at + 1).copied() == quote)) =>
                {
                    if let Some(&next) = bytes.get(at + 1) {
                        cell.push(next);
                    }
                    at += 2;
                }
                Some(b'\\') if backslash && at + 1 == bytes.len() && !finished => return Scan::Hungry,
                Some(byte) => {
                    cell.push(byte);
                    at += 1;
                }
            }
        }
    }
}

/// End of the first line: of its text, and behind its line end. A carriage return at the very end of a text that is not `whole`
/// may be half of a line end and is none.
fn line_end(text: &str, whole: bool) -> Option<(usize, usize)> {
    let at = text.find(['\r', '\n'])?;
    let rest = text.get(at..).unwrap_or_default();
    if rest == "\r" && !whole { None } else { Some((at, at + 1 + usize::from(rest.starts_with("\r\n")))) }
}

fn many_lines(text: &str) -> bool {
    text.contains(['\r', '\n'])
}

fn line_ends(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let ends = |&(at, byte): &(usize, &u8)| *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
    bytes.iter().enumerate().filter(ends).count() as u64
}

/// The longest beginning of `text` of at most `bytes` bytes.
fn floor(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
