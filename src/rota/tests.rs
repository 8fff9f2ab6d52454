//! The rota over real verbs in fake time: years of weeks in six zones with random downtime, daemons that race, people who do not answer.

mod clocks;

use super::{Kind, Options, Plan, Rota, Waits, Week};
use crate::calendar::Schedule;
use crate::clock::Clock;
use crate::domain::pilot::{Pilot, Pilots};
use crate::domain::review::ReviewState;
use crate::policy::{Grant, Policies, PolicySet, Principal, Role};
use crate::store::conformance::Fixture;
use crate::store::conformance::samples::in_review;
use crate::store::{Aside, AsideState, Reconciled, SlotRow, Store, TakeSource, Yielded};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/Sao_Paulo",
];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn pilot(name: &str, zone: TimeZone) -> Pilot {
    Pilot {
        name: name.into(),
        reviewers: vec!["ada".into(), "bob".into()],
        time_zone: zone,
        notify: vec!["ada".into(), "bob".into()],
        reply_by_mail: true,
        ..Pilot::sample()
    }
}

fn plan(name: &str, pattern: &str, zone: TimeZone) -> Plan {
    let schedule = Schedule::parse(pattern, zone).unwrap();
    Plan { name: name.into(), kind: Kind::WeeklyReport, pilot: name.into(), schedule }
}

/// A daemon's rota over a store; `zones` are pilots by the name of their zone, each with a weekly schedule.
fn rota(on: &Fixture, store: &Store, pilots: Vec<Pilot>, options: Options) -> Rota {
    let clock = Arc::clone(&on.clock) as Arc<dyn Clock>;
    Rota::new(store.clone(), Policies::new(PolicySet::embedded()), Pilots::new(pilots), options, clock)
}

fn weekly(on: &Fixture, store: &Store, pattern: &str) -> Rota {
    let pilots = ZONES.iter().map(|name| pilot(&short(name), zone(name))).collect();
    let plans = ZONES.iter().map(|name| plan(&short(name), pattern, zone(name))).collect();
    rota(on, store, pilots, Options { plans, waits: BTreeMap::new(), sources: BTreeMap::new() })
}

fn short(zone: &str) -> String {
    zone.rsplit('/').next().unwrap().to_lowercase()
}

/// Chance that is the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(below).unwrap()).unwrap()
    }
}

fn owner() -> Principal {
    Principal::user("usr_owner", "owner", vec![Grant { role: Role::Owner, scope: "all".parse().unwrap() }])
}

async fn slots(store: &Store, name: &str) -> Vec<SlotRow> {
    let mut slots = store.slots(name, 10_000).await.unwrap();
    slots.reverse();
    slots
}

