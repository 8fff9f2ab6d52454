//! A week on the pilot's wall: ISO 8601, Monday to Sunday, midnight to midnight in the zone, whatever the clocks do in between. Own file because
//! its name is what makes a report one of its kind.

use super::RotaError;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// A week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week {
    monday: Date,
}

impl Week {
    /// Reads `2026-W47`.
    ///
    /// # Errors
    /// [`RotaError::NoWeek`].
    pub fn parse(text: &str) -> Result<Self, RotaError> {
        let digits = |(year, week): &(&str, &str)| {
            year.len() == 4 && week.len() == 2 && [*year, *week].concat().bytes().all(|byte| byte.is_ascii_digit())
        };
        let wrong = || RotaError::NoWeek { given: text.chars().take(20).collect(), why: "it is not written like one" };
        let (year, week) = text.split_once("-W").filter(digits).ok_or_else(wrong)?;
        let (year, week) = (year.parse().map_err(|_| wrong())?, week.parse().map_err(|_| wrong())?);
        let first = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| wrong())?;
        Ok(Self { monday: first.date() })
    }

    /// The week that `at` lies in, on the clock of that zone.
    #[must_use]
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let date = zone.to_datetime(at).date();
        let back = i64::from(date.weekday().to_monday_zero_offset());
        Self { monday: date.checked_sub(back.days()).unwrap_or(date) }
    }

    /// The week before.
    #[must_use]
    pub fn before(self) -> Self {
        Self { monday: self.monday.checked_sub(7.days()).unwrap_or(self.monday) }
    }

    /// Its first moment, and the first moment after it.
    #[must_use]
    pub fn span(self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        let next = self.monday.checked_add(7.days()).unwrap_or(self.monday);
        let midnight = |date: Date| date.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
        (midnight(self.monday), midnight(next))
    }
}

impl std::fmt::Display for Week {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let week = self.monday.iso_week_date();
        write!(f, "{:04}-W{:02}", week.year(), week.week())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_read_and_named() {
        for name in ["2026-W47", "2026-W53", "2020-W53", "2027-W01"] {
            assert_eq!(Week::parse(name).unwrap().to_string(), name);
        }
        for name in ["2027-W53", "2026-W00", "2026-W7", "2026W47", "26-W47", "", "2026-W4\u{b2}", "-026-W01"] {
            assert!(Week::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_week_is_as_long_as_its_clocks_make_it() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let hours = |name: &str| {
            let (from, until) = Week::parse(name).unwrap().span(&berlin);
            until.duration_since(from).as_hours()
        };
        assert_eq!((hours("2026-W13"), hours("2026-W43"), hours("2026-W47")), (167, 169, 168));
        let (from, until) = Week::parse("2026-W47").unwrap().span(&berlin);
        assert_eq!(Week::of(from, &berlin).to_string(), "2026-W47");
        assert_eq!(Week::of(until, &berlin).before(), Week::of(from, &berlin));
    }
}
