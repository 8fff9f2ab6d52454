//! Schedules against other people's answers, against the odd nights, and against two years of daemons that come and go.

use super::slot::{LATE_AFTER, Schedule};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(pattern: &str, name: &str) -> Schedule {
    Schedule::parse(pattern, zone(name)).unwrap()
}

/// The next keys and instants after a moment.
fn slots(schedule: &Schedule, after: &str, count: usize) -> Vec<(String, String)> {
    let mut after = at(after);
    let mut found = Vec::new();
    while found.len() < count {
        let slot = schedule.next_after(after).unwrap();
        after = slot.at;
        found.push((slot.key, slot.at.to_string()));
    }
    found
}

/// Every case on which other libraries agree (origin: `tests/data/cron/SOURCE.md`).
#[test]
fn all_172_cases_are_right() {
    let (mut right, mut wrong) = (0, Vec::new());
    for line in include_str!("../../tests/data/cron/cases.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        let parsed = Schedule::parse(&text("expr"), zone(&text("tz")));
        let ok = if case["reject"] == true {
            parsed.is_err_and(|problem| problem.code == "OP-2902")
        } else {
            let schedule = parsed.unwrap();
            // The moment stands on the wall of the zone.
            let wall: jiff::civil::DateTime = text("after").parse().unwrap();
            let mut after = zone(&text("tz")).to_timestamp(wall).unwrap();
            case["next"].as_array().unwrap().iter().all(|expected| {
                let slot = schedule.next_after(after).unwrap();
                after = slot.at;
                expected.as_i64() == Some(slot.at.as_second())
            })
        };
        if ok { right += 1 } else { wrong.push(line) }
    }
    assert_eq!((right, wrong), (172, Vec::<&str>::new()));
}

#[test]
fn a_skipped_time_runs_once_when_the_clocks_jump() {
    let berlin = schedule("30 2 * * *", "Europe/Berlin");
    assert_eq!(
        slots(&berlin, "2026-03-28T12:00:00Z", 2),
        [
            ("2026-03-29T02:30".to_owned(), "2026-03-29T01:00:00Z".to_owned()),
            ("2026-03-30T02:30".to_owned(), "2026-03-30T00:30:00Z".to_owned())
        ]
    );
    // Both halves of the skipped hour and the end of it are one firing.
    let often = schedule("0,30 2,3 * * *", "Europe/Berlin");
    assert_eq!(
        slots(&often, "2026-03-28T12:00:00Z", 2),
        [
            ("2026-03-29T03:00".to_owned(), "2026-03-29T01:00:00Z".to_owned()),
            ("2026-03-29T03:30".to_owned(), "2026-03-29T01:30:00Z".to_owned())
        ]
    );
    // Apia went over the date line and had no 30 December 2011 at all.
    let apia = schedule("0 9 * * FRI", "Pacific/Apia");
    assert_eq!(
        slots(&apia, "2011-12-29T00:00:00Z", 1),
        [("2011-12-30T09:00".to_owned(), "2011-12-30T10:00:00Z".to_owned())]
    );
}

#[test]
fn a_repeated_time_runs_once_and_a_beat_goes_on() {
    let berlin = schedule("30 2 * * *", "Europe/Berlin");
    assert_eq!(
        slots(&berlin, "2026-10-24T12:00:00Z", 2),
        [
            ("2026-10-25T02:30".to_owned(), "2026-10-25T00:30:00Z".to_owned()),
            ("2026-10-26T02:30".to_owned(), "2026-10-26T01:30:00Z".to_owned())
        ]
    );
    // Asked in the second hour, too, it has already been.
    assert_eq!(slots(&berlin, "2026-10-25T01:10:00Z", 1)[0].0, "2026-10-26T02:30");
    // Every name of a time of day comes once, however many there are.
    let list = schedule("30 2,14 * * *", "Europe/Berlin");
    let keys: Vec<String> = slots(&list, "2026-10-24T22:30:00Z", 2).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["2026-10-25T02:30", "2026-10-25T14:30"]);
    let beat: Vec<String> = slots(&schedule("*/30 * * * *", "Europe/Berlin"), "2026-10-24T23:45:00Z", 5)
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(
        beat,
        ["2026-10-25T02:00", "2026-10-25T02:30", "2026-10-25T02:00+01", "2026-10-25T02:30+01", "2026-10-25T03:00"]
    );
}

