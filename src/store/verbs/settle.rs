//! Settling what a call did cost. INVARIANT: a settlement goes to the periods of its reservation, whatever the clock says by then; what
//! nobody knows, or cannot be true, stays held until a person rules; no more is settled than was held.

use super::ledger::{Books, PeriodKey, Wanted, take};
use super::reserve::{FromBucket, sayable};
use crate::domain::breaker::Health;
use crate::domain::bucket;
use crate::domain::charge::Verdict;
use crate::domain::id::{ReservationId, RunId};
use crate::domain::money::Micros;
use crate::receipt::{Body, Field};
use crate::store::queue::Verb;
use crate::store::sql::{Many, Value, values};
use crate::store::tx::{Note, Tx};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::Usage;
use std::collections::BTreeMap;

/// Puts down what a call did cost.
#[derive(Clone, Debug)]
pub struct Settle {
    /// The reservation.
    pub id: ReservationId,
    /// What follows from its charge.
    pub verdict: Verdict,
    /// What the far side says it counted.
    pub usage: Option<Usage>,
    /// How the far side showed itself.
    pub health: Health,
    /// When.
    pub at: Timestamp,
}

/// Of reservations whose worker is gone nobody knows what they cost.
#[derive(Clone, Debug)]
struct RescueReservations {
    at: Timestamp,
}

/// What a settling changed for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// How the far side stands now: `closed`, `open`, `half_open`.
    pub breaker: &'static str,
    /// The far side was paused by this.
    pub paused: bool,
}

/// A call of an evaluation that was not settled for so long, in microseconds, is never going to be.
const LONGEST_EVALUATION: i64 = 3_600_000_000;

static LOAD: Many = Many {
    before: "WITH wanted (id) AS (VALUES",
    columns: &["TEXT"],
    after: ") SELECT r.id, r.run, r.generator, r.pilot, r.tenant, r.state, r.held, r.probe, r.periods, r.buckets, r.most_input, \
            r.max_output, r.reserved_at, r.key FROM wanted w JOIN reservation r ON r.id = w.id",
};
static END: Many = Many {
    before: "WITH v (id, state, used_input, used_cached, used_output, cost, claimed, ended_at) AS (VALUES",
    columns: &["TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "BIGINT"],
    after: ") UPDATE reservation SET state = v.state, used_input = v.used_input, used_cached = v.used_cached, used_output = v.used_output, \
            cost = v.cost, claimed = v.claimed, ended_at = v.ended_at FROM v WHERE reservation.id = v.id",
};
static END_EFFECTS: Many = Many {
    before: "WITH v (key, state, outcome, ended_at) AS (VALUES",
    columns: &["TEXT", "TEXT", "TEXT", "BIGINT"],
    after: ") UPDATE effect SET state = v.state, outcome = v.outcome, ended_at = v.ended_at FROM v WHERE effect.key = v.key",
};

/// A reservation as settling needs it.
pub(super) struct Open {
    pub(super) id: String,
    pub(super) run: String,
    pub(super) generator: String,
    pub(super) pilot: String,
    pub(super) tenant: String,
    pub(super) state: String,
    pub(super) held: Micros,
    probe: bool,
    pub(super) periods: Vec<PeriodKey>,
    buckets: Vec<FromBucket>,
    worst: (i64, i64),
    reserved_at: i64,
    pub(super) key: String,
}

/// Reads reservations by their names.
pub(super) async fn load(ids: Vec<Value<'_>>, tx: &mut Tx<'_>) -> Result<BTreeMap<String, Open>, StoreError> {
    let mut found = BTreeMap::new();
    for row in tx.conn.rows_many(&LOAD, ids).await? {
        let unreadable = |_| StoreError::corrupt("a reservation that cannot be read");
        let open = Open {
            id: row.text(0)?,
            run: row.text(1)?,
            generator: row.text(2)?,
            pilot: row.text(3)?,
            tenant: row.text(4)?,
            state: row.text(5)?,
            held: Micros::new(row.int(6)?).ok_or_else(|| StoreError::corrupt("a reservation below zero"))?,
            probe: row.int(7)? != 0,
            periods: serde_json::from_str(&row.text(8)?).map_err(unreadable)?,
            buckets: serde_json::from_str(&row.text(9)?).map_err(unreadable)?,
            worst: (row.int(10)?, row.int(11)?),
            reserved_at: row.int(12)?,
            key: row.text(13)?,
        };
        found.insert(open.id.clone(), open);
    }
    Ok(found)
}

/// Rows of one settling, to be written together.
#[derive(Default)]
struct Ends {
    reservations: Vec<Value<'static>>,
    effects: Vec<Value<'static>>,
}

impl Verb for Settle {
    type Out = Settled;
    const LAST: bool = true;

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<Settled, StoreError>>, StoreError> {
        take(tx).await?;
        let mut found = load(items.iter().flat_map(|item| values![item.id.as_str()]).collect(), tx).await?;
        let mut books = Books::read(wanted(found.values()), tx).await?;
        let mut ends = Ends::default();
        let mut outs = Vec::with_capacity(items.len());
        let mut at = 0;
        for item in items {
            at = at.max(item.at.as_microsecond());
            // Whoever was given up and then heard of the far side after all knows more than whoever gave it up.
            let open = found.remove(item.id.as_str());
            match open.filter(|open| matches!(open.state.as_str(), "held" | "unreported")) {
                Some(open) => outs.push(Ok(settle(item, &open, &mut books, &mut ends, tx)?)),
                None => outs.push(Err(StoreError::Stale { what: "reservation" })),
            }
        }
        write(&books, ends, at, tx).await?;
        Ok(outs)
    }
}

pub(super) fn wanted<'o>(open: impl Iterator<Item = &'o Open>) -> Wanted {
    let mut wanted = Wanted::default();
    for open in open {
        wanted.lines.extend(open.periods.iter().cloned());
        wanted.buckets.extend(open.buckets.iter().map(|bucket| bucket.key.clone()));
        wanted.sides.insert(open.generator.clone());
    }
    wanted
}

