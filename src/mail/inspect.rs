//! What the daemon makes of a message, for a person or a script to look at: everything that was read, and why it is treated as it is.
//!
//! Whether the sender is who he says is not told here: that needs the network, and the caller adds it.

use opspilot_sdk::sha256_hex;
use serde::Serialize;

use super::{Address, Attachment, Automatic, Forwarded, Message, visible::Visible};

/// A message as it was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection<'m> {
    /// Every author named.
    pub from: &'m [Address],
    /// How many `From` headers there are; anything but one decides nothing.
    pub from_headers: usize,
    /// Who sent it on behalf of the author.
    pub sender: Option<&'m Address>,
    /// Where answers are to go.
    pub reply_to: &'m [Address],
    /// To whom it went.
    pub to: &'m [Address],
    /// Who else got it.
    pub cc: &'m [Address],
    /// What it is about.
    pub subject: Option<&'m str>,
    /// Its id.
    pub message_id: Option<&'m str>,
    /// The ids it answers.
    pub in_reply_to: &'m [String],
    /// The ids of its thread.
    pub references: &'m [String],
    /// When the sender says it was written, in seconds since 1970.
    pub date: Option<i64>,
    /// The envelope's sender; empty for the null path.
    pub return_path: Option<&'m str>,
    /// Whether a program sent it, and how one can tell.
    pub automatic: Option<&'m Automatic>,
    /// The text as a request would hold it.
    pub text: &'m str,
    /// The parts that came as plain text.
    pub plain: Option<&'m str>,
    /// The new text of a reply.
    pub visible: &'m Visible<'static>,
    /// The new text of the HTML part.
    pub html_visible: Option<&'m Visible<'static>>,
    /// The mail that was passed on with it.
    pub forwarded: Option<&'m Forwarded>,
    /// Files, and what was read of them.
    pub attachments: Vec<File<'m>>,
    /// What a person should know.
    pub notes: &'m [String],
}

/// A file that came along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct File<'m> {
    /// Its name, as the sender wrote it.
    pub name: Option<&'m str>,
    /// Its declared type.
    pub media_type: &'m str,
    /// Its size.
    pub bytes: usize,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// It came inside another file: a message that was passed on, a `winmail.dat`.
    pub inside: bool,
    /// The text that was read out of it.
    pub text: Option<&'m str>,
    /// Why its text was not read.
    pub unread: Option<&'m str>,
}

impl<'m> Inspection<'m> {
    /// What there is to say about a message.
    #[must_use]
    pub fn of(message: &'m Message) -> Self {
        Self {
            from: &message.from,
            from_headers: message.from_headers,
            sender: message.sender.as_ref(),
            reply_to: &message.reply_to,
            to: &message.to,
            cc: &message.cc,
            subject: message.subject.as_deref(),
            message_id: message.message_id.as_deref(),
            in_reply_to: &message.in_reply_to,
            references: &message.references,
            date: message.date.map(jiff::Timestamp::as_second),
            return_path: message.return_path.as_deref(),
            automatic: message.automatic.as_ref(),
            text: &message.text,
            plain: message.plain.as_deref(),
            visible: &message.visible,
            html_visible: message.html_visible.as_ref(),
            forwarded: message.forwarded.as_ref(),
            attachments: message.attachments.iter().map(File::of).collect(),
            notes: &message.notes,
        }
    }
}

impl<'m> File<'m> {
    fn of(file: &'m Attachment) -> Self {
        let (text, unread) = match &file.text {
            None => (None, None),
            Some(Ok(text)) => (Some(text.as_str()), None),
            Some(Err(why)) => (None, Some(why.as_str())),
        };
        Self {
            name: file.name.as_deref(),
            media_type: &file.media_type,
            bytes: file.bytes.len(),
            sha256: sha256_hex(&file.bytes),
            inside: file.inside,
            text,
            unread,
        }
    }
}
