//! Group commit: verbs queue up while the disk is busy and go down together in one transaction, one statement per kind. A lone
//! caller waits for nobody; a crowd shares one sync. Own file because it is the only place that begins and ends transactions.
//! INVARIANT: a caller is answered only after the commit, and every commit carries its receipts and a signed head of the log.

use super::StoreError;
use super::queue::{Group, Queue};
use super::sql::{Conn, Many, values};
use super::work::Hire;
use super::{Backend, ClaimedRun, Shared};
use crate::failpoint;
use crate::receipt::{Body, Checkpoint, Entry, Fields, Frontier, sign_checkpoint};
use futures_util::FutureExt as _;
use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::Connection as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::OwnedPermit;

/// Verbs per transaction at most; more would make the first caller of a crowd wait for the last.
const LARGEST_BATCH: usize = 256;

/// An open transaction, as verbs see it.
pub(super) struct Tx<'c> {
    pub(super) conn: Conn<'c>,
    pub(super) shared: &'c Shared,
    entries: Vec<Entry>,
    pub(super) born: Vec<(OwnedPermit<ClaimedRun>, ClaimedRun)>,
    pub(super) wakes: bool,
}

/// What a receipt says, before it has its place in the log.
pub(super) struct Note<'a> {
    pub(super) at: Timestamp,
    pub(super) kind: &'a str,
    pub(super) tenant: &'a str,
    pub(super) pilot: Option<&'a str>,
    pub(super) subject: &'a str,
    pub(super) actor: &'a str,
}

impl Tx<'_> {
    /// Adds a receipt to this transaction.
    pub(super) fn receipt(&mut self, note: &Note<'_>, body: &Body) -> Result<(), StoreError> {
        let id = self.shared.receipt_id(note.at);
        let fields = Fields {
            id: &id,
            at: note.at,
            kind: note.kind,
            tenant: note.tenant,
            pilot: note.pilot,
            subject: note.subject,
            actor: note.actor,
        };
        self.entries.push(Entry::new(&fields, body).map_err(|cause| StoreError::corrupt(cause.to_string()))?);
        Ok(())
    }

    /// A place in the local worker's queue, when one is hired, has room, and nothing older waits.
    pub(super) fn place(&self) -> Option<(OwnedPermit<ClaimedRun>, Hire)> {
        self.shared.place()
    }
}

static INSERT_RECEIPTS: Many =
    Many { before: "INSERT INTO receipt (seq, subject, bytes, leaf) VALUES", columns: &["", "", "", ""], after: "" };

/// Seals the receipts of this transaction and moves the signed head.
async fn seal(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if tx.entries.is_empty() {
        return Ok(());
    }
    // Several daemons on one PostgreSQL take turns here, for as long as it takes to commit.
    let head = if tx.conn.is_postgres() {
        tx.conn.row("SELECT frontier FROM log_head WHERE id = 1 FOR UPDATE", vec![]).await?
    } else {
        tx.conn.row("SELECT frontier FROM log_head WHERE id = 1", vec![]).await?
    };
    let bytes = head.ok_or_else(|| StoreError::corrupt("the receipt log has no head"))?.bytes(0)?;
    let mut frontier =
        Frontier::from_bytes(&bytes).ok_or_else(|| StoreError::corrupt("the head of the receipt log is unreadable"))?;
    let mut rows = Vec::with_capacity(tx.entries.len() * 4);
    let mut at = 0;
    for entry in &tx.entries {
        let sealed = entry.seal(frontier.size() + 1);
        frontier.append(sealed.leaf);
        at = at.max(entry.at());
        rows.extend(values![i64::try_from(sealed.seq).unwrap_or(i64::MAX), entry.subject(), sealed.bytes, &sealed.leaf[..]]);
    }
    let note = signed_head(tx.shared, &frontier)?;
    tx.conn.run_many(&INSERT_RECEIPTS, rows).await?;
    tx.conn.run("UPDATE log_head SET frontier = $1, note = $2, at = $3 WHERE id = 1", values![frontier.to_bytes(), note, at]).await?;
    Ok(())
}

/// The signed note for a frontier.
pub(super) fn signed_head(shared: &Shared, frontier: &Frontier) -> Result<String, StoreError> {
    let key = shared.signer.as_ref().ok_or_else(|| StoreError::Unavailable {
        reason: "there is no receipt key; run `opspilot init`, or restore the keys folder".into(),
    })?;
    Checkpoint::new(&shared.origin, frontier.size(), frontier.root())
        .and_then(|checkpoint| sign_checkpoint(&checkpoint, &[key]))
        .map_err(|cause| StoreError::corrupt(cause.to_string()))
}

/// The writing end of one connection; runs until the queue is closed and empty.
pub(super) async fn write(shared: Arc<Shared>, queue: Arc<Queue>) {
    let mut conn: Option<Held> = None;
    loop {
        let groups = queue.next(LARGEST_BATCH).await;
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

async fn commit(shared: &Shared, conn: &mut Option<Held>, mut groups: Vec<Box<dyn Group>>) {
    let jobs: usize = groups.iter().map(|group| group.len()).sum();
    let begun = std::time::Instant::now();
    let outcome = attempt(shared, conn, &mut groups).await;
    metrics::histogram!("opspilot_store_commit_seconds").record(begun.elapsed().as_secs_f64());
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

async fn attempt(shared: &Shared, conn: &mut Option<Held>, groups: &mut [Box<dyn Group>]) -> Result<(), StoreError> {
    let mut held = match conn.take() {
        Some(held) => held,
        None => Held::open(&shared.backend).await?,
    };
    let outcome = transact(shared, &mut held, groups).await;
    // After an error the connection is thrown away, and any open transaction with it, unless it proves to be well.
    if outcome.is_ok() || held.recover().await {
        *conn = Some(held);
    }
    outcome
}

async fn transact(shared: &Shared, held: &mut Held, groups: &mut [Box<dyn Group>]) -> Result<(), StoreError> {
    let mut tx = Tx { conn: held.conn(), shared, entries: Vec::new(), born: Vec::new(), wakes: false };
    tx.conn.raw(if tx.conn.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" }).await?;
    for group in groups {
        group.run(&mut tx).await?;
    }
    seal(&mut tx).await?;
    if tx.wakes && tx.conn.is_postgres() {
        tx.conn.run("SELECT pg_notify('opspilot_run', '')", vec![]).await?;
    }
    failpoint::pass("store.before_commit");
    tx.conn.raw("COMMIT").await?;
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
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Held {
    pub(super) async fn open(backend: &Backend) -> Result<Self, StoreError> {
        Ok(match backend {
            Backend::Sqlite { writer, .. } => match SqliteConnection::connect_with(writer).await {
                Ok(conn) => Self::Sqlite(conn),
                Err(cause) => return Err(StoreError::unavailable(&cause).about(writer.get_filename())),
            },
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
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }

    /// Ends whatever transaction is open; whether the connection is fit for another.
    async fn recover(&mut self) -> bool {
        let mut conn = self.conn();
        // Outside a transaction SQLite calls ROLLBACK an error: harmless, the ping decides.
        let _ = conn.raw("ROLLBACK").await;
        conn.ping().await.is_ok()
    }

    async fn close(self) {
        // Closing checkpoints SQLite's log; an error here loses nothing that was acknowledged.
        let _ = match self {
            Self::Sqlite(conn) => conn.close().await,
            Self::Postgres(conn) => conn.close().await,
        };
    }
}
