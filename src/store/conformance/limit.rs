//! Limits: nothing is let through that a budget or a bucket does not hold, in whatever order workers, daemons, clocks and people come.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{claimed, permit};
use crate::domain::breaker::Health;
use crate::domain::charge::Verdict;
use crate::domain::id::ReservationId;
use crate::domain::limit::Span;
use crate::domain::money::{Micros, Price};
use crate::policy::{Action, Kind};
use crate::store::{
    Asker, ClaimedRun, FromBucket, FromBudget, Paid, PeriodKey, Reservable, Reserve, ResumeGenerator, RuleSpend,
    Settle, SpendRow, Store, StoreError,
};
use opspilot_sdk::Usage;

on_both!(
    a_call_is_put_down_and_settled_in_its_own_period,
    what_is_refused_leaves_nothing,
    a_worker_that_lost_its_lease_reserves_nothing,
    at_the_last_cent_one_of_two_daemons_wins,
    buckets_and_holds_outlast_a_restart,
    a_dead_worker_leaves_its_hold_until_a_person_rules,
    what_cannot_be_true_pauses_the_far_side_until_a_person_rules,
    a_far_side_that_fails_is_left_alone_by_everybody,
    alarms_are_raised_once,
    many_at_once_never_go_beyond,
    two_daemons_work_and_pay_at_once_without_a_deadlock,
    a_trial_has_no_run_and_its_own_budget
);

fn micros(amount: i64) -> Micros {
    Micros::new(amount).unwrap()
}

fn key(scope: &str, span: Span, period: &str) -> PeriodKey {
    PeriodKey { scope: scope.into(), span, period: period.into() }
}

/// A call that may cost `held`, of a day's budget of `limit`.
fn call(on: &Fixture, run: &ClaimedRun, name: &str, held: i64, limit: i64) -> Reserve {
    let budget = |key, limit| FromBudget { key, limit, resets: Some(on.in_secs(3600)) };
    Reserve {
        id: ReservationId::new(on.now(), on.store.chance()),
        asker: Asker::Run { run: run.run.clone(), epoch: run.epoch },
        key: name.into(),
        generator: "cloud".into(),
        model: "m".into(),
        pilot: "north".into(),
        tenant: "acme".into(),
        most_input: 1000,
        max_output: 100,
        held: micros(held),
        price: Price { input: micros(1_000_000), cached: micros(1_000_000), output: micros(2_000_000) },
        buckets: Vec::new(),
        budgets: vec![
            budget(key("generator:cloud", Span::Day, "2026-11-21"), Some(micros(limit))),
            budget(key("pilot:north", Span::Whole, "whole"), None),
        ],
        at: on.now(),
    }
}

fn bucket(size: u64, amount: u64) -> FromBucket {
    FromBucket { key: "generator:cloud tokens".into(), size, amount, returns: true }
}

fn settle(on: &Fixture, id: &ReservationId, verdict: Verdict) -> Settle {
    let usage = Some(Usage { input: 7, cached: 0, output: 3 });
    Settle { id: id.clone(), verdict, usage, health: Health::Well, at: on.now() }
}

/// A call of the pilot's that came to so much.
pub(crate) async fn paid(on: &Fixture, name: &str, cost: i64) {
    let run = claimed(on, name).await;
    let call = call(on, &run, name, cost, cost);
    let id = call.id.clone();
    assert_eq!(outcome(&on.store, Reserve { budgets: Vec::new(), ..call }).await, HELD);
    on.store.settle_reservation(settle(on, &id, Verdict::Settled(micros(cost)))).await.unwrap();
}

async fn outcome(store: &Store, reserve: Reserve) -> Reservable {
    store.reserve(reserve).await.unwrap().outcome
}

async fn spent(on: &Fixture, period: &str) -> SpendRow {
    on.store.spend(&[period]).await.unwrap().pop().unwrap()
}

fn sums(row: &SpendRow) -> (i64, i64) {
    (row.held.get(), row.settled.get())
}

const HELD: Reservable = Reservable::Held { probe: false };

