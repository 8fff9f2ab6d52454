//! What a pilot came to in a span of days, for whoever owns it: sets of figures, each with the rows that bear it out. Own room because desk,
//! API and command line show the same sets, as pictures, tables and files. INVARIANT: a set without rows has no values: there is no
//! figure that no row backs.

mod count;
mod house;
mod kept;
#[cfg(test)]
mod tests;

pub use count::{Spread, length};
pub use house::{House, Queues, Source, Stopped};
pub use kept::Kept;

use crate::store::{MOST_COMPARED, Store, StoreError, TrendRows};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;

/// The longest span, in days.
pub const MOST_DAYS: i32 = 366;
/// Days of a span of which nothing is said.
pub const USUAL_DAYS: i32 = 28;
/// Spans of more days than this are counted by weeks.
const BY_WEEK: i32 = 92;

/// A span of days that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (OP-4015)")]
pub struct NotASpan {
    what: String,
}

/// A span of whole days by the clock of a pilot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
    zone: TimeZone,
}

impl Days {
    /// From `from` to `until`, both included; without them the last four weeks up to today.
    ///
    /// # Errors
    /// [`NotASpan`] says what is wrong.
    pub fn read(from: Option<&str>, until: Option<&str>, now: Timestamp, zone: &TimeZone) -> Result<Self, NotASpan> {
        let day = |text: &str| {
            let shown: String = text.chars().take(40).collect();
            let what = format!("`{shown}` is no day; write it as `2026-11-21`");
            text.parse::<Date>().map_err(|_| NotASpan { what })
        };
        let today = now.to_zoned(zone.clone()).date();
        let last = until.map_or(Ok(today), day)?;
        let usual = || last.checked_sub((USUAL_DAYS - 1).days()).unwrap_or(last);
        let first = from.map_or_else(|| Ok(usual()), day)?;
        let wrong = |what: String| Err(NotASpan { what });
        if first > last {
            return wrong(format!("the span ends on {last}, before it begins on {first}; turn them round"));
        }
        if last.duration_since(first).as_hours() / 24 >= i64::from(MOST_DAYS) {
            return wrong(format!("the span is longer than {MOST_DAYS} days; choose a shorter one"));
        }
        Ok(Self { first, last, zone: zone.clone() })
    }

    fn begin(&self, day: Date) -> Timestamp {
        day.to_zoned(self.zone.clone()).map_or(Timestamp::MIN, |zoned| zoned.timestamp())
    }

    /// Its first moment, and the first one behind it.
    #[must_use]
    pub fn moments(&self) -> (Timestamp, Timestamp) {
        (self.begin(self.first), self.begin(self.last.tomorrow().unwrap_or(self.last)))
    }

    /// Where it is cut into parts: days, or weeks of a long span. By the first day of each.
    fn parts(&self) -> Vec<Date> {
        let days = self.last.duration_since(self.first).as_hours() / 24 + 1;
        let step = if days > i64::from(BY_WEEK) { 7 } else { 1 };
        let part = |place: i64| self.first.checked_add((place * step).days()).ok();
        (0..(days + step - 1) / step).filter_map(part).collect()
    }

    fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }
}

/// What the values of a set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// So many.
    Count,
    /// Millionths of a US dollar.
    Micros,
}

/// How a set is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Along time.
    Lines,
    /// Side by side.
    Bars,
    /// Each category a bar made of the values of its series.
    Stacked,
}

/// Values of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Series {
    /// What they are.
    pub name: &'static str,
    /// One for each label.
    pub values: Vec<u64>,
}

/// Figures that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Set {
    /// Its name in addresses.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it comes to, in a sentence.
    pub says: String,
    /// How many rows bear it out.
    pub rows: u64,
    /// What these rows are.
    pub backed_by: &'static str,
    /// What its values are.
    pub unit: Unit,
    /// How it is drawn.
    pub form: Form,
    /// What its labels are.
    pub by: &'static str,
    /// Categories, or days.
    pub labels: Vec<String>,
    /// The values.
    pub series: Vec<Series>,
}

/// The figures of a pilot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Whose.
    pub pilot: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// The clock by which these are days.
    pub time_zone: String,
    /// When they were counted.
    pub at: Timestamp,
    /// The sets.
    pub sets: Vec<Set>,
}

/// Counts them. `spend` says whether whoever asks may see what was spent; without it there is no such set.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn read(store: &Store, pilot: &str, days: &Days, spend: bool, now: Timestamp) -> Result<Figures, StoreError> {
    let names = (days.first.to_string(), days.last.to_string());
    // Behind the last bound is everything that is older.
    let since = std::array::from_fn(|place| count::AGES.get(place).map_or(now, |(_, age)| count::ago(now, *age)));
    let span = store.trend(pilot, days.moments(), (&names.0, &names.1));
    let (rows, backlog) = tokio::try_join!(span, store.backlog_since(pilot, since))?;
    let mut sets = sets(&rows, days);
    if spend {
        sets.push(count::spent(&rows, days));
    }
    sets.push(count::backlog(&backlog));
    let time_zone = days.zone.iana_name().unwrap_or("UTC").to_owned();
    Ok(Figures { pilot: pilot.to_owned(), from: days.first, until: days.last, time_zone, at: now, sets })
}

fn sets(rows: &TrendRows, days: &Days) -> Vec<Set> {
    vec![
        count::volume(rows, days),
        count::first_draft(rows),
        count::decision(rows),
        count::verdicts(rows),
        count::sections(rows, MOST_COMPARED),
        count::reasons(rows),
    ]
}

impl Set {
    /// The head of its table.
    #[must_use]
    pub fn head(&self) -> Vec<&'static str> {
        std::iter::once(self.by).chain(self.series.iter().map(|series| series.name)).collect()
    }

    /// The rows of its table: label, then the value of each series.
    pub fn table(&self) -> impl Iterator<Item = (&str, Vec<u64>)> {
        self.labels.iter().enumerate().map(|(at, label)| {
            let value = |series: &Series| series.values.get(at).copied().unwrap_or(0);
            (label.as_str(), self.series.iter().map(value).collect())
        })
    }

    /// A value for people.
    #[must_use]
    pub fn shown(&self, value: u64) -> String {
        match self.unit {
            Unit::Count => value.to_string(),
            Unit::Micros => dollars(value),
        }
    }
}

/// An amount for people, to the cent, or to what is left when that is less.
#[must_use]
pub fn dollars(micros: u64) -> String {
    match micros {
        1..10_000 => format!("${}.{:06}", micros / 1_000_000, micros % 1_000_000).trim_end_matches('0').to_owned(),
        _ => {
            let cents = micros.saturating_add(5_000) / 10_000;
            format!("${}.{:02}", cents / 100, cents % 100)
        }
    }
}
