//! What can be asked for: the actions, their groups, and the kinds of thing each applies to.
//!
//! Names are a promise: they stand in policies, token scopes, receipts and logs.
//! INVARIANT: this list and `config/policies/schema.cedarschema` say the same; a test compares them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::problem::UnknownWord;
use super::resource::Kind;

/// Groups of actions, as policies and token scopes may name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Look, change nothing.
    Read,
    /// Keep requests and runs moving.
    Operate,
    /// Edit, claim, decide.
    Review,
    /// The four decisions alone; part of [`Group::Review`].
    Decide,
    /// What cannot be taken back, and who may come in.
    Administer,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 5] = [Self::Read, Self::Operate, Self::Review, Self::Decide, Self::Administer];

    /// The name in policies and token scopes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Review => "review",
            Self::Decide => "decide",
            Self::Administer => "administer",
        }
    }

    /// Whether `action` belongs to this group.
    #[must_use]
    pub fn contains(self, action: Action) -> bool {
        action.groups().contains(&self)
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in [$($group:ident),*] on [$($kind:ident),+];)+) => {
        /// Everything that needs permission.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$doc])* $variant,)+
        }

        impl Action {
            /// Every action, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name, such as `review.approve`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The groups it belongs to, the narrow one first; none means: only by its own name.
            #[must_use]
            pub const fn groups(self) -> &'static [Group] {
                match self { $(Self::$variant => &[$(Group::$group),*],)+ }
            }

            /// The kinds of thing it can be asked on. `Pilot` and `System` stand for
            /// everything of that sort in the pilot or the installation.
            #[must_use]
            pub const fn kinds(self) -> &'static [Kind] {
                match self { $(Self::$variant => &[$(Kind::$kind),+],)+ }
            }
        }
    };
}

