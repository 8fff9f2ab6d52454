//! Writes into systems outside: queued with their approval, claimed one of a record at a time, intent before outcome, and only while the gate
//! is open in that very transaction.

use super::fixture::{Fixture, is_stale};
use super::on_both;
use super::samples::{decide, in_review, node, permit};
use crate::domain::id::{BriefId, StatementId, WriteId};
use crate::domain::review::{ReviewState, Rules};
use crate::domain::writeback::{Asked, Cleared, Facts, Flag, Ramp, Standing, StatementKind, Terms, WriteState, clear};
use crate::policy::{Action, Kind, Permit};
use crate::store::{
    AddStatement, ApprovesPlan, ClaimWrites, ClaimedRun, FlagChange, Gate, IntendWrite, NewWrite, QueueWrites,
    SettleWrite, StoreError, TurnFlag, WriteOutcome, WriteRow,
};
use opspilot_sdk::{ActionKind, Call, Write};
use serde_json::{Value, json};
use std::time::Duration;

on_both!(what_is_approved_is_written_once,);

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
    };
    let terms = Terms { level: 3, window: (None, None), two_people: approvals > 1, automation: None };
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

pub(super) async fn state(on: &Fixture, id: &WriteId) -> WriteState {
    on.store.write(id).await.unwrap().state
}

/// How often a brief's receipts are of this kind.
pub(super) async fn brief_of(on: &Fixture, brief: &BriefId) -> ReviewState {
    on.store.brief(brief).await.unwrap().state
}

async fn what_is_approved_is_written_once(on: &Fixture) {
    opened(on).await;
    let new = new(on, "k1", "deal/7", 1);
    let run = approved(on, "k1", vec![new.clone()]).await;
    assert_eq!(brief_of(on, &run.brief()).await, ReviewState::Approved);
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
    let kinds = on.verify().await;
    assert_eq!((kinds["writeback.queued"], kinds["write.intended"], kinds["write.written"]), (1, 1, 1));
}
