//! The words the embedded generator knows, and the one pass that finds them.
//!
//! Its own file because it is data with a matcher: adding a word here is all it takes.
//! INVARIANT: topics are words of this table, never words of the request, so that a topic may stand
//! in a field that acts (a next action) whatever the request says.

use super::content::RiskKind;
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// The kinds of request the generator tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestKind {
    /// Wants an offer for something new.
    Lead,
    /// Something does not work.
    Support,
    /// Unhappy about what was delivered.
    Complaint,
    /// Wants a time, a room, a seat.
    Booking,
    /// About an invoice, a charge, a refund.
    Invoice,
    /// Wants an existing order, contract or system changed.
    Change,
    /// Wants to end something.
    Cancellation,
    /// Applies for a job.
    Application,
    /// Uses a right over personal data, or asks how it is handled.
    Privacy,
    /// Asks for facts.
    Question,
    /// Wants to sell something to the reader.
    Pitch,
    /// Tells something and asks for nothing.
    Notice,
    /// None of these.
    Other,
}

impl RequestKind {
    /// Every kind, most specific last where ties are broken by order.
    pub const ALL: [RequestKind; 13] = [
        RequestKind::Lead,
        RequestKind::Support,
        RequestKind::Complaint,
        RequestKind::Booking,
        RequestKind::Invoice,
        RequestKind::Change,
        RequestKind::Cancellation,
        RequestKind::Application,
        RequestKind::Privacy,
        RequestKind::Question,
        RequestKind::Pitch,
        RequestKind::Notice,
        RequestKind::Other,
    ];

    /// Short name, `snake_case`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RequestKind::Lead => "lead",
            RequestKind::Support => "support",
            RequestKind::Complaint => "complaint",
            RequestKind::Booking => "booking",
            RequestKind::Invoice => "invoice",
            RequestKind::Change => "change",
            RequestKind::Cancellation => "cancellation",
            RequestKind::Application => "application",
            RequestKind::Privacy => "privacy",
            RequestKind::Question => "question",
            RequestKind::Pitch => "pitch",
            RequestKind::Notice => "notice",
            RequestKind::Other => "other",
        }
    }
}

/// What a phrase stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sense {
    /// Speaks for a kind of request, with a weight.
    Kind(RequestKind, u8),
    /// Hurry, with a weight.
    Urgent(u8),
    /// The opposite of hurry.
    Calm,
    /// Something stands still.
    Outage(u8),
    /// Many people or money are affected.
    Impact,
    /// A risk, with a weight from 1 to 3.
    Risk(RiskKind, u8),
    /// A topic, in the words the brief uses for it.
    Topic(&'static str),
    /// Leads a deadline: "by", "before".
    Until,
    /// Text addressed to a program.
    Machine,
    /// Promises or mentions an enclosure.
    Enclosure,
}

/// A phrase found in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// First byte.
    pub(crate) start: usize,
    /// First byte after it.
    pub(crate) end: usize,
    /// What it stands for.
    pub(crate) sense: Sense,
}

/// Every phrase of the table in `text`, in order of its end.
pub(crate) fn find(text: &str) -> Vec<Hit> {
    let table = &*TABLE;
    let bytes = text.as_bytes();
    let mut hits = Vec::with_capacity(32);
    for found in table.automaton.find_overlapping_iter(text) {
        let inside = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
        let before = found.start().checked_sub(1).and_then(|at| bytes.get(at));
        if inside(before) || inside(bytes.get(found.end())) {
            continue;
        }
        if let Some(sense) = table.senses.get(found.pattern().as_usize()) {
            hits.push(Hit { start: found.start(), end: found.end(), sense: *sense });
        }
    }
    hits
}

struct Table {
    automaton: AhoCorasick,
    senses: Vec<Sense>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut phrases = Vec::new();
    let mut senses = Vec::new();
    for (sense, list) in super::phrases::PHRASES {
        for phrase in list.split('|') {
            phrases.push(phrase);
            senses.push(*sense);
        }
    }
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(&phrases)
        .expect("a constant table of a few hundred short phrases builds");
    Table { automaton, senses }
});
