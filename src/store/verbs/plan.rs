//! Approving a plan of writes, and queueing what it holds in the transaction that completes the approval. INVARIANT: a write is queued only
//! beside the approval of exactly its plan; a key that may have been written is never queued again; a plan comes into force whole, so that
//! each of its writes is queued or stands as approved, or it does not.

use super::letter::Refusable;
use super::review::{Belongs, policy_fields, receipt};
use super::writing::{Doer, tell_write};
use crate::domain::id::{BriefId, WriteId};
use crate::domain::writeback::WriteState;
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::pack::pack;
use crate::store::queue::one_by_one;
use crate::store::reads::{write_columns, write_of, write_sql};
use crate::store::sql::{Many, Value, values};
use crate::store::tx::Tx;
use crate::store::{Store, StoreError, WriteRow};
use jiff::Timestamp;
use opspilot_sdk::Write;
use std::collections::HashMap;
use std::time::Duration;

/// A write to queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWrite {
    /// Its name.
    pub id: WriteId,
    /// The sink.
    pub sink: String,
    /// Its place among the writes to its record, the lower first; 0 or more. A time, so that writes of several briefs keep their order.
    pub place: i64,
    /// What is sent.
    pub write: Write,
    /// How long after a lost answer a look tells.
    pub settle: Duration,
    /// Not before.
    pub due: Timestamp,
}

/// The plan comes into force: enough people have approved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueWrites {
    /// The plan as it was shown, JSON.
    pub content: Vec<u8>,
    /// Its writes.
    pub writes: Vec<NewWrite>,
}

/// What an approving decision says about a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovesPlan {
    /// Digest of the plan that the person was shown.
    pub plan: String,
    /// It comes into force with this decision.
    pub queue: Option<QueueWrites>,
}

/// A person approves a plan for a brief that is approved already.
#[derive(Debug)]
pub struct ApprovePlan {
    /// The brief.
    pub brief: BriefId,
    /// The version it was read at.
    pub version: i64,
    /// Digest of the revision that is approved.
    pub digest: String,
    /// Digest of the plan.
    pub plan: String,
    /// The decision that approved the brief.
    pub decision: String,
    /// Who.
    pub person: String,
    /// Where it belongs.
    pub belongs: Belongs,
    /// By what right.
    pub permit: Permit,
    /// It comes into force with this approval, in place of the one that is.
    pub queue: Option<QueueWrites>,
    /// When.
    pub at: Timestamp,
}

/// What came of approving a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanApproval {
    /// It is put down; so many writes are queued.
    Counted {
        /// How many; none where the plan is not in force yet, or all of it stood as approved.
        queued: u32,
    },
    /// Nothing was changed: another write has the key of one of these.
    Taken {
        /// The write that has it.
        by: Box<WriteRow>,
        /// It is being taken back.
        undoing: bool,
    },
}

one_by_one!(ApprovePlan, PlanApproval, approve_plan);

/// One approval of a plan, whichever verb brings it.
pub(super) struct Approving<'a> {
    pub(super) brief: &'a BriefId,
    pub(super) digest: &'a str,
    pub(super) plan: &'a str,
    pub(super) decision: &'a str,
    pub(super) person: &'a str,
    pub(super) belongs: &'a Belongs,
    pub(super) permit: &'a str,
    pub(super) queue: Option<&'a QueueWrites>,
    pub(super) at: Timestamp,
}

static INSERT_APPROVALS: Many = Many {
    before: "INSERT INTO plan_approval (brief, digest, plan, person, permit, at) VALUES",
    columns: &["", "", "", "", "", ""],
    after: " ON CONFLICT DO NOTHING",
};
static PUT_PLANS: Many = Many {
    before: "INSERT INTO writeback (brief, request, pilot, tenant, digest, plan, content, decision, at) VALUES",
    columns: &["", "", "", "", "", "", "", "", ""],
    after: " ON CONFLICT (brief) DO UPDATE SET digest = excluded.digest, plan = excluded.plan, content = excluded.content, \
            decision = excluded.decision, at = excluded.at",
};
static INSERT_WRITES: Many = Many {
    before: "INSERT INTO write_item (id, brief, request, pilot, tenant, sink, kind, place, record, key, plan, call, expect, digest, state, \
             attempt, maybe, due_at, settle_micros, undo_of, forced, person, decision, ready_at, created_at, updated_at) VALUES",
    columns: &["", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
    after: " ON CONFLICT DO NOTHING RETURNING brief",
};

static PLANTED: Many = Many {
    before: "WITH wanted (brief) AS (VALUES",
    columns: &["TEXT"],
    after: ") SELECT b.id FROM wanted w JOIN brief b ON b.id = w.brief WHERE b.planted = 1",
};

/// Where a write comes from.
pub(super) struct Origin<'a> {
    pub(super) id: &'a WriteId,
    pub(super) brief: &'a BriefId,
    pub(super) belongs: &'a Belongs,
    pub(super) sink: &'a str,
    pub(super) place: i64,
    pub(super) plan: &'a str,
    pub(super) write: &'a Write,
    pub(super) settle: Duration,
    pub(super) due: Timestamp,
    pub(super) undo_of: &'a str,
    pub(super) forced: bool,
    pub(super) person: &'a str,
    pub(super) decision: &'a str,
    pub(super) at: Timestamp,
}

