//! Items that did not become requests: set aside with their reason, and taken in by a person later. INVARIANT: one row per (source, dedup
//! key), never removed; a row whose request exists says so, and no item is both asked about and answered.

use super::returned::{self, Returned};
use crate::domain::id::{QuarantineId, RequestId};
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::queue::{Verb, one_by_one};
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::verbs::review::policy_fields;
use crate::store::{Accept, Accepted, Store, StoreError};
use jiff::Timestamp;

/// Why an item is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsideState {
    /// It cannot be read; a person looks at it.
    Quarantined,
    /// It is not meant to be a request, such as the bounce of a mail.
    Ignored,
    /// It became a request after all.
    Requested,
}

impl AsideState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Quarantined, Self::Ignored, Self::Requested];

    /// The word in store, API and CLI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarantined => "quarantined",
            Self::Ignored => "ignored",
            Self::Requested => "requested",
        }
    }
}

/// An item to set aside.
#[derive(Clone, Debug)]
pub struct Aside {
    /// Its name.
    pub id: QuarantineId,
    /// Tenant of the pilot.
    pub tenant: String,
    /// Pilot whose request it would have been.
    pub pilot: String,
    /// Recognises it when it comes again.
    pub dedup_key: String,
    /// Where it lies at its origin, for a person.
    pub place: String,
    /// Quarantined or ignored.
    pub state: AsideState,
    /// Stable code with a page in the handbook.
    pub code: String,
    /// Why, in words.
    pub reason: String,
    /// Its bytes and their digest, when they were read.
    pub raw: Option<(String, Vec<u8>)>,
    /// Media type of the bytes.
    pub media_type: Option<String>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// Which of our letters came back with it.
    pub returned: Option<Returned>,
}

/// A person takes in what was set aside.
#[derive(Debug)]
pub struct TakeAside {
    /// The item.
    pub item: QuarantineId,
    /// The request made of it, under the item's source and key.
    pub accept: Accept,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(TakeAside, Accepted, take_aside);

/// Sets items of a source aside; those that were not known before. What became a request is left alone.
pub(super) async fn set_aside(
    source: &str,
    items: &[Aside],
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<Vec<QuarantineId>, StoreError> {
    let mut new = Vec::new();
    for item in items {
        let known = "SELECT 1 FROM request WHERE dedup_key = $1 AND source = $2";
        if tx.conn.row(known, values![&item.dedup_key, source]).await?.is_some() {
            continue;
        }
        let sql = "INSERT INTO quarantine (id, tenant, pilot, source, dedup_key, place, state, code, reason, raw, media_type, received_at, at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (dedup_key, source) DO NOTHING";
        let digest = item.raw.as_ref().map(|(digest, _)| digest.as_str());
        let row = values![
            item.id.as_str(),
            &item.tenant,
            &item.pilot,
            source,
            &item.dedup_key,
            &item.place,
            item.state.as_str(),
            &item.code,
            &item.reason,
            digest,
            &item.media_type,
            item.received_at.as_microsecond(),
            at.as_microsecond()
        ];
        if tx.conn.run(sql, row).await? == 0 {
            continue;
        }
        if let Some((digest, bytes)) = &item.raw {
            tx.conn.put(digest, bytes).await?;
        }
        if let Some(returned) = &item.returned {
            returned::returned(returned, at, tx).await?;
        }
        let mut fields = vec![("code", Field::Text(&item.code)), ("source", Field::Text(source))];
        let keyed = digest.map(|digest| tx.shared.keyed("raw", item.id.as_str(), digest));
        fields.extend(keyed.as_deref().map(|digest| ("raw", Field::Text(digest))));
        let kind = if item.state == AsideState::Ignored { "item.ignored" } else { "item.quarantined" };
        let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
        tx.receipt(&note(kind, &item.tenant, &item.pilot, item.id.as_str(), source, at), &body)?;
        new.push(item.id.clone());
    }
    Ok(new)
}

/// Marks what was set aside and has become a request meanwhile, such as by a program that reads more.
pub(super) async fn settle_aside(
    source: &str,
    accepts: &[Accept],
    outs: &[Result<Accepted, StoreError>],
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let any = "SELECT 1 FROM quarantine WHERE source = $1 AND state <> 'requested' LIMIT 1";
    if tx.conn.row(any, values![source]).await?.is_none() {
        return Ok(());
    }
    for (accept, out) in accepts.iter().zip(outs) {
        let Ok(Accepted::New(request) | Accepted::Alike { request, .. }) = out else { continue };
        let sql = "UPDATE quarantine SET state = 'requested', request = $3 WHERE dedup_key = $1 AND source = $2 AND state <> 'requested' \
                   RETURNING id, tenant, pilot";
        let row = tx.conn.row(sql, values![&accept.dedup_key, source, request.as_str()]).await?;
        if let Some(row) = row {
            let body = Body::of(&[("request", Field::Text(request.as_str()))]);
            let body = body.map_err(|cause| StoreError::corrupt(cause.to_string()))?;
            let (id, tenant, pilot) = (row.text(0)?, row.text(1)?, row.text(2)?);
            tx.receipt(&note("item.requested", &tenant, &pilot, &id, source, at), &body)?;
        }
    }
    Ok(())
}

fn note<'a>(
    kind: &'a str,
    tenant: &'a str,
    pilot: &'a str,
    subject: &'a str,
    actor: &'a str,
    at: Timestamp,
) -> Note<'a> {
    Note { at, kind, tenant, pilot: Some(pilot), subject, actor }
}

async fn take_aside(item: &TakeAside, tx: &mut Tx<'_>) -> Result<Result<Accepted, StoreError>, StoreError> {
    let missing = || StoreError::NotFound { what: "quarantined item", id: item.item.to_string() };
    let sql = "SELECT state, request, source, dedup_key, tenant, pilot FROM quarantine WHERE id = $1";
    let Some(row) = tx.conn.row(sql, values![item.item.as_str()]).await? else { return Ok(Err(missing())) };
    if row.text(0)? == AsideState::Requested.as_str() {
        let request = row.maybe_text(1)?.unwrap_or_default();
        let what = format!("the item became the request `{request}` already; look at that");
        return Ok(Err(StoreError::Conflict { what }));
    }
    if item.accept.request.source != row.text(2)? || item.accept.dedup_key != row.text(3)? {
        return Ok(Err(StoreError::Stale { what: "quarantined item" }));
    }
    let (tenant, pilot) = (row.text(4)?, row.text(5)?);
    let accepted = match Accept::run(&[&item.accept], tx).await?.pop() {
        Some(Ok(accepted)) => accepted,
        Some(Err(refused)) => return Ok(Err(refused)),
        None => return Err(StoreError::corrupt("a request without an answer")),
    };
    let request: &RequestId = accepted.request();
    let sql = "UPDATE quarantine SET state = 'requested', request = $2 WHERE id = $1";
    tx.conn.run(sql, values![item.item.as_str(), request.as_str()]).await?;
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.push(("request", Field::Text(request.as_str())));
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    tx.receipt(&note("item.requested", &tenant, &pilot, item.item.as_str(), &item.person, item.at), &body)?;
    Ok(Ok(accepted))
}

impl Store {
    /// Makes a request of what was set aside.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Conflict`] when it is a request already.
    pub async fn take_aside(&self, take: TakeAside) -> Result<Accepted, StoreError> {
        self.submit(take).await
    }
}
