//! What stops writing by itself, and what a pilot's own record opens. Own file because both go by figures made from rows. INVARIANT: a trigger
//! never lets go on, and nothing leaves the house below its figures.

use super::desk::{Desk, Mishap};
use super::house::{House, PILOT, SINK, boundary, person, pilot};
use crate::brief::Edit;
use crate::domain::id::BriefId;
use crate::domain::pilot::Pilot;
use crate::domain::review::Verdict;
use crate::domain::writeback::{Automation, Pause, Ramp, StatementKind, Terms, Trigger, Watched, WriteState};
use crate::receipt::Receipt;
use crate::store::WriteRow;
use crate::store::conformance::attention::checked;
use crate::store::conformance::limit::paid;
use crate::store::conformance::{Fixture, on_both};
use jiff::SignedDuration;
use opspilot_sdk::ActionKind;

on_both!(
    too_many_failures_pause_and_only_a_person_lets_go_on,
    more_uncertain_writes_than_a_trigger_bears_pause,
    too_many_rejected_briefs_pause,
    too_many_edited_briefs_pause,
    too_many_writes_taken_back_pause,
    writes_of_long_ago_that_are_taken_back_now_pause,
    writes_that_take_too_long_pause,
    models_that_cost_too_much_pause,
    what_leaves_the_house_waits_for_the_pilots_own_record,
    terms_that_were_changed_after_the_go_count_for_nothing,
    an_exception_stands_in_for_the_go_and_never_for_the_figures,
    review_that_sees_nothing_opens_nothing,
    review_that_sees_what_is_planted_opens,
    a_ramp_lets_only_those_through_that_it_admits,
);

/// A house that writes a note for each brief, under one trigger; everything but the approvals is there.
async fn watching(on: &Fixture, watched: Watched, above: u64, at_least: u32, sink: Option<&str>) -> House {
    let trigger = Trigger {
        name: "brake".into(),
        watched,
        over: SignedDuration::from_hours(48),
        above,
        at_least,
        sink: sink.map(str::to_owned),
    };
    opened(on, Pilot { triggers: vec![trigger], ..pilot(1) }, ActionKind::Note).await
}

async fn opened(on: &Fixture, pilot: Pilot, kind: ActionKind) -> House {
    let house = House::of(on, Desk::default(), pilot, &[kind]);
    house.open(on).await;
    house.desk.held().open = true;
    house
}

/// A brief whose plan is approved and carried out as far as it goes; what became of its one write.
async fn written(house: &House, on: &Fixture, key: &str, mishap: Mishap) -> WriteRow {
    let brief = approved(house, on, key).await;
    if mishap != Mishap::None {
        house.desk.held().mishaps = vec![mishap];
    }
    house.carry(on).await;
    of(house, on, &brief).await
}

async fn approved(house: &House, on: &Fixture, key: &str) -> BriefId {
    let brief = house.brief(on, key).await;
    let (plan, digests) = house.shown(&brief).await;
    house.desk.held().approved.extend(digests);
    house.approve(on, "ada", &brief, Some(&plan)).await.unwrap();
    brief
}

async fn of(house: &House, on: &Fixture, brief: &BriefId) -> WriteRow {
    house.writes(on, brief).await.pop().unwrap()
}

async fn rejected(house: &House, on: &Fixture, key: &str) {
    let brief = house.brief(on, key).await;
    let digest = on.store.brief(&brief).await.unwrap().digest;
    let no = Verdict::Reject { comment: "not ours".into(), reason: None };
    house.review.decide(&person("ada"), &brief, &no, &digest, None).await.unwrap();
}

/// A brief that is approved without a plan, edited by a person before or as it was drafted.
async fn reviewed(house: &House, on: &Fixture, key: &str, edited: bool) {
    let brief = house.brief(on, key).await;
    if edited {
        let digest = on.store.brief(&brief).await.unwrap().digest;
        let edit = Edit { path: "workflow_summary.text".into(), value: format!("Quote {key}").into() };
        house.review.edit(&person("ada"), &brief, &digest, &[edit], &boundary()).await.unwrap();
    }
    house.approve(on, "ada", &brief, None).await.unwrap();
}

