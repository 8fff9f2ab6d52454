//! An end that people type: a day, or an exact time. Own file because flags, statements and exceptions read it alike. INVARIANT: a day is
//! whole: it ends when the next one begins by the pilot's clock.

use super::failure::Failure;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// The end of a day such as `2026-12-31`, or an exact time such as `2026-12-31T12:00:00Z`.
pub(crate) fn until(text: &str, zone: &TimeZone) -> Result<Timestamp, Failure> {
    if let Ok(exact) = text.parse::<Timestamp>() {
        return Ok(exact);
    }
    let wrong = || {
        Failure::usage(format!(
            "`{}` is no end: give a day such as `2026-12-31`, or a time such as `2026-12-31T12:00:00Z` (OP-9122)",
            text.chars().take(40).collect::<String>()
        ))
    };
    // A day alone: the hour of a time without an offset would be lost.
    let day: Date = if text.len() == 10 { text.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
    let next = day.checked_add(1.day()).map_err(|_| wrong())?;
    next.to_zoned(zone.clone()).map(|start| start.timestamp()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::until;
    use jiff::tz::TimeZone;

    #[test]
    fn a_day_ends_with_itself_by_the_pilots_clock() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let end = |text: &str, zone: &TimeZone| until(text, zone).map(|end| end.to_string());
        assert_eq!(end("2026-12-31", &TimeZone::UTC).unwrap(), "2027-01-01T00:00:00Z");
        assert_eq!(end("2026-12-31", &berlin).unwrap(), "2026-12-31T23:00:00Z");
        assert_eq!(end("2026-12-31T12:00:00+01:00", &berlin).unwrap(), "2026-12-31T11:00:00Z");
        for wrong in ["", "soon", "2026-13-01", "31.12.2026", "2026-12-31T12:00", "9999-12-31"] {
            assert!(end(wrong, &berlin).unwrap_err().lines[0].contains("OP-9122"), "{wrong}");
        }
    }
}
