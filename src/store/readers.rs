//! SQLite's connections for reads that a key answers. Own file because they are called where the caller stands: such a read takes some
//! microseconds, and handing it to a thread of its own, as `sqlx` does, several times that (docs/adr/0010-sqlite-writer.md). Lists and counts,
//! which may walk through everything, are read by [`super::Store::walker`] instead. INVARIANT: they cannot write; each serves one caller at a time.

use super::StoreError;
use super::sqlite::Sqlite;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How many are kept while nobody reads.
const KEPT: usize = 4;

/// The connections to a file. There are never more than callers that read in one moment: as many as the program has workers.
pub(super) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Sqlite>>,
    closed: AtomicBool,
}

impl Readers {
    /// Opens nothing yet.
    pub(super) fn new(file: PathBuf) -> Arc<Self> {
        Arc::new(Self { file, idle: Mutex::default(), closed: AtomicBool::new(false) })
    }

    /// One of them, opened when all are in use.
    pub(super) fn lend(self: &Arc<Self>) -> Result<Lent, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable { reason: "the store is closed".to_owned() });
        }
        let idle = self.idle().pop();
        let conn = idle.map_or_else(|| Sqlite::open_reader(&self.file), Ok)?;
        Ok(Lent { conn: Some(conn), from: Arc::clone(self) })
    }

    /// Closes those that nobody uses, and the others when they come back.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Sqlite>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use; it goes back when dropped.
pub(super) struct Lent {
    conn: Option<Sqlite>,
    from: Arc<Readers>,
}

impl Lent {
    /// The connection.
    pub(super) fn get(&mut self) -> &mut Sqlite {
        // It is there until the drop.
        self.conn.as_mut().unwrap_or_else(|| unreachable!("a connection that was given back is used"))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        let mut idle = self.from.idle();
        if idle.len() < KEPT && !self.from.closed.load(Ordering::Acquire) {
            idle.push(conn);
        }
    }
}
