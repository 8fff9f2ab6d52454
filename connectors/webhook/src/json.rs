//! JSON (RFC 8259) into a [`Node`]. An own reader because three things are wanted together that the usual one gives only through
//! switches for the whole workspace: numbers as written, a repeated key refused with its place, a limit on the number of values.
//! INVARIANT: recursion is bounded by [`MAX_DEPTH`] and memory by [`MAX_VALUES`], whatever comes; tests hold it against `serde_json`.

use crate::node::Node;
use crate::refuse::{DEEP, JSON, JSON_TWICE, PART_LARGE, malformed, shown, too_large};
use opspilot_sdk::Refusal;
use std::borrow::Cow;

/// How deep lists and maps may stand in each other.
pub(crate) const MAX_DEPTH: usize = 128;
/// How many values one body may hold.
pub(crate) const MAX_VALUES: usize = 100_000;

/// Reads a whole JSON text. A byte order mark at the start is passed over; an escaped half of a surrogate pair becomes U+FFFD.
///
/// # Errors
/// A refusal that names line and column.
pub(crate) fn read(body: &[u8]) -> Result<Node<'_>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|fault| {
        malformed(JSON, format!("the body is not UTF-8 at byte {}; send JSON encoded as UTF-8", fault.valid_up_to()))
    })?;
    read_text(text)
}

/// The same for what is text already.
pub(crate) fn read_text(text: &str) -> Result<Node<'_>, Refusal> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, at: 0, values: 0 };
    let node = reader.value(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.fault("text after the end of the value"));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn place(&self) -> (usize, usize) {
        let before = self.text.as_bytes().get(..self.at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        (line, column)
    }

    fn fault(&self, what: &str) -> Refusal {
        let (line, column) = self.place();
        malformed(
            JSON,
            format!("the body is not JSON: {what} at line {line} column {column}; check how the sender builds it"),
        )
    }

    fn unexpected(&self, wanted: &str) -> Refusal {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => self.fault(&format!("`{}` where {wanted} should stand", found.escape_debug())),
            None => self.fault(&format!("the end where {wanted} should stand")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Refusal> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(too_large(
                PART_LARGE,
                format!("the body holds more than {MAX_VALUES} values; send fewer at a time"),
            ));
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.map(self.deeper(depth)?),
            Some(b'[') => self.list(self.deeper(depth)?),
            Some(b'"') => self.string().map(Node::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Node::Bool(true)),
            Some(b'f') => self.literal("false", Node::Bool(false)),
            Some(b'n') => self.literal("null", Node::Null),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, Refusal> {
        if depth >= MAX_DEPTH {
            let (line, column) = self.place();
            return Err(malformed(
                DEEP,
                format!(
                    "the body is nested more than {MAX_DEPTH} deep at line {line} column {column}; send flatter data"
                ),
            ));
        }
        Ok(depth + 1)
    }

    fn literal(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, Refusal> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            Ok(node)
        } else {
            Err(self.unexpected("a value"))
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node<'a>, Refusal> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Node::List(items));
                }
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node<'a>, Refusal> {
        self.at += 1;
        let mut entries = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Node::Map(entries));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
            let value = self.value(depth)?;
            entries.push((key, value));
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.refuse_repeats(&entries)?;
                    self.at += 1;
                    return Ok(Node::Map(entries));
                }
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
    }

    /// Two readers that disagree on which of two equal keys counts can be played against each other, so neither counts.
    fn refuse_repeats(&self, entries: &[(Cow<'a, str>, Node<'a>)]) -> Result<(), Refusal> {
        const FEW: usize = 12;
        let repeated = if entries.len() <= FEW {
            entries.iter().enumerate().find_map(|(index, (key, _))| {
                entries.iter().take(index).any(|(other, _)| other == key).then(|| key.as_ref())
            })
        } else {
            let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_ref()).collect();
            keys.sort_unstable();
            keys.array_windows::<2>().find_map(|[one, next]| (one == next).then_some(*one))
        };
        match repeated {
            Some(key) => {
                let (line, column) = self.place();
                Err(malformed(
                    JSON_TWICE,
                    format!(
                        "the key `{}` stands twice in the object that ends at line {line} column {column}; send it once",
                        shown(key)
                    ),
                ))
            }
            None => Ok(()),
        }
    }

    fn number(&mut self) -> Result<Node<'a>, Refusal> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.unexpected("a digit")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Node::Number(Cow::Borrowed(self.text.get(start..self.at).unwrap_or_default())))
    }

    fn digits(&mut self) -> Result<(), Refusal> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Refusal> {
        self.at += 1;
        let mut built: Option<String> = None;
        let mut start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let piece = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(match built {
                        None => Cow::Borrowed(piece),
                        Some(mut text) => {
                            text.push_str(piece);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let piece = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    let escaped = self.escape()?;
                    let text = built.get_or_insert_with(String::new);
                    text.push_str(piece);
                    text.push(escaped);
                    start = self.at;
                }
                Some(0..0x20) => return Err(self.fault("a control character inside a text, which must be escaped,")),
                Some(_) => self.at += 1,
                None => return Err(self.fault("a text without its closing quote")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Refusal> {
        let plain = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.unexpected("an escape that JSON knows")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, Refusal> {
        let first = self.four_hex()?;
        if (0xd800..0xdc00).contains(&first) && self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u")) {
            let back = self.at;
            self.at += 2;
            let second = self.four_hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_hex(&mut self) -> Result<u32, Refusal> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return Err(self.unexpected("four hexadecimal digits")) };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
