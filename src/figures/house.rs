//! How the whole house stands, for whoever keeps it running: what works, what waits, what went aside. Own file because it is of now, not of
//! a span, and of no pilot in particular. INVARIANT: counts alone; nothing of what is in a request.

use crate::store::{Store, StoreError, Tally, WritesAside};
use jiff::Timestamp;
use serde::Serialize;

/// A source that is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// When its far side last answered.
    pub proven_at: Option<Timestamp>,
    /// When it was last compared with what its far side holds.
    pub reconciled_at: Option<Timestamp>,
}

/// Writing that is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// Pilot.
    pub pilot: String,
    /// Sink; `None`: the whole pilot.
    pub sink: Option<String>,
    /// Why.
    pub reason: String,
    /// Who; `None`: a trigger of the pilot's.
    pub by: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// What waits and what works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Queues {
    /// Requests, all told.
    pub requests: i64,
    /// Runs that want a worker.
    pub available: i64,
    /// Since when the oldest of them does.
    pub oldest_available: Option<Timestamp>,
    /// Runs that are worked on.
    pub running: i64,
    /// Runs that are tried again later.
    pub retrying: i64,
    /// Runs that failed for good: dead letters.
    pub failed: i64,
    /// Runs of which a person must say what happened.
    pub uncertain: i64,
    /// Briefs that wait for people.
    pub undecided: i64,
    /// Since when the oldest of them does.
    pub oldest_undecided: Option<Timestamp>,
    /// Items in quarantine.
    pub quarantined: i64,
}

/// The house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct House {
    /// When.
    pub at: Timestamp,
    /// The release that runs.
    pub version: &'static str,
    /// `sqlite` or `postgres`.
    pub store: &'static str,
    /// Receipts in the log.
    pub receipts: u64,
    /// What waits and what works.
    pub queues: Queues,
    /// Sources that are read.
    pub sources: Vec<Source>,
    /// Letters that want a person, by state.
    pub letters_aside: Vec<(String, i64)>,
    /// Writes that want a person.
    pub writes_aside: Vec<WritesAside>,
    /// Writing that is stopped.
    pub stopped: Vec<Stopped>,
}

impl House {
    /// Reads it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn read(store: &Store, at: Timestamp) -> Result<Self, StoreError> {
        let tally: Tally = store.tally().await?;
        let when = |micros: Option<i64>| micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let queues = Queues {
            requests: tally.requests,
            available: tally.available,
            oldest_available: when(tally.oldest_available),
            running: tally.running,
            retrying: tally.retryable,
            failed: tally.discarded,
            uncertain: tally.uncertain,
            undecided: tally.undecided,
            oldest_undecided: when(tally.oldest_undecided),
            quarantined: store.quarantined().await?,
        };
        let sources = store.sources().await?.into_iter();
        let sources = sources
            .map(|row| Source { name: row.source, proven_at: row.proven_at, reconciled_at: row.reconciled_at })
            .collect();
        let mut stopped = Vec::new();
        for (pilot, standing) in store.standings().await? {
            stopped.extend(standing.pauses.into_iter().map(|pause| Stopped {
                pilot: pilot.clone(),
                sink: pause.sink,
                reason: pause.reason,
                by: pause.by,
                since: pause.at,
            }));
        }
        Ok(Self {
            at,
            version: env!("CARGO_PKG_VERSION"),
            store: if store.is_shared() { "postgres" } else { "sqlite" },
            receipts: store.last_receipt().await?,
            queues,
            sources,
            letters_aside: store.letters_aside().await?,
            writes_aside: store.writes_aside().await?,
            stopped,
        })
    }
}
