//! Lists: filtered, newest first, and paged without losing or doubling anything.

use super::fixture::Fixture;
use super::on_both;
use super::samples::{accept, advance, claim, decide, in_review, node, of_pilot};
use crate::domain::id::RequestId;
use crate::store::{BriefFilter, Next, RequestFilter, RunFilter, StoreError};

on_both!(
    lists_are_paged_newest_first,
    requests_are_filtered,
    briefs_and_runs_are_filtered,
    what_is_not_there_is_said,
    the_store_answers_a_ping
);

async fn lists_are_paged_newest_first(on: &Fixture) {
    let mut made = Vec::new();
    for number in 0..25 {
        on.clock.turn(1);
        let out = on.store.accept(accept(on, &format!("k{number}"), &format!("text {number}"))).await.unwrap();
        made.push(out.request().clone());
    }
    made.reverse();
    let mut seen: Vec<RequestId> = Vec::new();
    let mut filter = RequestFilter { limit: 10, ..RequestFilter::default() };
    let mut pages = Vec::new();
    loop {
        let page = on.store.requests(&filter).await.unwrap();
        pages.push(page.items.len());
        seen.extend(page.items.into_iter().map(|view| view.request.id));
        match page.next {
            Some(next) => filter.after = Some(next),
            None => break,
        }
    }
    assert_eq!((seen, pages), (made, vec![10, 10, 5]));
    // A page that is exactly full has nothing after it.
    let page = on.store.requests(&RequestFilter { limit: 25, ..RequestFilter::default() }).await.unwrap();
    assert_eq!((page.items.len(), page.next), (25, None));
}

async fn requests_are_filtered(on: &Fixture) {
    let waiting = in_review(on, "k1").await;
    let decided = in_review(on, "k2").await;
    on.store.decide(decide(on, &decided.brief(), 1, "usr_ada", "approve")).await.unwrap();
    let run = claim(on, &node(on), 1).await.pop().unwrap();
    on.store.advance(advance(on, &run, Next::Completed)).await.unwrap();
    on.store.accept(of_pilot(accept(on, "k3", "other"), "south", 1)).await.unwrap();
    let list = async |pilot: Option<&str>, source: Option<&str>, state: Option<&str>| {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let filter = RequestFilter {
            pilot: own(pilot),
            source: own(source),
            state: own(state),
            limit: 10,
            ..RequestFilter::default()
        };
        on.store.requests(&filter).await.unwrap().items
    };
    assert_eq!(list(None, None, None).await.len(), 3);
    assert_eq!(list(Some("south"), None, None).await.len(), 1);
    assert_eq!(list(None, Some("folder"), None).await.len(), 0);
    assert_eq!(list(Some("north"), Some("website"), None).await.len(), 2);
    for (state, id) in [("in_review", &waiting.request.id), ("decided", &decided.request.id)] {
        let found = list(None, None, Some(state)).await;
        assert_eq!((found.len(), &found[0].request.id, found[0].state), (1, id, state));
    }
    assert_eq!(list(None, None, Some("queued")).await[0].request.pilot, "south");
    assert!(list(None, None, Some("failed")).await.is_empty());
}

async fn briefs_and_runs_are_filtered(on: &Fixture) {
    let mut runs = Vec::new();
    for key in ["k1", "k2", "k3", "k4", "k5"] {
        runs.push(in_review(on, key).await);
    }
    for (run, verdict) in runs.iter().zip(["approve", "minor", "reject", "major"]) {
        on.store.decide(decide(on, &run.brief(), 1, "usr_ada", verdict)).await.unwrap();
    }
    let briefs = async |state: Option<&str>| {
        let filter = BriefFilter { state: state.map(str::to_owned), limit: 10, ..BriefFilter::default() };
        on.store.briefs(&filter).await.unwrap().items.len()
    };
    assert_eq!((briefs(None).await, briefs(Some("undecided")).await, briefs(Some("approved")).await), (5, 3, 1));
    let south = BriefFilter { pilot: Some("south".into()), limit: 10, ..BriefFilter::default() };
    assert!(on.store.briefs(&south).await.unwrap().items.is_empty());
    let first = on.store.briefs(&BriefFilter { limit: 2, ..BriefFilter::default() }).await.unwrap();
    let rest = on.store.briefs(&BriefFilter { limit: 10, after: first.next, ..BriefFilter::default() }).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (2, 3, None));
    let runs = async |state: Option<&str>| {
        let filter = RunFilter { state: state.map(str::to_owned), limit: 10, ..RunFilter::default() };
        on.store.runs(&filter).await.unwrap().items.len()
    };
    assert_eq!((runs(None).await, runs(Some("available")).await, runs(Some("pending")).await), (5, 3, 2));
    let tally = on.store.tally().await.unwrap();
    assert_eq!((tally.requests, tally.available, tally.undecided), (5, 3, 3));
    assert!(tally.oldest_undecided.is_some() && tally.oldest_available.is_some());
}

async fn what_is_not_there_is_said(on: &Fixture) {
    let id = RequestId::new(on.now(), [9; 10]);
    assert!(matches!(on.store.request(&id).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(on.store.run(&id.run()).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(on.store.brief(&id.brief()).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(on.store.review(&id.brief()).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(on.store.blob("none").await, Err(StoreError::NotFound { .. })));
    assert!(on.store.receipts_of("none").await.unwrap().is_empty());
}

async fn the_store_answers_a_ping(on: &Fixture) {
    on.store.ping().await.unwrap();
}
