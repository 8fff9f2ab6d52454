//! What is on file about a pilot's writing: flags with one person and with two, statements, pauses, and the figures made from rows.

use super::fixture::Fixture;
use super::on_both;
use super::samples::{decide, edit, in_review};
use super::writeback::{
    approved, blocked, claim, done, new, opened, proven, refused, right, say, sending, settle, state, turn,
};
use crate::domain::id::WriteId;
use crate::domain::writeback::{FlagState, Ramp, StatementKind, WriteState};
use crate::store::{
    AddStatement, FlagChange, PauseWriting, PausedBy, PilotFigures, ResumeWriting, StoreError, TurnFlag, UndoWrite,
    WriteOutcome,
};
use serde_json::json;
use std::time::Duration;

on_both!(
    one_person_turns_a_flag_where_one_suffices,
    a_second_person_turns_it_on_by_saying_the_very_same,
    the_last_statement_counts,
    what_was_kept_back_by_a_pause_is_due_again_when_nothing_else_stops_it,
    figures_are_counted_from_rows,
);

async fn one_person_turns_a_flag_where_one_suffices(on: &Fixture) {
    assert!(on.store.standing("north").await.unwrap().flags.is_empty());
    let off =
        on.store.turn_flag(TurnFlag { change: FlagChange::Off, ..turn(on, "crm", "usr_ada", false) }).await.unwrap();
    assert_eq!(off.state, FlagState::Off, "off what never was on");
    let flag = on.store.turn_flag(turn(on, "crm", "usr_ada", false)).await.unwrap();
    assert_eq!((flag.state, flag.proposed_by.as_str(), &flag.confirmed_by), (FlagState::On, "usr_ada", &None));
    let past = FlagChange::On { until: on.now(), ramp: Ramp::FULL };
    let out = on.store.turn_flag(TurnFlag { change: past, ..turn(on, "crm", "usr_ada", false) }).await;
    assert!(matches!(out, Err(StoreError::Conflict { .. })), "{out:?}");
    let change = FlagChange::On { until: on.in_secs(60), ramp: Ramp::new(15).unwrap() };
    on.store.turn_flag(TurnFlag { change, ..turn(on, "crm", "usr_bob", false) }).await.unwrap();
    on.store.turn_flag(turn(on, "desk", "usr_ada", false)).await.unwrap();
    let other = TurnFlag { pilot: "south".into(), ..turn(on, "crm", "usr_ada", false) };
    on.store.turn_flag(other).await.unwrap();
    let flags = on.store.standing("north").await.unwrap().flags;
    let seen: Vec<_> = flags.iter().map(|flag| (flag.sink.as_str(), flag.ramp.percent(), flag.until)).collect();
    assert_eq!(seen, [("crm", 15, on.in_secs(60)), ("desk", 100, on.in_secs(3600))]);
    assert_eq!(on.store.standings().await.unwrap().keys().collect::<Vec<_>>(), ["north", "south"]);
    let kinds = on.verify().await;
    assert_eq!((kinds["flag.on"], kinds["flag.off"]), (4, 1));
}

async fn a_second_person_turns_it_on_by_saying_the_very_same(on: &Fixture) {
    let says = async |person: &str, percent: u32| {
        let change = FlagChange::On { until: on.in_secs(3600), ramp: Ramp::new(percent).unwrap() };
        on.store.turn_flag(TurnFlag { change, ..turn(on, "crm", person, true) }).await
    };
    let flags = async || on.store.standing("north").await.unwrap().flags;
    assert_eq!(says("usr_ada", 5).await.unwrap().state, FlagState::Proposed);
    let same = says("usr_ada", 5).await;
    assert!(matches!(same, Err(StoreError::Conflict { .. })), "one person is one: {same:?}");
    assert_eq!(says("usr_bob", 15).await.unwrap().state, FlagState::Proposed, "that is another proposal");
    assert!(says("usr_bob", 15).await.is_err(), "of one's own");
    let flag = says("usr_ada", 15).await.unwrap();
    assert_eq!((flag.state, flag.ramp.percent()), (FlagState::On, 15));
    assert_eq!((flag.proposed_by.as_str(), flag.confirmed_by.as_deref()), ("usr_bob", Some("usr_ada")));
    assert_eq!(flags().await, std::slice::from_ref(&flag));
    // While more is proposed, what is in force stays in force, and the gate asks it first.
    let more = says("usr_ada", 50).await.unwrap();
    assert_eq!(flags().await, [flag, more]);
    let flag = says("usr_cyd", 50).await.unwrap();
    assert_eq!(flags().await, [flag]);
    // Off ends it and whatever is proposed; a proposal says more than what is off.
    says("usr_ada", 100).await.unwrap();
    on.store.turn_flag(TurnFlag { change: FlagChange::Off, ..turn(on, "crm", "usr_bob", true) }).await.unwrap();
    assert_eq!(flags().await.iter().map(|flag| flag.state).collect::<Vec<_>>(), [FlagState::Off]);
    assert_eq!(says("usr_cyd", 100).await.unwrap().state, FlagState::Proposed, "what was proposed fell");
    assert_eq!(flags().await.iter().map(|flag| flag.state).collect::<Vec<_>>(), [FlagState::Proposed]);
    let kinds = on.verify().await;
    assert_eq!((kinds["flag.proposed"], kinds["flag.on"], kinds["flag.off"]), (5, 2, 1));
}

