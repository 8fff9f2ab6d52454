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
    pub(crate) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// Whether the token is one of these ASCII words, whatever their case.
    pub(crate) fn any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// The first three bytes in ASCII lower case, for a cheap look before comparing whole words.
    pub(crate) fn head(&self) -> [u8; 3] {
        let mut head = [0; 3];
        for (slot, byte) in head.iter_mut().zip(self.text.bytes()) {
            *slot = byte.to_ascii_lowercase();
        }
        head
    }

    /// Whether the token begins with an upper-case letter.
    pub(crate) fn capital(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// All tokens of `text`.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut list = Vec::with_capacity(text.len() / 5 + 4);
    let mut chars = text.char_indices().peekable();
    let mut new_line = true;
    while let Some((start, first)) = chars.next() {
        if first.is_whitespace() || is_invisible(first) {
            new_line |= first == '\n';
            continue;
        }
        let mut end = start + first.len_utf8();
        let kind = if first.is_ascii_digit() {
            while let Some(&(at, c)) = chars.peek() {
                let inner = matches!(c, '.' | ',' | '\'' | '’')
                    && text
                        .get(at + c.len_utf8()..)
                        .is_some_and(|rest| rest.as_bytes().first().is_some_and(u8::is_ascii_digit));
                if !(c.is_ascii_digit() || inner) {
                    break;
                }
                end = at + c.len_utf8();
                chars.next();
            }
            Kind::Number
        } else if first.is_alphabetic() {
            while let Some(&(at, c)) = chars.peek() {
                let inner = matches!(c, '\'' | '’')
                    && text
                        .get(at + c.len_utf8()..)
                        .and_then(|rest| rest.chars().next())
                        .is_some_and(char::is_alphabetic);
                if !(c.is_alphabetic() || inner || is_combining(c)) {
                    break;
                }
                end = at + c.len_utf8();
                chars.next();
            }
            Kind::Word
        } else {
            Kind::Mark
        };
        list.push(Token { text: text.get(start..end).unwrap_or(""), start, end, kind, new_line });
        new_line = false;
    }
    list
}

/// Characters that take no room on screen and are used to hide or split words.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{202a}'..='\u{202e}' | '\u{e0000}'..='\u{e007f}')
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}
