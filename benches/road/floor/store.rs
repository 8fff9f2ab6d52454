//! The floor's store: one writer that commits in groups, a few readers, one drafter, over SQLite or PostgreSQL.
//!
//! Every change goes through one channel. The writer takes whatever is waiting, runs its statements in one transaction
//! and answers after the commit: groups form by themselves while the disk syncs, and a lone caller waits for nobody.
//! INVARIANT: requests are numbered in the order of their commits and drafted in that order, so the last brief tells
//! where drafting stands and nothing else has to be remembered.

use super::draft::{self, Brief};
use crate::Result;
use axum::body::Bytes;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgConnection, PgPool, SqliteConnection, SqlitePool};
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// The most changes in one transaction, and the most requests drafted at a time.
const GROUP: usize = 256;

/// What the writer is asked for.
#[derive(Debug)]
pub(super) enum Change {
    Accept { key: String, received: u64, body: Bytes },
    Park(Vec<Brief>),
    Decide { brief: i64, revision: String, state: &'static str, at: u64 },
}

/// What became of a change, told after the commit.
#[derive(Debug)]
pub(super) enum Outcome {
    Accepted(i64),
    Duplicate(i64),
    Parked,
    Decided,
    Stale { revision: String, state: String },
    Unknown,
}

struct Asked {
    change: Change,
    answer: oneshot::Sender<Outcome>,
}

enum Writer {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

#[derive(Clone)]
enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

macro_rules! on {
    ($readers:expr, |$pool:ident| $body:expr) => {
        match $readers {
            Readers::Sqlite($pool) => $body,
            Readers::Postgres($pool) => $body,
        }
    };
}

pub(super) struct Store {
    changes: mpsc::Sender<Asked>,
    readers: Readers,
    /// Briefs parked since the start.
    pub(super) parked: Arc<AtomicU64>,
}

/// The writer and the drafter; awaited when the program ends.
pub(super) struct Tasks {
    stop: Arc<Notify>,
    writer: JoinHandle<Result<()>>,
    drafter: JoinHandle<Result<()>>,
    readers: Readers,
}

impl Store {
    /// Opens or creates the store and starts its two tasks.
    pub(super) async fn open(url: &str) -> Result<(Self, Tasks)> {
        let (writer, readers) = connect(url).await?;
        let (changes, asked) = mpsc::channel(4 * GROUP);
        let (accepted, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let store = Self { changes, readers, parked: Arc::default() };
        let writer = tokio::spawn(write(writer, asked, Arc::clone(&accepted), Arc::clone(&stop)));
        let drafter =
            tokio::spawn(drafter(store.changes.clone(), store.readers.clone(), Arc::clone(&store.parked), accepted));
        let readers = store.readers.clone();
        Ok((store, Tasks { stop, writer, drafter, readers }))
    }

    /// Asks for a change and waits until it is on disk; `None` when the store did not take it.
    pub(super) async fn apply(&self, change: Change) -> Option<Outcome> {
        apply(&self.changes, change).await
    }

    /// Open briefs after a number: number, revision, score.
    pub(super) async fn open_briefs(&self, after: i64, limit: i64) -> sqlx::Result<Vec<(i64, String, i64)>> {
        const OPEN: &str = "select request, revision, score from brief where state = 'open' and request > $1 \
                            order by request limit $2";
        on!(&self.readers, |pool| sqlx::query_as(OPEN).bind(after).bind(limit).fetch_all(pool).await)
    }
}

impl Tasks {
    /// Lets the writer finish its group and close its connection.
    pub(super) async fn close(self) -> Result<()> {
        self.drafter.abort();
        // Readers would keep the writer from folding the whole log into the file.
        on!(&self.readers, |pool| pool.close().await);
        self.stop.notify_one();
        self.writer.await?
    }
}

async fn apply(changes: &mpsc::Sender<Asked>, change: Change) -> Option<Outcome> {
    let (answer, outcome) = oneshot::channel();
    changes.send(Asked { change, answer }).await.ok()?;
    outcome.await.ok()
}

async fn write(
    mut writer: Writer,
    mut asked: mpsc::Receiver<Asked>,
    accepted: Arc<Notify>,
    stop: Arc<Notify>,
) -> Result<()> {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        tokio::select! {
            taken = asked.recv_many(&mut group, GROUP) => if taken == 0 { break },
            () = stop.notified() => break,
        }
        let outcomes = match &mut writer {
            Writer::Sqlite(connection) => commit_sqlite(connection, &group).await,
            Writer::Postgres(connection) => commit_postgres(connection, &group).await,
        };
        match outcomes {
            Ok(outcomes) => {
                if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Accepted(_))) {
                    accepted.notify_one();
                }
                for (asked, outcome) in group.drain(..).zip(outcomes) {
                    // Who hung up meanwhile will find the row when it asks again.
                    let _ = asked.answer.send(outcome);
                }
            }
            Err(failure) => {
                eprintln!("a group of {} changes was rolled back: {failure}", group.len());
                group.clear();
            }
        }
    }
    match writer {
        Writer::Sqlite(mut connection) => {
            sqlx::raw_sql("pragma wal_checkpoint(truncate)").execute(&mut connection).await?;
            connection.close().await?;
        }
        Writer::Postgres(connection) => connection.close().await?,
    }
    Ok(())
}

