//! Attention checks: switching on and off, planting once for a turn, and that what is planted counts nowhere and is written nowhere.

use super::fixture::Fixture;
use super::on_both;
use super::samples::{accept, advance, claim, decide, draft, in_review, node, permit, review_of};
use super::writeback::{approves, new};
use crate::domain::id::ProbeId;
use crate::policy::{Action, Kind};
use crate::store::{Advance, AttentionChange, ClaimedRun, Plant, PlantProbe, ProbeOutcome, StoreError, TurnAttention};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

on_both!(
    checks_are_on_until_somebody_ends_them,
    one_is_planted_for_a_turn_and_is_known_to_who_drafts_alone,
    what_is_planted_counts_nowhere_and_is_written_nowhere,
);

fn turn(on: &Fixture, change: AttentionChange) -> TurnAttention {
    TurnAttention {
        pilot: "north".into(),
        tenant: "acme".into(),
        change,
        person: "usr_ada".into(),
        permit: permit(Action::AttentionManage, Kind::Pilot, "north"),
        at: on.now(),
    }
}

fn wanted(percent: u32) -> AttentionChange {
    AttentionChange::On { percent, reason: "is review real".into(), seed: [u8::try_from(percent).unwrap(); 32] }
}

fn probe(on: &Fixture, key: &str, number: u32, turn: u32) -> PlantProbe {
    let mut accept = accept(on, key, &format!("text of {key}"));
    let plant = Plant { content: "{\"planted\":1}".into(), generator: "{\"kind\":\"embedded\"}".into() };
    Arc::make_mut(&mut accept.request).planted = Some(Arc::new(plant));
    let id = ProbeId::new(on.now(), on.store.chance());
    PlantProbe {
        id,
        accept,
        number,
        turn,
        model: String::new(),
        fault: "missing_link",
        trace: "https://x.example".into(),
    }
}

/// A planted draft that waits for people.
async fn planted(on: &Fixture, key: &str, turn: u32) -> (ProbeId, ClaimedRun) {
    let probe = probe(on, key, 1, turn);
    let (id, request) = (probe.id.clone(), probe.accept.request.id.clone());
    assert!(on.store.plant_probe(probe).await.unwrap());
    // Those that were decided before go on as well.
    let found = claim(on, &node(on), 9).await.into_iter().find(|run| run.request.id == request);
    let run = found.unwrap();
    assert!(run.request.planted.is_some(), "who drafts must know");
    let acts = vec![draft(&run, 1, 1, &format!("brief of {key}"))];
    on.store.advance(Advance { acts, ..advance(on, &run, review_of(&run)) }).await.unwrap();
    (id, run)
}

/// A pilot whose reviewers were checked: `seen` of `planted` bad drafts.
pub(crate) async fn checked(on: &Fixture, planted_drafts: u32, seen: u32) {
    on.store.turn_attention(turn(on, wanted(5))).await.unwrap();
    for number in 0..planted_drafts {
        let (id, run) = planted(on, &format!("check {number}"), number).await;
        let caught = number < seen;
        let mut decision = decide(on, &run.brief(), 1, "usr_ada", if caught { "reject" } else { "approve" });
        decision.probe = Some(ProbeOutcome { probe: id, fault: "missing_link".into(), caught, took: 1 });
        on.store.decide(decision).await.unwrap();
    }
}

async fn checks_are_on_until_somebody_ends_them(on: &Fixture) {
    let off = on.store.turn_attention(turn(on, AttentionChange::Off)).await;
    assert!(matches!(off, Err(StoreError::Conflict { .. })), "{off:?}");
    on.store.turn_attention(turn(on, wanted(5))).await.unwrap();
    on.store.turn_attention(turn(on, wanted(10))).await.unwrap();
    let found = on.store.attention(None).await.unwrap();
    let seen: Vec<_> = found.iter().map(|row| (row.pilot.as_str(), row.number, row.percent, row.seed.len())).collect();
    assert_eq!(seen, [("north", 2, 10, 32)]);
    assert!(on.store.attention(Some("south")).await.unwrap().is_empty());
    on.store.turn_attention(turn(on, AttentionChange::Off)).await.unwrap();
    assert!(on.store.attention(None).await.unwrap().is_empty());
    let kinds = on.verify().await;
    assert_eq!((kinds["attention.on"], kinds["attention.off"]), (2, 1));
    let told = on.store.receipts_of("pilot:north").await.unwrap();
    let body = |place: usize| serde_json::from_slice::<serde_json::Value>(&told[place].bytes).unwrap()["body"].clone();
    let sealed = |seed: u8| opspilot_sdk::sha256_hex(&[seed; 32]);
    assert_eq!(body(1)["seed_digest"], sealed(10), "where checks fall is fixed before they do");
    assert_eq!(body(1)["seed_before"], "05".repeat(32));
    assert_eq!(body(2)["seed"], "0a".repeat(32), "and can be looked up after");
}