async fn the_last_statement_counts(on: &Fixture) {
    for kind in [StatementKind::Go, StatementKind::RollbackPlan, StatementKind::NoGo, StatementKind::Exception] {
        on.store.add_statement(say(on, kind)).await.unwrap();
        on.clock.turn(1);
    }
    let until = Some(on.in_secs(60));
    let second = AddStatement { text: "restore the export".into(), until, ..say(on, StatementKind::RollbackPlan) };
    on.store.add_statement(second).await.unwrap();
    let standing = on.store.standing("north").await.unwrap();
    assert_eq!(standing.go.unwrap().kind, StatementKind::NoGo);
    let plan = standing.rollback_plan.unwrap();
    assert_eq!((plan.text.as_str(), plan.until, plan.by.as_str()), ("restore the export", until, "usr_ada"));
    assert_eq!((plan.terms.as_str(), standing.exception.unwrap().until), ("t0", None));
    let past = AddStatement { until: Some(on.now()), ..say(on, StatementKind::Go) };
    assert!(matches!(on.store.add_statement(past).await, Err(StoreError::Conflict { .. })));
    let all = on.store.statements("north", 10).await.unwrap();
    assert_eq!((all.len(), all[0].text.as_str(), all[4].kind), (5, "restore the export", StatementKind::Go));
    let kinds = on.verify().await;
    for (kind, count) in [("pilot.go", 1), ("pilot.no_go", 1), ("pilot.exception", 1), ("pilot.rollback_plan", 2)] {
        assert_eq!(kinds[kind], count, "{kind}");
    }
}

fn paused(on: &Fixture, sink: Option<&str>, by: PausedBy) -> PauseWriting {
    let (pilot, tenant) = ("north".into(), "acme".into());
    PauseWriting { pilot, tenant, sink: sink.map(str::to_owned), reason: "too many".into(), by, at: on.now() }
}

fn person() -> PausedBy {
    PausedBy::Person { person: "usr_bob".into(), permit: right() }
}

fn trigger() -> PausedBy {
    PausedBy::Trigger { name: "errors".into(), figure: "3 of 10".into() }
}

fn resume(on: &Fixture, sink: Option<&str>) -> ResumeWriting {
    ResumeWriting {
        pilot: "north".into(),
        tenant: "acme".into(),
        sink: sink.map(str::to_owned),
        person: "usr_ada".into(),
        permit: right(),
        at: on.now(),
    }
}

async fn what_was_kept_back_by_a_pause_is_due_again_when_nothing_else_stops_it(on: &Fixture) {
    opened(on).await;
    approved(on, "k1", (0..3).map(|place| new(on, &format!("k{place}"), &format!("deal/{place}"), place)).collect())
        .await;
    assert!(on.store.pause_writing(paused(on, None, trigger())).await.unwrap());
    assert!(!on.store.pause_writing(paused(on, None, person())).await.unwrap(), "it is paused");
    assert!(on.store.pause_writing(paused(on, Some("crm"), person())).await.unwrap());
    let pauses = on.store.standing("north").await.unwrap().pauses;
    let seen: Vec<_> = pauses.iter().map(|pause| (pause.sink.as_deref(), pause.by.as_deref())).collect();
    assert_eq!(seen, [(None, None), (Some("crm"), Some("usr_bob"))]);
    let claimed = claim(on, 10).await;
    for (write, code) in claimed.iter().zip(["OP-7607", "OP-7607", "OP-7605"]) {
        settle(on, write, blocked(code)).await.unwrap();
    }
    let of = |number: usize| -> &WriteId { &claimed[number].id };
    assert_eq!(on.store.resume_writing(resume(on, None)).await.unwrap(), 0, "the sink is still paused");
    assert_eq!(state(on, of(0)).await, WriteState::Blocked);
    let again = on.store.resume_writing(resume(on, None)).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    assert_eq!(on.store.resumed_at("north", None).await.unwrap(), Some(on.now()));
    assert_eq!(on.store.resumed_at("north", Some("crm")).await.unwrap(), None);
    assert_eq!(on.store.resume_writing(resume(on, Some("crm"))).await.unwrap(), 2);
    let states = [state(on, of(0)).await, state(on, of(1)).await, state(on, of(2)).await];
    assert_eq!(states, [WriteState::Waiting, WriteState::Waiting, WriteState::Blocked], "what else stops stays");
    let aside = on.store.writes_aside().await.unwrap();
    assert_eq!(
        (aside.len(), aside[0].sink.as_str(), aside[0].state, aside[0].count),
        (1, "crm", WriteState::Blocked, 1)
    );
    assert!(on.store.standing("north").await.unwrap().pauses.is_empty());
    assert!(on.store.pause_writing(paused(on, None, trigger())).await.unwrap(), "it can be paused anew");
    let kinds = proven(on).await;
    assert_eq!((kinds["writing.paused"], kinds["writing.resumed"]), (3, 2));
}

