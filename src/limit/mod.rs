//! Rate and spend limits: whoever wants to ask a model asks here first, and says afterwards what came of it. Own room because no other may
//! hand out money. INVARIANT: a call is made with a [`Reservation`] in hand, which comes from here alone, after what it may cost at most was
//! put down in the store; what becomes of it goes to the periods it was put down in; one that is dropped keeps its hold.
//!
//! ```text
//! admit: permit (memory) ─► breaker, budgets, buckets (store, one commit) ─► Reservation ─► the call ─► settle (queued, not waited for)
//!           none ─► Later       refused ─► Later │ Spent │ Unavailable
//! ```

mod adapt;
mod book;
mod hand;
#[cfg(test)]
pub(crate) mod samples;
mod terms;
#[cfg(test)]
mod tests;

pub use book::{Book, Line, NotAPeriod, Period, Side};
pub use hand::{Hand, HandError, Ruled, resource_of};
pub use terms::{Admission, Asking, Health, Outcome, Reservation, Settlement, Trying};

use crate::clock::Clock;
use crate::domain::breaker;
use crate::domain::charge::{Verdict, Worst, judge};
use crate::domain::id::ReservationId;
use crate::domain::limit::{Allowance, Asked, Party, Span};
use crate::domain::money::Micros;
use crate::domain::pilot::Pilots;
use crate::store::{Alarm, Asker, FromBucket, FromBudget, PeriodKey, Reservable, Reserve, Settle, Store, StoreError};
use adapt::Lane;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::Charge;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use terms::Wish;
use tokio_util::sync::CancellationToken;

/// What the room stands on.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The generators that ask models.
    pub generators: Vec<Asked>,
    /// The tenants with limits of their own.
    pub tenants: Vec<Party>,
    /// The pilots' rules.
    pub pilots: Pilots,
}

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    generators: BTreeMap<String, (Asked, Lane)>,
    /// Every other party by its scope.
    parties: BTreeMap<String, Party>,
    /// Until when those who wait for a bucket were put off, in microseconds: each later than the one before.
    promised: Mutex<BTreeMap<String, i64>>,
    health: Mutex<Vec<Side>>,
}

/// The room. Cheap to clone.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

/// Longest time somebody is put off, in microseconds; more waits than that are looked at again.
const LONGEST: i64 = 600_000_000;
/// How often what dead daemons left behind is looked after, and health read.
const TEND: Duration = Duration::from_secs(10);

