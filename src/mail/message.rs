//! A message as read: decoded fields, text, attachments, and what a person should know about the reading.

use jiff::Timestamp;
use mail_parser::{DateTime, HeaderName, HeaderValue};

use super::automatic::{Look, judge};
use super::headers::Headers;
use super::walk::{Budget, Kind, Part, Tree, walk};
use super::{Address, Automatic, Forwarded, Limits, Unreadable, address, attachment, forward, text, tnef, visible};

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
    /// The HTML part as it came; none when the message has only text or files.
    pub html: Option<String>,
    /// The new text only, of the plain part or else of the HTML.
    pub visible: visible::Visible<'static>,
    /// The new text of the HTML part, when there is one. It must agree with `visible` before anything is decided.
    pub html_visible: Option<visible::Visible<'static>>,
    /// The mail that was passed on with this one.
    pub forwarded: Option<Forwarded>,
    /// Files that came along, those of a message that was passed on included.
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
    /// It came inside another file: a message that was passed on, a `winmail.dat`.
    pub inside: bool,
    /// The name as the sender wrote it: never a path to write to.
    pub name: Option<String>,
    /// `type/subtype` in lower case, as declared.
    pub media_type: String,
    /// The content, decoded.
    pub bytes: Vec<u8>,
    /// The text in it: none for files that carry no text, an error in words for those that could not be read.
    pub text: Option<Result<String, String>>,
}

/// Reads a message.
pub(super) fn read(raw: &[u8], limits: &Limits) -> Result<Message, Unreadable> {
    if raw.len() > limits.message_bytes {
        return Err(Unreadable::TooLarge { bytes: raw.len(), limit: limits.message_bytes });
    }
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    let mut budget = Budget::new(limits);
    let tree = walk(raw, limits, &mut budget, 0)?;
    message(tree, limits, &mut budget, 0)
}

/// Messages inside messages that are read; what is deeper stays a file.
const NESTED: usize = 4;

