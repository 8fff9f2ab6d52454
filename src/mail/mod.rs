//! Reading one e-mail message: a pure room, bytes in, a message out.
//!
//! No clock, no I/O, no state; limits are handed in, because what is read here was sent by anybody.
//! INVARIANT: any bytes give a [`Message`] or an [`Unreadable`] with its reason, in time and memory that grow with their number alone:
//! parts, depth, headers, written-out text and unpacked attachments are all bounded, and nothing in here panics on what it reads.
//!
//! ```text
//! bytes ──► walk (headers, parts) ──► choose the text ──► html, charset ──► text ──► visible
//!                    │                                                       └────► forward
//!                    ├──► attachment (text out of files)
//!                    └──► automatic (is a machine speaking?)
//! ```
//!
//! Fields of a header, dates and encoded words are read by `mail-parser`; the tree of parts is walked here, because depth and number of
//! parts must be bounded before anything is kept.

mod address;
mod attachment;
pub mod automatic;
mod decode;
mod forward;
mod headers;
mod html;
mod inspect;
mod limits;
mod message;
#[cfg(test)]
mod tests;
mod text;
mod tnef;
mod undelivered;
mod unreadable;
pub mod visible;
mod walk;

pub use address::Address;
pub use automatic::Automatic;
pub use forward::Forwarded;
pub use inspect::{File, Inspection};
pub use limits::Limits;
pub use message::{Attachment, Message};
pub use undelivered::{Undelivered, undelivered};
pub use unreadable::Unreadable;

/// Reads a message as it came from the wire (RFC 5322, MIME RFC 2045 to 2049).
///
/// # Errors
/// [`Unreadable`] when there is nothing to read or a limit forbids it; it carries a stable code and the reason in words.
pub fn read(raw: &[u8], limits: &Limits) -> Result<Message, Unreadable> {
    message::read(raw, limits)
}

/// The text in a file that came with a request, whichever way it came: documents, sheets, PDF, text, messages. Control characters are
/// replaced as in the text of a request. None for kinds that carry no text, an error in words for what could not be read.
#[must_use]
pub fn file_text(name: &str, media_type: &str, bytes: &[u8], limits: &Limits) -> Option<Result<String, String>> {
    let read = if is_message(media_type) {
        let read = read(bytes, limits).map(|message| {
            let files = message.attachments.into_iter().filter_map(|file| file.text?.ok());
            let subject = message.subject.unwrap_or_default();
            let mut text = [subject, message.text].into_iter().chain(files).collect::<Vec<_>>().join("\n\n");
            text.truncate(text.floor_char_boundary(limits.attachment_text_bytes));
            text
        });
        Some(read.map_err(|cause| cause.to_string()))
    } else {
        attachment::text(Some(name), media_type, None, bytes, limits)
    };
    read.map(|read| read.map(|text| cleaned(&text)))
}

/// Whether [`file_text`] may find text in a file of this name and type; what is none need not be fetched.
#[must_use]
pub fn may_hold_text(name: &str, media_type: &str) -> bool {
    is_message(media_type) || attachment::may_hold_text(name, media_type)
}

fn is_message(media_type: &str) -> bool {
    media_type.eq_ignore_ascii_case("message/rfc822")
}

/// Line ends as `\n`, no NUL (PostgreSQL takes none), no other control character than tab.
#[must_use]
pub fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\n' && c != '\t') {
        let (clean, from) = rest.split_at(at);
        out.push_str(clean);
        if let Some(after) = from.strip_prefix("\r\n").or_else(|| from.strip_prefix('\r')) {
            out.push('\n');
            rest = after;
        } else {
            out.push('\u{fffd}');
            let mut left = from.chars();
            left.next();
            rest = left.as_str();
        }
    }
    out.push_str(rest);
    out
}
