//! Stopping all writing in a store that was put back from a copy. Own file because nobody asked for it and no trigger pulled: the store itself
//! cannot be trusted to know what was sent. INVARIANT: whatever waits is afterwards looked for before it is sent, and nothing goes before a
//! person lets it.

use super::gate::at_the_gate;
use super::pause::{PauseWriting, PausedBy, pause_writing};
use super::writing::{Doer, tell_write};
use super::written::end_effects;
use crate::domain::writeback::WriteState;
use crate::receipt::Field;
use crate::store::reads::{write_of, write_sql};
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use serde_json::json;

/// Stops the writing of every pilot, and marks what waits as perhaps done.
#[derive(Clone, Debug)]
pub struct HoldWriting {
    /// Name and client organisation of each pilot.
    pub pilots: Vec<(String, String)>,
    /// When.
    pub at: Timestamp,
}

at_the_gate!(HoldWriting, u64, hold_writing);

async fn hold_writing(item: &HoldWriting, tx: &mut Tx<'_>) -> Result<Result<u64, StoreError>, StoreError> {
    let (code, message) = ("OP-7651", "the store was put back from a copy: it may have been sent since that was made");
    let rows = tx.conn.rows(write_sql!("WHERE state IN ('waiting', 'claimed', 'sending', 'blocked')"), vec![]).await?;
    for row in &rows {
        let write = write_of(row)?;
        // What is blocked keeps its reason: by it, it goes on when the reason is gone.
        let sql = "UPDATE write_item SET maybe = 1, code = CASE state WHEN 'blocked' THEN code ELSE $2 END, \
                   message = CASE state WHEN 'blocked' THEN message ELSE $3 END, updated_at = $4, lessee = NULL, lease_until = NULL, \
                   state = CASE state WHEN 'blocked' THEN 'blocked' ELSE 'waiting' END WHERE id = $1";
        tx.conn.run(sql, values![write.id.as_str(), code, message, item.at.as_microsecond()]).await?;
        if write.state == WriteState::Sending {
            end_effects(&write, "uncertain", &json!({ "code": code, "message": message }), item.at, tx).await?;
        }
        let fields =
            [("code", Field::Text(code)), ("maybe", Field::Flag(true)), ("was", Field::Text(write.state.as_str()))];
        tell_write("write.postponed", &Doer::DAEMON, &write, &fields, item.at, tx)?;
    }
    for (pilot, tenant) in &item.pilots {
        let figure = "the store lacks what was put down before something was sent".to_owned();
        let pause = PauseWriting {
            pilot: pilot.clone(),
            tenant: tenant.clone(),
            sink: None,
            reason: format!("{message}; look at flags, approvals and the far sides, then let it go on ({code})"),
            by: PausedBy::Trigger { name: "restored".to_owned(), figure },
            at: item.at,
        };
        // One that is paused already stays so.
        let _known = pause_writing(&pause, tx).await?;
    }
    Ok(Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX)))
}

impl Store {
    /// Stops the writing of every pilot in a store that was put back from a copy; how many writes wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hold_writing(&self, hold: HoldWriting) -> Result<u64, StoreError> {
        self.submit_patiently(hold).await
    }
}
