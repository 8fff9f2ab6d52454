//! The two odd nights of the year, lived through by two daemons that look every half hour, one of them with a clock that is behind by more than the change.

use super::{Kind, Options, Plan, Rota, Schedule, SlotRow, pilot, rota, slots, zone};
use crate::store::conformance::Fixture;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// One night: the zone, a time that is skipped or comes twice in it, and the moment at which it falls due.
struct Night {
    zone: &'static str,
    pattern: &'static str,
    key: &'static str,
    due: &'static str,
}

/// In the order of time. Skipped: due when clocks jump. Twice: due the first time.
const NIGHTS: [Night; 4] = [
    Night { zone: "America/New_York", pattern: "30 2 * * *", key: "2027-03-14T02:30", due: "2027-03-14T07:00:00Z" },
    Night { zone: "Europe/Berlin", pattern: "30 2 * * *", key: "2027-03-28T02:30", due: "2027-03-28T01:00:00Z" },
    Night { zone: "Europe/Berlin", pattern: "30 2 * * *", key: "2027-10-31T02:30", due: "2027-10-31T00:30:00Z" },
    Night { zone: "America/New_York", pattern: "30 1 * * *", key: "2027-11-07T01:30", due: "2027-11-07T05:30:00Z" },
];

/// A daemon that knows these schedules.
fn daemon(on: &Fixture, night: &Night, plans: &[(&str, &str)]) -> Rota {
    let plan = |(name, pattern): &(&str, &str)| {
        let schedule = Schedule::parse(pattern, zone(night.zone)).unwrap();
        Plan { name: (*name).into(), kind: Kind::Digest, pilot: "desk".into(), schedule }
    };
    let options = Options { plans: plans.iter().map(plan).collect(), waits: BTreeMap::new(), sources: BTreeMap::new() };
    rota(on, &on.store, vec![pilot("desk", zone(night.zone))], options)
}

fn turn_to(on: &Fixture, moment: Timestamp) {
    on.clock.turn(moment.duration_since(on.now()).as_secs());
}

/// Key, moment, state, whether it came late and whether earlier ones were passed over.
fn told(slots: &[SlotRow]) -> Vec<(&str, String, &str, bool, bool)> {
    slots
        .iter()
        .map(|slot| (slot.key.as_str(), slot.due_at.to_string(), slot.state.as_str(), slot.late, slot.passed_over))
        .collect()
}

#[tokio::test]
async fn a_time_that_is_skipped_or_comes_twice_is_fired_once() {
    for night in &NIGHTS {
        let on = Fixture::sqlite().await;
        let due: Timestamp = night.due.parse().unwrap();
        let (watched, missed) = ([("nightly", night.pattern), ("beat", "*/30 * * * *")], [("asleep", night.pattern)]);
        let noon = due - SignedDuration::from_hours(16);
        turn_to(&on, noon);
        let (daemons, asleep) = ([(); 2].map(|()| daemon(&on, night, &watched)), daemon(&on, night, &missed));
        daemons[0].begin().await.unwrap();
        asleep.begin().await.unwrap();
        for _ in 0..48 {
            on.clock.turn(1800);
            daemons[0].tend_once().await.unwrap();
            on.clock.turn(-2 * 3600);
            daemons[1].tend_once().await.unwrap();
            on.clock.turn(2 * 3600);
        }
        let fired = slots(&on.store, "nightly").await;
        assert_eq!(told(&fired), [(night.key, night.due.to_owned(), "fired", false, false)], "{}", night.zone);
        // What is meant as a distance goes on as time does.
        let beats: Vec<Timestamp> = slots(&on.store, "beat").await.iter().map(|slot| slot.due_at).collect();
        let all: Vec<Timestamp> = (1..=48).map(|half| noon + SignedDuration::from_mins(30 * half)).collect();
        assert_eq!(beats, all, "{}", night.zone);
        // Down the whole night: made up for once.
        asleep.tend_once().await.unwrap();
        asleep.tend_once().await.unwrap();
        let fired = slots(&on.store, "asleep").await;
        assert_eq!(told(&fired), [(night.key, night.due.to_owned(), "fired", true, false)], "{}", night.zone);
        assert_eq!(on.verify().await["schedule.fired"], 50);
    }
}
