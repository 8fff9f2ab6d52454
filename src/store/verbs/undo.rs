//! Asking for a write to be taken back. INVARIANT: one undo of a write lives at a time; it goes before everything else that waits for its
//! record, and of several the last write is taken back first.

use super::erase::is_erased;
use super::plan::{Origin, insert, row};
use super::review::Belongs;
use super::writing::{Doer, load, tell_write};
use crate::domain::id::WriteId;
use crate::domain::writeback::WriteState;
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::queue::one_by_one;
use crate::store::reads::{write_of, write_sql};
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError, WriteRow};
use jiff::Timestamp;
use opspilot_sdk::Write;

/// A person wants a write taken back.
#[derive(Debug)]
pub struct UndoWrite {
    /// Its name, as a write of its own.
    pub id: WriteId,
    /// What it takes back.
    pub of: WriteId,
    /// What is sent: of the same kind, key and record.
    pub write: Write,
    /// Whatever the far side shows by now.
    pub forced: bool,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(UndoWrite, (), undo_write);

async fn undo_write(item: &UndoWrite, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    let of = item.of.as_str();
    // Of two people who ask at once one waits here for the other.
    let sql = if tx.conn.is_postgres() { write_sql!("WHERE id = $1 FOR UPDATE") } else { write_sql!("WHERE id = $1") };
    let Some(found) = tx.conn.row(sql, values![of]).await? else {
        return Ok(Err(StoreError::NotFound { what: "write", id: of.to_owned() }));
    };
    let original = write_of(&found)?;
    if is_erased(original.request.as_str(), tx).await? {
        return Ok(Err(StoreError::Erased { request: original.request.to_string() }));
    }
    if let Err(refused) = fits(item, &original) {
        return Ok(Err(refused));
    }
    let sql = write_sql!("WHERE undo_of = $1 AND undo_of <> '' AND state <> 'cancelled'");
    let mut replaced = Vec::new();
    for row in tx.conn.rows(sql, values![of]).await? {
        let other = write_of(&row)?;
        match other.state {
            WriteState::Refused => replaced.push(other),
            WriteState::Differs if item.forced => replaced.push(other),
            WriteState::Differs => {
                let what = "the record is no longer as it was left; force the undo, or call it off".to_owned();
                return Ok(Err(StoreError::Conflict { what }));
            }
            state => {
                let what = format!("`{}` takes it back already; it is {state}", other.id);
                return Ok(Err(StoreError::Conflict { what }));
            }
        }
    }
    let doer = Doer { actor: &item.person, permit: Some(&item.permit) };
    for other in &replaced {
        let sql = "UPDATE write_item SET state = 'cancelled', message = 'another undo took its place', updated_at = $3 \
                   WHERE id = $1 AND state = $2";
        let row = values![other.id.as_str(), other.state.as_str(), item.at.as_microsecond()];
        if tx.conn.run(sql, row).await? == 0 {
            return Err(StoreError::Stale { what: "write" });
        }
        let fields = [("by", Field::Text(item.id.as_str())), ("was", Field::Text(other.state.as_str()))];
        tell_write("write.cancelled", &doer, other, &fields, item.at, tx)?;
    }
    let belongs = Belongs { tenant: original.tenant.clone(), pilot: original.pilot.clone() };
    let new = row(&Origin {
        id: &item.id,
        brief: &original.brief,
        belongs: &belongs,
        sink: &original.sink,
        place: -1 - original.place.max(0),
        plan: &original.plan,
        write: &item.write,
        settle: original.settle,
        due: item.at,
        undo_of: of,
        forced: item.forced,
        person: &item.person,
        decision: &original.decision,
        at: item.at,
    })?;
    if insert(new, tx).await?.is_empty() {
        return Err(StoreError::Conflict { what: format!("`{of}` is being taken back already") });
    }
    let undo = load(std::iter::once(&item.id), tx).await?.remove(&item.id);
    let undo = undo.ok_or_else(|| StoreError::corrupt(format!("`{}` is gone", item.id)))?;
    tell_write("write.undo_asked", &doer, &undo, &[("forced", Field::Flag(item.forced))], item.at, tx)?;
    Ok(Ok(()))
}

fn fits(item: &UndoWrite, original: &WriteRow) -> Result<(), StoreError> {
    if original.undo_of.is_some() {
        return Err(StoreError::Conflict { what: "an undo is not taken back; write it anew".to_owned() });
    }
    if original.state != WriteState::Written {
        let what = format!("the write is {}; only what is written can be taken back", original.state);
        return Err(StoreError::Conflict { what });
    }
    let (new, old) = (&item.write, &original.write);
    if (new.kind, &new.key, &new.record) != (old.kind, &old.key, &old.record) {
        return Err(StoreError::Conflict { what: "what takes a write back is of its kind, key and record".to_owned() });
    }
    Ok(())
}

impl Store {
    /// Queues what takes a write back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it is not written, or is being taken back already, or was found different and
    /// this is not forced.
    pub async fn undo_write(&self, undo: UndoWrite) -> Result<(), StoreError> {
        self.submit_patiently(undo).await
    }
}