async fn a_call_is_put_down_and_settled_in_its_own_period(on: &Fixture) {
    let run = claimed(on, "a").await;
    let first = call(on, &run, "c1", 100, 1000);
    let id = first.id.clone();
    assert_eq!(outcome(&on.store, first.clone()).await, HELD);
    assert_eq!(sums(&spent(on, "2026-11-21").await), (100, 0));
    let again = Reserve { id: ReservationId::new(on.now(), on.store.chance()), ..first };
    assert!(matches!(on.store.reserve(again).await, Err(StoreError::Conflict { .. })), "a name is used once");
    // Midnight passes, and the clock is turned back a day as well: the settlement goes where the hold is.
    on.clock.turn(-86_400);
    on.store.settle_reservation(settle(on, &id, Verdict::Settled(micros(40)))).await.unwrap();
    assert_eq!(sums(&spent(on, "2026-11-21").await), (0, 40));
    assert_eq!(sums(&spent(on, "whole").await), (0, 40));
    assert!(is_stale(&on.store.settle_reservation(settle(on, &id, Verdict::Released)).await), "once");
    let row = on.store.reservation(&id).await.unwrap();
    assert_eq!((row.state.as_str(), row.cost, row.used_input), ("settled", Some(micros(40)), Some(7)));
    assert_eq!(on.store.reservations_of(&run.run).await.unwrap(), [row]);
    let told = on.verify().await;
    assert_eq!((told["spend.reserved"], told["spend.settled"]), (1, 1));
}

async fn what_is_refused_leaves_nothing(on: &Fixture) {
    let run = claimed(on, "a").await;
    let mut first = call(on, &run, "c1", 600, 1000);
    first.buckets = vec![bucket(60, 50)];
    assert_eq!(outcome(&on.store, first.clone()).await, HELD);
    let mut second = call(on, &run, "c2", 400, 1000);
    second.buckets = vec![bucket(60, 20)];
    let Reservable::Later { bucket: which, at } = outcome(&on.store, second.clone()).await else { panic!("too early") };
    assert_eq!((which.as_str(), at), ("generator:cloud tokens", on.in_secs(10)));
    second.buckets = vec![bucket(60, 61)];
    assert!(matches!(outcome(&on.store, second.clone()).await, Reservable::Never { .. }));
    let third = call(on, &run, "c3", 401, 1000);
    let Reservable::Spent { used, limit, resets, .. } = outcome(&on.store, third).await else { panic!("too much") };
    assert_eq!((used, limit, resets), (micros(600), micros(1000), Some(on.in_secs(3600))));
    assert_eq!(sums(&spent(on, "2026-11-21").await), (600, 0));
    let dear = outcome(&on.store, call(on, &run, "c4", 1001, 1000)).await;
    assert!(matches!(dear, Reservable::Spent { resets: None, .. }), "no coming day has room for it: {dear:?}");
    let mut both = call(on, &run, "c5", 401, 1000);
    both.budgets[1].limit = Some(micros(1000));
    both.budgets[1].resets = None;
    let longest = outcome(&on.store, both).await;
    assert!(
        matches!(&longest, Reservable::Spent { key, resets: None, .. } if key.scope == "pilot:north"),
        "of two the one that never ends is told: {longest:?}"
    );
    // What was not used comes back to the bucket, less what has flowed in meanwhile anyway.
    on.store.settle_reservation(settle(on, &first.id, Verdict::Settled(micros(1)))).await.unwrap();
    second.buckets = vec![bucket(60, 50)];
    assert_eq!(outcome(&on.store, second).await, HELD);
    assert_eq!(on.store.open_reservations(10).await.unwrap().len(), 1);
}

async fn a_worker_that_lost_its_lease_reserves_nothing(on: &Fixture) {
    let run = claimed(on, "a").await;
    let late = ClaimedRun { epoch: run.epoch - 1, ..run.clone() };
    assert!(is_stale(&on.store.reserve(call(on, &late, "c1", 1, 10)).await));
    let (late, now) = (on.store.reserve(call(on, &late, "c2", 1, 10)), on.store.reserve(call(on, &run, "c3", 1, 10)));
    let (late, now) = tokio::join!(late, now);
    assert!(is_stale(&late) && now.is_ok(), "of one batch each for itself");
    on.store.advance(super::samples::advance(on, &run, crate::store::Next::Completed)).await.unwrap();
    assert!(is_stale(&on.store.reserve(call(on, &run, "c4", 1, 10)).await), "a run that is done");
    assert_eq!(sums(&spent(on, "whole").await), (1, 0));
}

