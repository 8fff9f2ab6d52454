//! Group commit: verbs queue up while the disk is busy and go down together in one transaction, one statement per kind. A lone
//! caller waits for nobody; a crowd shares one sync. Own file because it is the only place that begins and ends transactions.
//! INVARIANT: a caller is answered only after the commit, and every commit carries its receipts and a signed head of the log.

use super::StoreError;
use super::queue::{Group, Jobs};
use super::sql::Conn;
use super::sqlite::Sqlite;
use super::tx::{Tx, seal};
use super::{Backend, Shared};
use crate::failpoint;
use futures_util::FutureExt as _;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Verbs per transaction at most; more would make the first caller of a crowd wait for the last.
const LARGEST_BATCH: usize = 256;

/// The writing end of one connection; runs until the queue is closed and empty. On SQLite it waits for the disk where it runs, so it
/// wants a thread of its own.
pub(super) async fn write(shared: Arc<Shared>, jobs: Jobs) {
    let mut conn: Option<Held> = None;
    loop {
        let groups = jobs.next(LARGEST_BATCH).await;
        if groups.is_empty() {
            break;
        }
        // A fault in a verb costs its batch, whose callers are told, and the connection; never the writer.
        if AssertUnwindSafe(commit(&shared, &mut conn, groups)).catch_unwind().await.is_err() {
            tracing::error!("a batch was given up by a fault of the program; nothing of it was written");
            conn = None;
        }
    }
    if let Some(held) = conn {
        held.close().await;
    }
}

/// How often the log of a SQLite store is folded into its file.
const FOLD_EVERY: Duration = Duration::from_millis(250);

/// Folds SQLite's log into its file beside the writer, so that callers do not wait for it; until the store closes. Passive: it neither
/// waits for readers nor keeps the writer waiting. The writer's own threshold stays as the backstop.
pub(super) async fn fold(shared: Arc<Shared>, file: PathBuf) {
    let mut conn: Option<Sqlite> = None;
    let mut folded = 0;
    loop {
        tokio::select! {
            () = shared.closing.notified() => break,
            () = tokio::time::sleep(FOLD_EVERY) => {}
        }
        let commits = shared.commits.load(std::sync::atomic::Ordering::Relaxed);
        if commits == folded {
            continue;
        }
        if conn.is_none() {
            conn = Sqlite::open(&file).ok();
        }
        let Some(mut held) = conn.take() else { continue };
        let fold = tokio::task::spawn_blocking(move || held.raw("PRAGMA wal_checkpoint(PASSIVE)").map(|()| held));
        match fold.await {
            Ok(Ok(held)) => (conn, folded) = (Some(held), commits),
            Ok(Err(cause)) => {
                tracing::debug!(error = %cause, "the log could not be folded now; the writer does it when it must");
            }
            Err(_) => break,
        }
    }
}

async fn commit(shared: &Shared, conn: &mut Option<Held>, mut groups: Vec<Box<dyn Group>>) {
    let jobs: usize = groups.iter().map(|group| group.len()).sum();
    let begun = Begun::now(shared);
    let outcome = attempt(shared, conn, &mut groups).await;
    metrics::histogram!("opspilot_store_commit_seconds").record(begun.at.elapsed().as_secs_f64());
    drop(begun);
    metrics::histogram!("opspilot_store_batch_size").record(jobs as f64);
    match outcome {
        Ok(()) => groups.into_iter().for_each(|group| group.answer(None)),
        Err(cause) if jobs > 1 => {
            // One verb that cannot be written must not take the others with it: each alone, in its own transaction.
            tracing::warn!(error = %cause, jobs, "a batch could not be committed, trying its verbs one by one");
            for single in groups.into_iter().flat_map(Group::split) {
                let mut alone = vec![single];
                let outcome = attempt(shared, conn, &mut alone).await;
                alone.into_iter().for_each(|group| group.answer(outcome.as_ref().err()));
            }
        }
        Err(cause) => groups.into_iter().for_each(|group| group.answer(Some(&cause))),
    }
}

/// A commit at hand, until it ends in whatever way.
struct Begun<'s> {
    at: Instant,
    shared: &'s Shared,
}

impl<'s> Begun<'s> {
    fn now(shared: &'s Shared) -> Self {
        let at = Instant::now();
        shared.begun.lock().unwrap_or_else(PoisonError::into_inner).push(at);
        Self { at, shared }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.shared.begun.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| *other != self.at);
    }
}

async fn attempt(shared: &Shared, conn: &mut Option<Held>, groups: &mut [Box<dyn Group>]) -> Result<(), StoreError> {
    let mut held = match conn.take() {
        Some(held) => held,
        None => Held::open(&shared.backend).await?,
    };
    let outcome = transact(shared, &mut held, groups).await.map_err(|cause| shared.backend.about(cause));
    // After an error the connection is thrown away, and any open transaction with it, unless it proves to be well.
    if outcome.is_ok() || held.recover().await {
        *conn = Some(held);
    }
    outcome
}

async fn transact(shared: &Shared, held: &mut Held, groups: &mut [Box<dyn Group>]) -> Result<(), StoreError> {
    let mut tx = Tx::begin(held.conn(), shared).await?;
    for group in groups {
        group.run(&mut tx).await?;
    }
    let head = seal(&mut tx).await?;
    if tx.wakes && tx.conn.is_postgres() {
        tx.conn.run("SELECT pg_notify('opspilot_run', '')", vec![]).await?;
    }
    failpoint::pass("store.before_commit");
    tx.commit(head).await?;
    shared.commits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    failpoint::pass("store.after_commit");
    for (permit, run) in tx.born {
        permit.send(run);
    }
    if tx.wakes {
        shared.wake.notify_one();
    }
    Ok(())
}

/// A connection that this writer owns.
pub(super) enum Held {
    Sqlite(Sqlite),
    Postgres(PgConnection),
}

impl Held {
    pub(super) async fn open(backend: &Backend) -> Result<Self, StoreError> {
        Ok(match backend {
            Backend::Sqlite { options, .. } => Self::Sqlite(Sqlite::open(options.get_filename())?),
            Backend::Postgres { options, .. } => {
                let connect = PgConnection::connect_with(options);
                let limit = Duration::from_secs(5);
                Self::Postgres(tokio::time::timeout(limit, connect).await.map_err(|_| StoreError::Unavailable {
                    reason: "the database did not answer within 5 s".into(),
                })??)
            }
        })
    }

    pub(super) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Here(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }

    /// Ends whatever transaction is open; whether the connection is fit for another.
    async fn recover(&mut self) -> bool {
        // Outside a transaction SQLite calls ROLLBACK an error: harmless, the question after it decides.
        let _ = self.conn().raw("ROLLBACK").await;
        match self {
            Self::Sqlite(conn) => conn.is_well(),
            Self::Postgres(conn) => conn.ping().await.is_ok(),
        }
    }

    async fn close(self) {
        // SQLite folds its log when it is dropped; an error at the end loses nothing that was acknowledged.
        if let Self::Postgres(conn) = self {
            let _ = conn.close().await;
        }
    }
}