fn message(mut tree: Tree<'_>, limits: &Limits, budget: &mut Budget, depth: usize) -> Result<Message, Unreadable> {
    let text = text::of(&tree, limits);
    let plain_parts = text::plain_parts(&tree, limits);
    let html = text::html(&tree, limits);
    let html_visible = html.as_deref().map(visible::of_html);
    let plain = tree.text.iter().filter_map(|at| tree.parts.get(*at)).any(|part| part.kind == Kind::Plain);
    let visible = match &html_visible {
        Some(seen) if !plain => seen.clone(),
        _ => visible::of_text(&text).into_owned(),
    };
    // The files take their bytes with them: whatever else reads the parts has done so by then.
    let subject = tree.headers.get(&HeaderName::Subject).and_then(HeaderValue::as_text).map(str::to_owned);
    let from: Vec<Address> = tree.headers.all(&HeaderName::From).flat_map(address::of).collect();
    let from_headers = tree.headers.all(&HeaderName::From).count();
    let return_path = tree.headers.first("Return-Path");
    let return_path = return_path.map(|path| path.trim_start_matches('<').trim_end_matches('>').trim().to_owned());
    let automatic = judge(&Look::at(&tree, subject.as_deref(), from.first(), return_path.as_deref(), &text));
    let notes = notes(&tree, limits, &text, from_headers);
    let (attachments, attached) = files(&mut tree, limits, budget, depth)?;
    let headers = &tree.headers;
    let one = |name| headers.get(&name).map(address::of).unwrap_or_default();
    Ok(Message {
        from,
        from_headers,
        sender: one(HeaderName::Sender).into_iter().next(),
        reply_to: one(HeaderName::ReplyTo),
        to: headers.all(&HeaderName::To).flat_map(address::of).collect(),
        cc: headers.all(&HeaderName::Cc).flat_map(address::of).collect(),
        message_id: ids(headers, HeaderName::MessageId).into_iter().next(),
        in_reply_to: ids(headers, HeaderName::InReplyTo),
        references: ids(headers, HeaderName::References),
        date: headers.get(&HeaderName::Date).and_then(HeaderValue::as_datetime).and_then(date),
        return_path,
        plain: plain_parts,
        html,
        visible,
        html_visible,
        forwarded: attached.or_else(|| forward::inline(&text, subject.as_deref())),
        subject,
        attachments,
        automatic,
        headers: headers.pairs().collect(),
        notes,
        text,
    })
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

/// Files of a message, taken out of its parts, and the first message among them as the one that was passed on.
fn files(
    tree: &mut Tree<'_>,
    limits: &Limits,
    budget: &mut Budget,
    depth: usize,
) -> Result<(Vec<Attachment>, Option<Forwarded>), Unreadable> {
    let (mut files, mut forwarded) = (Vec::new(), None);
    let Tree { attachments, parts, .. } = tree;
    for at in attachments.iter() {
        let Some(part) = parts.get_mut(*at) else { continue };
        let (mut text, mut inside) = (None, Vec::new());
        if part.kind == Kind::Message && depth < NESTED {
            let inner = message(walk(&part.body, limits, budget, depth + 1)?, limits, budget, depth + 1)?;
            text = Some(Ok(summary(&inner)));
            inside = inner.attachments;
            for file in &mut inside {
                file.inside = true;
            }
            forwarded = forwarded.or(Some(Forwarded {
                name: inner.from.first().and_then(|from| from.name.clone()),
                email: inner.from.first().map(|from| from.email.clone()),
                subject: inner.subject,
                date: inner.date.map(|date| date.to_string()),
                text: inner.text,
                attached: true,
            }));
        } else if !part.inline {
            text =
                attachment::text(part.name.as_deref(), &part.media_type, part.charset.as_deref(), &part.body, limits);
        }
        if tnef::is(&part.body)
            && let Some(unwrapped) = tnef::unwrap(&part.body)
        {
            inside = unwrapped.files.into_iter().map(|(name, bytes)| unwrapped_file(name, bytes, limits)).collect();
            text = unwrapped.text.filter(|text| !text.trim().is_empty()).map(Ok);
        }
        files.push(Attachment {
            inside: false,
            name: part.name.take(),
            media_type: std::mem::take(&mut part.media_type),
            bytes: std::mem::take(&mut part.body).into_owned(),
            text,
        });
        files.append(&mut inside);
    }
    Ok((files, forwarded))
}

/// A file that came in a `winmail.dat`.
fn unwrapped_file(name: Option<String>, bytes: Vec<u8>, limits: &Limits) -> Attachment {
    let media_type = "application/octet-stream".to_owned();
    let text = attachment::text(name.as_deref(), &media_type, None, &bytes, limits);
    Attachment { inside: true, name, media_type, bytes, text }
}

/// An attached message in a few lines.
fn summary(message: &Message) -> String {
    let mut lines = String::new();
    for from in &message.from {
        lines.push_str(&format!("From: {} <{}>\n", from.name.as_deref().unwrap_or_default(), from.email));
    }
    if let Some(subject) = &message.subject {
        lines.push_str(&format!("Subject: {subject}\n"));
    }
    lines.push('\n');
    lines.push_str(&message.text);
    lines
}

/// What a person should know about the reading.
fn notes(tree: &Tree<'_>, limits: &Limits, text: &str, from_headers: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |there: bool, words: &str| {
        if there {
            notes.push(words.to_owned());
        }
    };
    let any = |wanted: &dyn Fn(&Part<'_>) -> bool| tree.parts.iter().any(wanted);
    note(tree.headers.is_empty(), "it has no mail headers");
    note(tree.headers.cut, "its headers are longer than the limit, and only their beginning was read");
    note(from_headers > 1, "it has more than one From header");
    note(
        tree.containers.iter().any(|kind| kind == "multipart/encrypted")
            || any(&|part| wrapped(part, false))
            || text.contains("-----BEGIN PGP MESSAGE-----"),
        "an encrypted part was not read; ask the sender for it in plain",
    );
    note(
        any(&|part| wrapped(part, true)),
        "a part wrapped into its signature (S/MIME) was not read; ask the sender to sign in the clear",
    );
    note(
        tree.containers.iter().any(|kind| kind == "multipart/signed"),
        "it is signed; the content was read, the signature was not checked",
    );
    note(
        any(&|part| {
            tnef::is(&part.body)
                && tnef::unwrap(&part.body).is_none_or(|found| found.text.is_none() && found.files.is_empty())
        }),
        "it holds a winmail.dat (TNEF) that could not be read; ask the sender to send it as HTML or plain text",
    );
    note(text.len() >= limits.text_bytes, "its text is longer than the limit, and only the beginning was read");
    note(
        any(&|part| part.media_type == "message/partial"),
        "it is one piece of a message that was sent in several; the others are missing here",
    );
    notes
}

/// Whether a part is wrapped (RFC 8551, 3.2): only signed, or encrypted.
fn wrapped(part: &Part<'_>, signed: bool) -> bool {
    let kind =
        part.about.iter().find(|(name, _)| name == "smime-type").map_or("enveloped-data", |(_, value)| value.as_str());
    let wrapper = matches!(part.media_type.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime");
    wrapper && (kind == "signed-data") == signed
}
