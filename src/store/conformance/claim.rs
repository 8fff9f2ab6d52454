//! Claiming and leases: fair, urgent first, and whoever lost a lease has lost it.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{accept, advance, claim, claimed, node, of_pilot};
use crate::domain::run::RunState;
use crate::store::{Accept, Claim, Next, Store};
use futures_util::future::join_all;
use std::collections::HashSet;
use std::time::Duration;

on_both!(
    urgent_goes_first,
    a_pile_of_one_pilot_does_not_delay_another,
    what_one_pilot_leaves_of_its_share_others_get,
    racing_claims_are_disjoint,
    a_lease_keeps_until_it_runs_out,
    a_hired_worker_gets_new_work_at_once,
    a_clean_stop_hands_back,
    a_run_is_let_go_by_the_lease_it_was_held_in,
    a_start_rescues_what_nobody_can_hold,
);

async fn pile(on: &Fixture, pilot: &str, lane: i64, count: usize) {
    let one = |number| {
        of_pilot(accept(on, &format!("{pilot} {lane} {number}"), &format!("{pilot} {lane} {number}")), pilot, lane)
    };
    let pile: Vec<Accept> = (0..count).map(one).collect();
    for outcome in join_all(pile.into_iter().map(|accept| on.store.accept_patiently(accept))).await {
        outcome.unwrap();
    }
}

async fn urgent_goes_first(on: &Fixture) {
    pile(on, "north", 2, 20).await;
    pile(on, "north", 1, 5).await;
    pile(on, "north", 0, 3).await;
    let lanes: Vec<i64> = claim(on, &node(on), 10).await.iter().map(|run| run.lane).collect();
    assert_eq!(lanes, [0, 0, 0, 1, 1, 1, 1, 1, 2, 2]);
}

async fn a_pile_of_one_pilot_does_not_delay_another(on: &Fixture) {
    pile(on, "big", 1, 10_000).await;
    pile(on, "small", 1, 3).await;
    let runs = claim(on, &node(on), 64).await;
    let small = runs.iter().filter(|run| run.request.pilot == "small").count();
    assert_eq!((runs.len(), small), (64, 3));
}

async fn what_one_pilot_leaves_of_its_share_others_get(on: &Fixture) {
    pile(on, "big", 1, 200).await;
    pile(on, "small", 1, 1).await;
    pile(on, "middle", 0, 20).await;
    let runs = claim(on, &node(on), 64).await;
    let of = |pilot: &str| runs.iter().filter(|run| run.request.pilot == pilot).count();
    assert_eq!((of("small"), of("middle"), of("big")), (1, 20, 43), "a claim is short only when the work is");
}

async fn racing_claims_are_disjoint(on: &Fixture) {
    pile(on, "north", 1, 200).await;
    let stores = [on.another().await, on.another().await, on.another().await];
    let (until, at) = (on.in_secs(30), on.now());
    let take = |store: Store| async move {
        let mut taken = Vec::new();
        loop {
            let node = crate::domain::id::NodeId::new(at, store.chance());
            let runs = store.claim(Claim { node, until, limit: 7, at }).await.unwrap();
            if runs.is_empty() {
                return taken;
            }
            taken.extend(runs.into_iter().map(|run| run.run));
        }
    };
    let taken = join_all(stores.into_iter().map(take)).await.concat();
    let different: HashSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), different.len()), (200, 200));
}

async fn a_lease_keeps_until_it_runs_out(on: &Fixture) {
    let run = claimed(on, "k1").await;
    assert_eq!(run.epoch, 2);
    on.clock.turn(29);
    assert_eq!(on.store.rescue(false).await.unwrap(), 0);
    on.clock.turn(2);
    assert_eq!(on.store.rescue(false).await.unwrap(), 1);
    let late = on.store.advance(advance(on, &run, Next::Completed)).await;
    assert!(is_stale(&late), "{late:?}");
    let other = node(on);
    let again = claim(on, &other, 1).await.pop().unwrap();
    assert_eq!((again.run.clone(), again.epoch), (run.run.clone(), 3));
    assert!(is_stale(&on.store.advance(advance(on, &run, Next::Completed)).await));
    // Renewed, it outlasts its first end.
    on.clock.turn(20);
    assert_eq!(on.store.renew_leases(&other, on.in_secs(30)).await.unwrap(), 1);
    on.clock.turn(20);
    assert_eq!(on.store.rescue(false).await.unwrap(), 0);
    on.store.advance(advance(on, &again, Next::Completed)).await.unwrap();
}

async fn a_hired_worker_gets_new_work_at_once(on: &Fixture) {
    let node = node(on);
    let mut queue = on.store.hire(&node, Duration::from_secs(30), 2);
    for key in ["k1", "k2", "k3"] {
        on.store.accept(accept(on, key, key)).await.unwrap();
    }
    let (one, two) = (queue.recv().await.unwrap(), queue.recv().await.unwrap());
    assert!(queue.try_recv().is_err(), "it had room for two");
    assert_eq!((one.epoch, one.step.as_str()), (1, "draft"));
    on.store.advance(advance(on, &one, Next::Completed)).await.unwrap();
    on.store.advance(advance(on, &two, Next::Completed)).await.unwrap();
    assert_eq!(claim(on, &node, 10).await.len(), 1, "the third waits in the store");
    // While older work waits, what comes in queues behind it.
    on.store.set_waiting(5);
    on.store.accept(accept(on, "k4", "k4")).await.unwrap();
    assert!(queue.try_recv().is_err());
}

async fn a_clean_stop_hands_back(on: &Fixture) {
    let (mine, other) = (node(on), node(on));
    pile(on, "north", 1, 4).await;
    let runs = claim(on, &mine, 3).await;
    assert_eq!(claim(on, &other, 1).await.len(), 1);
    assert_eq!(on.store.hand_back(&mine).await.unwrap(), 3);
    assert!(is_stale(&on.store.advance(advance(on, &runs[0], Next::Completed)).await));
    assert_eq!(on.store.tally().await.unwrap().available, 3);
    assert_eq!(on.store.tally().await.unwrap().running, 1, "the other node keeps its own");
}

async fn a_start_rescues_what_nobody_can_hold(on: &Fixture) {
    let run = claimed(on, "k1").await;
    // On a store of its own a starting daemon knows that nobody else holds anything; on a shared one it must wait for the lease.
    let rescued = on.store.rescue(true).await.unwrap();
    assert_eq!(rescued, u64::from(!on.store.is_shared()));
    let state = if on.store.is_shared() { RunState::Running } else { RunState::Available };
    assert_eq!(on.store.run(&run.run).await.unwrap().state, state);
}

async fn a_run_is_let_go_by_the_lease_it_was_held_in(on: &Fixture) {
    pile(on, "north", 1, 2).await;
    let (one, two) = (node(on), node(on));
    let runs = claim(on, &one, 2).await;
    let dropped = |epoch: i64| vec![(runs[0].run.clone(), epoch)];
    assert_eq!(on.store.let_go(&two, dropped(runs[0].epoch)).await.unwrap(), 0, "another's");
    assert_eq!(on.store.let_go(&one, dropped(runs[0].epoch + 1)).await.unwrap(), 0, "another lease");
    assert_eq!(on.store.let_go(&one, dropped(runs[0].epoch)).await.unwrap(), 1);
    let again = claim(on, &two, 2).await;
    assert_eq!(again.len(), 1, "the other run is still held");
    assert_eq!(again[0].run, runs[0].run);
    let late = on.store.advance(advance(on, &runs[0], Next::Completed)).await;
    assert!(is_stale(&late), "whoever let go has lost it");
}
