//! The room as its callers see it, and the ledger under everything that can happen to it.

use super::samples::{cloud, limits, micros, near, north};
use super::{Admission, Asking, Health, Limits, Outcome, Reservation};
use crate::domain::charge::Verdict;
use crate::domain::limit::{Asked, Span};
use crate::domain::money::Micros;
use crate::store::conformance::{Fixture, samples};
use crate::store::{ClaimedRun, Paid, RuleSpend, StoreError};
use opspilot_sdk::{Charge, Usage};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

fn room(on: &Fixture, generators: Vec<Asked>) -> Limits {
    limits(&on.store, Arc::clone(&on.clock) as _, generators, north())
}

fn asking<'a>(run: &'a ClaimedRun, key: &'a str, most_input: u64) -> Asking<'a> {
    Asking {
        run: &run.run,
        epoch: run.epoch,
        key,
        generator: "cloud",
        pilot: "north",
        tenant: "acme",
        most_input,
        max_output: 1000,
    }
}

fn counted(input: u64, output: u64) -> Outcome {
    let charge = Charge::Counted(Usage { input, cached: 0, output });
    Outcome {
        charge,
        sent_bytes: input.saturating_mul(4),
        received_bytes: output.saturating_mul(4),
        health: Health::Well,
    }
}

async fn admitted(limits: &Limits, asking: &Asking<'_>) -> Reservation {
    match limits.admit(asking).await.unwrap() {
        Admission::Admitted(reservation) => reservation,
        other => panic!("{other:?}"),
    }
}

