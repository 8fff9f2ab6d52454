//! What one line of the program means: a request, a cursor, a sign of life, or nothing we can use. Own file because this is the protocol.
//! INVARIANT: a reason names places and keys, never what stands there, because that may be what a client wrote.

use crate::node::{Node, shown};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use opspilot_sdk::{Attachment, Content, DedupKey, Envelope, Fields};

/// The longest key and external id, in bytes.
const NAME: usize = 1024;

/// What to do about a line that is none of the protocol's.
const ONE_OBJECT: &str =
    "print each request as one JSON object in UTF-8 on one line, and what is for people on standard error";

/// Standard alphabet (RFC 4648, section 4); the padding may be left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A line that was understood.
#[derive(Debug)]
pub(crate) enum Line {
    /// A request, and its key in the program's own words.
    Request { key: String, envelope: Box<Envelope> },
    /// Where the program stands after everything it has printed so far.
    Cursor(String),
    /// The program is up; means nothing outside `check`.
    Ready,
}

/// A line that was not.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The key, when at least that could be read.
    pub(crate) key: Option<String>,
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

/// Reads a line that arrived at `now`.
pub(crate) fn read(line: Vec<u8>, now: Timestamp) -> Result<Line, Refused> {
    let unreadable = |reason: String| Refused { key: None, code: "OP-2305", reason };
    let text = std::str::from_utf8(&line)
        .map_err(|error| unreadable(format!("not UTF-8 at byte {}; {ONE_OBJECT}", error.valid_up_to())))?;
    let not_json = |reason| unreadable(format!("not JSON that can be used: {reason}; {ONE_OBJECT}"));
    let entries = match Node::read(text).map_err(not_json)? {
        Node::Object(entries) => entries,
        other => return Err(unreadable(format!("{} where one JSON object should stand; {ONE_OBJECT}", other.kind()))),
    };
    let key = entries.iter().find_map(|(name, node)| match node {
        Node::Text(text) if name == "key" && text.len() <= NAME => Some(text.clone()),
        _ => None,
    });
    meaning(entries, line, now).map_err(|reason| Refused { key, code: "OP-2306", reason })
}

fn meaning(mut entries: Vec<(String, Node)>, line: Vec<u8>, now: Timestamp) -> Result<Line, String> {
    match entries.as_mut_slice() {
        [(name, Node::Text(cursor))] if name == "cursor" => return Ok(Line::Cursor(std::mem::take(cursor))),
        [(name, Node::True)] if name == "ready" => return Ok(Line::Ready),
        _ => {}
    }
    let mut parts = Parts { entries, path: String::new() };
    let key = parts.name("key")?.ok_or("`key` is missing")?;
    let external_id = parts.name("external_id")?;
    let received_at = match parts.text("received_at")? {
        Some(time) => time.parse().map_err(|_| "`received_at` is not an RFC 3339 time with an offset")?,
        None => now,
    };
    let media_type = parts.text("media_type")?;
    if media_type.as_deref().is_some_and(|value| !is_media_type(value)) {
        return Err("`media_type` is not a media type without parameters, such as `text/plain`".to_owned());
    }
    let (text, fields) = (parts.text("text")?, parts.take("fields"));
    let (message, raw) = (parts.bytes("message")?, parts.bytes("raw")?);
    let attachments = attachments(parts.take("attachments"))?;
    parts.nothing_left("an object with `key`, or `cursor` alone")?;

    let json = || "application/json".to_owned();
    let (content, raw, media_type) = match (text, fields, message) {
        (Some(text), None, None) => {
            let (raw, media_type) = match (raw, media_type) {
                (Some(raw), media_type) => (raw, media_type.unwrap_or_else(|| "application/octet-stream".to_owned())),
                (None, None) => (line, json()),
                (None, Some(media_type)) if media_type.starts_with("text/") => (text.as_bytes().to_vec(), media_type),
                (None, Some(media_type)) if media_type == json() => (line, media_type),
                (None, Some(_)) => return Err("`media_type` is that of `raw`, and `raw` is missing".to_owned()),
            };
            (Content::Text(text), raw, media_type)
        }
        (None, Some(node), None) => {
            let fields = read_fields(node)?;
            let (raw, media_type) = match (raw, media_type) {
                (Some(raw), media_type) => (raw, media_type.unwrap_or_else(|| "application/octet-stream".to_owned())),
                (None, media_type) if media_type.as_deref().is_none_or(|given| given == json()) => (line, json()),
                (None, _) => return Err("`media_type` is that of `raw`, and `raw` is missing".to_owned()),
            };
            (Content::Fields(fields), raw, media_type)
        }
        (None, None, Some(message)) => {
            if raw.is_some() {
                return Err("`raw` beside `message`: the message is the raw form".to_owned());
            }
            if media_type.is_some_and(|given| given != "message/rfc822") {
                return Err("`media_type` of a `message` is `message/rfc822`".to_owned());
            }
            (Content::Message, message, "message/rfc822".to_owned())
        }
        (None, None, None) => return Err("none of `text`, `fields` and `message` is given".to_owned()),
        _ => return Err("more than one of `text`, `fields` and `message` is given".to_owned()),
    };
    let envelope =
        Envelope { key: DedupKey::new(&*key), external_id, received_at, media_type, raw, content, attachments };
    Ok(Line::Request { key, envelope: Box::new(envelope) })
}

