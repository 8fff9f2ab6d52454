//! Advancing runs: all of a commit or nothing, by the one who holds the lease.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{accept, advance, claim, claimed, decide, draft, in_review, node, review_of};
use crate::domain::run::RunState;
use crate::store::{Advance, BriefFilter, Next, StoreError};
use futures_util::future::join_all;

on_both!(
    a_commit_writes_steps_state_and_draft_together,
    a_late_worker_changes_nothing_even_beside_the_new_one,
    every_way_to_go_on_is_kept,
    only_a_brief_being_redrafted_is_drafted_again,
    timers_ring_when_they_are_due,
    many_runs_advance_in_one_batch,
    what_woke_a_run_is_kept_for_the_next_attempt,
    outputs_come_back_with_the_claim,
);

async fn a_commit_writes_steps_state_and_draft_together(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let row = on.store.run(&run.run).await.unwrap();
    assert_eq!(
        (row.state, row.step.as_str(), row.wait_key),
        (RunState::Pending, "review", Some(run.brief().review_key()))
    );
    let steps = on.store.steps(&run.run).await.unwrap();
    assert_eq!((steps.len(), steps[0].name.as_str(), steps[0].state.as_str()), (1, "draft", "done"));
    let (brief, review, decisions) = on.store.review(&run.brief()).await.unwrap();
    assert_eq!((brief.version, brief.revision, brief.score, brief.risk.as_str()), (1, 1, 50, "low"));
    assert_eq!((review.state.as_str(), review.digest, decisions.len()), ("open", brief.digest, 0));
    let revisions = on.store.revisions(&run.brief()).await.unwrap();
    assert_eq!(
        (revisions.len(), revisions[0].content.as_slice(), revisions[0].author.as_str()),
        (1, b"brief of k1".as_slice(), "generator")
    );
    assert_eq!(on.store.request(&run.request.id).await.unwrap().state, "in_review");
    assert_eq!(on.verify().await["run.told"], 1);
}

async fn a_late_worker_changes_nothing_even_beside_the_new_one(on: &Fixture) {
    let late = claimed(on, "k1").await;
    on.clock.turn(31);
    on.store.rescue(false).await.unwrap();
    let now = claim(on, &node(on), 1).await.pop().unwrap();
    let of_late = Advance { acts: vec![draft(&late, 1, 1, "by the late one")], ..advance(on, &late, review_of(&late)) };
    let of_now = Advance { acts: vec![draft(&now, 1, 1, "by the new one")], ..advance(on, &now, review_of(&now)) };
    let twice = of_now.clone();
    // Together in one batch, as they may well come; and one of them twice.
    let outs = on.store.batch(vec![of_late, of_now, twice]).await;
    assert!(is_stale(&outs[0]) && outs[1].is_ok() && is_stale(&outs[2]), "{outs:?}");
    let revisions = on.store.revisions(&now.brief()).await.unwrap();
    assert_eq!((revisions.len(), revisions[0].content.as_slice()), (1, b"by the new one".as_slice()));
    assert_eq!(on.store.steps(&now.run).await.unwrap().len(), 1);
    assert_eq!(on.verify().await["run.told"], 1, "a lost lease leaves no receipt");
}

async fn every_way_to_go_on_is_kept(on: &Fixture) {
    let (step, code, message) = (|| "next".to_owned(), || "OP-1".to_owned(), || "why".to_owned());
    let at = on.in_secs(60);
    let ways = [
        Next::Available { step: step() },
        Next::Scheduled { step: step(), at, code: code(), message: message() },
        Next::Pending { step: step(), key: "release:x".into(), until: Some(at) },
        Next::Retryable { step: step(), at, attempt: 3, code: code(), message: message() },
        Next::Uncertain { step: step(), message: message() },
        Next::Completed,
        Next::Discarded { step: step(), code: code(), message: message() },
    ];
    let standings = ["queued", "queued", "held", "retrying", "uncertain", "dropped", "failed"];
    for (number, (next, standing)) in ways.into_iter().zip(standings).enumerate() {
        let run = claimed(on, &format!("k{number}")).await;
        on.store.advance(advance(on, &run, next.clone())).await.unwrap();
        let row = on.store.run(&run.run).await.unwrap();
        assert_eq!(row.state, next.state());
        assert_eq!(row.step, if next == Next::Completed { "draft" } else { "next" });
        assert_eq!(
            row.due_at,
            matches!(next.state(), RunState::Scheduled | RunState::Pending | RunState::Retryable).then_some(at)
        );
        assert_eq!(row.attempt, if next.state() == RunState::Retryable { 3 } else { 1 });
        assert_eq!(on.store.request(&run.request.id).await.unwrap().state, standing);
        if next.state() == RunState::Available {
            // Out of the way of the next turn of this loop.
            on.store.advance(advance(on, &claim(on, &node(on), 1).await[0], Next::Completed)).await.unwrap();
        }
    }
    let tally = on.store.tally().await.unwrap();
    assert_eq!((tally.available, tally.retryable, tally.discarded, tally.uncertain, tally.running), (0, 1, 1, 1, 0));
}

