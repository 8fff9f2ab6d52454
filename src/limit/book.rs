//! The books as people see them: of every party what was spent, what is held and what is left, with the arithmetic. Own file because command
//! line, API and meters show the same. INVARIANT: reads alone.

use super::{Inner, Limits};
use crate::domain::limit::{Allowance, Party, Span};
use crate::domain::money::Micros;
use crate::store::{ReservationRow, SpendRow, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// One budget in one period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    #[serde(rename = "limit_micros")]
    pub limit: Option<Micros>,
    /// Settled.
    #[serde(rename = "settled_micros")]
    pub settled: Micros,
    /// Held for calls that are on their way, unreported or disputed.
    #[serde(rename = "held_micros")]
    pub held: Micros,
    /// What is left of the limit.
    #[serde(rename = "left_micros")]
    pub left: Option<Micros>,
    /// Calls that were allowed.
    pub calls: u64,
    /// When the next period begins; `None`: never.
    pub resets: Option<Timestamp>,
    /// The highest alarm that was raised, in hundredths.
    #[serde(rename = "alarmed_percent")]
    pub alarmed: i64,
}

/// A far side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The generator.
    pub generator: String,
    /// `closed`, `open`, `half_open` or `paused`.
    pub state: &'static str,
    /// Until when nobody asks, while it is open or wants to be left alone.
    pub until: Option<Timestamp>,
    /// The reservation for which it was paused, and since when.
    #[serde(serialize_with = "as_pause")]
    pub paused: Option<(String, Timestamp)>,
}

fn as_pause<S: Serializer>(paused: &Option<(String, Timestamp)>, out: S) -> Result<S::Ok, S::Error> {
    paused.as_ref().map(|(by, since)| serde_json::json!({ "reservation": by, "since": since })).serialize(out)
}

/// Everything at once.
#[derive(Clone, Debug)]
pub struct Book {
    /// The budgets, by party.
    pub lines: Vec<Line>,
    /// Rates and budgets as configured, by party.
    pub rates: Vec<(String, Allowance)>,
    /// The far sides.
    pub sides: Vec<Side>,
    /// Reservations that are on their way or want a person, newest first.
    pub open: Vec<ReservationRow>,
    /// When.
    pub at: Timestamp,
}

/// The name of a period: `2026-11-21`, `2026-11` or `whole`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    span: Span,
    name: String,
}

/// A text that names no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no period; write a day such as `2026-11-21`, a month such as `2026-11`, or `whole` (OP-7312)")]
pub struct NotAPeriod {
    given: String,
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let day = |text: &str| text.len() == 10 && text.parse::<Date>().is_ok();
        let span = match text {
            "whole" => Span::Whole,
            _ if day(text) => Span::Day,
            _ if text.len() == 7 && day(&format!("{text}-01")) => Span::Month,
            _ => return Err(NotAPeriod { given: text.chars().take(40).collect() }),
        };
        Ok(Self { span, name: text.to_owned() })
    }
}

/// Open reservations shown at most.
const MOST: u32 = 1000;

impl Limits {
    /// The books now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn book(&self) -> Result<Book, StoreError> {
        self.book_of(None).await
    }

    /// The books of a period that may be past: a day, a month, or the whole.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn book_of(&self, past: Option<&Period>) -> Result<Book, StoreError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let parties = inner.all();
        let named = |span: Span, party: &Party| match past {
            None => Some(span.period(now, &party.zone)),
            Some(past) => (past.span == span).then(|| past.name.clone()),
        };
        let wanted: BTreeMap<(String, Span), (&Party, String)> = parties
            .iter()
            .flat_map(|party| Span::ALL.map(|span| (span, party)))
            .filter_map(|(span, party)| Some(((party.scope.clone(), span), (party, named(span, party)?))))
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
                resets: span.resets(now, &party.zone).filter(|_| past.is_none()),
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
    /// What of it is of one pilot: its own budgets and its calls.
    #[must_use]
    pub fn of_pilot(mut self, pilot: &str) -> Self {
        let scope = format!("pilot:{pilot}");
        self.lines.retain(|line| line.scope == scope);
        self.rates.retain(|(other, _)| *other == scope);
        self.open.retain(|row| row.pilot == pilot);
        self
    }

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
