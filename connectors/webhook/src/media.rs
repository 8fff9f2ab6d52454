//! Media types and header parameters (RFC 9110 section 5.6.6, RFC 7578 section 4.2). Own file because `Content-Type` of the whole
//! and `Content-Disposition` of a part share one grammar, and a difference between the two would be a hole.

use std::borrow::Cow;

/// A header value of the form `token; name=value; …`.
#[derive(Debug, PartialEq)]
pub(crate) struct Media<'a> {
    /// What stands before the first `;`, lowercase.
    pub(crate) essence: String,
    parameters: Vec<(String, Cow<'a, str>)>,
}

impl<'a> Media<'a> {
    /// Reads a header value; `None` when it does not follow the grammar or holds a parameter twice.
    pub(crate) fn read(value: &'a str) -> Option<Self> {
        let (essence, mut rest) = match value.split_once(';') {
            Some((essence, rest)) => (essence, rest),
            None => (value, ""),
        };
        let essence = essence.trim().to_ascii_lowercase();
        let mut parameters: Vec<(String, Cow<'a, str>)> = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ';']);
            if rest.is_empty() {
                return (!essence.is_empty()).then_some(Self { essence, parameters });
            }
            let (name, after) = rest.split_once('=')?;
            let name = name.trim().to_ascii_lowercase();
            let (value, after) = match after.trim_start().strip_prefix('"') {
                Some(quoted) => quoted_text(quoted)?,
                None => match after.split_once(';') {
                    Some((value, after)) => (Cow::Borrowed(value.trim()), after),
                    None => (Cow::Borrowed(after.trim()), ""),
                },
            };
            if name.is_empty() || parameters.iter().any(|(other, _)| *other == name) {
                return None;
            }
            parameters.push((name, value));
            rest = after;
        }
    }

    /// A parameter by its lowercase name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_ref())
    }

    /// Whether the text is UTF-8 by declaration or by default; ASCII is part of it.
    pub(crate) fn is_utf8(&self) -> bool {
        self.parameter("charset").is_none_or(|charset| {
            ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
        })
    }

    /// Whether this is JSON: `application/json`, `text/json`, `…+json` (RFC 6839).
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.essence.as_str(), "application/json" | "text/json") || self.essence.ends_with("+json")
    }
}

/// The text up to the closing quote and what follows. Only `\"` is an escape: some browsers send `C:\path` unescaped.
fn quoted_text(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut text = String::new();
    let mut start = 0;
    let mut from = 0;
    loop {
        let end = from + quoted.get(from..)?.find('"')?;
        let piece = quoted.get(start..end)?;
        if let Some(before) = piece.strip_suffix('\\') {
            text.push_str(before);
            text.push('"');
            start = end + 1;
            from = start;
            continue;
        }
        let after = quoted.get(end + 1..)?;
        if text.is_empty() {
            return Some((Cow::Borrowed(piece), after));
        }
        text.push_str(piece);
        return Some((Cow::Owned(text), after));
    }
}

#[cfg(test)]
mod tests {
    use super::Media;

    #[test]
    fn parameters_quoted_or_not() {
        let media = Media::read("Multipart/Form-Data; boundary=\"a b;c\"; Charset=UTF-8").unwrap();
        assert_eq!(media.essence, "multipart/form-data");
        assert_eq!(media.parameter("boundary"), Some("a b;c"));
        assert!(media.is_utf8());
        let media = Media::read(r#"form-data; name="say \"hi\""; filename="C:\tmp\a.txt""#).unwrap();
        assert_eq!(media.parameter("name"), Some("say \"hi\""));
        assert_eq!(media.parameter("filename"), Some(r"C:\tmp\a.txt"));
    }

    #[test]
    fn doubled_parameters_and_open_quotes_are_nothing() {
        assert_eq!(Media::read("a/b; boundary=x; boundary=y"), None);
        assert_eq!(Media::read("a/b; boundary=\"x"), None);
        assert_eq!(Media::read(""), None);
    }

    #[test]
    fn json_by_suffix_and_foreign_charsets() {
        assert!(Media::read("application/vnd.api+json").unwrap().is_json());
        assert!(!Media::read("text/plain").unwrap().is_json());
        assert!(!Media::read("text/json; charset=latin1").unwrap().is_utf8());
    }
}
