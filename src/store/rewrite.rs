//! Writing the database anew once something was erased. Own file because it is no change of the store and no part of a transaction: it
//! takes away what a database leaves lying between its rows. INVARIANT: what the rows say is the same before and after.

use super::sqlite::Sqlite;
use super::writer::Held;
use super::{Backend, Store, StoreError};

/// The tables in which something is erased.
const VACUUM: &str = "VACUUM request, raw, blob, attachment, run, step, effect, brief, revision, decision, letter, reply, quarantine, \
                      idempotency, probe, target, writeback, write_item";

impl Store {
    /// Takes away what is left of erased rows. SQLite: the file is written anew and its log emptied, which takes as long as copying it, needs
    /// as much room again, and keeps others from writing meanwhile. PostgreSQL: the tables are vacuumed; what the server keeps besides
    /// (its log, archives, backups) is in its keeper's hands.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no room, or somebody reads or writes for too long; the rows are as before then.
    pub async fn rewrite(&self) -> Result<(), StoreError> {
        let backend = &self.shared.backend;
        match backend {
            Backend::Sqlite { options, .. } => {
                let file = options.get_filename().to_owned();
                let rewrite = move || Sqlite::open(&file)?.rewrite().map_err(|cause| cause.about(&file));
                let stopped = |_| StoreError::Unavailable { reason: "the work was stopped".into() };
                tokio::task::spawn_blocking(rewrite).await.map_err(stopped)?
            }
            Backend::Postgres { .. } => Held::open(backend).await?.conn().raw(VACUUM).await,
        }
    }
}
