//! Writes on their way: one of a record at a time, intent before outcome, what a dead daemon leaves, what people rule, and undo.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::node;
use super::writeback::{
    approved, blocked, claim, cleared, done, intend, later, leave, new, note, opened, proven, refused, right, rule,
    say, sending, settle, state, terms, told, turn, uncertain,
};
use crate::domain::id::{NodeId, WriteId};
use crate::domain::writeback::{Ramp, StatementKind, WriteState};
use crate::store::{
    AddStatement, ClaimWrites, FlagChange, Gate, NewWrite, PauseWriting, PausedBy, RenewWrites, Store, StoreError,
    TurnFlag, UndoWrite, WriteFilter, WriteOutcome, WriteRow, WriteRuling,
};
use futures_util::future::join_all;
use opspilot_sdk::ActionKind;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

on_both!(
    of_several_daemons_none_gets_what_another_has_nor_two_of_one_record,
    what_comes_after_on_a_record_waits_until_what_came_before_is_over,
    a_dead_daemon_leaves_what_it_claimed_and_what_it_may_have_sent,
    what_a_living_daemon_gave_up_is_not_kept_by_what_it_holds,
    a_gate_that_shut_meanwhile_refuses_the_intent,
    no_intent_follows_a_pause_in_the_log,
    leave_is_for_one_sink_and_one_plan,
    an_outcome_counts_for_its_attempt_and_only_where_it_can_be,
    people_rule_only_upon_what_stands_so,
    nothing_is_called_off_that_may_have_been_sent,
    what_is_written_is_taken_back_once,
    an_undo_that_finds_it_different_waits_for_a_person,
    undos_go_first_and_the_last_write_is_taken_back_first,
);

async fn claim_by(store: &Store, on: &Fixture, most: u32, away: &[&str]) -> Vec<WriteRow> {
    let away = away.iter().map(|sink| (*sink).to_owned()).collect();
    store.claim_writes(ClaimWrites { node: node(on), until: on.in_secs(600), away, most, at: on.now() }).await.unwrap()
}

async fn of_several_daemons_none_gets_what_another_has_nor_two_of_one_record(on: &Fixture) {
    opened(on).await;
    let stores = [on.store.clone(), on.another().await, on.another().await, on.another().await];
    let mut news = Vec::new();
    for number in 0..40i64 {
        news.push(new(on, &format!("k{number}"), &format!("deal/{}", number % 5), number));
    }
    let run = approved(on, "k1", news).await;
    let mut seen: HashSet<WriteId> = HashSet::new();
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    let mut rounds = 0;
    while seen.len() < 40 {
        rounds += 1;
        assert!(rounds < 100, "{} of 40", seen.len());
        let claims = (0..8).map(|number| claim_by(&stores[number % 4], on, 3, &[]));
        let claimed: Vec<WriteRow> = join_all(claims).await.into_iter().flatten().collect();
        let records: HashSet<&str> = claimed.iter().map(|write| write.write.record.as_str()).collect();
        assert_eq!(records.len(), claimed.len(), "two of one record");
        assert!(!claimed.is_empty(), "somebody gets something");
        for write in &claimed {
            assert!(seen.insert(write.id.clone()), "{} twice", write.id);
            let before = last.insert(write.write.record.clone(), write.place);
            assert!(before.is_none_or(|before| before < write.place), "out of order");
        }
        // While they are held, nobody gets another of the same records.
        let more: Vec<WriteRow> =
            join_all(stores.iter().map(|store| claim_by(store, on, 40, &[]))).await.into_iter().flatten().collect();
        for write in &more {
            assert!(!records.contains(write.write.record.as_str()), "another of a record that is on its way");
            assert!(seen.insert(write.id.clone()), "{} twice", write.id);
            last.insert(write.write.record.clone(), write.place);
        }
        let outs = join_all(claimed.iter().chain(&more).enumerate().map(|(number, write)| {
            let store = &stores[number % 4];
            let outcome = WriteOutcome::Written { far_id: None, after: json!({}), said: None };
            let (id, attempt, at) = (write.id.clone(), write.attempt, on.now());
            store.settle_write(crate::store::SettleWrite { id, attempt, outcome, at })
        }))
        .await;
        assert!(outs.iter().all(Result::is_ok), "{outs:?}");
    }
    let filter = WriteFilter { brief: Some(run.brief().to_string()), limit: 100, ..WriteFilter::default() };
    assert!(on.store.writes(&filter).await.unwrap().items.iter().all(|row| row.attempt == 1));
    assert_eq!(proven(on).await["write.written"], 40);
}

