//! Schedules, reports and reminders: one row for each slot, one firing for each row, one reminder for each person and turn; and none of them
//! touches a decision.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{accept, claim, decide, edit, in_review, node, permit};
use crate::domain::id::{NodeId, ReportId};
use crate::policy::{Action, Kind};
use crate::store::{
    Belongs, FallDue, FireSlot, Hand, NewReport, Nudge, PutBackSlot, SetSchedule, SlotRow, Store, TakeSlot,
    report_digest,
};

on_both!(
    a_schedule_is_known_once_and_begins_anew_when_it_changes,
    a_slot_falls_due_once,
    of_two_daemons_one_fires,
    a_slot_of_a_dead_daemon_is_fired_by_another,
    a_period_has_one_report_for_ever,
    what_fails_is_tried_again_and_then_given_up,
    a_person_hears_once_of_each_turn,
    a_week_is_counted_from_its_rows
);

fn set(on: &Fixture, pattern: &str) -> SetSchedule {
    SetSchedule { name: "weekly".into(), pattern: pattern.into(), zone: "Europe/Berlin".into(), at: on.now() }
}

fn due(on: &Fixture, key: &str) -> FallDue {
    FallDue {
        schedule: "weekly".into(),
        key: key.into(),
        kind: "weekly_report",
        pilot: "north".into(),
        tenant: "acme".into(),
        due_at: on.now(),
        wall: key.into(),
        late: false,
        passed_over: false,
        by_hand: None,
        at: on.now(),
    }
}

async fn take(on: &Fixture, store: &Store, node: &NodeId) -> Option<SlotRow> {
    let take = TakeSlot { node: node.clone(), only: None, until: on.in_secs(60), at: on.now() };
    store.take_slot(take).await.unwrap()
}

fn report(on: &Fixture, period: &str, text: &str) -> NewReport {
    NewReport {
        id: ReportId::new(on.now(), on.store.chance()),
        period: period.into(),
        from: on.now(),
        until: on.in_secs(7 * 86_400),
        digest: report_digest(text, "<p>", "{}"),
        subject: "Weekly report".into(),
        text: text.into(),
        html: "<p>".into(),
        figures: "{}".into(),
    }
}

fn fire(on: &Fixture, slot: &SlotRow, node: &NodeId, report: Option<NewReport>) -> FireSlot {
    FireSlot { slot: slot.clone(), node: node.clone(), report, at: on.now() }
}

async fn a_schedule_is_known_once_and_begins_anew_when_it_changes(on: &Fixture) {
    on.store.set_schedule(set(on, "0 9 * * MON")).await.unwrap();
    let began = on.now();
    on.clock.turn(60);
    on.store.set_schedule(set(on, "0 9 * * MON")).await.unwrap();
    let known = on.store.schedules().await.unwrap();
    assert_eq!((known.len(), known[0].since, known[0].last_due), (1, began, None), "the same again changes nothing");
    assert!(on.store.fall_due(due(on, "k1")).await.unwrap());
    on.clock.turn(60);
    on.store.set_schedule(set(on, "0 9 * * TUE")).await.unwrap();
    let known = on.store.schedules().await.unwrap();
    assert_eq!((known[0].since, known[0].pattern.as_str()), (on.now(), "0 9 * * TUE"));
    assert!(known[0].last_due.unwrap() < known[0].since);
    assert_eq!(on.verify().await["schedule.set"], 2);
}

async fn a_slot_falls_due_once(on: &Fixture) {
    let other = on.another().await;
    let (one, two) = tokio::join!(on.store.fall_due(due(on, "k1")), other.fall_due(due(on, "k1")));
    assert!(one.unwrap() != two.unwrap(), "of two one makes the row");
    assert!(!on.store.fall_due(due(on, "k1")).await.unwrap());
    assert!(on.store.fall_due(due(on, "k2")).await.unwrap());
    let permit = permit(Action::ScheduleRun, Kind::Pilot, "north");
    let hand = Hand { person: "usr_ada".into(), permit };
    on.clock.turn(10);
    assert!(on.store.fall_due(FallDue { by_hand: Some(hand), ..due(on, "by hand") }).await.unwrap());
    let slots = on.store.slots("weekly", 10).await.unwrap();
    assert_eq!(slots.len(), 3);
    assert_eq!((slots[0].by_hand.as_deref(), slots[0].state.as_str()), (Some("usr_ada"), "due"));
    let told = on.verify().await;
    assert_eq!((told["schedule.due"], told["schedule.run"]), (2, 1));
    other.close().await;
}

