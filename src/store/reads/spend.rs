//! What was spent, what is held, and how far sides are, as it is read.

use super::{id, time};
use crate::domain::breaker::Breaker;
use crate::domain::id::{ReservationId, RunId};
use crate::domain::money::Micros;
use crate::store::sql::{Row, values};
use crate::store::{PeriodKey, Store, StoreError};
use jiff::Timestamp;

/// A budget's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendRow {
    /// Which.
    pub key: PeriodKey,
    /// Held for calls that are on their way, unreported or disputed.
    pub held: Micros,
    /// Settled.
    pub settled: Micros,
    /// Calls that were allowed.
    pub calls: u64,
    /// The highest alarm that was raised, in hundredths.
    pub alarmed: i64,
}

/// A reservation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ReservationRow {
    /// Its name.
    pub id: ReservationId,
    /// Who asked: a run, or the name of a trial.
    pub asker: String,
    /// The call's name at the far side.
    pub key: String,
    /// The generator.
    pub generator: String,
    /// The model.
    pub model: String,
    /// The pilot.
    pub pilot: String,
    /// The client organisation.
    pub tenant: String,
    /// `held`, `settled`, `released`, `unreported` or `disputed`.
    pub state: String,
    /// What it holds, or held.
    #[serde(rename = "held_micros")]
    pub held: Micros,
    /// Tokens read, by the far side's word.
    pub used_input: Option<i64>,
    /// Tokens written, by the far side's word.
    pub used_output: Option<i64>,
    /// What it did cost, once that is settled.
    #[serde(rename = "cost_micros")]
    pub cost: Option<Micros>,
    /// What the far side's word would cost, when it was not believed.
    #[serde(rename = "claimed_micros")]
    pub claimed: Option<Micros>,
    /// Who ruled upon it.
    pub person: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When it was put down.
    pub reserved_at: Timestamp,
    /// When it was settled, released or set aside.
    pub ended_at: Option<Timestamp>,
}

/// A far side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FarSideRow {
    /// The generator.
    pub generator: String,
    /// Its breaker.
    pub breaker: Breaker,
    /// The reservation for which it was paused, and since when.
    pub paused: Option<(String, Timestamp)>,
}

macro_rules! reservation_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, run, key, generator, model, pilot, tenant, state, held, used_input, used_output, cost, claimed, person, reason, \
             reserved_at, ended_at FROM reservation ",
            $rest
        )
    };
}

fn money(micros: i64) -> Result<Micros, StoreError> {
    Micros::new(micros).ok_or_else(|| StoreError::corrupt("an amount below zero"))
}

fn reservation_of(row: &Row) -> Result<ReservationRow, StoreError> {
    Ok(ReservationRow {
        id: id(ReservationId::parse(&row.text(0)?))?,
        asker: row.text(1)?,
        key: row.text(2)?,
        generator: row.text(3)?,
        model: row.text(4)?,
        pilot: row.text(5)?,
        tenant: row.text(6)?,
        state: row.text(7)?,
        held: money(row.int(8)?)?,
        used_input: row.maybe_int(9)?,
        used_output: row.maybe_int(10)?,
        cost: row.maybe_int(11)?.map(money).transpose()?,
        claimed: row.maybe_int(12)?.map(money).transpose()?,
        person: row.maybe_text(13)?,
        reason: row.maybe_text(14)?,
        reserved_at: time(row.int(15)?)?,
        ended_at: row.maybe_int(16)?.map(time).transpose()?,
    })
}

impl ReservationRow {
    /// What it was asked for: the request of a run, or the name of a trial.
    #[must_use]
    pub fn subject(&self) -> String {
        RunId::parse(&self.asker).map_or_else(|_| self.asker.clone(), |run| run.request().to_string())
    }
}

impl Store {
    /// Every budget's row of these periods' names, by scope and span.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn spend(&self, periods: &[&str]) -> Result<Vec<SpendRow>, StoreError> {
        let mut rows = Vec::new();
        let mut reader = self.reader().await?;
        for period in periods {
            let sql = "SELECT scope, span, period, held, settled, calls, alarmed FROM spend WHERE period = $1 ORDER BY scope, span";
            for row in reader.conn().rows(sql, values![*period]).await? {
                let span = row.text(1)?.parse().map_err(|()| StoreError::corrupt("a budget of no known span"))?;
                rows.push(SpendRow {
                    key: PeriodKey { scope: row.text(0)?, span, period: row.text(2)? },
                    held: money(row.int(3)?)?,
                    settled: money(row.int(4)?)?,
                    calls: row.int(5)?.unsigned_abs(),
                    alarmed: row.int(6)?,
                });
            }
        }
        Ok(rows)
    }

    /// Reservations that want a person, or are on their way: unreported, disputed and held, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn open_reservations(&self, limit: u32) -> Result<Vec<ReservationRow>, StoreError> {
        let sql = reservation_sql!("WHERE state IN ('unreported', 'disputed', 'held') ORDER BY id DESC LIMIT $1");
        let rows = self.walker().await?.conn().rows(sql, values![limit]).await?;
        rows.iter().map(reservation_of).collect()
    }

    /// One reservation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn reservation(&self, wanted: &ReservationId) -> Result<ReservationRow, StoreError> {
        let rows =
            self.reader().await?.conn().rows(reservation_sql!("WHERE id = $1"), values![wanted.as_str()]).await?;
        let missing = || StoreError::NotFound { what: "reservation", id: wanted.to_string() };
        rows.first().map(reservation_of).ok_or_else(missing)?
    }

    /// The reservations of one run, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reservations_of(&self, run: &RunId) -> Result<Vec<ReservationRow>, StoreError> {
        let sql = reservation_sql!("WHERE run = $1 ORDER BY id");
        let rows = self.reader().await?.conn().rows(sql, values![run.as_str()]).await?;
        rows.iter().map(reservation_of).collect()
    }

    /// The far sides that were ever heard of.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn far_sides(&self) -> Result<Vec<FarSideRow>, StoreError> {
        let sql = "SELECT generator, failures, opened, until_at, probing, cool_until, paused_by, paused_at FROM far_side ORDER BY generator";
        let mut sides = Vec::new();
        for row in self.reader().await?.conn().rows(sql, vec![]).await? {
            let breaker = Breaker {
                failures: row.int(1)?,
                opened: row.int(2)?,
                until: row.int(3)?,
                probing: row.int(4)? != 0,
                cool_until: row.int(5)?,
            };
            let since = row.maybe_int(7)?.map(time).transpose()?;
            sides.push(FarSideRow { generator: row.text(0)?, breaker, paused: row.maybe_text(6)?.zip(since) });
        }
        Ok(sides)
    }
}
