//! Links, addresses and telephone numbers in what a model wrote, and whether the request holds them.
//!
//! Its own file because these are what a reader may act on with one touch: an unknown one is taken out, not only listed.
//! INVARIANT: the text that comes back holds no address that the request does not hold, and none at all where none may stand.

use super::super::read::contact::{self, Contact, Kind};
use std::cell::Cell;
use std::collections::HashSet;

/// So many telephone numbers of one answer are looked up; more are not held.
const MOST_PHONES: usize = 50;

/// What may stay in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum May {
    /// What the request holds.
    Held,
    /// What the request holds, without links: nobody is sent to a place that a stranger named.
    Act,
}

/// Every address that the request and its envelope hold.
pub(super) struct Held {
    links: HashSet<String>,
    mails: HashSet<String>,
    /// Rows of digits as telephone numbers are written, digits alone.
    rows: Vec<String>,
    phones_left: Cell<usize>,
}

impl Held {
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut held = Self {
            links: HashSet::new(),
            mails: HashSet::new(),
            rows: Vec::new(),
            phones_left: Cell::new(MOST_PHONES),
        };
        for text in texts {
            for found in find(text) {
                let words = text.get(found.start..found.end).unwrap_or("");
                match found.kind {
                    Kind::Email => {
                        let mail = mail(words);
                        held.links.extend(mail.rsplit_once('@').map(|(_, host)| host.to_owned()));
                        held.mails.insert(mail);
                    }
                    Kind::Link => {
                        let link = link(words);
                        held.links.extend(link.split(['/', '?', '#']).next().map(str::to_owned));
                        held.links.insert(link);
                    }
                    Kind::Phone => {}
                }
            }
            let rows = text.split(|c: char| !(c.is_ascii_digit() || " +-./()\u{a0}".contains(c))).map(digits);
            held.rows.extend(rows.filter(|row| row.len() >= 7));
        }
        held
    }

    fn holds(&self, kind: Kind, words: &str) -> bool {
        match kind {
            Kind::Email => self.mails.contains(&mail(words)),
            Kind::Link => self.links.contains(&link(words)),
            Kind::Phone => {
                let digits = digits(words);
                let core = digits.trim_start_matches('0');
                let left = self.phones_left.get();
                self.phones_left.set(left.saturating_sub(1));
                left > 0 && core.len() >= 5 && self.rows.iter().any(|row| row.contains(core))
            }
        }
    }

    /// The text without the addresses that may not stay, and what was taken out; what stays and came from the request, in `kept`.
    pub(super) fn only(&self, text: &str, may: May, kept: &mut Vec<String>) -> (String, Vec<&'static str>) {
        let mut out = String::with_capacity(text.len());
        let (mut from, mut taken) = (0, Vec::new());
        for found in find(text) {
            let words = text.get(found.start..found.end).unwrap_or("");
            let held = self.holds(found.kind, words);
            if held && !(may == May::Act && found.kind == Kind::Link) {
                kept.push(words.to_owned());
                continue;
            }
            out.push_str(text.get(from..found.start).unwrap_or(""));
            let (name, instead) = match (found.kind, held) {
                (Kind::Link, true) => ("a link of the request", "(a link in the request)"),
                (Kind::Link, false) => ("a link that the request does not hold", "(a link left out)"),
                (Kind::Email, _) => ("an e-mail address that the request does not hold", "(an address left out)"),
                (Kind::Phone, _) => ("a telephone number that the request does not hold", "(a number left out)"),
            };
            out.push_str(instead);
            taken.push(name);
            from = found.end;
        }
        out.push_str(text.get(from..).unwrap_or(""));
        (out, taken)
    }
}

fn mail(words: &str) -> String {
    words.trim_start_matches("mailto:").to_lowercase()
}

fn link(words: &str) -> String {
    let lower = words.to_lowercase();
    let bare = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest).trim_start_matches("//");
    bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/').to_owned()
}

fn digits(words: &str) -> String {
    words.chars().filter(char::is_ascii_digit).collect()
}

/// What the readers of requests find, and what else some program would make a link of.
fn find(text: &str) -> Vec<Contact> {
    let known = contact::find(text);
    let mut list = Vec::with_capacity(known.len());
    let mut rest = known.into_iter().peekable();
    let mut from = 0;
    let edge = |c: char| c.is_whitespace() || "()[]{}<>‹›\"“”„'‘’,;|=".contains(c);
    while let Some(start) = text.get(from..).and_then(|rest| rest.find(|c| !edge(c))).map(|at| from + at) {
        let end = text.get(start..).and_then(|rest| rest.find(edge)).map_or(text.len(), |at| start + at);
        from = end;
        let piece = text.get(start..end).unwrap_or("").trim_end_matches(['.', '!', '?', ':', '…']);
        let span = (start, start + piece.len());
        // Both go through the text from its beginning: what lies before this piece touches no later one.
        while let Some(before) = rest.next_if(|known| known.end <= span.0) {
            list.push(before);
        }
        let apart = rest.peek().is_none_or(|known| span.1 <= known.start);
        if !piece.is_empty() && apart {
            if is_address(piece) {
                list.push(Contact { start: span.0, end: span.1, kind: Kind::Email });
            } else if is_link(piece) {
                list.push(Contact { start: span.0, end: span.1, kind: Kind::Link });
            }
        }
    }
    list.extend(rest);
    list
}

/// `someone@host`, with any letters.
fn is_address(piece: &str) -> bool {
    piece.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && !host.contains('@')
            && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
    })
}

fn is_link(piece: &str) -> bool {
    const SCHEMES: &[&str] = &[
        "javascript:",
        "vbscript:",
        "data:",
        "file:",
        "mailto:",
        "tel:",
        "sms:",
        "cid:",
        "blob:",
        "ftp:",
        "http:",
        "https:",
        "url:",
        "magnet:",
    ];
    const ENDINGS: &[&str] = &[
        "edu", "gov", "mil", "int", "online", "site", "shop", "xyz", "cloud", "tech", "agency", "digital", "click",
        "zip", "mov", "tv", "cc", "ws", "ly", "gg", "pl", "se", "dk", "cz", "sk", "hu", "ro", "bg", "gr", "pt", "lu",
        "ie", "ca", "mx", "br", "ar", "cl", "au", "nz", "jp", "kr", "tw", "hk", "sg", "th", "vn", "tr", "il", "ae",
        "sa", "za", "ng", "ke", "ua", "kz", "ir", "pk", "su", "page", "one", "link", "icu", "vip", "ru", "invalid",
        "local", "onion",
    ];
    let lower = piece.to_lowercase();
    if SCHEMES.iter().any(|scheme| lower.starts_with(scheme) && lower.len() > scheme.len()) || lower.contains("://") {
        return true;
    }
    let slashes = lower.starts_with("//") || lower.starts_with("\\\\");
    let rest = lower.trim_start_matches(['/', '\\']);
    let host = rest.split(['/', '?', '#', ':', '\\']).next().unwrap_or("");
    let labels: Vec<&str> = host.split('.').collect();
    let ending = labels.last().copied().unwrap_or("");
    let sound = labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'))
        && (ending.starts_with("xn--") || (ending.chars().all(char::is_alphabetic) && ending.chars().count() >= 2));
    let numeric = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
    let on = rest.len() > host.len();
    numeric
        || sound
            && (slashes
                || on
                || ENDINGS.contains(&ending)
                || !ending.is_ascii()
                || (labels.len() >= 3 && labels.iter().all(|label| label.chars().count() >= 2)))
}
