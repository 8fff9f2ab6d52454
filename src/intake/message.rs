//! Reading a message (RFC 5322, MIME RFC 2045 to 2049) handed in by hand: sender, subject, visible text, attachments. The library does
//! the parsing; here are only the choices. Limits come first, so that a hostile file costs little.

use super::IntakeError;
use mail_parser::{Address, MessageParser, MimeHeaders as _};
use opspilot_sdk::{Attachment, Fields};

/// Parts of a message that are read at most.
const MAX_PARTS: usize = 1000;

/// A file that cannot be read as a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (OP-2004)")]
pub struct NotAMessage {
    what: String,
}

/// Reads a message.
pub(super) fn read(raw: &[u8]) -> Result<(Fields, Vec<Attachment>), IntakeError> {
    let not = |what: &str| NotAMessage { what: what.to_owned() };
    let message = MessageParser::default()
        .parse(raw)
        .ok_or_else(|| not("the file is no e-mail message; check that it is the whole message as saved"))?;
    if message.headers().is_empty() {
        return Err(not("the file has no mail headers; submit it as text instead").into());
    }
    if message.parts.len() > MAX_PARTS {
        return Err(not("the message has more than 1000 parts; send what is needed in a new one").into());
    }
    let sender = message.reply_to().or_else(|| message.from()).and_then(Address::first);
    let from = message.from().and_then(Address::first).or(sender);
    let mut fields = Fields {
        name: from.and_then(|from| from.name.as_deref()).map(str::to_owned),
        email: from.and_then(|from| from.address.as_deref()).map(str::to_owned),
        subject: message.subject().map(str::to_owned),
        ..Fields::default()
    };
    let text: Vec<String> = (0..message.text_body_count())
        .filter_map(|part| message.body_text(part))
        .map(|text| text.into_owned())
        .collect();
    fields.text = Some(text.join("\n\n"));
    let file = |part: &mail_parser::MessagePart<'_>| Attachment {
        name: part.attachment_name().unwrap_or("attachment").to_owned(),
        media_type: part.content_type().map_or_else(
            || "application/octet-stream".to_owned(),
            |kind| kind.subtype().map_or_else(|| kind.ctype().to_owned(), |sub| format!("{}/{sub}", kind.ctype())),
        ),
        bytes: part.contents().to_vec(),
    };
    Ok((fields, message.attachments().map(file).collect()))
}
