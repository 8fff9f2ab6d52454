//! What sender, subject and words give away where the headers say nothing: old servers, small programs, other languages.
//! INVARIANT: no single sign of these is enough, except a subject or an address that nobody but a program has.

use super::words::{
    ABSENCE_SUBJECTS, ABSENCE_TEXTS, BOUNCE_NAMES, BOUNCE_SUBJECTS, BOUNCE_TEXTS, REPLY_SUBJECTS, REPLY_TEXTS, found,
    starts,
};
use super::{Automatic, Kind, Look};

/// Text that is looked at: reports say it at the top.
const TEXT: usize = 6000;

/// How mailbox providers call a complaint that they pass on without saying so as RFC 5965 asks.
const COMPLAINTS: &[&str] = &["complaint about message from", "abuse report", "spam report", "email feedback report"];

/// The signs, each true or not.
struct Signs {
    daemon: bool,
    postmaster: bool,
    unattended: bool,
    bounce_name: bool,
    bounce_subject: bool,
    bounce_text: bool,
    status: bool,
    returned: bool,
    reply_subject: bool,
    reply_text: bool,
    absence_subject: bool,
    absence_text: bool,
    answer: bool,
}

/// The verdict by signs.
pub(super) fn judge(look: &Look<'_>) -> Option<Automatic> {
    let signs = signs(look);
    let who = look.from.map_or("nobody", |(_, email)| email);
    if signs.daemon {
        return Some(Automatic::new(Kind::Bounce, format!("its sender `{}` is a mail server", short(who))));
    }
    let system = signs.postmaster || signs.bounce_name || signs.unattended;
    if signs.bounce_subject && (system || signs.bounce_text || signs.status || signs.returned) {
        return Some(Automatic::new(
            Kind::Bounce,
            format!(
                "its subject `{}` and its {} are those of a bounce",
                short(look.subject),
                if system { "sender" } else { "text" }
            ),
        ));
    }
    if system && signs.bounce_text && (signs.status || signs.returned)
        || signs.postmaster && (signs.status || signs.bounce_text || signs.returned && signs.bounce_name)
    {
        return Some(Automatic::new(
            Kind::Bounce,
            format!("its sender `{}` and its text are those of a bounce", short(who)),
        ));
    }
    if signs.bounce_name && signs.returned && !look.subject.is_empty() {
        return Some(Automatic::new(
            Kind::Bounce,
            "its sender's name is that of a mail server, and it returns a message",
        ));
    }
    if signs.bounce_text && signs.status && (signs.returned || signs.answer) {
        return Some(Automatic::new(Kind::Bounce, "its text reports a failed delivery"));
    }
    let complaint = COMPLAINTS.iter().any(|word| look.subject.to_lowercase().contains(word));
    if complaint && look.types.contains(&"message/rfc822") {
        return Some(Automatic::new(
            Kind::FeedbackReport,
            format!("its subject `{}` is that of a complaint, and it returns a message", short(look.subject)),
        ));
    }
    if signs.reply_subject {
        return Some(Automatic::new(
            Kind::AutoReply,
            format!("its subject `{}` is that of an automatic answer", short(look.subject)),
        ));
    }
    let threaded = look.headers.first("In-Reply-To").is_some() || look.headers.first("References").is_some();
    if signs.absence_subject && (signs.absence_text || signs.reply_text || threaded) {
        return Some(Automatic::new(
            Kind::AutoReply,
            format!("its subject `{}` and its text are those of an automatic answer", short(look.subject)),
        ));
    }
    // A form on a web site sends from such addresses too, so the words alone are not enough.
    if (signs.reply_text && signs.answer && !look.subject.is_empty()) || (signs.absence_text && signs.unattended) {
        return Some(Automatic::new(Kind::AutoReply, "its text says that it is an automatic answer"));
    }
    None
}

