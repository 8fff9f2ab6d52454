//! A message as read: decoded fields, text, attachments, and what a person should know about the reading.

use jiff::Timestamp;
use mail_parser::{DateTime, HeaderName, HeaderValue};

use super::automatic::{Look, judge};
use super::headers::Headers;
use super::walk::{Budget, Kind, Tree, walk};
use super::{Address, Automatic, Limits, Unreadable, address, text, visible};

/// A message that was read. Everything in it was chosen by whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Every address of every `From` header. Honest mail has exactly one (RFC 5322, 3.6.2 allows more, no mail program writes them).
    pub from: Vec<Address>,
    /// How many `From` headers there are. More than one is how a signature is made to vouch for somebody else.
    pub from_headers: usize,
    /// Who sent it on behalf of the author.
    pub sender: Option<Address>,
    /// Where answers are to go.
    pub reply_to: Vec<Address>,
    /// To whom it went.
    pub to: Vec<Address>,
    /// Who else got it.
    pub cc: Vec<Address>,
    /// What it is about.
    pub subject: Option<String>,
    /// Its id, without the angle brackets.
    pub message_id: Option<String>,
    /// The ids it answers.
    pub in_reply_to: Vec<String>,
    /// The ids of its thread, oldest first.
    pub references: Vec<String>,
    /// When the sender says it was written.
    pub date: Option<Timestamp>,
    /// The envelope's sender as the receiving server noted it; empty for the null path of RFC 5321, 4.5.5.
    pub return_path: Option<String>,
    /// The text for a request; quoted parts stay.
    pub text: String,
    /// The plain text parts alone, as they came; none when the message has only HTML or files.
    pub plain: Option<String>,
    /// The new text only, of the plain part or else of the HTML.
    pub visible: visible::Visible<'static>,
    /// The new text of the HTML part, when there is one. It must agree with `visible` before anything is decided.
    pub html_visible: Option<visible::Visible<'static>>,
    /// Files that came along.
    pub attachments: Vec<Attachment>,
    /// Whether a program sent it, and how one can tell.
    pub automatic: Option<Automatic>,
    /// All headers of the message as they came, unfolded, in order: for looking up what nothing above holds.
    pub headers: Vec<(String, String)>,
    /// What a person should know, such as a part that was not read.
    pub notes: Vec<String>,
}

/// A file that came along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The name as the sender wrote it: never a path to write to.
    pub name: Option<String>,
    /// `type/subtype` in lower case, as declared.
    pub media_type: String,
    /// The content, decoded.
    pub bytes: Vec<u8>,
}

/// Reads a message.
pub(super) fn read(raw: &[u8], limits: &Limits) -> Result<Message, Unreadable> {
    if raw.len() > limits.message_bytes {
        return Err(Unreadable::TooLarge { bytes: raw.len(), limit: limits.message_bytes });
    }
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    let tree = walk(raw, limits, &mut Budget::new(limits), 0)?;
    Ok(message(&tree, limits))
}

fn message(tree: &Tree<'_>, limits: &Limits) -> Message {
    let headers = &tree.headers;
    let text = text::of(tree, limits);
    let html = text::html(tree, limits);
    let html_visible = html.as_deref().map(visible::of_html);
    let plain = tree.text.iter().filter_map(|at| tree.parts.get(*at)).any(|part| part.kind == Kind::Plain);
    let visible = match &html_visible {
        Some(seen) if !plain => seen.clone(),
        _ => visible::of_text(&text).into_owned(),
    };
    let one = |name| headers.get(&name).map(address::of).unwrap_or_default();
    let from: Vec<Address> = headers.all(&HeaderName::From).flat_map(address::of).collect();
    let subject = headers.get(&HeaderName::Subject).and_then(HeaderValue::as_text);
    let return_path =
        headers.first("Return-Path").map(|path| path.trim_start_matches('<').trim_end_matches('>').trim().to_owned());
    let automatic = judge(&Look::at(tree, subject, from.first(), return_path.as_deref(), &text));
    Message {
        from,
        from_headers: headers.all(&HeaderName::From).count(),
        sender: one(HeaderName::Sender).into_iter().next(),
        reply_to: one(HeaderName::ReplyTo),
        to: headers.all(&HeaderName::To).flat_map(address::of).collect(),
        cc: headers.all(&HeaderName::Cc).flat_map(address::of).collect(),
        subject: subject.map(str::to_owned),
        message_id: ids(headers, HeaderName::MessageId).into_iter().next(),
        in_reply_to: ids(headers, HeaderName::InReplyTo),
        references: ids(headers, HeaderName::References),
        date: headers.get(&HeaderName::Date).and_then(HeaderValue::as_datetime).and_then(date),
        return_path,
        text,
        plain: text::plain_parts(tree, limits),
        visible,
        html_visible,
        attachments: attachments(tree),
        automatic,
        headers: headers.pairs().collect(),
        notes: Vec::new(),
    }
}

fn ids(headers: &Headers<'_>, name: HeaderName<'_>) -> Vec<String> {
    match headers.get(&name) {
        Some(HeaderValue::Text(id)) => vec![id.to_string()],
        Some(HeaderValue::TextList(ids)) => ids.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

fn date(date: &DateTime) -> Option<Timestamp> {
    let possible = (1..=12).contains(&date.month) && (1..=31).contains(&date.day) && date.hour < 24 && date.minute < 60;
    possible.then(|| Timestamp::from_second(date.to_timestamp()).ok()).flatten()
}

fn attachments(tree: &Tree<'_>) -> Vec<Attachment> {
    let parts = tree.attachments.iter().filter_map(|at| tree.parts.get(*at));
    parts
        .map(|part| Attachment {
            name: part.name.clone(),
            media_type: part.media_type.clone(),
            bytes: part.body.to_vec(),
        })
        .collect()
}
