//! Pulled sources: whose turn it is, and a batch of envelopes with the cursor after it. INVARIANT: envelopes and cursor go down in one
//! transaction, so that a crash neither loses a row nor reads past it.

use crate::domain::id::NodeId;
use crate::store::queue::{Verb, one_by_one};
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Accept, Accepted, Store, StoreError};
use jiff::Timestamp;

/// Takes or keeps the lease of a source, so that of several daemons one reads it.
#[derive(Clone, Debug)]
pub struct TakeSource {
    /// The source.
    pub source: String,
    /// Who.
    pub node: NodeId,
    /// Until when.
    pub until: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// A batch that a source yielded.
#[derive(Clone, Debug)]
pub struct Yielded {
    /// The source.
    pub source: String,
    /// Who read it; must hold the lease.
    pub node: NodeId,
    /// Where it stands after the batch.
    pub cursor: Option<String>,
    /// The requests.
    pub accepts: Vec<Accept>,
    /// When.
    pub at: Timestamp,
}

one_by_one!(TakeSource, Option<Option<String>>, take);
one_by_one!(Yielded, Vec<Result<Accepted, StoreError>>, take_in);

async fn take(item: &TakeSource, tx: &mut Tx<'_>) -> Result<Result<Option<Option<String>>, StoreError>, StoreError> {
    let (at, until) = (item.at.as_microsecond(), item.until.as_microsecond());
    let sql = "INSERT INTO source_cursor (source, cursor, lessee, lease_until, at) VALUES ($1, '', $2, $3, $4) \
               ON CONFLICT (source) DO UPDATE SET lessee = excluded.lessee, lease_until = excluded.lease_until \
               WHERE source_cursor.lessee IS NULL OR source_cursor.lessee = excluded.lessee OR source_cursor.lease_until < excluded.at \
               RETURNING cursor";
    let row = tx.conn.row(sql, values![&item.source, item.node.as_str(), until, at]).await?;
    Ok(Ok(match row {
        Some(row) => Some(Some(row.text(0)?).filter(|cursor| !cursor.is_empty())),
        None => None,
    }))
}

async fn take_in(
    item: &Yielded,
    tx: &mut Tx<'_>,
) -> Result<Result<Vec<Result<Accepted, StoreError>>, StoreError>, StoreError> {
    let cursor = item.cursor.as_deref();
    let sql = "UPDATE source_cursor SET cursor = COALESCE($3, cursor), at = $4 WHERE source = $1 AND lessee = $2";
    if tx.conn.run(sql, values![&item.source, item.node.as_str(), cursor, item.at.as_microsecond()]).await? == 0 {
        return Ok(Err(StoreError::Stale { what: "source" }));
    }
    let accepts: Vec<&Accept> = item.accepts.iter().collect();
    if accepts.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    Ok(Ok(Accept::run(&accepts, tx).await?))
}

impl Store {
    /// Takes or keeps the lease of a source; `None` when another node holds it, else the cursor to go on from.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_source(&self, take: TakeSource) -> Result<Option<Option<String>>, StoreError> {
        self.submit_patiently(take).await
    }

    /// Makes a batch and its cursor durable; one answer per envelope, in order.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease was lost, [`StoreError::Unavailable`]: nothing is kept then.
    pub async fn take_in(&self, batch: Yielded) -> Result<Vec<Result<Accepted, StoreError>>, StoreError> {
        self.submit_patiently(batch).await
    }
}