async fn of_two_daemons_one_fires(on: &Fixture) {
    on.store.fall_due(due(on, "k1")).await.unwrap();
    let other = on.another().await;
    let nodes = [node(on), node(on)];
    let (one, two) = tokio::join!(take(on, &on.store, &nodes[0]), take(on, &other, &nodes[1]));
    assert!(one.is_some() != two.is_some(), "one takes it");
    let (winner, slot) = if let Some(slot) = one { (0, slot) } else { (1, two.unwrap()) };
    let loser = fire(on, &slot, &nodes[1 - winner], Some(report(on, "2026-W38", "of the loser")));
    assert!(is_stale(&on.store.fire_slot(loser).await));
    assert!(on.store.report("north", "weekly_report", None).await.unwrap().is_none(), "nothing of it is kept");
    let made = on.store.fire_slot(fire(on, &slot, &nodes[winner], Some(report(on, "2026-W38", "text")))).await.unwrap();
    let row = on.store.report("north", "weekly_report", Some("2026-W38")).await.unwrap().unwrap();
    assert_eq!((made.as_deref(), row.text.as_str()), (Some(row.id.as_str()), "text"));
    assert!(is_stale(&on.store.fire_slot(fire(on, &slot, &nodes[winner], None)).await), "fired is fired");
    assert!(take(on, &on.store, &nodes[0]).await.is_none());
    let slots = on.store.slots("weekly", 10).await.unwrap();
    assert_eq!((slots[0].state.as_str(), slots[0].made.clone()), ("fired", made));
    assert_eq!(on.verify().await["schedule.fired"], 1);
    other.close().await;
}

async fn a_slot_of_a_dead_daemon_is_fired_by_another(on: &Fixture) {
    on.store.fall_due(due(on, "k1")).await.unwrap();
    let (dead, other) = (node(on), node(on));
    let first = take(on, &on.store, &dead).await.unwrap();
    on.clock.turn(59);
    assert!(take(on, &on.store, &other).await.is_none(), "still being worked on");
    on.clock.turn(2);
    let second = take(on, &on.store, &other).await.unwrap();
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert!(is_stale(&on.store.fire_slot(fire(on, &first, &dead, None)).await), "the dead one is late");
    on.store.fire_slot(fire(on, &SlotRow { late: true, ..second }, &other, None)).await.unwrap();
    assert!(on.store.slots("weekly", 1).await.unwrap()[0].late, "what was late when it was fired stays marked");
}

async fn a_period_has_one_report_for_ever(on: &Fixture) {
    let worker = node(on);
    let mut made = Vec::new();
    for (key, text) in [("k1", "first"), ("k2", "second")] {
        on.store.fall_due(due(on, key)).await.unwrap();
        let slot = take(on, &on.store, &worker).await.unwrap();
        let fire = fire(on, &slot, &worker, Some(report(on, "2026-W38", text)));
        made.push(on.store.fire_slot(fire).await.unwrap().unwrap());
    }
    assert_eq!(made[0], made[1], "the second firing finds the first one's report");
    let all = on.store.reports("north", 10).await.unwrap().items;
    assert_eq!((all.len(), all[0].text.as_str()), (1, "first"));
    let told = on.verify().await;
    assert_eq!((told["report.made"], told["schedule.fired"]), (1, 2));
}

async fn what_fails_is_tried_again_and_then_given_up(on: &Fixture) {
    on.store.fall_due(due(on, "k1")).await.unwrap();
    let worker = node(on);
    let put = |slot: SlotRow, again| PutBackSlot {
        slot,
        node: worker.clone(),
        message: "no paper".into(),
        again,
        at: on.now(),
    };
    let slot = take(on, &on.store, &worker).await.unwrap();
    on.store.put_back_slot(put(slot.clone(), Some(on.in_secs(30)))).await.unwrap();
    assert!(is_stale(&on.store.put_back_slot(put(slot, None)).await), "it is put back already");
    assert!(take(on, &on.store, &worker).await.is_none(), "not yet");
    on.clock.turn(30);
    let slot = take(on, &on.store, &worker).await.unwrap();
    assert_eq!((slot.attempt, slot.message.as_deref()), (2, Some("no paper")));
    on.store.put_back_slot(put(slot, None)).await.unwrap();
    on.clock.turn(86_400);
    assert!(take(on, &on.store, &worker).await.is_none(), "given up");
    assert_eq!(on.store.slots("weekly", 1).await.unwrap()[0].state, "failed");
    assert_eq!(on.verify().await["schedule.failed"], 1);
}

