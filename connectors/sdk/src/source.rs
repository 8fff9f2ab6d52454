//! Pulled sources: a folder, a mailbox, a program. The runtime asks for a batch, commits envelopes and cursor in one transaction,
//! and only then tells the source what became of it. INVARIANT: `poll` destroys nothing; only `settle` with [`Settled::Committed`]
//! may move a file or flag a message, so a crash anywhere between brings the same batch again.

use crate::{BoxFuture, ConnectorError, DedupKey, Envelope, Secret};
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

/// An item that can never be an envelope: too large, unreadable where it lies. The runtime keeps it as a quarantined item, so that
/// nothing is passed over in silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Recognises it when it is met again.
    pub key: DedupKey,
    /// Where it lies, for a person who looks for it there, such as `INBOX, message 42`.
    pub place: String,
    /// Stable code with a page in the handbook, such as `OP-2511`.
    pub code: &'static str,
    /// What is wrong with it and what to do; worded as a [`ConnectorError`], never the text of a request.
    pub reason: String,
}

/// What a poll brought.
#[derive(Debug, Default)]
pub struct Batch {
    /// Names it for `settle`; `None` when there is nothing to settle.
    pub id: Option<BatchId>,
    /// The envelopes, in order.
    pub envelopes: Vec<Envelope>,
    /// Items that can never be envelopes, met on the way. Committed with the rest; at most as many as the limit.
    pub refused: Vec<Refused>,
    /// Where the source stands after this batch.
    pub cursor: Option<Cursor>,
    /// How long the runtime should wait before asking again; `None`: at once, there is more.
    pub again_in: Option<Duration>,
    /// How far a long piece of work has come.
    pub progress: Option<Progress>,
    /// What the source must not forget and nobody may see, such as a refresh token that has just been exchanged for a new one. The
    /// runtime stores it in the transaction of the cursor, replacing what it stored before, and hands it back by [`Source::recall`].
    /// A source returns it at once and uses it for nothing before, so that a crash cannot lose the only copy.
    pub keep: Option<Secret>,
    /// Whether the far side has answered within this very poll: proof that reading works, not only that nothing was heard.
    pub proven: bool,
    /// What a person should see to soon though all is well today, such as credentials that expire in a few days.
    pub notice: Option<String>,
}

/// One item that the far side holds, whether it was read before or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Where it lies, such as `INBOX, message 42`.
    pub place: String,
    /// The key that an envelope or a [`Refused`] of it has; `None` when it cannot be read.
    pub key: Option<DedupKey>,
    /// Why the source passes it over on purpose, when the options say so.
    pub ignored: Option<String>,
}

/// A page of what the far side holds.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// The items.
    pub held: Vec<Held>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Cursor>,
    /// As [`Batch::keep`]: to be stored before the next page is asked for.
    pub keep: Option<Secret>,
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

    /// What the runtime stored for this source of [`Batch::keep`]; called before the first use and whenever the source comes back from
    /// another daemon.
    fn recall(&mut self, kept: Secret) {
        let _ = kept;
    }

    /// Waits until something may have come, at most about `at_most`; the runtime calls it instead of sleeping out [`Batch::again_in`].
    /// `None`, the default, when the source cannot tell and the runtime should sleep. A fault ends the wait; the next poll tells it.
    fn wait(&mut self, at_most: Duration) -> Option<BoxFuture<'_, ()>> {
        let _ = at_most;
        None
    }

    /// Another daemon reads the source now: lets go at once of what only one may hold, such as a session. A later poll begins anew.
    fn release(&mut self) {}

    /// A page of what the far side holds now, from the beginning or after a page's [`Inventory::next`], at most `limit` items, within
    /// the time of a poll; changes nothing outside. `None`, the default, when the far side keeps nothing that could be listed.
    /// A page may be empty and still have a next one. The answer is what `opspilot reconcile` compares with the store.
    fn inventory(
        &mut self,
        from: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<Inventory>, ConnectorError>> {
        let _ = (from, limit);
        Box::pin(async { Ok(None) })
    }

    /// Lets go of everything within a second, or the grace that the source's own options name: ends child processes, closes files.
    /// Called once, last. A source that is dropped without it lets go at once and without grace.
    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
