//! Objects of a PDF file as they are written (ISO 32000-1, 7.3).
//! INVARIANT: nesting beyond the limit gives nothing instead of going deeper.

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    Null,
    Number(f64),
    Name(Vec<u8>),
    Text(Vec<u8>),
    List(Vec<Object>),
    Dictionary(Vec<(Vec<u8>, Object)>),
    Reference(u32),
    /// A bare word: an operator of a page, or a keyword of the file.
    Word(Vec<u8>),
}

const DEPTH: usize = 24;

impl Object {
    /// The value of a key of a dictionary.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Dictionary(pairs) = self else { return None };
        pairs.iter().rev().find(|(name, _)| name == key.as_bytes()).map(|(_, value)| value)
    }

    pub(super) fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// A number that is a size or a place.
    pub(super) fn size(&self) -> Option<usize> {
        self.number().filter(|number| (0.0..4e9).contains(number)).map(|number| number as usize)
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        matches!(self, Self::Name(found) if found == name.as_bytes())
    }
}

/// Reads objects one after the other.
pub(super) struct Reader<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes over white space and comments.
    pub(super) fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'%' => {
                    while self.peek().is_some_and(|byte| byte != b'\n' && byte != b'\r') {
                        self.at += 1;
                    }
                }
                0 | b' ' | b'\t' | b'\r' | b'\n' | 0x0c => self.at += 1,
                _ => return,
            }
        }
    }

    /// The next object; none at the end.
    pub(super) fn read(&mut self) -> Option<Object> {
        self.object(0)
    }

    fn object(&mut self, depth: usize) -> Option<Object> {
        self.skip();
        let byte = self.peek()?;
        match byte {
            b'/' => {
                self.at += 1;
                Some(Object::Name(self.name()))
            }
            b'(' => Some(Object::Text(self.literal())),
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                let items = self.items(b'>', depth)?;
                let mut pairs = Vec::new();
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    if let Object::Name(key) = key {
                        pairs.push((key, value));
                    }
                }
                Some(Object::Dictionary(pairs))
            }
            b'<' => Some(Object::Text(self.hexadecimal())),
            b'[' => {
                self.at += 1;
                self.items(b']', depth).map(Object::List)
            }
            b']' | b'>' | b')' | b'{' | b'}' => {
                self.at += 1;
                Some(Object::Null)
            }
            _ => Some(self.word()),
        }
    }

    fn items(&mut self, end: u8, depth: usize) -> Option<Vec<Object>> {
        if depth >= DEPTH {
            self.at = self.bytes.len();
            return None;
        }
        let mut items = Vec::new();
        loop {
            self.skip();
            let byte = self.peek()?;
            if byte == end {
                self.at += if end == b'>' { 2 } else { 1 };
                return Some(items);
            }
            match self.object(depth + 1)? {
                Object::Word(word) if word == b"R" && items.len() >= 2 => {
                    items.pop();
                    let id = items.pop().and_then(|id| id.size()).and_then(|id| u32::try_from(id).ok());
                    items.push(id.map_or(Object::Null, Object::Reference));
                }
                Object::Word(word) if word == b"endobj" || word == b"stream" => return Some(items),
                object => items.push(object),
            }
        }
    }

    fn name(&mut self) -> Vec<u8> {
        let mut name = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| regular(*byte)) {
            self.at += 1;
            let escaped = (byte == b'#').then(|| self.bytes.get(self.at..self.at + 2).and_then(hex_pair)).flatten();
            name.push(escaped.inspect(|_| self.at += 2).unwrap_or(byte));
        }
        name
    }

    fn word(&mut self) -> Object {
        let from = self.at;
        while self.peek().is_some_and(regular) {
            self.at += 1;
        }
        let word = self.bytes.get(from..self.at).unwrap_or_default();
        if word.is_empty() {
            self.at += 1;
            return Object::Null;
        }
        let number = std::str::from_utf8(word)
            .ok()
            .filter(|word| word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)));
        match number.and_then(|word| word.parse::<f64>().ok()).filter(|number| number.is_finite()) {
            Some(number) => Object::Number(number),
            None if word == b"null" => Object::Null,
            None => Object::Word(word.to_vec()),
        }
    }

    fn literal(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => {
                    open += 1;
                    if open > 1 {
                        text.push(byte);
                    }
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    text.push(byte);
                }
                b'\\' => {
                    let Some(escaped) = self.peek() else { break };
                    self.at += 1;
                    match escaped {
                        b'n' => text.push(b'\n'),
                        b'r' => text.push(b'\r'),
                        b't' => text.push(b'\t'),
                        b'b' | b'f' | b'\n' => {}
                        b'\r' => self.at += usize::from(self.peek() == Some(b'\n')),
                        b'0'..=b'7' => {
                            let mut value = u32::from(escaped - b'0');
                            for _ in 0..2 {
                                let Some(digit) = self.peek().filter(|byte| matches!(byte, b'0'..=b'7')) else { break };
                                value = value * 8 + u32::from(digit - b'0');
                                self.at += 1;
                            }
                            text.push(u8::try_from(value & 0xff).unwrap_or_default());
                        }
                        other => text.push(other),
                    }
                }
                other => text.push(other),
            }
        }
        text
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut digits = Vec::new();
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'>' => break,
                _ if byte.is_ascii_hexdigit() => digits.push(byte),
                _ => {}
            }
        }
        if digits.len() % 2 == 1 {
            digits.push(b'0');
        }
        digits.chunks(2).filter_map(hex_pair).collect()
    }
}

fn regular(byte: u8) -> bool {
    !matches!(
        byte,
        0 | b' ' | b'\t' | b'\r' | b'\n' | 0x0c | b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let [high, low] = pair else { return None };
    let value = char::from(*high).to_digit(16)? * 16 + char::from(*low).to_digit(16)?;
    u8::try_from(value).ok()
}
