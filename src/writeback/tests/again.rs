//! What was taken back, called off or left uncertain, and is wanted again; and everything of a pilot taken back at once. Own file because each
//! of these must end with exactly what people approved last, or say why not.

use super::desk::{Desk, Mishap};
use super::house::{House, PILOT, person, pilot};
use super::triggers::bar;
use crate::domain::id::BriefId;
use crate::domain::writeback::WriteState;
use crate::store::conformance::{Fixture, on_both};
use crate::store::{StoreError, WriteRow, WriteRuling};
use crate::writeback::{ActError, Asked};
use opspilot_sdk::ActionKind;

on_both!(
    what_was_written_to_the_wrong_record_reaches_the_right_one,
    what_is_taken_back_leaves_the_rest_of_its_plan_alone,
    another_plan_waits_until_it_is_known_what_became_of_the_first,
    what_was_called_off_goes_when_it_is_approved_again,
    who_approves_behind_a_shut_gate_is_told,
    everything_of_a_pilot_is_taken_back_or_named,
    nobody_outside_hears_of_an_undo_that_nobody_has_seen,
);

/// A house of one kind of write in which everything but the approvals is there.
async fn ready(on: &Fixture, approvals: u32) -> House {
    let house = House::of(on, Desk::default(), pilot(approvals), &[ActionKind::Note]);
    house.open(on).await;
    house.desk.held().open = true;
    house
}

/// A brief that was approved with its plan.
async fn approved(house: &House, on: &Fixture, key: &str) -> BriefId {
    let brief = house.brief(on, key).await;
    let (plan, digests) = house.shown(&brief).await;
    house.desk.held().approved.extend(digests);
    house.approve(on, "ada", &brief, Some(&plan)).await.unwrap();
    brief
}

async fn last(house: &House, on: &Fixture, brief: &BriefId) -> WriteRow {
    house.writes(on, brief).await.into_iter().find(|row| row.undo_of.is_none()).unwrap()
}

fn right(house: &House) {
    let held = house.desk.held();
    assert!(held.wrong.is_empty(), "{:?}", held.wrong);
}

async fn what_was_written_to_the_wrong_record_reaches_the_right_one(on: &Fixture) {
    let house = ready(on, 1).await;
    let brief = approved(&house, on, "one").await;
    house.carry(on).await;
    let wrong = last(&house, on, &brief).await;
    house.aim(on, &brief, "t-right").await;
    let refused = house.agree("ada", &brief).await;
    assert!(matches!(&refused, Err(ActError::Taken { id, .. }) if *id == wrong.id), "{refused:?}");
    let why = refused.unwrap_err().to_string();
    assert!(why.contains("OP-7619") && why.contains(&format!("writeback undo {}", wrong.id)), "{why}");
    house.undo(&wrong.id, false).await.unwrap();
    assert!(matches!(house.agree("ada", &brief).await, Err(ActError::Taken { .. })), "it is on its way back");
    house.carry(on).await;
    assert_eq!(house.desk.held().notes.len(), 0);
    // A far side that keeps what was emptied still shows its mark.
    house.desk.held().notes.push((wrong.write.key.clone(), "(emptied)".into()));
    on.clock.turn(1);
    assert_eq!(house.agree("ada", &brief).await.unwrap(), (1, 1));
    house.carry(on).await;
    let right_one = last(&house, on, &brief).await;
    assert_eq!((right_one.state, right_one.write.record.as_str()), (WriteState::Written, "t-right"));
    assert_ne!(right_one.write.key, wrong.write.key);
    assert_eq!(house.desk.held().notes.len(), 2);
    right(&house);
    // And once more, back and there.
    on.clock.turn(1);
    house.undo(&right_one.id, false).await.unwrap();
    house.carry(on).await;
    assert_eq!(house.agree("ada", &brief).await.unwrap(), (1, 1));
    house.carry(on).await;
    assert_eq!(last(&house, on, &brief).await.state, WriteState::Written);
    right(&house);
    on.verify().await;
}

