//! Stopping and starting: what has begun is finished, what has not is handed back, and definitions outlive the release that had them.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_finishes_what_has_begun_and_hands_back_the_rest() {
    let on = Fixture::sqlite().await;
    let (entered, open) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (tell, wait) = (Arc::clone(&entered), Arc::clone(&open));
    let act: Act = Arc::new(move |_| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        Box::pin(async move {
            tell.notify_one();
            wait.notified().await;
            next("finished")
        })
    });
    let slow: Arc<dyn Step> = Arc::new(Play { kind: "call", calls_out: false, answers: &[], act });
    let works =
        Works::begin(&on.store, &Steps::new([slow]), &["call"], Options { workers: 1, in_flight: 1, ..quick() }).await;
    let begun = works.hand_in(&on, "k1").await;
    entered.notified().await;
    let waiting = [works.hand_in(&on, "k2").await, works.hand_in(&on, "k3").await];
    works.stop.cancel();
    open.notify_one();
    let engine = works.engine.clone();
    works.finish().await;
    engine.hand_back().await.unwrap();
    assert_eq!(on.store.run(&begun.run()).await.unwrap().state, RunState::Completed);
    for request in waiting {
        assert_eq!(on.store.run(&request.run()).await.unwrap().state, RunState::Available);
    }
    assert_eq!(on.store.tally().await.unwrap().running, 0);
    on.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_stays_with_the_definition_it_began_with() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([
        step("old", |_| next("old")),
        step("new", |_| next("new")),
        step("hold", |context| {
            let key = context.run.request.id.release_key();
            if context.signal.is_some() {
                next("on")
            } else {
                Ok(Transition::WaitFor { done: Done::default(), key, until: None })
            }
        }),
    ]);
    let before = Works::start(&on.store, &steps, &["hold", "old"]).await;
    let request = before.hand_in(&on, "k1").await;
    stands(&on.store, &request.run(), RunState::Pending).await;
    before.finish().await;
    // The definition is edited under the same name, and the daemon started anew.
    let after = Works::start(&on.store, &steps, &["hold", "new"]).await;
    let later = after.hand_in(&on, "k2").await;
    stands(&on.store, &later.run(), RunState::Pending).await;
    for request in [&request, &later] {
        on.store
            .resume(samples::resume(&on, &samples::run_of(&on, request).await, &request.release_key()))
            .await
            .unwrap();
        stands(&on.store, &request.run(), RunState::Completed).await;
    }
    let last = async |request: &RequestId| on.store.steps(&request.run()).await.unwrap().last().unwrap().name.clone();
    assert_eq!((last(&request).await, last(&later).await), ("old".into(), "new".into()));
    after.finish().await;
    on.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_that_this_program_cannot_use_ends_in_words() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([step("call", |_| next("done"))]);
    let works = Works::start(&on.store, &steps, &["call"]).await;
    let mut unknown = works.request(&on, "k1");
    unknown.definition = "of another release".into();
    let mut renamed = works.request(&on, "k2");
    renamed.first_step = "gone".into();
    for accept in [unknown, renamed] {
        let request = on.store.accept(accept).await.unwrap().request().clone();
        let row = stands(&on.store, &request.run(), RunState::Discarded).await;
        assert_eq!(row.code.as_deref(), Some("OP-3202"));
    }
    works.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_takes_up_what_a_crash_left() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([step("call", |_| next("done"))]);
    let crashed = definition(&steps, &["call"]);
    // A worker that died with its lease in hand.
    let mut accept = samples::accept(&on, "k1", "text");
    (accept.definition, accept.first_step) = (crashed.hash().to_owned(), "call".into());
    let request = on.store.accept(accept).await.unwrap().request().clone();
    samples::claim(&on, &samples::node(&on), 1).await;
    let workflows = Workflows::new([crashed], steps.clone());
    let engine = Engine::new(on.store.clone(), workflows, quick());
    assert_eq!(engine.recover().await.unwrap(), 1);
    let works = Works::start(&on.store, &steps, &["call"]).await;
    stands(&on.store, &request.run(), RunState::Completed).await;
    works.finish().await;
}
