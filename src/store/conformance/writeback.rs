//! Writes into systems outside: queued with their approval, claimed one of a record at a time, intent before outcome, and only while the gate
//! is open in that very transaction.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{belongs, decide, in_review, node, permit};
use crate::domain::id::{BriefId, StatementId, WriteId};
use crate::domain::review::{ReviewState, Rules};
use crate::domain::writeback::{Asked, Cleared, Facts, Flag, Ramp, Standing, StatementKind, Terms, WriteState, clear};
use crate::policy::{Action, Kind, Permit};
use crate::store::{
    AddStatement, ApprovePlan, ApprovesPlan, ClaimWrites, ClaimedRun, FlagChange, Gate, IntendWrite, NewWrite,
    PlanApproval, QueueWrites, RuleWrite, SetTarget, SettleWrite, StoreError, TurnFlag, UndoWrite, WriteFilter,
    WriteOutcome, WriteRow, WriteRuling,
};
use opspilot_sdk::{ActionKind, Call, Write};
use serde_json::{Value, json};
use std::time::Duration;

on_both!(
    what_is_approved_is_written_once,
    a_plan_is_queued_with_the_decision_that_completes_it_or_not_at_all,
    where_two_must_approve_the_second_completes_it,
    a_plan_that_moved_is_approved_anew_and_counted_once,
    another_plan_replaces_what_is_certainly_unsent_and_nothing_else,
    what_was_called_off_goes_when_the_same_people_approve_it_again,
    a_key_that_was_taken_back_is_spent,
    a_record_named_meanwhile_is_a_change_of_the_brief,
    a_call_that_was_altered_is_never_handed_out,
);

/// A person who may do everything.
pub(super) fn right() -> Permit {
    permit(Action::ReportRead, Kind::Pilot, "north")
}

/// A note to a record.
pub(super) fn note(key: &str, record: &str) -> Write {
    Write {
        kind: ActionKind::Note,
        key: key.into(),
        record: record.into(),
        call: Call {
            method: "POST".into(),
            target: format!("https://crm.example/{record}/notes"),
            headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
            body: json!({ "text": "What it says.", "key": key }).to_string(),
        },
        expect: json!({ "key": key }),
    }
}

/// A write to queue.
pub(super) fn new(on: &Fixture, key: &str, record: &str, place: i64) -> NewWrite {
    NewWrite {
        id: WriteId::new(on.now(), on.store.chance()),
        sink: "crm".into(),
        place,
        write: note(key, record),
        settle: Duration::from_secs(20),
        due: on.now(),
    }
}

/// Plan that is named so, with these writes.
pub(super) fn approves(plan: &str, writes: Vec<NewWrite>) -> Option<ApprovesPlan> {
    let queue = QueueWrites { content: format!("{{\"plan\":\"{plan}\"}}").into_bytes(), writes };
    Some(ApprovesPlan { plan: plan.into(), queue: Some(queue) })
}

/// A brief that was approved with a plan of these writes.
pub(super) async fn approved(on: &Fixture, key: &str, writes: Vec<NewWrite>) -> ClaimedRun {
    let run = in_review(on, key).await;
    let digest = on.store.brief(&run.brief()).await.unwrap().digest;
    let mut decision = decide(on, &run.brief(), 1, "usr_ada", "approve");
    (decision.digest, decision.approves) = (digest, approves("p1", writes));
    on.store.decide(decision).await.unwrap();
    run
}

/// Turns the flag of a sink on for an hour.
pub(super) fn turn(on: &Fixture, sink: &str, person: &str, two_people: bool) -> TurnFlag {
    TurnFlag {
        pilot: "north".into(),
        tenant: "acme".into(),
        sink: sink.into(),
        change: FlagChange::On { until: on.in_secs(3600), ramp: Ramp::FULL },
        two_people,
        person: person.into(),
        permit: right(),
        at: on.now(),
    }
}

pub(super) fn say(on: &Fixture, kind: StatementKind) -> AddStatement {
    AddStatement {
        id: StatementId::new(on.now(), on.store.chance()),
        pilot: "north".into(),
        tenant: "acme".into(),
        kind,
        text: "so be it".into(),
        until: None,
        terms: "t0".into(),
        person: "usr_ada".into(),
        permit: right(),
        at: on.now(),
    }
}