/// Holds the figures against the triggers; what is stopped then.
async fn pulled(house: &House, on: &Fixture) -> Vec<Pause> {
    house.writeback.pull_triggers().await.unwrap();
    on.store.standing(PILOT).await.unwrap().pauses
}

/// It is paused by the trigger, its receipt says by which and why, and nothing is written; neither does time let it go on. A person does,
/// and then the same figures stop nothing.
async fn stands_until_a_person_resumes(house: &House, on: &Fixture, sink: Option<&str>, figure: &str) {
    let pauses = pulled(house, on).await;
    assert_eq!(pauses.len(), 1, "{pauses:?}");
    let pause = &pauses[0];
    assert_eq!((pause.sink.as_deref(), &pause.by), (sink, &None));
    assert_eq!(pause.reason, format!("trigger `brake`: {figure}"));
    let receipts = on.store.receipts_from(1, u32::MAX).await.unwrap();
    let mut receipts = receipts.iter().map(|row| serde_json::from_slice::<Receipt>(&row.bytes).unwrap());
    let told = receipts.rfind(|receipt| receipt.kind == "writing.paused").unwrap();
    assert_eq!((told.actor.as_str(), told.pilot.as_deref()), ("trigger:brake", Some(PILOT)));
    assert_eq!((&told.body["trigger"], &told.body["figure"]), (&"brake".into(), &figure.into()));
    assert_eq!(told.body["sink"].as_str(), sink);
    let calls = house.desk.counts().1;
    house.desk.held().open = false;
    let row = written(house, on, "stopped", Mishap::None).await;
    assert_eq!((row.state, row.code.as_deref()), (WriteState::Blocked, Some("OP-7607")));
    assert!(row.message.as_deref().is_some_and(|why| why.contains(figure)), "{row:?}");
    for hours in [1, 24, 48] {
        on.clock.turn(hours * 3600);
        house.flag(on, Some(3600)).await;
        assert_eq!(pulled(house, on).await, pauses, "it neither ends nor begins again");
        house.carry(on).await;
    }
    assert_eq!(of(house, on, &row.brief).await.state, WriteState::Blocked);
    assert_eq!(house.desk.counts().1, calls, "nothing was sent");
    house.let_go_on(on, sink).await;
    assert!(pulled(house, on).await.is_empty());
    house.desk.held().open = true;
    house.carry(on).await;
    assert_eq!(of(house, on, &row.brief).await.state, WriteState::Written);
    let wrong = house.desk.held().wrong.clone();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A person resumes at once: what was there before is still within the time that is watched, and stops nothing.
async fn resumed_at_once(house: &House, on: &Fixture) {
    assert_eq!(pulled(house, on).await.len(), 1);
    on.clock.turn(60);
    house.resume(on).await;
    assert!(pulled(house, on).await.is_empty(), "old figures stop nothing a person let go on");
}

async fn too_many_failures_pause_and_only_a_person_lets_go_on(on: &Fixture) {
    let house = watching(on, Watched::ErrorRate, 50, 4, Some(SINK)).await;
    for (key, mishap) in [("a", Mishap::Refuses), ("b", Mishap::Refuses), ("c", Mishap::None), ("d", Mishap::None)] {
        written(&house, on, key, mishap).await;
        assert!(pulled(&house, on).await.is_empty(), "two of two are too few to count, and half is not more than half");
    }
    assert_eq!(written(&house, on, "e", Mishap::Refuses).await.state, WriteState::Refused);
    let figure = "3 of 5 writes failed or are uncertain, more than 50 %";
    stands_until_a_person_resumes(&house, on, Some(SINK), figure).await;
    // New failures count, and from then on only they do.
    for key in ["f", "g"] {
        written(&house, on, key, Mishap::Refuses).await;
        assert!(pulled(&house, on).await.is_empty());
    }
    written(&house, on, "h", Mishap::Refuses).await;
    let again = pulled(&house, on).await;
    assert_eq!(again.len(), 1);
    assert!(again[0].reason.contains("3 of 4 writes failed"), "{again:?}");
    on.clock.turn(60);
    house.let_go_on(on, Some(SINK)).await;
    let still = on.store.write_figures(PILOT, Some(SINK), on.in_secs(-48 * 3600)).await.unwrap();
    assert_eq!((still.refused, still.done), (3, 4), "within the time that is watched they are still too many");
    assert!(pulled(&house, on).await.is_empty(), "and a person has let it go on");
}

async fn more_uncertain_writes_than_a_trigger_bears_pause(on: &Fixture) {
    let house = watching(on, Watched::Uncertain, 1, 0, None).await;
    for key in ["a", "b"] {
        assert!(pulled(&house, on).await.is_empty(), "one is borne");
        let brief = approved(&house, on, key).await;
        // Something else stands there under its key.
        let theirs = (of(&house, on, &brief).await.write.key, "theirs".to_owned());
        house.desk.held().notes.push(theirs);
        house.carry(on).await;
        assert_eq!(of(&house, on, &brief).await.state, WriteState::Uncertain);
    }
    resumed_at_once(&house, on).await;
    let still = on.store.write_figures(PILOT, None, on.in_secs(-3600)).await.unwrap();
    assert_eq!(still.uncertain, 2);
    assert_eq!(written(&house, on, "c", Mishap::None).await.state, WriteState::Written);
}

async fn too_many_rejected_briefs_pause(on: &Fixture) {
    let house = watching(on, Watched::RejectRate, 50, 3, None).await;
    for key in ["a", "b"] {
        rejected(&house, on, key).await;
        assert!(pulled(&house, on).await.is_empty(), "too few to count");
    }
    reviewed(&house, on, "c", false).await;
    stands_until_a_person_resumes(&house, on, None, "2 of 3 briefs were rejected, more than 50 %").await;
}

async fn too_many_edited_briefs_pause(on: &Fixture) {
    let house = watching(on, Watched::EditRate, 50, 3, None).await;
    reviewed(&house, on, "a", true).await;
    // What is rejected counts for nothing here.
    rejected(&house, on, "b").await;
    reviewed(&house, on, "c", true).await;
    assert!(pulled(&house, on).await.is_empty(), "too few to count");
    reviewed(&house, on, "d", false).await;
    let figure = "2 of 3 approved briefs were edited before, more than 50 %";
    assert!(pulled(&house, on).await[0].reason.ends_with("2 of 3 approved briefs were edited before, more than 50 %"));
    on.clock.turn(60);
    house.resume(on).await;
    assert!(pulled(&house, on).await.is_empty(), "old figures stop nothing a person let go on");
    for (key, edited) in [("e", true), ("f", true), ("g", false)] {
        reviewed(&house, on, key, edited).await;
    }
    stands_until_a_person_resumes(&house, on, None, figure).await;
}

pub(super) fn bar(min_reviewed: u32, min_approval: u32, max_edit: u32) -> Pilot {
    let automation = Automation {
        kinds: vec![ActionKind::Message],
        min_reviewed,
        min_approval,
        max_edit,
        max_incidents: 0,
        min_catch: 0,
    };
    Pilot { terms: Terms { level: 4, automation: Some(automation), ..Terms::manual() }, ..pilot(1) }
}

/// Why a message is kept back: the words of each obstacle, all of them about the figures.
fn short(row: &WriteRow) -> Vec<String> {
    assert_eq!((row.state, row.code.as_deref()), (WriteState::Blocked, Some("OP-7610")), "{row:?}");
    let why = row.message.clone().unwrap_or_default();
    let parts = why.split(" (OP-7610)").map(|part| part.trim_start_matches("; "));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

async fn what_leaves_the_house_waits_for_the_pilots_own_record(on: &Fixture) {
    // 20 of 20 is at least 83.9 %, and 0 of 20 at most 16.1 %, by Wilson's interval.
    let house = opened(on, bar(20, 80, 20), ActionKind::Message).await;
    let kept = written(&house, on, "first", Mishap::None).await;
    let words = kept.message.clone().unwrap_or_default();
    assert_eq!(kept.code.as_deref(), Some("OP-7610"));
    for told in [
        "1 briefs were reviewed since the go, and 20 are asked for",
        "of briefs approved, 1 of 1 (between 20.7 and 100.0 %); at least 80 % must be sure",
        "of approved briefs edited before, 0 of 1 (between 0.0 and 79.3 %); at most 20 % may be",
    ] {
        assert!(words.contains(told), "`{told}` is not in {words}");
    }
    for number in 2..=18 {
        reviewed(&house, on, &format!("r{number}"), false).await;
    }
    let kept = written(&house, on, "nineteenth", Mishap::None).await;
    assert_eq!(short(&kept), ["19 briefs were reviewed since the go, and 20 are asked for"]);
    assert_eq!(house.desk.counts().1, 0);
    let sent = written(&house, on, "twentieth", Mishap::None).await;
    assert_eq!((sent.state, house.desk.counts()), (WriteState::Written, (1, 1)));
    // Taken back: an incident, and one is too many.
    house.undo(&sent.id, false).await.unwrap();
    house.carry(on).await;
    let kept = written(&house, on, "after", Mishap::None).await;
    assert_eq!(short(&kept), ["1 incidents since the go, and 0 are allowed"]);
    // A new go begins a new count; one edited brief of 20 may stand for 23.6 %, one rejected of 21 for an approval of 77.3 %.
    for (round, edited, told) in
        [("x", true, "of approved briefs edited before, 1 of 20"), ("y", false, "of briefs approved, 20 of 21")]
    {
        on.clock.turn(60);
        house.flag(on, Some(3600)).await;
        house.state(on, StatementKind::Go).await;
        if !edited {
            rejected(&house, on, &format!("{round}no")).await;
        }
        for number in 1..20 {
            reviewed(&house, on, &format!("{round}{number}"), edited && number == 1).await;
        }
        let kept = written(&house, on, &format!("{round}last"), Mishap::None).await;
        let short = short(&kept);
        assert!(short.len() == 1 && short[0].starts_with(told), "{short:?}");
    }
    assert!(house.desk.held().wrong.is_empty());
}

async fn too_many_writes_taken_back_pause(on: &Fixture) {
    let house = watching(on, Watched::UndoRate, 50, 3, Some(SINK)).await;
    for (key, taken_back) in [("a", true), ("b", false), ("c", true)] {
        assert!(pulled(&house, on).await.is_empty(), "too few to count, and half is not more than half");
        let row = written(&house, on, key, Mishap::None).await;
        if taken_back {
            house.undo(&row.id, false).await.unwrap();
            house.carry(on).await;
        }
    }
    let figure = "2 of 3 writes were taken back, more than 50 %";
    stands_until_a_person_resumes(&house, on, Some(SINK), figure).await;
}

async fn writes_of_long_ago_that_are_taken_back_now_pause(on: &Fixture) {
    let house = watching(on, Watched::UndoRate, 50, 2, Some(SINK)).await;
    let rows = [written(&house, on, "a", Mishap::None).await, written(&house, on, "b", Mishap::None).await];
    on.clock.turn(30 * 3600);
    house.flag(on, Some(3600)).await;
    assert!(pulled(&house, on).await.is_empty());
    for row in rows {
        house.undo(&row.id, false).await.unwrap();
        house.carry(on).await;
    }
    let paused = pulled(&house, on).await;
    assert!(paused[0].reason.contains("2 of 2 writes were taken back, more than 50 %"), "{paused:?}");
}

async fn writes_that_take_too_long_pause(on: &Fixture) {
    let house = watching(on, Watched::Latency, 60, 2, None).await;
    for (key, waits) in [("a", 60), ("b", 61)] {
        assert!(pulled(&house, on).await.is_empty(), "too few to count, and a minute is not more than a minute");
        let brief = approved(&house, on, key).await;
        on.clock.turn(waits);
        house.carry(on).await;
        assert_eq!(of(&house, on, &brief).await.state, WriteState::Written);
    }
    let figure = "the slowest of twenty writes took 61 s or more, more than 60 s";
    stands_until_a_person_resumes(&house, on, None, figure).await;
}

async fn models_that_cost_too_much_pause(on: &Fixture) {
    let house = watching(on, Watched::Cost, 50_000, 0, None).await;
    for (name, cost) in [("a", 50_000), ("b", 1)] {
        assert!(pulled(&house, on).await.is_empty(), "what it may cost is not more than it may");
        paid(on, name, cost).await;
    }
    stands_until_a_person_resumes(&house, on, None, "models cost $0.050001, more than $0.05").await;
}

/// A pilot that asks for half of the planted bad drafts to be seen.
fn watchful() -> Pilot {
    let mut pilot = bar(1, 0, 100);
    pilot.terms.automation.as_mut().unwrap().min_catch = 50;
    pilot
}

async fn review_that_sees_nothing_opens_nothing(on: &Fixture) {
    let house = opened(on, watchful(), ActionKind::Message).await;
    let kept = written(&house, on, "first", Mishap::None).await;
    assert_eq!(short(&kept), ["no planted draft was reviewed: nobody knows whether review is real"]);
    checked(on, 4, 3).await;
    let kept = written(&house, on, "second", Mishap::None).await;
    let told = "of planted bad drafts seen, 3 of 4 (between 30.1 and 95.4 %); at least 50 % must be sure";
    assert_eq!(short(&kept), [told]);
    assert_eq!(house.desk.counts().1, 0);
}

async fn review_that_sees_what_is_planted_opens(on: &Fixture) {
    let house = opened(on, watchful(), ActionKind::Message).await;
    // 4 of 4 is at least 51.0 %.
    checked(on, 4, 4).await;
    assert_eq!(written(&house, on, "first", Mishap::None).await.state, WriteState::Written);
}

async fn terms_that_were_changed_after_the_go_count_for_nothing(on: &Fixture) {
    let house = opened(on, bar(2, 0, 100), ActionKind::Message).await;
    reviewed(&house, on, "one", false).await;
    let sent = written(&house, on, "two", Mishap::None).await;
    assert_eq!(sent.state, WriteState::Written);
    // Somebody lowers the bar, and the daemon starts with it.
    let lowered = House::of(on, house.desk.clone(), bar(1, 0, 100), &[ActionKind::Message]);
    let kept = written(&lowered, on, "three", Mishap::None).await;
    assert_eq!(kept.code.as_deref(), Some("OP-7610"));
    assert!(kept.message.is_some_and(|why| why.starts_with("what automation asks for was changed after the go")));
    assert_eq!(lowered.desk.counts().1, 1);
    // A go for the new terms counts from then on.
    on.clock.turn(60);
    lowered.state(on, StatementKind::Go).await;
    assert_eq!(written(&lowered, on, "four", Mishap::None).await.state, WriteState::Written);
    assert!(lowered.desk.held().wrong.is_empty());
}

async fn an_exception_stands_in_for_the_go_and_never_for_the_figures(on: &Fixture) {
    let house = House::of(on, Desk::default(), bar(2, 0, 100), &[ActionKind::Message]);
    house.desk.held().open = true;
    house.state(on, StatementKind::RollbackPlan).await;
    house.flag(on, Some(3600)).await;
    house.state(on, StatementKind::Exception).await;
    let kept = written(&house, on, "one", Mishap::None).await;
    assert_eq!(short(&kept), ["1 briefs were reviewed since the go, and 2 are asked for"]);
    assert_eq!(house.desk.counts().1, 0);
    // What was reviewed under the exception counts as under a go.
    assert_eq!(written(&house, on, "two", Mishap::None).await.state, WriteState::Written);
    let lowered = House::of(on, house.desk.clone(), bar(1, 0, 100), &[ActionKind::Message]);
    let kept = written(&lowered, on, "three", Mishap::None).await;
    assert_eq!(kept.code.as_deref(), Some("OP-7603"), "it ended with the terms that it was made under");
    assert!(house.desk.held().wrong.is_empty());
}

async fn a_ramp_lets_only_those_through_that_it_admits(on: &Fixture) {
    let house = opened(on, bar(1, 0, 100), ActionKind::Message).await;
    house.ramp(on, 5).await;
    let five = Ramp::new(5).unwrap();
    let (mut admitted, mut others) = (0, 0);
    // Names are chance: until one is admitted, and a few are not.
    for number in 0..1000 {
        let row = written(&house, on, &number.to_string(), Mishap::None).await;
        if five.admits(row.request.suffix()) {
            admitted += 1;
            assert_eq!(row.state, WriteState::Written);
        } else {
            others += 1;
            assert_eq!((row.state, row.code.as_deref()), (WriteState::Blocked, Some("OP-7606")));
        }
        if admitted > 0 && others > 4 {
            break;
        }
    }
    assert!(admitted > 0 && others > 4);
    assert_eq!(house.desk.counts(), (admitted, admitted));
    assert!(house.desk.held().wrong.is_empty());
}
