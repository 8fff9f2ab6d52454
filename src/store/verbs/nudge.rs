//! That a person was reminded of a brief, or asked because others did not answer. INVARIANT: one row for each brief, revision, person and
//! ordinal, and none for a brief that is decided or was revised meanwhile; the brief itself is read here and never written.

use crate::domain::id::BriefId;
use crate::receipt::{Body, Field};
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::{Belongs, Store, StoreError};
use jiff::Timestamp;

/// A person hears again of a brief that waits.
#[derive(Clone, Debug)]
pub struct Nudge {
    /// The brief.
    pub brief: BriefId,
    /// The revision that waits.
    pub revision: u32,
    /// Who hears of it.
    pub person: String,
    /// 0 for an escalation, else the how many-eth reminder.
    pub ordinal: u32,
    /// When it was due.
    pub due_at: Timestamp,
    /// Where the brief belongs.
    pub belongs: Belongs,
    /// When.
    pub at: Timestamp,
}

one_by_one!(Nudge, bool, nudge);

async fn nudge(item: &Nudge, tx: &mut Tx<'_>) -> Result<Result<bool, StoreError>, StoreError> {
    let kind = if item.ordinal == 0 { "escalation" } else { "reminder" };
    let sql = "INSERT INTO nudge (brief, revision, person, ordinal, kind, due_at, at) \
               SELECT id, revision, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS BIGINT) \
               FROM brief WHERE id = $1 AND revision = $2 AND state IN ('open', 'amending') \
               ON CONFLICT (brief, revision, person, ordinal) DO NOTHING";
    let row = values![
        item.brief.as_str(),
        item.revision,
        &item.person,
        item.ordinal,
        kind,
        item.due_at.as_microsecond(),
        item.at.as_microsecond()
    ];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Ok(false));
    }
    let fields = [
        ("brief", Field::Text(item.brief.as_str())),
        ("due_at", Field::Int(item.due_at.as_microsecond())),
        ("ordinal", Field::Int(i64::from(item.ordinal))),
        ("person", Field::Text(&item.person)),
        ("revision", Field::Int(i64::from(item.revision))),
    ];
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let request = item.brief.request();
    let note = Note {
        at: item.at,
        kind: if item.ordinal == 0 { "brief.escalated" } else { "brief.reminded" },
        tenant: &item.belongs.tenant,
        pilot: Some(&item.belongs.pilot),
        subject: request.as_str(),
        actor: "daemon",
    };
    tx.receipt(&note, &body)?;
    Ok(Ok(true))
}

impl Store {
    /// Notes that a person hears again of a brief; whether this is the first to say so. A brief that no longer waits on that revision is
    /// left alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn nudge(&self, nudge: Nudge) -> Result<bool, StoreError> {
        self.submit_patiently(nudge).await
    }
}