/// Everything that the gate asks for is on file.
pub(super) async fn opened(on: &Fixture) -> Flag {
    on.store.add_statement(say(on, StatementKind::Go)).await.unwrap();
    on.store.add_statement(say(on, StatementKind::RollbackPlan)).await.unwrap();
    on.store.turn_flag(turn(on, "crm", "usr_ada", false)).await.unwrap()
}

pub(super) async fn claim(on: &Fixture, most: u32) -> Vec<WriteRow> {
    let claim = ClaimWrites { node: node(on), until: on.in_secs(30), away: Vec::new(), most, at: on.now() };
    on.store.claim_writes(claim).await.unwrap()
}

/// The gate's leave by what is on file now.
pub(super) async fn cleared(on: &Fixture, write: &WriteRow) -> Option<Cleared> {
    let standing = on.store.standing("north").await.unwrap();
    leave(on, write, &standing, 1).await
}

/// What the pilot says about writing, where so many must approve.
pub(super) fn terms(approvals: u32) -> Terms {
    Terms { level: 3, window: (None, None), two_people: approvals > 1, automation: None }
}

/// The same by another standing, where so many must approve.
pub(super) async fn leave(on: &Fixture, write: &WriteRow, standing: &Standing, approvals: u32) -> Option<Cleared> {
    let (_, review, _) = on.store.review(&write.brief).await.unwrap();
    let shown = on.store.shown(&write.brief).await.unwrap();
    let approved = review.approved_with(Rules { approvals, attempts: 3 }, &write.plan, &shown);
    let digest = on.store.writeback(&write.brief).await.unwrap().map(|plan| plan.digest).unwrap_or_default();
    let asked = Asked {
        sink: &write.sink,
        kind: write.write.kind,
        suffix: write.request.suffix(),
        digest: &digest,
        plan: &write.plan,
        planted: false,
    };
    let terms = terms(approvals);
    let facts = Facts { terms: &terms, standing, unproven: &[], now: on.now() };
    clear(&asked, &facts, approved.as_ref()).ok()
}

pub(super) async fn intend(on: &Fixture, write: &WriteRow, gate: Gate) -> Result<(), StoreError> {
    let intend = IntendWrite {
        id: write.id.clone(),
        attempt: write.attempt,
        before: Value::Null,
        gate,
        until: on.in_secs(60),
        at: on.now(),
    };
    on.store.intend_write(intend).await
}

pub(super) async fn settle(on: &Fixture, write: &WriteRow, outcome: WriteOutcome) -> Result<(), StoreError> {
    let settle = SettleWrite { id: write.id.clone(), attempt: write.attempt, outcome, at: on.now() };
    on.store.settle_write(settle).await
}

pub(super) fn done(id: &str) -> WriteOutcome {
    WriteOutcome::Written { far_id: Some(id.into()), after: json!({ "id": id }), said: Some("201".into()) }
}

pub(super) fn later(on: &Fixture, secs: i64, maybe: bool) -> WriteOutcome {
    let (code, message) = ("OP-7635".to_owned(), "no answer".to_owned());
    WriteOutcome::Later { due: on.in_secs(secs), code, message, maybe, failed: true, far_id: None }
}

pub(super) fn refused() -> WriteOutcome {
    WriteOutcome::Refused { code: "OP-7500".into(), message: "no".into() }
}

pub(super) fn blocked(code: &str) -> WriteOutcome {
    WriteOutcome::Blocked { code: code.into(), message: "shut".into(), maybe: false }
}

pub(super) fn uncertain() -> WriteOutcome {
    WriteOutcome::Uncertain { code: "OP-7633".into(), message: "nobody knows".into(), far_id: None }
}

pub(super) async fn rule(on: &Fixture, id: &WriteId, ruling: WriteRuling) -> Result<(), StoreError> {
    let (id, person) = (id.clone(), "usr_bob".to_owned());
    on.store.rule_write(RuleWrite { id, ruling, person, permit: right(), at: on.now() }).await
}

/// Claims the write that is due alone and puts its intent down.
pub(super) async fn sending(on: &Fixture) -> WriteRow {
    let mut claimed = claim(on, 1).await;
    let write = claimed.pop().expect("a write is due");
    let gate = if write.undo_of.is_some() {
        Gate::Undo
    } else {
        Gate::Cleared(cleared(on, &write).await.expect("the gate is open"))
    };
    intend(on, &write, gate).await.unwrap();
    write
}