async fn what_comes_after_on_a_record_waits_until_what_came_before_is_over(on: &Fixture) {
    opened(on).await;
    let (first, second) = (new(on, "k1", "deal/7", 1), new(on, "k2", "deal/7", 2));
    let elsewhere = NewWrite { sink: "desk".into(), ..new(on, "k3", "deal/7", 3) };
    let (file, more) = (new(on, "k4", "", 4), new(on, "k5", "", 5));
    let run = approved(on, "k1", vec![second.clone(), first.clone(), elsewhere.clone(), file, more]).await;
    // A sink that is left alone, and one without records.
    assert_eq!(claim_by(&on.store, on, 10, &["crm", "desk"]).await.len(), 0);
    let others = claim_by(&on.store, on, 10, &["crm"]).await;
    assert_eq!(others.iter().map(|write| &write.id).collect::<Vec<_>>(), [&elsewhere.id]);
    let claimed = claim(on, 10).await;
    assert_eq!(claimed.iter().map(|write| write.write.key.as_str()).collect::<Vec<_>>(), ["k1", "k4", "k5"]);
    let held = async |on: &Fixture| {
        assert!(claim(on, 10).await.is_empty());
        assert!(!on.store.is_write_due(on.now()).await.unwrap());
        on.store.holder("crm", "deal/7").await.unwrap().unwrap().id
    };
    assert_eq!(held(on).await, first.id, "it is claimed");
    settle(on, &claimed[0], later(on, 60, false)).await.unwrap();
    assert_eq!(held(on).await, first.id, "it is not due");
    on.clock.turn(61);
    let write = sending(on).await;
    assert_eq!((&write.id, write.attempt), (&first.id, 2));
    assert_eq!(held(on).await, first.id, "it is being sent");
    settle(on, &write, uncertain()).await.unwrap();
    assert_eq!(held(on).await, first.id, "nobody knows");
    rule(on, &first.id, WriteRuling::DidNotGo).await.unwrap();
    let write = claim(on, 10).await.pop().unwrap();
    settle(on, &write, blocked("OP-7605")).await.unwrap();
    assert_eq!(held(on).await, first.id, "the gate is shut");
    rule(on, &first.id, WriteRuling::Again).await.unwrap();
    settle(on, &sending(on).await, refused()).await.unwrap();
    // Refused, it is out of the way; put back, it goes before what comes later, but not beside what is on its way.
    let write = sending(on).await;
    assert_eq!(write.id, second.id);
    rule(on, &first.id, WriteRuling::Again).await.unwrap();
    assert!(claim(on, 10).await.is_empty());
    settle(on, &write, done("n2")).await.unwrap();
    assert_eq!(sending(on).await.id, first.id);
    let of = WriteFilter {
        brief: Some(run.brief().to_string()),
        state: Some(WriteState::Sending),
        ..WriteFilter::default()
    };
    assert_eq!(on.store.writes(&WriteFilter { limit: 10, ..of }).await.unwrap().items.len(), 1);
    proven(on).await;
}

