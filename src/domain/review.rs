//! The review machine: from a brief's state, a named person's verdict on one exact revision, and the pilot's rules to what follows.
//! Own file because this is the gate that the product exists for. INVARIANT: [`Approved`] comes from here alone, and only when enough
//! different people approved the digest that stands; no time, no default and no error leads to it.

use jiff::Timestamp;
use std::fmt;

/// Where a brief stands in review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReviewState {
    /// Waits for people.
    Open,
    /// Somebody asked for small changes: it waits for a new revision by hand.
    Amending,
    /// Somebody asked for large changes: the next attempt is being drafted.
    Redrafting,
    /// Enough people approved exactly this revision.
    Approved,
    /// Somebody rejected it.
    Rejected,
    /// The run was cancelled before a decision.
    Withdrawn,
}

impl ReviewState {
    /// Every state, in the order of the page.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Amending, Self::Redrafting, Self::Approved, Self::Rejected, Self::Withdrawn];

    /// The word in tables, API and CLI.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Amending => "amending",
            Self::Redrafting => "redrafting",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The states that may follow.
    #[must_use]
    pub fn next(self) -> &'static [ReviewState] {
        match self {
            Self::Open => {
                &[Self::Open, Self::Amending, Self::Redrafting, Self::Approved, Self::Rejected, Self::Withdrawn]
            }
            Self::Amending => &[Self::Open, Self::Redrafting, Self::Rejected, Self::Withdrawn],
            Self::Redrafting => &[Self::Open, Self::Withdrawn],
            Self::Approved | Self::Rejected | Self::Withdrawn => &[],
        }
    }
}

impl fmt::Display for ReviewState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a person says about a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Exactly this may be acted upon.
    Approve,
    /// Small changes, made by hand; then it comes back.
    Minor {
        /// What to change.
        comment: String,
    },
    /// A new attempt with these words.
    Major {
        /// What the next attempt must heed.
        comment: String,
    },
    /// Nothing will come of it.
    Reject {
        /// Why.
        comment: String,
        /// Why, as one of a few words that can be counted; none where the person named none.
        reason: Option<Reason>,
    },
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $told:literal;)+) => {
        /// Why a brief was rejected, in words that can be counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$doc])* $name),+ }

        impl Reason {
            /// Every reason, in the order of forms.
            pub const ALL: [Self; 9] = [$(Self::$name),+];
            /// The words of them, in the same order.
            pub const WORDS: [&str; 9] = [$($word),+];

            /// The word in tables, receipts, API and CLI.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// The same for people; the comment of a rejection that has no other.
            #[must_use]
            pub fn told(self) -> &'static str {
                match self { $(Self::$name => $told),+ }
            }
        }
    };
}

reasons! {
    /// It asks for nothing.
    NoRequest = "no_request", "it is no request";
    /// Advertising, or an attempt to deceive.
    Spam = "spam", "spam or an attempt to deceive";
    /// Another request says the same.
    Duplicate = "duplicate", "a duplicate of another request";
    /// Somebody dealt with it elsewhere.
    Handled = "handled", "dealt with elsewhere";
    /// Not for this client, or not offered.
    OutOfScope = "out_of_scope", "not something we do";
    /// The brief says what the request does not.
    WrongFacts = "wrong_facts", "the brief has facts wrong";
    /// The brief proposes the wrong thing.
    WrongProposal = "wrong_proposal", "the brief proposes the wrong thing";
    /// Acting upon it could do harm.
    Harmful = "harmful", "acting on it could do harm";
    /// Anything else; the comment says it.
    Other = "other", "another reason";
}

