//! Pulled sources: whose turn it is, and a batch of envelopes with the cursor after it. INVARIANT: envelopes, items set aside, cursor and
//! what the source keeps go down in one transaction, so that a crash neither loses an item nor reads past it.

use super::aside::{Aside, AsideState, set_aside, settle_aside};
use super::reply::{self, KeepReply};
use crate::domain::id::{NodeId, QuarantineId};
use crate::receipt::{Body, Field};
use crate::store::queue::{Verb, one_by_one};
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::{Accept, Accepted, Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::Secret;

/// Takes or keeps the lease of a source, so that of several daemons one reads it.
#[derive(Clone, Debug)]
pub struct TakeSource {
    /// The source.
    pub source: String,
    /// Who.
    pub node: NodeId,
    /// Until when.
    pub until: Timestamp,
    /// When the far side last answered this node, to be remembered with the lease.
    pub proven: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
}

/// What a source goes on from.
#[derive(Clone, Debug)]
pub struct TakenSource {
    /// Its cursor.
    pub cursor: Option<String>,
    /// What it must not forget and nobody may see.
    pub kept: Option<Secret>,
    /// When the far side last answered.
    pub proven_at: Option<Timestamp>,
    /// When it was last compared with what the far side holds.
    pub reconciled_at: Option<Timestamp>,
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
    /// Items that are no requests.
    pub asides: Vec<Aside>,
    /// Answers that came by mail.
    pub replies: Vec<KeepReply>,
    /// What the source must not forget from now on.
    pub keep: Option<Secret>,
    /// Whether the far side answered.
    pub proven: bool,
    /// When.
    pub at: Timestamp,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Stored {
    /// One answer per envelope, in order.
    pub requests: Vec<Result<Accepted, StoreError>>,
    /// The items set aside that were not known before.
    pub asides: Vec<QuarantineId>,
}

/// A source's secret, outside of a batch.
struct KeepSecret {
    source: String,
    keep: Secret,
    at: Timestamp,
}

/// What comparing a source with its far side found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// The source.
    pub source: String,
    /// Tenant of its pilot.
    pub tenant: String,
    /// Its pilot.
    pub pilot: String,
    /// Items the far side holds.
    pub held: u64,
    /// Of these, requests.
    pub requests: u64,
    /// Of these, in quarantine.
    pub quarantined: u64,
    /// Of these, ignored with a reason.
    pub ignored: u64,
    /// Of these, that nobody could read.
    pub unreadable: u64,
    /// Of these, that are not here.
    pub missing: u64,
}

struct KeepReconciled {
    found: Reconciled,
    at: Timestamp,
}

one_by_one!(TakeSource, Option<TakenSource>, take);
one_by_one!(Yielded, Stored, take_in);
one_by_one!(KeepSecret, (), keep);
one_by_one!(KeepReconciled, (), reconciled);

type Refusable<T> = Result<Result<T, StoreError>, StoreError>;

async fn take(item: &TakeSource, tx: &mut Tx<'_>) -> Refusable<Option<TakenSource>> {
    let (at, until) = (item.at.as_microsecond(), item.until.as_microsecond());
    let sql = "INSERT INTO source_cursor (source, cursor, lessee, lease_until, at, proven_at) VALUES ($1, '', $2, $3, $4, $5) \
               ON CONFLICT (source) DO UPDATE SET lessee = excluded.lessee, lease_until = excluded.lease_until, \
               proven_at = COALESCE(excluded.proven_at, source_cursor.proven_at) \
               WHERE source_cursor.lessee IS NULL OR source_cursor.lessee = excluded.lessee OR source_cursor.lease_until < excluded.at \
               RETURNING cursor, kept, proven_at, reconciled_at";
    let proven = item.proven.map(Timestamp::as_microsecond);
    let row = tx.conn.row(sql, values![&item.source, item.node.as_str(), until, at, proven]).await?;
    let Some(row) = row else { return Ok(Ok(None)) };
    Ok(Ok(Some(TakenSource {
        cursor: Some(row.text(0)?).filter(|cursor| !cursor.is_empty()),
        kept: row.maybe_text(1)?.map(Secret::new),
        proven_at: row.maybe_int(2)?.map(crate::store::reads::time).transpose()?,
        reconciled_at: row.maybe_int(3)?.map(crate::store::reads::time).transpose()?,
    })))
}

async fn take_in(item: &Yielded, tx: &mut Tx<'_>) -> Refusable<Stored> {
    let (cursor, at) = (item.cursor.as_deref(), item.at.as_microsecond());
    let keep = item.keep.as_ref().map(Secret::expose);
    let sql = "UPDATE source_cursor SET cursor = COALESCE($3, cursor), at = $4, kept = COALESCE($5, kept), \
               proven_at = COALESCE($6, proven_at) WHERE source = $1 AND lessee = $2";
    let row = values![&item.source, item.node.as_str(), cursor, at, keep, item.proven.then_some(at)];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Err(StoreError::Stale { what: "source" }));
    }
    let accepts: Vec<&Accept> = item.accepts.iter().collect();
    let mut requests = Vec::new();
    if !accepts.is_empty() {
        requests = Accept::run(&accepts, tx).await?;
        settle_aside(&item.source, &item.accepts, &requests, item.at, tx).await?;
    }
    // What has the key of another is no repeat of it, and its source will not offer it again: it is kept for a person.
    let clashes = item.accepts.iter().zip(&requests).filter_map(|(accept, outcome)| clash(accept, outcome));
    let mut asides = set_aside(&item.source, &clashes.collect::<Vec<_>>(), item.at, tx).await?;
    asides.extend(set_aside(&item.source, &item.asides, item.at, tx).await?);
    for kept in &item.replies {
        reply::keep(kept, tx).await?;
    }
    Ok(Ok(Stored { requests, asides }))
}