/// The row of a write that waits.
pub(super) fn row<'v>(from: &Origin<'v>) -> Result<Vec<Value<'v>>, StoreError> {
    let call = serde_json::to_vec(&from.write.call).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let (due, at) = (from.due.as_microsecond(), from.at.as_microsecond());
    Ok(values![
        from.id.as_str(),
        from.brief.as_str(),
        from.brief.request().to_string(),
        &from.belongs.pilot,
        &from.belongs.tenant,
        from.sink,
        from.write.kind.as_str(),
        from.place,
        &from.write.record,
        &from.write.key,
        from.plan,
        pack(&call),
        from.write.expect.to_string(),
        from.write.call.digest(),
        "waiting",
        0i64,
        0i64,
        due,
        i64::try_from(from.settle.as_micros()).unwrap_or(i64::MAX),
        from.undo_of,
        i64::from(from.forced),
        from.person,
        from.decision,
        due,
        at,
        at
    ])
}

/// Inserts rows of writes; by brief, how many were not there already.
pub(super) async fn insert(rows: Vec<Value<'_>>, tx: &mut Tx<'_>) -> Result<HashMap<String, i64>, StoreError> {
    let mut queued = HashMap::new();
    for row in tx.conn.rows_many(&INSERT_WRITES, rows).await? {
        *queued.entry(row.text(0)?).or_insert(0) += 1;
    }
    Ok(queued)
}

/// Puts approvals down, and brings into force what they complete. No brief stands in it twice. Whatever was in force before must have been
/// stopped.
pub(super) async fn approve(items: &[Approving<'_>], tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let queued =
        items.iter().filter(|item| item.queue.is_some()).flat_map(|item| values![item.brief.as_str()]).collect();
    if !tx.conn.rows_many(&PLANTED, queued).await?.is_empty() {
        // Review never asks for it; if it does, nothing of the batch may stand.
        return Err(StoreError::Conflict { what: "a planted draft is never written anywhere".into() });
    }
    let (mut approvals, mut plans, mut writes) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let (brief, at) = (item.brief.as_str(), item.at.as_microsecond());
        approvals.extend(values![brief, item.digest, item.plan, item.person, item.permit, at]);
        let Some(queue) = item.queue else { continue };
        plans.extend(values![
            brief,
            item.brief.request().to_string(),
            &item.belongs.pilot,
            &item.belongs.tenant,
            item.digest,
            item.plan,
            pack(&queue.content),
            item.decision,
            at
        ]);
        for new in &queue.writes {
            writes.extend(row(&Origin {
                id: &new.id,
                brief: item.brief,
                belongs: item.belongs,
                sink: &new.sink,
                place: new.place.max(0),
                plan: item.plan,
                write: &new.write,
                settle: new.settle,
                due: new.due,
                undo_of: "",
                forced: false,
                person: item.person,
                decision: item.decision,
                at: item.at,
            })?);
        }
    }
    tx.conn.run_many(&INSERT_APPROVALS, approvals).await?;
    tx.conn.run_many(&PUT_PLANS, plans).await?;
    let queued = insert(writes, tx).await?;
    for item in items.iter() {
        let Some(queue) = item.queue else { continue };
        let wanted = i64::try_from(queue.writes.len()).unwrap_or(i64::MAX);
        if queued.get(item.brief.as_str()).copied().unwrap_or(0) != wanted {
            // Whoever completes an approval is told that it is carried out: then all of it must be.
            let what = "a write of this plan was queued by another one meanwhile; read the plan again".to_owned();
            return Err(StoreError::Conflict { what });
        }
        let fields = [
            ("brief", Field::Text(item.brief.as_str())),
            ("decision", Field::Text(item.decision)),
            ("digest", Field::Text(item.digest)),
            ("plan", Field::Text(item.plan)),
            ("writes", Field::Int(queued.get(item.brief.as_str()).copied().unwrap_or(0))),
        ];
        receipt("writeback.queued", item.at, item.brief, item.belongs, item.person, &fields, tx)?;
    }
    Ok(())
}