impl Reason {
    /// Reads the word.
    ///
    /// # Errors
    /// [`Illegal::UnknownReason`].
    pub fn parse(word: &str) -> Result<Self, Illegal> {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == word);
        found.ok_or_else(|| Illegal::UnknownReason { given: word.chars().take(40).collect() })
    }

    /// The reason that free words open with, and what stands behind it: `spam`, or `Out of scope: we have no vans`. A reason that a
    /// sentence merely begins with, as in `spam filter is down`, is none; neither is another reason of which nothing is said.
    #[must_use]
    pub fn opening(words: &str) -> Option<(Self, &str)> {
        let words = words.trim_start();
        let end = words.find([':', ',', ';', '.', '\n']).unwrap_or(words.len());
        let (first, rest) = words.split_at_checked(end)?;
        let word = first.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        let rest = rest.trim_start_matches([':', ',', ';', '.']).trim();
        Self::parse(&word).ok().filter(|reason| *reason != Self::Other || !rest.is_empty()).map(|reason| (reason, rest))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Verdict {
    /// From the words of API and CLI, for a verdict without a counted reason.
    ///
    /// # Errors
    /// As [`Verdict::with`].
    pub fn parse(word: &str, comment: Option<&str>) -> Result<Self, Illegal> {
        Self::with(word, comment, None)
    }

    /// From the words of an answer by mail: a rejection that opens with one of the counted reasons has it.
    ///
    /// # Errors
    /// As [`Verdict::with`].
    pub fn said(word: &str, comment: Option<&str>) -> Result<Self, Illegal> {
        match comment.filter(|_| word == "reject").and_then(Reason::opening) {
            Some((reason, rest)) => Self::with(word, Some(rest), Some(reason.as_str())),
            None => Self::parse(word, comment),
        }
    }

    /// From the words of desk, API and CLI. A rejection for one of the counted reasons needs no further words, save for another reason.
    ///
    /// # Errors
    /// [`Illegal::UnknownVerdict`]; [`Illegal::NoComment`] when one is needed; [`Illegal::UnknownReason`]; [`Illegal::NoReasonHere`].
    pub fn with(word: &str, comment: Option<&str>, reason: Option<&str>) -> Result<Self, Illegal> {
        let comment = comment.map(str::trim).unwrap_or_default();
        if comment.len() > MAX_COMMENT_BYTES {
            return Err(Illegal::LongComment);
        }
        let reason = reason.map(Reason::parse).transpose()?;
        if reason.is_some() && word != "reject" {
            return Err(Illegal::NoReasonHere);
        }
        let comment = match reason {
            Some(reason) if comment.is_empty() && reason != Reason::Other => reason.told(),
            _ => comment,
        };
        let needed = |verdict: fn(String) -> Self, what: &'static str| {
            if comment.is_empty() { Err(Illegal::NoComment { what }) } else { Ok(verdict(comment.to_owned())) }
        };
        match word {
            "approve" => Ok(Self::Approve),
            "minor" => needed(|comment| Self::Minor { comment }, "what to change"),
            "major" => needed(|comment| Self::Major { comment }, "what the next attempt must heed"),
            "reject" if comment.is_empty() => Err(Illegal::NoComment { what: "the reason" }),
            "reject" => Ok(Self::Reject { comment: comment.to_owned(), reason }),
            other => Err(Illegal::UnknownVerdict { given: other.chars().take(40).collect() }),
        }
    }

    /// The word in tables, API and CLI.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Minor { .. } => "minor",
            Self::Major { .. } => "major",
            Self::Reject { .. } => "reject",
        }
    }

    /// What the person wrote.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        match self {
            Self::Approve => None,
            Self::Minor { comment } | Self::Major { comment } | Self::Reject { comment, .. } => Some(comment),
        }
    }

    /// The counted reason of a rejection.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Reject { reason, .. } => *reason,
            _ => None,
        }
    }
}

/// Longest comment of a decision, in bytes.
pub const MAX_COMMENT_BYTES: usize = 10_000;

/// One person's approval of one digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub user: String,
    /// Digest of the revision they saw.
    pub digest: String,
    /// When.
    pub at: Timestamp,
}

/// One person's approval of one digest together with one plan of writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who.
    pub user: String,
    /// Digest of the revision.
    pub digest: String,
    /// Digest of the plan.
    pub plan: String,
    /// When.
    pub at: Timestamp,
}

/// What the pilot demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many different people must approve the same digest; at least 1.
    pub approvals: u32,
    /// How many attempts the generator may make, the first included.
    pub attempts: u32,
}

/// A brief as review sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Where it stands.
    pub state: ReviewState,
    /// Number of the revision that stands, from 1.
    pub revision: u32,
    /// Its digest: lowercase hex SHA-256 of the content's canonical bytes.
    pub digest: String,
    /// Which attempt of the generator this is, from 1.
    pub attempt: u32,
    /// Approvals given so far, whatever digest they were for.
    pub approvals: Vec<Approval>,
}

