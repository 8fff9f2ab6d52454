//! The tree of parts of a message (RFC 2046), walked with bounded depth and number, and the choice of the parts that are its text.
//! INVARIANT: every part is visited once and its bytes are decoded once; a part beyond the limits ends the walk with an error.

use std::borrow::Cow;

use super::headers::Headers;
use super::{Limits, Unreadable, decode};

/// What a leaf is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `text/plain`, or nothing said.
    Plain,
    /// `text/html`.
    Html,
    /// Another text.
    OtherText,
    /// Images, sound, moving pictures.
    Media,
    /// A whole message (RFC 2046, 5.2.1).
    Message,
    /// Anything else.
    Binary,
}

/// A leaf of the tree, decoded.
pub(super) struct Part<'r> {
    pub(super) kind: Kind,
    /// `type/subtype` in lower case.
    pub(super) media_type: String,
    pub(super) charset: Option<String>,
    pub(super) name: Option<String>,
    pub(super) body: Cow<'r, [u8]>,
    /// It refers to itself by a `Content-ID`, as pictures inside HTML do.
    pub(super) inline: bool,
    /// `smime-type`, `report-type` and what else tells about it.
    pub(super) about: Vec<(String, String)>,
}

/// A walked message.
pub(super) struct Tree<'r> {
    pub(super) headers: Headers<'r>,
    pub(super) parts: Vec<Part<'r>>,
    /// Parts that make the plain text, in order.
    pub(super) text: Vec<usize>,
    /// Parts that make the HTML, in order.
    pub(super) html: Vec<usize>,
    /// Parts that are neither.
    pub(super) attachments: Vec<usize>,
    /// Media types of all containers met, in order.
    pub(super) containers: Vec<String>,
}

/// Counts over all nested messages.
pub(super) struct Budget {
    parts: usize,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { parts: limits.parts }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Alternative,
    Related,
    Digest,
    Message,
    Other,
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Scope {
    container: Container,
    alternative: bool,
    wants_text: bool,
    wants_html: bool,
    /// Parts of this container so far, this one included.
    seen: usize,
    depth: usize,
}

/// Walks a message.
pub(super) fn walk<'r>(
    raw: &'r [u8],
    limits: &Limits,
    budget: &mut Budget,
    depth: usize,
) -> Result<Tree<'r>, Unreadable> {
    let (headers, body) = Headers::read(raw, limits.header_bytes);
    let mut walker = Walker {
        limits,
        budget,
        parts: Vec::new(),
        text: Vec::new(),
        html: Vec::new(),
        attachments: Vec::new(),
        containers: Vec::new(),
    };
    let mut scope =
        Scope { container: Container::Message, alternative: false, wants_text: true, wants_html: true, seen: 0, depth };
    walker.entity(&headers, raw.get(body..).unwrap_or_default(), &mut scope)?;
    let Walker { parts, text, html, attachments, containers, .. } = walker;
    Ok(Tree { headers, parts, text, html, attachments, containers })
}

struct Walker<'r, 'b> {
    limits: &'b Limits,
    budget: &'b mut Budget,
    parts: Vec<Part<'r>>,
    text: Vec<usize>,
    html: Vec<usize>,
    attachments: Vec<usize>,
    containers: Vec<String>,
}

