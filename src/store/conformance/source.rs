//! Pulled sources: one reader at a time, and a batch with its cursor or neither.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{accept, node};
use crate::domain::id::NodeId;
use crate::store::{Accept, Accepted, StoreError, TakeSource, Yielded};

on_both!(
    one_node_reads_a_source_at_a_time,
    a_batch_and_its_cursor_go_down_together,
    a_lost_lease_keeps_nothing,
    a_source_is_handed_back_with_the_runs
);

pub(super) struct Lease {
    source: String,
    node: NodeId,
}

async fn try_take(on: &Fixture, source: &str, node: &NodeId) -> Option<Option<String>> {
    let take = TakeSource { source: source.into(), node: node.clone(), until: on.in_secs(30), at: on.now() };
    on.store.take_source(take).await.unwrap()
}

pub(super) async fn take(on: &Fixture, source: &str, node: &NodeId) -> Lease {
    assert!(try_take(on, source, node).await.is_some());
    Lease { source: source.into(), node: node.clone() }
}

pub(super) async fn yielded(
    on: &Fixture,
    lease: &Lease,
    cursor: Option<&str>,
    accepts: Vec<Accept>,
) -> Result<Vec<Result<Accepted, StoreError>>, StoreError> {
    let (source, node, cursor) = (lease.source.clone(), lease.node.clone(), cursor.map(str::to_owned));
    on.store.take_in(Yielded { source, node, cursor, accepts, at: on.now() }).await
}

async fn one_node_reads_a_source_at_a_time(on: &Fixture) {
    let (one, two) = (node(on), node(on));
    assert_eq!(try_take(on, "folder", &one).await, Some(None), "it begins at the beginning");
    assert_eq!(try_take(on, "folder", &two).await, None, "held by another");
    assert_eq!(try_take(on, "mail", &two).await, Some(None), "another source is another lease");
    on.clock.turn(29);
    assert_eq!(try_take(on, "folder", &one).await, Some(None), "kept");
    on.clock.turn(29);
    assert_eq!(try_take(on, "folder", &two).await, None, "still held");
    on.clock.turn(2);
    assert_eq!(try_take(on, "folder", &two).await, Some(None), "the first one died");
    assert_eq!(try_take(on, "folder", &one).await, None);
}

async fn a_batch_and_its_cursor_go_down_together(on: &Fixture) {
    let lease = take(on, "folder", &node(on)).await;
    let outs =
        yielded(on, &lease, Some("row 2"), vec![accept(on, "k1", "one"), accept(on, "k2", "two")]).await.unwrap();
    assert!(outs.iter().all(|out| matches!(out, Ok(Accepted::New(_)))), "{outs:?}");
    assert_eq!(try_take(on, "folder", &lease.node).await, Some(Some("row 2".into())));
    // After a crash the same rows come again: repeats, and one new.
    let outs =
        yielded(on, &lease, Some("row 3"), vec![accept(on, "k2", "two"), accept(on, "k3", "three")]).await.unwrap();
    assert!(matches!((&outs[0], &outs[1]), (Ok(Accepted::Repeat(_)), Ok(Accepted::New(_)))), "{outs:?}");
    assert!(yielded(on, &lease, None, Vec::new()).await.unwrap().is_empty());
    assert_eq!(
        try_take(on, "folder", &lease.node).await,
        Some(Some("row 3".into())),
        "no cursor leaves it where it was"
    );
}

async fn a_lost_lease_keeps_nothing(on: &Fixture) {
    let lease = take(on, "folder", &node(on)).await;
    on.clock.turn(31);
    let other = take(on, "folder", &node(on)).await;
    let late = yielded(on, &lease, Some("row 9"), vec![accept(on, "k1", "one")]).await;
    assert!(is_stale(&late), "{late:?}");
    assert_eq!(on.store.tally().await.unwrap().requests, 0);
    assert_eq!(try_take(on, "folder", &other.node).await, Some(None));
}

async fn a_source_is_handed_back_with_the_runs(on: &Fixture) {
    let (one, two) = (node(on), node(on));
    assert!(try_take(on, "folder", &one).await.is_some());
    on.store.hand_back(&two).await.unwrap();
    assert_eq!(try_take(on, "folder", &two).await, None, "only one's own is handed back");
    on.store.hand_back(&one).await.unwrap();
    assert!(try_take(on, "folder", &two).await.is_some(), "the next need not wait for the lease to run out");
    // A daemon that was killed hands nothing back. On a store of its own the next one knows that it is gone.
    on.store.rescue(true).await.unwrap();
    assert_eq!(try_take(on, "folder", &one).await.is_some(), !on.store.is_shared());
}