/// The kind that signs point to, for a message that is known to be automatic by its headers.
pub(super) fn kind(look: &Look<'_>) -> Option<Kind> {
    let signs = signs(look);
    if signs.reply_subject {
        return Some(Kind::AutoReply);
    }
    if signs.daemon || signs.bounce_subject || signs.bounce_name || (signs.bounce_text && signs.status) {
        return Some(Kind::Bounce);
    }
    (signs.absence_subject || signs.reply_text || signs.absence_text).then_some(Kind::AutoReply)
}

fn signs(look: &Look<'_>) -> Signs {
    let (name, email) = look.from.unwrap_or_default();
    let name = name.to_lowercase();
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local).to_lowercase();
    let plain: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
    let subject = look.subject.trim().to_lowercase();
    let text = look.text.get(..look.text.floor_char_boundary(TEXT)).unwrap_or_default().to_lowercase();
    Signs {
        daemon: plain.contains("mailerdaemon")
            || matches!(plain.as_str(), "mdaemon" | "maildaemon" | "bounce" | "bounces" | "mailsystem"),
        postmaster: plain.starts_with("postmaster")
            || plain.ends_with("postmaster")
            || plain == "mailadmin"
            || plain == "daemon",
        unattended: [
            "noreply",
            "donotreply",
            "nepasrepondre",
            "neantwortn",
            "noresponder",
            "naoresponda",
            "notification",
            "notifications",
            "automailer",
            "autoreply",
            "autoresponder",
            "mailer",
            "robot",
        ]
        .iter()
        .any(|word| plain.contains(word)),
        bounce_name: found(&BOUNCE_NAMES, &name),
        bounce_subject: found(&BOUNCE_SUBJECTS, &subject) && !subject.starts_with("re:") && !subject.starts_with("fw"),
        bounce_text: found(&BOUNCE_TEXTS, &text),
        status: has_status(&text),
        returned: look.types.iter().any(|kind| {
            matches!(
                *kind,
                "message/rfc822"
                    | "text/rfc822-headers"
                    | "message/rfc822-headers"
                    | "message/global"
                    | "message/global-headers"
            )
        }) || text.contains("received: from ")
            || text.contains("message-id: <"),
        reply_subject: starts(&REPLY_SUBJECTS, &subject),
        reply_text: found(&REPLY_TEXTS, &text),
        absence_subject: starts(&ABSENCE_SUBJECTS, &subject),
        absence_text: found(&ABSENCE_TEXTS, &text),
        answer: subject.starts_with("re:")
            || subject.starts_with("aw:")
            || subject.is_empty()
            || look.headers.first("In-Reply-To").is_some()
            || look.headers.first("References").is_some(),
    }
}

/// An answer of a mail server: `550 …` (RFC 5321, 4.2) or `5.1.1` (RFC 3463).
fn has_status(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'4' | b'5'))) {
        let start = at + offset;
        at = start + 1;
        let edge = start
            .checked_sub(1)
            .and_then(|before| bytes.get(before))
            .is_none_or(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'-' | b'$' | b','));
        let digit = |offset: usize| bytes.get(start + offset).is_some_and(u8::is_ascii_digit);
        let is = |offset: usize, wanted: u8| bytes.get(start + offset) == Some(&wanted);
        if !edge {
            continue;
        }
        let enhanced = is(1, b'.') && digit(2) && ((is(3, b'.') && digit(4)) || (digit(3) && is(4, b'.') && digit(5)));
        let words: &[&str] = &[
            "user",
            "mailbox",
            "recipient",
            "address",
            "unknown",
            "host",
            "relay",
            "reject",
            "denied",
            "not ",
            "no such",
            "message",
            "requested",
            "invalid",
            "deliver",
            "spam",
            "quota",
            "5.",
            "4.",
            "sorry",
            "account",
            "policy",
            "blocked",
        ];
        let code = digit(1) && digit(2) && (is(3, b' ') || is(3, b'-')) && {
            let rest = text.get(start + 4..text.floor_char_boundary((start + 90).min(text.len()))).unwrap_or_default();
            words.iter().any(|word| rest.contains(word))
        };
        if enhanced || code {
            return true;
        }
    }
    false
}

fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(60)).unwrap_or_default()
}
