//! Working time on people's walls, through weekends, nights and changes of the clocks.

use super::{Counting, Hours};
use jiff::civil::{Time, Weekday, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const OFFICE: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

fn hours(zone: &str, days: &[Weekday], quiet: Option<(Time, Time)>) -> Hours {
    Hours::new(TimeZone::get(zone).unwrap(), days, quiet).unwrap()
}

fn office() -> Hours {
    hours("Europe/Berlin", &OFFICE, Some((time(18, 0, 0, 0), time(8, 0, 0, 0))))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn nights_and_weekends_wait_for_the_morning() {
    let office = office();
    for (from, to) in [
        ("2026-11-20T12:00:00+01:00", "2026-11-20T12:00:00+01:00"),
        ("2026-11-20T18:00:00+01:00", "2026-11-23T08:00:00+01:00"),
        ("2026-11-21T12:00:00+01:00", "2026-11-23T08:00:00+01:00"),
        ("2026-11-23T03:00:00+01:00", "2026-11-23T08:00:00+01:00"),
        ("2026-11-23T17:59:59+01:00", "2026-11-23T17:59:59+01:00"),
    ] {
        assert_eq!(office.next_working(at(from)), at(to), "{from}");
    }
    assert!(office.is_working(at("2026-11-20T12:00:00+01:00")) && !office.is_working(at("2026-11-21T12:00:00+01:00")));
}

#[test]
fn a_wait_counts_as_it_is_told_to() {
    let office = office();
    let friday = at("2026-11-20T16:00:00+01:00");
    let four = SignedDuration::from_hours(4);
    assert_eq!(office.remind_at(friday, four, Counting::Working), at("2026-11-23T10:00:00+01:00"));
    assert_eq!(office.remind_at(friday, four, Counting::Plain), at("2026-11-23T08:00:00+01:00"));
    let two = SignedDuration::from_hours(2);
    assert_eq!(office.remind_at(friday, two, Counting::Working), at("2026-11-20T18:00:00+01:00"));
    assert_eq!(office.remind_at(friday, SignedDuration::ZERO, Counting::Working), friday);
    // Five working days of ten hours are a week later, over the change of the clocks too.
    let october = at("2026-10-23T12:00:00+02:00");
    let week = SignedDuration::from_hours(50);
    assert_eq!(office.remind_at(october, week, Counting::Working), at("2026-10-30T12:00:00+01:00"));
}

#[test]
fn quiet_at_noon_or_over_the_skipped_hour() {
    let siesta = hours("Europe/Madrid", &OFFICE, Some((time(14, 0, 0, 0), time(16, 0, 0, 0))));
    assert_eq!(siesta.next_working(at("2026-11-20T15:00:00+01:00")), at("2026-11-20T16:00:00+01:00"));
    let (noon, two) = (at("2026-11-20T13:00:00+01:00"), SignedDuration::from_hours(2));
    assert_eq!(siesta.remind_at(noon, two, Counting::Working), at("2026-11-20T17:00:00+01:00"));
    // Quiet until 02:30 on the night on which there is no 02:30.
    let night = hours("Europe/Berlin", &[Weekday::Sunday], Some((time(22, 0, 0, 0), time(2, 30, 0, 0))));
    assert_eq!(night.next_working(at("2026-03-29T00:30:00+01:00")), at("2026-03-29T03:00:00+02:00"));
    let always = Hours::always(TimeZone::UTC);
    assert_eq!(always.next_working(noon), noon);
}

#[test]
fn no_working_time_at_all_is_refused() {
    let same = Some((time(8, 0, 0, 0), time(8, 0, 0, 0)));
    for (days, quiet) in [(&OFFICE[..0], None), (&OFFICE[..], same)] {
        assert_eq!(Hours::new(TimeZone::UTC, days, quiet).expect_err("no time").code, "OP-2903");
    }
}

proptest! {
    #[test]
    fn never_before_and_always_in_working_time(
        second in 1_750_000_000i64..1_900_000_000, wait in 0i64..400, day in 0usize..5, from in 0i8..24, until in 0i8..24,
        zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]),
    ) {
        let quiet = (from != until).then_some((time(from, 15, 0, 0), time(until, 15, 0, 0)));
        let hours = hours(zone, &OFFICE[day..], quiet);
        let opened = Timestamp::from_second(second).unwrap();
        let wait = SignedDuration::from_hours(wait);
        let next = hours.next_working(opened);
        prop_assert!(next >= opened && hours.is_working(next));
        let plain = hours.remind_at(opened, wait, Counting::Plain);
        prop_assert!(plain >= opened + wait && hours.is_working(plain));
        let working = hours.remind_at(opened, wait, Counting::Working);
        prop_assert!(working >= opened + wait);
        // An end of working time may be hit exactly; the moment before it is working time.
        prop_assert!(wait == SignedDuration::ZERO || hours.is_working(working - SignedDuration::from_millis(1)));
        // Waiting for longer never ends earlier.
        prop_assert!(hours.remind_at(opened, wait + SignedDuration::from_hours(1), Counting::Working) > working);
    }
}
