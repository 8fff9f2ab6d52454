//! The eight sections of a brief, version 1, and the list of what could not be verified.
//!
//! Its own file because this is the shape everybody else relies on: the desk shows it, a reviewer
//! edits it, a model has to answer in it, and an approval binds to its digest.
//! INVARIANT: a `Content` that parsed is within its limits (score 0 to 100, quotes not reversed,
//! list and text sizes bounded), so no reader has to check them again. Fields stand in the order of
//! their names, in which the canonical bytes have them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Longest text of one statement, in bytes.
pub const MAX_TEXT: usize = 8_000;
/// Most entries in one list of a brief.
pub const MAX_LIST: usize = 100;
/// Largest JSON form of a content that [`Content::from_json`](super::Content::from_json) reads, in bytes.
pub const MAX_JSON: usize = 512 * 1024;

/// A span of the normalised request text, as byte offsets: `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "RawQuote", try_from = "RawQuote")]
pub struct Quote {
    start: u32,
    end: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuote {
    end: u32,
    start: u32,
}

impl From<Quote> for RawQuote {
    fn from(quote: Quote) -> Self {
        RawQuote { end: quote.end, start: quote.start }
    }
}

impl TryFrom<RawQuote> for Quote {
    type Error = &'static str;
    fn try_from(raw: RawQuote) -> Result<Self, Self::Error> {
        Quote::new(raw.start, raw.end).ok_or("a quote must end after it starts")
    }
}

impl Quote {
    /// A span from byte `start` up to byte `end`; `None` when it would be empty or reversed.
    #[must_use]
    pub fn new(start: u32, end: u32) -> Option<Self> {
        (start < end).then_some(Quote { start, end })
    }

    /// First byte of the span.
    #[must_use]
    pub fn start(self) -> u32 {
        self.start
    }

    /// First byte after the span.
    #[must_use]
    pub fn end(self) -> u32 {
        self.end
    }

    /// The quoted words, or `None` when the span lies outside `text` or cuts a character.
    #[must_use]
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.start as usize..self.end as usize)
    }
}

/// A sentence of the brief together with the places of the request that carry it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Where the request says it; empty when the statement is about something absent. [`check`](super::check()) lists any other without.
    pub quotes: Vec<Quote>,
    /// What the brief says, plain text.
    pub text: String,
}

/// Priority from 0 (can wait for ever) to 100 (drop everything).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct Score(u8);

impl TryFrom<u64> for Score {
    type Error = &'static str;
    fn try_from(value: u64) -> Result<Self, Self::Error> {
        u8::try_from(value).ok().and_then(Score::new).ok_or("a priority score is a whole number from 0 to 100")
    }
}

impl Score {
    /// A score, or `None` above 100.
    #[must_use]
    pub fn new(value: u8) -> Option<Self> {
        (value <= 100).then_some(Score(value))
    }

    /// The nearest score to any number.
    #[must_use]
    pub fn clamped(value: f32) -> Self {
        // A float to integer cast saturates and turns NaN into 0, so this cannot leave the range.
        Score((value.clamp(0.0, 100.0)).round() as u8)
    }

    /// 0 to 100.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }

