//! Accepting requests: once whatever comes how often, and nothing lost among repeats, conflicts and likenesses of one batch.

use super::fixture::Fixture;
use super::on_both;
use super::samples::{accept, accept_at, claim, node};
use crate::domain::id::RequestId;
use crate::store::sql::LONG;
use crate::store::{Accepted, AsideState, File, StoreError, Yielded};
use futures_util::future::join_all;
use opspilot_sdk::sha256_hex;
use std::collections::HashSet;

on_both!(
    a_new_request_is_on_disk_with_its_run,
    a_repeat_is_recognised,
    the_same_key_with_other_bytes_is_a_conflict,
    one_key_of_two_sources_is_two_deliveries,
    what_says_the_same_within_the_window_is_set_aside,
    one_of_many_in_one_batch_is_new,
    alike_in_one_batch_have_one_original,
    an_original_that_never_came_to_be_orphans_nobody,
    files_are_stored_once,
    long_contents_come_back_byte_by_byte,
    racing_deliveries_are_accepted_once,
);

async fn a_new_request_is_on_disk_with_its_run(on: &Fixture) {
    let wanted = accept(on, "k1", "please look at the pump");
    assert_eq!(on.store.accept(wanted.clone()).await.unwrap(), Accepted::New(wanted.request.id.clone()));
    let view = on.store.request(&wanted.request.id).await.unwrap();
    assert_eq!((view.request, view.state), ((*wanted.request).clone(), "queued"));
    assert_eq!(on.store.raw(&wanted.request).await.unwrap(), wanted.raw);
    let run = on.store.run(&wanted.request.id.run()).await.unwrap();
    assert_eq!((run.state.as_str(), run.step.as_str(), run.lane), ("available", "draft", 1));
    assert_eq!(on.verify().await["request.accepted"], 1);
    // Another opening sees it: it is committed, not merely in our hands.
    assert_eq!(on.another().await.request(&wanted.request.id).await.unwrap().state, "queued");
}

async fn a_repeat_is_recognised(on: &Fixture) {
    let first = on.store.accept(accept(on, "k1", "text")).await.unwrap();
    let again = on.store.accept(accept(on, "k1", "text")).await.unwrap();
    assert_eq!(again, Accepted::Repeat(first.request().clone()));
    assert_eq!(on.store.tally().await.unwrap().requests, 1);
    assert_eq!(on.verify().await["request.accepted"], 1);
}

async fn the_same_key_with_other_bytes_is_a_conflict(on: &Fixture) {
    on.store.accept(accept(on, "k1", "text")).await.unwrap();
    let other = accept(on, "k1", "other text");
    let clash = on.store.accept(other.clone()).await;
    assert!(matches!(clash, Err(StoreError::Conflict { .. })), "{clash:?}");
    assert_eq!(on.store.tally().await.unwrap().requests, 1);
    let lost = on.store.raw(&other.request).await;
    assert!(matches!(lost, Err(StoreError::NotFound { .. })), "nothing of a refused delivery is kept");
}

async fn one_key_of_two_sources_is_two_deliveries(on: &Fixture) {
    let mut other = accept(on, "k1", "other text");
    std::sync::Arc::make_mut(&mut other.request).source = "folder".into();
    on.store.accept(accept(on, "k1", "text")).await.unwrap();
    assert!(matches!(on.store.accept(other).await.unwrap(), Accepted::New(_)));
}

async fn what_says_the_same_within_the_window_is_set_aside(on: &Fixture) {
    let first = on.store.accept(accept(on, "k1", "text")).await.unwrap();
    on.clock.turn(1800);
    let second = on.store.accept(accept(on, "k2", "text")).await.unwrap();
    assert_eq!(second, Accepted::Alike { request: second.request().clone(), of: first.request().clone() });
    let view = on.store.request(second.request()).await.unwrap();
    assert_eq!((view.state, view.request.duplicate_of.as_ref()), ("duplicate", Some(first.request())));
    // The window counts from the original, which has passed out of it; the one set aside is no original.
    on.clock.turn(1801);
    let third = on.store.accept(accept(on, "k3", "text")).await.unwrap();
    assert_eq!(third, Accepted::New(third.request().clone()));
}

async fn one_of_many_in_one_batch_is_new(on: &Fixture) {
    let outs = join_all((0..50).map(|_| on.store.accept(accept(on, "k1", "text")))).await;
    let outs: Vec<Accepted> = outs.into_iter().map(Result::unwrap).collect();
    let new = outs.iter().filter(|out| matches!(out, Accepted::New(_))).count();
    let ids: HashSet<&RequestId> = outs.iter().map(Accepted::request).collect();
    assert_eq!((new, ids.len(), on.store.tally().await.unwrap().requests), (1, 1, 1));
}

async fn alike_in_one_batch_have_one_original(on: &Fixture) {
    // In one batch, whatever the writer makes of separate calls.
    let lease = super::source::take(on, "folder", &node(on)).await;
    let batch = (0..50).map(|number| accept(on, &format!("k{number}"), "text")).collect();
    let outs = super::source::yielded(on, &lease, Some("50"), batch).await.unwrap();
    let outs: Vec<Accepted> = outs.into_iter().map(Result::unwrap).collect();
    let Accepted::New(original) = &outs[0] else { panic!("{:?}", outs[0]) };
    assert!(outs[1..].iter().all(|out| matches!(out, Accepted::Alike { of, .. } if of == original)), "{outs:?}");
    assert_eq!(claim(on, &node(on), 64).await.len(), 1, "one run for all of them");
}