impl<'r> Walker<'r, '_> {
    fn entity(&mut self, headers: &Headers<'r>, body: &'r [u8], scope: &mut Scope) -> Result<(), Unreadable> {
        self.budget.parts =
            self.budget.parts.checked_sub(1).ok_or(Unreadable::TooManyParts { limit: self.limits.parts })?;
        if scope.depth >= self.limits.depth {
            return Err(Unreadable::TooDeep { limit: self.limits.depth });
        }
        scope.seen += 1;
        let declared = headers.content_type();
        let major = declared.map(|value| value.ctype().to_ascii_lowercase());
        let minor = declared.and_then(|value| value.subtype()).map(str::to_ascii_lowercase);
        if major.as_deref() == Some("multipart") {
            let media_type = format!("multipart/{}", minor.as_deref().unwrap_or("mixed"));
            let boundary =
                declared.and_then(|value| value.attribute("boundary")).filter(|boundary| !boundary.is_empty());
            let children = boundary.map(|boundary| split(body, boundary.as_bytes())).unwrap_or_default();
            self.containers.push(media_type);
            if !children.is_empty() {
                return self.multipart(minor.as_deref(), &children, scope);
            }
        }
        self.leaf(headers, body, (major.as_deref(), minor.as_deref()), scope);
        Ok(())
    }

    fn multipart(&mut self, minor: Option<&str>, children: &[&'r [u8]], scope: &Scope) -> Result<(), Unreadable> {
        let container = match minor {
            Some("alternative") => Container::Alternative,
            Some("related") => Container::Related,
            Some("digest") => Container::Digest,
            _ => Container::Other,
        };
        let mut inner = Scope {
            container,
            alternative: scope.alternative || container == Container::Alternative,
            seen: 0,
            depth: scope.depth + 1,
            ..*scope
        };
        let (texts, htmls) = (self.text.len(), self.html.len());
        for child in children {
            let (headers, at) = Headers::read(child, self.limits.header_bytes);
            self.entity(&headers, child.get(at..).unwrap_or_default(), &mut inner)?;
        }
        // Alternatives of one kind only stand for both.
        if container == Container::Alternative && inner.wants_html && inner.wants_text {
            if self.text.len() == texts {
                self.text.extend_from_slice(self.html.get(htmls..).unwrap_or_default());
            } else if self.html.len() == htmls {
                self.html.extend_from_slice(self.text.get(texts..).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn leaf(
        &mut self,
        headers: &Headers<'r>,
        body: &'r [u8],
        (major, minor): (Option<&str>, Option<&str>),
        scope: &mut Scope,
    ) {
        let declared = headers.content_type();
        let kind = match (major, minor) {
            (None, _) if scope.container == Container::Digest => Kind::Message,
            (None, _) | (Some("text"), Some("plain")) => Kind::Plain,
            (Some("text"), Some("html")) => Kind::Html,
            (Some("text" | "multipart"), _) => Kind::OtherText,
            (Some("image" | "audio" | "video"), _) => Kind::Media,
            (Some("message"), Some("rfc822" | "global")) => Kind::Message,
            _ => Kind::Binary,
        };
        let encoding = headers.first("Content-Transfer-Encoding").unwrap_or_default();
        let name = headers.file_name();
        let attached = headers.disposition().is_some_and(|value| value.is_attachment());
        let named = declared.is_some_and(|value| value.has_attribute("name"));
        let inline = matches!(kind, Kind::Plain | Kind::Html | Kind::Media)
            && !attached
            && (scope.seen == 1 || scope.container != Container::Related && (kind == Kind::Media || !named));
        let at = self.parts.len();
        let (mut is_text, mut is_html) = (false, false);
        if scope.container == Container::Alternative {
            is_html = kind == Kind::Html;
            is_text = kind == Kind::Plain;
        } else if inline {
            if scope.alternative && (scope.wants_text || scope.wants_html) {
                match kind {
                    Kind::Html => scope.wants_text = false,
                    Kind::Plain => scope.wants_html = false,
                    _ => {}
                }
            }
            (is_html, is_text) = (scope.wants_html, scope.wants_text);
        }
        if is_html {
            self.html.push(at);
        }
        if is_text {
            self.text.push(at);
        }
        let shown = match kind {
            Kind::Html => is_html,
            Kind::Plain => is_text,
            _ => false,
        };
        if !shown {
            self.attachments.push(at);
        }
        let media_type = match (major, minor) {
            (Some(major), Some(minor)) => format!("{major}/{minor}"),
            (Some(major), None) => major.to_owned(),
            (None, _) if kind == Kind::Message => "message/rfc822".to_owned(),
            (None, _) => "text/plain".to_owned(),
        };
        let attributes = declared.and_then(|value| value.attributes()).unwrap_or_default();
        self.parts.push(Part {
            kind,
            media_type,
            charset: declared.and_then(|value| value.attribute("charset")).map(str::to_owned),
            name,
            body: decode::transfer(body, &encoding),
            inline: inline && headers.first("Content-ID").is_some(),
            about: attributes
                .iter()
                .map(|attribute| (attribute.name.to_ascii_lowercase(), attribute.value.to_ascii_lowercase()))
                .collect(),
        });
    }
}

/// The parts between lines of `--boundary` (RFC 2046, 5.1.1). What stands before the first and behind the closing one is no part.
fn split<'r>(body: &'r [u8], boundary: &[u8]) -> Vec<&'r [u8]> {
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at += line.len();
        let Some(rest) = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)) else { continue };
        let rest = rest.trim_ascii();
        let closing = rest.starts_with(b"--");
        if !rest.is_empty() && !closing {
            continue;
        }
        if let Some(from) = open.take() {
            // The line end in front of the boundary belongs to the boundary.
            let part = body.get(from..start).unwrap_or_default();
            let part = part.strip_suffix(b"\n").unwrap_or(part);
            parts.push(part.strip_suffix(b"\r").unwrap_or(part));
        }
        if closing {
            return parts;
        }
        open = Some(at);
    }
    // The closing line is missing: the part reaches to the end.
    if let Some(part) = open.and_then(|from| body.get(from..)).filter(|part| !part.is_empty()) {
        parts.push(part);
    }
    parts
}
