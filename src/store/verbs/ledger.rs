//! The books that limits are kept in, as one transaction sees them: buckets, budgets and far sides, read once for a whole batch, changed in
//! memory and written once. Own file because reserving, settling and what people rule all keep the same books. INVARIANT: of several daemons
//! one has the books at a time, from the first look until the commit, so that no two can give out the same last cent.

use crate::domain::breaker::Breaker;
use crate::domain::limit::Span;
use crate::domain::money::Micros;
use crate::store::StoreError;
use crate::store::sql::{Many, values};
use crate::store::tx::Tx;
use std::collections::{BTreeMap, BTreeSet};

/// A budget's period: scope, span, and the period's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct PeriodKey {
    /// Whose: `generator:cloud`, `pilot:north`, `tenant:acme`.
    pub scope: String,
    /// How long it lasts.
    pub span: Span,
    /// `2026-11-21`, `2026-11` or `whole`.
    pub period: String,
}

/// What stands in a budget's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) held: i64,
    pub(super) settled: i64,
    pub(super) calls: i64,
    /// The highest threshold of which an alarm was raised, in hundredths.
    pub(super) alarmed: i64,
}

impl Line {
    pub(super) fn sum(&self) -> i64 {
        self.held.saturating_add(self.settled)
    }
}

/// A far side, and whether a person must look first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FarSide {
    pub(super) breaker: Breaker,
    /// The reservation that brought the pause, and when.
    pub(super) paused: Option<(String, i64)>,
}

/// The books.
#[derive(Default)]
pub(super) struct Books {
    buckets: BTreeMap<String, i64>,
    lines: BTreeMap<PeriodKey, Line>,
    sides: BTreeMap<String, FarSide>,
    turned: BTreeSet<String>,
    written: BTreeSet<PeriodKey>,
    seen: BTreeSet<String>,
}

static LOAD_BUCKETS: Many = Many {
    before: "WITH wanted (key) AS (VALUES",
    columns: &["TEXT"],
    after: ") SELECT b.key, b.full_at FROM wanted w JOIN bucket b ON b.key = w.key",
};
static LOAD_LINES: Many = Many {
    before: "WITH wanted (scope, span, period) AS (VALUES",
    columns: &["TEXT", "TEXT", "TEXT"],
    after: ") SELECT s.scope, s.span, s.period, s.held, s.settled, s.calls, s.alarmed FROM wanted w \
            JOIN spend s ON s.scope = w.scope AND s.span = w.span AND s.period = w.period",
};
static LOAD_SIDES: Many = Many {
    before: "WITH wanted (generator) AS (VALUES",
    columns: &["TEXT"],
    after: ") SELECT f.generator, f.failures, f.opened, f.until_at, f.probing, f.cool_until, f.paused_by, f.paused_at FROM wanted w \
            JOIN far_side f ON f.generator = w.generator",
};
static WRITE_BUCKETS: Many = Many {
    before: "INSERT INTO bucket (key, full_at) VALUES",
    columns: &["", ""],
    after: " ON CONFLICT (key) DO UPDATE SET full_at = excluded.full_at",
};
static WRITE_LINES: Many = Many {
    before: "INSERT INTO spend (scope, span, period, held, settled, calls, alarmed, updated_at) VALUES",
    columns: &["", "", "", "", "", "", "", ""],
    after: " ON CONFLICT (scope, span, period) DO UPDATE SET held = excluded.held, settled = excluded.settled, calls = excluded.calls, \
            alarmed = excluded.alarmed, updated_at = excluded.updated_at",
};
static WRITE_SIDES: Many = Many {
    before: "INSERT INTO far_side (generator, failures, opened, until_at, probing, cool_until, paused_by, paused_at, updated_at) VALUES",
    columns: &["", "", "", "", "", "", "", "", ""],
    after: " ON CONFLICT (generator) DO UPDATE SET failures = excluded.failures, opened = excluded.opened, until_at = excluded.until_at, \
            probing = excluded.probing, cool_until = excluded.cool_until, paused_by = excluded.paused_by, \
            paused_at = excluded.paused_at, updated_at = excluded.updated_at",
};

/// What of the books is wanted.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) buckets: BTreeSet<String>,
    pub(super) lines: BTreeSet<PeriodKey>,
    pub(super) sides: BTreeSet<String>,
}

/// Takes the books until the transaction ends. SQLite's transaction is the only one that writes anyway.
pub(super) async fn take(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if tx.conn.is_postgres() {
        tx.conn.rows("SELECT pg_advisory_xact_lock(7300)", vec![]).await?;
    }
    Ok(())
}