/// What follows from a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Enough people approved.
    Approved(Approved),
    /// One more approval counted; more are needed.
    Counted {
        /// Different people so far, this one included.
        have: u32,
        /// How many are needed.
        need: u32,
    },
    /// Waits for a new revision by hand.
    Amending,
    /// The generator tries again.
    Redrafting {
        /// Number of the coming attempt.
        attempt: u32,
    },
    /// Over.
    Rejected,
}

impl Outcome {
    /// The state after it.
    #[must_use]
    pub fn state(&self) -> ReviewState {
        match self {
            Self::Approved(_) => ReviewState::Approved,
            Self::Counted { .. } => ReviewState::Open,
            Self::Amending => ReviewState::Amending,
            Self::Redrafting { .. } => ReviewState::Redrafting,
            Self::Rejected => ReviewState::Rejected,
        }
    }
}

/// Proof that enough named people approved exactly one digest. No public constructor: see the invariant above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    digest: String,
    plan: Option<String>,
    by: Vec<String>,
}

impl Approved {
    /// Digest of the content that was approved.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Digest of the plan of writes that all of them were shown; `None`: none is approved.
    #[must_use]
    pub fn plan(&self) -> Option<&str> {
        self.plan.as_deref()
    }

    /// Who approved, in order.
    #[must_use]
    pub fn by(&self) -> &[String] {
        &self.by
    }
}

/// Why a verdict or an edit cannot stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// Not a verdict.
    #[error("`{given}` is no decision; use `approve`, `minor`, `major` or `reject` (OP-4001)")]
    UnknownVerdict {
        /// What was given.
        given: String,
    },
    /// A verdict that needs words came without.
    #[error("this decision needs a comment: {what}; add it and send again (OP-4002)")]
    NoComment {
        /// What the comment should say.
        what: &'static str,
    },
    /// Not one of the reasons.
    #[error("`{given}` is no reason of a rejection; `opspilot review reject --help` lists them (OP-4008)")]
    UnknownReason {
        /// What was given.
        given: String,
    },
    /// A reason that goes with nothing.
    #[error("a reason goes with a rejection alone; leave it out (OP-4009)")]
    NoReasonHere,
    /// Too long.
    #[error("the comment is longer than 10000 bytes; shorten it (OP-4003)")]
    LongComment,
    /// The revision that was judged is not the one that stands.
    #[error("the brief has moved on to revision {revision} (`{digest}`); read it, then decide on that one (OP-4004)")]
    Moved {
        /// Number of the revision that stands.
        revision: u32,
        /// Its digest.
        digest: String,
    },
    /// No revision of the brief was ever the one that is named.
    #[error(
        "no revision of the brief has the digest `{given}`; revision {revision} (`{digest}`) stands: read it, and name its digest whole (OP-4004)"
    )]
    NoRevision {
        /// What was named.
        given: String,
        /// Number of the revision that stands.
        revision: u32,
        /// Its digest.
        digest: String,
    },
    /// Already over, or not decidable now.
    #[error("the brief is {state}; {remedy} (OP-4005)")]
    NotOpen {
        /// Where it stands.
        state: ReviewState,
        /// What can be done.
        remedy: &'static str,
    },
    /// The same person approved this digest before.
    #[error("you have approved this revision already; {more} more by other people needed (OP-4006)")]
    Again {
        /// How many are still missing.
        more: u32,
    },
    /// No attempt is left.
    #[error(
        "attempt {attempt} of {attempts} was the last the pilot allows; edit the brief by hand or reject it (OP-4007)"
    )]
    NoAttemptLeft {
        /// The attempt that stands.
        attempt: u32,
        /// The pilot's limit.
        attempts: u32,
    },
}

