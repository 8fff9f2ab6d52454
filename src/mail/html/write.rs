//! The walk itself: tags in, lines out.
//! INVARIANT: open elements are remembered up to a fixed depth, so that deep nesting costs no more than flat text.

use super::entity;
use super::style::Hidden;
use super::token::{Token, Tokens, attribute};

/// How HTML is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mail) enum Wanted {
    /// Everything a person sees, with the addresses behind links.
    Whole,
    /// For telling new from quoted text: marks of mail programs become a bar, signatures are left out, links are not shown.
    Reply,
}

/// Open elements that are remembered.
const DEPTH: usize = 256;
/// Quotation marks in front of a line at most.
const MARKS: usize = 6;
/// The line that stands for "all below is quoted".
const BAR: &str = "-----Original Message-----";

/// HTML written out as lines.
pub(in crate::mail) fn write(html: &str, wanted: Wanted) -> String {
    let mut writer = Writer {
        wanted,
        out: String::new(),
        line: String::new(),
        open: Vec::new(),
        beyond: 0,
        hidden: Hidden::default(),
        gap: false,
    };
    for token in Tokens::of(html) {
        match token {
            Token::Text(text) => writer.text(text),
            Token::Open { name, attributes } => writer.open(name, attributes),
            Token::Close(name) => writer.close(name),
            Token::Style(sheet) => writer.hidden.learn(sheet),
        }
    }
    writer.end_line();
    writer.out
}

/// What an open element does to the text in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Effect {
    hidden: bool,
    quoted: bool,
    /// Quoted until a quoting element in it has ended: what follows below is somebody's answer.
    introduces: bool,
    preserved: bool,
}

struct Open {
    name: String,
    effect: Effect,
    link: Option<(String, usize)>,
}

struct Writer {
    wanted: Wanted,
    out: String,
    line: String,
    open: Vec<Open>,
    /// Open elements beyond the depth that is remembered.
    beyond: usize,
    hidden: Hidden,
    /// A blank line is due before the next line.
    gap: bool,
}

impl Writer {
    fn any(&self, what: impl Fn(&Effect) -> bool) -> bool {
        self.open.iter().any(|open| what(&open.effect))
    }

