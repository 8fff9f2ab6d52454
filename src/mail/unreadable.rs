//! Why a message could not be read. Each kind has a stable code and a page under `docs/errors`.

/// A message that becomes a quarantined item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing came.
    #[error("the message is empty; ask the sender to send it again (OP-2601)")]
    Empty,
    /// Larger than the limit.
    #[error(
        "the message has {bytes} bytes, more than the limit of {limit}; raise the limit, or ask for a link instead (OP-2602)"
    )]
    TooLarge {
        /// What came.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// More parts than the limit.
    #[error("the message has more than {limit} parts; ask the sender to send what is needed in a new one (OP-2603)")]
    TooManyParts {
        /// What is allowed.
        limit: usize,
    },
    /// Parts inside parts beyond the limit.
    #[error(
        "parts of the message are nested more than {limit} deep; ask the sender to send what is needed in a new one (OP-2604)"
    )]
    TooDeep {
        /// What is allowed.
        limit: usize,
    },
}

impl Unreadable {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "OP-2601",
            Self::TooLarge { .. } => "OP-2602",
            Self::TooManyParts { .. } => "OP-2603",
            Self::TooDeep { .. } => "OP-2604",
        }
    }
}