impl Limits {
    /// Over a store.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, generators, tenants, pilots } = parts;
        let mut parties: BTreeMap<String, Party> =
            tenants.into_iter().map(|party| (party.scope.clone(), party)).collect();
        for pilot in pilots.iter() {
            let (scope, zone) = (format!("pilot:{}", pilot.name), pilot.time_zone.clone());
            parties.insert(scope.clone(), Party { scope, allowance: pilot.allowance.clone(), zone });
            let scope = format!("tenant:{}", pilot.tenant);
            parties.entry(scope.clone()).or_insert_with(|| plain(scope));
        }
        let generators = generators
            .into_iter()
            .map(|asked| (asked.name.clone(), (asked.clone(), Lane::new(asked.parallel))))
            .collect();
        let (promised, health) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { store, clock, generators, parties, promised, health }))
    }

    /// Whether somebody may ask now. When they may, what it can cost is on disk.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the run's lease was lost; [`StoreError::Conflict`] when the key was used before;
    /// [`StoreError::Unavailable`].
    pub async fn admit(&self, asking: &Asking<'_>) -> Result<Admission, StoreError> {
        let Asking { run, epoch, key, generator, pilot, tenant, most_input, max_output } = *asking;
        let asker = Asker::Run { run: run.clone(), epoch };
        self.grant(&Wish { asker, purse: None, key, generator, pilot, tenant, most_input, max_output }).await
    }

    /// As [`Self::admit`], for a trial: it counts towards its own budget and the generator's, and towards no pilot's.
    ///
    /// # Errors
    /// As [`Self::admit`].
    pub async fn admit_trial(&self, trying: &Trying<'_>) -> Result<Admission, StoreError> {
        let Trying { name, most, key, generator, most_input, max_output } = *trying;
        let (asker, purse) = (Asker::Evaluation(name.to_owned()), Some((name, most)));
        self.grant(&Wish { asker, purse, key, generator, pilot: "", tenant: "", most_input, max_output }).await
    }

    async fn grant(&self, asking: &Wish<'_>) -> Result<Admission, StoreError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let Some((asked, lane)) = inner.generators.get(asking.generator) else {
            let why = format!("there is no generator `{}` in the configuration (OP-7310)", asking.generator);
            return Ok(Admission::Unavailable { code: "OP-7310", until: None, why });
        };
        let output = u64::from(asking.max_output);
        let Some(worst) = Worst::of(&asked.price, asking.most_input, output) else {
            let why = "the question is too long for its cost to be counted (OP-7309)".to_owned();
            return Ok(Admission::Unavailable { code: "OP-7309", until: None, why });
        };
        let Some(permit) = lane.enter() else {
            let at = self.put_off(&format!("{} parallel", asking.generator), now.as_microsecond(), lane.pace());
            let why = format!("generator `{}` is asked by as many as may at once (OP-7305)", asking.generator);
            return Ok(Admission::Later { at, why });
        };
        let (buckets, budgets) = self.claims(asking, asked, &worst, now);
        let reserve = Reserve {
            id: ReservationId::new(now, inner.store.chance()),
            asker: asking.asker.clone(),
            key: asking.key.to_owned(),
            generator: asking.generator.to_owned(),
            model: asked.model.clone(),
            pilot: asking.pilot.to_owned(),
            tenant: asking.tenant.to_owned(),
            most_input: worst.input,
            max_output: worst.output,
            held: worst.cost,
            price: asked.price,
            buckets,
            budgets,
            at: now,
        };
        let id = reserve.id.clone();
        let sizes: BTreeMap<String, (u64, u64)> =
            reserve.buckets.iter().map(|from| (from.key.clone(), (from.size, from.amount))).collect();
        let reserved = inner.store.reserve(reserve).await?;
        for alarm in &reserved.alarms {
            raise(alarm);
        }
        let generator = asking.generator;
        Ok(match reserved.outcome {
            Reservable::Held { .. } => Admission::Admitted(Reservation {
                id,
                generator: generator.to_owned(),
                price: asked.price,
                worst,
                begun: now,
                permit,
            }),
            Reservable::Later { bucket, at } => {
                metrics::counter!("opspilot_rate_waits_total", "generator" => generator.to_owned()).increment(1);
                let (size, amount) = sizes.get(&bucket).copied().unwrap_or((1, 1));
                let step = i128::from(amount) * i128::from(crate::domain::bucket::WINDOW) / i128::from(size.max(1));
                let at = self.put_off(&bucket, at.as_microsecond(), i64::try_from(step).unwrap_or(LONGEST));
                Admission::Later { at, why: format!("the rate of {} is reached (OP-7305)", named(&bucket)) }
            }
            Reservable::Never { bucket } => {
                let why = format!("the question may take more than {} holds at all (OP-7309)", named(&bucket));
                Admission::Unavailable { code: "OP-7309", until: None, why }
            }
            Reservable::Spent { key, limit, used, resets } => {
                let whose = named(&key.scope);
                let budget = format!(
                    "the budget of {whose} for {} is {limit}, of which {used} is spent or held; this call may cost {} (OP-7304)",
                    key.period, worst.cost
                );
                metrics::counter!("opspilot_spend_refused_total", "generator" => generator.to_owned()).increment(1);
                Admission::Spent { budget, resets }
            }
            Reservable::Open { until } => {
                let why = format!("generator `{generator}` failed too often; it is tried again at {until} (OP-7306)");
                Admission::Unavailable {
                    code: "OP-7306",
                    until: Some(self.later(until.as_microsecond(), 1_000_000)),
                    why,
                }
            }
            Reservable::Cooling { until } => {
                let why = format!("generator `{generator}` says that it is asked too often (OP-7305)");
                Admission::Later { at: self.put_off(generator, until.as_microsecond(), lane.pace()), why }
            }
            Reservable::Paused { by } => {
                let why = format!(
                    "generator `{generator}` is paused: it reported more for `{by}` than that could take; settle it, or `opspilot limit resume {generator}` (OP-7307)"
                );
                Admission::Unavailable { code: "OP-7307", until: None, why }
            }
        })
    }

    /// Says what came of a call. Does not wait for the disk; if the daemon dies before it is written, the hold stays.
    pub async fn settle(&self, reservation: Reservation, outcome: Outcome) -> Settlement {
        let Reservation { id, generator, price, worst, begun, permit } = reservation;
        let now = self.0.clock.now();
        let verdict = judge(&outcome.charge, &price, &worst, outcome.sent_bytes, outcome.received_bytes);
        let usage = match outcome.charge {
            Charge::Counted(usage) => Some(usage),
            Charge::Nothing | Charge::Unknown => None,
        };
        let cost = match verdict {
            Verdict::Settled(cost) => Some(cost),
            Verdict::Released => Some(Micros::ZERO),
            Verdict::Unreported | Verdict::Disputed { .. } => None,
        };
        permit.leave(outcome.health, now.duration_since(begun));
        let label = || generator.clone();
        metrics::counter!("opspilot_model_calls_total", "generator" => label(), "charge" => verdict.as_str())
            .increment(1);
        if let Some(cost) = cost {
            metrics::counter!("opspilot_spend_micros_total", "generator" => label())
                .increment(cost.get().unsigned_abs());
        }
        if let Verdict::Disputed { beyond, claimed } = verdict {
            let claimed = claimed.map_or_else(|| "what cannot be counted".to_owned(), |cost| cost.to_string());
            tracing::error!(
                spend.reservation = %id, spend.generator = %generator, spend.held = %worst.cost, spend.claimed = %claimed,
                spend.paused = beyond, "a count of tokens cannot be true and is not believed; what was held stays held until a person settles it (OP-7308)"
            );
            if beyond {
                self.note_pause(&generator, &id, now);
            }
        }
        let health = match outcome.health {
            Health::Well => breaker::Health::Well,
            Health::RateLimited(pause) => {
                breaker::Health::RateLimited(pause.map(|pause| i64::try_from(pause.as_micros()).unwrap_or(i64::MAX)))
            }
            Health::Failed => breaker::Health::Failed,
        };
        let settle = Settle { id: id.clone(), verdict, usage, health, at: now };
        if let Err(cause) = self.0.store.settle_soon(settle).await {
            tracing::error!(spend.reservation = %id, error = %cause, "what a call cost could not be put down; its hold stays");
        }
        Settlement { verdict, cost, usage }
    }

    /// Looks after what dead daemons left behind, and how the far sides are, until `stop`.
    pub async fn tend(self, stop: CancellationToken) {
        loop {
            if let Err(cause) = self.look().await {
                tracing::warn!(error = %cause, "limits could not be looked after; tried again soon");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(TEND) => {}
            }
        }
    }

    /// One round of looking after.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn look(&self) -> Result<(), StoreError> {
        let rescued = self.0.store.rescue_reservations().await?;
        if rescued > 0 {
            tracing::warn!(
                calls = rescued,
                "calls were on their way when their worker went; what they cost is not known, what was held for them stays held"
            );
        }
        let book = self.book().await?;
        book.measure();
        *self.0.health.lock().unwrap_or_else(PoisonError::into_inner) = book.sides;
        Ok(())
    }

    /// How the far sides were when last looked at.
    #[must_use]
    pub fn health(&self) -> Vec<Side> {
        self.0.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a call takes from whom.
    fn claims(
        &self,
        asking: &Wish<'_>,
        asked: &Asked,
        worst: &Worst,
        now: Timestamp,
    ) -> (Vec<FromBucket>, Vec<FromBudget>) {
        let own = Party {
            scope: format!("generator:{}", asked.name),
            allowance: asked.allowance.clone(),
            zone: asked.zone.clone(),
        };
        let [pilot, tenant] = [format!("pilot:{}", asking.pilot), format!("tenant:{}", asking.tenant)]
            .map(|scope| self.0.parties.get(&scope).cloned().unwrap_or_else(|| plain(scope)));
        let (mut buckets, mut budgets) = (Vec::new(), Vec::new());
        let counted = if asking.purse.is_some() { vec![own] } else { vec![own, pilot, tenant] };
        for party in counted {
            let Allowance { requests_per_minute, tokens_per_minute, .. } = party.allowance;
            let bucket = |of: &str, size: u64, amount: u64, returns: bool| FromBucket {
                key: format!("{} {of}", party.scope),
                size,
                amount,
                returns,
            };
            buckets.extend(requests_per_minute.map(|size| bucket("requests", size.into(), 1, false)));
            let tokens = worst.input.saturating_add(worst.output);
            buckets.extend(tokens_per_minute.map(|size| bucket("tokens", size, tokens, true)));
            budgets.extend(Span::ALL.map(|span| FromBudget {
                key: PeriodKey { scope: party.scope.clone(), span, period: span.period(now, &party.zone) },
                // What costs nothing is never refused for money.
                limit: party.allowance.budget(span).filter(|_| !asked.price.is_free()),
                resets: span.resets(now, &party.zone),
            }));
        }
        budgets.extend(asking.purse.map(|(scope, most)| FromBudget {
            key: PeriodKey { scope: scope.to_owned(), span: Span::Whole, period: "whole".to_owned() },
            limit: Some(most).filter(|_| !asked.price.is_free()),
            resets: None,
        }));
        (buckets, budgets)
    }

    /// When the next of those who wait may come again: each a step later than the one before, and a little by chance.
    fn put_off(&self, queue: &str, earliest: i64, step: i64) -> Timestamp {
        let now = self.0.clock.now().as_microsecond();
        let mut promised = self.0.promised.lock().unwrap_or_else(PoisonError::into_inner);
        let next = promised.entry(queue.to_owned()).or_insert(earliest);
        // One that lies further off than the longest is of a clock that was turned back, or of those who never came.
        if *next > now.saturating_add(LONGEST) {
            *next = earliest;
        }
        let at = earliest.max(*next);
        *next = at.saturating_add(step.max(1));
        drop(promised);
        self.later(at, step.max(0) / 4 + 50_000)
    }

    /// A time, and up to so much later by chance.
    fn later(&self, at: i64, spread: i64) -> Timestamp {
        let mut bytes = [0; 4];
        self.0.store.fill(&mut bytes);
        let chance = (i128::from(u32::from_le_bytes(bytes)) * i128::from(spread.clamp(0, LONGEST))) >> 32;
        let at = at.saturating_add(i64::try_from(chance).unwrap_or(0));
        Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX)
    }

    fn note_pause(&self, generator: &str, by: &ReservationId, now: Timestamp) {
        let mut health = self.0.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.retain(|side| side.generator != generator);
        let paused = Some((by.to_string(), now));
        health.push(Side { generator: generator.to_owned(), state: "paused", until: None, paused });
    }
}

/// A party without limits.
fn plain(scope: String) -> Party {
    Party { scope, allowance: Allowance::default(), zone: TimeZone::UTC }
}

/// `pilot:north requests` as people read it.
fn named(scope: &str) -> String {
    let (whose, of) = scope.split_once(' ').unwrap_or((scope, ""));
    let (what, name) = whose.split_once(':').unwrap_or(("", whose));
    let of = if of.is_empty() { String::new() } else { format!(" ({of} in a minute)") };
    format!("{what} `{name}`{of}")
}

/// Tells of an alarm.
fn raise(alarm: &Alarm) {
    let Alarm { key, used, limit, percent } = alarm;
    tracing::warn!(
        spend.scope = %key.scope, spend.period = %key.period, spend.used = %used, spend.limit = %limit, spend.percent = percent,
        "a budget is used to {percent} %"
    );
    metrics::counter!("opspilot_spend_alarms_total", "scope" => key.scope.clone(), "percent" => percent.to_string())
        .increment(1);
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").field("generators", &self.0.generators.keys()).finish_non_exhaustive()
    }
}

/// How long a call took, for whoever waits for the next.
type Took = SignedDuration;
