//! What verification can find wrong, each with the first bad place.
//! Its own file because these are the words that people act on; every one has a code and a page.
//!
//! INVARIANT: a finding says only what the evidence shows: an exact receipt where one is known, otherwise the
//! narrowest range that a checkpoint leaves.

use serde::Serialize;
use std::fmt;

/// One thing that is wrong with a log or an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The bytes of a receipt are not those that were recorded (`OP-6010`).
    Altered {
        /// Place in the log.
        seq: u64,
        /// What shows it.
        why: String,
    },
    /// Receipts were taken out of the middle (`OP-6011`).
    Missing {
        /// First missing place.
        from: u64,
        /// Last missing place.
        to: u64,
    },
    /// Receipts stand in another order (`OP-6012`).
    Reordered {
        /// First place that holds a wrong receipt.
        seq: u64,
        /// Number of the receipt that stands there.
        found: u64,
    },
    /// A receipt stands in the log again (`OP-6013`).
    Duplicated {
        /// Its number.
        seq: u64,
        /// It stands again behind the receipt of this number.
        after: u64,
    },
    /// The end is cut off (`OP-6014`).
    Truncated {
        /// Last receipt that is there.
        last: u64,
        /// How many a signed checkpoint says there are.
        size: u64,
        /// Whether it is a checkpoint saved outside (otherwise the head note) that says so.
        saved: bool,
    },
    /// The receipts do not give the root of the head (`OP-6015`).
    RootDiffers {
        /// First receipt that may be the wrong one.
        from: u64,
        /// Last receipt that may be the wrong one.
        to: u64,
    },
    /// The receipts do not give the root of a checkpoint saved outside: another history (`OP-6016`).
    Contradicts {
        /// First receipt that may differ.
        from: u64,
        /// Size of the saved checkpoint, the last receipt that may differ.
        to: u64,
        /// Whether the head of this history is signed too: then the key has signed two histories (a fork, or
        /// a rewrite by someone with the key). Otherwise the history was rewritten without the key.
        forked: bool,
    },
    /// Receipts stand after the signed head (`OP-6017`).
    Unsigned {
        /// First receipt that no head covers.
        from: u64,
        /// Last one.
        to: u64,
    },
    /// The head or a saved checkpoint is of another log (`OP-6018`).
    WrongOrigin {
        /// Origin that was expected.
        expected: String,
        /// Origin that stands there.
        found: String,
    },
    /// The head note is not good: `OP-6003` malformed, `OP-6004` bad signature, `OP-6005` foreign key,
    /// `OP-6006` revoked or retired key.
    Head {
        /// The code of the reason.
        #[serde(skip)]
        code: &'static str,
        /// The reason.
        why: String,
    },
    /// A line of an export is not what was written (`OP-6031`).
    Line {
        /// Line of the file, from 1.
        line: u64,
        /// What shows it.
        why: String,
    },
    /// The inclusion proof of a receipt does not lead to the head (`OP-6032`).
    Path {
        /// Place in the log.
        seq: u64,
    },
    /// An export ends before its last line (`OP-6033`).
    CutOff {
        /// Last whole line, from 1.
        line: u64,
    },
}

impl Finding {
    /// The stable code, `OP-60nn`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "OP-6010",
            Self::Missing { .. } => "OP-6011",
            Self::Reordered { .. } => "OP-6012",
            Self::Duplicated { .. } => "OP-6013",
            Self::Truncated { .. } => "OP-6014",
            Self::RootDiffers { .. } => "OP-6015",
            Self::Contradicts { .. } => "OP-6016",
            Self::Unsigned { .. } => "OP-6017",
            Self::WrongOrigin { .. } => "OP-6018",
            Self::Head { code, .. } => code,
            Self::Line { .. } => "OP-6031",
            Self::Path { .. } => "OP-6032",
            Self::CutOff { .. } => "OP-6033",
        }
    }

    /// The first receipt concerned, where it is known.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Altered { seq, .. }
            | Self::Reordered { seq, .. }
            | Self::Duplicated { seq, .. }
            | Self::Path { seq } => Some(*seq),
            Self::Missing { from, .. }
            | Self::RootDiffers { from, .. }
            | Self::Contradicts { from, .. }
            | Self::Unsigned { from, .. } => Some(*from),
            Self::Truncated { last, .. } => Some(last.saturating_add(1)),
            Self::WrongOrigin { .. } | Self::Head { .. } | Self::Line { .. } | Self::CutOff { .. } => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq, why } => write!(f, "receipt {seq} was altered: {why}"),
            Self::Missing { from, to } if from == to => write!(f, "receipt {from} is missing"),
            Self::Missing { from, to } => write!(f, "receipts {from} to {to} are missing"),
            Self::Reordered { seq, found } => {
                write!(f, "receipts were reordered: receipt {found} stands where receipt {seq} belongs")
            }
            Self::Duplicated { seq, after } => {
                write!(f, "receipt {seq} stands in the log again, after receipt {after}")
            }
            Self::Truncated { last, size, saved } => {
                let by = if *saved { "a saved checkpoint" } else { "the signed head" };
                write!(f, "the end is cut off: the log ends after receipt {last}, {by} covers {size}")
            }
            Self::RootDiffers { from, to } => write!(
                f,
                "the receipts are not those that the head was signed over; the first wrong one is among {from} to {to}"
            ),
            Self::Contradicts { from, to, forked } => {
                write!(f, "the saved checkpoint of size {to} belongs to another history; ")?;
                if *forked {
                    write!(f, "the key has signed both (a fork, or a rewrite by someone who holds the key); ")?;
                } else {
                    write!(f, "this one was rewritten; ")?;
                }
                write!(f, "the first differing receipt is among {from} to {to}")
            }
            Self::Unsigned { from, to } => {
                write!(f, "receipts {from} to {to} stand after the signed head: nobody vouches for them")
            }
            Self::WrongOrigin { expected, found } => {
                write!(f, "checkpoints of two logs: `{expected}` was expected, `{found}` stands there")
            }
            Self::Head { why, .. } => write!(f, "the head is not good: {why}"),
            Self::Line { line, why } => write!(f, "line {line} of the export was altered: {why}"),
            Self::Path { seq } => write!(f, "the proof of receipt {seq} does not lead to the signed head"),
            Self::CutOff { line } => {
                write!(f, "the export is cut off: after line {line} its last line, with the head, is missing")
            }
        }
    }
}