async fn what_a_living_daemon_gave_up_is_not_kept_by_what_it_holds(on: &Fixture) {
    opened(on).await;
    approved(on, "k1", vec![new(on, "k1", "deal/7", 1), new(on, "k2", "deal/8", 2)]).await;
    let (own, other) = (node(on), node(on));
    let claim = ClaimWrites { node: own.clone(), until: on.in_secs(30), away: Vec::new(), most: 2, at: on.now() };
    let taken = on.store.claim_writes(claim).await.unwrap();
    let [kept, given_up] = taken.as_slice() else { panic!("{taken:?}") };
    let renew =
        |node: &NodeId| RenewWrites { node: node.clone(), writes: vec![kept.id.clone()], until: on.in_secs(300) };
    assert_eq!(on.store.renew_writes(renew(&other)).await.unwrap(), 0, "another daemon has nothing of it");
    assert_eq!(on.store.renew_writes(renew(&own)).await.unwrap(), 1);
    on.clock.turn(31);
    assert_eq!(on.store.rescue_writes(false).await.unwrap(), 1);
    assert_eq!(state(on, &kept.id).await, WriteState::Claimed);
    assert_eq!(state(on, &given_up.id).await, WriteState::Waiting);
}

async fn a_dead_daemon_leaves_what_it_claimed_and_what_it_may_have_sent(on: &Fixture) {
    opened(on).await;
    approved(on, "k1", vec![new(on, "k1", "deal/7", 1), new(on, "k2", "deal/8", 2)]).await;
    let sent = sending(on).await;
    let seized = claim(on, 1).await.pop().unwrap();
    assert_eq!(on.store.rescue_writes(false).await.unwrap(), 0, "they may still live");
    on.clock.turn(31);
    assert_eq!(on.store.rescue_writes(false).await.unwrap(), 1, "the claim ran out");
    let row = on.store.write(&seized.id).await.unwrap();
    assert_eq!((row.state, row.maybe, row.attempt), (WriteState::Waiting, false, 1));
    on.clock.turn(30);
    assert_eq!(on.store.rescue_writes(false).await.unwrap(), 1, "the sending ran out");
    let row = on.store.write(&sent.id).await.unwrap();
    assert_eq!((row.state, row.maybe, row.code.as_deref()), (WriteState::Waiting, true, Some("OP-7650")));
    assert_eq!(row.due_at, on.in_secs(20), "only then a look tells");
    let again = claim(on, 10).await;
    assert_eq!((again.len(), &again[0].id, again[0].attempt), (1, &seized.id, 2));
    assert!(is_stale(&settle(on, &seized, done("n2")).await), "it was claimed anew");
    on.clock.turn(20);
    let looked = claim(on, 10).await.pop().unwrap();
    assert_eq!((&looked.id, looked.attempt, looked.maybe), (&sent.id, 2, true));
    // It is there: written without having been sent again.
    settle(on, &looked, done("n1")).await.unwrap();
    assert!(is_stale(&settle(on, &sent, uncertain()).await));
    // On a store of its own, a daemon that starts waits for no lease.
    assert_eq!(on.store.rescue_writes(true).await.unwrap(), u64::from(!on.store.is_shared()));
    let kinds = proven(on).await;
    assert_eq!((kinds["write.intended"], kinds["write.postponed"], kinds["write.written"]), (1, 1, 1));
}

fn pause(on: &Fixture, sink: Option<&str>) -> PauseWriting {
    let by = PausedBy::Person { person: "usr_bob".into(), permit: right() };
    let (pilot, tenant) = ("north".into(), "acme".into());
    PauseWriting { pilot, tenant, sink: sink.map(str::to_owned), reason: "look first".into(), by, at: on.now() }
}

