//! Opening and closing the store: connections, migrations, the lock that keeps a second daemon away from a SQLite file, and the
//! refusal of a store made by a newer release.

use super::queue::Queue;
use super::readers::Readers;
use super::secret::Secret;
use super::sql::{Conn, values};
use super::tx::signed_head;
use super::writer::{self, Held};
use super::{Backend, Shared, Store, StoreError};
use crate::clock::{Clock, Entropy};
use crate::receipt::{Frontier, SigningKey};
use sqlx::Connection as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Url {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the text may hold a password and is never shown.
    Postgres(String),
}

impl Url {
    /// Reads `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// What it should look like.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err("the file name is missing; write `sqlite:opspilot.db`".into());
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match text.parse::<PgConnectOptions>() {
                Ok(_) => Ok(Self::Postgres(text.to_owned())),
                Err(_) => Err("not a PostgreSQL address; write `postgres://user@host:5432/database`".into()),
            };
        }
        Err("neither `sqlite:FILE` nor `postgres://USER@HOST/DATABASE`".into())
    }
}

/// What it takes to open a store.
pub struct Options {
    /// Where it is.
    pub url: Url,
    /// Keep other daemons away (SQLite): a daemon says yes, a short command no.
    pub exclusive: bool,
    /// Signs the head of the receipt log; without it nothing can be changed.
    pub signer: Option<Arc<SigningKey>>,
    /// Name of the receipt log, such as `opspilot.example/receipts`.
    pub origin: String,
    /// Verbs that may queue for the writer before callers are refused.
    pub queue: usize,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

pub(super) const SQLITE: &[(i64, &str, &str)] = &[
    (1, "road", include_str!("migrations/sqlite/0001_road.sql")),
    (2, "mailbox", include_str!("migrations/sqlite/0002_mailbox.sql")),
    (3, "outbox", include_str!("migrations/sqlite/0003_outbox.sql")),
    (4, "schedule", include_str!("migrations/sqlite/0004_schedule.sql")),
    (5, "week", include_str!("migrations/sqlite/0005_week.sql")),
    (6, "digest", include_str!("migrations/sqlite/0006_digest.sql")),
    (7, "returned", include_str!("migrations/sqlite/0007_returned.sql")),
    (8, "copies", include_str!("migrations/sqlite/0008_copies.sql")),
    (9, "limit", include_str!("migrations/sqlite/0009_limit.sql")),
    (10, "writeback", include_str!("migrations/sqlite/0010_writeback.sql")),
    (11, "sign_in", include_str!("migrations/sqlite/0011_sign_in.sql")),
    (12, "queue", include_str!("migrations/sqlite/0012_queue.sql")),
    (13, "attention", include_str!("migrations/sqlite/0013_attention.sql")),
    (14, "reason", include_str!("migrations/sqlite/0014_reason.sql")),
    (15, "letter_plan", include_str!("migrations/sqlite/0015_letter_plan.sql")),
    (16, "drafted", include_str!("migrations/sqlite/0016_drafted.sql")),
    (17, "failures", include_str!("migrations/sqlite/0017_failures.sql")),
    (18, "first", include_str!("migrations/sqlite/0018_first.sql")),
    (19, "secret", include_str!("migrations/sqlite/0019_secret.sql")),
    (20, "raw", include_str!("migrations/sqlite/0020_raw.sql")),
    (21, "policy_version", include_str!("migrations/sqlite/0021_policy_version.sql")),
    (22, "erased", include_str!("migrations/sqlite/0022_erased.sql")),
];
pub(super) const POSTGRES: &[(i64, &str, &str)] = &[
    (1, "road", include_str!("migrations/postgres/0001_road.sql")),
    (2, "mailbox", include_str!("migrations/postgres/0002_mailbox.sql")),
    (3, "outbox", include_str!("migrations/postgres/0003_outbox.sql")),
    (4, "schedule", include_str!("migrations/postgres/0004_schedule.sql")),
    (5, "week", include_str!("migrations/postgres/0005_week.sql")),
    (6, "digest", include_str!("migrations/postgres/0006_digest.sql")),
    (7, "returned", include_str!("migrations/postgres/0007_returned.sql")),
    (8, "copies", include_str!("migrations/postgres/0008_copies.sql")),
    (9, "limit", include_str!("migrations/postgres/0009_limit.sql")),
    (10, "writeback", include_str!("migrations/postgres/0010_writeback.sql")),
    (11, "sign_in", include_str!("migrations/postgres/0011_sign_in.sql")),
    (12, "queue", include_str!("migrations/postgres/0012_queue.sql")),
    (13, "attention", include_str!("migrations/postgres/0013_attention.sql")),
    (14, "reason", include_str!("migrations/postgres/0014_reason.sql")),
    (15, "letter_plan", include_str!("migrations/postgres/0015_letter_plan.sql")),
    (16, "drafted", include_str!("migrations/postgres/0016_drafted.sql")),
    (17, "failures", include_str!("migrations/postgres/0017_failures.sql")),
    (18, "first", include_str!("migrations/postgres/0018_first.sql")),
    (19, "secret", include_str!("migrations/postgres/0019_secret.sql")),
    (20, "raw", include_str!("migrations/postgres/0020_raw.sql")),
    (21, "policy_version", include_str!("migrations/postgres/0021_policy_version.sql")),
    (22, "erased", include_str!("migrations/postgres/0022_erased.sql")),
];

fn migrator(list: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |&(number, name, text): &(i64, &'static str, &'static str)| {
        use sqlx::SqlSafeStr as _;
        Migration::new(number, Cow::Borrowed(name), MigrationType::Simple, text.into_sql_str(), false)
    };
    Migrator::with_migrations(list.iter().map(migration).collect())
}

impl Store {
    /// Opens the store, brings its tables up to date and starts its writer.
    ///
    /// # Errors
    /// [`StoreError::Held`], [`StoreError::Newer`], [`StoreError::Corrupt`] or [`StoreError::Unavailable`].
    pub async fn open(options: Options) -> Result<Self, StoreError> {
        let backend = connect(&options.url, options.exclusive)?;
        let shared = Arc::new(Shared {
            backend,
            clock: options.clock,
            entropy: options.entropy,
            signer: options.signer,
            secret: OnceLock::new(),
            origin: options.origin,
            hire: Mutex::new(None),
            crowded: AtomicBool::new(false),
            waiting: AtomicI64::new(0),
            wake: Notify::new(),
            commits: AtomicU64::new(0),
            begun: Mutex::default(),
            closing: Notify::new(),
        });
        prepare(&shared).await?;
        let (queue, jobs) = Queue::new(options.queue);
        let writer = || writer::write(Arc::clone(&shared), jobs.clone());
        let tasks = match &options.url {
            Url::Sqlite(file) => {
                let mut tasks = vec![super::spawn_on_thread(writer())];
                // Only the daemon has the file for long enough to tend it.
                if options.exclusive {
                    tasks.push(super::spawn(writer::fold(Arc::clone(&shared), file.clone())));
                }
                tasks
            }
            // A second one builds its batch while the first waits for the disk.
            Url::Postgres(_) => (0..2).map(|_| super::spawn(writer())).collect(),
        };
        Ok(Self { shared, queue: Arc::new(queue), writers: Arc::new(Mutex::new(tasks)) })
    }

