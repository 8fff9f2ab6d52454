//! Letting writes go, one by one, each an effect whose intent is on disk before it begins. INVARIANT: of one record one write is on its way
//! at most, and the earliest first; a write goes only with the gate's leave for its own sink and plan, and only while its flag is on and
//! nothing is paused, asked in the transaction that puts the intent down.

use super::gate;
use super::review::policy_fields;
use crate::domain::id::{NodeId, WriteId};
use crate::domain::writeback::{Cleared, FlagState, Standing, StatementKind, WriteState};
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::queue::{Verb, one_by_one};
use crate::store::reads::{held, standings_of, write_columns, write_of};
use crate::store::sql::{Many, values};
use crate::store::tx::{Note, Tx};
use crate::store::{Store, StoreError, WriteRow};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Takes writes that are due, to look before they are sent.
#[derive(Clone, Debug)]
pub struct ClaimWrites {
    /// Who looks.
    pub node: NodeId,
    /// Until when it may take to put an intent down.
    pub until: Timestamp,
    /// Sinks that are not to be written to now.
    pub away: Vec<String>,
    /// How many at most.
    pub most: u32,
    /// When.
    pub at: Timestamp,
}

/// By what leave a write goes.
#[derive(Debug)]
pub enum Gate {
    /// The gate's.
    Cleared(Cleared),
    /// None is needed: it takes back what was written.
    Undo,
}

