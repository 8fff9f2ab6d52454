//! Splits text into words, numbers and marks.
//!
//! Its own file because every other reader starts from these tokens.
//! INVARIANT: tokens are in order, do not overlap, and their offsets lie on character boundaries.

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, with inner apostrophes.
    Word,
    /// Digits, with inner separators (`1,200.50`).
    Number,
    /// Any other character that is not white space.
    Mark,
}

/// One token of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    /// The token as written.
    pub(crate) text: &'a str,
    /// First byte.
    pub(crate) start: usize,
    /// First byte after it.
    pub(crate) end: usize,
    /// What it is made of.
    pub(crate) kind: Kind,
    /// A line ended between the token before and this one.
    pub(crate) new_line: bool,
}

impl Token<'_> {
    /// Whether the token is this ASCII word, whatever its case.
    #[inline]
    pub(crate) fn is(&self, word: &str) -> bool {
        self.text.len() == word.len() && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether the token is one of these ASCII words, whatever their case.
    #[inline]
    pub(crate) fn any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// The first three bytes in ASCII lower case, for a cheap look before comparing whole words.
    #[inline]
    pub(crate) fn head(&self) -> [u8; 3] {
        let head = match *self.text.as_bytes() {
            [a, b, c, ..] => [a, b, c],
            [a, b] => [a, b, 0],
            [a] => [a, 0, 0],
            [] => [0; 3],
        };
        head.map(|byte| byte.to_ascii_lowercase())
    }

    /// Whether the token begins with an upper-case letter.
    pub(crate) fn capital(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// All tokens of `text`.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut list = Vec::with_capacity(text.len() / 4 + 4);
    let mut new_line = true;
    let mut at = 0;
    while let Some(first) = char_at(text, at) {
        let start = at;
        at += first.len_utf8();
        let kind = if first.is_alphabetic() {
            at = word_end(text, at);
            Kind::Word
        } else if first.is_whitespace() || is_invisible(first) {
            new_line |= first == '\n';
            continue;
        } else if first.is_ascii_digit() {
            at = number_end(text, at);
            Kind::Number
        } else {
            Kind::Mark
        };
        list.push(Token { text: text.get(start..at).unwrap_or(""), start, end: at, kind, new_line });
        new_line = false;
    }
    list
}

/// The character that starts at byte `at`; nearly all of them are one byte long.
#[inline]
fn char_at(text: &str, at: usize) -> Option<char> {
    match text.as_bytes().get(at) {
        Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
        Some(_) => text.get(at..).and_then(|rest| rest.chars().next()),
        None => None,
    }
}

/// Where the word ends that goes on at byte `at`.
fn word_end(text: &str, mut at: usize) -> usize {
    while text.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic) {
        at += 1;
    }
    while let Some(c) = char_at(text, at) {
        let inner = || matches!(c, '\'' | '’') && char_at(text, at + c.len_utf8()).is_some_and(char::is_alphabetic);
        if !(c.is_alphabetic() || is_combining(c) || inner()) {
            break;
        }
        at += c.len_utf8();
    }
    at
}

/// Where the number ends that goes on at byte `at`.
fn number_end(text: &str, mut at: usize) -> usize {
    while let Some(c) = char_at(text, at) {
        let inner = || {
            matches!(c, '.' | ',' | '\'' | '’')
                && text.as_bytes().get(at + c.len_utf8()).is_some_and(u8::is_ascii_digit)
        };
        if !(c.is_ascii_digit() || inner()) {
            break;
        }
        at += c.len_utf8();
    }
    at
}

/// The hash of `sign` and `text` written as one word, in ASCII lower case: eight bytes at a time.
pub(crate) const fn hash(sign: &str, text: &str) -> u64 {
    let (hash, block, filled) = add((0, 0, 0), sign.as_bytes());
    let (hash, block, filled) = add((hash, block, filled), text.as_bytes());
    join(hash ^ filled, block)
}

/// Goes on with `bytes`: the hash so far, the block that is not full, and how many bytes there were.
const fn add((mut hash, mut block, mut filled): (u64, u64, u64), mut bytes: &[u8]) -> (u64, u64, u64) {
    while let [byte, rest @ ..] = bytes {
        block = block << 8 | byte.to_ascii_lowercase() as u64;
        filled += 1;
        if filled.is_multiple_of(8) {
            hash = join(hash, block);
            block = 0;
        }
        bytes = rest;
    }
    (hash, block, filled)
}

/// One hash of two, in their order. Multiplication carries every bit upwards, the shift brings the high ones back down.
pub(crate) const fn join(left: u64, right: u64) -> u64 {
    let product = (left.rotate_left(25) ^ right).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ product >> 32
}

/// Characters that take no room on screen and are used to hide or split words.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{202a}'..='\u{202e}' | '\u{e0000}'..='\u{e007f}')
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}
