//! The room over real verbs: what is planted looks like any other, at places that the rate allows, with one fault.

use super::{Attention, is_due};
use crate::brief::{Content, Fault, remains};
use crate::clock::Clock;
use crate::domain::pilot::{Pilot, Pilots};
use crate::policy::{Grant, Policies, PolicySet, Principal, Role};
use crate::screen::{Boundary, BoundaryOptions};
use crate::store::conformance::Fixture;
use crate::store::conformance::samples::{DEFINITION, claim, decide, in_review, node};
use crate::store::{AttentionRow, Request};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn room(on: &Fixture) -> Attention {
    let boundary: BTreeMap<String, Boundary> =
        [("north".to_owned(), Boundary::from_options(&BoundaryOptions::default(), "test").unwrap())].into();
    let starts = [("generate-brief".to_owned(), (DEFINITION.to_owned(), "draft".to_owned()))].into();
    let policies = Policies::new(PolicySet::embedded());
    let clock = Arc::clone(&on.clock) as Arc<dyn Clock>;
    Attention::new(on.store.clone(), policies, Pilots::new(vec![Pilot::sample()]), Arc::new(boundary), starts, clock)
}

fn person(role: Role) -> Principal {
    Principal::user("usr_ada", "ada", vec![Grant { role, scope: "all".parse().unwrap() }])
}

/// What is planted now; nothing when it is not the turn.
async fn next(on: &Fixture, room: &Attention) -> Option<Arc<Request>> {
    room.tend_once().await.unwrap();
    claim(on, &node(on), 1).await.pop().map(|run| run.request)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_drafts_have_one_fault_and_look_like_the_pilots_own() {
    let on = Fixture::sqlite().await;
    let room = room(&on);
    room.on(&person(Role::Owner), "north", 20, "is review real").await.unwrap();
    let (mut faults, mut planted) = (BTreeSet::new(), 0);
    for number in 0..60 {
        on.clock.turn(60);
        in_review(&on, &format!("k{number}")).await;
        let Some(request) = next(&on, &room).await else { continue };
        planted += 1;
        let plant = request.planted.as_ref().unwrap();
        let content = Content::from_json(plant.content.as_bytes()).unwrap();
        let probe = on.store.probe_of(&request.id.brief()).await.unwrap().unwrap();
        let fault = Fault::parse(&probe.fault).unwrap();
        assert!(remains(&content, fault, &probe.trace), "{fault:?}");
        if fault != Fault::WrongUrgency {
            assert!(!request.text.contains(&probe.trace), "the request bears it out: {}", probe.trace);
        }
        faults.insert(probe.fault);
        assert_eq!((request.pilot.as_str(), request.submitter.as_deref()), ("north", None));
    }
    // One in five: of sixty, twelve; where the last falls is chance.
    assert!((11..=12).contains(&planted), "{planted}");
    assert!(faults.len() >= 3, "{faults:?}");
    on.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_approved_request_is_the_model_and_is_used_once() {
    let on = Fixture::sqlite().await;
    let room = room(&on);
    let earlier = in_review(&on, "earlier").await;
    on.store.decide(decide(&on, &earlier.brief(), 1, "usr_ada", "approve")).await.unwrap();
    assert_eq!(claim(&on, &node(&on), 5).await.len(), 1, "its run goes on");
    on.clock.turn(3600);
    room.on(&person(Role::Owner), "north", 20, "is review real").await.unwrap();
    let mut texts = Vec::new();
    for number in 0..10 {
        on.clock.turn(60);
        in_review(&on, &format!("k{number}")).await;
        texts.extend(next(&on, &room).await.map(|request| (request.text.clone(), request.source.clone())));
    }
    assert_eq!(texts.len(), 2);
    assert_eq!(texts[0], ("text of earlier".to_owned(), "website".to_owned()));
    assert_ne!(texts[1].0, "text of earlier");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decided_lately_is_no_model_and_a_model_lends_its_form() {
    let on = Fixture::sqlite().await;
    let room = room(&on);
    for (name, hours) in [("old", 80), ("of the week", 20), ("a moment ago", 0)] {
        let earlier = in_review(&on, name).await;
        on.store.decide(decide(&on, &earlier.brief(), 1, "usr_ada", "approve")).await.unwrap();
        assert_eq!(claim(&on, &node(&on), 5).await.len(), 1, "its run goes on");
        on.clock.turn(hours * 3600);
    }
    // What came before it is on does not count towards the next.
    on.clock.turn(1);
    room.on(&person(Role::Owner), "north", 20, "is review real").await.unwrap();
    let mut made = Vec::new();
    for number in 0..15 {
        on.clock.turn(10);
        in_review(&on, &format!("k{number}")).await;
        made.extend(next(&on, &room).await);
    }
    let texts: Vec<&str> = made.iter().map(|request| request.text.as_str()).collect();
    assert_eq!(texts[..2], ["text of old", "text of of the week"]);
    assert!(texts.len() == 3 && texts[2] != "text of a moment ago", "{texts:?}");
    // As its model came.
    let model = on.store.requests(&crate::store::RequestFilter { limit: 100, ..Default::default() }).await.unwrap();
    let model = model.items.iter().find(|view| view.request.text == "text of old" && view.request.id != made[0].id);
    let model = &model.unwrap().request;
    assert_eq!(made[0].media_type, model.media_type);
    assert_eq!(made[0].external_id.is_some(), model.external_id.is_some());
    let (one, other) = (on.store.raw(model).await.unwrap(), on.store.raw(&made[0]).await.unwrap());
    assert_eq!(one[0], other[0], "bytes of the same form");
    assert_ne!(model.raw, made[0].raw);
    on.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_alone_switch_it_and_see_what_it_came_to() {
    let on = Fixture::sqlite().await;
    let room = room(&on);
    for role in [Role::Reviewer, Role::Operator, Role::Viewer] {
        assert!(room.on(&person(role), "north", 5, "x").await.is_err(), "{role:?}");
        assert!(room.shown(&person(role), "north", Timestamp::UNIX_EPOCH).await.is_err(), "{role:?}");
    }
    let owner = person(Role::Owner);
    for (percent, reason) in [(0, "x"), (21, "x"), (5, " "), (5, &*"x".repeat(501))] {
        assert!(room.on(&owner, "north", percent, reason).await.is_err());
    }
    assert!(room.on(&owner, "south", 5, "x").await.is_err());
    let on_now = room.on(&owner, "north", 5, "is it real").await.unwrap();
    assert_eq!((on_now.percent, on_now.reason.as_str()), (5, "is it real"));
    let shown = room.shown(&owner, "north", Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(shown.on.map(|on| on.percent), Some(5));
    room.off(&owner, "north").await.unwrap();
    assert_eq!(room.shown(&owner, "north", Timestamp::UNIX_EPOCH).await.unwrap().on, None);
}

#[test]
fn of_each_share_of_briefs_one_place_is_a_checks() {
    let on = |percent| AttentionRow {
        pilot: "north".into(),
        number: 1,
        percent,
        reason: String::new(),
        seed: vec![7; 32],
        person: String::new(),
        at: Timestamp::UNIX_EPOCH,
    };
    for percent in [1, 3, 5, 20] {
        let (mut planted, mut places) = (0, BTreeSet::new());
        for real in 1..=1000 {
            if is_due(&on(percent), real, planted) {
                places.insert((real - 1) % (100 / percent));
                planted += 1;
            }
        }
        let among = 100 / percent;
        assert!((1000 / among - 1..=1000 / among + 1).contains(&planted), "{percent}: {planted}");
        assert!(places.len() > 2, "they can be foreseen: {places:?}");
    }
}