    /// Writes what is queued, then lets go of the database.
    pub async fn close(&self) {
        self.queue.close();
        self.shared.closing.notify_one();
        let tasks = std::mem::take(&mut *self.writers.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // A writer that panicked has answered nobody; there is nothing left to do about it here.
            let _ = task.await;
        }
        match &self.shared.backend {
            Backend::Sqlite { readers, walkers, lock, .. } => {
                readers.close();
                walkers.close().await;
                lock.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            Backend::Postgres { readers, .. } => readers.close().await,
        }
    }
}

fn connect(url: &Url, exclusive: bool) -> Result<Backend, StoreError> {
    let busy = Duration::from_secs(10);
    match url {
        Url::Sqlite(path) => {
            let lock = if exclusive { Some(lock(path)?) } else { None };
            let base = SqliteConnectOptions::new()
                .filename(path)
                .busy_timeout(busy)
                .foreign_keys(false)
                .statement_cache_capacity(400);
            // What a file keeps once it is made; the rest is said by each connection.
            let options = base
                .clone()
                .create_if_missing(true)
                // Rows of one to two kilobytes waste less of a larger page.
                .page_size(8192)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full);
            let reader = base.pragma("query_only", "ON").pragma("cache_size", "-2000");
            let walkers = SqlitePoolOptions::new()
                .max_connections(4)
                .acquire_timeout(Duration::from_secs(5))
                .idle_timeout(Duration::from_secs(60))
                .connect_lazy_with(reader);
            let readers = Readers::new(path.clone());
            Ok(Backend::Sqlite { options, readers, walkers, lock: Mutex::new(lock) })
        }
        Url::Postgres(text) => {
            let options: PgConnectOptions = text
                .parse()
                .map_err(|_| StoreError::Unavailable { reason: "the database address cannot be read".into() })?;
            // A daemon that freezes in the middle of a transaction holds the head of the log: the others must not wait for it to wake.
            let options = options
                .application_name("opspilot")
                .statement_cache_capacity(400)
                .options([("idle_in_transaction_session_timeout", "10s")]);
            let readers = PgPoolOptions::new()
                .max_connections(8)
                .acquire_timeout(Duration::from_secs(5))
                .idle_timeout(Duration::from_secs(60))
                .connect_lazy_with(options.clone());
            // The writer finds every row by a key. Planned for an empty table and kept, a plan that walks through the table gets slower with
            // every request; so it has no other choice than the index, and needs no new plan for a batch of another size. What is forbidden
            // counts as very dear, which would have every statement compiled: that is off as well.
            let options = options.options([
                ("enable_seqscan", "off"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
                ("plan_cache_mode", "force_generic_plan"),
                ("jit", "off"),
            ]);
            Ok(Backend::Postgres { options, readers })
        }
    }
}

/// Takes the lock file beside the database: released by the system when the process ends, however it ends.
fn lock(path: &std::path::Path) -> Result<std::fs::File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let unavailable = |cause: std::io::Error| StoreError::Unavailable {
        reason: format!("cannot open the lock file `{}`: {cause}", name.to_string_lossy()),
    };
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&name).map_err(unavailable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Held { file: path.display().to_string() }),
        Err(std::fs::TryLockError::Error(cause)) => Err(unavailable(cause)),
    }
}