pub(super) async fn state(on: &Fixture, id: &WriteId) -> WriteState {
    on.store.write(id).await.unwrap().state
}

/// The receipts about writes, plans and pauses, oldest first.
pub(super) async fn told(on: &Fixture) -> Vec<Value> {
    let all = on.store.receipts_from(1, u32::MAX).await.unwrap();
    let parsed = all.iter().map(|receipt| serde_json::from_slice::<Value>(&receipt.bytes).unwrap());
    parsed.filter(|receipt| receipt["kind"].as_str().is_some_and(|kind| kind.starts_with("writ"))).collect()
}

/// Every receipt about a write names what it was approved by, the log is whole, and there are as many receipts as rows.
pub(super) async fn proven(on: &Fixture) -> std::collections::BTreeMap<String, u64> {
    for receipt in told(on).await.iter().filter(|receipt| receipt["kind"].as_str().unwrap().starts_with("write.")) {
        let body = &receipt["body"];
        for name in ["decision", "plan", "digest", "write", "sink"] {
            assert!(body[name].as_str().is_some_and(|text| !text.is_empty()), "no {name} in {receipt}");
        }
        assert!(receipt["subject"].as_str().unwrap().starts_with("req_"), "{receipt}");
    }
    let kinds = on.verify().await;
    // The fixtures draft without the words of the real step.
    for (kind, rows) in on.store.census().await.unwrap().into_iter().filter(|(kind, _)| !kind.starts_with("brief.")) {
        assert_eq!(kinds.get(kind).copied().unwrap_or(0), rows, "{kind}");
    }
    kinds
}

/// Another approval of a brief that is approved.
async fn approve(on: &Fixture, brief: &BriefId, person: &str, plan: &str, queue: Option<Vec<NewWrite>>) -> ApprovePlan {
    let row = on.store.brief(brief).await.unwrap();
    ApprovePlan {
        brief: brief.clone(),
        version: row.version,
        digest: row.digest,
        plan: plan.into(),
        decision: "dec_1".into(),
        person: person.into(),
        belongs: belongs(),
        permit: right(),
        queue: queue.map(|writes| QueueWrites { content: b"{}".to_vec(), writes }),
        at: on.now(),
    }
}

async fn what_is_approved_is_written_once(on: &Fixture) {
    opened(on).await;
    let new = new(on, "k1", "deal/7", 1);
    let run = approved(on, "k1", vec![new.clone()]).await;
    assert_eq!(on.store.brief(&run.brief()).await.unwrap().state, ReviewState::Approved);
    let plan = on.store.writeback(&run.brief()).await.unwrap().unwrap();
    assert_eq!((plan.plan.as_str(), plan.content.as_slice()), ("p1", b"{\"plan\":\"p1\"}".as_slice()));
    assert!(on.store.is_write_due(on.now()).await.unwrap());
    let claimed = claim(on, 10).await;
    assert_eq!((claimed.len(), &claimed[0].id, &claimed[0].write), (1, &new.id, &new.write));
    let write = &claimed[0];
    assert_eq!((write.attempt, write.state, write.maybe), (1, WriteState::Claimed, false));
    assert!(claim(on, 10).await.is_empty(), "it is claimed");
    intend(on, write, Gate::Cleared(cleared(on, write).await.unwrap())).await.unwrap();
    let again = cleared(on, write).await.unwrap();
    assert!(is_stale(&intend(on, write, Gate::Cleared(again)).await), "it is being sent");
    settle(on, write, done("n1")).await.unwrap();
    assert!(is_stale(&settle(on, write, done("n1")).await), "it is written");
    let row = on.store.write(&new.id).await.unwrap();
    assert_eq!((row.state, row.far_id.as_deref(), row.said.as_deref()), (WriteState::Written, Some("n1"), Some("201")));
    assert_eq!((row.before, row.after), (Some(Value::Null), Some(json!({ "id": "n1" }))));
    on.clock.turn(86_400);
    assert!(claim(on, 10).await.is_empty(), "never again");
    let kinds = proven(on).await;
    assert_eq!((kinds["writeback.queued"], kinds["write.intended"], kinds["write.written"]), (1, 1, 1));
}

