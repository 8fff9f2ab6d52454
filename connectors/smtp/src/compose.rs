//! From a letter to the bytes of a message (RFC 5322, MIME). Own file because this is where text could become a header line.
//! INVARIANT: the output is ASCII, its lines are shorter than 998 bytes, the header fields are those written here and no others, and the same
//! letter gives the same bytes.

use crate::fault;
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, Date, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox as Parsed, Message, MultiPart, SinglePart};
use opspilot_sdk::{AutoSubmitted, ConnectorError, Letter, Mailbox, ReturnPath, sha256_hex};
use std::time::{Duration, SystemTime};

/// The longest identifier of a message, in bytes: one line.
const MAX_ID: usize = 250;
/// The longest subject, in characters; what is longer ends in an ellipsis.
const MAX_SUBJECT: usize = 200;
/// The most messages of a thread that are named: the first and the last ones.
const MAX_REFERENCES: usize = 20;

/// A composed message with its envelope.
#[derive(Debug)]
pub(crate) struct Composed {
    /// MAIL FROM; `None` is the null path.
    pub(crate) sender: Option<Address>,
    pub(crate) recipient: Address,
    pub(crate) bytes: Vec<u8>,
}

/// A calendar that a letter brings along (RFC 6047).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar<'a> {
    /// What it asks for, such as `REQUEST`.
    pub(crate) method: &'a str,
    /// The calendar (RFC 5545), its lines ended by CR LF.
    pub(crate) text: &'a str,
}

/// Composes a letter, and a calendar with it.
pub(crate) fn compose(letter: &Letter, calendar: Option<Calendar<'_>>) -> Result<Composed, ConnectorError> {
    let from = parsed(&letter.from, "from")?;
    let to = parsed(&letter.to, "to")?;
    let sender = match &letter.return_path {
        ReturnPath::From => Some(from.email.clone()),
        ReturnPath::Address(text) => Some(address(text, "return_path")?),
        ReturnPath::Nowhere => None,
    };
    let recipient = to.email.clone();
    let mut builder = Message::builder().from(from).to(to).header(date(letter)?);
    if let Some(reply_to) = &letter.reply_to {
        builder = builder.reply_to(parsed(reply_to, "reply_to")?);
    }
    builder = builder.raw_header(line("Message-ID", bracketed(&letter.message_id, "message_id")?));
    if let Some(answered) = &letter.in_reply_to {
        builder = builder.raw_header(line("In-Reply-To", bracketed(answered, "in_reply_to")?));
    }
    if !letter.references.is_empty() {
        builder = builder.raw_header(line("References", references(&letter.references)?));
    }
    let automatic = match letter.auto_submitted {
        AutoSubmitted::Generated => Some("auto-generated"),
        AutoSubmitted::Replied => Some("auto-replied"),
        AutoSubmitted::Approved => None,
    };
    if let Some(automatic) = automatic {
        // The second is understood by Exchange, which does not know the first.
        builder = builder.raw_header(line("Auto-Submitted", automatic.to_owned()));
        builder = builder.raw_header(line("X-Auto-Response-Suppress", "OOF, AutoReply".to_owned()));
    }
    builder = builder.raw_header(line("X-OpsPilot-Loop", word(&letter.loop_mark, "loop_mark")?));
    if let Some(unsubscribe) = &letter.list_unsubscribe {
        builder = builder.raw_header(line("List-Unsubscribe", unsubscribe_from(unsubscribe)?));
    }
    builder = builder.subject(shortened(&one_line(&letter.subject)));
    let text = part(&letter.text, ContentType::TEXT_PLAIN)?;
    let mut further = Vec::new();
    if let Some(html) = &letter.html {
        further.push(part(html, ContentType::TEXT_HTML)?);
    }
    if let Some(calendar) = calendar {
        further.push(of_calendar(calendar)?);
    }
    let message = if further.is_empty() {
        builder.singlepart(text)
    } else {
        let boundary = format!("part-{}", sha256_hex(letter.message_id.as_bytes()).get(..32).unwrap_or_default());
        let parts = MultiPart::alternative().boundary(boundary).singlepart(text);
        builder.multipart(further.into_iter().fold(parts, MultiPart::singlepart))
    };
    let message = message.map_err(|cause| fault::unfit("the letter cannot be composed").because(cause))?;
    Ok(Composed { sender, recipient, bytes: message.formatted() })
}

