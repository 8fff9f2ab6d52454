//! What a report on delivery (RFC 3464, and its many forerunners) says: which of our messages it is about, whether that was given up, and
//! why. Own file because the verdict that it is a report is given elsewhere; here it is read. INVARIANT: a report that a message is late,
//! was passed on or arrived is none of failure; what it says was written by somebody else and is taken as words only.

use super::automatic::Kind;
use super::{Attachment, Message};

/// Parts that hold the message that was sent, or its head.
const RETURNED: [&str; 5] =
    ["message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"];
/// Parts that hold the report for programs (RFC 3464, RFC 6533).
const STATUS: [&str; 2] = ["message/delivery-status", "message/global-delivery-status"];
/// Identifiers looked at; a report is about one message, and a crafted one may name thousands.
const MOST: usize = 32;
/// Of what a report says, so many characters are kept.
const SAID: usize = 500;

/// A report that a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Identifiers that it may be about, without brackets.
    pub ids: Vec<String>,
    /// Why, in the words of the server that gave up.
    pub said: String,
}

/// Reads a report; `None` for what is none, or tells of no failure.
#[must_use]
pub fn undelivered(message: &Message) -> Option<Undelivered> {
    message.automatic.as_ref().filter(|automatic| automatic.kind == Kind::Bounce)?;
    let parts = |kinds: &'static [&str]| {
        let of_kind = |file: &&Attachment| kinds.contains(&file.media_type.as_str());
        message.attachments.iter().filter(of_kind).map(|file| String::from_utf8_lossy(&file.bytes))
    };
    let status: String = parts(&STATUS).collect::<Vec<_>>().join("\n\n");
    let actions: Vec<String> = values(&status, "Action").map(|value| value.to_lowercase()).collect();
    let subject = message.subject.as_deref().unwrap_or_default().to_lowercase();
    let failed = match actions.is_empty() {
        false => actions.iter().any(|action| action.starts_with("failed")),
        // Programs that write no report for programs say in the subject when they are still trying.
        true => !["delay", "warning", "still being retried", "not yet"].iter().any(|word| subject.contains(word)),
    };
    if !failed {
        return None;
    }
    let named = parts(&RETURNED).flat_map(|part| ids(&part).collect::<Vec<_>>()).collect::<Vec<_>>();
    let told = message.in_reply_to.iter().chain(&message.references).cloned();
    let mut found: Vec<String> = Vec::new();
    for id in named.into_iter().chain(ids(&message.text)).chain(told) {
        if found.len() < MOST && !found.contains(&id) {
            found.push(id);
        }
    }
    let reason = ["Status", "Diagnostic-Code"].into_iter().filter_map(|name| values(&status, name).next());
    let reason = reason.collect::<Vec<_>>().join(", ");
    let words = if reason.is_empty() { message.text.as_str() } else { reason.as_str() };
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Undelivered { ids: found, said: line.chars().filter(|c| !c.is_control()).take(SAID).collect() })
}

/// The values of a field wherever it begins a line, with its folded lines.
fn values<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = String> + 't {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let Some((found, value)) = line.split_once(':') else { continue };
            // Reports in words quote the message with a bar or an indentation before it.
            if !found.trim_start_matches(['>', '|', ' ', '\t']).trim_end().eq_ignore_ascii_case(name) {
                continue;
            }
            let mut value = value.trim().to_owned();
            while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty()) {
                value.push(' ');
                value.push_str(more.trim());
            }
            return Some(value);
        }
    })
}

fn ids(text: &str) -> impl Iterator<Item = String> + '_ {
    values(text, "Message-ID").filter_map(|value| {
        let id = value.split_once('<')?.1.split_once('>')?.0.trim();
        (!id.is_empty() && id.len() <= 250).then(|| id.to_owned())
    })
}