/// Waits for what was queued before: the writer takes one after the other.
async fn written(on: &Fixture) {
    on.store.rescue_reservations().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_held_settled_and_shown_with_its_arithmetic() {
    let on = Fixture::sqlite().await;
    let (run, limits) = (samples::claimed(&on, "a").await, room(&on, vec![cloud(), near()]));
    let reservation = admitted(&limits, &asking(&run, "k1", 8000)).await;
    assert_eq!(reservation.held(), micros(10_000), "8000 read and 1000 written at most");
    let line = |book: &super::Book, scope: &str, span| {
        let line = book.lines.iter().find(|line| line.scope == scope && line.span == span).unwrap().clone();
        (line.settled.get(), line.held.get(), line.left.map(Micros::get))
    };
    let book = limits.book().await.unwrap();
    assert_eq!(line(&book, "generator:cloud", Span::Day), (0, 10_000, Some(90_000)));
    let settlement = limits.settle(reservation, counted(2000, 400)).await;
    assert_eq!((settlement.verdict, settlement.cost), (Verdict::Settled(micros(2800)), Some(micros(2800))));
    written(&on).await;
    let book = limits.book().await.unwrap();
    assert_eq!(line(&book, "generator:cloud", Span::Day), (2800, 0, Some(97_200)));
    assert_eq!(line(&book, "pilot:north", Span::Month), (2800, 0, Some(147_200)));
    assert_eq!(line(&book, "tenant:acme", Span::Whole), (2800, 0, None));
    assert!(book.open.is_empty() && book.clone().of_pilot("south").lines.is_empty());
    let past = limits.book_of(Some(&"2020-01".parse().unwrap())).await.unwrap();
    assert_eq!(line(&past, "pilot:north", Span::Month), (0, 0, Some(150_000)));
    // What costs nothing is counted, and refused for no money.
    for round in 0..3 {
        let key = format!("n{round}");
        let near = Asking { generator: "near", ..asking(&run, &key, u64::MAX / 2) };
        let reservation = admitted(&limits, &near).await;
        assert_eq!(reservation.held(), Micros::ZERO);
        assert_eq!(limits.settle(reservation, counted(u64::MAX / 3, 1)).await.cost, Some(Micros::ZERO));
    }
    on.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_say_which_limit_and_until_when() {
    let on = Fixture::sqlite().await;
    let run = samples::claimed(&on, "a").await;
    let mut rated = cloud();
    rated.allowance.requests_per_minute = Some(2);
    rated.allowance.tokens_per_minute = Some(50_000);
    let limits = room(&on, vec![rated]);
    let unknown = limits.admit(&Asking { generator: "clod", ..asking(&run, "k", 1) }).await.unwrap();
    assert!(
        matches!(&unknown, Admission::Unavailable { until: None, why, .. } if why.contains("OP-7310")),
        "{unknown:?}"
    );
    let long = limits.admit(&asking(&run, "k", 49_001)).await.unwrap();
    assert!(matches!(&long, Admission::Unavailable { until: None, why, .. } if why.contains("OP-7309")), "{long:?}");
    let uncountable = limits.admit(&asking(&run, "k", u64::MAX)).await.unwrap();
    assert!(matches!(&uncountable, Admission::Unavailable { until: None, .. }), "{uncountable:?}");
    for key in ["k1", "k2"] {
        let reservation = admitted(&limits, &asking(&run, key, 1000)).await;
        limits.settle(reservation, counted(500, 10)).await;
    }
    // Whoever is put off comes later than whoever was before.
    let mut before = on.now();
    for _ in 0..5 {
        let later = limits.admit(&asking(&run, "k3", 1000)).await.unwrap();
        let Admission::Later { at, why } = later else { panic!("{later:?}") };
        assert!(at > before && why.contains("OP-7305"), "{at} {why}");
        before = at;
    }
    assert!(before >= on.in_secs(120), "five wait for a bucket that gives one in half a minute");
    on.clock.turn(90);
    let spent = limits.admit(&asking(&run, "k4", 99_500)).await.unwrap();
    assert!(matches!(spent, Admission::Spent { .. } | Admission::Unavailable { .. }), "{spent:?}");
    let dear = room(&on, vec![cloud()]);
    let Admission::Spent { budget, resets } = dear.admit(&asking(&run, "k5", 98_000)).await.unwrap() else {
        panic!("more than a day's budget");
    };
    assert!(budget.contains("$0.10") && budget.contains("generator `cloud`") && budget.contains("OP-7304"), "{budget}");
    assert_eq!(resets.unwrap().to_string(), "2026-09-22T00:00:00Z");
    let late = ClaimedRun { epoch: run.epoch + 1, ..run.clone() };
    assert!(matches!(dear.admit(&asking(&late, "k6", 1)).await, Err(StoreError::Stale { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_ask_at_once_than_may_and_one_that_is_dropped_keeps_its_hold() {
    let on = Fixture::sqlite().await;
    let (run, limits) = (samples::claimed(&on, "a").await, room(&on, vec![cloud()]));
    let mut inside = Vec::new();
    for round in 0..4 {
        inside.push(admitted(&limits, &asking(&run, &format!("k{round}"), 1000)).await);
    }
    let later = limits.admit(&asking(&run, "k5", 1000)).await.unwrap();
    assert!(matches!(&later, Admission::Later { why, .. } if why.contains("as many")), "{later:?}");
    drop(inside.pop());
    let fifth = admitted(&limits, &asking(&run, "k5", 1000)).await;
    assert_eq!(limits.book().await.unwrap().open.len(), 5, "the dropped one is held as well");
    let slow =
        Outcome { charge: Charge::Nothing, health: Health::RateLimited(Some(Duration::from_secs(9))), ..counted(0, 0) };
    for reservation in inside {
        limits.settle(reservation, counted(100, 10)).await;
    }
    limits.settle(fifth, slow).await;
    written(&on).await;
    let later = limits.admit(&asking(&run, "k6", 1000)).await.unwrap();
    let Admission::Later { at, .. } = later else { panic!("{later:?}") };
    assert!(at >= on.in_secs(9), "the far side asked for nine seconds");
    // The run ends; what was dropped is nobody's any more.
    on.store.advance(samples::advance(&on, &run, crate::store::Next::Completed)).await.unwrap();
    limits.look().await.unwrap();
    let open = limits.book().await.unwrap().open;
    assert_eq!(open.iter().map(|row| row.state.as_str()).collect::<Vec<_>>(), ["unreported"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lie_pauses_the_generator_and_shows_at_once() {
    let on = Fixture::sqlite().await;
    let (run, limits) = (samples::claimed(&on, "a").await, room(&on, vec![cloud()]));
    let reservation = admitted(&limits, &asking(&run, "k1", 1000)).await;
    let id = reservation.id().clone();
    let settlement = limits.settle(reservation, counted(100_000, 10)).await;
    assert!(matches!(settlement.verdict, Verdict::Disputed { beyond: true, .. }) && settlement.cost.is_none());
    assert_eq!(limits.health()[0].state, "paused");
    let paused = limits.admit(&asking(&run, "k2", 1000)).await.unwrap();
    let Admission::Unavailable { until: None, why, .. } = &paused else { panic!("{paused:?}") };
    assert!(why.contains("OP-7307") && why.contains(id.as_str()), "{why}");
    limits.look().await.unwrap();
    assert_eq!(limits.health()[0].paused.as_ref().unwrap().0, id.to_string());
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Deed {
    /// A call is asked for, of so many tokens.
    Ask(u64),
    /// The far side answers the call of that number: how, and how much of the worst case it really cost, in hundredths.
    Answer(usize, u8, i64),
    /// The caller drops it, and nobody ever hears of it again.
    Lose(usize),
    /// The daemon dies, and another takes the run over.
    Die,
    /// The clock jumps.
    Turn(i64),
    /// A person settles what is open, with what the bill says.
    Rule(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => (0u64..60_000).prop_map(Deed::Ask),
        8 => (0usize..4, 0u8..6, 0i64..=100).prop_map(|(at, how, share)| Deed::Answer(at, how, share)),
        1 => (0usize..4).prop_map(Deed::Lose),
        1 => Just(Deed::Die),
        2 => prop::sample::select(vec![-90_000i64, -3600, -1, 1, 40, 3600, 43_200, 90_000, 2_700_000]).prop_map(Deed::Turn),
        2 => (0usize..4).prop_map(Deed::Rule),
    ]
}

/// What the far side will bill for calls, by reservation.
type Bill = std::collections::BTreeMap<String, i64>;

/// Whatever happened: within every budget, and never less than the bill.
async fn sound(limits: &Limits, run: &ClaimedRun, on: &Fixture, bill: &Bill, periods: &[String]) {
    let names: Vec<&str> = periods.iter().map(String::as_str).collect();
    for row in on.store.spend(&names).await.unwrap() {
        let limit = match (row.key.scope.as_str(), row.key.span) {
            ("generator:cloud", Span::Day) => 100_000,
            ("tenant:acme", Span::Day) => 120_000,
            ("pilot:north", Span::Month) => 150_000,
            ("pilot:north", Span::Whole) => 200_000,
            _ => i64::MAX,
        };
        assert!(row.held.get() + row.settled.get() <= limit, "{row:?}");
    }
    let calls = on.store.reservations_of(&run.run).await.unwrap();
    let whole = on.store.spend(&["whole"]).await.unwrap();
    for row in whole.iter().filter(|row| row.key.span == Span::Whole) {
        let sum = |states: &[&str], of: fn(&crate::store::ReservationRow) -> i64| -> i64 {
            calls.iter().filter(|call| states.contains(&call.state.as_str())).map(of).sum()
        };
        assert_eq!(row.held.get(), sum(&["held", "unreported", "disputed"], |call| call.held.get()), "{row:?}");
        assert_eq!(row.settled.get(), sum(&["settled"], |call| call.cost.unwrap().get()), "{row:?}");
        assert!(bill.values().sum::<i64>() <= row.held.get() + row.settled.get(), "{bill:?} {row:?}");
    }
    let book = limits.book().await.unwrap();
    let left = |line: &super::Line| line.limit.and_then(|limit| limit.minus(line.held.plus(line.settled)?));
    assert!(book.lines.iter().all(|line| line.limit.is_none() || line.left == left(line)), "{:?}", book.lines);
}

async fn play(deeds: Vec<Deed>) {
    let on = Fixture::sqlite().await;
    let mut run = samples::claimed(&on, "a").await;
    let mut limits = room(&on, vec![cloud()]);
    let (mut calls, mut bill): (Vec<Reservation>, Bill) = (Vec::new(), Bill::new());
    let mut periods = vec!["whole".to_owned()];
    let mut lease = on.in_secs(30);
    for (round, deed) in deeds.into_iter().enumerate() {
        for span in Span::ALL {
            for zone in [jiff::tz::TimeZone::UTC, north().time_zone] {
                periods.push(span.period(on.now(), &zone));
            }
        }
        periods.sort_unstable();
        periods.dedup();
        match deed {
            Deed::Ask(input) => {
                if let Admission::Admitted(call) =
                    limits.admit(&asking(&run, &format!("k{round}"), input)).await.unwrap()
                {
                    calls.push(call);
                }
            }
            Deed::Answer(at, how, share) if at < calls.len() => {
                let call = calls.swap_remove(at);
                let cost = call.held().get() * share / 100;
                let id = call.id().to_string();
                let worst = (call.worst.input, call.worst.output);
                let honest = counted(worst.0 * share.unsigned_abs() / 100, worst.1 * share.unsigned_abs() / 100);
                let outcome = match how {
                    0 => Outcome { charge: Charge::Unknown, health: Health::Failed, ..honest },
                    1 => Outcome { charge: Charge::Nothing, health: Health::Failed, ..honest },
                    2 => counted(worst.0 + 1, worst.1),
                    3 => Outcome { sent_bytes: 64 * (worst.0 + 1), ..honest },
                    _ => honest,
                };
                let settlement = limits.settle(call, outcome).await;
                // An honest count is the bill, whatever was sent; of the others nobody knows, up to the worst.
                bill.insert(
                    id,
                    match (how, settlement.cost) {
                        (1, _) => 0,
                        (_, Some(cost)) => cost.get(),
                        _ => cost,
                    },
                );
                written(&on).await;
            }
            Deed::Lose(at) if at < calls.len() => {
                let call = calls.swap_remove(at);
                bill.insert(call.id().to_string(), call.held().get());
            }
            Deed::Die => {
                for call in calls.drain(..) {
                    bill.insert(call.id().to_string(), call.held().get());
                }
                let wait = lease.duration_since(on.now()).as_secs().max(0) + 1;
                on.clock.turn(wait);
                on.store.rescue(false).await.unwrap();
                limits = room(&on, vec![cloud()]);
                limits.look().await.unwrap();
                run = samples::claim(&on, &samples::node(&on), 1).await.pop().unwrap();
                lease = on.in_secs(30);
            }
            Deed::Turn(secs) => on.clock.turn(secs),
            Deed::Rule(at) => {
                let open = on.store.open_reservations(50).await.unwrap();
                if let Some(row) = open.iter().filter(|row| row.state != "held").nth(at) {
                    let cost = bill.get(&row.id.to_string()).copied().unwrap_or(0);
                    let permit =
                        samples::permit(crate::policy::Action::SpendSettle, crate::policy::Kind::Pilot, "north");
                    let rule = RuleSpend {
                        id: row.id.clone(),
                        paid: Paid::Money(micros(cost)),
                        reason: "as billed".into(),
                        person: "usr_ada".into(),
                        permit,
                        at: on.now(),
                    };
                    on.store.rule_spend(rule).await.unwrap();
                }
            }
            Deed::Answer(..) | Deed::Lose(_) => {}
        }
        sound(&limits, &run, &on, &bill, &periods).await;
    }
    on.verify().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_ledger_is_within_its_limits_and_never_below_the_bill(deeds in prop::collection::vec(deed(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(play(deeds));
    }
}