async fn approve_plan(item: &ApprovePlan, tx: &mut Tx<'_>) -> Refusable<PlanApproval> {
    let brief = item.brief.as_str();
    let queue = match &item.queue {
        None => None,
        Some(queue) => match missing(item, queue, tx).await? {
            Ok(writes) => Some(QueueWrites { content: queue.content.clone(), writes }),
            Err(taken) => return Ok(Ok(taken)),
        },
    };
    let queues = queue.as_ref().map_or(0, |queue| queue.writes.len());
    let sql = "SELECT 1 FROM plan_approval WHERE brief = $1 AND digest = $2 AND plan = $3 AND person = $4";
    let before = tx.conn.row(sql, values![brief, &item.digest, &item.plan, &item.person]).await?.is_some();
    // Whoever approved it before may have it carried out again where something of it was called off, or another plan took its place; they
    // count as one person, as before.
    if before && (queue.is_none() || (queues == 0 && is_in_force(item, tx).await?)) {
        return Ok(Err(StoreError::Conflict { what: "you have approved this plan already".to_owned() }));
    }
    // Of two who approve at once the second must count the first: so this is a change of the brief.
    let sql =
        "UPDATE brief SET version = version + 1 WHERE id = $1 AND version = $2 AND state = 'approved' AND digest = $3";
    if tx.conn.run(sql, values![brief, item.version, &item.digest]).await? == 0 {
        return Ok(Err(StoreError::Stale { what: "brief" }));
    }
    let permit = &item.permit.decision().id;
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.extend([
        ("brief", Field::Text(brief)),
        ("decision", Field::Text(&item.decision)),
        ("digest", Field::Text(&item.digest)),
        ("plan", Field::Text(&item.plan)),
    ]);
    receipt("writeback.approved", item.at, &item.brief, &item.belongs, &item.person, &fields, tx)?;
    if item.queue.is_some() {
        replace(item, tx).await?;
    }
    let approving = Approving {
        brief: &item.brief,
        digest: &item.digest,
        plan: &item.plan,
        decision: &item.decision,
        person: &item.person,
        belongs: &item.belongs,
        permit,
        queue: queue.as_ref(),
        at: item.at,
    };
    approve(&[approving], tx).await?;
    Ok(Ok(PlanApproval::Counted { queued: u32::try_from(queues).unwrap_or(u32::MAX) }))
}

async fn is_in_force(item: &ApprovePlan, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM writeback WHERE brief = $1 AND digest = $2 AND plan = $3";
    Ok(tx.conn.row(sql, values![item.brief.as_str(), &item.digest, &item.plan]).await?.is_some())
}

/// The writes of a plan that are to be queued when it comes into force: not those that stand as it has them. Or what has the key of one of
/// them and makes way for nothing.
async fn missing(
    item: &ApprovePlan,
    queue: &QueueWrites,
    tx: &mut Tx<'_>,
) -> Result<Result<Vec<NewWrite>, PlanApproval>, StoreError> {
    let mut writes = Vec::with_capacity(queue.writes.len());
    for new in &queue.writes {
        let sql = write_sql!("WHERE sink = $1 AND key = $2 AND undo_of = '' AND state <> 'cancelled'");
        let Some(row) = tx.conn.row(sql, values![&new.sink, &new.write.key]).await? else {
            writes.push(new.clone());
            continue;
        };
        let other = write_of(&row)?;
        let ours = other.brief == item.brief && other.plan == item.plan && other.state != WriteState::Undone;
        let sql = "SELECT 1 FROM write_item WHERE undo_of = $1 AND undo_of <> '' AND state <> 'cancelled'";
        let undoing =
            other.state == WriteState::Written && tx.conn.row(sql, values![other.id.as_str()]).await?.is_some();
        let unsent = matches!(
            other.state,
            WriteState::Waiting | WriteState::Claimed | WriteState::Blocked | WriteState::Refused
        );
        match other.state {
            _ if ours => {}
            WriteState::Written if other.write == new.write && !undoing => {}
            // It is stopped before this one is queued.
            _ if unsent && !other.maybe && other.brief == item.brief => writes.push(new.clone()),
            _ => return Ok(Err(PlanApproval::Taken { by: Box::new(other), undoing })),
        }
    }
    Ok(Ok(writes))
}

/// Stops what another plan of the brief left unsent. What may have been sent goes its way.
async fn replace(item: &ApprovePlan, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sql = concat!(
        "UPDATE write_item SET state = 'cancelled', lessee = NULL, lease_until = NULL, code = NULL, message = 'another plan took its place', \
         updated_at = $3 WHERE brief = $1 AND plan <> $2 AND undo_of = '' AND maybe = 0 \
         AND state IN ('waiting', 'claimed', 'blocked', 'refused') RETURNING ",
        write_columns!()
    );
    let rows = tx.conn.rows(sql, values![item.brief.as_str(), &item.plan, item.at.as_microsecond()]).await?;
    for row in &rows {
        let write = write_of(row)?;
        let doer = Doer { actor: &item.person, permit: None };
        tell_write("write.cancelled", &doer, &write, &[("by_plan", Field::Text(&item.plan))], item.at, tx)?;
    }
    Ok(())
}

impl Store {
    /// Puts down that a person approves a plan; with `queue` it comes into force.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the brief changed since it was read; [`StoreError::Conflict`] when they approved it before and nothing of it is
    /// to be queued again.
    pub async fn approve_plan(&self, approve: ApprovePlan) -> Result<PlanApproval, StoreError> {
        self.submit_patiently(approve).await
    }
}
