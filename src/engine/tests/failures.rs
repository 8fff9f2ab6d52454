//! What goes wrong in a step is its run's own affair: tried again, given up, or left to a person, and never anybody else's.

use super::*;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_step_is_tried_again_ever_later_and_then_given_up_until_a_person_asks() {
    let on = Fixture::sqlite().await;
    let well = Arc::new(AtomicBool::new(false));
    let healed = Arc::clone(&well);
    let steps =
        Steps::new([step(
            "call",
            move |_| if healed.load(Ordering::SeqCst) { next("at last") } else { Err(failing()) },
        )]);
    let works = Works::start(
        &on.store,
        &steps,
        &["call, retry = { attempts = 3, first_wait_ms = 10000, longest_wait_secs = 300 }"],
    )
    .await;
    let request = works.hand_in(&on, "k1").await;
    for (attempt, longest) in [(2, 10), (3, 20)] {
        let row =
            until(&on.store, &request.run(), |row| row.state == RunState::Retryable && row.attempt == attempt).await;
        let wait = row.due_at.unwrap().as_microsecond() - on.now().as_microsecond();
        assert!((longest * 500_000..=longest * 1_000_000).contains(&wait), "attempt {attempt} waits {wait} us");
        assert_eq!((row.code.as_deref(), row.message.as_deref()), (Some("OP-3200"), Some("not now")));
        on.clock.turn(longest);
    }
    let row = stands(&on.store, &request.run(), RunState::Discarded).await;
    assert_eq!(row.code.as_deref(), Some("OP-3200"));
    let failed = on.store.steps(&request.run()).await.unwrap();
    let attempts: Vec<(u32, u32, &str)> =
        failed.iter().map(|step| (step.ordinal, step.attempt, step.state.as_str())).collect();
    assert_eq!(attempts, [(1, 1, "failed"), (2, 2, "failed"), (3, 3, "failed")]);
    well.store(true, Ordering::SeqCst);
    on.store.retry(samples::retry(&on, &request)).await.unwrap();
    stands(&on.store, &request.run(), RunState::Completed).await;
    works.finish().await;
    on.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_far_side_may_ask_for_a_longer_wait() {
    let on = Fixture::sqlite().await;
    let later =
        || StepError::Retryable { code: "OP-3200", message: "not now".into(), after: Some(Duration::from_secs(3600)) };
    let steps = Steps::new([step("call", move |_| Err(later()))]);
    let works = Works::start(&on.store, &steps, &["call"]).await;
    let request = works.hand_in(&on, "k1").await;
    let row = stands(&on.store, &request.run(), RunState::Retryable).await;
    assert_eq!(row.due_at, Some(on.in_secs(3600)));
    works.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_for_good_is_given_up_at_once_and_what_is_unknown_is_left_to_a_person() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([step("call", |context| match context.run.request.text.as_str() {
        "text of wrong" => Err(StepError::Fatal { code: "OP-3200", message: "never".into() }),
        "text of unknown" => Err(StepError::Uncertain { message: "it may have been sent".into() }),
        _ => next("fine"),
    })]);
    let works = Works::start(&on.store, &steps, &["call"]).await;
    let (wrong, unknown, fine) =
        (works.hand_in(&on, "wrong").await, works.hand_in(&on, "unknown").await, works.hand_in(&on, "fine").await);
    assert_eq!(stands(&on.store, &wrong.run(), RunState::Discarded).await.message.as_deref(), Some("never"));
    assert_eq!(
        stands(&on.store, &unknown.run(), RunState::Uncertain).await.message.as_deref(),
        Some("it may have been sent")
    );
    stands(&on.store, &fine.run(), RunState::Completed).await;
    works.finish().await;
    let kinds = on.verify().await;
    assert_eq!((kinds["run.discarded"], kinds["run.uncertain"], kinds["run.completed"]), (1, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_that_runs_own_affair() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([step("call", |context| {
        assert!(!context.run.request.text.contains("odd"), "a fault of the program, as this test wants it");
        next("fine")
    })]);
    let works = Works::start(&on.store, &steps, &["call"]).await;
    let mut even = Vec::new();
    let odd = works.hand_in(&on, "odd").await;
    for number in 0..10 {
        even.push(works.hand_in(&on, &format!("{number}")).await);
    }
    assert_eq!(stands(&on.store, &odd.run(), RunState::Retryable).await.code.as_deref(), Some("OP-3204"));
    for request in even {
        stands(&on.store, &request.run(), RunState::Completed).await;
    }
    works.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_never_ends_is_ended() {
    let on = Fixture::sqlite().await;
    let forever: Act = Arc::new(|_| Box::pin(std::future::pending()));
    let hung: Arc<dyn Step> = Arc::new(Play { kind: "call", calls_out: false, answers: &[], act: forever });
    let steps = Steps::new([hung]);
    let works = Works::start(&on.store, &steps, &["call, timeout_secs = 1; retry = { attempts = 1 }"]).await;
    let request = works.hand_in(&on, "k1").await;
    let row = stands(&on.store, &request.run(), RunState::Discarded).await;
    assert_eq!(row.code.as_deref(), Some("OP-3205"));
    works.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_lease_changes_nothing() {
    let on = Fixture::sqlite().await;
    let (entered, open) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (tell, wait) = (Arc::clone(&entered), Arc::clone(&open));
    let times = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&times);
    let act: Act = Arc::new(move |_| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tell.notify_one();
            wait.notified().await;
            next("by whom?")
        })
    });
    let slow: Arc<dyn Step> = Arc::new(Play { kind: "call", calls_out: false, answers: &[], act });
    let steps = Steps::new([slow]);
    let mut works = Works::begin(&on.store, &steps, &["call"], Options { workers: 1, ..quick() }).await;
    let request = works.hand_in(&on, "k1").await;
    entered.notified().await;
    // Paused past its lease; another node takes over.
    works.starve().await;
    on.store.dismiss();
    on.clock.turn(31);
    let other = samples::node(&on);
    assert_eq!(on.store.rescue(false).await.unwrap(), 1);
    let taken = samples::claim(&on, &other, 1).await.pop().unwrap();
    open.notify_one();
    works.finish().await;
    let row = on.store.run(&request.run()).await.unwrap();
    assert_eq!((row.state, times.load(Ordering::SeqCst)), (RunState::Running, 1));
    assert!(on.store.steps(&request.run()).await.unwrap().is_empty());
    on.store.advance(samples::advance(&on, &taken, crate::store::Next::Completed)).await.unwrap();
    assert_eq!(on.verify().await.get("run.completed"), None, "the late one left no receipt");
}
