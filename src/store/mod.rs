//! The store: one interface of domain verbs over two databases. Rooms above meet here and nowhere else. Verbs that change something
//! go through the writer's group commit and leave their receipts in the same transaction; reads use their own connections and never
//! wait for the writer. INVARIANT: no SQL outside this room, no network call inside a transaction.

#[cfg(test)]
pub(crate) mod conformance;
mod copies;
mod error;
mod open;
mod pack;
mod queue;
mod readers;
mod reads;
mod rewrite;
mod secret;
mod sql;
mod sqlite;
mod tx;
mod verbs;
mod work;
mod writer;

pub use error::StoreError;
pub use open::{Options, Url};
pub use pack::Packed;
pub use reads::{
    AsideRow, Backlog, BriefFilter, BriefRow, ComparedRow, DecidedRow, DecisionRow, FarSideRow, FileRow, InvitationRow,
    LETTER_STATES, LetterFilter, LetterRow, LogHead, MOST_COMPARED, MOST_SEARCHED, Page, PasskeyRow, PersonRow,
    PilotFigures, QuarantineFilter, QuarantineRow, QueueFilter, QueueHolder, QueuePage, QueuePlace, QueueRow,
    QueueTally, REQUEST_STATES, ReadRow, ReceiptRow, ReplyRow, ReportRow, RequestFilter, RequestView, ReservationRow,
    RevisionKey, RevisionRow, RunFilter, RunRow, ScheduleRow, Search, SessionRow, SlotRow, SourceRow, SpendRow,
    StepRow, Tally, TieRow, TokenRow, TrendDecision, TrendEdit, TrendRows, TrendSpend, ViewRow, WaitingRow, WeekRows,
    WriteFigures, WriteFilter, WriteRow, WritebackRow, WritesAside, report_digest,
};
pub use reads::{AttentionRow, ProbeDecided, ProbeRow};
pub use reads::{FeedbackEvent, FeedbackFilter, FeedbackRow};
pub use verbs::*;
pub use work::{ClaimedRun, Plant, Request};

use crate::clock::{Clock, Entropy};
use crate::domain::id::NodeId;
use crate::receipt::SigningKey;
use jiff::Timestamp;
use queue::{Queue, Verb};
use readers::Readers;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};
use work::Hire;

enum Backend {
    Sqlite {
        options: SqliteConnectOptions,
        /// For what a key finds.
        readers: Arc<Readers>,
        /// For lists and counts.
        walkers: SqlitePool,
        /// Keeps other daemons away from the file for as long as it is open.
        lock: Mutex<Option<std::fs::File>>,
    },
    Postgres {
        options: PgConnectOptions,
        readers: PgPool,
    },
}

impl Backend {
    /// An error that names the file it is about; a database server names itself.
    fn about(&self, cause: StoreError) -> StoreError {
        match self {
            Self::Sqlite { options, .. } => cause.about(options.get_filename()),
            Self::Postgres { .. } => cause,
        }
    }
}

struct Shared {
    backend: Backend,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    signer: Option<Arc<SigningKey>>,
    /// What keys the digests of people's words in receipts.
    secret: OnceLock<secret::Secret>,
    origin: String,
    hire: Mutex<Option<Hire>>,
    /// Older work waits: what comes in now must queue behind it.
    crowded: AtomicBool,
    waiting: AtomicI64,
    wake: Notify,
    /// Commits so far, for whoever works beside the writer.
    commits: AtomicU64,
    /// When the commits at hand were begun, at most one for each writer.
    begun: Mutex<Vec<Instant>>,
    /// The store closes.
    closing: Notify,
}

impl Shared {
    fn receipt_id(&self, at: Timestamp) -> String {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        let id = crate::domain::id::DecisionId::new(at, random);
        format!("rct_{}", id.suffix())
    }