impl Books {
    /// Reads what is wanted; the books must have been taken.
    pub(super) async fn read(wanted: Wanted, tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let mut books = Self::default();
        let keys = wanted.buckets.iter().flat_map(|key| values![key]).collect();
        for row in tx.conn.rows_many(&LOAD_BUCKETS, keys).await? {
            books.buckets.insert(row.text(0)?, row.int(1)?);
        }
        let keys = wanted.lines.iter().flat_map(|key| values![&key.scope, key.span.as_str(), &key.period]).collect();
        for row in tx.conn.rows_many(&LOAD_LINES, keys).await? {
            let span = row.text(1)?.parse().map_err(|()| StoreError::corrupt("a budget of no known span"))?;
            let key = PeriodKey { scope: row.text(0)?, span, period: row.text(2)? };
            let line = Line { held: row.int(3)?, settled: row.int(4)?, calls: row.int(5)?, alarmed: row.int(6)? };
            if line.held < 0 || line.settled < 0 {
                return Err(StoreError::corrupt(format!("a budget below zero: {} {}", key.scope, key.period)));
            }
            books.lines.insert(key, line);
        }
        let keys = wanted.sides.iter().flat_map(|name| values![name]).collect();
        for row in tx.conn.rows_many(&LOAD_SIDES, keys).await? {
            let breaker = Breaker {
                failures: row.int(1)?,
                opened: row.int(2)?,
                until: row.int(3)?,
                probing: row.int(4)? != 0,
                cool_until: row.int(5)?,
            };
            let paused = row.maybe_text(6)?.zip(row.maybe_int(7)?);
            books.sides.insert(row.text(0)?, FarSide { breaker, paused });
        }
        Ok(books)
    }

    pub(super) fn bucket(&self, key: &str) -> Option<i64> {
        self.buckets.get(key).copied()
    }

    pub(super) fn set_bucket(&mut self, key: &str, full_at: i64) {
        self.buckets.insert(key.to_owned(), full_at);
        self.turned.insert(key.to_owned());
    }

    pub(super) fn line(&self, key: &PeriodKey) -> Line {
        self.lines.get(key).copied().unwrap_or_default()
    }

    pub(super) fn set_line(&mut self, key: &PeriodKey, line: Line) {
        self.lines.insert(key.clone(), line);
        self.written.insert(key.clone());
    }

    pub(super) fn side(&self, generator: &str) -> FarSide {
        self.sides.get(generator).cloned().unwrap_or_default()
    }

    pub(super) fn set_side(&mut self, generator: &str, side: FarSide) {
        if self.side(generator) != side {
            self.sides.insert(generator.to_owned(), side);
            self.seen.insert(generator.to_owned());
        }
    }

    /// Moves what a call held: it is settled with `cost`, or given back when there is none.
    pub(super) fn end(&mut self, periods: &[PeriodKey], held: Micros, cost: Option<Micros>) -> Result<(), StoreError> {
        for key in periods {
            let mut line = self.line(key);
            line.held -= held.get();
            if line.held < 0 {
                return Err(StoreError::corrupt(format!(
                    "less is held than was put down: {} {}",
                    key.scope, key.period
                )));
            }
            line.settled = line.settled.saturating_add(cost.map_or(0, Micros::get));
            self.set_line(key, line);
        }
        Ok(())
    }

    /// Writes what changed.
    pub(super) async fn write(&self, at: i64, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let rows = self.turned.iter().flat_map(|key| values![key, self.bucket(key).unwrap_or(at)]).collect();
        tx.conn.run_many(&WRITE_BUCKETS, rows).await?;
        let rows = self.written.iter().flat_map(|key| {
            let Line { held, settled, calls, alarmed } = self.line(key);
            values![&key.scope, key.span.as_str(), &key.period, held, settled, calls, alarmed, at]
        });
        let rows = rows.collect();
        tx.conn.run_many(&WRITE_LINES, rows).await?;
        let rows = self.seen.iter().flat_map(|name| {
            let FarSide { breaker, paused } = self.side(name);
            let (by, since) = paused.map_or((None, None), |(by, since)| (Some(by), Some(since)));
            let (probing, cool) = (i64::from(breaker.probing), breaker.cool_until);
            values![name, breaker.failures, breaker.opened, breaker.until, probing, cool, by, since, at]
        });
        let rows = rows.collect();
        tx.conn.run_many(&WRITE_SIDES, rows).await?;
        Ok(())
    }
}
