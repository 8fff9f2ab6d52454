//! The states of a run and of a step, and which may follow which. Own file because engine, store and `docs/lifecycles.md` must
//! agree on exactly this table; a test compares the page. INVARIANT: nothing leaves a final state except a person's retry.

use std::fmt;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RunState {
    /// Wants to be worked on.
    Available,
    /// Wants to be worked on at a later time.
    Scheduled,
    /// A worker holds its lease.
    Running,
    /// Waits for a signal (a person's decision or release), costs nothing.
    Pending,
    /// Failed, will be tried again at a later time.
    Retryable,
    /// An effect has no known outcome: a person must settle it.
    Uncertain,
    /// Done.
    Completed,
    /// Ended by a person.
    Cancelled,
    /// Given up after its last attempt, or because it can never work: the dead letters.
    Discarded,
}

impl RunState {
    /// Every state, in the order of the page.
    pub const ALL: [Self; 9] = [
        Self::Available,
        Self::Scheduled,
        Self::Running,
        Self::Pending,
        Self::Retryable,
        Self::Uncertain,
        Self::Completed,
        Self::Cancelled,
        Self::Discarded,
    ];

    /// The word in tables, API and CLI.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Pending => "pending",
            Self::Retryable => "retryable",
            Self::Uncertain => "uncertain",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Discarded => "discarded",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing happens to such a run by itself any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Discarded)
    }

    /// The states that may follow.
    #[must_use]
    pub fn next(self) -> &'static [RunState] {
        match self {
            Self::Available => &[Self::Running, Self::Cancelled],
            Self::Scheduled | Self::Retryable => &[Self::Available, Self::Cancelled],
            Self::Running => &[
                Self::Available,
                Self::Scheduled,
                Self::Pending,
                Self::Retryable,
                Self::Uncertain,
                Self::Completed,
                Self::Cancelled,
                Self::Discarded,
            ],
            Self::Pending => &[Self::Available, Self::Running, Self::Cancelled],
            Self::Uncertain => &[Self::Available, Self::Cancelled],
            // Only by a person's `run retry`.
            Self::Discarded => &[Self::Available],
            Self::Completed | Self::Cancelled => &[],
        }
    }

    /// Whether `next` may follow.
    #[must_use]
    pub fn may_become(self, next: RunState) -> bool {
        self.next().contains(&next)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::RunState;

    #[test]
    fn words_read_back() {
        for state in RunState::ALL {
            assert_eq!(RunState::parse(state.as_str()), Some(state));
        }
        assert_eq!(RunState::parse("done"), None);
    }

    #[test]
    fn no_state_leads_past_a_person_and_final_states_stay() {
        assert!(RunState::Completed.next().is_empty());
        for state in RunState::ALL.into_iter().filter(|state| state.is_final()) {
            assert!(!state.may_become(RunState::Completed) && !state.may_become(RunState::Running));
        }
    }
}
