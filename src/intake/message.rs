//! From a message as read to the fields of a request. Own file because it holds the choices that reading a mail leaves open: who asks, and
//! what of the files belongs into the text. INVARIANT: what was not read is said in the text, never passed over.

use super::IntakeError;
use crate::mail::{self, Address, Limits, Message};
use opspilot_sdk::{Attachment, Fields};

/// Reads a message handed in by hand or fetched from a mailbox.
pub(super) fn read(raw: &[u8]) -> Result<(Fields, Vec<Attachment>), IntakeError> {
    Ok(parts(mail::read(raw, &Limits::default())?))
}

/// Fields and files of a message that was read.
pub(super) fn parts(mut message: Message) -> (Fields, Vec<Attachment>) {
    let files = message.attachments.iter_mut().map(file).collect();
    (fields(message), files)
}

fn fields(message: Message) -> Fields {
    let mut extra = Vec::new();
    let passed_on_by = message.from.first();
    // Who asks is whoever wrote what was passed on; who passed it on stands beside it.
    let (name, email) = match &message.forwarded {
        Some(original) if original.name.is_some() || original.email.is_some() => {
            if let Some(by) = passed_on_by {
                extra.push(("Forwarded by".to_owned(), written(by)));
            }
            (original.name.clone(), original.email.clone())
        }
        _ => (passed_on_by.and_then(|from| from.name.clone()), passed_on_by.map(|from| from.email.clone())),
    };
    let mut text = message.text;
    if let Some(original) =
        message.forwarded.filter(|original| original.attached && !text.contains(original.text.trim()))
    {
        let subject = original.subject.unwrap_or_default();
        text.push_str(&format!("\n\nForwarded message: {subject}\n{}", original.text));
    }
    for file in message.attachments {
        let label = file.name.unwrap_or_else(|| file.media_type.clone());
        match file.text {
            Some(Ok(words)) if !words.trim().is_empty() => extra.push((format!("File {label}"), words)),
            Some(Err(why)) => extra.push(("Note".to_owned(), format!("the file {label} was not read: {why}"))),
            Some(Ok(_)) | None => {}
        }
    }
    extra.extend(message.notes.into_iter().map(|note| ("Note".to_owned(), note)));
    Fields { name, email, subject: message.subject, text: Some(text), extra, ..Fields::default() }
}

fn written(address: &Address) -> String {
    match &address.name {
        Some(name) => format!("{name} <{}>", address.email),
        None => address.email.clone(),
    }
}

/// A file with its bytes, which are large and move.
fn file(file: &mut mail::Attachment) -> Attachment {
    Attachment {
        name: file.name.clone().unwrap_or_else(|| "attachment".to_owned()),
        media_type: file.media_type.clone(),
        bytes: std::mem::take(&mut file.bytes),
    }
}