impl Review {
    /// What follows when `user` says `verdict` about the revision with `digest`.
    ///
    /// # Errors
    /// [`Illegal`]; nothing changes then.
    pub fn decide(
        &self,
        verdict: &Verdict,
        user: &str,
        digest: &str,
        rules: Rules,
        now: Timestamp,
    ) -> Result<Outcome, Illegal> {
        match self.state {
            ReviewState::Open => {}
            ReviewState::Amending => {
                if *verdict == Verdict::Approve || matches!(verdict, Verdict::Minor { .. }) {
                    return Err(Illegal::NotOpen {
                        state: self.state,
                        remedy: "make the small changes first, then decide",
                    });
                }
            }
            ReviewState::Redrafting => {
                return Err(Illegal::NotOpen {
                    state: self.state,
                    remedy: "wait for the next attempt, then decide on it",
                });
            }
            ReviewState::Approved | ReviewState::Rejected | ReviewState::Withdrawn => {
                return Err(Illegal::NotOpen {
                    state: self.state,
                    remedy: "it was decided before; nothing was changed now",
                });
            }
        }
        if digest != self.digest {
            return Err(Illegal::Moved { revision: self.revision, digest: self.digest.clone() });
        }
        match verdict {
            Verdict::Approve => {
                let mut by = self.approvers();
                let need = rules.approvals.max(1);
                if by.iter().any(|other| other == user) {
                    return Err(Illegal::Again { more: need.saturating_sub(count(&by)) });
                }
                by.push(user.to_owned());
                let approval = Approval { user: user.to_owned(), digest: digest.to_owned(), at: now };
                if count(&by) >= need {
                    Ok(Outcome::Approved(Approved { digest: approval.digest, plan: None, by }))
                } else {
                    Ok(Outcome::Counted { have: count(&by), need })
                }
            }
            Verdict::Minor { .. } => Ok(Outcome::Amending),
            Verdict::Major { .. } if self.attempt >= rules.attempts => {
                Err(Illegal::NoAttemptLeft { attempt: self.attempt, attempts: rules.attempts })
            }
            Verdict::Major { .. } => Ok(Outcome::Redrafting { attempt: self.attempt + 1 }),
            Verdict::Reject { .. } => Ok(Outcome::Rejected),
        }
    }

    /// Whether a person may put a new revision upon the one with `digest`.
    ///
    /// # Errors
    /// [`Illegal`] when it is decided, being redrafted, or has moved on.
    pub fn may_edit(&self, digest: &str) -> Result<(), Illegal> {
        match self.state {
            ReviewState::Open | ReviewState::Amending if digest == self.digest => Ok(()),
            ReviewState::Open | ReviewState::Amending => {
                Err(Illegal::Moved { revision: self.revision, digest: self.digest.clone() })
            }
            state => Err(Illegal::NotOpen { state, remedy: "only an undecided brief can be edited" }),
        }
    }

    /// The approval on record, when the state says approved and enough people approved the digest that stands.
    #[must_use]
    pub fn approved(&self, rules: Rules) -> Option<Approved> {
        let by = self.approvers();
        (self.state == ReviewState::Approved && count(&by) >= rules.approvals.max(1)).then(|| Approved {
            digest: self.digest.clone(),
            plan: None,
            by,
        })
    }

    /// The approval on record of this revision together with one plan of writes: enough different people were shown exactly that plan.
    #[must_use]
    pub fn approved_with(&self, rules: Rules, plan: &str, shown: &[Shown]) -> Option<Approved> {
        let by = self.shown(plan, shown);
        (self.state == ReviewState::Approved && count(&by) >= rules.approvals.max(1)).then(|| Approved {
            digest: self.digest.clone(),
            plan: Some(plan.to_owned()),
            by,
        })
    }

    /// Different people who approved the digest that stands together with this plan, in order.
    #[must_use]
    pub fn shown(&self, plan: &str, shown: &[Shown]) -> Vec<String> {
        let mut by: Vec<String> = Vec::new();
        for shown in shown.iter().filter(|shown| shown.digest == self.digest && shown.plan == plan) {
            if !by.contains(&shown.user) {
                by.push(shown.user.clone());
            }
        }
        by
    }

    /// Different people who approved the digest that stands, in order.
    fn approvers(&self) -> Vec<String> {
        let mut by: Vec<String> = Vec::new();
        for approval in self.approvals.iter().filter(|approval| approval.digest == self.digest) {
            if !by.contains(&approval.user) {
                by.push(approval.user.clone());
            }
        }
        by
    }
}

fn count(by: &[String]) -> u32 {
    u32::try_from(by.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
