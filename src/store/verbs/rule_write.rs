//! What people rule upon writes that did not plainly go. Own file because it is the only way by which such a write goes again, or never does.
//! INVARIANT: it asks for a permit and names the state it expects; nothing that may have been sent is called off.

use super::writing::{Doer, load, tell_write};
use super::written::{end_effects, undone};
use crate::domain::id::WriteId;
use crate::domain::writeback::WriteState;
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError, WriteRow};
use jiff::Timestamp;
use serde_json::json;

/// What a person says of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteRuling {
    /// Nobody knew whether it was done: it was.
    Went {
        /// The far side's own name for it, where the person knows it: without one it cannot be taken back.
        far_id: Option<String>,
    },
    /// Nobody knew whether it was done: it was not. It is due again.
    DidNotGo,
    /// It was refused, or the gate was shut: it is due again, and the gate is asked again.
    Again,
    /// It is not to be sent.
    Cancel,
}

/// A person rules upon a write.
#[derive(Debug)]
pub struct RuleWrite {
    /// The write.
    pub id: WriteId,
    /// What they say.
    pub ruling: WriteRuling,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(RuleWrite, (), rule_write);

/// The states that a ruling is for.
fn meant(ruling: &WriteRuling) -> &'static [WriteState] {
    use WriteState::{Blocked, Claimed, Differs, Refused, Uncertain, Waiting};
    match ruling {
        WriteRuling::Went { .. } | WriteRuling::DidNotGo => &[Uncertain],
        WriteRuling::Again => &[Refused, Blocked],
        WriteRuling::Cancel => &[Waiting, Claimed, Blocked, Refused, Differs],
    }
}

async fn rule_write(item: &RuleWrite, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    let Some(write) = load(std::iter::once(&item.id), tx).await?.remove(&item.id) else {
        return Ok(Err(StoreError::NotFound { what: "write", id: item.id.to_string() }));
    };
    let meant = meant(&item.ruling);
    if !meant.contains(&write.state) {
        let meant: Vec<&str> = meant.iter().map(|state| state.as_str()).collect();
        let what = format!("the write is {}; this is for one that is {}", write.state, meant.join(", "));
        return Ok(Err(StoreError::Conflict { what }));
    }
    if item.ruling == WriteRuling::Cancel && write.maybe {
        let what = "the write may have been sent; it is looked for before anything else can be done".to_owned();
        return Ok(Err(StoreError::Conflict { what }));
    }
    if !put(item, &write, tx).await? {
        return Ok(Err(StoreError::Stale { what: "write" }));
    }
    let (kind, outcome, effect) = match &item.ruling {
        WriteRuling::Went { .. } => ("write.settled", "went", Some("done")),
        WriteRuling::DidNotGo => ("write.settled", "did_not_go", Some("failed")),
        WriteRuling::Again => ("write.retried", "again", None),
        WriteRuling::Cancel => ("write.cancelled", "cancelled", None),
    };
    if let Some(effect) = effect {
        let said = json!({ "settled_by": item.person, "outcome": outcome });
        end_effects(&write, effect, &said, item.at, tx).await?;
    }
    let doer = Doer { actor: &item.person, permit: Some(&item.permit) };
    let mut fields = vec![("outcome", Field::Text(outcome)), ("was", Field::Text(write.state.as_str()))];
    if let WriteRuling::Went { far_id: Some(id) } = &item.ruling {
        fields.push(("far_id", Field::Text(id)));
    }
    tell_write(kind, &doer, &write, &fields, item.at, tx)?;
    if matches!(item.ruling, WriteRuling::Went { .. }) {
        undone(&write, &doer, item.at, tx).await?;
    }
    Ok(Ok(()))
}

/// Changes the row; whether it still stood as it was read.
async fn put(item: &RuleWrite, write: &WriteRow, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let (id, was, at) = (item.id.as_str(), write.state.as_str(), item.at.as_microsecond());
    let touched = match &item.ruling {
        WriteRuling::Went { far_id } => {
            let sql = "UPDATE write_item SET state = 'written', maybe = 0, after = NULL, far_id = COALESCE($4, far_id), code = NULL, \
                       message = 'a person found that it was done', written_at = $5, updated_at = $5 \
                       WHERE id = $1 AND state = $2 AND attempt = $3";
            tx.conn.run(sql, values![id, was, write.attempt, far_id, at]).await?
        }
        WriteRuling::DidNotGo => {
            let sql = "UPDATE write_item SET state = 'waiting', maybe = 0, failures = 0, due_at = $4, updated_at = $4 \
                       WHERE id = $1 AND state = $2 AND attempt = $3";
            tx.conn.run(sql, values![id, was, write.attempt, at]).await?
        }
        WriteRuling::Again => {
            let sql = "UPDATE write_item SET state = 'waiting', failures = 0, due_at = $4, updated_at = $4 WHERE id = $1 AND state = $2 AND attempt = $3";
            tx.conn.run(sql, values![id, was, write.attempt, at]).await?
        }
        WriteRuling::Cancel => {
            let sql = "UPDATE write_item SET state = 'cancelled', lessee = NULL, lease_until = NULL, updated_at = $4 \
                       WHERE id = $1 AND state = $2 AND attempt = $3 AND maybe = 0";
            tx.conn.run(sql, values![id, was, write.attempt, at]).await?
        }
    };
    Ok(touched == 1)
}

impl Store {
    /// Puts down what a person says of a write.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it does not stand so that this could be said of it, or may have been sent and
    /// is to be called off; [`StoreError::Stale`] when it changed meanwhile.
    pub async fn rule_write(&self, rule: RuleWrite) -> Result<(), StoreError> {
        self.submit_patiently(rule).await
    }
}
