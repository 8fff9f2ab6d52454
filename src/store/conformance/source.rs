//! Pulled sources: one reader at a time, and a batch with its cursor or neither; what is set aside, and what a source keeps.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{accept, node, permit};
use crate::domain::id::{NodeId, QuarantineId};
use crate::policy::{Action, Kind};
use crate::store::{
    Accept, Accepted, Aside, AsideState, QuarantineFilter, Reconciled, Store, StoreError, TakeAside, TakeSource,
    TakenSource, Yielded,
};
use opspilot_sdk::{Secret, sha256_hex};
use std::sync::Arc;

on_both!(
    one_node_reads_a_source_at_a_time,
    a_batch_and_its_cursor_go_down_together,
    a_lost_lease_keeps_nothing,
    a_source_is_handed_back_with_the_runs,
    what_is_set_aside_is_kept_once_and_with_its_reason,
    a_person_takes_in_what_was_set_aside,
    what_became_a_request_is_no_longer_aside,
    a_used_key_with_other_content_is_kept_for_a_person,
    a_source_gets_back_what_it_kept,
    what_was_compared_leaves_a_receipt
);

pub(super) struct Lease {
    source: String,
    node: NodeId,
}

async fn try_take(on: &Fixture, source: &str, node: &NodeId) -> Option<Option<String>> {
    taken(on, source, node).await.map(|taken| taken.cursor)
}

async fn taken(on: &Fixture, source: &str, node: &NodeId) -> Option<TakenSource> {
    let (until, at) = (on.in_secs(30), on.now());
    let take = TakeSource { source: source.into(), node: node.clone(), until, proven: None, at };
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
    let batch = Yielded { cursor: cursor.map(str::to_owned), accepts, ..batch(on, lease) };
    on.store.take_in(batch).await.map(|stored| stored.requests)
}

pub(super) fn batch(on: &Fixture, lease: &Lease) -> Yielded {
    Yielded {
        source: lease.source.clone(),
        node: lease.node.clone(),
        cursor: None,
        accepts: Vec::new(),
        asides: Vec::new(),
        replies: Vec::new(),
        keep: None,
        proven: false,
        at: on.now(),
    }
}

pub(super) fn aside(on: &Fixture, key: &str, state: AsideState) -> Aside {
    let raw = format!("raw of {key}").into_bytes();
    Aside {
        id: QuarantineId::new(on.now(), on.store.chance()),
        tenant: "acme".into(),
        pilot: "north".into(),
        dedup_key: key.into(),
        place: "INBOX, UID 7 of 1".into(),
        state,
        code: "OP-2603".into(),
        reason: "the message has more than 1000 parts".into(),
        raw: Some((sha256_hex(&raw), raw)),
        media_type: Some("message/rfc822".into()),
        received_at: on.now(),
        returned: None,
    }
}

/// A request under the source of the batch.
fn of_source(on: &Fixture, source: &str, key: &str) -> Accept {
    let mut accept = accept(on, key, &format!("text of {key}"));
    Arc::make_mut(&mut accept.request).source = source.into();
    accept
}

async fn all(store: &Store) -> Vec<(String, String, Option<String>)> {
    let page = store.quarantines(&QuarantineFilter { limit: 50, ..QuarantineFilter::default() }).await.unwrap();
    let shown = page.items.into_iter().map(|item| (item.dedup_key, item.state.as_str().to_owned(), item.request));
    let mut all: Vec<_> = shown.collect();
    all.sort();
    all
}

async fn what_is_set_aside_is_kept_once_and_with_its_reason(on: &Fixture) {
    let lease = take(on, "mail", &node(on)).await;
    let (one, two) = (aside(on, "k1", AsideState::Quarantined), aside(on, "k2", AsideState::Ignored));
    let (first, second, digest) = (one.id.clone(), two.id.clone(), one.raw.as_ref().unwrap().0.clone());
    let batch_one = Yielded {
        cursor: Some("7".into()),
        accepts: vec![of_source(on, "mail", "k3")],
        asides: vec![one, two],
        ..batch(on, &lease)
    };
    let stored = on.store.take_in(batch_one).await.unwrap();
    assert_eq!((stored.requests.len(), stored.asides), (1, vec![first.clone(), second]));
    // The same again, in other states, and one that is a request: nothing changes.
    let asides = vec![
        aside(on, "k1", AsideState::Ignored),
        aside(on, "k2", AsideState::Quarantined),
        aside(on, "k3", AsideState::Ignored),
    ];
    let again = on.store.take_in(Yielded { asides, ..batch(on, &lease) }).await.unwrap();
    assert_eq!(again.asides, []);
    let known = [("k1".to_owned(), "quarantined".to_owned(), None), ("k2".to_owned(), "ignored".to_owned(), None)];
    assert_eq!(all(&on.store).await, known);
    let row = on.store.quarantine(&first).await.unwrap();
    assert_eq!((row.code.as_str(), row.raw.as_deref()), ("OP-2603", Some(digest.as_str())));
    assert_eq!(on.store.blob(&digest).await.unwrap(), b"raw of k1");
    let keys = ["k1", "k2", "k3", "k4"].map(str::to_owned);
    let standing = on.store.standing_of("mail", &keys).await.unwrap();
    let word = |key: &str| standing.get(key).map(String::as_str);
    assert_eq!(
        [word("k1"), word("k2"), word("k3"), word("k4")],
        [Some("quarantined"), Some("ignored"), Some("request"), None]
    );
    let kinds = on.verify().await;
    assert_eq!((kinds["item.quarantined"], kinds["item.ignored"]), (1, 1));
}

