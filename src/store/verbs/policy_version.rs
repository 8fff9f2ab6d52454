//! The highest version of the operator's policies that was ever in force. Own file because it is what keeps older rules out after a restart,
//! on the command line, and on other daemons of the store. INVARIANT: it only rises, and every rise leaves a receipt.

use crate::receipt::{Body, Field};
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

#[derive(Debug)]
struct RaisePolicyVersion {
    version: u64,
    /// Of the policies.
    hash: String,
    at: Timestamp,
}

one_by_one!(RaisePolicyVersion, (), raise);

async fn raise(item: &RaisePolicyVersion, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    // A number beyond what the column holds stands as the highest there is.
    let version = i64::try_from(item.version).unwrap_or(i64::MAX);
    let sql = "INSERT INTO policy_version (id, version, at) VALUES (1, $1, $2) \
               ON CONFLICT (id) DO UPDATE SET version = excluded.version, at = excluded.at WHERE policy_version.version < excluded.version";
    if tx.conn.run(sql, values![version, item.at.as_microsecond()]).await? == 0 {
        return Ok(Ok(()));
    }
    let body = Body::of(&[("policy_set", Field::Text(&item.hash)), ("version", Field::Int(version))])
        .map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let note = Note { at: item.at, kind: "policy.raised", tenant: "", pilot: None, subject: "policy", actor: "daemon" };
    tx.receipt(&note, &body)?;
    Ok(Ok(()))
}

impl Store {
    /// Remembers that policies of this version and hash are in force, unless a higher one was.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn raise_policy_version(&self, version: u64, hash: &str) -> Result<(), StoreError> {
        self.submit_patiently(RaisePolicyVersion { version, hash: hash.to_owned(), at: self.now() }).await
    }

    /// The highest version of the operator's policies that was ever in force; 0 when none had one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn policy_version(&self) -> Result<u64, StoreError> {
        let row = self.reader().await?.conn().row("SELECT version FROM policy_version WHERE id = 1", vec![]).await?;
        row.map_or(Ok(0), |row| Ok(u64::try_from(row.int(0)?).unwrap_or(0)))
    }
}
