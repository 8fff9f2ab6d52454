//! Tag lists (`a=1; b=2`) of signatures and seals, read strictly (RFC 6376 section 3.2, RFC 8617 section 4).
//! Own file because the library that checks signatures reads them kindly: a doubled or misspelt tag passes there. INVARIANT: a list that
//! reads here has every tag once, with a name and a value that the grammar allows.

/// A strict tag list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tags<'v>(Vec<(&'v str, &'v str)>);

impl<'v> Tags<'v> {
    /// Reads a list; `None` when it is none.
    pub(super) fn read(value: &'v str) -> Option<Self> {
        let value = value.trim_matches(blank);
        let value = value.strip_suffix(';').unwrap_or(value);
        let mut tags: Vec<(&str, &str)> = Vec::new();
        for tag in value.split(';') {
            let (name, value) = tag.split_once('=')?;
            let (name, value) = (name.trim_matches(blank), value.trim_matches(blank));
            let named = name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let valued = value.chars().all(|c| blank(c) || c.is_ascii_graphic() && c != ';');
            if !named || !valued || tags.iter().any(|(other, _)| *other == name) {
                return None;
            }
            tags.push((name, value));
        }
        Some(Self(tags))
    }

    /// The value of a tag; names are case-sensitive.
    pub(super) fn get(&self, name: &str) -> Option<&'v str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// A tag's value when it is there and not empty.
    pub(super) fn filled(&self, name: &str) -> Option<&'v str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether a tag, if there, is a whole number.
    pub(super) fn number_or_none(&self, name: &str) -> bool {
        self.get(name).is_none_or(|value| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// Folding white space (RFC 5322 section 3.2.2).
fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether a text could be a domain name: labels of letters, digits, hyphens and underscores, none empty.
pub(super) fn is_domain(name: &str) -> bool {
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_lists_are_read_and_others_refused() {
        assert!(Tags::read(" a=1; b = x\r\n y ;").is_some_and(|tags| tags.get("b") == Some("x\r\n y")));
        for wrong in ["a=1;; b=2", "a=1; a=2", "a=1; ==", "a", "=1", "1a=2", "a=1; b=\u{e9}", ""] {
            assert_eq!(Tags::read(wrong), None, "{wrong}");
        }
        assert!(Tags::read("T=1").is_some_and(|tags| tags.get("t").is_none()));
    }

    #[test]
    fn domains() {
        assert!(is_domain("mail.example.org") && is_domain("a_b.example"));
        assert!(!is_domain("example...") && !is_domain("example") && !is_domain("a b.example") && !is_domain(""));
    }
}
