//! Pulled sources: a folder, a mailbox, a program. The runtime asks for a batch, commits envelopes and cursor in one transaction,
//! and only then tells the source what became of it. INVARIANT: `poll` destroys nothing; only `settle` with [`Settled::Committed`]
//! may move a file or flag a message, so a crash anywhere between brings the same batch again.

use crate::{BoxFuture, ConnectorError, Envelope};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where a source stands, in its own words; the runtime stores and returns it unread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// Names a batch between `poll` and `settle`, unique within a running source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BatchId(pub u64);

/// How far a long piece of work has come, for the progress line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being worked on, such as a file name.
    pub what: String,
    /// Done so far.
    pub done: u64,
    /// All there is, when known.
    pub total: Option<u64>,
    /// Unit of both, such as `bytes` or `rows`.
    pub unit: &'static str,
}

/// What a poll brought.
#[derive(Debug, Default)]
pub struct Batch {
    /// Names it for `settle`; `None` when there is nothing to settle.
    pub id: Option<BatchId>,
    /// The envelopes, in order.
    pub envelopes: Vec<Envelope>,
    /// Where the source stands after this batch.
    pub cursor: Option<Cursor>,
    /// How long the runtime should wait before asking again; `None`: at once, there is more.
    pub again_in: Option<Duration>,
    /// How far a long piece of work has come.
    pub progress: Option<Progress>,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// All envelopes and the cursor are on disk.
    Committed,
    /// Nothing was stored; the same batch will be asked for again.
    Returned {
        /// Why, for the source's own log.
        reason: String,
    },
}

/// A pulled source. Futures may be dropped at any await: a dropped `poll` loses nothing, a dropped `settle` is made good by a repeat.
pub trait Source: Send {
    /// Does what real work does with short-lived resources of its own, and says what a person must fix.
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>>;

    /// The next envelopes after `after`, at most `limit`. May wait for up to a few seconds for something to come.
    fn poll(&mut self, after: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Batch, ConnectorError>>;

    /// Tells what became of a batch.
    fn settle(&mut self, batch: BatchId, outcome: Settled) -> BoxFuture<'_, Result<(), ConnectorError>>;

    /// Lets go of everything within a second, or the grace that the source's own options name: ends child processes, closes files.
    /// Called once, last. A source that is dropped without it lets go at once and without grace.
    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