    fn text(&mut self, text: &str) {
        if self.any(|effect| effect.hidden) {
            return;
        }
        let mut plain = String::with_capacity(text.len());
        entity::resolve(text, &mut plain);
        if self.any(|effect| effect.preserved) {
            let mut parts = plain.split('\n');
            self.line.push_str(parts.next().unwrap_or_default());
            for part in parts {
                self.end_line();
                self.line.push_str(part.trim_end_matches('\r'));
            }
            return;
        }
        for c in plain.chars() {
            if c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\u{c}' {
                if !self.line.is_empty() && !self.line.ends_with(' ') {
                    self.line.push(' ');
                }
            } else {
                self.line.push(if c == '\u{a0}' { ' ' } else { c });
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let marks = self.open.iter().filter(|open| open.effect.quoted || open.effect.introduces).count().min(MARKS);
        let line = line.trim_end();
        if line.trim().is_empty() {
            return;
        }
        if self.gap && !self.out.is_empty() {
            self.mark(marks);
            self.out.push('\n');
        }
        self.gap = false;
        self.mark(marks);
        if marks > 0 {
            self.out.push(' ');
        }
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn mark(&mut self, marks: usize) {
        for _ in 0..marks {
            self.out.push('>');
        }
    }

    /// A line break that a person sees: an empty line stays empty.
    fn line_break(&mut self) {
        if self.line.trim().is_empty() {
            self.line.clear();
            self.gap = true;
        } else {
            self.end_line();
        }
    }

    fn open(&mut self, name: &str, attributes: &str) {
        let lower = name.to_ascii_lowercase();
        if self.any(|effect| effect.hidden) {
            self.remember(&lower, Effect::default(), None);
            return;
        }
        match lower.as_str() {
            "br" => return self.line_break(),
            "hr" => {
                self.end_line();
                self.line.push_str("________________________________");
                self.end_line();
                if self.wanted == Wanted::Reply
                    && (has_id(attributes, &["stopSpelling", "zwchr"])
                        || attribute(attributes, "data-marker").is_some_and(|marker| marker == "__DIVIDER__"))
                {
                    self.bar();
                }
                return;
            }
            "img" => {
                if self.wanted == Wanted::Whole
                    && let Some(alt) = attribute(attributes, "alt").filter(|alt| !alt.trim().is_empty())
                {
                    let mut text = String::from(" [");
                    entity::resolve(alt, &mut text);
                    text.push(']');
                    self.line.push_str(&text.replace(['\r', '\n'], " "));
                }
                return;
            }
            "td" | "th" if !self.line.is_empty() && !self.line.ends_with([' ', '\t']) => self.line.push(' '),
            "td" | "th" => {}
            "li" => {
                self.end_line();
                if self.wanted == Wanted::Whole {
                    self.line.push_str("- ");
                }
            }
            "p" => {
                self.end_line();
                self.gap = !spaceless(attributes);
            }
            _ if paragraph(&lower) => {
                self.end_line();
                self.gap = true;
            }
            _ if block(&lower) => self.end_line(),
            _ => {}
        }
        let effect = Effect {
            hidden: matches!(lower.as_str(), "head" | "script" | "style" | "title" | "template" | "noscript" | "object" | "svg" | "select" | "xml" | "o:p" if lower != "o:p")
                || self.hidden.holds(attributes)
                || self.is_signature(attributes),
            quoted: lower == "blockquote" || quoting(attributes),
            introduces: lower == "div" && gmail(attributes),
            preserved: lower == "pre",
        };
        if self.wanted == Wanted::Reply && cuts(attributes) {
            self.bar();
        }
        let link = (lower == "a")
            .then(|| attribute(attributes, "href"))
            .flatten()
            .map(|href| (href.trim().to_owned(), self.line.len()));
        self.remember(&lower, effect, link);
    }

    fn is_signature(&self, attributes: &str) -> bool {
        self.wanted == Wanted::Reply
            && (has_class(
                attributes,
                &[
                    "gmail_signature",
                    "moz-signature",
                    "gmail_signature_prefix",
                    "protonmail_signature_block",
                    "tutanota-signature",
                    "front-signature",
                ],
            ) || has_id(
                attributes,
                &[
                    "ms-outlook-mobile-signature",
                    "ymail_android_signature",
                    "composer_signature",
                    "_signaturePlaceholder_BBPPID",
                ],
            ) || attribute(attributes, "name").is_some_and(|name| name == "messageSignatureSection"))
    }

    /// Everything below is quoted.
    fn bar(&mut self) {
        self.end_line();
        self.line.push_str(BAR);
        self.end_line();
    }

    fn remember(&mut self, name: &str, effect: Effect, link: Option<(String, usize)>) {
        if void(name) {
            return;
        }
        if self.open.len() >= DEPTH {
            self.beyond += 1;
            return;
        }
        self.open.push(Open { name: name.to_owned(), effect, link });
    }

    fn close(&mut self, name: &str) {
        let lower = name.to_ascii_lowercase();
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        if block(&lower) || paragraph(&lower) {
            self.end_line();
        }
        self.gap |= paragraph(&lower);
        let Some(at) = self.open.iter().rposition(|open| open.name == lower) else { return };
        for open in self.open.split_off(at) {
            let quoted = open.effect.quoted;
            if let Some((href, from)) = open.link {
                self.link(&href, from);
            }
            if quoted {
                self.gap = true;
                if open.name == "blockquote"
                    && let Some(outer) = self.open.iter_mut().rev().find(|outer| outer.effect.introduces)
                {
                    outer.effect.introduces = false;
                }
            }
        }
    }

    /// The address behind a link, unless the text shows it.
    fn link(&mut self, href: &str, from: usize) {
        let target = href.strip_prefix("mailto:").unwrap_or(href);
        let shown = self.line.get(from..).unwrap_or_default();
        let outward = href.starts_with("http://") || href.starts_with("https://") || href.starts_with("mailto:");
        let plain = |text: &str| {
            text.trim().trim_end_matches('/').trim_start_matches("https://").trim_start_matches("http://").to_owned()
        };
        // In headers that were copied the address stands in the link alone, and tells that they are headers.
        let wanted = self.wanted == Wanted::Whole || (href.starts_with("mailto:") && !shown.contains('@'));
        if wanted
            && outward
            && !target.is_empty()
            && href.len() < 2000
            && !shown.trim().is_empty()
            && !shown.contains(target)
            && plain(shown) != plain(target)
        {
            let mut text = String::from(" <");
            entity::resolve(target, &mut text);
            text.push('>');
            self.line.push_str(&text);
        }
    }
}

/// `MsoNormal` and the like have no space around them.
fn spaceless(attributes: &str) -> bool {
    has_class(attributes, &["MsoNormal", "x_MsoNormal", "MsoPlainText"])
        || attribute(attributes, "style").is_some_and(|style| style.replace(' ', "").contains("margin:0"))
}

fn paragraph(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "table" | "blockquote" | "p")
}

fn block(name: &str) -> bool {
    matches!(
        name,
        "div"
            | "tr"
            | "body"
            | "html"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "main"
            | "aside"
            | "nav"
            | "dl"
            | "dt"
            | "dd"
            | "pre"
            | "form"
            | "fieldset"
            | "center"
            | "address"
            | "figure"
            | "caption"
            | "li"
            | "tbody"
            | "thead"
            | "head"
    )
}

fn void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
            | "o:p"
            | "basefont"
            | "bgsound"
            | "frame"
            | "keygen"
    )
}

