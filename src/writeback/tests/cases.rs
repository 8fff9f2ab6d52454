//! Every way in which a write can end, one by one.

use super::desk::{Desk, Mishap};
use super::house::{House, person};
use crate::domain::writeback::{StatementKind, WriteState};
use crate::review::ReviewError;
use crate::store::conformance::{Fixture, on_both};
use crate::writeback::ActError;
use crate::writeback::carry::ATTEMPTS;

on_both!(
    what_was_approved_is_written_once_and_read_back,
    every_mishap_ends_with_one_note_or_none,
    a_far_side_that_asks_for_pauses_is_waited_for_and_one_that_fails_is_not,
    what_a_shut_gate_keeps_back_goes_on_when_a_person_says_so,
    an_approval_binds_to_the_plan_that_was_shown,
    what_changed_after_the_approval_is_not_sent_and_is_told,
    two_people_must_have_seen_the_same_plan,
    what_is_taken_back_is_as_before,
    what_somebody_changed_since_is_taken_back_only_at_a_persons_word,
    a_brief_that_was_approved_without_a_plan_can_have_one_later,
);

/// A house in which everything but the approval is there, and one brief in it.
async fn ready(on: &Fixture, approvals: u32) -> (House, crate::domain::id::BriefId) {
    let house = House::new(on, Desk::default(), approvals);
    house.open(on).await;
    house.desk.held().open = true;
    let brief = house.brief(on, "one").await;
    (house, brief)
}

/// Approves with the plan that stands, and lets the desk take it.
async fn approve(house: &House, on: &Fixture, brief: &crate::domain::id::BriefId) {
    let (plan, digests) = house.shown(brief).await;
    house.desk.held().approved.extend(digests);
    house.approve(on, "ada", brief, Some(&plan)).await.unwrap();
}

async fn states(house: &House, on: &Fixture, brief: &crate::domain::id::BriefId) -> Vec<WriteState> {
    house.writes(on, brief).await.iter().map(|row| row.state).collect()
}

fn right(house: &House) {
    let held = house.desk.held();
    assert!(held.wrong.is_empty(), "{:?}", held.wrong);
}

async fn what_was_approved_is_written_once_and_read_back(on: &Fixture) {
    let (house, brief) = ready(on, 1).await;
    assert!(house.writes(on, &brief).await.is_empty(), "a plan that was looked at leaves no trace");
    house.shown(&brief).await;
    approve(&house, on, &brief).await;
    assert!(!house.carry(on).await);
    assert_eq!(states(&house, on, &brief).await, [WriteState::Written; 2]);
    let rows = house.writes(on, &brief).await;
    assert!(rows.iter().all(|row| row.after.is_some() && row.attempt == 1 && row.decision.starts_with("dec_")));
    assert_eq!(house.desk.counts(), (1, 2));
    assert!(!house.carry(on).await, "nothing more is due");
    assert_eq!(house.desk.held().calls, 2);
    right(&house);
}

async fn every_mishap_ends_with_one_note_or_none(on: &Fixture) {
    for mishap in [
        Mishap::DiesBefore,
        Mishap::DiesAfter,
        Mishap::LostAfter,
        Mishap::LostBefore,
        Mishap::Busy,
        Mishap::Lies,
        Mishap::Refuses,
    ] {
        let house = House::new(on, Desk::default(), 1);
        house.open(on).await;
        house.desk.held().open = true;
        let brief = house.brief(on, &format!("{mishap:?}")).await;
        approve(&house, on, &brief).await;
        house.desk.held().mishaps = vec![mishap];
        let died = house.carry(on).await;
        assert_eq!(died, matches!(mishap, Mishap::DiesBefore | Mishap::DiesAfter));
        let house = House::new(on, house.desk.clone(), 1);
        on.store.rescue_writes(true).await.unwrap();
        for _ in 0..10 {
            on.clock.turn(3600);
            // On a server a lease must run out first.
            on.store.rescue_writes(false).await.unwrap();
            house.flag(on, Some(3600)).await;
            house.carry(on).await;
        }
        let expected = if mishap == Mishap::Refuses { 0 } else { 1 };
        assert_eq!(house.desk.held().notes.len(), expected, "{mishap:?}");
        let states = states(&house, on, &brief).await;
        let whole = match mishap {
            Mishap::Refuses => vec![WriteState::Written, WriteState::Refused],
            _ => vec![WriteState::Written; 2],
        };
        let mut sorted = states.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, whole, "{mishap:?}");
        right(&house);
    }
}