async fn a_gate_that_shut_meanwhile_refuses_the_intent(on: &Fixture) {
    opened(on).await;
    approved(on, "k1", vec![new(on, "k1", "deal/7", 1)]).await;
    let write = claim(on, 1).await.pop().unwrap();
    let open = on.store.standing("north").await.unwrap();
    let refuses = async |on: &Fixture, why: &str| {
        let old = leave(on, &write, &open, 1).await.expect("by what stood before");
        let out = intend(on, &write, Gate::Cleared(old)).await;
        assert_eq!(out, Err(StoreError::Stale { what: "gate" }), "{why}");
        assert_eq!(on.store.write(&write.id).await.unwrap().state, WriteState::Claimed, "{why}");
    };
    on.store.turn_flag(TurnFlag { change: FlagChange::Off, ..turn(on, "crm", "usr_bob", false) }).await.unwrap();
    refuses(on, "off").await;
    let none = Ramp::new(5).unwrap();
    let change = FlagChange::On { until: on.in_secs(3600), ramp: none };
    on.store.turn_flag(TurnFlag { change, ..turn(on, "crm", "usr_bob", false) }).await.unwrap();
    if !none.admits(write.request.suffix()) {
        refuses(on, "beyond the ramp").await;
    }
    // Proposed is not on.
    on.store.turn_flag(TurnFlag { change: FlagChange::Off, ..turn(on, "crm", "usr_bob", false) }).await.unwrap();
    on.store.turn_flag(turn(on, "crm", "usr_bob", true)).await.unwrap();
    refuses(on, "proposed").await;
    on.store.turn_flag(turn(on, "crm", "usr_bob", false)).await.unwrap();
    for sink in [None, Some("crm")] {
        assert!(on.store.pause_writing(pause(on, sink)).await.unwrap());
        refuses(on, "paused").await;
        let resume = crate::store::ResumeWriting {
            pilot: "north".into(),
            tenant: "acme".into(),
            sink: sink.map(str::to_owned),
            person: "usr_bob".into(),
            permit: right(),
            at: on.now(),
        };
        on.store.resume_writing(resume).await.unwrap();
    }
    on.store.pause_writing(pause(on, Some("desk"))).await.unwrap();
    on.clock.turn(1);
    on.store.add_statement(say(on, StatementKind::NoGo)).await.unwrap();
    refuses(on, "no-go").await;
    on.clock.turn(1);
    let exception = AddStatement { terms: terms(1).digest(), ..say(on, StatementKind::Exception) };
    on.store.add_statement(exception).await.unwrap();
    let old = leave(on, &write, &open, 1).await.unwrap();
    on.clock.turn(3600);
    let out = intend(on, &write, Gate::Cleared(old)).await;
    assert_eq!(out, Err(StoreError::Stale { what: "gate" }), "the flag ran out");
    on.store.turn_flag(turn(on, "crm", "usr_bob", false)).await.unwrap();
    let again = cleared(on, &write).await.unwrap();
    intend(on, &write, Gate::Cleared(again)).await.unwrap();
    assert_eq!(proven(on).await["write.intended"], 1);
}

async fn no_intent_follows_a_pause_in_the_log(on: &Fixture) {
    opened(on).await;
    let news = (0..20).map(|number| new(on, &format!("k{number}"), &format!("deal/{number}"), number)).collect();
    approved(on, "k1", news).await;
    let writes = claim(on, 20).await;
    let mut leaves = Vec::new();
    for write in &writes {
        leaves.push(cleared(on, write).await.unwrap());
    }
    let stores = [on.store.clone(), on.another().await, on.another().await];
    let intends = writes.iter().zip(leaves).enumerate().map(|(number, (write, leave))| {
        let intend = crate::store::IntendWrite {
            id: write.id.clone(),
            attempt: write.attempt,
            before: serde_json::Value::Null,
            gate: Gate::Cleared(leave),
            until: on.in_secs(60),
            at: on.now(),
        };
        stores[number % 3].intend_write(intend)
    });
    let pausing = async {
        tokio::task::yield_now().await;
        stores[2].pause_writing(pause(on, None)).await.unwrap()
    };
    let (outs, paused) = futures_util::join!(join_all(intends), pausing);
    assert!(paused);
    let told = told(on).await;
    let place = told.iter().position(|receipt| receipt["kind"] == "writing.paused").unwrap();
    let intended = told.iter().filter(|receipt| receipt["kind"] == "write.intended").count();
    assert_eq!(outs.iter().filter(|out| out.is_ok()).count(), intended);
    assert!(told[place..].iter().all(|receipt| receipt["kind"] != "write.intended"), "let go by what stood before");
    for (write, out) in writes.iter().zip(&outs) {
        let wanted = if out.is_ok() { WriteState::Sending } else { WriteState::Claimed };
        assert_eq!(state(on, &write.id).await, wanted);
    }
}