#[test]
fn patterns_people_write() {
    let first = |pattern: &str| slots(&schedule(pattern, "Europe/Berlin"), "2026-11-21T06:00:00Z", 1)[0].0.clone();
    assert_eq!(first("0 9 * * MON#1"), "2026-12-07T09:00");
    assert_eq!(first("0 9 L * *"), "2026-11-30T09:00");
    assert_eq!(first("0 9 15W * *"), "2026-12-15T09:00");
    assert_eq!(first("0 9 * * 5L"), "2026-11-27T09:00");
    assert_eq!(first("  0  9  *  *  mon "), "2026-11-23T09:00");
    assert_eq!(first("0 0 29 2 *"), "2028-02-29T00:00");
}

#[test]
fn what_is_no_schedule_is_refused_with_a_code() {
    let code = |pattern: &str| Schedule::parse(pattern, TimeZone::UTC).expect_err(pattern).code;
    for pattern in
        ["", "9", "0 9 * *", "0 0 9 * * MON", "0 9 * * MON 2027", "@daily", "60 9 * * *", "0 9 * * XYZ", "0 9 * * 9"]
    {
        assert_eq!(code(pattern), "OP-2901", "{pattern}");
    }
    for pattern in ["0 9 31 2 *", "0 9 30 2 *", "0 9 31 4,6,9,11 *"] {
        assert_eq!(code(pattern), "OP-2902", "{pattern}");
    }
    let text = Schedule::parse("0 9 * * XYZ\u{1b}[31m", TimeZone::UTC).expect_err("no day").to_string();
    assert!(text.starts_with("`0 9 * * XYZ[31m` is not a schedule: ") && text.ends_with("(OP-2901)"), "{text}");
}

#[test]
fn after_downtime_the_last_slot_comes_once_and_says_that_it_is_late() {
    let daily = schedule("0 9 * * *", "Europe/Berlin");
    let due = daily.due_between(at("2026-11-10T08:00:00Z"), at("2026-11-16T12:00:00Z")).unwrap();
    assert_eq!((due.slot.key.as_str(), due.late, due.passed_over), ("2026-11-16T09:00", true, true));
    assert_eq!(daily.due_between(due.slot.at, at("2026-11-16T12:00:00Z")), None);
    let prompt = daily.due_between(due.slot.at, at("2026-11-17T08:00:01Z")).unwrap();
    assert_eq!((prompt.slot.key.as_str(), prompt.late, prompt.passed_over), ("2026-11-17T09:00", false, false));
    // A clock that was set back asks for nothing.
    assert_eq!(daily.due_between(at("2026-11-17T08:00:01Z"), at("2026-11-10T08:00:00Z")), None);
    // Ten years of a beat of a minute are found without walking through them.
    let beat = schedule("* * * * *", "UTC");
    let due = beat.due_between(at("2016-11-10T08:00:00Z"), at("2026-11-16T12:00:30Z")).unwrap();
    assert_eq!((due.slot.key.as_str(), due.late, due.passed_over), ("2026-11-16T12:00", false, true));
}

#[test]
fn it_reads_as_a_sentence() {
    let told = |pattern: &str| schedule(pattern, "Europe/Berlin").describe();
    assert_eq!(told("0 9 * * MON"), "At 09:00, on Monday, in the time of Europe/Berlin");
    assert_eq!(told("0 9 L * *"), "At 09:00, on the last day of the month, in the time of Europe/Berlin");
    assert_eq!(told("0 9 * * MON#1"), "At 09:00, on the 1st Monday of the month, in the time of Europe/Berlin");
}

const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Kolkata"];

/// How often the daemons look; rarely, because two years are long.
const STEP: SignedDuration = SignedDuration::from_mins(11 * 60 + 7);

/// What two years of daemons leave behind: rows by key, the way the table holds them, and the spans in which none was up.
struct Life {
    rows: BTreeMap<String, (Timestamp, bool)>,
    downs: Vec<(Timestamp, Timestamp)>,
}

