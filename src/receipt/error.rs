//! What can be wrong with something handed to this room: a field, a key, a note.
//! Its own file because every part of the room returns it. What verification *finds* in a log is not an
//! error but a [`Finding`](super::Finding).
//!
//! INVARIANT: every variant has a stable code and a page `docs/errors/<code>.md`.

use std::fmt;

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A receipt cannot be made from these fields (`OP-6001`).
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// A key is not in the expected form (`OP-6002`). Never carries the key itself.
    Key {
        /// What is wrong with it and what to do.
        problem: &'static str,
    },
    /// A signed note or the checkpoint in it is malformed (`OP-6003`).
    Note {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A signature under a known key's name does not verify (`OP-6004`).
    BadSignature {
        /// Name of the key.
        name: String,
    },
    /// No signature is by a key we know (`OP-6005`).
    ForeignSignature {
        /// Names of the keys that did sign.
        names: Vec<String>,
    },
    /// Only keys that may not sign this (any more) have signed (`OP-6006`).
    KeyNotValid {
        /// Name of the key.
        name: String,
        /// Key id, eight hexadecimal digits.
        id: String,
        /// Why it does not count: revoked, or retired before this size.
        reason: String,
    },
}

impl Error {
    /// The stable code, `OP-60nn`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field { .. } => "OP-6001",
            Self::Key { .. } => "OP-6002",
            Self::Note { .. } => "OP-6003",
            Self::BadSignature { .. } => "OP-6004",
            Self::ForeignSignature { .. } => "OP-6005",
            Self::KeyNotValid { .. } => "OP-6006",
        }
    }

    pub(super) fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { field, problem } => write!(f, "receipt field `{field}` {problem}"),
            Self::Key { problem } => write!(f, "key refused: {problem}"),
            Self::Note { problem } => write!(f, "checkpoint note refused: {problem}"),
            Self::BadSignature { name } => {
                write!(f, "the signature of `{name}` on the checkpoint does not verify: the note was altered")
            }
            Self::ForeignSignature { names } => write!(
                f,
                "the checkpoint is signed only by unknown keys ({}); give the right verifier key",
                names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
            ),
            Self::KeyNotValid { name, id, reason } => {
                write!(f, "the key `{name}` ({id}) may not sign this checkpoint: {reason}")
            }
        }
    }
}

impl std::error::Error for Error {}
