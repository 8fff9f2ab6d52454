//! The books as people see them: of every party what was spent, what is held and what is left, with the arithmetic. Own file because command
//! line, API and meters show the same. INVARIANT: reads alone.

use super::{Inner, Limits};
use crate::domain::limit::{Allowance, Party, Span};
use crate::domain::money::Micros;
use crate::store::{ReservationRow, SpendRow, StoreError};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// One budget in its present period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose: `generator:cloud`, `pilot:north`, `tenant:acme`.
    pub scope: String,
    /// How long it lasts.
    pub span: Span,
    /// `2026-11-21`, `2026-11` or `whole`.
    pub period: String,
    /// The clock by which it begins and ends.
    pub zone: String,
    /// How much may be spent in it; `None`: it is counted only.
    pub limit: Option<Micros>,
    /// Settled.
    pub settled: Micros,
    /// Held for calls that are on their way, unreported or disputed.
    pub held: Micros,
    /// What is left of the limit.
    pub left: Option<Micros>,
    /// Calls that were allowed.
    pub calls: u64,
    /// When the next period begins; `None`: never.
    pub resets: Option<Timestamp>,
    /// The highest alarm that was raised, in hundredths.
    pub alarmed: i64,
}

/// A far side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The generator.
    pub generator: String,
    /// `closed`, `open`, `half_open` or `paused`.
    pub state: &'static str,
    /// Until when nobody asks, while it is open or wants to be left alone.
    pub until: Option<Timestamp>,
    /// The reservation for which it was paused, and since when.
    pub paused: Option<(String, Timestamp)>,
}

/// Everything at once.
#[derive(Clone, Debug)]
pub struct Book {
    /// The budgets, by party.
    pub lines: Vec<Line>,
    /// Rates, by party.
    pub rates: Vec<(String, Allowance)>,
    /// The far sides.
    pub sides: Vec<Side>,
    /// Reservations that are on their way or want a person, newest first.
    pub open: Vec<ReservationRow>,
    /// When.
    pub at: Timestamp,
}

/// Open reservations shown at most.
const MOST: u32 = 1000;

impl Limits {
    /// The books now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn book(&self) -> Result<Book, StoreError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let parties = inner.all();
        let wanted: BTreeMap<(String, Span), (&Party, String)> = parties
            .iter()
            .flat_map(|party| {
                Span::ALL.map(|span| ((party.scope.clone(), span), (party, span.period(now, &party.zone))))
            })
            .collect();
        let periods: BTreeSet<&str> = wanted.values().map(|(_, period)| period.as_str()).collect();
        let rows = inner.store.spend(&periods.into_iter().collect::<Vec<_>>()).await?;
        let found: BTreeMap<(&str, Span, &str), &SpendRow> =
            rows.iter().map(|row| ((row.key.scope.as_str(), row.key.span, row.key.period.as_str()), row)).collect();
        let mut lines = Vec::new();
        for ((scope, span), (party, period)) in &wanted {
            let row = found.get(&(scope.as_str(), *span, period.as_str()));
            let limit = party.allowance.budget(*span);
            if limit.is_none() && row.is_none() {
                continue;
            }
            let (held, settled) = row.map_or((Micros::ZERO, Micros::ZERO), |row| (row.held, row.settled));
            let used = held.plus(settled);
            lines.push(Line {
                scope: scope.clone(),
                span: *span,
                period: period.clone(),
                zone: party.zone.iana_name().unwrap_or("UTC").to_owned(),
                limit,
                settled,
                held,
                left: limit.map(|limit| used.and_then(|used| limit.minus(used)).unwrap_or(Micros::ZERO)),
                calls: row.map_or(0, |row| row.calls),
                resets: span.resets(now, &party.zone),
                alarmed: row.map_or(0, |row| row.alarmed),
            });
        }
        let sides = inner.store.far_sides().await?;
        let sides = sides.into_iter().map(|row| {
            let (time, now) = (|micros| Timestamp::from_microsecond(micros).ok(), now.as_microsecond());
            let until = row.breaker.until.max(row.breaker.cool_until);
            let (open, until) = (row.breaker.as_str(), time(until).filter(|_| until > now));
            let state = if row.paused.is_some() { "paused" } else { open };
            Side { generator: row.generator, state, until, paused: row.paused }
        });
        let sides = sides.collect();
        let open = inner.store.open_reservations(MOST).await?;
        let rates = parties.into_iter().map(|party| (party.scope, party.allowance)).collect();
        Ok(Book { lines, rates, sides, open, at: now })
    }
}

impl Inner {
    /// Every party: generators, then the others.
    fn all(&self) -> Vec<Party> {
        let generators = self.generators.values().map(|(asked, _)| Party {
            scope: format!("generator:{}", asked.name),
            allowance: asked.allowance.clone(),
            zone: asked.zone.clone(),
        });
        generators.chain(self.parties.values().cloned()).collect()
    }
}

impl Book {
    /// Sets the gauges.
    pub(super) fn measure(&self) {
        for line in &self.lines {
            let labels = || [("scope", line.scope.clone()), ("span", line.span.as_str().to_owned())];
            metrics::gauge!("opspilot_spend_held_micros", &labels()).set(line.held.get() as f64);
            metrics::gauge!("opspilot_spend_settled_micros", &labels()).set(line.settled.get() as f64);
            if let Some(limit) = line.limit {
                metrics::gauge!("opspilot_spend_limit_micros", &labels()).set(limit.get() as f64);
            }
        }
        for side in &self.sides {
            for state in ["closed", "half_open", "open", "paused"] {
                let on = f64::from(u8::from(side.state == state));
                metrics::gauge!("opspilot_generator_state", "generator" => side.generator.clone(), "state" => state)
                    .set(on);
            }
        }
        for state in ["held", "unreported", "disputed"] {
            let count = self.open.iter().filter(|row| row.state == state).count();
            metrics::gauge!("opspilot_reservations", "state" => state).set(count as f64);
        }
    }
}