async fn one_is_planted_for_a_turn_and_is_known_to_who_drafts_alone(on: &Fixture) {
    assert!(!on.store.plant_probe(probe(on, "early", 1, 0)).await.unwrap(), "nobody wants it");
    on.store.turn_attention(turn(on, wanted(5))).await.unwrap();
    // Two daemons have the same thought.
    let (one, two) =
        tokio::join!(on.store.plant_probe(probe(on, "a", 1, 0)), on.store.plant_probe(probe(on, "b", 1, 0)));
    assert_eq!(u32::from(one.unwrap()) + u32::from(two.unwrap()), 1);
    let on_now = on.store.attention(None).await.unwrap().pop().unwrap();
    assert_eq!(on.store.attention_count(&on_now).await.unwrap(), (0, 1));
    let run = claim(on, &node(on), 5).await.pop().unwrap();
    let view = on.store.request(&run.request.id).await.unwrap();
    assert_eq!(view.request.planted, None, "whoever reads a request is not told");
    let told = on.store.receipts_of(run.request.id.as_str()).await.unwrap();
    let words = told.iter().map(|receipt| String::from_utf8_lossy(&receipt.bytes).into_owned()).collect::<String>();
    assert!(!words.contains("probe") && !words.contains("attention") && !words.contains("plant"), "{words}");
    let mark = probe(on, "unmarked", 1, 1);
    let mut accept = mark.accept.clone();
    Arc::make_mut(&mut accept.request).planted = None;
    assert!(
        on.store.plant_probe(PlantProbe { accept, ..mark }).await.is_err(),
        "without its mark it would be a real one"
    );
    on.store.turn_attention(turn(on, AttentionChange::Off)).await.unwrap();
    assert!(!on.store.plant_probe(probe(on, "late", 1, 2)).await.unwrap());
}

async fn what_is_planted_counts_nowhere_and_is_written_nowhere(on: &Fixture) {
    on.store.turn_attention(turn(on, wanted(5))).await.unwrap();
    let since = on.now();
    let real = in_review(on, "real").await;
    on.store.decide(decide(on, &real.brief(), 1, "usr_ada", "approve")).await.unwrap();
    let (missed, run) = planted(on, "missed", 0).await;
    assert!(on.store.brief(&run.brief()).await.unwrap().planted);
    assert!(!on.store.brief(&real.brief()).await.unwrap().planted);
    // Even who asks for it cannot have it written.
    let mut decision = decide(on, &run.brief(), 1, "usr_bob", "approve");
    decision.approves = approves("p1", vec![new(on, "k1", "r1", 0)]);
    let refused = on.store.decide(decision).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    on.clock.turn(60);
    let mut decision = decide(on, &run.brief(), 1, "usr_bob", "approve");
    let outcome = |probe: &ProbeId, caught| ProbeOutcome {
        probe: probe.clone(),
        fault: "missing_link".into(),
        caught,
        took: 60_000_000,
    };
    decision.probe = Some(outcome(&missed, false));
    on.store.decide(decision).await.unwrap();
    let (caught, run) = planted(on, "caught", 1).await;
    let mut decision = decide(on, &run.brief(), 1, "usr_ada", "reject");
    decision.probe = Some(outcome(&caught, true));
    on.store.decide(decision).await.unwrap();
    let (_, open) = planted(on, "open", 2).await;
    // What waits counts it as the queue does, until it is decided.
    let waiting: u64 = on.store.backlog_since("north", [Timestamp::UNIX_EPOCH; 6]).await.unwrap().iter().sum();
    assert_eq!(waiting, 1);
    let figures = on.store.pilot_figures("north", since).await.unwrap();
    assert_eq!((figures.reviewed, figures.approved, figures.rejected), (1, 1, 0));
    assert_eq!((figures.planted, figures.caught), (2, 1));
    let week =
        on.store.week("north", &[], Timestamp::MIN + SignedDuration::from_hours(48), on.in_secs(3600)).await.unwrap();
    assert_eq!((week.arrived.len(), week.drafted.len(), week.decided.len(), week.waiting.len()), (1, 1, 1, 0));
    let decided = on.store.probes_decided("north", since).await.unwrap();
    let seen: Vec<_> = decided
        .iter()
        .filter_map(|row| row.decided.as_ref())
        .map(|made| (made.person.as_str(), made.caught, made.took.as_secs()))
        .collect();
    assert_eq!(seen, [("usr_bob", false, 60), ("usr_ada", true, 60)]);
    let waits = on.store.probe_of(&open.brief()).await.unwrap().unwrap();
    assert_eq!((waits.decided, waits.trace.as_str()), (None, "https://x.example"));
    assert_eq!(
        on.store.attention_models("north", on.now() + SignedDuration::from_secs(1)).await.unwrap(),
        [real.brief()]
    );
    assert_eq!(on.verify().await["attention.decided"], 2);
}
