//! Asking a language model: one question, one answer, and what it cost. Own file because the rooms that write questions know nothing of
//! HTTP, and a connector knows nothing of briefs. INVARIANT: one call of [`Model::ask`] is one call to the far side: a connector never
//! repeats one, because somebody must have reserved what each costs.

use crate::{BoxFuture, ConnectorError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The daemon.
    User,
    /// The model, earlier.
    Model,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Who.
    pub speaker: Speaker,
    /// What, plain text.
    pub text: String,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the model is told to do; holds no word from outside.
    pub system: String,
    /// The conversation, oldest first. The first and the last are the daemon's.
    pub turns: Vec<Turn>,
    /// The shape of the answer: the JSON Schema (draft 2020-12) of an object. A far side that knows schemas is held to it.
    pub schema: Arc<serde_json::Value>,
    /// The shape's name: 1 to 64 letters, digits, `_` or `-`.
    pub schema_name: &'static str,
    /// How long the answer may be at most, in tokens.
    pub max_output: u32,
    /// Names this call in the log of the far side: 1 to 64 printable ASCII characters, never used twice.
    pub key: String,
}

impl Question {
    /// An upper bound of the tokens that the far side reads. Every token stands for at least one byte, and every turn adds a few marks
    /// of its own; a far side that is shown the schema reads that too, within words of the vendor's (Anthropic counts up to some 800).
    #[must_use]
    pub fn most_input(&self) -> u64 {
        /// Marks around the system text and each turn, generously.
        const MARKS: usize = 64;
        /// A vendor's own words around a schema.
        const AROUND: usize = 1024;
        let turns: usize = self.turns.iter().map(|turn| turn.text.len() + MARKS).sum();
        let schema = self.schema.to_string().len() + AROUND;
        u64::try_from(self.system.len() + MARKS + schema + turns).unwrap_or(u64::MAX)
    }
}

/// What the far side says it counted, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Read.
    pub input: u64,
    /// Of those, read from a cache.
    pub cached: u64,
    /// Written, thinking included.
    pub output: u64,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was complete.
    Complete,
    /// It reached the limit of its length and is cut.
    Length,
    /// The far side declined to answer.
    Declined,
    /// For a reason of the far side's own, in its words.
    Other(String),
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the model said. Text from outside: nothing about it is known, not even that it is JSON.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// The model that answered, by its own word.
    pub model: Option<String>,
    /// What was counted, when it was reported. A count that cannot be read is no count.
    pub usage: Option<Usage>,
    /// From asking to the first byte of the answer.
    pub first_byte: Duration,
    /// From asking to its last.
    pub whole: Duration,
}

/// What a call that brought no answer may have cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Nothing: the far side did no work, by the meaning of its answer, or was never reached.
    Nothing,
    /// Nobody knows: the question was sent and the answer did not arrive whole.
    Unknown,
    /// This much.
    Counted(Usage),
}

/// No answer.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Unanswered {
    /// What happened. `Rejected`: this question will never pass; `RateLimited`, `Transient`: later; `Unauthorised`, `Misconfigured`:
    /// none until a person acts.
    #[source]
    pub error: ConnectorError,
    /// What it may have cost.
    pub charge: Charge,
}

/// A model. Futures may be dropped at any await; what the call cost is then unknown.
pub trait Model: Send + Sync {
    /// The name that is asked for, as the far side and the table of prices know it.
    fn model(&self) -> &str;

    /// Does what real work does, up to and without a question: nothing that costs. Says what a person must fix.
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>>;

    /// Asks once.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Unanswered>>;
}