async fn a_plan_is_queued_with_the_decision_that_completes_it_or_not_at_all(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let brief = run.brief();
    let with = |version, verdict, state: Option<ReviewState>| {
        let mut decision = decide(on, &brief, version, "usr_ada", verdict);
        decision.approves = approves("p1", vec![new(on, "k1", "deal/7", 1)]);
        if let Some(state) = state {
            (decision.state, decision.wake) = (state, None);
        }
        on.store.decide(decision)
    };
    let late = with(7, "approve", None).await;
    assert!(is_stale(&late), "{late:?}");
    let other = in_review(on, "k2").await;
    // What cannot be is refused by itself, and not with what happens to be decided beside it.
    let (rejected, counted, beside) = futures_util::join!(
        with(1, "reject", None),
        with(1, "approve", Some(ReviewState::Open)),
        on.store.decide(decide(on, &other.brief(), 1, "usr_ada", "approve"))
    );
    for refused in [rejected, counted] {
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    }
    beside.unwrap();
    assert!(on.store.shown(&brief).await.unwrap().is_empty());
    assert!(on.store.writeback(&brief).await.unwrap().is_none());
    assert_eq!(on.store.brief(&brief).await.unwrap().state, ReviewState::Open);
    with(1, "approve", None).await.unwrap();
    let writes = on.store.writes(&WriteFilter { limit: 10, ..WriteFilter::default() }).await.unwrap().items;
    assert_eq!((writes.len(), writes[0].write.clone(), writes[0].plan.as_str()), (1, note("k1", "deal/7"), "p1"));
    assert_eq!((writes[0].person.as_str(), &writes[0].request), ("usr_ada", &run.request.id));
    let kinds = proven(on).await;
    assert_eq!((kinds["brief.decided"], kinds["writeback.queued"]), (2, 1));
}

async fn where_two_must_approve_the_second_completes_it(on: &Fixture) {
    opened(on).await;
    let run = in_review(on, "k1").await;
    let brief = run.brief();
    let digest = on.store.brief(&brief).await.unwrap().digest;
    let mut first = decide(on, &brief, 1, "usr_ada", "approve");
    (first.state, first.wake, first.digest) = (ReviewState::Open, None, digest.clone());
    first.approves = Some(ApprovesPlan { plan: "p1".into(), queue: None });
    on.store.decide(first).await.unwrap();
    assert_eq!(on.store.shown(&brief).await.unwrap().len(), 1);
    assert!(!on.store.is_write_due(on.now()).await.unwrap());
    let mut second = decide(on, &brief, 2, "usr_bob", "approve");
    (second.digest, second.approves) = (digest, approves("p1", vec![new(on, "k1", "deal/7", 1)]));
    on.store.decide(second).await.unwrap();
    let write = claim(on, 1).await.pop().unwrap();
    let standing = on.store.standing("north").await.unwrap();
    assert!(leave(on, &write, &standing, 3).await.is_none(), "three are too many");
    // Where two people must approve, two must have turned the flag.
    assert!(leave(on, &write, &standing, 2).await.is_none());
    for person in ["usr_ada", "usr_bob"] {
        on.store.turn_flag(turn(on, "crm", person, true)).await.unwrap();
    }
    let standing = on.store.standing("north").await.unwrap();
    let cleared = leave(on, &write, &standing, 2).await.unwrap();
    intend(on, &write, Gate::Cleared(cleared)).await.unwrap();
    let told = told(on).await;
    let intended = told.iter().find(|receipt| receipt["kind"] == "write.intended").unwrap();
    assert_eq!(intended["body"]["approved_by"], json!(["usr_ada", "usr_bob"]));
    proven(on).await;
}

