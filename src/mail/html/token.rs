//! HTML as a row of tags and text, the way a mail program reads it: nothing is refused, what is broken is taken for text.
//! INVARIANT: time is linear in the input, whatever it holds; a broken quotation mark is looked for once only.

/// A piece of HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'h> {
    /// Text between tags, entities not yet resolved.
    Text(&'h str),
    /// `<name attributes>`; `closed` for `<name/>`.
    Open {
        /// The name as written.
        name: &'h str,
        /// All behind the name.
        attributes: &'h str,
    },
    /// `</name>`.
    Close(&'h str),
    /// What stands between `<style>` and `</style>`.
    Style(&'h str),
}

/// Reads HTML piece by piece.
pub(super) struct Tokens<'h> {
    html: &'h str,
    at: usize,
    /// No tag ends behind this place.
    last_end: Option<usize>,
    /// A quotation mark was never closed, so marks are no longer looked at.
    unquoted: bool,
    /// An element whose content is no HTML: `script`, `style` and others.
    raw: Option<&'h str>,
}

impl<'h> Tokens<'h> {
    /// Begins at the start.
    pub(super) fn of(html: &'h str) -> Self {
        Self { html, at: 0, last_end: html.rfind('>'), unquoted: false, raw: None }
    }

    fn rest(&self) -> &'h str {
        self.html.get(self.at..).unwrap_or_default()
    }

    /// The end of the tag that begins at `start` (at its `<`): the place of its `>`.
    fn end(&mut self, start: usize) -> Option<usize> {
        let last = self.last_end.filter(|last| *last > start)?;
        let bytes = self.html.as_bytes();
        let mut quote = None;
        for at in start + 1..=last {
            let byte = *bytes.get(at)?;
            match (quote, byte) {
                (None, b'>') => return Some(at),
                (None, b'"' | b'\'') if !self.unquoted && bytes.get(at - 1) == Some(&b'=') => quote = Some(byte),
                (Some(open), _) if byte == open => quote = None,
                _ => {}
            }
        }
        self.unquoted = true;
        self.html.get(start..)?.find('>').map(|at| start + at)
    }
}

impl<'h> Iterator for Tokens<'h> {
    type Item = Token<'h>;

    fn next(&mut self) -> Option<Token<'h>> {
        if let Some(name) = self.raw.take() {
            let rest = self.rest();
            let end = closing(rest, name).unwrap_or(rest.len());
            self.at += end;
            if name.eq_ignore_ascii_case("style") {
                return Some(Token::Style(rest.get(..end).unwrap_or_default()));
            }
        }
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return None;
            }
            if !rest.starts_with('<') {
                let end = rest.find('<').unwrap_or(rest.len());
                self.at += end;
                return Some(Token::Text(rest.get(..end).unwrap_or_default()));
            }
            if let Some(comment) = rest.strip_prefix("<!--") {
                // A comment that never ends is none: the rest would be lost.
                match comment.find("-->") {
                    Some(end) => self.at += 4 + end + 3,
                    None => self.at += rest.find('>').map_or(rest.len(), |end| end + 1),
                }
                continue;
            }
            let second = rest.as_bytes().get(1).copied().unwrap_or(b' ');
            let tag = second.is_ascii_alphabetic() || matches!(second, b'/' | b'!' | b'?');
            let Some(end) = tag.then(|| self.end(self.at)).flatten() else {
                // A lone `<`.
                let end = rest.get(1..).and_then(|rest| rest.find('<')).map_or(rest.len(), |end| end + 1);
                self.at += end;
                return Some(Token::Text(rest.get(..end).unwrap_or_default()));
            };
            let inner = self.html.get(self.at + 1..end).unwrap_or_default();
            self.at = end + 1;
            if inner.starts_with(['!', '?']) {
                continue;
            }
            if let Some(name) = inner.strip_prefix('/') {
                return Some(Token::Close(name.trim()));
            }
            let split = inner.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inner.len());
            let (name, attributes) = inner.split_at(split);
            if ["script", "style", "title", "textarea", "noembed", "noframes", "xmp", "iframe"]
                .iter()
                .any(|raw| name.eq_ignore_ascii_case(raw))
                && !inner.ends_with('/')
            {
                self.raw = Some(name);
            }
            return Some(Token::Open { name, attributes });
        }
    }
}

/// Where `</name` stands.
fn closing(text: &str, name: &str) -> Option<usize> {
    text.match_indices("</")
        .map(|(at, _)| at)
        .find(|at| text.get(at + 2..at + 2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)))
}

/// The value of an attribute, quotation marks taken away; an attribute without a value is empty.
pub(super) fn attribute<'h>(attributes: &'h str, wanted: &str) -> Option<&'h str> {
    let mut rest = attributes;
    for _ in 0..64 {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let value = match behind.trim_start().strip_prefix('=') {
            None => {
                rest = behind;
                ""
            }
            Some(value) => {
                let value = value.trim_start();
                let quoted =
                    |mark| value.strip_prefix(mark).map(|inner: &str| inner.split_once(mark).unwrap_or((inner, "")));
                let (value, behind) = quoted('"')
                    .or_else(|| quoted('\''))
                    .unwrap_or_else(|| value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())));
                rest = behind;
                value
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        if name.is_empty() && value.is_empty() {
            let mut chars = rest.chars();
            chars.next();
            rest = chars.as_str();
        }
    }
    None
}
