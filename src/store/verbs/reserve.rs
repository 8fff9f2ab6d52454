//! Reserving what a call to a model may cost at most, before it is made. INVARIANT: either everything allows it and everything is put down
//! in one transaction, with the intent of the call and a receipt, or nothing is; settled and held together are within every budget.

use super::ledger::{Books, PeriodKey, Wanted, take};
use crate::domain::breaker::Gate;
use crate::domain::bucket::{self, Taken};
use crate::domain::id::{ReservationId, RunId};
use crate::domain::money::{Micros, Price};
use crate::receipt::{Body, Field};
use crate::store::queue::Verb;
use crate::store::sql::{Many, values};
use crate::store::tx::{Note, Tx};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a call takes from a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromBucket {
    /// The bucket: whose, and of what: `pilot:north requests`.
    pub key: String,
    /// How much it holds, and gets in a minute.
    pub size: u64,
    /// How much the call takes.
    pub amount: u64,
    /// Whether what was not used is given back: of tokens, not of calls.
    pub returns: bool,
}

/// A budget that a call counts towards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromBudget {
    /// Which.
    pub key: PeriodKey,
    /// How much may be spent in it; `None`: it is counted only.
    pub limit: Option<Micros>,
    /// When the next period begins; `None`: never.
    pub resets: Option<Timestamp>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A run, under the lease it is worked by.
    Run {
        /// The run.
        run: RunId,
        /// The lease.
        epoch: i64,
    },
    /// A person who tries generators out, under this name: no run, no effects, spend alone.
    Evaluation(String),
}

impl Asker {
    fn name(&self) -> &str {
        match self {
            Self::Run { run, .. } => run.as_str(),
            Self::Evaluation(name) => name,
        }
    }

    fn epoch(&self) -> i64 {
        match self {
            Self::Run { epoch, .. } => *epoch,
            Self::Evaluation(_) => -1,
        }
    }
}

/// Puts down what a call may cost.
#[derive(Clone, Debug)]
pub struct Reserve {
    /// Its name.
    pub id: ReservationId,
    /// Who asks.
    pub asker: Asker,
    /// Names the call at the far side; never used twice.
    pub key: String,
    /// The generator.
    pub generator: String,
    /// The model it asks.
    pub model: String,
    /// The pilot.
    pub pilot: String,
    /// The client organisation.
    pub tenant: String,
    /// Tokens read at most.
    pub most_input: u64,
    /// Tokens written at most.
    pub max_output: u64,
    /// What that costs.
    pub held: Micros,
    /// At which price.
    pub price: Price,
    /// The buckets it takes from.
    pub buckets: Vec<FromBucket>,
    /// The budgets it counts towards.
    pub budgets: Vec<FromBudget>,
    /// When.
    pub at: Timestamp,
}

/// An alarm: so much of a budget is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The budget.
    pub key: PeriodKey,
    /// Of which so much is held or settled.
    pub used: Micros,
    /// Out of this.
    pub limit: Micros,
    /// The threshold, in hundredths: 50, 80, 100.
    pub percent: i64,
}

/// What became of it, and the alarms it raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// What became of it.
    pub outcome: Reservable,
    /// The alarms, each once for each budget, period and threshold.
    pub alarms: Vec<Alarm>,
}

/// Whether a call may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservable {
    /// Yes; all is put down.
    Held {
        /// It is the one that tries whether the far side is well again.
        probe: bool,
    },
    /// A bucket has too little now.
    Later {
        /// Which.
        bucket: String,
        /// When it has enough.
        at: Timestamp,
    },
    /// A bucket is smaller than what the call may take.
    Never {
        /// Which.
        bucket: String,
    },
    /// A budget has too little left.
    Spent {
        /// Which.
        key: PeriodKey,
        /// How much may be spent in it.
        limit: Micros,
        /// How much is held or settled.
        used: Micros,
        /// When it would fit; `None`: never.
        resets: Option<Timestamp>,
    },
    /// The far side failed too often.
    Open {
        /// Nobody asks before.
        until: Timestamp,
    },
    /// The far side wants to be left alone.
    Cooling {
        /// Until then.
        until: Timestamp,
    },
    /// The far side reported what cannot be; a person must look.
    Paused {
        /// The reservation that showed it.
        by: String,
    },
}

/// Thresholds at which an alarm is raised, in hundredths.
const THRESHOLDS: [i64; 3] = [50, 80, 100];