async fn a_plan_that_moved_is_approved_anew_and_counted_once(on: &Fixture) {
    opened(on).await;
    let run = in_review(on, "k1").await;
    let brief = run.brief();
    let early = approve(on, &brief, "usr_bob", "p2", None).await;
    assert!(is_stale(&on.store.approve_plan(early).await), "the brief is not approved");
    let digest = on.store.brief(&brief).await.unwrap().digest;
    let mut decision = decide(on, &brief, 1, "usr_ada", "approve");
    (decision.digest, decision.approves) = (digest, Some(ApprovesPlan { plan: "p1".into(), queue: None }));
    on.store.decide(decision).await.unwrap();
    // Two see the same and approve at once: the second must read again, and then count the first.
    let one = approve(on, &brief, "usr_bob", "p2", None).await;
    let two = approve(on, &brief, "usr_cyd", "p2", None).await;
    let (one, two) = futures_util::join!(on.store.approve_plan(one), on.store.approve_plan(two));
    assert_eq!([&one, &two].iter().filter(|out| is_stale(out)).count(), 1, "{one:?} {two:?}");
    let behind = if one.is_ok() { "usr_cyd" } else { "usr_bob" };
    let other = ApprovePlan { digest: "other".into(), ..approve(on, &brief, behind, "p2", None).await };
    assert!(is_stale(&on.store.approve_plan(other).await), "another revision");
    assert!(on.store.writeback(&brief).await.unwrap().is_none());
    let queue = Some(vec![new(on, "k1", "deal/7", 1)]);
    on.store.approve_plan(approve(on, &brief, behind, "p2", queue).await).await.unwrap();
    let again = on.store.approve_plan(approve(on, &brief, behind, "p2", None).await).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    assert_eq!(on.store.writeback(&brief).await.unwrap().unwrap().plan, "p2");
    let shown = on.store.shown(&brief).await.unwrap();
    assert_eq!(shown.iter().filter(|shown| shown.plan == "p2").count(), 2);
    // Once more by a third changes nothing of what is queued.
    let queue = Some(vec![new(on, "k1", "deal/7", 1)]);
    let out = on.store.approve_plan(approve(on, &brief, "usr_ada", "p2", queue).await).await.unwrap();
    assert_eq!(out, PlanApproval::Counted { queued: 0 });
    let writes = on.store.writes(&WriteFilter { limit: 10, ..WriteFilter::default() }).await.unwrap().items;
    assert_eq!((writes.len(), writes[0].state), (1, WriteState::Waiting));
    let kinds = proven(on).await;
    assert_eq!((kinds["writeback.approved"], kinds["writeback.queued"]), (3, 2));
}