async fn a_used_key_with_other_content_is_kept_for_a_person(on: &Fixture) {
    let lease = take(on, "mail", &node(on)).await;
    let other = |key_is_content| {
        let mut accept = of_source(on, "mail", "k1");
        let raw = b"other words".to_vec();
        Arc::make_mut(&mut accept.request).raw = sha256_hex(&raw);
        Accept { raw, key_is_content, ..accept }
    };
    yielded(on, &lease, None, vec![of_source(on, "mail", "k1")]).await.unwrap();
    for _ in 0..2 {
        let outs = yielded(on, &lease, None, vec![other(false)]).await.unwrap();
        assert!(matches!(outs.as_slice(), [Err(StoreError::Conflict { .. })]), "{outs:?}");
    }
    let page = on.store.quarantines(&QuarantineFilter { limit: 50, ..QuarantineFilter::default() }).await.unwrap();
    let [item] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!((item.code.as_str(), item.state.as_str()), ("OP-2008", "quarantined"));
    assert_eq!(on.store.blob(item.raw.as_ref().unwrap()).await.unwrap(), b"other words");
    // Where the key is made of what was written, it is another copy.
    let outs = yielded(on, &lease, None, vec![other(true)]).await.unwrap();
    assert!(matches!(outs.as_slice(), [Ok(Accepted::Repeat(_))]), "{outs:?}");
    assert_eq!(all(&on.store).await.len(), 1);
    assert_eq!(on.verify().await["item.quarantined"], 1);
}

async fn a_person_takes_in_what_was_set_aside(on: &Fixture) {
    let lease = take(on, "mail", &node(on)).await;
    let item = aside(on, "k1", AsideState::Ignored);
    let id = item.id.clone();
    on.store.take_in(Yielded { asides: vec![item], ..batch(on, &lease) }).await.unwrap();
    let take = |accept: Accept, id: &QuarantineId| TakeAside {
        item: id.clone(),
        accept,
        person: "usr_ada".into(),
        permit: permit(Action::RequestSubmit, Kind::Pilot, "north"),
        at: on.now(),
    };
    let wrong = on.store.take_aside(take(of_source(on, "mail", "k9"), &id)).await;
    assert!(matches!(wrong, Err(StoreError::Stale { .. })), "{wrong:?}");
    let accepted = on.store.take_aside(take(of_source(on, "mail", "k1"), &id)).await.unwrap();
    let Accepted::New(request) = accepted else { panic!("{accepted:?}") };
    assert_eq!(all(&on.store).await, [("k1".to_owned(), "requested".to_owned(), Some(request.to_string()))]);
    let twice = on.store.take_aside(take(of_source(on, "mail", "k1"), &id)).await;
    assert!(matches!(twice, Err(StoreError::Conflict { .. })), "{twice:?}");
    let nobody = QuarantineId::new(on.now(), on.store.chance());
    let missing = on.store.take_aside(take(of_source(on, "mail", "k1"), &nobody)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    assert_eq!(on.store.tally().await.unwrap().requests, 1);
    assert_eq!(on.verify().await["item.requested"], 1);
}

async fn what_became_a_request_is_no_longer_aside(on: &Fixture) {
    let lease = take(on, "mail", &node(on)).await;
    let asides = vec![aside(on, "k1", AsideState::Quarantined), aside(on, "k2", AsideState::Quarantined)];
    on.store.take_in(Yielded { asides, ..batch(on, &lease) }).await.unwrap();
    let out = yielded(on, &lease, Some("8"), vec![of_source(on, "mail", "k1")]).await.unwrap();
    let request = out[0].as_ref().unwrap().request().to_string();
    assert_eq!(
        all(&on.store).await,
        [("k1".to_owned(), "requested".to_owned(), Some(request)), ("k2".to_owned(), "quarantined".to_owned(), None)]
    );
    assert_eq!(on.verify().await["item.requested"], 1);
}

async fn a_source_gets_back_what_it_kept(on: &Fixture) {
    let lease = take(on, "mail", &node(on)).await;
    let kept = |taken: Option<TakenSource>| taken.unwrap().kept.map(|kept| kept.expose().to_owned());
    assert_eq!(kept(taken(on, "mail", &lease.node).await), None);
    let keep = Some(Secret::new("canary-1"));
    on.store.take_in(Yielded { keep, proven: true, ..batch(on, &lease) }).await.unwrap();
    yielded(on, &lease, Some("9"), Vec::new()).await.unwrap();
    assert_eq!(kept(taken(on, "mail", &lease.node).await).as_deref(), Some("canary-1"), "a later batch keeps it");
    on.store.keep_secret("mail", Secret::new("canary-2")).await.unwrap();
    on.store.hand_back(&lease.node).await.unwrap();
    let other = taken(on, "mail", &node(on)).await.unwrap();
    assert_eq!((other.proven_at, other.cursor.as_deref()), (Some(on.now()), Some("9")));
    assert_eq!(kept(Some(other)).as_deref(), Some("canary-2"));
    on.store.keep_secret("new", Secret::new("canary-3")).await.unwrap();
    assert_eq!(on.store.kept_secret("new").await.unwrap().unwrap().expose(), "canary-3");
    let receipts = on.store.receipts_from(1, u32::MAX).await.unwrap();
    assert!(!receipts.iter().any(|receipt| String::from_utf8_lossy(&receipt.bytes).contains("canary")));
}

async fn what_was_compared_leaves_a_receipt(on: &Fixture) {
    let lease = take(on, "mail", &node(on)).await;
    let found =
        Reconciled { source: "mail".into(), tenant: "acme".into(), pilot: "north".into(), ..Reconciled::default() };
    on.store.keep_reconciled(Reconciled { held: 3, requests: 2, missing: 1, ..found }).await.unwrap();
    assert_eq!(taken(on, "mail", &lease.node).await.unwrap().reconciled_at, Some(on.now()));
    assert_eq!(on.verify().await["source.reconciled"], 1);
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
