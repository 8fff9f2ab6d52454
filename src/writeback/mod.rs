//! Writing what was approved into systems outside: plans that people see to the byte, a gate that is asked before each call, effects that are
//! journalled, read back and can be taken back. INVARIANT: nothing is sent but through the gate, and nothing is sent twice that may have been
//! done once.
//!
//! ```text
//! plan ──► a person approves its hash ──► queued ──► claim ─ look ─ gate ─ intent │ send │ look ─ outcome
//!                                                    (one commit)   (one commit)  network  (one commit)
//! ```

mod act;
mod carry;
mod difference;
mod document;
mod figures;
mod gate;
mod hand;
mod mark;
mod rollback;
mod run;
mod trigger;

#[cfg(test)]
mod tests;

pub use act::{ActError, Agreed, Hindered, Shown, Undo, told};
pub use difference::{Contrast, difference};
pub use document::{UNNAMED, rolled_back, row, story, undone};
pub use hand::{Became, Hand, Said, Story, WritingError};
pub use mark::MARK_FILE;
pub use rollback::{Asked, Remains, RolledBack};
pub use run::{Pace, Side};

use crate::clock::Clock;
use crate::domain::pilot::Pilots;
use crate::plan::Planner;
use crate::policy::{Policies, Principal};
use crate::screen::Boundary;
use crate::store::{Store, StoreError};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use mark::Mark;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// Finds a person by identifier, with the roles they have now.
pub type Who = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Principal, StoreError>> + Send + Sync>;

/// What an operator decides about carrying out.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much goes to each sink, by name.
    pub paces: BTreeMap<String, Pace>,
    /// The longest one call may take.
    pub longest_call: Duration,
    /// First pause after a write was not taken; doubled for each further one.
    pub first_wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { paces: BTreeMap::new(), longest_call: Duration::from_secs(120), first_wait: Duration::from_secs(5) }
    }
}

/// How long a claim holds unless it is renewed: how long others wait after a daemon died.
const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// What the room stands on.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// The policies.
    pub policies: Policies,
    /// The pilots' rules.
    pub pilots: Pilots,
    /// Their data boundaries.
    pub boundaries: Arc<BTreeMap<String, Boundary>>,
    /// Rules and sinks.
    pub planner: Planner,
    /// Who people are.
    pub who: Who,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the operator decides.
    pub options: Options,
    /// Where [`MARK_FILE`] is kept; `None` for a store in memory.
    pub mark: Option<PathBuf>,
}

struct Inner {
    mark: Mark,
    parts: Parts,
    sides: Mutex<BTreeMap<String, Side>>,
    nudge: Notify,
}

/// The room. Cheap to clone.
#[derive(Clone)]
pub struct Writeback(Arc<Inner>);

impl Writeback {
    /// Nothing is running yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let mark = Mark::new(parts.mark.clone());
        Self(Arc::new(Inner { mark, parts, sides: Mutex::default(), nudge: Notify::new() }))
    }

    fn parts(&self) -> &Parts {
        &self.0.parts
    }

    fn now(&self) -> Timestamp {
        self.parts().clock.now()
    }

    /// Until when what is taken now is this daemon's, unless it is renewed.
    fn leased_until(&self) -> Timestamp {
        self.now() + LEASE
    }

    /// Something may be due: a hint, polling goes on.
    pub fn nudge(&self) {
        self.0.nudge.notify_one();
    }

    async fn nudged(&self) {
        self.0.nudge.notified().await;
    }
}