fn settle(
    item: &Settle,
    open: &Open,
    books: &mut Books,
    ends: &mut Ends,
    tx: &mut Tx<'_>,
) -> Result<Settled, StoreError> {
    let now = item.at.as_microsecond();
    let cost = match item.verdict {
        Verdict::Settled(cost) if cost > open.held => {
            return Err(StoreError::corrupt("more would be settled than was held"));
        }
        Verdict::Settled(cost) => Some(cost),
        _ => None,
    };
    if matches!(item.verdict, Verdict::Settled(_) | Verdict::Released) {
        books.end(&open.periods, open.held, cost)?;
        give_back(item, open, books);
    }
    let mut side = books.side(&open.generator);
    let before = side.breaker.as_str();
    side.breaker.heard(item.health, open.probe, now);
    let beyond = matches!(item.verdict, Verdict::Disputed { beyond: true, .. });
    let paused = beyond && side.paused.is_none();
    if paused {
        side.paused = Some((open.id.clone(), now));
    }
    let breaker = side.breaker.as_str();
    books.set_side(&open.generator, side);
    if breaker != before {
        tell_side(
            "generator.breaker",
            open,
            item.at,
            &[("state", Field::Text(breaker)), ("was", Field::Text(before))],
            tx,
        )?;
    }
    if paused {
        tell_side("generator.paused", open, item.at, &[("reservation", Field::Text(&open.id))], tx)?;
    }
    ends.put(open, item.verdict, item.usage, now);
    tell(open, item.verdict, item.usage, item.at, tx)?;
    Ok(Settled { breaker, paused })
}

/// Gives tokens back to their buckets that were set aside and not used.
fn give_back(item: &Settle, open: &Open, books: &mut Books) {
    let used = item.usage.map_or(0, |usage| usage.input.saturating_add(usage.output));
    for from in &open.buckets {
        if let Some(full_at) = books.bucket(&from.key) {
            let surplus = from.amount.saturating_sub(used);
            let now = item.at.as_microsecond();
            books.set_bucket(&from.key, bucket::give_back(full_at, now, open.reserved_at, from.size, surplus));
        }
    }
}

impl Ends {
    fn put(&mut self, open: &Open, verdict: Verdict, usage: Option<Usage>, now: i64) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (cost, claimed) = match verdict {
            Verdict::Settled(cost) => (Some(cost.get()), None),
            Verdict::Released => (Some(0), None),
            Verdict::Unreported => (None, None),
            Verdict::Disputed { claimed, .. } => (None, claimed.map(Micros::get)),
        };
        let used = usage.map(|usage| (whole(usage.input), whole(usage.cached), whole(usage.output)));
        self.reservations.extend(values![
            open.id.clone(),
            verdict.as_str(),
            used.map(|used| used.0),
            used.map(|used| used.1),
            used.map(|used| used.2),
            cost,
            claimed,
            now
        ]);
        let effect = match verdict {
            Verdict::Settled(_) | Verdict::Disputed { .. } => "done",
            Verdict::Released => "failed",
            Verdict::Unreported => "uncertain",
        };
        let outcome = serde_json::json!({ "charge": verdict.as_str(), "cost": cost, "usage": usage }).to_string();
        self.effects.extend(values![open.key.clone(), effect, outcome, now]);
    }
}

