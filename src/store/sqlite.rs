//! Connections to SQLite that are called where the caller stands. Own file because it is the one place that speaks to a second driver: `sqlx`
//! hands every statement to a thread of its own, which costs more than most statements; the writer has a thread already, and what a key finds
//! is read before a thread would have woken (docs/adr/0010-sqlite-writer.md). INVARIANT: a statement that fails has changed nothing; a
//! reader's changes nothing at all.

use super::StoreError;
use super::sql::{LONG, Value};
use rusqlite::blob::ZeroBlob;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, MAIN_DB, OpenFlags, OptionalExtension as _};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// How long to wait for another program that has the file locked.
const BUSY: Duration = Duration::from_secs(10);
/// Statements kept ready: every kind in every size.
const STATEMENTS: usize = 400;
/// Pages of the log before the writer folds it itself: only a backstop for the daemon, which folds it beside the writer.
const FOLD_AT: i64 = 4000;
/// Kibibytes of pages kept in memory.
const CACHE_KIB: i64 = 8000;
/// The same of a reader.
const READER_CACHE_KIB: i64 = 2000;
/// Bytes that the emptied log keeps on disk.
const LOG_BYTES: i64 = 64 << 20;

/// A connection.
pub(super) struct Sqlite {
    conn: Connection,
    texts: HashMap<(usize, usize), String>,
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(conn)
}

/// A row, column by column.
pub(super) type Cells = Vec<rusqlite::types::Value>;

impl Sqlite {
    /// Opens a file that is there and has its tables, to write.
    pub(super) fn open(file: &Path) -> Result<Self, StoreError> {
        let open = || -> rusqlite::Result<Connection> {
            let conn = connect(file)?;
            conn.pragma_update(None, "synchronous", "FULL")?;
            conn.pragma_update(None, "foreign_keys", false)?;
            conn.pragma_update(None, "wal_autocheckpoint", FOLD_AT)?;
            conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
            conn.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
            // What a statement that writes many rows may fall back to, it keeps beside itself: in a file, that was more bytes than the log.
            conn.pragma_update(None, "temp_store", "MEMORY")?;
            Ok(conn)
        };
        let conn = open().map_err(|cause| StoreError::from(cause).about(file))?;
        Ok(Self { conn, texts: HashMap::new() })
    }

    /// The same, to read.
    pub(super) fn open_reader(file: &Path) -> Result<Self, StoreError> {
        let open = || -> rusqlite::Result<Connection> {
            let conn = connect(file)?;
            conn.pragma_update(None, "query_only", true)?;
            conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
            Ok(conn)
        };
        let conn = open().map_err(|cause| StoreError::from(cause).about(file))?;
        Ok(Self { conn, texts: HashMap::new() })
    }

    /// Runs a statement; says how many rows it touched.
    pub(super) fn run(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let mut statement = self.conn.prepare_cached(native(&mut self.texts, sql))?;
        bind(&mut statement, values)?;
        if statement.column_count() > 0 {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            drop(rows);
            return Ok(self.conn.changes());
        }
        Ok(statement.raw_execute()? as u64)
    }

    /// Runs a statement for each of these rows; says how many it touched. One that writes a single row needs no copy of the pages it
    /// changes to fall back to; when one fails, those before it go with the transaction.
    pub(super) fn run_each<'v>(
        &mut self,
        sql: &str,
        rows: impl Iterator<Item = &'v [Value<'v>]>,
    ) -> Result<u64, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut touched = 0;
        for row in rows {
            bind(&mut statement, row)?;
            touched += statement.raw_execute()? as u64;
        }
        Ok(touched)
    }

    /// The rows a statement answers.
    pub(super) fn rows(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Cells>, StoreError> {
        let mut statement = self.conn.prepare_cached(native(&mut self.texts, sql))?;
        let columns = statement.column_count();
        bind(&mut statement, values)?;
        let mut answer = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = answer.next()? {
            rows.push((0..columns).map(|column| row.get(column)).collect::<Result<Cells, _>>()?);
        }
        Ok(rows)
    }

    /// Keeps a content under its digest, unless it is there. For a long one room is made first and then filled in place: bound to a
    /// statement, SQLite would hold it twice more, as the value and as the row.
    pub(super) fn put(&mut self, digest: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if bytes.len() <= LONG {
            let sql = "INSERT INTO blob (digest, bytes) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
            self.conn.prepare_cached(sql)?.execute((digest, bytes))?;
            return Ok(());
        }
        let room = i32::try_from(bytes.len()).map_err(|_| StoreError::Unavailable {
            reason: format!("a content of {} bytes is longer than the store can hold", bytes.len()),
        })?;
        let sql = "INSERT INTO blob (digest, bytes) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING RETURNING rowid";
        let mut statement = self.conn.prepare_cached(sql)?;
        let row: Option<i64> = statement.query_row((digest, ZeroBlob(room)), |row| row.get(0)).optional()?;
        if let Some(row) = row {
            self.conn.blob_open(MAIN_DB, "blob", "bytes", row, false)?.write_all_at(bytes, 0)?;
        }
        Ok(())
    }

    /// Runs text without values.
    pub(super) fn raw(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.conn.execute_batch(sql)?)
    }

    /// Writes the whole file anew, so that nothing is left between its rows of what was taken out of them.
    pub(super) fn rewrite(&mut self) -> Result<(), StoreError> {
        // The copy that it is made from would lie in memory otherwise, however long; and it holds what everybody said, so that it belongs
        // beside the file and not where the system puts what is temporary.
        let beside = self.conn.path().map(Path::new).and_then(Path::parent).map(Path::to_path_buf);
        self.conn.pragma_update(None, "temp_store", "FILE")?;
        self.conn.pragma_update(None, "temp_store_directory", beside.as_deref().and_then(Path::to_str))?;
        Ok(self.conn.execute_batch("VACUUM")?)
    }

    /// Folds the log into the file and empties it; whether it is empty now. It is not while somebody reads from it or folds it.
    pub(super) fn empty_log(&mut self) -> Result<bool, StoreError> {
        let busy: bool = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(!busy)
    }

    /// Whether no transaction is left open and the file still answers.
    pub(super) fn is_well(&self) -> bool {
        self.conn.is_autocommit() && self.conn.query_row("SELECT 1", [], |_| Ok(())).is_ok()
    }
}

/// The text with SQLite's own numbered places: its `$1` is a name, counted by where it first stands.
fn native<'a>(texts: &'a mut HashMap<(usize, usize), String>, sql: &'a str) -> &'a str {
    if !sql.contains('$') {
        return sql;
    }
    // All such text is constant, so its address names it.
    texts.entry((sql.as_ptr().addr(), sql.len())).or_insert_with(|| sql.replace('$', "?"))
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, values: &[Value<'_>]) -> Result<(), StoreError> {
    for (index, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(())
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Int(Some(number)) => ValueRef::Integer(*number),
            Self::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            Self::Text(None) | Self::Int(None) | Self::Bytes(None) => ValueRef::Null,
        }))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(cause: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match cause.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::corrupt(cause.to_string()),
            _ => Self::Unavailable { reason: cause.to_string() },
        }
    }
}
