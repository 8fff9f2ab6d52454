//! The headers of one part: read by `mail-parser`, with the raw values kept for those where the exact bytes matter.
//! INVARIANT: a header that stands twice is seen twice; who decides on it must ask how often it is there.

use mail_parser::{ContentType, Header, HeaderName, HeaderValue, MessageParser};

/// The headers of a part, in order.
pub(super) struct Headers<'r> {
    block: &'r [u8],
    list: Vec<Header<'r>>,
    /// There was more than the limit allows.
    pub(super) cut: bool,
}

/// Headers of a part that are kept at most.
const HEADERS: usize = 2000;

impl<'r> Headers<'r> {
    /// Reads the headers at the head of `raw`, and where the body begins.
    pub(super) fn read(raw: &'r [u8], limit: usize) -> (Self, usize) {
        let end = body_offset(raw);
        let block = raw.get(..end.min(limit)).unwrap_or_default();
        let mut list = MessageParser::default()
            .parse_headers(block)
            .and_then(|message| message.parts.into_iter().next())
            .map(|part| part.headers)
            .unwrap_or_default();
        let cut = end > limit || list.len() > HEADERS;
        list.truncate(HEADERS);
        (Self { block, list, cut }, end)
    }

    /// No header was found.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All values of a header, parsed.
    pub(super) fn all<'h>(&'h self, name: &'h HeaderName<'h>) -> impl Iterator<Item = &'h HeaderValue<'r>> {
        self.list.iter().filter(move |header| header.name == *name).map(|header| &header.value)
    }

    /// The value of a header. When it stands more than once the last one, as most mail programs take it.
    pub(super) fn get(&self, name: &HeaderName<'_>) -> Option<&HeaderValue<'r>> {
        self.list.iter().rfind(|header| header.name == *name).map(|header| &header.value)
    }

    /// All values of a header as they came, unfolded and trimmed, comments included.
    pub(super) fn raw<'h>(&'h self, name: &'h str) -> impl Iterator<Item = String> {
        self.list
            .iter()
            .filter(move |header| header.name.as_str().eq_ignore_ascii_case(name))
            .map(|header| self.value(header))
    }

    /// All headers with their raw values, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (String, String)> {
        self.list.iter().map(|header| (header.name.as_str().to_owned(), self.value(header)))
    }

    fn value(&self, header: &Header<'_>) -> String {
        let (from, to) = (header.offset_start as usize, header.offset_end as usize);
        let value = String::from_utf8_lossy(self.block.get(from..to).unwrap_or_default());
        let value = value.trim();
        if value.contains(['\r', '\n']) {
            value.split_whitespace().collect::<Vec<_>>().join(" ")
        } else {
            value.to_owned()
        }
    }

    /// The first raw value of a header.
    pub(super) fn first(&self, name: &str) -> Option<String> {
        self.list.iter().find(|header| header.name.as_str().eq_ignore_ascii_case(name)).map(|header| self.value(header))
    }

    /// Names of all headers, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|header| header.name.as_str())
    }

    /// The content type as written, if it is there.
    pub(super) fn content_type(&self) -> Option<&ContentType<'r>> {
        self.get(&HeaderName::ContentType).and_then(HeaderValue::as_content_type)
    }

    /// The disposition as written, if it is there.
    pub(super) fn disposition(&self) -> Option<&ContentType<'r>> {
        self.get(&HeaderName::ContentDisposition).and_then(HeaderValue::as_content_type)
    }

    /// The name under which the part wants to be kept (RFC 2183, 2.3), decoded.
    pub(super) fn file_name(&self) -> Option<String> {
        self.disposition()
            .and_then(|value| value.attribute("filename"))
            .or_else(|| self.content_type().and_then(|value| value.attribute("name")))
            .map(str::to_owned)
    }
}

/// Where the body begins: behind the first empty line.
fn body_offset(raw: &[u8]) -> usize {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        // A line of spaces is a folded header that somebody broke, and no end.
        if matches!(line, b"\n" | b"\r\n") {
            return at;
        }
    }
    raw.len()
}
