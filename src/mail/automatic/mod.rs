//! Whether a machine speaks: bounces, reports, vacation answers, list mail, notices. Such mail is never answered and never decides.
//!
//! First what the message says of itself in its headers and its structure (RFC 3834, RFC 3464, RFC 5965, RFC 8098, RFC 2919), then what
//! its sender, subject and words give away. One sign of the second kind is never enough: people write about bounces as well.
//! INVARIANT: the verdict carries the sign it rests on, in words a person can check in the message.

mod header;
mod likely;
mod words;

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::headers::Headers;
use super::walk::Tree;

/// What kind of machine mail it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A mail of ours, or of somebody, could not be delivered or is late (RFC 3464 and its many forerunners).
    Bounce,
    /// Somebody's vacation or receipt answer (RFC 3834).
    AutoReply,
    /// A mailbox provider passes on a complaint (RFC 5965).
    FeedbackReport,
    /// A read or delivery receipt (RFC 8098).
    Receipt,
    /// From a mailing list or sent to many (RFC 2919, RFC 2369).
    List,
    /// A notice that a program wrote.
    Generated,
    /// It carries our own mark: we sent it ourselves, or another daemon of ours did.
    Loop,
}

/// The verdict that a machine sent the message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Automatic {
    /// What kind of machine mail it is.
    pub kind: Kind,
    /// The sign it rests on, for a person.
    pub reason: String,
}

impl Automatic {
    pub(super) fn new(kind: Kind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }
}

/// What the signs are read from.
pub(super) struct Look<'m> {
    pub(super) headers: &'m Headers<'m>,
    pub(super) subject: &'m str,
    /// Name and address of the author.
    pub(super) from: Option<(&'m str, &'m str)>,
    pub(super) return_path: Option<&'m str>,
    pub(super) text: &'m str,
    /// Media types of the containers and parts.
    pub(super) types: Vec<&'m str>,
}

impl<'m> Look<'m> {
    /// Everything of a message that is looked at.
    pub(super) fn at(
        tree: &'m Tree<'m>,
        subject: Option<&'m str>,
        from: Option<&'m super::Address>,
        return_path: Option<&'m str>,
        text: &'m str,
    ) -> Self {
        let types = tree
            .containers
            .iter()
            .map(String::as_str)
            .chain(tree.parts.iter().map(|part| part.media_type.as_str()))
            .collect();
        let from = from.map(|from| (from.name.as_deref().unwrap_or_default(), from.email.as_str()));
        Self { headers: &tree.headers, subject: subject.unwrap_or_default(), from, return_path, text, types }
    }
}

/// Whether a message carries our own mark: the header `name` that every mail of ours has, with `value` in it (any value when empty).
#[must_use]
pub fn own(message: &super::Message, name: &str, value: &str) -> Option<Automatic> {
    let mut marks = message.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
    marks
        .any(|(_, found)| found.contains(value))
        .then(|| Automatic::new(Kind::Loop, format!("it carries our own mark in the header {name}")))
}

/// The verdict on a message; none for what a person seems to have written.
pub(super) fn judge(look: &Look<'_>) -> Option<Automatic> {
    header::judge(look).or_else(|| likely::judge(look))
}