actions! {
    /// Hand a request in.
    RequestSubmit = "request.submit" in [Operate] on [Pilot];
    /// See a request and how it fared.
    RequestRead = "request.read" in [Read] on [Request, Pilot, System];
    /// Let a held request go on.
    RequestRelease = "request.release" in [Operate] on [Request];
    /// See the values that the data boundary masks, and the bytes as they came.
    RequestReveal = "request.reveal" in [] on [Request];
    /// Set a request aside for good, with a reason.
    RequestDrop = "request.drop" in [Operate] on [Request];
    /// Try a failed request again.
    RequestRetry = "request.retry" in [Operate] on [Request];
    /// Erase the content of a request.
    RequestErase = "request.erase" in [Administer] on [Request];
    /// See a brief and its revisions.
    BriefRead = "brief.read" in [Read] on [Brief, Pilot, System];
    /// Make a new revision of a brief.
    BriefEdit = "brief.edit" in [Review] on [Brief];
    /// Take a review to work on.
    ReviewClaim = "review.claim" in [Review] on [Review];
    /// Take over a review that somebody else has claimed.
    ReviewTakeover = "review.takeover" in [Review] on [Review];
    /// Decide: approve.
    ReviewApprove = "review.approve" in [Decide, Review] on [Review];
    /// Decide: minor changes.
    ReviewMinor = "review.minor" in [Decide, Review] on [Review];
    /// Decide: major changes.
    ReviewMajor = "review.major" in [Decide, Review] on [Review];
    /// Decide: reject.
    ReviewReject = "review.reject" in [Decide, Review] on [Review];
    /// See runs and their steps.
    RunRead = "run.read" in [Read] on [Run, Pilot, System];
    /// Try a failed run again.
    RunRetry = "run.retry" in [Operate] on [Run];
    /// Stop a run.
    RunCancel = "run.cancel" in [Operate] on [Run];
    /// See letters to people and what became of them.
    LetterRead = "letter.read" in [Read] on [Pilot, System];
    /// Say what became of a letter of which nobody knew.
    LetterSettle = "letter.settle" in [Operate] on [Pilot, System];
    /// Send a letter again that did not go or came back.
    LetterResend = "letter.resend" in [Operate] on [Pilot, System];
    /// See limits, and what was spent of them.
    SpendRead = "spend.read" in [Read] on [Pilot, System];
    /// Say what a call did cost that nobody counted.
    SpendSettle = "spend.settle" in [Operate] on [Pilot, System];
    /// Let a generator be asked again that was paused.
    GeneratorResume = "generator.resume" in [Operate] on [System];
    /// See what was and will be written into systems outside, and how the flags stand.
    WritebackRead = "writeback.read" in [Read] on [Brief, Pilot, System];
    /// Name the record outside that a brief goes to.
    WritebackTarget = "writeback.target" in [Review] on [Review];
    /// Approve the plan of writes of a brief that is approved already.
    WritebackApprove = "writeback.approve" in [Decide, Review] on [Review];
    /// Have an approved plan carried out: asked for whoever approved it, when it is planned and again when it is sent.
    WritebackSend = "writeback.send" in [Decide, Review] on [Review];
    /// Stop a write that was not sent.
    WritebackCancel = "writeback.cancel" in [Operate] on [Pilot];
    /// Say what became of a write of which nobody knew, or have one tried again.
    WritebackSettle = "writeback.settle" in [Operate] on [Pilot];
    /// Take back what was written.
    WritebackUndo = "writeback.undo" in [] on [Pilot];
    /// Turn a sink's flag on.
    FlagTurnOn = "flag.turn_on" in [] on [Pilot];
    /// Turn a sink's flag off.
    FlagTurnOff = "flag.turn_off" in [Operate] on [Pilot];
    /// Put a go, a no-go, an exception or a rollback plan on file.
    PilotState = "pilot.state" in [] on [Pilot];
    /// Switch a pilot's attention checks on and off.
    AttentionManage = "attention.manage" in [] on [Pilot];
    /// See what attention checks came to.
    AttentionRead = "attention.read" in [] on [Pilot];
    /// Say something about a screen.
    FeedbackGive = "feedback.give" in [Read] on [Pilot, System];
    /// See what people said about screens.
    FeedbackRead = "feedback.read" in [Operate] on [Pilot, System];
    /// Answer and close what people said about screens.
    FeedbackAnswer = "feedback.answer" in [Operate] on [Pilot, System];
    /// Stop writing for a while.
    WritingPause = "writing.pause" in [Operate] on [Pilot];
    /// Let writing go on.
    WritingResume = "writing.resume" in [] on [Pilot];
    /// See schedules and when they fall due.
    ScheduleRead = "schedule.read" in [Read] on [Pilot, System];
    /// Fire a schedule out of turn.
    ScheduleRun = "schedule.run" in [Operate] on [Pilot];
    /// See the weekly report.
    ReportRead = "report.read" in [Read] on [Pilot];
    /// See and verify receipts.
    ReceiptRead = "receipt.read" in [Read] on [Receipt, Pilot, System];
    /// Take receipts out of the house.
    ReceiptExport = "receipt.export" in [Operate] on [Receipt, Pilot, System];
    /// Add, change and disable users and their grants.
    UserManage = "user.manage" in [Administer] on [User, System];
    /// Make and revoke anybody's tokens.
    TokenManage = "token.manage" in [Administer] on [Token, System];
    /// Make and revoke one's own tokens.
    TokenManageOwn = "token.manage_own" in [] on [Token];
    /// Look after how one signs in oneself: sessions, password, passkeys.
    AccountManageOwn = "account.manage_own" in [] on [User];
    /// See workflow definitions.
    WorkflowRead = "workflow.read" in [Read] on [Pilot, System];
    /// See the configuration; secrets are never part of it.
    ConfigRead = "config.read" in [Operate] on [Pilot, System];
    /// See measurements.
    MetricsRead = "metrics.read" in [Read] on [Pilot, System];
}

impl Action {
    /// Position in [`Action::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Action {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.as_str() == word)
            .ok_or_else(|| UnknownWord::new("action", word, Self::ALL.iter().map(|a| a.as_str())))
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