async fn at_the_last_cent_one_of_two_daemons_wins(on: &Fixture) {
    let other = on.another().await;
    let (one, two) = (claimed(on, "a").await, claimed(on, "b").await);
    for round in 0..20 {
        let limit = 10 * (round + 1);
        let (left, right) = tokio::join!(
            on.store.reserve(call(on, &one, &format!("l{round}"), 10, limit)),
            other.reserve(call(on, &two, &format!("r{round}"), 10, limit)),
        );
        let won = [left.unwrap().outcome, right.unwrap().outcome].iter().filter(|outcome| **outcome == HELD).count();
        assert_eq!(won, 1, "round {round}");
    }
    assert_eq!(sums(&spent(on, "2026-11-21").await), (200, 0));
    other.close().await;
}

async fn buckets_and_holds_outlast_a_restart(on: &Fixture) {
    let run = claimed(on, "a").await;
    let mut first = call(on, &run, "c1", 100, 150);
    first.buckets = vec![bucket(60, 60)];
    assert_eq!(outcome(&on.store, first).await, HELD);
    let again = on.another().await;
    let mut second = call(on, &run, "c2", 10, 150);
    second.buckets = vec![bucket(60, 1)];
    assert!(matches!(outcome(&again, second).await, Reservable::Later { .. }));
    assert!(matches!(outcome(&again, call(on, &run, "c3", 51, 150)).await, Reservable::Spent { .. }));
    again.close().await;
}

async fn a_dead_worker_leaves_its_hold_until_a_person_rules(on: &Fixture) {
    let run = claimed(on, "a").await;
    let first = call(on, &run, "c1", 100, 150);
    assert_eq!(outcome(&on.store, first.clone()).await, HELD);
    assert_eq!(on.store.rescue_reservations().await.unwrap(), 0, "it is being worked on");
    on.clock.turn(31);
    on.store.rescue(false).await.unwrap();
    assert_eq!(on.store.rescue_reservations().await.unwrap(), 1);
    assert_eq!(on.store.rescue_reservations().await.unwrap(), 0);
    assert_eq!(sums(&spent(on, "2026-11-21").await), (100, 0), "nobody knows, so it is held");
    assert_eq!(on.store.reservation(&first.id).await.unwrap().state, "unreported");
    let rule = |paid| RuleSpend {
        id: first.id.clone(),
        paid,
        reason: "as billed".into(),
        person: "usr_ada".into(),
        permit: permit(Action::SpendSettle, Kind::Pilot, "north"),
        at: on.now(),
    };
    let wrong = on.store.rule_spend(rule(Paid::Tokens(Usage { input: 1, cached: 2, output: 0 }))).await;
    assert!(matches!(wrong, Err(StoreError::Conflict { .. })));
    let cost = on.store.rule_spend(rule(Paid::Tokens(Usage { input: 10, cached: 0, output: 5 }))).await.unwrap();
    assert_eq!((cost, sums(&spent(on, "2026-11-21").await)), (micros(20), (0, 20)));
    assert!(matches!(on.store.rule_spend(rule(Paid::Money(micros(1)))).await, Err(StoreError::Conflict { .. })));
    let row = on.store.reservation(&first.id).await.unwrap();
    assert_eq!((row.person.as_deref(), row.reason.as_deref()), (Some("usr_ada"), Some("as billed")));
    // A worker that was given up and then heard of the far side after all is believed.
    let run = super::samples::claim(on, &super::samples::node(on), 1).await.pop().unwrap();
    let second = call(on, &run, "c2", 100, 150);
    assert_eq!(outcome(&on.store, second.clone()).await, HELD);
    on.clock.turn(31);
    on.store.rescue(false).await.unwrap();
    on.store.rescue_reservations().await.unwrap();
    on.store.settle_reservation(settle(on, &second.id, Verdict::Settled(micros(30)))).await.unwrap();
    assert_eq!(sums(&spent(on, "2026-11-21").await), (0, 50));
    assert_eq!(on.verify().await["spend.ruled"], 1);
}