/// The item that is kept of a request whose key was used before with other content.
fn clash(accept: &Accept, outcome: &Result<Accepted, StoreError>) -> Option<Aside> {
    let Err(StoreError::Conflict { what }) = outcome else { return None };
    let request = &accept.request;
    let short = request.raw.get(..16).unwrap_or_default();
    Some(Aside {
        id: request.id.quarantined(),
        tenant: request.tenant.clone(),
        pilot: request.pilot.clone(),
        dedup_key: format!("{}#{short}", accept.dedup_key),
        place: request.external_id.clone().unwrap_or_default(),
        state: AsideState::Quarantined,
        code: "OP-2008".to_owned(),
        reason: what.clone(),
        raw: Some((request.raw.clone(), accept.raw.clone())),
        media_type: Some(request.media_type.clone()),
        received_at: request.received_at,
        returned: None,
    })
}

async fn keep(item: &KeepSecret, tx: &mut Tx<'_>) -> Refusable<()> {
    let sql = "INSERT INTO source_cursor (source, cursor, at, kept) VALUES ($1, '', $2, $3) \
               ON CONFLICT (source) DO UPDATE SET kept = excluded.kept";
    tx.conn.run(sql, values![&item.source, item.at.as_microsecond(), item.keep.expose()]).await?;
    Ok(Ok(()))
}

async fn reconciled(item: &KeepReconciled, tx: &mut Tx<'_>) -> Refusable<()> {
    let found = &item.found;
    let sql = "UPDATE source_cursor SET reconciled_at = $2 WHERE source = $1";
    tx.conn.run(sql, values![&found.source, item.at.as_microsecond()]).await?;
    let count = |number: u64| Field::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let fields = [
        ("held", count(found.held)),
        ("requests", count(found.requests)),
        ("quarantined", count(found.quarantined)),
        ("ignored", count(found.ignored)),
        ("unreadable", count(found.unreadable)),
        ("missing", count(found.missing)),
    ];
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let (tenant, pilot) = (found.tenant.as_str(), Some(found.pilot.as_str()));
    let note = Note { at: item.at, kind: "source.reconciled", tenant, pilot, subject: &found.source, actor: "daemon" };
    tx.receipt(&note, &body)?;
    Ok(Ok(()))
}

impl Store {
    /// Takes or keeps the lease of a source; `None` when another node holds it, else what to go on from.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_source(&self, take: TakeSource) -> Result<Option<TakenSource>, StoreError> {
        self.submit_patiently(take).await
    }

    /// Makes a batch and its cursor durable.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease was lost, [`StoreError::Unavailable`]: nothing is kept then.
    pub async fn take_in(&self, batch: Yielded) -> Result<Stored, StoreError> {
        self.submit_patiently(batch).await
    }

    /// Keeps what a source must not forget, outside of a batch.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: nothing is kept then.
    pub async fn keep_secret(&self, source: &str, keep: Secret) -> Result<(), StoreError> {
        self.submit_patiently(KeepSecret { source: source.to_owned(), keep, at: self.now() }).await
    }

    /// Keeps what a comparison with the far side found.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep_reconciled(&self, found: Reconciled) -> Result<(), StoreError> {
        self.submit_patiently(KeepReconciled { found, at: self.now() }).await
    }
}
