//! Steps in a row: what is pure goes down together, what touches the outside stands alone, jumps lead where the definition says.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pure_steps_in_a_row_are_one_commit() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([
        step("one", |_| next("1")),
        step("two", |context| next(&format!("{}+2", context.outputs["one"].replace('"', "'")))),
        step("three", |context| {
            assert_eq!(context.run.request.text, "text of k1");
            Ok(Transition::Complete(said("3")))
        }),
        step("four", |_| panic!("after the end")),
    ]);
    let works = Works::start(&on.store, &steps, &["one", "two", "three", "four"]).await;
    let request = works.hand_in(&on, "k1").await;
    stands(&on.store, &request.run(), RunState::Completed).await;
    let done = on.store.steps(&request.run()).await.unwrap();
    let told: Vec<(&str, &str, u32)> =
        done.iter().map(|step| (step.name.as_str(), step.state.as_str(), step.ordinal)).collect();
    assert_eq!(told, [("one", "done", 1), ("two", "done", 2), ("three", "done", 3)]);
    assert_eq!(done[1].output.as_deref(), Some("{\"said\":\"{'said':'1'}+2\"}"));
    works.finish().await;
    let kinds = on.verify().await;
    assert_eq!(
        (kinds["request.accepted"], kinds["run.completed"], kinds.len()),
        (1, 1, 3),
        "one commit, one receipt: {kinds:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_touches_the_outside_begins_a_commit_of_its_own() {
    let on = Fixture::sqlite().await;
    let store = on.store.clone();
    let steps = Steps::new([
        step("think", |_| next("thought")),
        effect("call", move |context| {
            // What came before is on disk already: a crash in the call would not think again.
            assert_eq!(context.run.steps, 1);
            let _ = &store;
            next("called")
        }),
        step("note", |context| next(if context.outputs.contains_key("call") { "noted" } else { "lost" })),
    ]);
    let works = Works::start(&on.store, &steps, &["think", "call", "note"]).await;
    let request = works.hand_in(&on, "k1").await;
    stands(&on.store, &request.run(), RunState::Completed).await;
    let done = on.store.steps(&request.run()).await.unwrap();
    assert_eq!(done[2].output.as_deref(), Some("{\"said\":\"noted\"}"));
    works.finish().await;
    let kinds = on.verify().await;
    assert_eq!((kinds["run.available"], kinds["run.completed"]), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_leads_where_the_definition_says() {
    let on = Fixture::sqlite().await;
    let turns = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&turns);
    let steps = Steps::new([
        step("draft", |_| next("drafted")),
        step("judge", move |_| {
            let turn = counted.fetch_add(1, Ordering::SeqCst);
            Ok(Transition::Answer(if turn < 2 { "again" } else { "done" }, said("judged")))
        }),
        step("send", |_| next("sent")),
    ]);
    let works = Works::start(&on.store, &steps, &["draft", "judge, on = { again = \"draft\" }", "send"]).await;
    let request = works.hand_in(&on, "k1").await;
    stands(&on.store, &request.run(), RunState::Completed).await;
    let names: Vec<String> = on.store.steps(&request.run()).await.unwrap().into_iter().map(|step| step.name).collect();
    assert_eq!(names, ["draft", "judge", "draft", "judge", "draft", "judge", "send"]);
    works.finish().await;
    on.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_skips_a_step() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([
        step("screen", |_| next("clean")),
        step("mask", |_| next("masked")),
        step("keep", |_| next("kept")),
    ]);
    let when = |is: &str| format!("when = {{ step = \"screen\", key = \"said\", is = [\"{is}\"] }}");
    let lines = ["screen".to_owned(), format!("mask, {}", when("dirty")), format!("keep, {}", when("clean"))];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let works = Works::start(&on.store, &steps, &lines).await;
    let request = works.hand_in(&on, "k1").await;
    stands(&on.store, &request.run(), RunState::Completed).await;
    let names: Vec<String> = on.store.steps(&request.run()).await.unwrap().into_iter().map(|step| step.name).collect();
    assert_eq!(names, ["screen", "keep"]);
    works.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_that_goes_in_circles_ends() {
    let on = Fixture::sqlite().await;
    let steps = Steps::new([
        step("spin", |_| Ok(Transition::Answer("again", Done::default()))),
        step("idle", |_| next("done")),
    ]);
    let lines = ["spin, on = { again = \"spin\" }", "idle"];
    let works = Works::start(&on.store, &steps, &lines).await;
    let request = works.hand_in(&on, "k1").await;
    let row = stands(&on.store, &request.run(), RunState::Discarded).await;
    assert_eq!(row.code.as_deref(), Some("OP-3203"));
    works.finish().await;
}

// On one thread, because the meters of a test are those of its thread.
#[tokio::test]
async fn each_step_is_measured_under_its_kind_however_it_ends() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let (page, _metered) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
    let on = Fixture::sqlite().await;
    let steps = Steps::new([step("think", |_| next("thought")), step("fall", |_| panic!("as the test wants it"))]);
    let once = "retry = { attempts = 1, first_wait_ms = 1, longest_wait_secs = 1 }";
    let last = format!("c, uses = \"fall\"; {once}");
    let works = Works::start(&on.store, &steps, &["a, uses = \"think\"", "b, uses = \"think\"", &last]).await;
    let request = works.hand_in(&on, "k1").await;
    stands(&on.store, &request.run(), RunState::Discarded).await;
    works.finish().await;
    let page = page.render();
    let counts: Vec<&str> = page.lines().filter(|line| line.starts_with("opspilot_step_seconds_count")).collect();
    assert_eq!(counts.len(), 2, "{page}");
    assert!(counts.contains(&"opspilot_step_seconds_count{step=\"think\"} 2"), "{page}");
    assert!(counts.contains(&"opspilot_step_seconds_count{step=\"fall\"} 1"), "{page}");
}