async fn a_far_side_that_asks_for_pauses_is_waited_for_and_one_that_fails_is_not(on: &Fixture) {
    // The first write goes to the record at once; what is asked for is put before the second.
    for (mishap, times, expected) in [
        (Mishap::Busy, 40, WriteState::Written),
        (Mishap::LostBefore, ATTEMPTS - 1, WriteState::Written),
        (Mishap::LostBefore, ATTEMPTS, WriteState::Uncertain),
    ] {
        let house = House::new(on, Desk::default(), 1);
        house.open(on).await;
        house.desk.held().open = true;
        let brief = house.brief(on, &format!("{mishap:?}-{times}")).await;
        approve(&house, on, &brief).await;
        house.desk.held().mishaps = vec![mishap; times as usize];
        for _ in 0..times + 2 {
            house.carry(on).await;
            on.clock.turn(3600);
            house.flag(on, Some(3600)).await;
        }
        let rows = house.writes(on, &brief).await;
        let tried = rows.iter().max_by_key(|row| row.attempt).unwrap();
        assert_eq!(
            (tried.state, tried.attempt),
            (expected, times + u32::from(expected == WriteState::Written)),
            "{mishap:?}"
        );
        assert_eq!(house.desk.held().mishaps.len(), 0);
        right(&house);
    }
}

async fn what_a_shut_gate_keeps_back_goes_on_when_a_person_says_so(on: &Fixture) {
    let (house, brief) = ready(on, 1).await;
    approve(&house, on, &brief).await;
    house.pause(on).await;
    house.desk.held().open = false;
    house.carry(on).await;
    // The second waits for the first: it goes to the same record.
    let mut kept_back = states(&house, on, &brief).await;
    kept_back.sort_unstable();
    assert_eq!(kept_back, [WriteState::Waiting, WriteState::Blocked]);
    let code = house.writes(on, &brief).await.iter().find_map(|row| row.code.clone());
    assert_eq!(code.as_deref(), Some("OP-7607"));
    assert_eq!(house.desk.held().calls, 0);
    house.resume(on).await;
    house.desk.held().open = true;
    house.carry(on).await;
    assert_eq!(states(&house, on, &brief).await, [WriteState::Written; 2]);
    // The flag runs out; nothing opens it again by itself.
    let late = house.brief(on, "late").await;
    approve(&house, on, &late).await;
    on.clock.turn(3601);
    house.desk.held().open = false;
    house.carry(on).await;
    assert!(house.writes(on, &late).await.iter().any(|row| row.code.as_deref() == Some("OP-7605")));
    assert_eq!(house.desk.held().calls, 2);
    // A no after a go shuts it as well.
    house.flag(on, Some(3600)).await;
    house.state(on, StatementKind::NoGo).await;
    let shown = house.writeback.plan(&person("ada"), &late).await.unwrap();
    assert!(shown.obstacles.iter().all(|found| found.iter().any(|obstacle| obstacle.code == "OP-7603")));
    right(&house);
}

async fn an_approval_binds_to_the_plan_that_was_shown(on: &Fixture) {
    let (house, brief) = ready(on, 1).await;
    let (plan, _) = house.shown(&brief).await;
    let other = House::new(on, house.desk.with("Dear all, "), 1);
    let refused = other.approve(on, "ada", &brief, Some(&plan)).await;
    assert!(matches!(refused, Err(ReviewError::PlanMoved { .. })), "{refused:?}");
    assert!(house.writes(on, &brief).await.is_empty());
    let row = on.store.brief(&brief).await.unwrap();
    assert_eq!(row.state.as_str(), "open", "nothing was decided");
    right(&house);
}

async fn what_changed_after_the_approval_is_not_sent_and_is_told(on: &Fixture) {
    let (house, brief) = ready(on, 1).await;
    approve(&house, on, &brief).await;
    let other = House::new(on, house.desk.with("Dear all, "), 1);
    other.carry(on).await;
    let rows = other.writes(on, &brief).await;
    let told = rows.iter().find_map(|row| row.message.clone()).unwrap_or_default();
    assert!(rows.iter().any(|row| row.code.as_deref() == Some("OP-7612")), "{rows:?}");
    assert!(told.contains("its body differs from byte"), "{told}");
    assert_eq!(other.desk.held().calls, 0);
    // Approved anew, the new text goes and the old one never.
    let (plan, digests) = other.shown(&brief).await;
    other.desk.held().approved.clear();
    other.desk.held().approved.extend(digests);
    let old = house.writeback.plan(&person("ada"), &brief).await.unwrap().hash.unwrap();
    let refused = other.writeback.approve(&person("ada"), &brief, &old).await;
    assert!(matches!(refused, Err(ActError::Moved { .. })), "{refused:?}");
    assert_eq!(other.writeback.approve(&person("ada"), &brief, &plan).await.unwrap(), (1, 1));
    other.carry(on).await;
    let notes = other.desk.held().notes.clone();
    assert!(notes.len() == 1 && notes[0].1.starts_with("Dear all, "), "{notes:?}");
    right(&other);
}