async fn figures_are_counted_from_rows(on: &Fixture) {
    opened(on).await;
    let begun = on.now();
    let empty = on.store.write_figures("north", None, begun).await.unwrap();
    assert_eq!((empty.done, empty.latency_p95), (0, None));
    // Four are decided on: one rejected, one edited before it was approved, two approved as drafted; one is open.
    let (rejected, edited) = (in_review(on, "k1").await, in_review(on, "k2").await);
    let (plain, open) = (in_review(on, "k3").await, in_review(on, "k4").await);
    let news = (0..4).map(|place| new(on, &format!("k{place}"), &format!("deal/{place}"), place)).collect();
    approved(on, "k5", news).await;
    on.store.decide(decide(on, &rejected.brief(), 1, "usr_ada", "reject")).await.unwrap();
    on.store.edit(edit(on, &edited.brief(), 1, 2, "by hand")).await.unwrap();
    on.store.decide(decide(on, &edited.brief(), 2, "usr_ada", "approve")).await.unwrap();
    on.store.decide(decide(on, &plain.brief(), 1, "usr_ada", "approve")).await.unwrap();
    on.store.edit(edit(on, &open.brief(), 1, 2, "by hand")).await.unwrap();
    let figures = on.store.pilot_figures("north", begun).await.unwrap();
    assert_eq!(figures, PilotFigures { reviewed: 4, approved: 3, edited: 1, rejected: 1, ..PilotFigures::default() });
    // Two are written after 7 and 9 seconds, one is refused, of one nobody knows.
    let mut written = Vec::new();
    for wait in [7, 2] {
        on.clock.turn(wait);
        let write = sending(on).await;
        settle(on, &write, done("n1")).await.unwrap();
        written.push(write);
    }
    settle(on, &sending(on).await, refused()).await.unwrap();
    settle(on, &sending(on).await, super::writeback::uncertain()).await.unwrap();
    let figures = on.store.write_figures("north", Some("crm"), begun).await.unwrap();
    assert_eq!((figures.done, figures.written, figures.refused, figures.uncertain), (4, 2, 1, 1));
    assert_eq!((figures.latency_p95, figures.cost.get()), (Some(Duration::from_secs(9)), 0));
    assert_eq!(on.store.write_figures("north", Some("desk"), begun).await.unwrap(), empty);
    // Taken back after it was found different, and again by force: one incident; the refusal another; the trigger a third.
    let back = |forced| UndoWrite {
        id: WriteId::new(on.now(), on.store.chance()),
        of: written[0].id.clone(),
        write: written[0].write.clone(),
        forced,
        person: "usr_bob".into(),
        permit: right(),
        at: on.now(),
    };
    on.store.undo_write(back(false)).await.unwrap();
    let first = claim(on, 1).await.pop().unwrap();
    let differs = WriteOutcome::Differs { now: json!({}), code: "OP-7639".into(), message: "so".into() };
    settle(on, &first, differs).await.unwrap();
    on.store.undo_write(back(true)).await.unwrap();
    settle(on, &sending(on).await, done("n1")).await.unwrap();
    on.store.pause_writing(paused(on, None, trigger())).await.unwrap();
    on.store.pause_writing(paused(on, Some("crm"), person())).await.unwrap();
    assert_eq!(on.store.pilot_figures("north", begun).await.unwrap().incidents, 3);
    let figures = on.store.write_figures("north", None, begun).await.unwrap();
    assert_eq!((figures.done, figures.written, figures.undone), (4, 2, 1), "an undo is none of them");
    on.clock.turn(1);
    let later = on.store.pilot_figures("north", on.now()).await.unwrap();
    assert_eq!(later, PilotFigures::default());
    assert_eq!(on.store.write_figures("north", None, on.now()).await.unwrap(), empty);
}
