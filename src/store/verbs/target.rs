//! Naming the record that a brief's writes go to. INVARIANT: it changes what may be approved, so it counts as a change of the brief: a
//! decision made upon what stood before is refused.

use super::letter::Refusable;
use super::review::{Belongs, policy_fields, receipt};
use crate::domain::id::BriefId;
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// A person names the record of a sink for a brief, or takes the name back.
#[derive(Debug)]
pub struct SetTarget {
    /// The brief.
    pub brief: BriefId,
    /// The sink.
    pub sink: String,
    /// The record, as the far side names it; `None`: none is named any more.
    pub record: Option<String>,
    /// Who.
    pub person: String,
    /// Where it belongs.
    pub belongs: Belongs,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(SetTarget, (), set_target);

async fn set_target(item: &SetTarget, tx: &mut Tx<'_>) -> Refusable<()> {
    let (brief, at) = (item.brief.as_str(), item.at.as_microsecond());
    let sql = "UPDATE brief SET version = version + 1 WHERE id = $1 AND state IN ('open', 'amending', 'redrafting', 'approved')";
    if tx.conn.run(sql, values![brief]).await? == 0 {
        let found = tx.conn.row("SELECT state FROM brief WHERE id = $1", values![brief]).await?;
        let Some(row) = found else {
            return Ok(Err(StoreError::NotFound { what: "brief", id: brief.to_owned() }));
        };
        let what = format!("the brief is {}; nothing of it will be written", row.text(0)?);
        return Ok(Err(StoreError::Conflict { what }));
    }
    if let Some(record) = &item.record {
        let sql = "INSERT INTO target (brief, sink, record, person, at) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (brief, sink) DO UPDATE SET record = excluded.record, person = excluded.person, at = excluded.at";
        tx.conn.run(sql, values![brief, &item.sink, record, &item.person, at]).await?;
    } else {
        tx.conn.run("DELETE FROM target WHERE brief = $1 AND sink = $2", values![brief, &item.sink]).await?;
    }
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.extend([
        ("brief", Field::Text(brief)),
        ("record", item.record.as_deref().map_or(Field::Null, Field::Text)),
        ("sink", Field::Text(&item.sink)),
    ]);
    receipt("writeback.target", item.at, &item.brief, &item.belongs, &item.person, &fields, tx)?;
    Ok(Ok(()))
}

impl Store {
    /// Names the record that a brief's writes to a sink go to.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when the brief was rejected or withdrawn.
    pub async fn set_target(&self, set: SetTarget) -> Result<(), StoreError> {
        self.submit_patiently(set).await
    }
}