async fn what_cannot_be_true_pauses_the_far_side_until_a_person_rules(on: &Fixture) {
    let run = claimed(on, "a").await;
    let first = call(on, &run, "c1", 100, 1000);
    outcome(&on.store, first.clone()).await;
    let lie = Verdict::Disputed { claimed: Some(micros(1_000_000)), beyond: true };
    let settled = on.store.settle_reservation(settle(on, &first.id, lie)).await.unwrap();
    assert!(settled.paused);
    assert_eq!(sums(&spent(on, "2026-11-21").await), (100, 0));
    let paused = outcome(&on.store, call(on, &run, "c2", 1, 1000)).await;
    assert_eq!(paused, Reservable::Paused { by: first.id.to_string() });
    let side = on.store.far_sides().await.unwrap().remove(0);
    assert_eq!((side.generator.as_str(), side.paused), ("cloud", Some((first.id.to_string(), on.now()))));
    let rule = RuleSpend {
        id: first.id.clone(),
        // The bill is the truth, even where it is more than could have been.
        paid: Paid::Money(micros(150)),
        reason: "as billed".into(),
        person: "usr_ada".into(),
        permit: permit(Action::SpendSettle, Kind::Pilot, "north"),
        at: on.now(),
    };
    on.store.rule_spend(rule).await.unwrap();
    assert_eq!(sums(&spent(on, "2026-11-21").await), (0, 150));
    let second = call(on, &run, "c3", 1, 1000);
    assert_eq!(outcome(&on.store, second.clone()).await, HELD, "settled, it is asked again");
    on.store.settle_reservation(settle(on, &second.id, lie)).await.unwrap();
    let resume = || ResumeGenerator {
        generator: "cloud".into(),
        reason: "the vendor has mended it".into(),
        person: "usr_ada".into(),
        permit: permit(Action::GeneratorResume, Kind::System, "opspilot"),
        at: on.now(),
    };
    on.store.resume_generator(resume()).await.unwrap();
    assert!(matches!(on.store.resume_generator(resume()).await, Err(StoreError::Conflict { .. })));
    assert_eq!(outcome(&on.store, call(on, &run, "c4", 1, 1000)).await, HELD);
    let told = on.verify().await;
    assert_eq!((told["generator.paused"], told["generator.resumed"], told["spend.disputed"]), (2, 1, 2));
}

async fn a_far_side_that_fails_is_left_alone_by_everybody(on: &Fixture) {
    let other = on.another().await;
    let run = claimed(on, "a").await;
    for round in 0..5 {
        let one = call(on, &run, &format!("c{round}"), 1, 1000);
        assert_eq!(outcome(&on.store, one.clone()).await, HELD);
        let failed = Settle { health: Health::Failed, ..settle(on, &one.id, Verdict::Released) };
        on.store.settle_reservation(failed).await.unwrap();
    }
    assert_eq!(outcome(&other, call(on, &run, "x1", 1, 1000)).await, Reservable::Open { until: on.in_secs(30) });
    on.clock.turn(30);
    let probe = call(on, &run, "x2", 1, 1000);
    assert_eq!(outcome(&other, probe.clone()).await, Reservable::Held { probe: true });
    assert!(matches!(outcome(&on.store, call(on, &run, "x3", 1, 1000)).await, Reservable::Open { .. }));
    other.settle_reservation(settle(on, &probe.id, Verdict::Released)).await.unwrap();
    let third = call(on, &run, "x4", 1, 1000);
    assert_eq!(outcome(&on.store, third.clone()).await, HELD);
    let told = Settle { health: Health::RateLimited(Some(5_000_000)), ..settle(on, &third.id, Verdict::Released) };
    on.store.settle_reservation(told).await.unwrap();
    assert_eq!(outcome(&other, call(on, &run, "x5", 1, 1000)).await, Reservable::Cooling { until: on.in_secs(5) });
    assert_eq!(on.verify().await["generator.breaker"], 2);
    other.close().await;
}

async fn alarms_are_raised_once(on: &Fixture) {
    let run = claimed(on, "a").await;
    let mut raised = Vec::new();
    for (round, held) in [400, 200, 10, 250, 100, 200, 150, 40].into_iter().enumerate() {
        let reserved = on.store.reserve(call(on, &run, &format!("c{round}"), held, 1000)).await.unwrap();
        raised.extend(reserved.alarms.into_iter().map(|alarm| (round, alarm.percent, alarm.used.get())));
    }
    // At 600, at 860; at 960 the next is refused: that is the end of it, told once.
    assert_eq!(raised, [(1, 50, 600), (3, 80, 860), (5, 100, 960)]);
    assert_eq!(on.verify().await["spend.alarm"], 3);
    assert_eq!(spent(on, "2026-11-21").await.alarmed, 100);
}

