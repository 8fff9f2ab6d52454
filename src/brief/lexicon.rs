//! The words the embedded generator knows, and the one pass that finds them.
//!
//! Its own file because it is data with a matcher: adding a word here is all it takes.
//! INVARIANT: topics are words of this table, never words of the request, so that a topic may stand
//! in a field that acts (a next action) whatever the request says.

use super::content::RiskKind;
use std::ops::Range;
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

/// Every phrase of the table in `text`, as [`Lexicon::find`] has them.
pub(crate) fn find(text: &str) -> Vec<Hit> {
    static ALL: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::of(|_| true));
    ALL.find(text)
}

/// Each byte as it counts for a word: a letter in lower case, a digit and what is beyond ASCII as it is; 0 for a byte that is no part of one.
static INSIDE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let as_byte = byte as u8;
        if as_byte.is_ascii_alphanumeric() || as_byte >= 0x80 {
            table[byte] = as_byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// This byte as it counts for a word, if it is part of one.
fn inside(byte: u8) -> Option<u8> {
    INSIDE.get(usize::from(byte)).copied().filter(|byte| *byte != 0)
}

/// The hash of the word that `bytes` begins with, or of the one byte there that is none; and how long that is.
fn head(bytes: &[u8]) -> (u32, usize) {
    // Bytes are laid over each other and mixed once: a multiplication for each would be most of the work.
    let (mut laid, mut length) = (0_u64, 0);
    while let Some(byte) = bytes.get(length).and_then(|byte| inside(*byte)) {
        laid = laid.rotate_left(7) ^ u64::from(byte);
        length += 1;
    }
    if let Some(first) = bytes.first().filter(|_| length == 0) {
        (laid, length) = (u64::from(*first), 1);
    }
    ((laid.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32, length)
}

#[derive(Clone, Copy)]
struct Phrase {
    words: &'static str,
    sense: Sense,
}

/// How a phrase ends, in bytes; the last in lower case.
#[derive(Clone, Copy)]
struct Ending {
    length: u16,
    last: u8,
}

/// The phrases in rows by their first word: a phrase matches whole words, so a word of the text that
/// begins no phrase is passed over with one look.
pub(crate) struct Lexicon {
    phrases: Vec<Phrase>,
    /// The same in little room: it tells of nearly all phrases that begin alike that they are not meant, and stays in the processor's cache.
    endings: Vec<Ending>,
    /// Where each row begins, and at last where the last one ends.
    rows: Vec<u16>,
}

impl Lexicon {
    /// Those phrases of the table that stand for what is wanted.
    pub(crate) fn of(wanted: impl Fn(Sense) -> bool) -> Self {
        let phrases = super::phrases::PHRASES
            .iter()
            .filter(|(sense, _)| wanted(*sense))
            .flat_map(|(sense, list)| list.split('|').map(|words| Phrase { words, sense: *sense }));
        let phrases: Vec<Phrase> = phrases.collect();
        // More rows than phrases, so that most words of a text meet an empty one.
        let size = (4 * phrases.len()).next_power_of_two();
        let mut phrases: Vec<(usize, Phrase)> =
            phrases.into_iter().map(|phrase| (row(head(phrase.words.as_bytes()).0, size), phrase)).collect();
        phrases.sort_by_key(|(row, _)| *row);
        let begin = |row: usize| phrases.partition_point(|(of, _)| *of < row);
        let rows = (0..=size).map(|row| u16::try_from(begin(row)).unwrap_or(u16::MAX)).collect();
        let phrases: Vec<Phrase> = phrases.into_iter().map(|(_, phrase)| phrase).collect();
        let ending = |phrase: &Phrase| Ending {
            length: u16::try_from(phrase.words.len()).unwrap_or(u16::MAX),
            last: phrase.words.bytes().next_back().unwrap_or_default().to_ascii_lowercase(),
        };
        Self { rows, endings: phrases.iter().map(ending).collect(), phrases }
    }

    /// Every phrase of it in `text`, in order of its end; of those that end together the longest first.
    pub(crate) fn find(&self, text: &str) -> Vec<Hit> {
        let bytes = text.as_bytes();
        let mut hits = Vec::with_capacity(24);
        let mut at = 0;
        while let Some(first) = bytes.get(at) {
            // Every sixth byte: no phrase begins with it.
            if *first == b' ' {
                at += 1;
                continue;
            }
            let (hash, length) = head(bytes.get(at..).unwrap_or_default());
            for index in self.begun_by(hash) {
                let Some(ending) = self.endings.get(index) else { break };
                let end = at + usize::from(ending.length);
                let Some(words) = bytes.get(at..end) else { continue };
                let ends = words.last().map(u8::to_ascii_lowercase) == Some(ending.last);
                if !ends || bytes.get(end).is_some_and(|byte| inside(*byte).is_some()) {
                    continue;
                }
                let phrase =
                    self.phrases.get(index).filter(|phrase| words.eq_ignore_ascii_case(phrase.words.as_bytes()));
                hits.extend(phrase.map(|phrase| Hit { start: at, end, sense: phrase.sense }));
            }
            at += length;
        }
        // Stable: one phrase in several senses keeps the order of the table.
        hits.sort_by_key(|hit| (hit.end, hit.start));
        hits
    }

    /// Which phrases begin with the word of this hash.
    fn begun_by(&self, hash: u32) -> Range<usize> {
        let row = row(hash, self.rows.len() - 1);
        match self.rows.get(row..row + 2) {
            Some([from, to]) => usize::from(*from)..usize::from(*to),
            _ => 0..0,
        }
    }
}

/// The row of a word with this hash among `size`, a power of two.
fn row(hash: u32, size: usize) -> usize {
    (hash >> 16) as usize & (size - 1)
}
