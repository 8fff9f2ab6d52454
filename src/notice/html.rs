//! HTML that can only be put together from markup written in this program and from escaped text. Own file because the ways into it are
//! few. INVARIANT: no text that is not `'static` reaches an [`Html`] without being escaped.

use std::fmt::Write as _;

/// A piece of HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl Html {
    /// Markup as it stands in the source of this program.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text: what has a meaning in HTML, also within a quoted attribute, becomes a reference; controls become spaces.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for c in inert(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c if c.is_control() => self.0.push(' '),
                c => self.0.push(c),
            }
        }
        self
    }

    /// An address for an attribute; [`super::page::Page::link`] has judged it, and what could end the attribute is escaped all the same.
    pub(super) fn text_of_address(&mut self, address: &str) -> &mut Self {
        for c in address.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                c if c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>') => self.0.push(c),
                _ => {}
            }
        }
        self
    }

    /// Text of several lines.
    pub(super) fn lines(&mut self, text: &str) -> &mut Self {
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                self.0.push_str("<br>");
            }
            self.text(line);
        }
        self
    }

    /// A number.
    pub(super) fn number(&mut self, number: u32) -> &mut Self {
        let _ = write!(self.0, "{number}");
        self
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Text that mail programs make no links of, and that cannot turn the direction of what stands around it. For text and HTML alike.
pub(super) fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            // Directions that are never closed, tags, and marks that hide: gone. Joiners stay, several scripts need them.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' => {}
            // An invisible break: the address can be read and not be clicked.
            ':' if text.get(at + 1..).is_some_and(|rest| rest.starts_with("//")) => out.push_str(":\u{200b}"),
            '.' if at >= 3 && text.get(at - 3..at).is_some_and(|head| head.eq_ignore_ascii_case("www")) => {
                out.push_str(".\u{200b}");
            }
            c => out.push(c),
        }
    }
    out
}
