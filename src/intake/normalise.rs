//! From an envelope to the fields of a request. Own file because the text made here is what briefs quote and what screening reads.
//! INVARIANT: whatever a brief may say stands in the text: subject first, then what was written, then every further field and the
//! sender's particulars by label; nothing is left out without a line that says so.

use super::{IntakeError, message};
use crate::mail::cleaned as clean;
use opspilot_sdk::{Attachment, Content, Envelope, Fields};
use ring::digest::{Context, SHA256};

/// Longest text of a request, in bytes; what is beyond it stays in the raw bytes, and the text says so.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Longest single field beside the text, in bytes.
const MAX_FIELD_BYTES: usize = 1000;

/// A request's fields as read out of an envelope.
#[derive(Debug, Default)]
pub(super) struct Normal {
    pub(super) sender_name: Option<String>,
    pub(super) sender_email: Option<String>,
    pub(super) sender_phone: Option<String>,
    pub(super) organisation: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) text: String,
    pub(super) files: Vec<Attachment>,
}

impl Normal {
    /// Digest of what makes two requests the same to a person: pilot, sender, and the words, whatever the spacing and case.
    pub(super) fn likeness(&self, pilot: &str) -> [u8; 16] {
        let mut context = Context::new(&SHA256);
        let sender = self.sender_email.as_deref().unwrap_or_default();
        for part in [pilot, &sender.to_lowercase()] {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        let mut words = String::with_capacity(self.text.len() + 1);
        for word in self.text.split_whitespace() {
            // What has no other letters than these is folded below, without a copy of its own.
            if word.is_ascii() {
                words.push_str(word);
            } else {
                words.push_str(&word.to_lowercase());
            }
            words.push(' ');
        }
        words.make_ascii_lowercase();
        context.update(words.as_bytes());
        for file in &self.files {
            context.update(opspilot_sdk::sha256_hex(&file.bytes).as_bytes());
        }
        let mut likeness = [0; 16];
        likeness.copy_from_slice(&context.finish().as_ref()[..16]);
        likeness
    }
}

/// Reads an envelope.
pub(super) fn normalise(envelope: &Envelope) -> Result<Normal, IntakeError> {
    let (fields, mut files, said_by) = match &envelope.content {
        Content::Fields(fields) => (fields.clone(), Vec::new(), SaidBy::Anything),
        Content::Text(text) => (Fields { text: Some(text.clone()), ..Fields::default() }, Vec::new(), SaidBy::Words),
        Content::Message => {
            let (fields, files) = message::read(&envelope.raw)?;
            (fields, files, SaidBy::Words)
        }
    };
    files.extend(envelope.attachments.iter().cloned());
    Ok(compose(fields, files, said_by))
}

/// What makes a request of what came. Every message names its sender; a form that holds a name and a number asks to be called back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SaidBy {
    /// Words or files.
    Words,
    /// The sender's particulars, too.
    Anything,
}

/// The same for a message that was read already.
pub(super) fn of_message(envelope: &Envelope, (fields, mut files): (Fields, Vec<Attachment>)) -> Normal {
    files.extend(envelope.attachments.iter().cloned());
    compose(fields, files, SaidBy::Words)
}

fn compose(fields: Fields, files: Vec<Attachment>, said_by: SaidBy) -> Normal {
    let line = |text: Option<String>| text.map(|text| one_line(&text)).filter(|text| !text.is_empty());
    let (subject, sender_name, organisation) = (line(fields.subject), line(fields.name), line(fields.organisation));
    let (sender_email, sender_phone) = (line(fields.email), line(fields.phone));
    // Room for all of it: what a form says beside its words is short.
    let mut text = String::with_capacity(fields.text.as_deref().map_or(0, str::len) + 512);
    if let Some(subject) = &subject {
        text.push_str(subject);
        text.push_str("\n\n");
    }
    text.push_str(clean(fields.text.as_deref().unwrap_or_default()).trim());
    let said_something = !text.trim().is_empty();
    let mut labelled = Vec::new();
    for (label, value) in &fields.extra {
        let (label, value) = (one_line(label), clean(value));
        if !value.trim().is_empty() {
            labelled.push((label, value.trim().to_owned()));
        }
    }
    let mut said_something = said_something || !labelled.is_empty();
    let known =
        [("Name", &sender_name), ("Organisation", &organisation), ("Email", &sender_email), ("Phone", &sender_phone)];
    labelled
        .extend(known.into_iter().filter_map(|(label, value)| value.clone().map(|value| (label.to_owned(), value))));
    said_something |= said_by == SaidBy::Anything && !labelled.is_empty();
    let names: Vec<String> = files.iter().map(|file| one_line(&file.name)).collect();
    if !names.is_empty() {
        labelled.push(("Attachments".to_owned(), names.join(", ")));
    }
    if said_something || !names.is_empty() {
        for (index, (label, value)) in labelled.iter().enumerate() {
            text.push_str(if index == 0 && !text.is_empty() {
                "\n\n"
            } else if index > 0 {
                "\n"
            } else {
                ""
            });
            text.push_str(&format!("{label}: {value}"));
        }
    }
    cut(&mut text);
    Normal { sender_name, sender_email, sender_phone, organisation, subject, text, files }
}

fn one_line(text: &str) -> String {
    let text = clean(text);
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if line.len() > MAX_FIELD_BYTES {
        line.truncate(line.floor_char_boundary(MAX_FIELD_BYTES - 4));
        line.push_str(" [\u{2026}]");
    }
    line
}

fn cut(text: &mut String) {
    if text.len() > MAX_TEXT_BYTES {
        let kept = text.floor_char_boundary(MAX_TEXT_BYTES - 120);
        let left_out = text.len() - kept;
        text.truncate(kept);
        text.push_str(&format!("\n[{left_out} bytes more were sent; the whole is kept with the request]"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(said_by: SaidBy, fields: Fields) -> String {
        compose(fields, Vec::new(), said_by).text
    }

    #[test]
    fn a_form_that_asks_to_be_called_back_is_a_request() {
        let fields =
            || Fields { name: Some("Ann Lee".into()), phone: Some("+44 20 7946 0018".into()), ..Fields::default() };
        assert_eq!(text(SaidBy::Anything, fields()), "Name: Ann Lee\nPhone: +44 20 7946 0018");
        // Every message has a sender.
        assert_eq!(text(SaidBy::Words, fields()), "");
    }

    #[test]
    fn a_form_without_a_value_is_none() {
        let fields = Fields { text: Some(" \n".into()), name: Some(String::new()), ..Fields::default() };
        assert_eq!(text(SaidBy::Anything, fields), "");
    }
}