async fn another_plan_replaces_what_is_certainly_unsent_and_nothing_else(on: &Fixture) {
    opened(on).await;
    let keys = ["blocked", "refused", "written", "uncertain", "maybe", "sending", "claimed", "waiting"];
    let place = |number: usize| i64::try_from(number).unwrap();
    let news = || keys.iter().enumerate().map(|(number, key)| new(on, key, &format!("deal/{number}"), place(number)));
    let run = approved(on, "k1", news().collect()).await;
    let mut olds = std::collections::BTreeMap::new();
    for key in &keys[..7] {
        let write = if *key == "claimed" { claim(on, 1).await.pop().unwrap() } else { sending(on).await };
        assert_eq!(write.write.key, *key, "in the order of their places");
        let outcome = match *key {
            "blocked" | "refused" => Some(refused()),
            "written" => Some(done("n1")),
            "uncertain" => Some(uncertain()),
            "maybe" => Some(later(on, 60, true)),
            _ => None,
        };
        if let Some(outcome) = outcome {
            settle(on, &write, outcome).await.unwrap();
        }
        if *key == "blocked" {
            // The gate shuts before it goes again; what waits beside it comes later.
            rule(on, &write.id, WriteRuling::Again).await.unwrap();
            let again = claim(on, 1).await.pop().unwrap();
            assert_eq!(again.id, write.id);
            settle(on, &again, blocked("OP-7605")).await.unwrap();
        }
        olds.insert(*key, write);
    }
    let brief = run.brief();
    // While one of its keys may be at the far side, another plan does not come into force, and nothing is changed.
    let flying = ["uncertain", "maybe", "sending"];
    let receipts = told(on).await.len();
    for key in flying {
        let news =
            Some(news().filter(|new| !flying.contains(&new.write.key.as_str()) || new.write.key == key).collect());
        let out = on.store.approve_plan(approve(on, &brief, "usr_bob", "p2", news).await).await.unwrap();
        assert!(matches!(&out, PlanApproval::Taken { by, undoing: false } if by.id == olds[key].id), "{key}: {out:?}");
    }
    assert_eq!(told(on).await.len(), receipts);
    assert!(on.store.shown(&brief).await.unwrap().iter().all(|shown| shown.plan == "p1"));
    // What stands written exactly so is not written again, and anything else under its key is not taken for it.
    let news = || news().filter(|new| !flying.contains(&new.write.key.as_str()));
    let elsewhere = news().map(|mut new| {
        if new.write.key == "written" {
            new.write = note("written", "deal/99");
        }
        new
    });
    let out =
        on.store.approve_plan(approve(on, &brief, "usr_bob", "p2", Some(elsewhere.collect())).await).await.unwrap();
    assert!(matches!(&out, PlanApproval::Taken { by, .. } if by.id == olds["written"].id), "{out:?}");
    let out = on.store.approve_plan(approve(on, &brief, "usr_bob", "p2", Some(news().collect())).await).await.unwrap();
    assert_eq!(out, PlanApproval::Counted { queued: 4 });
    let filter = WriteFilter { brief: Some(brief.to_string()), limit: 50, ..WriteFilter::default() };
    let writes = on.store.writes(&filter).await.unwrap().items;
    let of = |key: &str, plan: &str| {
        writes.iter().find(|row| row.write.key == key && row.plan == plan).map(|row| row.state.as_str())
    };
    for key in ["blocked", "refused", "claimed", "waiting"] {
        assert_eq!((of(key, "p1"), of(key, "p2")), (Some("cancelled"), Some("waiting")), "{key}");
    }
    for (key, state) in
        [("written", "written"), ("uncertain", "uncertain"), ("maybe", "waiting"), ("sending", "sending")]
    {
        assert_eq!((of(key, "p1"), of(key, "p2")), (Some(state), None), "{key}");
    }
    // Whoever had claimed it under the old plan sends nothing more.
    let standing = on.store.standing("north").await.unwrap();
    let claimed = &olds["claimed"];
    let old = leave(on, claimed, &standing, 1).await.expect("its approval stands");
    assert!(is_stale(&intend(on, claimed, Gate::Cleared(old)).await));
    // What may have been sent is looked for, and if it was not, it is not sent by the old plan.
    on.clock.turn(61);
    let maybe = claim(on, 50).await.into_iter().find(|row| row.write.key == "maybe").unwrap();
    let old = leave(on, &maybe, &standing, 1).await.unwrap();
    assert_eq!(intend(on, &maybe, Gate::Cleared(old)).await, Err(StoreError::Stale { what: "plan" }));
    settle(on, &olds["sending"], done("n2")).await.unwrap();
    let kinds = proven(on).await;
    assert_eq!((kinds["write.cancelled"], kinds["writeback.queued"]), (4, 2));
}

async fn what_was_called_off_goes_when_the_same_people_approve_it_again(on: &Fixture) {
    opened(on).await;
    let run = approved(on, "k1", vec![new(on, "k1", "deal/7", 1), new(on, "k2", "deal/8", 2)]).await;
    let brief = run.brief();
    let again = async || {
        let queue = Some(vec![new(on, "k1", "deal/7", 1), new(on, "k2", "deal/8", 2)]);
        on.store.approve_plan(approve(on, &brief, "usr_ada", "p1", queue).await).await
    };
    assert!(matches!(again().await, Err(StoreError::Conflict { .. })), "all of it stands");
    let first = sending(on).await;
    settle(on, &first, done("n1")).await.unwrap();
    let second = claim(on, 1).await.pop().unwrap();
    settle(on, &second, blocked("OP-7605")).await.unwrap();
    assert!(again().await.is_err(), "what is kept back is tried again and not queued again");
    rule(on, &second.id, WriteRuling::Cancel).await.unwrap();
    // Where more people must approve, the same one again is not another one.
    let alone = approve(on, &brief, "usr_ada", "p1", None).await;
    assert!(matches!(on.store.approve_plan(alone).await, Err(StoreError::Conflict { .. })));
    assert_eq!(again().await.unwrap(), PlanApproval::Counted { queued: 1 });
    assert_eq!(on.store.shown(&brief).await.unwrap().len(), 1, "one person, as before");
    let write = sending(on).await;
    assert_eq!(write.write.key, "k2", "what is written stays");
    settle(on, &write, done("n2")).await.unwrap();
    assert!(claim(on, 10).await.is_empty());
    let kinds = proven(on).await;
    assert_eq!((kinds["write.written"], kinds["write.cancelled"], kinds["writeback.queued"]), (2, 1, 2));
}

