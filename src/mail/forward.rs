//! A forwarded mail: who wrote the original, what about and what, besides who passed it on. Attached as a message or copied inline.

use serde::Serialize;

use super::address;
use super::visible::{Header, header_length, header_line, is_forward_bar};

/// The mail that was passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forwarded {
    /// The display name of its sender.
    pub name: Option<String>,
    /// The address of its sender; missing where a mail program copied the name only.
    pub email: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// When it was sent: a timestamp for an attached message, else as the mail program wrote it, in its own language.
    pub date: Option<String>,
    /// Its text.
    pub text: String,
    /// It came whole, as an attached message; what is copied inline could be edited by whoever passed it on.
    pub attached: bool,
}

/// How mail programs begin the subject of a forwarded mail, before the colon.
const PREFIXES: &[&str] = &[
    "fw",
    "fwd",
    "wg",
    "tr",
    "rv",
    "enc",
    "vs",
    "vb",
    "vl",
    "doorst",
    "pd",
    "i",
    "rif",
    "továbbítás",
    "ynt",
    "i̇lt",
    "ilt",
    "转发",
    "轉寄",
    "전달",
    "пересл",
    "fs",
    "trs",
    "vbs",
    "prosleđeno",
    "προωθ",
];

/// Lines of the text in which a forwarded mail is looked for.
const LINES: usize = 2000;

/// Finds a forwarded mail in a text.
pub(super) fn inline(text: &str, subject: Option<&str>) -> Option<Forwarded> {
    let forwarding = subject.is_some_and(passed_on);
    let bare: Vec<&str> = text.split('\n').map(unmarked).collect();
    for at in 0..bare.len().min(LINES) {
        let barred = bare.get(at).is_some_and(|line| is_forward_bar(line));
        if !barred && !forwarding {
            continue;
        }
        // Between the bar and the headers may stand a blank line or two.
        let from = if barred {
            (at + 1..at + 4).find(|next| bare.get(*next).is_some_and(|line| !line.trim().is_empty()))
        } else {
            Some(at)
        };
        let Some((from, length)) = from.and_then(|from| header_length(&bare, from).map(|length| (from, length))) else {
            continue;
        };
        return Some(copied(&bare, from, length));
    }
    None
}

/// Whether a subject says that the mail was passed on.
pub(super) fn passed_on(subject: &str) -> bool {
    let Some((prefix, _)) = subject.split_once([':', '：']) else { return false };
    let prefix = prefix.trim().trim_start_matches('[').to_lowercase();
    PREFIXES.contains(&prefix.as_str())
}

fn unmarked(line: &str) -> &str {
    let line = line.trim_end_matches('\r');
    line.strip_prefix("> ").or_else(|| line.strip_prefix('>')).unwrap_or(line)
}

fn copied(lines: &[&str], from: usize, length: usize) -> Forwarded {
    let mut found =
        Forwarded { name: None, email: None, subject: None, date: None, text: String::new(), attached: false };
    for line in lines.iter().skip(from).take(length) {
        match header_line(line) {
            Some((Header::From, value)) if found.name.is_none() && found.email.is_none() => {
                (found.name, found.email) = address::written(value)
            }
            Some((Header::Subject, value)) if found.subject.is_none() => found.subject = Some(value.to_owned()),
            Some((Header::Sent, value)) if found.date.is_none() => found.date = Some(value.to_owned()),
            _ => {}
        }
    }
    found.text = lines.get(from + length..).unwrap_or_default().join("\n").trim().to_owned();
    found
}