fn read_fields(node: Node) -> Result<Fields, String> {
    let mut parts = Parts::of(node, "fields")?;
    let mut extra = Vec::new();
    match parts.take("extra") {
        None => {}
        Some(Node::Object(entries)) => {
            for (label, value) in entries {
                match value {
                    Node::Text(value) => extra.push((label, value)),
                    other => return Err(format!("`fields.extra` holds {} where a text was expected", other.kind())),
                }
            }
        }
        Some(Node::List(pairs)) => {
            for (index, pair) in pairs.into_iter().enumerate() {
                match pair {
                    Node::List(pair) => match <[Node; 2]>::try_from(pair) {
                        Ok([Node::Text(label), Node::Text(value)]) => extra.push((label, value)),
                        _ => return Err(format!("`fields.extra[{index}]` is not a label and a text")),
                    },
                    other => {
                        return Err(format!("`fields.extra[{index}]` is {}, not a label and a text", other.kind()));
                    }
                }
            }
        }
        Some(other) => return Err(format!("`fields.extra` is {}, not an object of texts", other.kind())),
    }
    let fields = Fields {
        name: parts.text("name")?,
        email: parts.text("email")?,
        phone: parts.text("phone")?,
        organisation: parts.text("organisation")?,
        subject: parts.text("subject")?,
        text: parts.text("text")?,
        extra,
    };
    parts
        .nothing_left("one of `name`, `email`, `phone`, `organisation`, `subject`, `text`; all others under `extra`")?;
    if fields == Fields::default() {
        return Err("`fields` is empty".to_owned());
    }
    Ok(fields)
}

fn attachments(node: Option<Node>) -> Result<Vec<Attachment>, String> {
    let list = match node {
        None => return Ok(Vec::new()),
        Some(Node::List(list)) => list,
        Some(other) => return Err(format!("`attachments` is {}, not a list", other.kind())),
    };
    let mut attachments = Vec::with_capacity(list.len());
    for (index, node) in list.into_iter().enumerate() {
        let mut parts = Parts::of(node, &format!("attachments[{index}]"))?;
        let missing = |key: &str| format!("`attachments[{index}].{key}` is missing");
        attachments.push(Attachment {
            name: parts.text("name")?.ok_or_else(|| missing("name"))?,
            media_type: parts.text("media_type")?.unwrap_or_else(|| "application/octet-stream".to_owned()),
            bytes: parts.bytes("data")?.ok_or_else(|| missing("data"))?,
        });
        parts.nothing_left("`name`, `media_type`, `data`")?;
    }
    Ok(attachments)
}

/// The entries of an object, taken out one by one, so that what is left is unknown.
struct Parts {
    entries: Vec<(String, Node)>,
    path: String,
}

impl Parts {
    fn of(node: Node, path: &str) -> Result<Self, String> {
        match node {
            Node::Object(entries) => Ok(Self { entries, path: format!("{path}.") }),
            other => Err(format!("`{path}` is {}, not an object", other.kind())),
        }
    }

    /// Takes an entry; `null` is the same as none.
    fn take(&mut self, key: &str) -> Option<Node> {
        let index = self.entries.iter().position(|(name, _)| name == key)?;
        let (_, node) = self.entries.swap_remove(index);
        (!matches!(node, Node::Null)).then_some(node)
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.take(key) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(other) => Err(format!("`{}{key}` is {}, not a text", self.path, other.kind())),
        }
    }

    /// A text that names something: not empty, not long, no NUL.
    fn name(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.text(key)? {
            Some(name) if name.is_empty() || name.len() > NAME || name.contains('\0') => {
                Err(format!("`{}{key}` is empty, longer than {NAME} bytes or holds a NUL", self.path))
            }
            name => Ok(name),
        }
    }

    fn bytes(&mut self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        BASE64.decode(text).map(Some).map_err(|_| format!("`{}{key}` is not base64", self.path))
    }

    fn nothing_left(self, known: &str) -> Result<(), String> {
        match self.entries.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("unknown key `{}{}`; expected {known}", self.path, shown(name))),
        }
    }
}

/// `type/subtype` as in RFC 6838, section 4.2.
fn is_media_type(value: &str) -> bool {
    let name = |part: &str| {
        !part.is_empty()
            && part.len() <= 127
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    value.split_once('/').is_some_and(|(kind, subtype)| name(kind) && name(subtype))
}

/// Base64 as the protocol writes it.
#[cfg(test)]
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