/// A part in an encoding that survives every relay. Never as it stands: a line of dots, a long line or a bare line feed would not.
fn part(text: &str, kind: ContentType) -> Result<SinglePart, ConnectorError> {
    // Control characters have no place in a text for people, and some servers refuse them.
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let plain = text.is_ascii() || text.chars().filter(|c| !c.is_ascii()).count() * 4 < text.len();
    let encoding = if plain { ContentTransferEncoding::QuotedPrintable } else { ContentTransferEncoding::Base64 };
    let body = Body::new_with_encoding(text, encoding)
        .map_err(|_| fault::unfit("the text of the letter cannot be encoded"))?;
    Ok(SinglePart::builder().content_type(kind).body(body))
}

/// A calendar keeps its line ends, so it is never quoted.
fn of_calendar(calendar: Calendar<'_>) -> Result<SinglePart, ConnectorError> {
    let unfit = || fault::unfit("the calendar cannot be written as a part of a message");
    let kind = ContentType::parse(&format!("text/calendar; method={}; charset=utf-8", calendar.method));
    let bytes = calendar.text.as_bytes().to_vec();
    let body = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64).map_err(|_| unfit())?;
    Ok(SinglePart::builder().content_type(kind.map_err(|_| unfit())?).body(body))
}

fn parsed(mailbox: &Mailbox, field: &str) -> Result<Parsed, ConnectorError> {
    let name = mailbox.name.as_deref().map(one_line).filter(|name| !name.is_empty());
    Ok(Parsed::new(name.map(|name| shortened(&name)), address(&mailbox.address, field)?))
}

/// An address in ASCII: what is beyond it many servers refuse halfway through.
pub(crate) fn address(text: &str, field: &str) -> Result<Address, ConnectorError> {
    let refuse = || fault::unfit(&format!("`{field}`: `{}` is not an address that can be written to", one_line(text)));
    if !text.is_ascii() || text.len() > MAX_ID || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(refuse());
    }
    text.parse().map_err(|_| refuse())
}

fn date(letter: &Letter) -> Result<Date, ConnectorError> {
    let seconds = u64::try_from(letter.date.as_second()).map_err(|_| fault::unfit("`date` lies before 1970"))?;
    Ok(Date::new(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)))
}

/// Printable ASCII without spaces.
fn word(text: &str, field: &str) -> Result<String, ConnectorError> {
    if text.is_empty() || text.len() > MAX_ID || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(fault::unfit(&format!("`{field}` is not one printable word")));
    }
    Ok(text.to_owned())
}

pub(crate) fn bracketed(id: &str, field: &str) -> Result<String, ConnectorError> {
    let id = word(id, field)?;
    if id.contains(['<', '>']) || id.split('@').filter(|side| !side.is_empty()).count() != 2 {
        return Err(fault::unfit(&format!("`{field}` is not of the form `unique@domain`")));
    }
    Ok(format!("<{id}>"))
}

/// The thread, one identifier a line. Those that other people's programs made badly are left out rather than refused: they only help
/// to sort.
fn references(ids: &[String]) -> Result<String, ConnectorError> {
    let good: Vec<String> = ids.iter().filter_map(|id| bracketed(id, "references").ok()).collect();
    let skip = good.len().saturating_sub(MAX_REFERENCES);
    let kept = good.iter().enumerate().filter(|(at, _)| *at == 0 || *at > skip).map(|(_, id)| id.as_str());
    let line = kept.collect::<Vec<_>>().join("\r\n ");
    if line.is_empty() { Err(fault::unfit("`references` names no message")) } else { Ok(line) }
}

fn unsubscribe_from(place: &str) -> Result<String, ConnectorError> {
    let place = word(place, "list_unsubscribe")?;
    if place.contains(['<', '>', ',']) {
        return Err(fault::unfit("`list_unsubscribe` is not one address or page"));
    }
    if place.starts_with("https://") {
        return Ok(format!("<{place}>"));
    }
    // RFC 6068 section 2. Letters and digits need no escaping there.
    let (to, subject) = place.split_once("?subject=").map_or((place.as_str(), None), |(to, words)| (to, Some(words)));
    if subject.is_some_and(|words| words.is_empty() || !words.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err(fault::unfit("the subject of `list_unsubscribe` is not one word of letters and digits"));
    }
    let subject = subject.map_or_else(String::new, |words| format!("?subject={words}"));
    address(to, "list_unsubscribe").map(|address| format!("<mailto:{address}{subject}>"))
}

/// One line of visible characters.
pub(crate) fn one_line(text: &str) -> String {
    let blank = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.chars().map(blank).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_SUBJECT {
        return text.to_owned();
    }
    text.chars().take(MAX_SUBJECT - 1).chain(['…']).collect()
}

/// A header line of ASCII that was judged above.
fn line(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

#[cfg(test)]
#[path = "compose_tests.rs"]
pub(crate) mod tests;