/// Puts down that a write is about to be sent. Only for one that certainly is not done: whoever says this has looked.
#[derive(Debug)]
pub struct IntendWrite {
    /// The write.
    pub id: WriteId,
    /// The attempt it was claimed for.
    pub attempt: u32,
    /// What the far side shows; JSON `null`: nothing is there.
    pub before: Value,
    /// By what leave.
    pub gate: Gate,
    /// When the sending has certainly ended, one way or the other. Until then nobody else takes it.
    pub until: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// Keeps what a daemon has in hand for longer: it lives. What it gave up is not named, and so is found by others when its lease ends.
#[derive(Clone, Debug)]
pub struct RenewWrites {
    /// Who has it.
    pub node: NodeId,
    /// What it has in hand.
    pub writes: Vec<WriteId>,
    /// Until when.
    pub until: Timestamp,
}

one_by_one!(ClaimWrites, Vec<WriteRow>, claim_writes);
one_by_one!(RenewWrites, u64, renew_writes);

async fn renew_writes(item: &RenewWrites, tx: &mut Tx<'_>) -> Result<Result<u64, StoreError>, StoreError> {
    let sql = "UPDATE write_item SET lease_until = $2 WHERE lessee = $1 AND state IN ('claimed', 'sending') AND lease_until < $2 \
               AND replace($3, ' ' || id || ' ', '') <> $3";
    let writes: String = item.writes.iter().map(|id| format!(" {id} ")).collect();
    Ok(Ok(tx.conn.run(sql, values![item.node.as_str(), item.until.as_microsecond(), writes]).await?))
}

macro_rules! claim_sql {
    ($lock:literal) => {
        concat!(
            "WITH due (name) AS MATERIALIZED (SELECT w.id FROM write_item w WHERE w.state = 'waiting' AND w.due_at <= $3 \
             AND replace($4, ' ' || w.sink || ' ', '') = $4 AND NOT ",
            held!(),
            " ORDER BY w.due_at, w.place, w.id LIMIT $5",
            $lock,
            ") UPDATE write_item SET state = 'claimed', attempt = attempt + 1, lessee = $1, lease_until = $2, updated_at = $3 \
             WHERE id IN (SELECT name FROM due) RETURNING ",
            write_columns!()
        )
    };
}

async fn claim_writes(item: &ClaimWrites, tx: &mut Tx<'_>) -> Result<Result<Vec<WriteRow>, StoreError>, StoreError> {
    // Two that claim at once see each other's rows as waiting until one has committed: the unique index on what is on its way of a record
    // refuses the one that comes second, and its batch is tried again.
    let sql = if tx.conn.is_postgres() { claim_sql!(" FOR UPDATE SKIP LOCKED") } else { claim_sql!("") };
    let away: String = item.away.iter().map(|sink| format!(" {sink} ")).collect();
    let (until, at) = (item.until.as_microsecond(), item.at.as_microsecond());
    let rows = tx.conn.rows(sql, values![item.node.as_str(), until, at, away, item.most]).await?;
    let mut claimed = rows.iter().map(write_of).collect::<Result<Vec<_>, _>>()?;
    claimed.sort_by(|one, other| (one.due_at, one.place, &one.id).cmp(&(other.due_at, other.place, &other.id)));
    Ok(Ok(claimed))
}

macro_rules! load_writes {
    () => {
        concat!(
            ") SELECT ",
            $crate::store::reads::write_columns!(),
            " FROM write_item WHERE id IN (SELECT w.name FROM wanted w)"
        )
    };
}
static LOAD_WRITES: Many = Many { before: "WITH wanted (name) AS (VALUES", columns: &["TEXT"], after: load_writes!() };
static LOAD_PLANS: Many = Many {
    before: "WITH wanted (brief) AS (VALUES",
    columns: &["TEXT"],
    after: ") SELECT p.brief, p.plan FROM wanted w JOIN writeback p ON p.brief = w.brief \
            JOIN brief b ON b.id = w.brief AND b.planted = 0",
};
static SEND: Many = Many {
    before: "WITH v (id, attempt, before, lease_until, at) AS (VALUES",
    columns: &["TEXT", "BIGINT", "TEXT", "BIGINT", "BIGINT"],
    after: ") UPDATE write_item SET state = 'sending', before = v.before, maybe = 0, lease_until = v.lease_until, sent_at = v.at, \
            updated_at = v.at FROM v WHERE write_item.id = v.id AND write_item.attempt = v.attempt AND write_item.state = 'claimed' \
            RETURNING write_item.id",
};
static FAIL_EARLIER: Many = Many {
    before: "WITH v (run, step, at) AS (VALUES",
    columns: &["TEXT", "TEXT", "BIGINT"],
    after: ") UPDATE effect SET state = 'failed', outcome = '{\"looked\":\"not done\"}', ended_at = v.at FROM v \
            WHERE effect.run = v.run AND effect.step = v.step AND effect.state = 'uncertain'",
};
static INSERT_EFFECTS: Many = Many {
    before: "INSERT INTO effect (run, step, ordinal, key, state, intent, intended_at) VALUES",
    columns: &["", "", "", "", "", "", ""],
    after: "",
};

/// The writes of these names, by name.
pub(super) async fn load(
    names: impl Iterator<Item = &WriteId>,
    tx: &mut Tx<'_>,
) -> Result<HashMap<WriteId, WriteRow>, StoreError> {
    let names = names.flat_map(|name| values![name.as_str()]).collect();
    let rows = tx.conn.rows_many(&LOAD_WRITES, names).await?;
    rows.iter().map(|row| write_of(row).map(|write| (write.id.clone(), write))).collect()
}

impl Verb for IntendWrite {
    type Out = ();
    const LAST: bool = true;

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        gate::share(tx).await?;
        let writes = load(items.iter().map(|item| &item.id), tx).await?;
        let briefs: HashSet<&str> = writes.values().map(|write| write.brief.as_str()).collect();
        let mut plans = HashMap::new();
        for row in tx.conn.rows_many(&LOAD_PLANS, briefs.into_iter().flat_map(|brief| values![brief]).collect()).await?
        {
            plans.insert(row.text(0)?, row.text(1)?);
        }
        let mut standings: BTreeMap<String, Standing> = BTreeMap::new();
        for write in writes.values() {
            if !standings.contains_key(&write.pilot) {
                let found = standings_of(&mut tx.conn, &write.pilot).await?.remove(&write.pilot);
                standings.insert(write.pilot.clone(), found.unwrap_or_default());
            }
        }
        let mut seen = HashSet::new();
        let (mut outs, mut rows) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items {
            let out = match writes.get(&item.id) {
                None => Err(StoreError::NotFound { what: "write", id: item.id.to_string() }),
                Some(write) if write.state != WriteState::Claimed || write.attempt != item.attempt => {
                    Err(StoreError::Stale { what: "write" })
                }
                Some(_) if !seen.insert(&item.id) => Err(StoreError::Stale { what: "write" }),
                Some(write) => {
                    let plan = plans.get(write.brief.as_str()).map(String::as_str);
                    leave(item, write, plan, standings.get(&write.pilot))
                }
            };
            if out.is_ok() {
                let (until, at) = (item.until.as_microsecond(), item.at.as_microsecond());
                rows.extend(values![item.id.as_str(), item.attempt, item.before.to_string(), until, at]);
            }
            outs.push(out);
        }
        let rows = tx.conn.rows_many(&SEND, rows).await?;
        let sent: HashSet<String> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let (mut earlier, mut effects) = (Vec::new(), Vec::new());
        for (item, out) in items.iter().zip(&mut outs).filter(|(_, out)| out.is_ok()) {
            let Some(write) = writes.get(&item.id).filter(|write| sent.contains(write.id.as_str())) else {
                *out = Err(StoreError::Stale { what: "write" });
                continue;
            };
            let (run, step, at) = (write.brief.request().run(), write.id.as_str(), item.at.as_microsecond());
            if item.attempt > 1 {
                earlier.extend(values![run.to_string(), step, at]);
            }
            let key = format!("{step}/{}", item.attempt);
            let intent = json!({ "sink": write.sink, "key": write.write.key, "digest": write.digest }).to_string();
            effects.extend(values![run.to_string(), step, item.attempt, key, "intended", intent, at]);
            let by: Vec<&str> = match &item.gate {
                Gate::Cleared(cleared) => cleared.by().iter().map(String::as_str).collect(),
                Gate::Undo => Vec::new(),
            };
            let mut fields = vec![("approved_by", Field::Texts(&by))];
            if matches!(item.gate, Gate::Undo) {
                fields = vec![("asked_by", Field::Text(&write.person)), ("forced", Field::Flag(write.forced))];
            }
            tell_write("write.intended", &Doer::DAEMON, write, &fields, item.at, tx)?;
        }
        tx.conn.run_many(&FAIL_EARLIER, earlier).await?;
        tx.conn.run_many(&INSERT_EFFECTS, effects).await?;
        Ok(outs)
    }
}

