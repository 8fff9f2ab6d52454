//! What people do to a brief: of two upon one version one wins, and the other is told.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{advance, cancel, claim, claimed, decide, draft, edit, hold, in_review, node};
use crate::domain::review::{Reason, ReviewState};
use crate::domain::run::RunState;
use crate::store::{Advance, Decide, Next, Wake};
use futures_util::future::join_all;

on_both!(
    a_decision_is_written_and_wakes_the_run,
    a_rejection_keeps_its_reason,
    of_a_hundred_decisions_one_wins,
    of_decisions_through_several_stores_one_wins,
    a_person_may_change_their_mind_on_one_revision,
    a_decision_that_nobody_waits_for_yet_is_refused,
    an_edit_upon_an_older_version_is_refused,
    a_decided_brief_is_neither_edited_nor_claimed,
    of_two_who_saw_it_free_one_claims,
    a_withdrawn_brief_cannot_be_decided,
);

async fn a_decision_is_written_and_wakes_the_run(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let decision = decide(on, &run.brief(), 1, "usr_ada", "approve");
    let id = decision.id.clone();
    on.store.decide(decision).await.unwrap();
    let (brief, review, decisions) = on.store.review(&run.brief()).await.unwrap();
    assert_eq!((brief.state, brief.version), (ReviewState::Approved, 2));
    assert_eq!((decisions.len(), decisions[0].id.as_str(), decisions[0].person.as_str()), (1, id.as_str(), "usr_ada"));
    assert_eq!((decisions[0].permit.as_str(), decisions[0].comment.as_deref()), ("pdc_1", Some("so be it")));
    assert_eq!((review.approvals.len(), review.approvals[0].digest.as_str()), (1, "seen"));
    let woken = claim(on, &node(on), 1).await.pop().unwrap();
    assert_eq!(woken.signal.as_deref(), Some("{\"outcome\":\"approve\",\"by\":\"usr_ada\"}"));
    assert_eq!(on.store.request(&run.request.id).await.unwrap().state, "decided");
    assert_eq!(on.verify().await["brief.decided"], 1);
}

async fn a_rejection_keeps_its_reason(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let reason = Some(Reason::Spam);
    on.store.decide(Decide { reason, ..decide(on, &run.brief(), 1, "usr_ada", "reject") }).await.unwrap();
    let (_, _, decisions) = on.store.review(&run.brief()).await.unwrap();
    assert_eq!(decisions[0].reason, reason);
    assert_eq!(on.verify().await["brief.decided"], 1);
}

async fn of_a_hundred_decisions_one_wins(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let decisions = (0..100).map(|number| {
        let verdict = if number % 2 == 0 { "approve" } else { "reject" };
        on.store.decide(decide(on, &run.brief(), 1, &format!("usr_{number}"), verdict))
    });
    let outs = join_all(decisions).await;
    assert_eq!(outs.iter().filter(|out| out.is_ok()).count(), 1);
    assert_eq!(outs.iter().filter(|out| is_stale(out)).count(), 99);
    let (brief, _, decisions) = on.store.review(&run.brief()).await.unwrap();
    assert_eq!((brief.version, decisions.len()), (2, 1));
    let expected = if decisions[0].verdict == "approve" { ReviewState::Approved } else { ReviewState::Rejected };
    assert_eq!(brief.state, expected);
    let woken = claim(on, &node(on), 1).await.pop().unwrap();
    assert!(woken.signal.unwrap().contains(&format!("\"{}\"", decisions[0].person)), "woken by the one who won");
    assert_eq!(on.verify().await["brief.decided"], 1);
}

async fn of_decisions_through_several_stores_one_wins(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let stores = [on.another().await, on.another().await, on.another().await, on.another().await];
    let decisions = stores
        .iter()
        .enumerate()
        .map(|(number, store)| store.decide(decide(on, &run.brief(), 1, &format!("usr_{number}"), "approve")));
    let outs = join_all(decisions).await;
    assert_eq!(outs.iter().filter(|out| out.is_ok()).count(), 1, "{outs:?}");
    assert_eq!(on.store.decisions(&run.brief()).await.unwrap().len(), 1);
}

async fn a_person_may_change_their_mind_on_one_revision(on: &Fixture) {
    let run = in_review(on, "k1").await;
    // Two must approve: the first approval leaves the brief open.
    let mut first = decide(on, &run.brief(), 1, "usr_ada", "approve");
    (first.state, first.wake) = (ReviewState::Open, None);
    on.store.decide(first).await.unwrap();
    assert_eq!(on.store.run(&run.run).await.unwrap().state, RunState::Pending, "it waits on");
    on.store.decide(decide(on, &run.brief(), 2, "usr_ada", "reject")).await.unwrap();
    let (brief, _, decisions) = on.store.review(&run.brief()).await.unwrap();
    assert_eq!((brief.state, brief.version, decisions.len()), (ReviewState::Rejected, 3, 2));
}