async fn a_key_that_was_taken_back_is_spent(on: &Fixture) {
    opened(on).await;
    let run = approved(on, "k1", vec![new(on, "k1", "deal/7", 1)]).await;
    let brief = run.brief();
    let write = sending(on).await;
    settle(on, &write, done("n1")).await.unwrap();
    let plan = async |plan: &str, key: &str| {
        let queue = Some(vec![new(on, key, "deal/8", 1)]);
        on.store.approve_plan(approve(on, &brief, "usr_ada", plan, queue).await).await.unwrap()
    };
    let undo = UndoWrite {
        id: WriteId::new(on.now(), on.store.chance()),
        of: write.id.clone(),
        write: write.write.clone(),
        forced: false,
        person: "usr_bob".into(),
        permit: right(),
        at: on.now(),
    };
    on.store.undo_write(undo).await.unwrap();
    let out = plan("p2", "k1").await;
    assert!(matches!(&out, PlanApproval::Taken { by, undoing: true } if by.id == write.id), "{out:?}");
    assert!(on.store.spent_keys(&brief).await.unwrap().is_empty());
    let back = sending(on).await;
    settle(on, &back, done("n1")).await.unwrap();
    assert_eq!(on.store.spent_keys(&brief).await.unwrap(), [("crm".to_owned(), "k1".to_owned())].into());
    // A plan that was read before it was taken back would be lost under that key.
    let out = plan("p2", "k1").await;
    assert!(matches!(&out, PlanApproval::Taken { by, undoing: false } if by.state == WriteState::Undone), "{out:?}");
    assert_eq!(plan("p3", "k1b").await, PlanApproval::Counted { queued: 1 });
    let write = sending(on).await;
    assert_eq!((write.write.key.as_str(), write.write.record.as_str()), ("k1b", "deal/8"));
    settle(on, &write, done("n2")).await.unwrap();
    proven(on).await;
}

async fn a_record_named_meanwhile_is_a_change_of_the_brief(on: &Fixture) {
    let run = in_review(on, "k1").await;
    let brief = run.brief();
    let name = |brief: &BriefId, record: Option<&str>| SetTarget {
        brief: brief.clone(),
        sink: "crm".into(),
        record: record.map(str::to_owned),
        person: "usr_ada".into(),
        belongs: belongs(),
        permit: right(),
        at: on.now(),
    };
    assert!(on.store.target(&brief).await.unwrap().is_empty());
    for record in ["deal/7", "deal/8"] {
        on.store.set_target(name(&brief, Some(record))).await.unwrap();
    }
    assert_eq!(on.store.target(&brief).await.unwrap()["crm"], "deal/8");
    let upon_old = on.store.decide(decide(on, &brief, 1, "usr_ada", "approve")).await;
    assert!(is_stale(&upon_old), "what would be written is another now");
    on.store.set_target(name(&brief, None)).await.unwrap();
    assert!(on.store.target(&brief).await.unwrap().is_empty());
    on.store.decide(decide(on, &brief, 4, "usr_ada", "reject")).await.unwrap();
    let over = on.store.set_target(name(&brief, Some("deal/9"))).await;
    assert!(matches!(over, Err(StoreError::Conflict { .. })), "{over:?}");
    let nobody = crate::domain::id::RequestId::new(on.now(), on.store.chance()).brief();
    assert!(matches!(on.store.set_target(name(&nobody, None)).await, Err(StoreError::NotFound { .. })));
    assert_eq!(on.verify().await["writeback.target"], 3);
}

async fn a_call_that_was_altered_is_never_handed_out(on: &Fixture) {
    let new = new(on, "k1", "deal/7", 1);
    approved(on, "k1", vec![new.clone()]).await;
    let held = crate::store::writer::Held::open(&on.store.shared.backend).await;
    held.unwrap().conn().raw("UPDATE write_item SET digest = 'other'").await.unwrap();
    let claim = ClaimWrites { node: node(on), until: on.in_secs(30), away: Vec::new(), most: 1, at: on.now() };
    let claimed = on.store.claim_writes(claim).await;
    assert!(matches!(&claimed, Err(StoreError::Corrupt { what }) if what.contains(new.id.as_str())), "{claimed:?}");
    assert!(matches!(on.store.write(&new.id).await, Err(StoreError::Corrupt { .. })));
}