async fn leave_is_for_one_sink_and_one_plan(on: &Fixture) {
    opened(on).await;
    on.store.turn_flag(turn(on, "desk", "usr_ada", false)).await.unwrap();
    let other = NewWrite { sink: "desk".into(), ..new(on, "k2", "deal/8", 2) };
    approved(on, "k1", vec![new(on, "k1", "deal/7", 1), other]).await;
    let writes = claim(on, 10).await;
    let (one, two) = (&writes[0], &writes[1]);
    let out = intend(on, one, Gate::Cleared(cleared(on, two).await.unwrap())).await;
    assert_eq!(out, Err(StoreError::Stale { what: "gate" }), "for another sink");
    let out = intend(on, one, Gate::Undo).await;
    assert!(matches!(out, Err(StoreError::Conflict { .. })), "it takes nothing back: {out:?}");
    let late = WriteRow { attempt: 2, ..one.clone() };
    assert!(is_stale(&intend(on, &late, Gate::Cleared(cleared(on, one).await.unwrap())).await));
    let nobody = WriteRow { id: WriteId::new(on.now(), on.store.chance()), ..one.clone() };
    let out = intend(on, &nobody, Gate::Cleared(cleared(on, one).await.unwrap())).await;
    assert!(matches!(out, Err(StoreError::NotFound { .. })), "{out:?}");
    // Of two intents of one claim in one breath one counts.
    let (first, second) = (cleared(on, one).await.unwrap(), cleared(on, one).await.unwrap());
    let (first, second) =
        futures_util::join!(intend(on, one, Gate::Cleared(first)), intend(on, one, Gate::Cleared(second)));
    assert_eq!(u8::from(first.is_ok()) + u8::from(second.is_ok()), 1, "{first:?} {second:?}");
    assert_eq!(proven(on).await["write.intended"], 1);
}

async fn an_outcome_counts_for_its_attempt_and_only_where_it_can_be(on: &Fixture) {
    opened(on).await;
    approved(on, "k1", vec![new(on, "k1", "deal/7", 1)]).await;
    let first = sending(on).await;
    let other = settle(on, &first, blocked("OP-7605")).await;
    assert!(matches!(other, Err(StoreError::Conflict { .. })), "it may have been sent: {other:?}");
    let differs = WriteOutcome::Differs { now: json!({}), code: "OP-7639".into(), message: "other".into() };
    assert!(settle(on, &first, differs).await.is_err(), "it takes nothing back");
    settle(on, &first, uncertain()).await.unwrap();
    // Late knowledge: only what ends the doubt counts.
    for outcome in [uncertain(), refused(), later(on, 5, true)] {
        assert!(is_stale(&settle(on, &first, outcome).await));
    }
    settle(on, &first, later(on, 5, false)).await.unwrap();
    on.clock.turn(5);
    let second = sending(on).await;
    assert_eq!((second.attempt, second.failures, second.maybe), (2, 1, false));
    assert!(is_stale(&settle(on, &first, done("n1")).await), "an older attempt");
    let told_id = WriteOutcome::Later {
        due: on.in_secs(5),
        code: "OP-7637".into(),
        message: "not shown yet".into(),
        maybe: true,
        failed: false,
        far_id: Some("n7".into()),
    };
    settle(on, &second, told_id).await.unwrap();
    let row = on.store.write(&second.id).await.unwrap();
    assert_eq!((row.state, row.maybe, row.far_id.as_deref()), (WriteState::Waiting, true, Some("n7")));
    assert_eq!(row.failures, 1, "a pause that was asked for is no failure");
    // Whoever sent it hears of it before anybody looks.
    settle(on, &second, WriteOutcome::Written { far_id: None, after: json!({ "id": "n7" }), said: None })
        .await
        .unwrap();
    let row = on.store.write(&second.id).await.unwrap();
    assert_eq!((row.state, row.far_id.as_deref(), row.code), (WriteState::Written, Some("n7"), None));
    on.clock.turn(60);
    assert!(claim(on, 1).await.is_empty());
    let kinds = proven(on).await;
    assert_eq!((kinds["write.postponed"], kinds["write.uncertain"], kinds["write.written"]), (2, 1, 1));
}

