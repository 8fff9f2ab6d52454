//! What may be used at most, and when it counts anew: rates and budgets of a generator, a pilot or a tenant, and the periods of a budget.
//! Own file because configuration, ledger and the faces speak of the same things. INVARIANT: pure; the time and its zone are handed in.

use super::money::{Micros, Price};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Rates and budgets of one party; what is `None` has no limit there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Allowance {
    /// Calls in a minute: a bucket of that size, filled again within a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens in a minute, read and written together.
    pub tokens_per_minute: Option<u64>,
    /// Spend within a day.
    #[serde(rename = "day_micros")]
    pub per_day: Option<Micros>,
    /// Spend within a month.
    #[serde(rename = "month_micros")]
    pub per_month: Option<Micros>,
    /// Spend in all.
    #[serde(rename = "whole_micros")]
    pub whole: Option<Micros>,
}

impl Allowance {
    /// Whether any budget is set.
    #[must_use]
    pub fn has_budget(&self) -> bool {
        Span::ALL.into_iter().any(|span| self.budget(span).is_some())
    }

    /// The budget of a span.
    #[must_use]
    pub fn budget(&self, span: Span) -> Option<Micros> {
        match span {
            Span::Day => self.per_day,
            Span::Month => self.per_month,
            Span::Whole => self.whole,
        }
    }
}

/// A party whose use is limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Whose: `generator:cloud`, `pilot:north`, `tenant:acme`.
    pub scope: String,
    /// How much.
    pub allowance: Allowance,
    /// The clock by which its days and months begin.
    pub zone: TimeZone,
}

/// What happens when a limit is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtLimit {
    /// The request waits until there is room again.
    Wait,
    /// The next generator of the chain drafts it.
    #[default]
    FallBack,
    /// A person is asked.
    Hold,
}

impl AtLimit {
    /// As configuration has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::FallBack => "fall_back",
            Self::Hold => "hold",
        }
    }
}

/// A configured generator that asks a model, as the limits see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// The model it asks for, as its options name it; empty when they name none.
    pub model: String,
    /// What tokens cost.
    pub price: Price,
    /// Its own rates and budgets.
    pub allowance: Allowance,
    /// The clock by which its days and months begin.
    pub zone: TimeZone,
    /// Calls at once at most.
    pub parallel: u32,
    /// Tokens of an answer at most.
    pub max_output: u32,
}

/// How long a budget lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// A day on the wall.
    Day,
    /// A month on the wall.
    Month,
    /// For ever.
    Whole,
}

impl Span {
    /// Every span, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Month, Self::Whole];

    /// As the store and people have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Whole => "whole",
        }
    }

    /// The period that a moment falls into: `2026-11-21`, `2026-11`, or `whole`.
    #[must_use]
    pub fn period(self, at: Timestamp, zone: &TimeZone) -> String {
        let date = zone.to_datetime(at).date();
        match self {
            Self::Day => date.to_string(),
            Self::Month => format!("{:04}-{:02}", date.year(), date.month()),
            Self::Whole => "whole".to_owned(),
        }
    }

    /// When that period ends; `None`: never.
    #[must_use]
    pub fn resets(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let date = zone.to_datetime(at).date();
        let next: Option<Date> = match self {
            Self::Day => date.tomorrow().ok(),
            Self::Month => date.last_of_month().tomorrow().ok(),
            Self::Whole => None,
        };
        next.and_then(|date| zone.to_timestamp(date.at(0, 0, 0, 0)).ok())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Span {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|span| span.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_go_by_the_wall_clock_of_their_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let late = at("2026-11-30T23:30:00Z");
        assert_eq!(Span::Day.period(late, &TimeZone::UTC), "2026-11-30");
        assert_eq!(
            (Span::Day.period(late, &zone), Span::Month.period(late, &zone)),
            ("2026-12-01".into(), "2026-12".into())
        );
        assert_eq!(Span::Day.resets(late, &zone), Some(at("2026-12-01T23:00:00Z")));
        assert_eq!(Span::Month.resets(late, &TimeZone::UTC), Some(at("2026-12-01T00:00:00Z")));
        assert_eq!((Span::Whole.period(late, &zone).as_str(), Span::Whole.resets(late, &zone)), ("whole", None));
        // The day on which the clocks are set back has 25 hours and is one day.
        let (morning, night) = (at("2026-10-24T22:30:00Z"), at("2026-10-25T22:30:00Z"));
        assert_eq!(Span::Day.period(morning, &zone), Span::Day.period(night, &zone));
    }

    #[test]
    fn every_span_reads_back() {
        for span in Span::ALL {
            assert_eq!(span.as_str().parse(), Ok(span));
        }
        assert!("week".parse::<Span>().is_err());
    }
}
