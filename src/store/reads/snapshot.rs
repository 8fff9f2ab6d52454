//! Several reads of one moment. Own file because a list and the counts beside it must agree, and no other read needs that. INVARIANT: the
//! transaction only reads and ends with its value, also when whoever asked goes away.

use super::Store;
use crate::store::sql::Conn;
use crate::store::{Backend, StoreError};
use sqlx::{Postgres, Sqlite, Transaction};

/// A transaction that sees one moment.
pub(in crate::store) enum Snapshot {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Snapshot {
    pub(in crate::store) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(transaction) => Conn::Sqlite(transaction),
            Self::Postgres(transaction) => Conn::Postgres(transaction),
        }
    }
}

impl Store {
    pub(in crate::store) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Ok(match &self.shared.backend {
            // The first read of a deferred transaction fixes what all of it sees.
            Backend::Sqlite { walkers, .. } => Snapshot::Sqlite(walkers.begin().await?),
            Backend::Postgres { readers, .. } => {
                Snapshot::Postgres(readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }
}