async fn what_is_taken_back_leaves_the_rest_of_its_plan_alone(on: &Fixture) {
    let house = House::new(on, Desk::default(), 1);
    house.open(on).await;
    house.desk.held().open = true;
    let brief = approved(&house, on, "one").await;
    house.desk.held().mishaps = vec![Mishap::None, Mishap::Refuses];
    house.carry(on).await;
    let rows = house.writes(on, &brief).await;
    let of = |state| rows.iter().find(|row| row.state == state).unwrap().id.clone();
    let (written, refused) = (of(WriteState::Written), of(WriteState::Refused));
    house.undo(&written, false).await.unwrap();
    house.carry(on).await;
    house.rule(on, &refused, WriteRuling::Again).await;
    house.carry(on).await;
    let row = on.store.write(&refused).await.unwrap();
    assert_eq!((row.state, row.code), (WriteState::Written, None), "{:?}", row.message);
    right(&house);
}

async fn another_plan_waits_until_it_is_known_what_became_of_the_first(on: &Fixture) {
    let house = ready(on, 1).await;
    let brief = approved(&house, on, "one").await;
    house.desk.held().mishaps = vec![Mishap::LostBefore];
    house.carry(on).await;
    let first = last(&house, on, &brief).await;
    assert!(first.maybe);
    house.aim(on, &brief, "t-other").await;
    let refused = house.agree("ada", &brief).await;
    assert!(matches!(&refused, Err(ActError::Taken { id, .. }) if *id == first.id), "{refused:?}");
    // It is looked for, and is not there; by the plan of before it is not sent.
    on.clock.turn(60);
    house.carry(on).await;
    let blocked = on.store.write(&first.id).await.unwrap();
    assert_eq!((blocked.state, blocked.code.as_deref()), (WriteState::Blocked, Some("OP-7612")));
    assert_eq!(house.agree("ada", &brief).await.unwrap(), (1, 1));
    house.carry(on).await;
    assert_eq!(last(&house, on, &brief).await.write.record, "t-other");
    assert_eq!(house.desk.held().notes.len(), 1);
    right(&house);
}

async fn what_was_called_off_goes_when_it_is_approved_again(on: &Fixture) {
    let house = ready(on, 2).await;
    let brief = house.brief(on, "one").await;
    let (plan, digests) = house.shown(&brief).await;
    house.desk.held().approved.extend(digests);
    house.approve(on, "ada", &brief, Some(&plan)).await.unwrap();
    house.approve(on, "bob", &brief, None).await.unwrap();
    let again = house.agree("ada", &brief).await;
    assert!(matches!(again, Err(ActError::Store(StoreError::Conflict { .. }))), "she is one, and two must: {again:?}");
    assert_eq!(house.agree("bob", &brief).await.unwrap(), (2, 2));
    house.rule(on, &last(&house, on, &brief).await.id, WriteRuling::Cancel).await;
    assert_eq!(house.agree("ada", &brief).await.unwrap(), (2, 2));
    house.carry(on).await;
    assert_eq!(house.desk.held().notes.len(), 1);
    assert!(house.agree("ada", &brief).await.is_err(), "all of it stands");
    right(&house);
}

async fn who_approves_behind_a_shut_gate_is_told(on: &Fixture) {
    let house = ready(on, 1).await;
    house.flag(on, None).await;
    let brief = house.brief(on, "one").await;
    house.approve(on, "ada", &brief, None).await.unwrap();
    let (plan, _) = house.shown(&brief).await;
    let agreed = house.writeback.approve(&person("ada"), &brief, &plan).await.unwrap();
    let codes: Vec<_> = agreed.hindered.iter().flat_map(|one| &one.obstacles).map(|found| found.code).collect();
    assert_eq!((agreed.approvals, codes), ((1, 1), vec!["OP-7605"]));
    let hindered = house.writeback.hindered(&brief).await.unwrap();
    assert_eq!((hindered.len(), hindered[0].record.as_str()), (1, "t-one"));
    house.flag(on, Some(3600)).await;
    assert!(house.writeback.hindered(&brief).await.unwrap().is_empty());
}