async fn many_at_once_never_go_beyond(on: &Fixture) {
    let other = on.another().await;
    let run = claimed(on, "a").await;
    let calls = (0..200).map(|round| {
        let store = if round % 2 == 0 { on.store.clone() } else { other.clone() };
        let mut one = call(on, &run, &format!("c{round}"), 7, 500);
        one.buckets = vec![bucket(60, 1)];
        async move {
            let (id, reserved) = (one.id.clone(), store.reserve(one).await.unwrap());
            if reserved.outcome == HELD {
                let verdict = [Verdict::Settled(micros(3)), Verdict::Released, Verdict::Unreported][round % 3];
                store.settle_reservation(settle(on, &id, verdict)).await.unwrap();
            }
            reserved.outcome == HELD
        }
    });
    let held = futures_util::future::join_all(calls).await.into_iter().filter(|held| *held).count();
    // What comes back to the bucket at once may be taken again.
    assert!(held >= 60, "{held}");
    let row = spent(on, "2026-11-21").await;
    assert!(row.held.get() + row.settled.get() <= 500, "{row:?}");
    assert_eq!(row.calls, u64::try_from(held).unwrap());
    other.close().await;
}

async fn a_trial_has_no_run_and_its_own_budget(on: &Fixture) {
    let run = claimed(on, "a").await;
    let name = "eval:20261121T100000Z";
    let trial = |key_name: &str, held| Reserve {
        asker: Asker::Evaluation(name.into()),
        pilot: String::new(),
        tenant: String::new(),
        budgets: vec![FromBudget { key: key(name, Span::Whole, "whole"), limit: Some(micros(150)), resets: None }],
        ..call(on, &run, key_name, held, 0)
    };
    let first = trial("t1", 100);
    assert_eq!(outcome(&on.store, first.clone()).await, HELD);
    assert!(matches!(outcome(&on.store, trial("t2", 51)).await, Reservable::Spent { .. }));
    let row = on.store.reservation(&first.id).await.unwrap();
    assert_eq!((row.asker.as_str(), row.subject().as_str()), (name, name));
    // It has no lease that could end; only time gives it up, and what it did cost can be told after all.
    assert_eq!(on.store.rescue_reservations().await.unwrap(), 0);
    on.clock.turn(3_601);
    assert_eq!(on.store.rescue_reservations().await.unwrap(), 1);
    on.store.settle_reservation(settle(on, &first.id, Verdict::Settled(micros(40)))).await.unwrap();
    assert_eq!(on.store.reservation(&first.id).await.unwrap().cost, Some(micros(40)));
    on.verify().await;
}

async fn two_daemons_work_and_pay_at_once_without_a_deadlock(on: &Fixture) {
    use super::samples::{accept, advance, claim, node};
    const RUNS: u32 = 60;
    for number in 0..RUNS {
        on.store.accept(accept(on, &format!("k{number}"), &format!("text {number}"))).await.unwrap();
    }
    let (one, other) = (on.another().await, on.another().await);
    let runs = claim(on, &node(on), RUNS).await;
    assert_eq!(runs.len(), RUNS as usize);
    // Each run pays at one daemon and goes on at the other, so that batches of both hold rows that the other's want.
    let work = runs.iter().enumerate().map(|(number, run)| {
        let (pays, works) = if number % 2 == 0 { (&one, &other) } else { (&other, &one) };
        async move {
            for round in 0..3 {
                let call = call(on, run, &format!("c{number}.{round}"), 5, 1_000_000);
                let id = call.id.clone();
                assert_eq!(outcome(pays, call).await, HELD);
                pays.settle_soon(settle(on, &id, Verdict::Settled(micros(3)))).await.unwrap();
                if round == 2 {
                    works.advance(advance(on, run, crate::store::Next::Completed)).await.unwrap();
                } else {
                    works.rescue_reservations().await.unwrap();
                }
            }
        }
    });
    futures_util::future::join_all(work).await;
    let deadlocks = if on.store.is_shared() {
        one.close().await;
        other.close().await;
        let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        let mut reader = on.store.reader().await.unwrap();
        reader.conn().rows(sql, vec![]).await.unwrap()[0].int(0).unwrap()
    } else {
        one.close().await;
        other.close().await;
        0
    };
    assert_eq!(deadlocks, 0);
    assert_eq!(sums(&spent(on, "2026-11-21").await), (0, i64::from(RUNS) * 9));
}