async fn a_decision_that_nobody_waits_for_yet_is_refused(on: &Fixture) {
    // A workflow that drafts, does something else, and only then waits for people.
    let run = claimed(on, "k1").await;
    let commit = Advance {
        acts: vec![draft(&run, 1, 1, "brief")],
        ..advance(on, &run, Next::Available { step: "other".into() })
    };
    on.store.advance(commit).await.unwrap();
    let early = on.store.decide(decide(on, &run.brief(), 1, "usr_ada", "approve")).await;
    assert!(is_stale(&early), "it would be slept through: {early:?}");
    assert_eq!(on.store.brief(&run.brief()).await.unwrap().version, 1);
    let run = claim(on, &node(on), 1).await.pop().unwrap();
    on.store.advance(advance(on, &run, super::samples::review_of(&run))).await.unwrap();
    let mut other = decide(on, &run.brief(), 1, "usr_ada", "approve");
    other.wake = Some(Wake { key: "release:x".into(), signal: "{}".into() });
    assert!(is_stale(&on.store.decide(other).await), "it waits for something else");
    on.store.decide(decide(on, &run.brief(), 1, "usr_ada", "approve")).await.unwrap();
    assert_eq!(on.store.run(&run.run).await.unwrap().state, RunState::Available);
}

async fn an_edit_upon_an_older_version_is_refused(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let brief = run.brief();
    on.store.edit(edit(on, &brief, 1, 2, "by hand")).await.unwrap();
    assert!(is_stale(&on.store.edit(edit(on, &brief, 1, 2, "by another hand")).await));
    assert!(
        is_stale(&on.store.decide(decide(on, &brief, 1, "usr_ada", "approve")).await),
        "the content is another now"
    );
    let row = on.store.brief(&brief).await.unwrap();
    assert_eq!((row.version, row.revision, row.score, row.risk.as_str()), (2, 2, 60, "high"));
    let revisions = on.store.revisions(&brief).await.unwrap();
    assert_eq!(
        (revisions.len(), revisions[1].author.as_str(), revisions[1].content.as_slice()),
        (2, "usr_ada", b"by hand".as_slice())
    );
    // Small changes asked for, then made: open again.
    on.store.decide(decide(on, &brief, 2, "usr_ada", "minor")).await.unwrap();
    assert_eq!(on.store.brief(&brief).await.unwrap().state, ReviewState::Amending);
    on.store.edit(edit(on, &brief, 3, 3, "as asked")).await.unwrap();
    let row = on.store.brief(&brief).await.unwrap();
    assert_eq!((row.state, row.version), (ReviewState::Open, 4));
}

async fn a_decided_brief_is_neither_edited_nor_claimed(on: &Fixture) {
    for verdict in ["approve", "reject", "major"] {
        let run = in_review(on, verdict).await;
        on.store.decide(decide(on, &run.brief(), 1, "usr_ada", verdict)).await.unwrap();
        assert!(is_stale(&on.store.edit(edit(on, &run.brief(), 2, 2, "too late")).await), "{verdict}");
        let held = on.store.hold(hold(on, &run.brief(), 2, "usr_bob", false)).await;
        assert_eq!(held.is_ok(), verdict == "major", "what is being redrafted is still somebody's to look at");
        // Out of the way of the next turn of this loop.
        on.store.advance(advance(on, &claim(on, &node(on), 1).await[0], Next::Completed)).await.unwrap();
        assert_eq!(on.store.revisions(&run.brief()).await.unwrap().len(), 1);
    }
}

async fn of_two_who_saw_it_free_one_claims(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let brief = run.brief();
    let outs =
        join_all(["usr_ada", "usr_bob", "usr_cyd"].map(|person| on.store.hold(hold(on, &brief, 1, person, false))))
            .await;
    assert_eq!(outs.iter().filter(|out| out.is_ok()).count(), 1, "{outs:?}");
    let holder = on.store.brief(&brief).await.unwrap().claim.unwrap().0;
    // One's own is renewed, somebody else's is taken over by right only, and one that ran out is free.
    on.store.hold(hold(on, &brief, 1, &holder, false)).await.unwrap();
    assert!(is_stale(&on.store.hold(hold(on, &brief, 1, "usr_dan", false)).await));
    on.store.hold(hold(on, &brief, 1, "usr_dan", true)).await.unwrap();
    on.clock.turn(301);
    on.store.hold(hold(on, &brief, 1, "usr_eve", false)).await.unwrap();
    let mut let_go = hold(on, &brief, 1, "usr_eve", false);
    let_go.claim = None;
    on.store.hold(let_go).await.unwrap();
    let row = on.store.brief(&brief).await.unwrap();
    assert_eq!((row.claim, row.version), (None, 1), "who looks changes nothing of what they see");
    let kinds = on.verify().await;
    assert_eq!((kinds["review.claimed"], kinds["review.let_go"]), (4, 1));
}

async fn a_withdrawn_brief_cannot_be_decided(on: &Fixture) {
    let run = in_review(on, "k1").await;
    on.store.cancel(cancel(on, &run)).await.unwrap();
    assert_eq!(on.store.brief(&run.brief()).await.unwrap().state, ReviewState::Withdrawn);
    assert!(is_stale(&on.store.decide(decide(on, &run.brief(), 1, "usr_ada", "approve")).await));
    assert!(is_stale(&on.store.decide(decide(on, &run.brief(), 2, "usr_ada", "approve")).await), "nobody waits for it");
    assert_eq!(on.store.run(&run.run).await.unwrap().state, RunState::Cancelled);
}