/// Two daemons with clocks that differ look at the same schedule; gaps are days on which neither is up. Each remembers nothing: it asks
/// the table for the last slot.
fn live(schedule: &Schedule, gaps: &[(u32, u32)], skew: i64) -> Life {
    let (begin, end) = (at("2026-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
    let mut life = Life { rows: BTreeMap::new(), downs: Vec::new() };
    let mut gaps = gaps.iter();
    let mut now = begin;
    let mut up_until = begin;
    while now < end {
        if now >= up_until
            && let Some((up, down)) = gaps.next()
        {
            let back = now + SignedDuration::from_hours(i64::from(*down));
            // Down since the last look.
            life.downs.push((now - STEP, back));
            now = back;
            up_until = now + SignedDuration::from_hours(i64::from(*up));
        }
        for clock in [now, now + SignedDuration::from_secs(skew)] {
            let last = life.rows.values().map(|(at, _)| *at).max().unwrap_or(begin);
            // Both may have read the table before either wrote.
            for after in [last, begin.max(last - SignedDuration::from_hours(1))] {
                if let Some(due) = schedule.due_between(after, clock) {
                    life.rows.entry(due.slot.key).or_insert((due.slot.at, due.late));
                }
            }
        }
        now += STEP;
    }
    life
}

fn week(wall: jiff::civil::DateTime) -> (i16, i8) {
    let date = wall.date().iso_week_date();
    (date.year(), date.week())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Downtime shorter than a week: each local week of two years has its report, and only one, in every zone.
    #[test]
    fn two_years_of_weekly_reports(
        day in 0u8..7, hour in 0u8..24, minute in 0u8..60, skew in -30i64..30,
        gaps in prop::collection::vec((24u32..400, 1u32..144), 20..60),
    ) {
        for name in ZONES {
            let schedule = schedule(&format!("{minute} {hour} * * {day}"), name);
            let life = live(&schedule, &gaps, skew);
            let mut weeks: BTreeMap<(i16, i8), u32> = BTreeMap::new();
            for key in life.rows.keys() {
                *weeks.entry(week(key.parse().unwrap())).or_default() += 1;
            }
            prop_assert!(weeks.values().all(|count| *count == 1), "{name}: {weeks:?}");
            // Every Monday-to-Sunday that lies wholly within the two years.
            let whole: BTreeSet<(i16, i8)> = (0..103)
                .map(|n| week(jiff::civil::datetime(2026, 1, 7, 12, 0, 0, 0).checked_add((n * 7i64).days()).unwrap()))
                .collect();
            let missing: Vec<_> = whole.iter().filter(|week| !weeks.contains_key(week)).collect();
            prop_assert!(missing.is_empty(), "{name}: {missing:?} in {:?}", life.downs);
        }
    }

    /// Downtime of weeks: what is missing was passed over in one downtime, in favour of the last slot in it, which says that it is late.
    #[test]
    fn what_is_passed_over_gave_way_to_a_later_one(gaps in prop::collection::vec((24u32..900, 1u32..1500), 5..20)) {
        for name in ZONES {
            let schedule = schedule("30 2 * * SUN", name);
            let life = live(&schedule, &gaps, 0);
            let mut after = at("2026-01-01T00:00:00Z");
            while let Some(slot) = schedule.next_after(after).filter(|slot| slot.at < at("2027-12-25T00:00:00Z")) {
                after = slot.at;
                let down = life.downs.iter().find(|(from, back)| *from < slot.at && slot.at < *back);
                match (life.rows.get(&slot.key), down) {
                    (Some((_, late)), Some((_, back))) => {
                        prop_assert!(!*late || back.duration_since(slot.at) > SignedDuration::ZERO);
                    }
                    (Some(_), None) => {}
                    (None, Some((_, back))) => {
                        prop_assert!(life.rows.values().any(|(at, _)| *at > slot.at && at <= back), "{name}: {}", slot.key);
                    }
                    (None, None) => prop_assert!(false, "{name}: {} is missing without downtime", slot.key),
                }
            }
        }
    }

    /// Whatever is asked: slots rise, keys differ, and asking from anywhere between two slots gives the same next one.
    #[test]
    fn slots_rise_and_keys_differ(
        pattern in "(\\*|\\*/(7|15|30)|0|30|0,30|5-50/9) (\\*|\\*/[2-5]|[0-3]|1-3|0,2,14) (\\*|1|L|15W|1-7) \\* (\\*|MON|0|1-5|SUN#1)",
        start in 1_700_000_000i64..1_900_000_000, zone_of in 0usize..6, part in 0i64..1000,
    ) {
        let schedule = schedule(&pattern, ZONES[zone_of]);
        let mut after = Timestamp::from_second(start).unwrap();
        let mut keys = BTreeSet::new();
        for _ in 0..60 {
            let slot = schedule.next_after(after).unwrap();
            prop_assert!(slot.at > after && keys.insert(slot.key.clone()), "{pattern}: {slot:?} after {after}");
            let between = after + SignedDuration::from_millis(slot.at.duration_since(after).as_millis() as i64 * part / 1000);
            prop_assert_eq!(schedule.next_after(between), Some(slot.clone()), "{} from {}", pattern, between);
            let due = schedule.due_between(after, slot.at + LATE_AFTER);
            prop_assert!(due.is_some_and(|due| due.slot.at >= slot.at && due.slot.at <= slot.at + LATE_AFTER));
            after = slot.at;
        }
    }
}