static LOAD_RUNS: Many = Many {
    before: "WITH wanted (id) AS (VALUES",
    columns: &["TEXT"],
    after: ") SELECT r.id, r.epoch FROM wanted w JOIN run r ON r.id = w.id WHERE r.state = 'running'",
};
static INSERT_RESERVATIONS: Many = Many {
    before: "INSERT INTO reservation (id, run, epoch, key, generator, model, pilot, tenant, state, most_input, max_output, held, price_input, \
             price_cached, price_output, probe, periods, buckets, reserved_at) VALUES",
    columns: &["", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
    after: " ON CONFLICT DO NOTHING",
};
static INSERT_EFFECTS: Many = Many {
    before: "INSERT INTO effect (run, step, ordinal, key, state, intent, intended_at) VALUES",
    columns: &["", "", "", "", "", "", ""],
    after: " ON CONFLICT DO NOTHING",
};

impl Verb for Reserve {
    type Out = Reserved;
    const LAST: bool = true;

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<Reserved, StoreError>>, StoreError> {
        take(tx).await?;
        let runs = items.iter().flat_map(|item| values![item.asker.name()]).collect();
        let rows = tx.conn.rows_many(&LOAD_RUNS, runs).await?;
        let leases: BTreeSet<(String, i64)> =
            rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect::<Result<_, StoreError>>()?;
        let mut wanted = Wanted::default();
        for item in items {
            wanted.buckets.extend(item.buckets.iter().map(|bucket| bucket.key.clone()));
            wanted.lines.extend(item.budgets.iter().map(|budget| budget.key.clone()));
            wanted.sides.insert(item.generator.clone());
        }
        let mut books = Books::read(wanted, tx).await?;
        let mut outs = Vec::with_capacity(items.len());
        let (mut reservations, mut effects, mut at) = (Vec::new(), Vec::new(), 0);
        for item in items {
            at = at.max(item.at.as_microsecond());
            // A late worker asks for nothing: whoever has the run now asks for itself.
            let leased = |run: &RunId, epoch: i64| leases.contains(&(run.to_string(), epoch));
            if matches!(&item.asker, Asker::Run { run, epoch } if !leased(run, *epoch)) {
                outs.push(Err(StoreError::Stale { what: "run" }));
                continue;
            }
            let (outcome, alarms) = decide(item, &mut books)?;
            for alarm in &alarms {
                tell_alarm(item, alarm, tx)?;
            }
            if let Reservable::Held { probe } = outcome {
                reservations.extend(row(item, probe));
                if let Asker::Run { run, .. } = &item.asker {
                    let intent =
                        serde_json::json!({ "generator": item.generator, "model": item.model, "held": item.held });
                    effects.extend(values![
                        run.as_str(),
                        item.id.as_str(),
                        1i64,
                        &item.key,
                        "intended",
                        intent.to_string(),
                        item.at.as_microsecond()
                    ]);
                }
                tell(item, tx)?;
            }
            outs.push(Ok(Reserved { outcome, alarms }));
        }
        books.write(at, tx).await?;
        let put = |rows: &[crate::store::sql::Value<'_>], many: &Many| {
            u64::try_from(rows.len() / many.columns.len()).unwrap_or(0)
        };
        let (calls, intents) = (put(&reservations, &INSERT_RESERVATIONS), put(&effects, &INSERT_EFFECTS));
        let reserved = tx.conn.run_many(&INSERT_RESERVATIONS, reservations).await?;
        if reserved != calls || tx.conn.run_many(&INSERT_EFFECTS, effects).await? != intents {
            let what = "a call of that name was made before; nothing was reserved".to_owned();
            return Err(StoreError::Conflict { what });
        }
        Ok(outs)
    }
}

/// Decides on one call and changes the books when it may be made. Of what refuses, the one that lasts longest is told.
fn decide(item: &Reserve, books: &mut Books) -> Result<(Reservable, Vec<Alarm>), StoreError> {
    let now = item.at.as_microsecond();
    let time = |micros: i64| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX);
    let mut side = books.side(&item.generator);
    if let Some((by, _)) = side.paused {
        return Ok((Reservable::Paused { by }, Vec::new()));
    }
    let probe = match side.breaker.gate(now) {
        Gate::Pass { probe } => probe,
        Gate::Open(until) => return Ok((Reservable::Open { until: time(until) }, Vec::new())),
        Gate::Cooling(until) => return Ok((Reservable::Cooling { until: time(until) }, Vec::new())),
    };
    if let Some(refused) = spent(item, books) {
        return Ok(refused);
    }
    let mut taken = Vec::with_capacity(item.buckets.len());
    let mut later: Option<(i64, &str)> = None;
    for from in &item.buckets {
        match bucket::take(books.bucket(&from.key), now, from.size, from.amount) {
            Taken::Yes(full_at) => taken.push((&from.key, full_at)),
            Taken::Later(at) => later = later.max(Some((at, &from.key))),
            Taken::Never => return Ok((Reservable::Never { bucket: from.key.clone() }, Vec::new())),
        }
    }
    if let Some((at, bucket)) = later {
        return Ok((Reservable::Later { bucket: bucket.to_owned(), at: time(at) }, Vec::new()));
    }
    for (key, full_at) in taken {
        books.set_bucket(key, full_at);
    }
    let mut alarms = Vec::new();
    for budget in &item.budgets {
        let mut line = books.line(&budget.key);
        line.held =
            line.held.checked_add(item.held.get()).ok_or_else(|| StoreError::corrupt("a budget beyond counting"))?;
        line.calls = line.calls.saturating_add(1);
        books.set_line(&budget.key, line);
        alarms.extend(alarm(books, budget, 0));
    }
    side.breaker.asked(probe, now);
    books.set_side(&item.generator, side);
    Ok((Reservable::Held { probe }, alarms))
}