async fn only_a_brief_being_redrafted_is_drafted_again(on: &Fixture) {
    let run = in_review(on, "k1").await;
    on.store.decide(decide(on, &run.brief(), 1, "usr_ada", "major")).await.unwrap();
    let again = claim(on, &node(on), 1).await.pop().unwrap();
    let second = Advance { acts: vec![draft(&again, 2, 2, "second try")], ..advance(on, &again, review_of(&again)) };
    on.store.advance(second).await.unwrap();
    let brief = on.store.brief(&run.brief()).await.unwrap();
    assert_eq!((brief.state.as_str(), brief.version, brief.revision, brief.attempt), ("open", 3, 2, 2));
    // A draft upon a brief that people work on must never stand, and takes nothing else with it.
    let other = claimed(on, "k2").await;
    let mut wrong = Advance { acts: vec![draft(&again, 3, 3, "unasked")], ..advance(on, &other, Next::Completed) };
    wrong.request = std::sync::Arc::clone(&again.request);
    let well = claimed(on, "k3").await;
    let outs = on.store.batch(vec![wrong, advance(on, &well, Next::Completed)]).await;
    assert!(matches!(outs[0], Err(StoreError::Conflict { .. })) && outs[1].is_ok(), "{outs:?}");
    assert_eq!(on.store.brief(&run.brief()).await.unwrap().revision, 2);
    assert_eq!(on.store.revisions(&run.brief()).await.unwrap().len(), 2);
    assert_eq!(on.store.run(&other.run).await.unwrap().state, RunState::Running);
}

async fn timers_ring_when_they_are_due(on: &Fixture) {
    let at = on.in_secs(60);
    let ways = [
        Next::Scheduled { step: "s".into(), at, code: "OP-1".into(), message: "why".into() },
        Next::Pending { step: "s".into(), key: "k".into(), until: Some(at) },
        Next::Retryable { step: "s".into(), at, attempt: 2, code: "OP-1".into(), message: "why".into() },
    ];
    for (number, next) in ways.into_iter().enumerate() {
        let run = claimed(on, &format!("k{number}")).await;
        on.store.advance(advance(on, &run, next)).await.unwrap();
    }
    on.clock.turn(59);
    assert!(!on.store.is_due().await.unwrap());
    assert_eq!(on.store.ring().await.unwrap(), 0);
    on.clock.turn(1);
    assert!(on.store.is_due().await.unwrap());
    assert_eq!(on.store.ring().await.unwrap(), 3);
    let mut woken = claim(on, &node(on), 10).await;
    woken.sort_by(|one, other| one.run.cmp(&other.run));
    let signals: Vec<Option<&str>> = woken.iter().map(|run| run.signal.as_deref()).collect();
    let by_timer = signals.iter().filter(|signal| **signal == Some("{\"timer\":true}")).count();
    assert_eq!((woken.len(), by_timer), (3, 2), "those that waited are told that time ended their wait");
    assert!(!on.store.is_due().await.unwrap());
}

async fn many_runs_advance_in_one_batch(on: &Fixture) {
    // More than one statement takes, and no power of two.
    let accepts =
        (0..150).map(|number| on.store.accept_patiently(accept(on, &format!("k{number}"), &format!("text {number}"))));
    join_all(accepts).await.into_iter().for_each(|out| drop(out.unwrap()));
    let runs = claim(on, &node(on), 150).await;
    let commits = runs.iter().map(|run| {
        let acts = vec![draft(run, 1, 1, run.run.as_str())];
        on.store.advance(Advance { acts, ..advance(on, run, review_of(run)) })
    });
    join_all(commits).await.into_iter().for_each(Result::unwrap);
    let filter = BriefFilter { state: Some("open".into()), limit: 200, ..BriefFilter::default() };
    assert_eq!(on.store.briefs(&filter).await.unwrap().items.len(), 150);
    let kinds = on.verify().await;
    assert_eq!((kinds["request.accepted"], kinds["run.told"]), (150, 150));
}

async fn what_woke_a_run_is_kept_for_the_next_attempt(on: &Fixture) {
    let run = in_review(on, "k1").await;
    on.store.decide(decide(on, &run.brief(), 1, "usr_ada", "approve")).await.unwrap();
    let woken = claim(on, &node(on), 1).await.pop().unwrap();
    let signal = woken.signal.clone().unwrap();
    let failed = Next::Retryable {
        step: "review".into(),
        at: on.in_secs(1),
        attempt: 2,
        code: "OP-1".into(),
        message: "why".into(),
    };
    on.store.advance(Advance { keeps_signal: true, ..advance(on, &woken, failed) }).await.unwrap();
    on.clock.turn(1);
    on.store.ring().await.unwrap();
    let again = claim(on, &node(on), 1).await.pop().unwrap();
    assert_eq!(
        (again.signal.as_deref(), again.attempt),
        (Some(signal.as_str()), 2),
        "a failed attempt must not forget a decision"
    );
    on.store.advance(advance(on, &again, Next::Available { step: "next".into() })).await.unwrap();
    assert_eq!(claim(on, &node(on), 1).await.pop().unwrap().signal, None, "used up");
}

async fn outputs_come_back_with_the_claim(on: &Fixture) {
    let run = claimed(on, "k1").await;
    assert!(run.outputs.is_empty());
    on.store.advance(advance(on, &run, Next::Available { step: "second".into() })).await.unwrap();
    let run = claim(on, &node(on), 1).await.pop().unwrap();
    assert_eq!((run.step.as_str(), run.steps, run.outputs["draft"].as_str()), ("second", 1, "{\"said\":\"so\"}"));
    // A run that was never committed is told apart from one that was: nothing is loaded for it.
    on.store.accept(accept(on, "k2", "text of k2")).await.unwrap();
    assert!(claim(on, &node(on), 1).await.pop().unwrap().outputs.is_empty());
}