async fn everything_of_a_pilot_is_taken_back_or_named(on: &Fixture) {
    let house = ready(on, 1).await;
    let written = approved(&house, on, "written").await;
    house.carry(on).await;
    let lost = approved(&house, on, "lost").await;
    house.desk.held().mishaps = vec![Mishap::LostAfter];
    house.carry(on).await;
    let refused = approved(&house, on, "refused").await;
    house.desk.held().mishaps = vec![Mishap::Refuses];
    house.carry(on).await;
    let waiting = approved(&house, on, "waiting").await;
    let ada = person("ada");
    let calls = house.desk.counts().1;
    let ids = async |brief| last(&house, on, brief).await.id;
    let (written, lost, refused, waiting) =
        (ids(&written).await, ids(&lost).await, ids(&refused).await, ids(&waiting).await);
    for dry in [true, false] {
        let told = house.writeback.undo_pilot(&ada, PILOT, &[], dry).await.unwrap();
        assert!(told.paused && told.dry == dry && !told.is_whole(), "{told:?}");
        assert_eq!(told.cancelled.iter().map(|row| &row.id).collect::<Vec<_>>(), [&waiting]);
        let [(row, Asked::Now(undo))] = told.items.as_slice() else { panic!("{:?}", told.items) };
        assert_eq!((&row.id, undo.id.is_none(), undo.planned.call.method.as_str()), (&written, dry, "DELETE"));
        let mut remaining: Vec<_> = told.remaining.iter().map(|one| one.write.id.clone()).collect();
        remaining.sort();
        let mut wanted = [lost.clone(), refused.clone()];
        wanted.sort();
        assert_eq!(remaining, wanted);
        assert!(told.remaining.iter().all(|one| one.remedy.contains(one.write.id.as_str())));
        let state = on.store.write(&waiting).await.unwrap().state;
        assert_eq!(state == WriteState::Waiting, dry, "{state}");
        assert_eq!(on.store.standing(PILOT).await.unwrap().pauses.is_empty(), dry);
        house.desk.held().undoing.insert(undo.planned.call.digest());
    }
    house.carry(on).await;
    assert_eq!((house.desk.counts().1, house.desk.held().notes.len()), (calls + 1, 1), "what waited never went");
    // What was lost is found; then it is taken back, too, and nothing remains once the refused one is called off.
    on.clock.turn(60);
    house.carry(on).await;
    assert_eq!(on.store.write(&lost).await.unwrap().state, WriteState::Written);
    house.rule(on, &refused, WriteRuling::Cancel).await;
    let told = house.writeback.undo_pilot(&ada, PILOT, &[], false).await.unwrap();
    assert!(told.is_whole() && !told.paused && told.items.len() == 1, "{told:?}");
    let told = house.writeback.undo_pilot(&ada, PILOT, &[], false).await.unwrap();
    assert!(matches!(told.items.as_slice(), [(_, Asked::Before(_))]) && told.is_whole(), "{told:?}");
    on.verify().await;
}

async fn nobody_outside_hears_of_an_undo_that_nobody_has_seen(on: &Fixture) {
    let house = House::of(on, Desk::default(), bar(1, 0, 100), &[ActionKind::Message]);
    house.open(on).await;
    house.desk.held().open = true;
    let brief = approved(&house, on, "one").await;
    house.carry(on).await;
    let sent = last(&house, on, &brief).await;
    assert_eq!(sent.state, WriteState::Written);
    let ada = person("ada");
    for named in [None, Some("0000"), Some(sent.digest.as_str())] {
        let refused = house.writeback.undo(&ada, &sent.id, true, named).await;
        assert!(matches!(refused, Err(ActError::Unseen { .. })), "{refused:?}");
    }
    let told = house.writeback.undo_pilot(&ada, PILOT, &[], false).await.unwrap();
    let [(_, Asked::Unnamed(shown))] = told.items.as_slice() else { panic!("{:?}", told.items) };
    assert!(!told.is_whole());
    house.carry(on).await;
    assert_eq!(house.desk.counts(), (1, 1), "nothing was sent");
    house.desk.held().undoing.insert(shown.planned.call.digest());
    assert_eq!(shown.hash, house.writeback.undo_plan(&ada, &sent.id).await.unwrap().hash);
    let told = house.writeback.undo_pilot(&ada, PILOT, std::slice::from_ref(&shown.hash), false).await.unwrap();
    assert!(told.is_whole(), "{told:?}");
    house.carry(on).await;
    assert_eq!(house.desk.counts(), (0, 2));
    right(&house);
}
