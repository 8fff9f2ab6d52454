//! What people do to runs: cancel, retry, answer; and definitions kept for the runs pinned to them.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{accept, advance, cancel, claim, claimed, decide, in_review, node, resume, retry, reveal};
use crate::domain::run::RunState;
use crate::store::{Accepted, Next, StoreError};

on_both!(
    a_cancelled_run_is_over_for_its_worker_too,
    a_dead_letter_is_retried_from_its_first_attempt,
    a_request_set_aside_is_worked_on_when_asked_for,
    what_is_alive_or_done_is_not_retried,
    a_held_request_is_released_once,
    definitions_are_kept_once,
    a_reveal_is_on_record_and_changes_nothing,
);

fn is_conflict(outcome: &Result<(), StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Conflict { .. }))
}

fn dead() -> Next {
    Next::Discarded { step: "draft".into(), code: "OP-1".into(), message: "why".into() }
}

async fn a_cancelled_run_is_over_for_its_worker_too(on: &Fixture) {
    let run = claimed(on, "k1").await;
    on.store.cancel(cancel(on, &run)).await.unwrap();
    assert!(is_stale(&on.store.advance(advance(on, &run, Next::Completed)).await));
    assert!(is_conflict(&on.store.cancel(cancel(on, &run)).await), "it is over");
    let row = on.store.run(&run.run).await.unwrap();
    assert_eq!((row.state, row.message.as_deref()), (RunState::Cancelled, Some("no longer needed")));
    assert_eq!(on.store.request(&run.request.id).await.unwrap().state, "cancelled");
    let mut unknown = cancel(on, &run);
    unknown.run = crate::domain::id::RunId::new(on.now(), [9; 10]);
    assert!(matches!(on.store.cancel(unknown).await, Err(StoreError::NotFound { .. })));
    assert_eq!(on.verify().await["run.cancelled"], 1);
}

async fn a_dead_letter_is_retried_from_its_first_attempt(on: &Fixture) {
    let run = claimed(on, "k1").await;
    on.store.advance(advance(on, &run, dead())).await.unwrap();
    assert_eq!(on.store.request(&run.request.id).await.unwrap().state, "failed");
    on.store.retry(retry(on, &run.request.id)).await.unwrap();
    let again = claim(on, &node(on), 1).await.pop().unwrap();
    assert_eq!((again.run, again.step.as_str(), again.attempt, again.epoch), (run.run.clone(), "draft", 1, 3));
    assert_eq!(on.store.run(&run.run).await.unwrap().code, None);
}

async fn a_request_set_aside_is_worked_on_when_asked_for(on: &Fixture) {
    on.store.accept(accept(on, "k1", "text")).await.unwrap();
    let Accepted::Alike { request, .. } = on.store.accept(accept(on, "k2", "text")).await.unwrap() else {
        panic!("not alike")
    };
    on.store.retry(retry(on, &request)).await.unwrap();
    assert!(is_conflict(&on.store.retry(retry(on, &request)).await), "it is being worked on");
    let runs = claim(on, &node(on), 10).await;
    assert!(runs.len() == 2 && runs.iter().any(|run| run.request.id == request && run.epoch == 1));
    let nothing = crate::domain::id::RequestId::new(on.now(), [9; 10]);
    assert!(matches!(on.store.retry(retry(on, &nothing)).await, Err(StoreError::NotFound { .. })));
    assert_eq!(on.verify().await["run.retried"], 1);
}

async fn what_is_alive_or_done_is_not_retried(on: &Fixture) {
    let run = claimed(on, "k1").await;
    assert!(is_conflict(&on.store.retry(retry(on, &run.request.id)).await), "somebody works on it");
    on.store.advance(advance(on, &run, Next::Completed)).await.unwrap();
    assert!(is_conflict(&on.store.retry(retry(on, &run.request.id)).await), "done");
    let decided = in_review(on, "k2").await;
    assert!(is_conflict(&on.store.retry(retry(on, &decided.request.id)).await), "waits for people");
    on.store.decide(decide(on, &decided.brief(), 1, "usr_ada", "approve")).await.unwrap();
    assert!(is_conflict(&on.store.retry(retry(on, &decided.request.id)).await));
}

async fn a_held_request_is_released_once(on: &Fixture) {
    let run = claimed(on, "k1").await;
    let key = run.request.id.release_key();
    let held = Next::Pending { step: "screen".into(), key: key.clone(), until: None };
    on.store.advance(advance(on, &run, held)).await.unwrap();
    assert_eq!(on.store.request(&run.request.id).await.unwrap().state, "held");
    assert!(is_conflict(&on.store.resume(resume(on, &run, "release:other")).await));
    on.store.resume(resume(on, &run, &key)).await.unwrap();
    assert!(is_conflict(&on.store.resume(resume(on, &run, &key)).await));
    assert_eq!(claim(on, &node(on), 1).await.pop().unwrap().signal.as_deref(), Some("{\"released\":true}"));
    assert_eq!(on.verify().await["request.released"], 1);
}

async fn definitions_are_kept_once(on: &Fixture) {
    for _ in 0..2 {
        on.store.keep_definition("h1", "generate-brief", "name = 1").await.unwrap();
    }
    assert_eq!(on.store.definition("h1").await.unwrap().as_deref(), Some("name = 1"));
    assert_eq!(on.store.definition("h2").await.unwrap(), None);
    assert_eq!(on.verify().await["workflow.added"], 1);
}

async fn a_reveal_is_on_record_and_changes_nothing(on: &Fixture) {
    let run = claimed(on, "k1").await;
    let before = on.store.request(&run.request.id).await.unwrap().state;
    on.store.reveal(reveal(on, &run.request.id)).await.unwrap();
    on.store.reveal(reveal(on, &run.request.id)).await.unwrap();
    assert_eq!(on.store.request(&run.request.id).await.unwrap().state, before);
    let nothing = crate::domain::id::RequestId::new(on.now(), [9; 10]);
    assert!(matches!(on.store.reveal(reveal(on, &nothing)).await, Err(StoreError::NotFound { .. })));
    assert_eq!(on.verify().await["request.revealed"], 2, "each time somebody looks");
}