async fn an_original_that_never_came_to_be_orphans_nobody(on: &Fixture) {
    on.store.accept(accept(on, "k1", "first text")).await.unwrap();
    let lease = super::source::take(on, "folder", &node(on)).await;
    // The first of the batch is a conflict, so it does not come to be; the next two say the same as it did.
    let batch = vec![accept(on, "k1", "text"), accept(on, "k2", "text"), accept(on, "k3", "text")];
    let outs = super::source::yielded(on, &lease, Some("3"), batch).await.unwrap();
    assert!(matches!(outs[0], Err(StoreError::Conflict { .. })), "{outs:?}");
    let (second, third) = (outs[1].clone().unwrap(), outs[2].clone().unwrap());
    assert_eq!(second, Accepted::New(second.request().clone()), "it must be worked on");
    assert_eq!(third, Accepted::Alike { request: third.request().clone(), of: second.request().clone() });
    let view = on.store.request(third.request()).await.unwrap();
    assert_eq!(view.request.duplicate_of.as_ref(), Some(second.request()));
    assert_eq!(on.store.request(second.request()).await.unwrap().state, "queued");
}

async fn files_are_stored_once(on: &Fixture) {
    let file = |name: &str| File {
        name: name.into(),
        media_type: "text/csv".into(),
        digest: sha256_hex(b"a;b"),
        bytes: b"a;b".to_vec(),
    };
    let mut wanted = accept(on, "k1", "text");
    wanted.files = vec![file("one.csv"), file("two.csv")];
    on.store.accept(wanted.clone()).await.unwrap();
    let files = on.store.files(&wanted.request.id).await.unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!((names, files[0].bytes), (vec!["one.csv", "two.csv"], 3));
    assert_eq!(on.store.blob(&files[1].digest).await.unwrap(), b"a;b");
}

async fn long_contents_come_back_byte_by_byte(on: &Fixture) {
    let content = |length: usize, seed: usize| -> Vec<u8> {
        (0..length).map(|at| u8::try_from((at * 31 + at / 4096 + seed) % 251).unwrap()).collect()
    };
    let file = |bytes: Vec<u8>| File {
        name: "plan.bin".into(),
        media_type: "application/octet-stream".into(),
        digest: sha256_hex(&bytes),
        bytes,
    };
    let long = |key: &str, seed: usize| {
        let mut wanted = accept(on, key, &format!("text {key}"));
        wanted.raw = content(5_000_003, seed);
        std::sync::Arc::make_mut(&mut wanted.request).raw = sha256_hex(&wanted.raw);
        wanted.files = vec![file(content(LONG + 1, seed)), file(content(LONG, seed)), file(content(LONG + 1, seed))];
        wanted
    };
    let (one, two) = (long("k1", 0), long("k2", 1));
    let lease = super::source::take(on, "mail", &node(on)).await;
    let mut aside = super::source::aside(on, "k3", AsideState::Ignored);
    aside.raw = Some((sha256_hex(&content(2_000_000, 7)), content(2_000_000, 7)));
    let batch =
        Yielded { accepts: vec![one.clone(), two.clone()], asides: vec![aside], ..super::source::batch(on, &lease) };
    on.store.take_in(batch).await.unwrap();
    // Known contents under another name are not written again, and not over.
    on.store.accept(long("k4", 0)).await.unwrap();
    for wanted in [&one, &two] {
        assert!(on.store.raw(&wanted.request).await.unwrap() == wanted.raw);
        for file in &wanted.files {
            assert!(on.store.blob(&file.digest).await.unwrap() == file.bytes);
        }
    }
    assert!(on.store.blob(&sha256_hex(&content(2_000_000, 7))).await.unwrap() == content(2_000_000, 7));
    // What is refused leaves nothing.
    let mut clash = long("k1", 5);
    clash.files.clear();
    assert!(matches!(on.store.accept(clash.clone()).await, Err(StoreError::Conflict { .. })));
    assert!(matches!(on.store.raw(&clash.request).await, Err(StoreError::NotFound { .. })));
}

async fn racing_deliveries_are_accepted_once(on: &Fixture) {
    let (one, two) = (on.another().await, on.another().await);
    let now = on.now();
    // Two programs are handed the same hundred deliveries, in opposite order.
    let send = |store: crate::store::Store, backwards: bool| async move {
        let order: Vec<u32> = if backwards { (0..100).rev().collect() } else { (0..100).collect() };
        let send = |number: u32| {
            store.accept(accept_at(now, store.chance(), &format!("k{number}"), &format!("text {number}")))
        };
        join_all(order.into_iter().map(send)).await
    };
    let (one, two) = tokio::join!(send(one, false), send(two, true));
    let outs: Vec<Accepted> = one.into_iter().chain(two).map(Result::unwrap).collect();
    let new = outs.iter().filter(|out| matches!(out, Accepted::New(_))).count();
    let ids: HashSet<&RequestId> = outs.iter().map(Accepted::request).collect();
    assert_eq!((new, ids.len(), outs.len()), (100, 100, 200));
    assert_eq!(on.verify().await["request.accepted"], 100);
}