async fn a_person_hears_once_of_each_turn(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let brief = run.brief();
    let nudge = |person: &str, ordinal, revision| Nudge {
        brief: brief.clone(),
        revision,
        person: person.into(),
        ordinal,
        due_at: on.now(),
        belongs: Belongs { tenant: "acme".into(), pilot: "north".into() },
        at: on.now(),
    };
    let other = on.another().await;
    let (one, two) = tokio::join!(on.store.nudge(nudge("usr_ada", 1, 1)), other.nudge(nudge("usr_ada", 1, 1)));
    assert!(one.unwrap() != two.unwrap());
    assert!(
        on.store.nudge(nudge("usr_ada", 2, 1)).await.unwrap() && on.store.nudge(nudge("usr_bob", 0, 1)).await.unwrap()
    );
    assert!(!on.store.nudge(nudge("usr_ada", 1, 2)).await.unwrap(), "that revision does not stand");
    let waiting = on.store.waiting_since("north", on.now(), 9, "", 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    let nudged = [("usr_ada".to_owned(), 1), ("usr_ada".to_owned(), 2), ("usr_bob".to_owned(), 0)];
    assert_eq!((waiting[0].revision, waiting[0].nudged.as_slice()), (1, nudged.as_slice()));
    assert!(on.store.waiting_since("north", on.now(), 3, "", 10).await.unwrap().is_empty(), "everybody has heard");
    assert!(on.store.waiting_since("south", on.now(), 9, "", 10).await.unwrap().is_empty());
    on.clock.turn(5);
    on.store.edit(edit(on, &brief, 1, 2, "another")).await.unwrap();
    assert!(
        on.store
            .waiting_since("north", on.now() - jiff::SignedDuration::from_secs(1), 9, "", 10)
            .await
            .unwrap()
            .is_empty()
    );
    let waiting = on.store.waiting_since("north", on.now(), 9, "", 10).await.unwrap();
    assert_eq!(
        (waiting[0].revision, waiting[0].since, waiting[0].nudged.len()),
        (2, on.now(), 0),
        "a new revision waits anew"
    );
    let before = on.store.brief(&brief).await.unwrap();
    assert!(on.store.nudge(nudge("usr_ada", 1, 2)).await.unwrap());
    let after = on.store.brief(&brief).await.unwrap();
    assert_eq!((before.state, before.version), (after.state, after.version), "the brief is as it was");
    on.store.decide(decide(on, &brief, 2, "usr_ada", "reject")).await.unwrap();
    assert!(!on.store.nudge(nudge("usr_ada", 2, 2)).await.unwrap(), "decided: nobody hears of it again");
    assert!(on.store.waiting_since("north", on.now(), 9, "", 10).await.unwrap().is_empty());
    let told = on.verify().await;
    assert_eq!((told["brief.reminded"], told["brief.escalated"]), (3, 1));
    other.close().await;
}

async fn a_week_is_counted_from_its_rows(on: &Fixture) {
    on.store.accept(accept(on, "before", "too early")).await.unwrap();
    claim(on, &node(on), 1).await;
    on.clock.turn(7200);
    let from = on.now();
    let (one, two) = (in_review(on, "k1").await, in_review(on, "k2").await);
    on.clock.turn(60);
    on.store.edit(edit(on, &one.brief(), 1, 2, "better")).await.unwrap();
    let verdict = crate::store::Decide { revision: 2, ..decide(on, &one.brief(), 2, "usr_ada", "approve") };
    on.store.decide(verdict).await.unwrap();
    on.clock.turn(60);
    on.store.keep_checkpoint().await.unwrap();
    let until = on.now();
    on.clock.turn(60);
    on.store.decide(decide(on, &two.brief(), 1, "usr_ada", "reject")).await.unwrap();
    on.store.accept(accept(on, "after", "too late")).await.unwrap();

    let week = on.store.week("north", &[], from, until).await.unwrap();
    let ids: Vec<&str> = week.arrived.iter().map(|(_, id, _)| id.as_str()).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&one.request.id.as_str()) && ids.contains(&two.request.id.as_str()));
    assert_eq!(
        week.drafted.iter().map(|row| row.3.as_slice()).filter(|text| *text == b"brief of k1").count(),
        1,
        "{week:?}"
    );
    assert_eq!(week.decided.len(), 1);
    let decided = &week.decided[0];
    assert_eq!(
        (decided.verdict.as_str(), decided.edited, decided.at.duration_since(decided.opened_at).as_secs()),
        ("approve", true, 60)
    );
    assert_eq!(week.waiting, [(two.brief().to_string(), from)], "undecided then, whatever came later");
    assert!(week.checkpoint.unwrap().0 > 0);
    let nobody = on.store.week("south", &[], from, until).await.unwrap();
    assert!(
        nobody.arrived.is_empty()
            && nobody.decided.is_empty()
            && nobody.waiting.is_empty()
            && nobody.drafted.is_empty()
    );
}