/// Every local week of the span has one firing and one report, and they say so.
async fn one_each_week(store: &Store, zone_name: &str, from: Timestamp, until: Timestamp) -> usize {
    let (name, zone) = (short(zone_name), zone(zone_name));
    let fired = slots(store, &name).await;
    let mut weeks = BTreeMap::new();
    for slot in &fired {
        assert_eq!(slot.state, "fired", "{slot:?}");
        *weeks.entry(Week::of(slot.due_at, &zone).to_string()).or_insert(0) += 1;
    }
    let (mut at, mut wanted) = (from, BTreeMap::new());
    let schedule = Schedule::parse("0 9 * * MON", zone.clone()).unwrap();
    while let Some(slot) = schedule.next_after(at).filter(|slot| slot.at <= until) {
        wanted.insert(Week::of(slot.at, &zone).to_string(), 1);
        at = slot.at;
    }
    assert_eq!(weeks, wanted, "{zone_name}");
    let reports = store.reports(&name, 10_000).await.unwrap().items;
    assert_eq!(reports.len(), fired.len());
    let periods: BTreeSet<_> = reports.iter().map(|report| report.period.clone()).collect();
    assert_eq!(periods.len(), fired.len());
    fired.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_years_of_weeks_in_six_zones_with_downtime_are_one_report_each() {
    let on = Fixture::sqlite().await;
    let from = on.now();
    weekly(&on, &on.store, "0 9 * * MON").begin().await.unwrap();
    let end = from + SignedDuration::from_hours(24 * 731);
    let (mut dice, mut late, mut restarts) = (Dice(7), 0, 0);
    while on.now() < end {
        // A daemon that has just started, and lives for a while.
        let rota = weekly(&on, &on.store, "0 9 * * MON");
        rota.begin().await.unwrap();
        restarts += 1;
        for _ in 0..=dice.roll(6) {
            rota.tend_once().await.unwrap();
            on.clock.turn(600 + dice.roll(86_400));
        }
        rota.tend_once().await.unwrap();
        // Then nothing runs: up to six days.
        on.clock.turn(dice.roll(6 * 86_400));
    }
    weekly(&on, &on.store, "0 9 * * MON").tend_once().await.unwrap();
    let mut firings = 0;
    for name in ZONES {
        firings += one_each_week(&on.store, name, from, on.now()).await;
        late += slots(&on.store, &short(name)).await.iter().filter(|slot| slot.late).count();
    }
    assert!(firings >= 6 * 104 && late > 50 && restarts > 100, "{firings} firings, {late} late, {restarts} starts");
    let told = on.verify().await;
    assert_eq!(
        (told["schedule.due"], told["schedule.fired"], told["report.made"]),
        (firings as u64, firings as u64, firings as u64)
    );
}

async fn race(on: &Fixture) {
    let other = on.another().await;
    let (one, two) = (weekly(on, &on.store, "0 9 * * MON"), weekly(on, &other, "0 9 * * MON"));
    let (a, b) = tokio::join!(one.begin(), two.begin());
    a.unwrap();
    b.unwrap();
    let from = on.now();
    for _ in 0..8 {
        on.clock.turn(3 * 86_400);
        let (a, b) = tokio::join!(one.tend_once(), two.tend_once());
        a.unwrap();
        b.unwrap();
    }
    for name in ZONES {
        one_each_week(&on.store, name, from, on.now()).await;
    }
    assert_eq!(on.verify().await["schedule.set"], 6);
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_daemons_on_one_server_fire_once() {
    race(&Fixture::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_on_one_file_fire_once() {
    race(&Fixture::sqlite().await).await;
}

#[tokio::test]
async fn weeks_of_downtime_are_made_up_for_once() {
    let on = Fixture::sqlite().await;
    let daemon = weekly(&on, &on.store, "0 9 * * MON");
    daemon.begin().await.unwrap();
    on.clock.turn(30 * 86_400);
    daemon.tend_once().await.unwrap();
    daemon.tend_once().await.unwrap();
    for name in ZONES {
        let slots = slots(&on.store, &short(name)).await;
        assert_eq!(slots.len(), 1, "{name}");
        assert!(slots[0].late && slots[0].passed_over);
        let report = on.store.report(&short(name), "weekly_report", None).await.unwrap().unwrap();
        let text = report.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(report.late && text.contains("comes late") && text.contains("which were not made"), "{}", report.text);
        // The last whole week has it; any earlier one can be counted still.
        let zone = zone(name);
        let last = Week::of(on.now(), &zone).before();
        assert_eq!(report.period, last.to_string());
        let before = last.before().to_string();
        let counted = daemon.report(&owner(), &short(name), Some(&before)).await.unwrap();
        assert_eq!((counted.week, counted.kept.is_none()), (before, true));
    }
}

#[tokio::test]
async fn a_changed_schedule_makes_up_for_nothing() {
    let on = Fixture::sqlite().await;
    weekly(&on, &on.store, "0 9 * * MON").begin().await.unwrap();
    on.clock.turn(10 * 86_400);
    let changed = weekly(&on, &on.store, "0 9 * * TUE");
    changed.begin().await.unwrap();
    changed.tend_once().await.unwrap();
    assert!(slots(&on.store, "berlin").await.is_empty());
    on.clock.turn(7 * 86_400);
    changed.tend_once().await.unwrap();
    assert_eq!(slots(&on.store, "berlin").await.len(), 1);
}

#[tokio::test]
async fn a_hand_fires_now_and_the_calendar_goes_on() {
    let on = Fixture::sqlite().await;
    let daemon = weekly(&on, &on.store, "0 9 * * MON");
    daemon.begin().await.unwrap();
    let slot = daemon.run(&owner(), "berlin").await.unwrap();
    assert_eq!((slot.state.as_str(), slot.by_hand.as_deref(), slot.late), ("fired", Some("usr_owner"), false));
    let viewer = Principal::user("usr_vi", "vi", vec![Grant { role: Role::Viewer, scope: "all".parse().unwrap() }]);
    assert!(daemon.run(&viewer, "berlin").await.is_err(), "needs a permit");
    assert!(daemon.run(&owner(), "nowhere").await.is_err());
    on.clock.turn(7 * 86_400);
    daemon.tend_once().await.unwrap();
    let slots = slots(&on.store, "berlin").await;
    assert_eq!(slots.iter().filter(|slot| slot.by_hand.is_none()).count(), 1);
    // A report that was only looked at is not kept, and the kept one is shown as it was.
    let (kept, looked) = (
        daemon.report(&owner(), "berlin", None).await.unwrap(),
        daemon.report(&owner(), "berlin", Some("2026-W01")).await.unwrap(),
    );
    assert!(kept.kept.is_some() && looked.kept.is_none());
    assert!(daemon.report(&owner(), "berlin", Some("2031-W01")).await.is_err(), "not begun");
    assert_eq!(on.verify().await["schedule.run"], 1);
}

#[tokio::test]
async fn every_figure_is_backed_by_rows_that_are_there() {
    let on = Fixture::sqlite().await;
    let run = in_review(&on, "k1").await;
    in_review(&on, "k2").await;
    on.clock.turn(3600);
    let verdict = crate::store::conformance::samples::decide(&on, &run.brief(), 1, "usr_ada", "reject");
    on.store.decide(verdict).await.unwrap();
    read_a_mailbox(&on).await;
    on.clock.turn(7 * 86_400);
    on.store.keep_checkpoint().await.unwrap();
    let sources = BTreeMap::from([("north".to_owned(), vec!["mail".to_owned(), "website".to_owned()])]);
    let options = Options { sources, ..Options::default() };
    let rota = rota(&on, &on.store, vec![pilot("north", zone("Europe/Berlin"))], options);
    let made = rota.report(&owner(), "north", None).await.unwrap();
    let mut seen = 0;
    for line in made.figures["groups"].as_array().unwrap().iter().flat_map(|group| group["lines"].as_array().unwrap()) {
        let rows = line["rows"].as_array().unwrap();
        assert_eq!(rows.is_empty(), line["shown"] == "–", "{line}");
        for row in rows.iter().map(|row| row.as_str().unwrap()) {
            seen += 1;
            let there = match row.split_once(['_', ' ']).unwrap().0 {
                "req" => on.store.request(&row.parse().unwrap()).await.is_ok(),
                "brf" => on.store.brief(&row.parse().unwrap()).await.is_ok(),
                "dec" => on.store.decisions(&run.brief()).await.unwrap().iter().any(|decision| decision.id == row),
                "qrt" => on.store.quarantine(&row.parse().unwrap()).await.is_ok(),
                "source" => {
                    on.store.sources().await.unwrap().iter().any(|known| row == format!("source {}", known.source))
                }
                "receipt" => {
                    let receipt = on.store.receipts_from(row[8..].parse().unwrap(), 1).await.unwrap();
                    String::from_utf8_lossy(&receipt[0].bytes).contains("source.reconciled")
                }
                "checkpoint" => !on.store.checkpoints().await.unwrap().is_empty(),
                other => panic!("a row of no table: {other}"),
            };
            assert!(there, "{row}");
        }
    }
    assert!(seen > 10 && made.text.contains("Rejected") && made.text.contains("so be it"), "{}", made.text);
    let text = made.text.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "Automatic mail, never answered: 2 ",
        "Put in quarantine: 1 ",
        "Left alone for another reason: 1 ",
        "for a person: 1 ",
        "mail: last reconciled: 1 of 9 NOT accounted for",
        "with nothing missing: 50 % (1 of 2)",
        "mail: last proven read: Mon 21 Sep 2026",
        "an automatic answer (OP-2605) (2 times)",
    ] {
        assert!(text.contains(told), "{told}: {}", made.text);
    }
    assert!(!text.contains("website: last"), "a form brings what it has by itself");
}

/// A source that set things aside, and was compared with its far side twice.
async fn read_a_mailbox(on: &Fixture) {
    let (node, at) = (crate::domain::id::NodeId::new(on.now(), on.store.chance()), on.now());
    let take = TakeSource { source: "mail".into(), node: node.clone(), until: on.in_secs(60), proven: None, at };
    on.store.take_source(take).await.unwrap();
    let aside = |(number, (state, code)): (usize, (AsideState, &str))| Aside {
        id: crate::domain::id::QuarantineId::new(at, on.store.chance()),
        tenant: "acme".into(),
        pilot: "north".into(),
        dedup_key: number.to_string(),
        place: "INBOX".into(),
        state,
        code: code.into(),
        reason: "an automatic answer".into(),
        raw: None,
        media_type: None,
        received_at: at,
        returned: None,
    };
    let (ignored, quarantined) = (AsideState::Ignored, AsideState::Quarantined);
    let all = [(ignored, "OP-2605"), (ignored, "OP-2605"), (ignored, "OP-2824"), (quarantined, "OP-2603")];
    let batch = Yielded {
        source: "mail".into(),
        node,
        cursor: None,
        accepts: Vec::new(),
        asides: all.into_iter().enumerate().map(aside).collect(),
        replies: Vec::new(),
        keep: None,
        proven: true,
        at,
    };
    on.store.take_in(batch).await.unwrap();
    for missing in [0, 1] {
        let (source, tenant, pilot) = ("mail".into(), "acme".into(), "north".into());
        let found = Reconciled { source, tenant, pilot, held: 9, missing, ..Reconciled::default() };
        on.store.keep_reconciled(found).await.unwrap();
    }
}

fn waits() -> Waits {
    let berlin = zone("Europe/Berlin");
    let saturdays =
        crate::calendar::Hours::new(zone("America/New_York"), &[Weekday::Saturday], Some(Waits::QUIET)).unwrap();
    Waits {
        remind_after: Some(SignedDuration::from_hours(4)),
        remind_times: 2,
        escalate_after: Some(SignedDuration::from_hours(24)),
        escalate_to: vec!["grace".into()],
        hours: BTreeMap::from([("bob".to_owned(), saturdays)]),
        usual: Waits::usual_hours(&berlin),
        away: BTreeMap::new(),
    }
}

async fn reminders(on: &Fixture) -> Vec<(String, u32, Timestamp)> {
    let found = on.store.waiting_since("north", on.now(), 99, "", 10).await.unwrap();
    let mut all = Vec::new();
    for (person, ordinal) in found.into_iter().flat_map(|brief| brief.nudged) {
        all.push((on.store.person(&person).await.unwrap().name, ordinal, on.now()));
    }
    all
}

#[tokio::test]
async fn people_hear_again_in_their_own_hours_and_nothing_is_ever_decided() {
    let on = Fixture::sqlite().await;
    people(&on.store).await;
    // Monday, 21 September 2026, 15:33 in Berlin.
    let run = in_review(&on, "k1").await;
    let options = || Options { waits: BTreeMap::from([("north".to_owned(), waits())]), ..Options::default() };
    let one = rota(&on, &on.store, vec![pilot("north", zone("Europe/Berlin"))], options());
    let other = on.another().await;
    let two = rota(&on, &other, vec![pilot("north", zone("Europe/Berlin"))], options());
    let (berlin, york) = (waits().usual, waits().hours["bob"].clone());
    let mut heard: BTreeMap<(String, u32), Timestamp> = BTreeMap::new();
    for _ in 0..24 * 10 * 2 {
        let (a, b) = tokio::join!(one.tend_once(), two.tend_once());
        a.unwrap();
        b.unwrap();
        for (name, ordinal, at) in reminders(&on).await {
            heard.entry((name, ordinal)).or_insert(at);
        }
        on.clock.turn(1800);
    }
    let names: Vec<_> = heard.keys().map(|(name, ordinal)| (name.as_str(), *ordinal)).collect();
    assert_eq!(names, [("ada", 1), ("ada", 2), ("bob", 1), ("bob", 2), ("grace", 0)]);
    for ((name, _), at) in &heard {
        let hours = if name == "bob" { &york } else { &berlin };
        assert!(hours.is_working(*at), "{name} heard at {at}");
    }
    // A century of silence.
    for _ in 0..100 {
        on.clock.turn(365 * 86_400);
        one.tend_once().await.unwrap();
    }
    let (brief, review, decisions) = on.store.review(&run.brief()).await.unwrap();
    assert_eq!((brief.state, brief.version), (ReviewState::Open, 1));
    assert!(review.approvals.is_empty() && decisions.is_empty());
    let told = on.verify().await;
    assert_eq!((told["brief.reminded"], told["brief.escalated"]), (4, 1));
    assert!(!told.contains_key("brief.decided") && !told.contains_key("review.claimed"));
    other.close().await;
}

/// No code of this room can reach a decision: neither the verbs that write one nor the room that makes them.
#[test]
fn no_word_of_this_room_decides() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rota");
    let mut read = 0;
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for word in [
            "decide(",
            "Decide",
            "ReviewState",
            "review::",
            "Approval",
            ".edit(",
            ".hold(",
            ".resume(",
            ".advance(",
            "ReviewApprove",
            "Wake",
        ] {
            assert!(!code.contains(word), "{} says `{word}`", path.display());
        }
        read += 1;
    }
    assert!(read >= 6);
}

async fn people(store: &Store) {
    use crate::domain::id::UserId;
    use crate::store::{AddPerson, Right};
    for (index, name) in ["ada", "bob", "grace"].into_iter().enumerate() {
        let right = if index == 0 {
            Right::First
        } else {
            Right::Permit(crate::store::conformance::samples::permit(
                crate::policy::Action::UserManage,
                crate::policy::Kind::System,
                "opspilot",
            ))
        };
        let add = AddPerson {
            id: UserId::new(store.now(), store.chance()),
            name: name.into(),
            emails: vec![format!("{name}@ops.example")],
            kind: "user",
            grants: vec![],
            actor: "usr_ada".into(),
            right,
            at: store.now(),
        };
        store.add_person(add).await.unwrap();
    }
}
