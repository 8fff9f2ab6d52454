//! The lock between what lets writes go and what stops them. Own file because both sides need it: whoever lets a write go shares it, whoever
//! turns a flag, pauses or puts a statement on file has it alone. INVARIANT: once such an act is committed, no intent is that was let go by
//! what stood before; the receipts stand in that order.

use super::review::policy_fields;
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::StoreError;
use crate::store::tx::{Note, Tx};
use jiff::Timestamp;

/// Shares the gate until the transaction ends: nothing of what is on file changes meanwhile. SQLite's transaction is the only one that
/// writes anyway.
pub(super) async fn share(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if tx.conn.is_postgres() {
        tx.conn.rows("SELECT pg_advisory_xact_lock_shared(7600)", vec![]).await?;
    }
    Ok(())
}

/// Takes the gate until the transaction ends: no write is let go meanwhile.
pub(super) async fn take(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if tx.conn.is_postgres() {
        tx.conn.rows("SELECT pg_advisory_xact_lock(7600)", vec![]).await?;
    }
    Ok(())
}

/// Runs one item after the other, with the gate taken.
macro_rules! at_the_gate {
    ($verb:ty, $out:ty, $function:path) => {
        impl $crate::store::queue::Verb for $verb {
            type Out = $out;
            const LAST: bool = true;
            async fn run(
                items: &[&Self],
                tx: &mut $crate::store::tx::Tx<'_>,
            ) -> Result<Vec<Result<$out, $crate::store::StoreError>>, $crate::store::StoreError> {
                $crate::store::verbs::gate::take(tx).await?;
                let mut outs = Vec::with_capacity(items.len());
                for item in items {
                    outs.push($function(item, tx).await?);
                }
                Ok(outs)
            }
        }
    };
}
pub(super) use at_the_gate;

/// What a receipt about a pilot's writing says of whoever acted.
pub(super) struct Acted<'a> {
    pub(super) pilot: &'a str,
    pub(super) tenant: &'a str,
    pub(super) actor: &'a str,
    /// `None`: nobody had to allow it, because it only stops.
    pub(super) permit: Option<&'a Permit>,
    pub(super) at: Timestamp,
}

/// Leaves a receipt about a pilot's writing.
pub(super) fn tell(
    kind: &str,
    acted: &Acted<'_>,
    more: &[(&str, Field<'_>)],
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let policies: Vec<&str> =
        acted.permit.iter().flat_map(|permit| &permit.decision().policies).map(String::as_str).collect();
    let mut fields = acted.permit.map_or_else(Vec::new, |permit| policy_fields(permit, &policies));
    fields.extend_from_slice(more);
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let subject = format!("pilot:{}", acted.pilot);
    let (tenant, pilot) = (acted.tenant, Some(acted.pilot));
    tx.receipt(&Note { at: acted.at, kind, tenant, pilot, subject: &subject, actor: acted.actor }, &body)
}