async fn write(books: &Books, ends: Ends, at: i64, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    books.write(at, tx).await?;
    tx.conn.run_many(&END, ends.reservations).await?;
    tx.conn.run_many(&END_EFFECTS, ends.effects).await?;
    Ok(())
}

/// Leaves a receipt of what became of a reservation.
fn tell(open: &Open, verdict: Verdict, usage: Option<Usage>, at: Timestamp, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let kind = match verdict {
        Verdict::Settled(_) => "spend.settled",
        Verdict::Released => "spend.released",
        Verdict::Unreported => "spend.unreported",
        Verdict::Disputed { .. } => "spend.disputed",
    };
    let mut fields = vec![
        ("generator", Field::Text(&open.generator)),
        ("held", sayable(open.held.get().unsigned_abs())),
        ("reservation", Field::Text(&open.id)),
    ];
    if let Verdict::Settled(cost) = verdict {
        fields.push(("cost", sayable(cost.get().unsigned_abs())));
    }
    if let Some(usage) = usage {
        fields.extend([
            ("cached", sayable(usage.cached)),
            ("input", sayable(usage.input)),
            ("output", sayable(usage.output)),
        ]);
    }
    let request = request_of(&open.run);
    let note = Note {
        at,
        kind,
        tenant: &open.tenant,
        pilot: Some(open.pilot.as_str()).filter(|pilot| !pilot.is_empty()),
        subject: &request,
        actor: &open.run,
    };
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    tx.receipt(&note, &body)
}

/// The request of a run, for receipts.
pub(super) fn request_of(run: &str) -> String {
    RunId::parse(run).map_or_else(|_| run.to_owned(), |run| run.request().to_string())
}

/// Leaves a receipt of what became of a far side.
fn tell_side(
    kind: &str,
    open: &Open,
    at: Timestamp,
    fields: &[(&str, Field<'_>)],
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let subject = format!("generator:{}", open.generator);
    let note = Note { at, kind, tenant: "", pilot: None, subject: &subject, actor: "daemon" };
    let body = Body::of(fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    tx.receipt(&note, &body)
}

impl Verb for RescueReservations {
    type Out = u64;
    const LAST: bool = true;

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<u64, StoreError>>, StoreError> {
        take(tx).await?;
        let mut outs = Vec::with_capacity(items.len());
        for item in items {
            outs.push(Ok(rescue(item, tx).await?));
        }
        Ok(outs)
    }
}

/// Marks what nobody can settle any more; the hold stays.
async fn rescue(item: &RescueReservations, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    // Who tries generators out has no lease that could end; nobody waits for an answer as long as that.
    let sql = "SELECT id FROM reservation WHERE state = 'held' AND (epoch >= 0 OR reserved_at < $1) AND NOT EXISTS (SELECT 1 FROM run \
               WHERE run.id = reservation.run AND run.epoch = reservation.epoch AND run.state = 'running') ORDER BY id LIMIT 500";
    let rows = tx.conn.rows(sql, values![item.at.as_microsecond().saturating_sub(LONGEST_EVALUATION)]).await?;
    let ids = rows.iter().map(|row| Ok(Value::from(row.text(0)?))).collect::<Result<Vec<_>, StoreError>>()?;
    let found = load(ids, tx).await?;
    let mut ends = Ends::default();
    let mut rescued = 0;
    let mut books = Books::read(wanted(found.values()), tx).await?;
    for open in found.values() {
        // What costs nothing is of no interest to anybody.
        let verdict = if open.held == Micros::ZERO { Verdict::Released } else { Verdict::Unreported };
        if verdict == Verdict::Released {
            books.end(&open.periods, open.held, None)?;
        }
        ends.put(open, verdict, None, item.at.as_microsecond());
        tell(open, verdict, None, item.at, tx)?;
        rescued += 1;
    }
    write(&books, ends, item.at.as_microsecond(), tx).await?;
    Ok(rescued)
}

impl Open {
    /// Tokens read and written at most.
    pub(super) fn worst(&self) -> (i64, i64) {
        self.worst
    }
}

impl Store {
    /// Puts down what a call did cost.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it was settled before.
    pub async fn settle_reservation(&self, settle: Settle) -> Result<Settled, StoreError> {
        self.submit_patiently(settle).await
    }

    /// As [`Self::settle_reservation`], without waiting for the disk. On one writer whatever is queued after it goes down with it or later;
    /// if it is lost, the hold stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store is closing.
    pub async fn settle_soon(&self, settle: Settle) -> Result<(), StoreError> {
        self.queue.post(settle, true).await.map(drop)
    }

    /// Marks reservations as unreported whose worker is gone; how many. What they hold stays held.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rescue_reservations(&self) -> Result<u64, StoreError> {
        self.submit_patiently(RescueReservations { at: self.now() }).await
    }
}