fn has_class(attributes: &str, wanted: &[&str]) -> bool {
    attribute(attributes, "class")
        .is_some_and(|classes| classes.split_whitespace().any(|class| wanted.contains(&own(class))))
}

fn has_id(attributes: &str, wanted: &[&str]) -> bool {
    attribute(attributes, "id").is_some_and(|id| wanted.iter().any(|known| own(id.trim()).eq_ignore_ascii_case(known)))
}

/// A name as its mail program wrote it: a program that quotes the mail of another one puts `x_` in front of it.
fn own(mut name: &str) -> &str {
    while let Some(rest) = name.strip_prefix("x_") {
        name = rest;
    }
    name
}

/// Elements in which mail programs put the line that introduces a quotation, or the whole quotation.
fn quoting(attributes: &str) -> bool {
    has_class(
        attributes,
        &[
            "gmail_attr",
            "moz-cite-prefix",
            "yahoo_quoted",
            "protonmail_quote",
            "tutanota_quote",
            "zmail_extra",
            "zmail_extra_hr",
            "WordSection1_quoted",
            "quoted-content",
            "moz-forward-container",
            "mail_quote",
            "front-blockquote",
            "sh-quoted-content",
            "cm_quote",
        ],
    ) || attribute(attributes, "name").is_some_and(|name| matches!(name, "quote" | "messageReplySection"))
        || attribute(attributes, "data-marker")
            .is_some_and(|marker| matches!(marker, "__QUOTED_TEXT__" | "__HEADERS__"))
        || attribute(attributes, "style").is_some_and(|style| {
            // Outlook draws a line at the left of what it quotes.
            style.replace(' ', "").to_ascii_lowercase().starts_with("border:none;border-left:solid")
        })
}

/// Gmail's container of introduction and quotation.
fn gmail(attributes: &str) -> bool {
    has_class(attributes, &["gmail_quote", "gmail_quote_container"])
}

/// Elements of mail programs below which everything is quoted.
fn cuts(attributes: &str) -> bool {
    let known = [
        "divRplyFwdMsg",
        "appendonsend",
        "OLK_SRC_BODY_SECTION",
        "mail-editor-reference-message-container",
        "reply-intro",
        "replyBlockquote",
        "isReplyContent",
        "isForwardContent",
        "reply139content",
        "origbody",
        "oriMsgHtmlSeperator",
        "_originalContent_BBPPID",
        "_pHCWrapper_BBPPID",
    ];
    if has_id(attributes, &known) || has_class(attributes, &["OutlookMessageHeader"]) {
        return true;
    }
    // Outlook draws a line above the headers of the mail it quotes.
    attribute(attributes, "style").is_some_and(|style| {
        let style = style.replace(' ', "").to_ascii_lowercase();
        let drawn = ["border-top:solid", "border-top:1pt", "border-top:1.0pt", "border-block-start:solid"];
        if style.contains("border-style:solidnonenone") && style.contains("padding:3pt") {
            return true;
        }
        let alone = style.contains("border:none") || style.contains("border-width:1pt") || style.contains("mediumnone");
        alone && drawn.iter().any(|drawn| style.contains(drawn)) && style.contains("padding")
    })
}
