//! Waiting: for a time, for a signal, for whichever comes first; and what woke a run is not forgotten by a failure.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snooze_is_no_failure() {
    let on = Fixture::sqlite().await;
    let at = on.in_secs(60);
    let steps = Steps::new([step("call", move |context| {
        let message = "a limit".to_owned();
        match context.outputs.contains_key("call") {
            false => Ok(Transition::Snooze { done: said("later"), at, code: "OP-1", message }),
            true => next("awake"),
        }
    })]);
    let works = Works::start(&on.store, &steps, &["call, retry = { attempts = 1 }"]).await;
    let request = works.hand_in(&on, "k1").await;
    let row = stands(&on.store, &request.run(), RunState::Scheduled).await;
    assert_eq!((row.due_at, row.attempt, row.code.as_deref()), (Some(at), 1, Some("OP-1")));
    on.clock.turn(60);
    stands(&on.store, &request.run(), RunState::Completed).await;
    let rows = on.store.steps(&request.run()).await.unwrap();
    assert_eq!((rows.len(), rows[0].state.as_str()), (1, "done"), "the row that stayed open is closed");
    works.finish().await;
    on.verify().await;
}

/// Waits for a release; then goes on with what it was told.
fn waiting(until: Option<jiff::Timestamp>) -> Arc<dyn Step> {
    step("wait", move |context| match context.signal {
        Some(signal) => Ok(Transition::Next(Done { output: Some(signal.to_owned()), ..Done::default() })),
        None => Ok(Transition::WaitFor { done: said("waiting"), key: context.run.request.id.release_key(), until }),
    })
}

async fn release(on: &Fixture, request: &RequestId) {
    let mut resume = samples::resume(on, &samples::run_of(on, request).await, &request.release_key());
    resume.signal = "{\"said\":\"released\"}".into();
    on.store.resume(resume).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_wakes_the_step_that_waits_and_no_other() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([
        waiting(None),
        step("after", |context| next(if context.signal.is_none() { "unaware" } else { "told twice" })),
    ]);
    let works = Works::start(&on.store, &steps, &["wait", "after"]).await;
    let request = works.hand_in(&on, "k1").await;
    let row = stands(&on.store, &request.run(), RunState::Pending).await;
    assert_eq!((row.wait_key, row.due_at), (Some(request.release_key()), None));
    // No time wakes it.
    on.clock.turn(400 * 86_400);
    assert!(!on.store.is_due().await.unwrap());
    release(&on, &request).await;
    stands(&on.store, &request.run(), RunState::Completed).await;
    let done = on.store.steps(&request.run()).await.unwrap();
    let told: Vec<(u32, &str, &str)> =
        done.iter().map(|step| (step.ordinal, step.name.as_str(), step.state.as_str())).collect();
    assert_eq!(told, [(1, "wait", "done"), (2, "after", "done")], "the row left open is the one that is closed");
    assert_eq!(done[0].output.as_deref(), Some("{\"said\":\"released\"}"));
    assert_eq!(done[1].output.as_deref(), Some("{\"said\":\"unaware\"}"));
    works.finish().await;
    on.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_signal_and_time_the_first_wakes_it() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([waiting(Some(on.in_secs(60)))]);
    let works = Works::start(&on.store, &steps, &["wait"]).await;
    let (by_time, by_signal) = (works.hand_in(&on, "k1").await, works.hand_in(&on, "k2").await);
    stands(&on.store, &by_time.run(), RunState::Pending).await;
    stands(&on.store, &by_signal.run(), RunState::Pending).await;
    release(&on, &by_signal).await;
    stands(&on.store, &by_signal.run(), RunState::Completed).await;
    on.clock.turn(60);
    stands(&on.store, &by_time.run(), RunState::Completed).await;
    let output = async |request: &RequestId| on.store.steps(&request.run()).await.unwrap()[0].output.clone();
    assert_eq!(output(&by_time).await.as_deref(), Some("{\"timer\":true}"));
    assert_eq!(output(&by_signal).await.as_deref(), Some("{\"said\":\"released\"}"));
    works.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_after_waking_does_not_forget_what_woke_it() {
    let on = Fixture::sqlite().await;
    let turns = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&turns);
    let steps = Steps::new([step("wait", move |context| match context.signal {
        None => {
            Ok(Transition::WaitFor { done: Done::default(), key: context.run.request.id.release_key(), until: None })
        }
        Some(_) if counted.fetch_add(1, Ordering::SeqCst) < 2 => Err(failing()),
        Some(signal) => Ok(Transition::Next(Done { output: Some(signal.to_owned()), ..Done::default() })),
    })]);
    let works = Works::start(&on.store, &steps, &["wait, retry = { attempts = 2, first_wait_ms = 1000 }"]).await;
    let request = works.hand_in(&on, "k1").await;
    stands(&on.store, &request.run(), RunState::Pending).await;
    release(&on, &request).await;
    stands(&on.store, &request.run(), RunState::Retryable).await;
    on.clock.turn(1);
    // Given up, and taken up again by a person: it still knows.
    stands(&on.store, &request.run(), RunState::Discarded).await;
    on.store.retry(samples::retry(&on, &request)).await.unwrap();
    stands(&on.store, &request.run(), RunState::Completed).await;
    let done = on.store.steps(&request.run()).await.unwrap();
    assert_eq!(
        done.last().unwrap().output.as_deref().or(done[0].output.as_deref()),
        Some("{\"said\":\"released\"}"),
        "{done:?}"
    );
    works.finish().await;
    on.verify().await;
}