/// Drafts what was accepted, in order, for as long as the program runs.
async fn drafter(
    changes: mpsc::Sender<Asked>,
    readers: Readers,
    parked: Arc<AtomicU64>,
    accepted: Arc<Notify>,
) -> Result<()> {
    const LAST: &str = "select coalesce(max(request), 0) from brief";
    const NEXT: &str = "select id, body from request where id > $1 order by id limit $2";
    let mut last: i64 = on!(&readers, |pool| sqlx::query_scalar(LAST).fetch_one(pool).await?);
    loop {
        let next: Vec<(i64, Vec<u8>)> =
            on!(&readers, |pool| sqlx::query_as(NEXT).bind(last).bind(GROUP as i64).fetch_all(pool).await?);
        let Some((newest, _)) = next.last() else {
            accepted.notified().await;
            continue;
        };
        let newest = *newest;
        let briefs = next.iter().map(|(request, body)| draft::draft(*request, body)).collect::<Result<Vec<_>, _>>()?;
        let count = briefs.len() as u64;
        if matches!(apply(&changes, Change::Park(briefs)).await, Some(Outcome::Parked)) {
            parked.fetch_add(count, Ordering::Relaxed);
            last = newest;
        }
    }
}

async fn connect(url: &str) -> Result<(Writer, Readers)> {
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let mut writer = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql(SQLITE_TABLES).execute(&mut writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(2).connect_with(options.read_only(true)).await?;
        return Ok((Writer::Sqlite(writer), Readers::Sqlite(readers)));
    }
    let options = PgConnectOptions::from_str(url)?;
    let mut writer = PgConnection::connect_with(&options).await?;
    sqlx::raw_sql(POSTGRES_TABLES).execute(&mut writer).await?;
    let readers = PgPoolOptions::new().max_connections(2).connect_with(options).await?;
    Ok((Writer::Postgres(writer), Readers::Postgres(readers)))
}

const SQLITE_TABLES: &str = "\
create table if not exists request (id integer primary key, key text not null unique, received integer not null, \
    body blob not null) strict;
create table if not exists brief (request integer primary key references request, revision text not null, \
    score integer not null, content text not null, state text not null) strict;
create index if not exists brief_open on brief (request) where state = 'open';
create table if not exists decision (brief integer primary key references brief, state text not null, \
    revision text not null, at integer not null) strict;";

const POSTGRES_TABLES: &str = "\
create table if not exists request (id bigserial primary key, key text not null unique, received bigint not null, \
    body bytea not null);
create table if not exists brief (request bigint primary key references request, revision text not null, \
    score bigint not null, content text not null, state text not null);
create index if not exists brief_open on brief (request) where state = 'open';
create table if not exists decision (brief bigint primary key references brief, state text not null, \
    revision text not null, at bigint not null);";

const ACCEPT: &str =
    "insert into request (key, received, body) values ($1, $2, $3) on conflict (key) do nothing returning id";
const KNOWN: &str = "select id from request where key = $1";
const PARK: &str = "insert into brief (request, revision, score, content, state) values ($1, $2, $3, $4, 'open')";
const DECIDE: &str = "update brief set state = $1 where request = $2 and revision = $3 and state = 'open'";
const DECIDED: &str = "insert into decision (brief, state, revision, at) values ($1, $2, $3, $4)";
const CURRENT: &str = "select revision, state from brief where request = $1";

/// The same statements over both databases: one group, one transaction.
macro_rules! commit {
    ($name:ident, $connection:ty, $begin:literal) => {
        async fn $name(connection: &mut $connection, group: &[Asked]) -> sqlx::Result<Vec<Outcome>> {
            let mut transaction = connection.begin_with($begin).await?;
            let mut outcomes = Vec::with_capacity(group.len());
            for asked in group {
                outcomes.push(match &asked.change {
                    Change::Accept { key, received, body } => {
                        let id: Option<i64> = sqlx::query_scalar(ACCEPT)
                            .bind(key)
                            .bind(*received as i64)
                            .bind(&body[..])
                            .fetch_optional(&mut *transaction)
                            .await?;
                        match id {
                            Some(id) => Outcome::Accepted(id),
                            None => Outcome::Duplicate(
                                sqlx::query_scalar(KNOWN).bind(key).fetch_one(&mut *transaction).await?,
                            ),
                        }
                    }
                    Change::Park(briefs) => {
                        for brief in briefs {
                            sqlx::query(PARK)
                                .bind(brief.request)
                                .bind(&brief.revision)
                                .bind(brief.score)
                                .bind(&brief.content)
                                .execute(&mut *transaction)
                                .await?;
                        }
                        Outcome::Parked
                    }
                    Change::Decide { brief, revision, state, at } => {
                        let changed = sqlx::query(DECIDE)
                            .bind(*state)
                            .bind(brief)
                            .bind(revision)
                            .execute(&mut *transaction)
                            .await?;
                        if changed.rows_affected() == 1 {
                            sqlx::query(DECIDED)
                                .bind(brief)
                                .bind(*state)
                                .bind(revision)
                                .bind(*at as i64)
                                .execute(&mut *transaction)
                                .await?;
                            Outcome::Decided
                        } else {
                            let current: Option<(String, String)> =
                                sqlx::query_as(CURRENT).bind(brief).fetch_optional(&mut *transaction).await?;
                            current.map_or(Outcome::Unknown, |(revision, state)| Outcome::Stale { revision, state })
                        }
                    }
                });
            }
            transaction.commit().await?;
            Ok(outcomes)
        }
    };
}

commit!(commit_sqlite, SqliteConnection, "BEGIN IMMEDIATE");
commit!(commit_postgres, PgConnection, "BEGIN");