/// A write to a record of its own in each state that stands by itself.
async fn one_in_each_state(on: &Fixture) -> HashMap<WriteState, WriteId> {
    opened(on).await;
    let word = |state: WriteState| state.as_str();
    let all = [
        WriteState::Sending,
        WriteState::Written,
        WriteState::Uncertain,
        WriteState::Refused,
        WriteState::Blocked,
        WriteState::Claimed,
        WriteState::Waiting,
        WriteState::Cancelled,
    ];
    let news: Vec<NewWrite> =
        all.iter().zip(0..).map(|(state, place)| new(on, word(*state), &format!("deal/{place}"), place)).collect();
    let ids: HashMap<WriteState, WriteId> = all.iter().copied().zip(news.iter().map(|new| new.id.clone())).collect();
    approved(on, "k1", news).await;
    rule(on, &ids[&WriteState::Cancelled], WriteRuling::Cancel).await.unwrap();
    sending(on).await;
    for outcome in [done("n1"), uncertain(), refused()] {
        settle(on, &sending(on).await, outcome).await.unwrap();
    }
    let blocks = claim(on, 1).await.pop().unwrap();
    settle(on, &blocks, blocked("OP-7605")).await.unwrap();
    claim(on, 1).await.pop().unwrap();
    for (wanted, id) in &ids {
        assert_eq!(state(on, id).await, *wanted);
    }
    ids
}

async fn people_rule_only_upon_what_stands_so(on: &Fixture) {
    let ids = one_in_each_state(on).await;
    let rulings: [(WriteRuling, &[WriteState]); 4] = [
        (WriteRuling::Went { far_id: None }, &[WriteState::Uncertain]),
        (WriteRuling::DidNotGo, &[WriteState::Uncertain]),
        (WriteRuling::Again, &[WriteState::Refused, WriteState::Blocked]),
        (WriteRuling::Cancel, &[WriteState::Waiting, WriteState::Claimed, WriteState::Blocked, WriteState::Refused]),
    ];
    for (ruling, fits) in &rulings {
        for (stands, id) in ids.iter().filter(|(stands, _)| !fits.contains(stands)) {
            let out = rule(on, id, ruling.clone()).await;
            assert!(matches!(&out, Err(StoreError::Conflict { what }) if what.contains(stands.as_str())), "{out:?}");
            assert_eq!(state(on, id).await, *stands);
        }
    }
    let nobody = WriteId::new(on.now(), on.store.chance());
    assert!(matches!(rule(on, &nobody, WriteRuling::Again).await, Err(StoreError::NotFound { .. })));
    let uncertain = &ids[&WriteState::Uncertain];
    rule(on, uncertain, WriteRuling::Went { far_id: Some("n9".into()) }).await.unwrap();
    let row = on.store.write(uncertain).await.unwrap();
    assert_eq!((row.state, row.far_id.as_deref(), row.after), (WriteState::Written, Some("n9"), None));
    for (stands, next) in [(WriteState::Refused, WriteState::Waiting), (WriteState::Blocked, WriteState::Waiting)] {
        rule(on, &ids[&stands], WriteRuling::Again).await.unwrap();
        assert_eq!(state(on, &ids[&stands]).await, next);
    }
    // A claim that is called off can send nothing any more.
    let claimed = on.store.write(&ids[&WriteState::Claimed]).await.unwrap();
    let leave = cleared(on, &claimed).await.unwrap();
    rule(on, &claimed.id, WriteRuling::Cancel).await.unwrap();
    assert!(is_stale(&intend(on, &claimed, Gate::Cleared(leave)).await));
    assert!(is_stale(&settle(on, &claimed, done("n3")).await));
    let aside = on.store.writes_aside().await.unwrap();
    assert!(aside.is_empty(), "{aside:?}");
    let kinds = proven(on).await;
    assert_eq!((kinds["write.settled"], kinds["write.retried"], kinds["write.cancelled"]), (1, 2, 2));
}