/// Whether what the gate said still holds here and now.
fn leave(
    item: &IntendWrite,
    write: &WriteRow,
    plan: Option<&str>,
    standing: Option<&Standing>,
) -> Result<(), StoreError> {
    match &item.gate {
        Gate::Undo if write.undo_of.is_some() => Ok(()),
        Gate::Undo => Err(StoreError::Conflict { what: "only what takes a write back goes without leave".to_owned() }),
        Gate::Cleared(_) if write.undo_of.is_some() => {
            Err(StoreError::Conflict { what: "what takes a write back needs no leave".to_owned() })
        }
        Gate::Cleared(cleared) if cleared.sink() != write.sink || cleared.plan() != write.plan => {
            Err(StoreError::Stale { what: "gate" })
        }
        // What another plan replaced is not sent after it.
        Gate::Cleared(_) if plan != Some(&write.plan) => Err(StoreError::Stale { what: "plan" }),
        Gate::Cleared(_) if standing.is_some_and(|standing| is_open(standing, write, item.at)) => Ok(()),
        Gate::Cleared(_) => Err(StoreError::Stale { what: "gate" }),
    }
}

/// What can have changed between the gate's answer and now.
fn is_open(standing: &Standing, write: &WriteRow, at: Timestamp) -> bool {
    let is_on = standing.flags.iter().any(|flag| {
        let admits = flag.ramp.admits(write.request.suffix());
        flag.sink == write.sink && flag.state == FlagState::On && at < flag.until && admits
    });
    let is_paused = standing.pauses.iter().any(|pause| pause.sink.as_deref().is_none_or(|sink| sink == write.sink));
    let is_forbidden = standing.go.as_ref().is_some_and(|go| {
        let excepted = standing
            .exception
            .as_ref()
            .is_some_and(|exception| exception.at > go.at && exception.until.is_none_or(|until| at < until));
        go.kind == StatementKind::NoGo && !excepted
    });
    is_on && !is_paused && !is_forbidden
}

/// Who did something to a write.
pub(super) struct Doer<'a> {
    pub(super) actor: &'a str,
    pub(super) permit: Option<&'a Permit>,
}

impl Doer<'static> {
    /// The daemon itself.
    pub(super) const DAEMON: Self = Self { actor: "writeback", permit: None };
}

/// Leaves a receipt about a write.
pub(super) fn tell_write(
    kind: &str,
    doer: &Doer<'_>,
    write: &WriteRow,
    more: &[(&str, Field<'_>)],
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let policies: Vec<&str> =
        doer.permit.iter().flat_map(|permit| &permit.decision().policies).map(String::as_str).collect();
    let mut fields = doer.permit.map_or_else(Vec::new, |permit| policy_fields(permit, &policies));
    fields.extend([
        ("attempt", Field::Int(i64::from(write.attempt))),
        ("brief", Field::Text(write.brief.as_str())),
        ("decision", Field::Text(&write.decision)),
        ("digest", Field::Text(&write.digest)),
        ("kind", Field::Text(write.write.kind.as_str())),
        ("plan", Field::Text(&write.plan)),
        ("sink", Field::Text(&write.sink)),
        ("write", Field::Text(write.id.as_str())),
    ]);
    fields.extend(write.undo_of.iter().map(|of| ("undo_of", Field::Text(of.as_str()))));
    fields.extend_from_slice(more);
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let (tenant, pilot, subject) = (write.tenant.as_str(), Some(write.pilot.as_str()), write.request.as_str());
    tx.receipt(&Note { at, kind, tenant, pilot, subject, actor: doer.actor }, &body)
}

impl Store {
    /// Keeps what a daemon has in hand for longer; how many writes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn renew_writes(&self, renew: RenewWrites) -> Result<u64, StoreError> {
        self.submit_patiently(renew).await
    }

    /// Takes writes that are due: of each record the earliest alone, and none while another of it is on its way.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Corrupt`] when a call is not the one that was approved: nothing is claimed then.
    pub async fn claim_writes(&self, claim: ClaimWrites) -> Result<Vec<WriteRow>, StoreError> {
        self.submit_patiently(claim).await
    }

    /// Puts a write's intent down: from here on it may have been sent.
    ///
    /// # Errors
    /// [`StoreError::Stale`] with `write` when it is no longer claimed for that attempt, with `gate` when the flag, a pause, a no-go or the
    /// ramp stands in the way by now, with `plan` when another plan has come into force; [`StoreError::Conflict`] when the leave is not of the
    /// kind that the write needs. It must not be sent then.
    pub async fn intend_write(&self, intend: IntendWrite) -> Result<(), StoreError> {
        self.submit_patiently(intend).await
    }
}