    /// The band a score falls into: urgent from 80, high from 60, normal from 30, low below.
    #[must_use]
    pub fn band(self) -> Band {
        match self.0 {
            80.. => Band::Urgent,
            60..80 => Band::High,
            30..60 => Band::Normal,
            _ => Band::Low,
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }
        impl $name {
            /// Every value, in rising order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The word used in the JSON form.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $($name::$variant => $word),+ } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

words! {
    /// How soon a request wants an answer.
    Band {
        /// Can wait.
        Low = "low",
        /// In turn.
        Normal = "normal",
        /// Before the rest.
        High = "high",
        /// Now.
        Urgent = "urgent",
    }
}

words! {
    /// How much could go wrong.
    Level {
        /// Nothing found.
        Low = "low",
        /// Worth a thought.
        Medium = "medium",
        /// A person with authority should look.
        High = "high",
        /// Harm to people, law or the business is in the room.
        Critical = "critical",
    }
}

words! {
    /// What a risk is about.
    RiskKind {
        /// Lawyers, regulators, breach of contract.
        Legal = "legal",
        /// Injury or danger to people.
        Safety = "safety",
        /// Break-in, phishing, leaked credentials.
        Security = "security",
        /// The client may leave.
        Churn = "churn",
        /// Money owed, refused, charged twice.
        Payment = "payment",
        /// Personal data is in the request or at stake.
        PersonalData = "personal_data",
        /// Something the client depends on does not work.
        Outage = "outage",
        /// Public complaint or press.
        Reputation = "reputation",
        /// The request contains text addressed to a program, not to a person.
        Instructions = "instructions",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// What should happen to the request next.
    Status {
        /// Nothing to do.
        Ignore = "ignore",
        /// A polite no.
        Decline = "decline",
        /// Put a time on it.
        Schedule = "schedule",
        /// Find out whether it is a fit.
        Qualify = "qualify",
        /// Ask before working.
        NeedsInfo = "needs_info",
        /// Answer first thing.
        RespondNow = "respond_now",
        /// Hand to somebody with authority.
        Escalate = "escalate",
    }
}

/// Priority with its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Priority {
    /// The band; normally [`Score::band`] of the score.
    pub band: Band,
    /// Why, each with quotes.
    pub reasons: Vec<Statement>,
    /// 0 to 100.
    pub score: Score,
}

/// One risk found in the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// What it is about.
    pub kind: RiskKind,
    /// Where the request shows it.
    pub quotes: Vec<Quote>,
    /// What the brief says about it.
    pub text: String,
}

/// Risk level with its factors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// What was found.
    pub factors: Vec<Factor>,
    /// Overall level.
    pub level: Level,
}

/// The status the brief recommends, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecommendedStatus {
    /// Why, in one or two sentences.
    pub reason: String,
    /// What should happen next.
    pub status: Status,
}

/// Something the request does not say and the work needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// Short name of what is missing, `snake_case`.
    pub field: String,
    /// The question to put to the client.
    pub question: String,
    /// Why the answer matters.
    pub why: String,
}

/// A proposed next action. Nothing in it is carried out by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// By which day in the pilot's time zone; absent when the request names none.
    #[serde(deserialize_with = "present")]
    pub due: Option<Date>,
    /// Whether it touches anything outside and so waits for a decision.
    pub needs_approval: bool,
    /// Who.
    pub owner: String,
    /// What to do.
    pub text: String,
}

/// One phase of the proposed work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// How one knows that it is over.
    pub exit: String,
    /// Name of the phase.
    pub phase: String,
    /// What is done in it.
    pub steps: Vec<String>,
}

/// Something in the brief which the request does not bear out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Where in the brief, e.g. `priority.reasons[0]`.
    pub path: String,
    /// What is wrong, e.g. "number not in the request: `400`".
    pub problem: String,
}

/// The content of a brief: what a reviewer reads, edits and approves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The work in phases.
    pub implementation_roadmap: Vec<Phase>,
    /// What has to be asked first.
    pub missing_information: Vec<Missing>,
    /// What to do, by whom, by when.
    pub next_actions: Vec<Action>,
    /// Where a price or payback comes from, when the request has figures for one.
    #[serde(deserialize_with = "present")]
    pub pricing_rationale: Option<Statement>,
    /// How soon.
    pub priority: Priority,
    /// What to do with the request.
    pub recommended_status: RecommendedStatus,
    /// What could go wrong.
    pub risk: Risk,
    /// What the checker could not find in the request. Shown, never hidden.
    #[serde(default)]
    pub unverified: Vec<Problem>,
    /// What is being asked, in a few sentences.
    pub workflow_summary: Statement,
}

/// Lets `null` through but not an absent key: a section that is left out by mistake must not read
/// as "there is none".
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}
