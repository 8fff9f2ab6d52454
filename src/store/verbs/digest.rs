//! Whether a person gets digests. Own file because a proven mail of theirs turns them off without a permit: it is their own affair. INVARIANT:
//! a mail can only turn them off, and each digest's secret does so once; turning them on again asks the policy.

use super::people::{About, told};
use super::reply::{self, ByMail};
use crate::domain::id::UserId;
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// A person wants no digests any more, and says so by mail.
#[derive(Clone, Debug)]
pub struct LeaveDigest {
    /// Who.
    pub person: UserId,
    /// By which mail.
    pub by: ByMail,
    /// When.
    pub at: Timestamp,
}

/// Somebody who may turns a person's digests on or off.
#[derive(Debug)]
pub struct SetDigest {
    /// Whose.
    pub person: UserId,
    /// On or off.
    pub wanted: bool,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(LeaveDigest, (), leave_digest);
one_by_one!(SetDigest, (), set_digest);

type Refusable = Result<Result<(), StoreError>, StoreError>;

async fn put(person: &UserId, wanted: bool, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let sql = "UPDATE person SET digest_off = $2 WHERE id = $1";
    Ok(tx.conn.run(sql, values![person.as_str(), i64::from(!wanted)]).await? > 0)
}

async fn leave_digest(item: &LeaveDigest, tx: &mut Tx<'_>) -> Refusable {
    if !reply::is_open(&item.by, tx).await? {
        return Ok(Err(StoreError::Stale { what: "answer" }));
    }
    if !put(&item.person, false, tx).await? {
        return Ok(Err(StoreError::NotFound { what: "user", id: item.person.to_string() }));
    }
    reply::used(&item.by, "unsubscribed", None, item.at, tx).await?;
    let mut fields = vec![("wanted", Field::Flag(false))];
    fields.extend(reply::fields(&item.by));
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let subject = item.person.as_str();
    tx.receipt(&Note { at: item.at, kind: "user.digest", tenant: "", pilot: None, subject, actor: subject }, &body)?;
    Ok(Ok(()))
}

async fn set_digest(item: &SetDigest, tx: &mut Tx<'_>) -> Refusable {
    if !put(&item.person, item.wanted, tx).await? {
        return Ok(Err(StoreError::NotFound { what: "user", id: item.person.to_string() }));
    }
    let about = About { kind: "user.digest", subject: item.person.as_str(), actor: &item.actor, at: item.at };
    told(&about, Some(&item.permit), &[("wanted", Field::Flag(item.wanted))], tx)?;
    Ok(Ok(()))
}

impl Store {
    /// Turns a person's digests off because they said so by mail.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the mail was settled or its secret used before; [`StoreError::NotFound`]. Nothing is changed then.
    pub async fn leave_digest(&self, leave: LeaveDigest) -> Result<(), StoreError> {
        self.submit_patiently(leave).await
    }

    /// Turns a person's digests on or off.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_digest(&self, set: SetDigest) -> Result<(), StoreError> {
        self.submit(set).await
    }
}
