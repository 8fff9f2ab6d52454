//! Why what a request said is erased. Own file because command line and store share the words. INVARIANT: a word of this list and never
//! a sentence: it stands in the log for ever, where nothing about the person whose words went may stand.

/// Why it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureReason {
    /// The person it is about asked for it.
    Asked,
    /// It was kept for as long as was agreed.
    Expired,
    /// It should never have been kept.
    Unwanted,
}

impl ErasureReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Asked, Self::Expired, Self::Unwanted];

    /// The word in receipts and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Expired => "expired",
            Self::Unwanted => "unwanted",
        }
    }
}

impl std::str::FromStr for ErasureReason {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let unknown = || format!("`{word}` is no reason; say {}", Self::ALL.map(Self::as_str).join(", "));
        Self::ALL.into_iter().find(|reason| reason.as_str() == word).ok_or_else(unknown)
    }
}
