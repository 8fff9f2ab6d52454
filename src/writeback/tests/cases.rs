//! Every way in which a write can end, one by one.

use super::desk::{Desk, Mishap};
use super::house::{House, person, pilot};
use crate::domain::writeback::{StatementKind, WriteState};
use crate::review::ReviewError;
use crate::store::HoldWriting;
use crate::store::conformance::{Fixture, on_both};
use crate::writeback::carry::ATTEMPTS;
use crate::writeback::mark::{MARK_FILE, Mark};
use crate::writeback::{ActError, Asked};
use opspilot_sdk::ActionKind;
use tokio_util::sync::CancellationToken;

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
    a_daemon_that_stood_still_does_not_send_again_what_it_is_sending,
    a_store_that_was_put_back_writes_nothing_until_a_person_lets_it,
    a_plan_named_after_an_approval_without_it_is_not_taken_for_approved,
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
    assert_eq!(other.writeback.approve(&person("ada"), &brief, &plan).await.unwrap().approvals, (1, 1));
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
    assert_eq!(other.writeback.approve(&person("ada"), &brief, &moved).await.unwrap().approvals, (2, 2));
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
    let told = house.writeback.undo_pilot(&person("ada"), super::house::PILOT, &[], false).await.unwrap();
    assert!(told.is_whole() && told.items.len() == 2, "{told:?}");
    for (_, asked) in told.items {
        let Asked::Now(undo) = asked else { panic!("{asked:?}") };
        house.desk.held().undoing.insert(undo.planned.call.digest());
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
    assert_eq!(house.writeback.approve(&person("bob"), &brief, &plan).await.unwrap().approvals, (1, 1));
    house.carry(on).await;
    assert_eq!(house.desk.held().notes.len(), 1);
    right(&house);
}

/// Until the first write of a brief is so.
async fn until(house: &House, on: &Fixture, brief: &crate::domain::id::BriefId, state: WriteState) {
    let is = async {
        while states(house, on, brief).await != [state] {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), is).await.expect("it becomes so");
}

async fn a_daemon_that_stood_still_does_not_send_again_what_it_is_sending(on: &Fixture) {
    let house = House::of(on, Desk::default(), pilot(1), &[ActionKind::Note]);
    house.open(on).await;
    house.desk.held().open = true;
    let briefs = [house.brief(on, "one").await, house.brief(on, "two").await, house.brief(on, "three").await];
    house.desk.held().mishaps = vec![Mishap::Stands];
    approve(&house, on, &briefs[0]).await;
    let stop = CancellationToken::new();
    let daemon = house.writeback.clone().run(house.node.clone(), stop.clone());
    let people = async {
        house.desk.dying.notified().await;
        // Longer than its lease, and longer than the far side needs to settle.
        for brief in &briefs[1..] {
            on.clock.turn(40);
            // One round of the daemon at least ends before this one is written.
            approve(&house, on, brief).await;
            until(&house, on, brief, WriteState::Written).await;
        }
        assert_eq!(states(&house, on, &briefs[0]).await, [WriteState::Sending], "it is its own, and still on its way");
        house.desk.ending.notify_one();
        until(&house, on, &briefs[0], WriteState::Written).await;
        stop.cancel();
    };
    tokio::join!(daemon, people);
    assert_eq!(house.desk.counts(), (3, 3));
    right(&house);
}

async fn a_store_that_was_put_back_writes_nothing_until_a_person_lets_it(on: &Fixture) {
    let folder = tempfile::tempdir().unwrap();
    let mark = || Mark::new(Some(folder.path().join(MARK_FILE)));
    let (house, brief) = ready(on, 1).await;
    assert!(!mark().is_behind(&on.store).await.unwrap(), "nothing was ever sent");
    approve(&house, on, &brief).await;
    assert!(!house.carry(on).await);
    // A file that has sent, and no mark beside it, may be a copy; a server has further daemons.
    assert_eq!(mark().is_behind(&on.store).await.unwrap(), !on.store.is_shared());
    mark().raise(&on.store).await.unwrap();
    assert!(!mark().is_behind(&on.store).await.unwrap());
    // A mark of a history that this store does not have.
    let (seq, _) = on.store.newest_receipt().await.unwrap().unwrap();
    for text in [format!("{} {}", seq + 1, "0".repeat(64)), format!("{seq} {}", "0".repeat(64)), "torn".to_owned()] {
        std::fs::write(folder.path().join(MARK_FILE), &text).unwrap();
        assert!(mark().is_behind(&on.store).await.unwrap(), "{text}");
    }
    let (second, third) = (house.brief(on, "two").await, house.brief(on, "three").await);
    approve(&house, on, &second).await;
    approve(&house, on, &third).await;
    // The far side has the second: it was sent after the copy was made.
    let sent = house.writes(on, &second).await;
    let note = sent.iter().find(|row| row.write.kind == ActionKind::Note).unwrap();
    house.desk.carry_out(&note.write);
    let pilots = vec![(note.pilot.clone(), note.tenant.clone())];
    assert_eq!(on.store.hold_writing(HoldWriting { pilots, at: on.now() }).await.unwrap(), 4);
    let calls = house.desk.held().calls;
    assert!(!house.carry(on).await);
    assert_eq!(house.desk.held().calls, calls, "nothing is sent");
    let found: Vec<_> = house.writes(on, &second).await.iter().map(|row| (row.write.kind, row.state)).collect();
    assert!(found.contains(&(ActionKind::Note, WriteState::Written)), "{found:?}");
    // Of one record the first is kept back by the pause, the other by the first.
    let kept = states(&house, on, &third).await;
    assert!(kept.contains(&WriteState::Blocked) && !kept.contains(&WriteState::Written), "{kept:?}");
    house.let_go_on(on, None).await;
    assert!(!house.carry(on).await);
    assert_eq!(states(&house, on, &third).await, [WriteState::Written; 2]);
    right(&house);
}

async fn a_plan_named_after_an_approval_without_it_is_not_taken_for_approved(on: &Fixture) {
    let (house, brief) = ready(on, 1).await;
    let (plan, digests) = house.shown(&brief).await;
    house.approve(on, "ada", &brief, None).await.unwrap();
    for name in ["ada", "bob"] {
        let refused = house.approve(on, name, &brief, Some(&plan)).await;
        assert!(matches!(&refused, Err(ReviewError::PlanApart { plan: named, .. }) if *named == plan), "{refused:?}");
    }
    assert!(house.writes(on, &brief).await.is_empty());
    house.approve(on, "ada", &brief, None).await.expect("the same again");
    house.desk.held().approved.extend(digests);
    house.writeback.approve(&person("ada"), &brief, &plan).await.unwrap();
    house.approve(on, "ada", &brief, Some(&plan)).await.expect("now it is approved with it");
    house.carry(on).await;
    assert_eq!(house.desk.counts(), (1, 2));
    right(&house);
}