async fn prepare(shared: &Shared) -> Result<(), StoreError> {
    make_ready(shared).await.map_err(|cause| shared.backend.about(cause))
}

async fn make_ready(shared: &Shared) -> Result<(), StoreError> {
    migrate(&shared.backend).await?;
    let mut held = Held::open(&shared.backend).await?;
    let mut conn = held.conn();
    let secret = Secret::open(&mut conn, &*shared.entropy).await?;
    shared.secret.get_or_init(|| secret);
    if shared.signer.is_some() && conn.row("SELECT 1 FROM log_head", vec![]).await.map(|row| row.is_none())? {
        let frontier = Frontier::new();
        let note = signed_head(shared, &frontier)?;
        let sql = "INSERT INTO log_head (id, frontier, note, at) VALUES (1, $1, $2, $3) ON CONFLICT (id) DO NOTHING";
        conn.run(sql, values![frontier.to_bytes(), note, shared.clock.now().as_microsecond()]).await?;
    }
    Ok(())
}

/// Makes the database where it is missing, and brings its tables up to date.
async fn migrate(backend: &Backend) -> Result<(), StoreError> {
    let outcome = match backend {
        Backend::Sqlite { options, .. } => {
            let mut conn = SqliteConnection::connect_with(options).await?;
            if is_current(&mut Conn::Sqlite(&mut conn), SQLITE).await? {
                return Ok(());
            }
            refuse_foreign(&mut Conn::Sqlite(&mut conn)).await?;
            migrator(SQLITE).run(&mut conn).await
        }
        Backend::Postgres { .. } => {
            let Held::Postgres(mut conn) = Held::open(backend).await? else { return Ok(()) };
            if is_current(&mut Conn::Postgres(&mut conn), POSTGRES).await? {
                return Ok(());
            }
            migrator(POSTGRES).run(&mut conn).await
        }
    };
    outcome.map_err(|cause| StoreError::Unavailable { reason: format!("cannot bring the tables up to date: {cause}") })
}

/// Whether every migration has been applied; more than are known is a store of a newer release.
async fn is_current(conn: &mut Conn<'_>, list: &[(i64, &str, &str)]) -> Result<bool, StoreError> {
    let known = list.last().map_or(0, |&(number, ..)| number);
    let found = version(conn).await?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    Ok(found == known)
}

/// A file that another program made its tables in is left as it is. (A PostgreSQL database may be shared on purpose: there a schema parts
/// what belongs to whom.)
async fn refuse_foreign(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    let foreign = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' \
                   AND NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations') LIMIT 1";
    match conn.row(foreign, vec![]).await? {
        Some(row) => Err(StoreError::Conflict {
            what: format!(
                "the database file belongs to another program, it has a table `{}`; name another file in `[store] url`",
                row.text(0)?
            ),
        }),
        None => Ok(()),
    }
}

/// Number of the newest migration applied, 0 for an empty database.
async fn version(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    let sql = if conn.is_postgres() {
        "SELECT count(*) FROM information_schema.tables WHERE table_name = '_sqlx_migrations' AND table_schema = current_schema()"
    } else {
        "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'"
    };
    let there = match conn.row(sql, vec![]).await? {
        Some(row) => row.int(0)? > 0,
        None => false,
    };
    if !there {
        return Ok(0);
    }
    let row = conn.row("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations", vec![]).await?;
    row.map_or(Ok(0), |row| row.int(0))
}