async fn nothing_is_called_off_that_may_have_been_sent(on: &Fixture) {
    opened(on).await;
    approved(on, "k1", vec![new(on, "k1", "deal/7", 1)]).await;
    let refuses = async |on: &Fixture, id: &WriteId, why: &str| {
        let out = rule(on, id, WriteRuling::Cancel).await;
        assert!(matches!(out, Err(StoreError::Conflict { .. })), "{why}: {out:?}");
    };
    let write = sending(on).await;
    refuses(on, &write.id, "being sent").await;
    settle(on, &write, later(on, 5, true)).await.unwrap();
    refuses(on, &write.id, "not looked for yet").await;
    on.clock.turn(5);
    let write = claim(on, 1).await.pop().unwrap();
    refuses(on, &write.id, "being looked for").await;
    let message = "shut".to_owned();
    settle(on, &write, WriteOutcome::Blocked { code: "OP-7605".into(), message, maybe: true }).await.unwrap();
    refuses(on, &write.id, "nobody has looked").await;
    rule(on, &write.id, WriteRuling::Again).await.unwrap();
    let write = claim(on, 1).await.pop().unwrap();
    assert!(write.maybe, "still");
    settle(on, &write, uncertain()).await.unwrap();
    refuses(on, &write.id, "uncertain").await;
    rule(on, &write.id, WriteRuling::DidNotGo).await.unwrap();
    rule(on, &write.id, WriteRuling::Cancel).await.unwrap();
    assert_eq!(proven(on).await["write.cancelled"], 1);
}

pub(super) fn undo(on: &Fixture, of: &WriteRow, forced: bool) -> UndoWrite {
    let mut write = of.write.clone();
    write.call.method = "DELETE".into();
    write.expect = serde_json::Value::Null;
    UndoWrite {
        id: WriteId::new(on.now(), on.store.chance()),
        of: of.id.clone(),
        write,
        forced,
        person: "usr_bob".into(),
        permit: right(),
        at: on.now(),
    }
}

async fn what_is_written_is_taken_back_once(on: &Fixture) {
    opened(on).await;
    approved(on, "k1", vec![new(on, "k1", "deal/7", 1)]).await;
    let write = sending(on).await;
    assert!(on.store.undo_write(undo(on, &write, true)).await.is_err(), "it is not written");
    settle(on, &write, done("n1")).await.unwrap();
    for other in [note("other", "deal/7"), note("k1", "deal/8")] {
        let out = on.store.undo_write(UndoWrite { write: other, ..undo(on, &write, false) }).await;
        assert!(matches!(out, Err(StoreError::Conflict { .. })), "{out:?}");
    }
    let mut kind = undo(on, &write, false);
    kind.write.kind = ActionKind::Task;
    assert!(on.store.undo_write(kind).await.is_err());
    // Of people who ask at once one is heard, through whichever daemon.
    let another = on.another().await;
    let (one, two) = (undo(on, &write, false), undo(on, &write, false));
    let (one, two) = futures_util::join!(on.store.undo_write(one), another.undo_write(two));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1, "{one:?} {two:?}");
    // What takes back needs no open gate.
    on.store.turn_flag(TurnFlag { change: FlagChange::Off, ..turn(on, "crm", "usr_bob", false) }).await.unwrap();
    on.store.pause_writing(pause(on, None)).await.unwrap();
    let back = claim(on, 10).await.pop().unwrap();
    assert_eq!((back.undo_of.as_ref(), back.write.call.method.as_str()), (Some(&write.id), "DELETE"));
    assert_eq!((back.plan.as_str(), &back.decision), ("p1", &write.decision));
    intend(on, &back, Gate::Undo).await.unwrap();
    assert_eq!(state(on, &write.id).await, WriteState::Written, "not before it is seen");
    settle(on, &back, WriteOutcome::Written { far_id: None, after: serde_json::Value::Null, said: None })
        .await
        .unwrap();
    assert_eq!((state(on, &write.id).await, state(on, &back.id).await), (WriteState::Undone, WriteState::Written));
    for of in [&write, &back] {
        let out = on.store.undo_write(undo(on, of, true)).await;
        assert!(matches!(out, Err(StoreError::Conflict { .. })), "{out:?}");
    }
    assert_eq!(on.store.undos(&write.id).await.unwrap().len(), 1);
    let kinds = proven(on).await;
    assert_eq!((kinds["write.undo_asked"], kinds["write.undone"], kinds["write.intended"]), (1, 1, 2));
}

