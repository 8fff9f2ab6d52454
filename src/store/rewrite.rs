//! Writing the database anew once something was erased. Own file because it is no change of the store and no part of a transaction: it
//! takes away what a database leaves lying between its rows. INVARIANT: what the rows say is the same before and after.

use super::sqlite::Sqlite;
use super::writer::Held;
use super::{Backend, Store, StoreError};
use std::path::Path;
use std::time::Duration;

/// How often, and after how long a pause, the log is tried to be emptied: a daemon folds it four times a second, and SQLite does not wait for
/// who is at it.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(90);

/// The tables in which something is erased.
const VACUUM: &str = "VACUUM request, raw, blob, attachment, run, step, effect, brief, revision, decision, letter, reply, quarantine, \
                      idempotency, probe, writeback, write_item";

impl Store {
    /// Takes away what is left of erased rows. SQLite: the file is written anew and its log emptied, which takes as long as copying it, needs
    /// as much room again, and keeps others from writing meanwhile. PostgreSQL: the tables are vacuumed; what the server keeps besides
    /// (its log, archives, backups) is in its keeper's hands.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no room, or somebody reads or writes for too long; the rows are as before then.
    pub async fn rewrite(&self) -> Result<(), StoreError> {
        let backend = &self.shared.backend;
        let file = match backend {
            Backend::Sqlite { options, .. } => options.get_filename().to_owned(),
            Backend::Postgres { .. } => return Held::open(backend).await?.conn().raw(VACUUM).await,
        };
        let mut conn = Sqlite::open(&file)?;
        conn = on_thread(&file, move || conn.rewrite().map(|()| conn)).await?;
        for _ in 0..TRIES {
            let empty;
            (conn, empty) = on_thread(&file, move || conn.empty_log().map(|empty| (conn, empty))).await?;
            if empty {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        let reason = "its log cannot be emptied while other programs are at it";
        Err(StoreError::Unavailable { reason: reason.to_owned() }.about(&file))
    }
}

/// Does what waits for the disk where waiting holds up nobody.
async fn on_thread<T: Send + 'static>(
    file: &Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let stopped = |_| StoreError::Unavailable { reason: "the work was stopped".to_owned() };
    tokio::task::spawn_blocking(work).await.map_err(stopped)?.map_err(|cause| cause.about(file))
}