async fn two_people_must_have_seen_the_same_plan(on: &Fixture) {
    let (house, brief) = ready(on, 2).await;
    let (plan, _) = house.shown(&brief).await;
    house.approve(on, "ada", &brief, Some(&plan)).await.unwrap();
    assert!(house.writes(on, &brief).await.is_empty());
    // Bob sees another plan: the brief is approved, and neither plan is.
    let other = House::new(on, house.desk.with("Dear all, "), 2);
    let (moved, digests) = other.shown(&brief).await;
    other.approve(on, "bob", &brief, Some(&moved)).await.unwrap();
    assert_eq!(on.store.brief(&brief).await.unwrap().state.as_str(), "approved");
    assert!(other.writes(on, &brief).await.is_empty());
    other.carry(on).await;
    assert_eq!(other.desk.held().calls, 0);
    other.desk.held().approved.extend(digests);
    assert_eq!(other.writeback.approve(&person("ada"), &brief, &moved).await.unwrap(), (2, 2));
    other.carry(on).await;
    assert_eq!(other.desk.held().notes.len(), 1);
    right(&other);
}

async fn what_is_taken_back_is_as_before(on: &Fixture) {
    let (house, brief) = ready(on, 1).await;
    house.desk.held().priorities.insert("t-one".into(), "lowest".into());
    let before = house.desk.held().priorities.clone();
    approve(&house, on, &brief).await;
    house.carry(on).await;
    assert_ne!(house.desk.held().priorities, before);
    let told = house.writeback.undo_pilot(&person("ada"), super::house::PILOT).await.unwrap();
    assert_eq!(told.len(), 2);
    for (_, undone) in told {
        house.desk.held().undoing.insert(undone.unwrap().planned.call.digest());
    }
    house.carry(on).await;
    assert_eq!(house.desk.held().notes.len(), 0);
    assert_eq!(house.desk.held().priorities, before);
    let originals: Vec<_> = house.writes(on, &brief).await.into_iter().filter(|row| row.undo_of.is_none()).collect();
    assert!(originals.iter().all(|row| row.state == WriteState::Undone));
    right(&house);
}

async fn what_somebody_changed_since_is_taken_back_only_at_a_persons_word(on: &Fixture) {
    let (house, brief) = ready(on, 1).await;
    approve(&house, on, &brief).await;
    house.carry(on).await;
    house.desk.held().notes[0].1.push_str(" (called, they come on Monday)");
    let note = house.writes(on, &brief).await.into_iter().find(|row| row.write.call.method == "POST").unwrap();
    house.undo(&note.id, false).await.unwrap();
    house.carry(on).await;
    let undo = house.writes(on, &brief).await.into_iter().find(|row| row.undo_of.is_some()).unwrap();
    assert_eq!(undo.state, WriteState::Differs);
    assert!(undo.now.as_ref().is_some_and(|now| now.to_string().contains("Monday")), "{undo:?}");
    assert_eq!(house.desk.held().notes.len(), 1, "nothing was taken back");
    house.undo(&note.id, true).await.unwrap();
    house.carry(on).await;
    assert_eq!(house.desk.held().notes.len(), 0);
    right(&house);
}

async fn a_brief_that_was_approved_without_a_plan_can_have_one_later(on: &Fixture) {
    let (house, brief) = ready(on, 1).await;
    house.approve(on, "ada", &brief, None).await.unwrap();
    house.carry(on).await;
    assert_eq!(house.desk.held().calls, 0);
    let (plan, digests) = house.shown(&brief).await;
    house.desk.held().approved.extend(digests);
    assert_eq!(house.writeback.approve(&person("bob"), &brief, &plan).await.unwrap(), (1, 1));
    house.carry(on).await;
    assert_eq!(house.desk.held().notes.len(), 1);
    right(&house);
}