async fn an_undo_that_finds_it_different_waits_for_a_person(on: &Fixture) {
    opened(on).await;
    approved(on, "k1", vec![new(on, "k1", "deal/7", 1), new(on, "k2", "deal/7", 2)]).await;
    let write = sending(on).await;
    settle(on, &write, done("n1")).await.unwrap();
    let differs =
        || WriteOutcome::Differs { now: json!({ "by": "hand" }), code: "OP-7639".into(), message: "so".into() };
    on.store.undo_write(undo(on, &write, false)).await.unwrap();
    let first = claim(on, 10).await.pop().unwrap();
    assert_eq!(first.undo_of.as_ref(), Some(&write.id), "it goes before what waits for the record");
    settle(on, &first, differs()).await.unwrap();
    assert!(claim(on, 10).await.is_empty(), "everything waits for the person");
    let row = on.store.write(&first.id).await.unwrap();
    assert_eq!((row.state, row.now), (WriteState::Differs, Some(json!({ "by": "hand" }))));
    let out = on.store.undo_write(undo(on, &write, false)).await;
    assert!(matches!(out, Err(StoreError::Conflict { .. })), "{out:?}");
    // They leave it; then they want it back after all, whatever it shows.
    rule(on, &first.id, WriteRuling::Cancel).await.unwrap();
    on.store.undo_write(undo(on, &write, false)).await.unwrap();
    let second = claim(on, 10).await.pop().unwrap();
    settle(on, &second, differs()).await.unwrap();
    on.store.undo_write(undo(on, &write, true)).await.unwrap();
    assert_eq!(state(on, &second.id).await, WriteState::Cancelled, "the forced one took its place");
    let third = sending(on).await;
    assert!(third.forced);
    // The far side does not take it: another one may be tried.
    settle(on, &third, refused()).await.unwrap();
    on.store.undo_write(undo(on, &write, true)).await.unwrap();
    assert_eq!(state(on, &third.id).await, WriteState::Cancelled);
    let fourth = sending(on).await;
    settle(on, &fourth, uncertain()).await.unwrap();
    assert!(on.store.undo_write(undo(on, &write, true)).await.is_err(), "nobody knows");
    rule(on, &fourth.id, WriteRuling::Went { far_id: None }).await.unwrap();
    assert_eq!(state(on, &write.id).await, WriteState::Undone);
    assert_eq!(claim(on, 10).await.len(), 1, "the record is free");
    let kinds = proven(on).await;
    assert_eq!((kinds["write.differs"], kinds["write.undo_asked"], kinds["write.undone"]), (2, 4, 1));
}

async fn undos_go_first_and_the_last_write_is_taken_back_first(on: &Fixture) {
    opened(on).await;
    let news = (1..=4).map(|place| new(on, &format!("k{place}"), "deal/7", place)).collect();
    approved(on, "k1", news).await;
    let mut written = Vec::new();
    for number in 0..2 {
        let write = sending(on).await;
        settle(on, &write, done(&format!("n{number}"))).await.unwrap();
        written.push(write);
    }
    let third = claim(on, 10).await.pop().unwrap();
    settle(on, &third, blocked("OP-7605")).await.unwrap();
    for write in &written {
        on.store.undo_write(undo(on, write, false)).await.unwrap();
        on.clock.turn(1);
    }
    for write in written.iter().rev() {
        let back = sending(on).await;
        assert_eq!(back.undo_of.as_ref(), Some(&write.id));
        assert!(claim(on, 10).await.is_empty(), "one at a time");
        settle(on, &back, WriteOutcome::Written { far_id: None, after: json!(null), said: None }).await.unwrap();
    }
    assert!(claim(on, 10).await.is_empty(), "what is blocked holds the record again");
    proven(on).await;
}