/// Of the budgets that have too little left, the one that has to be waited for the longest.
fn spent(item: &Reserve, books: &mut Books) -> Option<(Reservable, Vec<Alarm>)> {
    let (mut longest, mut alarms) = (None, Vec::new());
    for budget in &item.budgets {
        let (Some(limit), line) = (budget.limit, books.line(&budget.key)) else { continue };
        if line.sum().checked_add(item.held.get()).is_some_and(|sum| sum <= limit.get()) {
            continue;
        }
        let used = Micros::new(line.sum()).unwrap_or(Micros::ZERO);
        // Nearly used up and refusing is used up; one call that is too dear for a fresh budget is not.
        let nearly = used.percent_of(limit) >= THRESHOLDS[1];
        alarms.extend(alarm(books, budget, if nearly { 100 } else { 0 }));
        // What does not fit into a whole budget fits into no coming one either.
        let resets = budget.resets.filter(|_| item.held <= limit);
        let wait = resets.unwrap_or(Timestamp::MAX);
        if longest.as_ref().is_none_or(|(before, _)| wait > *before) {
            longest = Some((wait, Reservable::Spent { key: budget.key.clone(), limit, used, resets }));
        }
    }
    longest.map(|(_, outcome)| (outcome, alarms))
}

/// The highest threshold that is reached, or `least`, unless it was told in this period already.
fn alarm(books: &mut Books, budget: &FromBudget, least: i64) -> Option<Alarm> {
    let limit = budget.limit?;
    let mut line = books.line(&budget.key);
    let used = Micros::new(line.sum()).unwrap_or(Micros::ZERO);
    let share = used.percent_of(limit).max(least);
    let percent = THRESHOLDS.into_iter().rev().find(|threshold| share >= *threshold)?;
    if line.alarmed >= percent {
        return None;
    }
    line.alarmed = percent;
    books.set_line(&budget.key, line);
    Some(Alarm { key: budget.key.clone(), used, limit, percent })
}

fn row(item: &Reserve, probe: bool) -> Vec<crate::store::sql::Value<'_>> {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let periods: Vec<&PeriodKey> = item.budgets.iter().map(|budget| &budget.key).collect();
    let buckets: Vec<&FromBucket> = item.buckets.iter().filter(|bucket| bucket.returns).collect();
    values![
        item.id.as_str(),
        item.asker.name(),
        item.asker.epoch(),
        &item.key,
        &item.generator,
        &item.model,
        &item.pilot,
        &item.tenant,
        "held",
        whole(item.most_input),
        whole(item.max_output),
        item.held.get(),
        item.price.input.get(),
        item.price.cached.get(),
        item.price.output.get(),
        i64::from(probe),
        serde_json::to_string(&periods).unwrap_or_default(),
        serde_json::to_string(&buckets).unwrap_or_default(),
        item.at.as_microsecond()
    ]
}

/// The largest whole number that a receipt can say.
pub(super) fn sayable(number: u64) -> Field<'static> {
    Field::Int(i64::try_from(number).unwrap_or(i64::MAX).min((1 << 53) - 1))
}

fn tell(item: &Reserve, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let subject = match &item.asker {
        Asker::Run { run, .. } => run.request().to_string(),
        Asker::Evaluation(name) => name.clone(),
    };
    let note = Note {
        at: item.at,
        kind: "spend.reserved",
        tenant: &item.tenant,
        pilot: Some(item.pilot.as_str()).filter(|pilot| !pilot.is_empty()),
        subject: &subject,
        actor: item.asker.name(),
    };
    let fields = [
        ("generator", Field::Text(&item.generator)),
        ("held", sayable(item.held.get().unsigned_abs())),
        ("key", Field::Text(&item.key)),
        ("max_output", sayable(item.max_output)),
        ("model", Field::Text(&item.model)),
        ("most_input", sayable(item.most_input)),
        ("reservation", Field::Text(item.id.as_str())),
    ];
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    tx.receipt(&note, &body)
}

fn tell_alarm(item: &Reserve, alarm: &Alarm, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let note = Note {
        at: item.at,
        kind: "spend.alarm",
        tenant: &item.tenant,
        pilot: Some(item.pilot.as_str()).filter(|pilot| !pilot.is_empty()),
        subject: &alarm.key.scope,
        actor: "daemon",
    };
    let fields = [
        ("limit", sayable(alarm.limit.get().unsigned_abs())),
        ("percent", Field::Int(alarm.percent)),
        ("period", Field::Text(&alarm.key.period)),
        ("span", Field::Text(alarm.key.span.as_str())),
        ("used", sayable(alarm.used.get().unsigned_abs())),
    ];
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    tx.receipt(&note, &body)
}

impl Store {
    /// Puts down what a call may cost, if everything allows it.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease was lost; [`StoreError::Conflict`] when the call's name was used before.
    pub async fn reserve(&self, reserve: Reserve) -> Result<Reserved, StoreError> {
        self.submit_patiently(reserve).await
    }
}