    fn place(&self) -> Option<(mpsc::OwnedPermit<ClaimedRun>, Hire)> {
        if self.crowded.load(Ordering::Relaxed) {
            return None;
        }
        let hire = self.hire.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let permit = hire.sender.clone().try_reserve_owned().ok()?;
        Some((permit, hire))
    }
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    writers: Arc<Mutex<Vec<tokio::task::JoinHandle<()>>>>,
}

impl Store {
    /// Queues a verb, waits for the commit. Refused at once when too much is queued.
    async fn submit<V: Verb>(&self, verb: V) -> Result<V::Out, StoreError> {
        self.queue.submit(verb, false).await
    }

    /// As [`Self::submit`], waiting for room: for work that was accepted before and must not be dropped.
    async fn submit_patiently<V: Verb>(&self, verb: V) -> Result<V::Out, StoreError> {
        self.queue.submit(verb, true).await
    }

    /// Hires the local worker: from now on a new request is leased to it in the transaction that accepts it, as long as it has room
    /// for `capacity` and nothing older waits. The runs come out of the receiver.
    #[must_use]
    pub fn hire(&self, node: &NodeId, lease: Duration, capacity: usize) -> mpsc::Receiver<ClaimedRun> {
        let (sender, receiver) = mpsc::channel(capacity);
        let lease_micros = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        let hire = Hire { node: node.clone(), lease_micros, sender };
        *self.shared.hire.lock().unwrap_or_else(PoisonError::into_inner) = Some(hire);
        receiver
    }

    /// The way to the hired worker, for work found in the database.
    #[must_use]
    pub fn local_queue(&self) -> Option<mpsc::Sender<ClaimedRun>> {
        self.shared.hire.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|hire| hire.sender.clone())
    }

    /// The local worker takes nothing new.
    pub fn dismiss(&self) {
        self.shared.hire.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Tells whether older work waits in the database, and how much: new work queues behind it.
    pub fn set_waiting(&self, runs: i64) {
        self.shared.waiting.store(runs, Ordering::Relaxed);
        self.shared.crowded.store(runs > 0, Ordering::Relaxed);
    }

    /// How many runs waited for a worker when it was last counted.
    #[must_use]
    pub fn waiting(&self) -> i64 {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Resolves when there may be work: a hint, polling must go on.
    pub async fn woken(&self) {
        self.shared.wake.notified().await;
    }

    /// Passes PostgreSQL's notices on to the local worker until the connection is lost.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it is lost; SQLite has no notices and never returns.
    pub async fn listen(&self) -> Result<(), StoreError> {
        let Backend::Postgres { options, .. } = &self.shared.backend else { return std::future::pending().await };
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let mut listener = sqlx::postgres::PgListener::connect_with(&pool).await?;
        listener.listen("opspilot_run").await?;
        loop {
            listener.recv().await?;
            self.shared.wake.notify_one();
        }
    }

    /// Wakes the local worker.
    pub fn wake(&self) {
        self.shared.wake.notify_one();
    }

    /// The time, as the store sees it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Ten random bytes, for an identifier.
    #[must_use]
    pub fn chance(&self) -> [u8; 10] {
        let mut random = [0; 10];
        self.shared.entropy.fill(&mut random);
        random
    }

    /// Fills a buffer with random bytes, for a secret.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.shared.entropy.fill(bytes);
    }

    /// For how long the oldest commit at hand has lasted.
    #[must_use]
    pub fn committing_for(&self) -> Duration {
        let begun = self.shared.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.iter().map(Instant::elapsed).max().unwrap_or_default()
    }

    /// Whether several daemons may share this store.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.shared.backend, Backend::Postgres { .. })
    }
}

/// Starts a writer or the one who tends its log. The store owns them: they end with it, and `close` waits for them.
#[expect(clippy::disallowed_methods, reason = "the store owns its writers")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
    tokio::spawn(task)
}

/// As [`spawn`], on a thread where it may wait for the disk.
fn spawn_on_thread(task: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
    tokio::task::spawn_blocking(move || tokio::runtime::Handle::current().block_on(task))
}
