//! Writes over the interface: seen whole by those who may, settled, stopped and tried again by people, and their record named.

use super::house::{CANARY, House};
use crate::domain::id::{BriefId, NodeId, WriteId};
use crate::policy::{Action, Ask, Kind, Resource};
use crate::store::{ApprovePlan, Belongs, ClaimWrites, NewWrite, QueueWrites, SettleWrite, WriteOutcome};
use opspilot_sdk::{ActionKind, Call, Write};
use serde_json::{Value, json};
use std::time::Duration;

/// A note for a brief of `south` that is on its way: approved with its plan, and waiting.
pub(super) async fn queued(house: &House, brief: &str, digest: &str, record: &str) -> WriteId {
    let decided = json!({ "decision": "approve", "revision": digest });
    let reply = house.post("owner", &format!("/api/v1/briefs/{brief}/decision"), decided).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let (store, at) = (&house.store, house.store.now());
    let owner = house.access.person("owner").await.unwrap();
    let resource = Resource {
        reviewers: vec![owner.user.clone()],
        forbid_self_review: false,
        ..Resource::within(Kind::Review, brief, "globex", "south")
    };
    let ask = Ask { principal: &owner, action: Action::WritebackApprove, resource: &resource };
    let call = Call {
        method: "POST".into(),
        target: format!("https://desk.example/{record}/notes"),
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: json!({ "text": CANARY }).to_string(),
    };
    let (id, key) = (WriteId::new(at, store.chance()), format!("op-{record}"));
    let expect = json!({ "text": CANARY });
    let write = Write { kind: ActionKind::Note, key, record: record.into(), call, expect };
    let new = NewWrite { id: id.clone(), sink: "desk".into(), place: 0, write, settle: Duration::ZERO, due: at };
    let brief: BriefId = brief.parse().unwrap();
    let approve = ApprovePlan {
        version: store.brief(&brief).await.unwrap().version,
        digest: digest.into(),
        plan: "p1".into(),
        decision: reply.json()["decision"].as_str().unwrap().into(),
        person: owner.user.clone(),
        belongs: Belongs { tenant: "globex".into(), pilot: "south".into() },
        permit: house.policies.permit(&ask, "prm_1".into()).unwrap(),
        queue: Some(QueueWrites { content: b"{}".to_vec(), writes: vec![new] }),
        brief,
        at,
    };
    store.approve_plan(approve).await.unwrap();
    id
}

/// The same, with something having come of it.
pub(super) async fn became(house: &House, brief: &str, digest: &str, outcome: WriteOutcome) -> WriteId {
    let id = queued(house, brief, digest, "4711").await;
    let (store, at) = (&house.store, house.store.now());
    let node = NodeId::new(at, store.chance());
    let until = at + jiff::SignedDuration::from_secs(60);
    let claimed = store.claim_writes(ClaimWrites { node, until, away: Vec::new(), most: 9, at }).await.unwrap();
    let attempt = claimed.iter().find(|write| write.id == id).map(|write| write.attempt).unwrap();
    store.settle_write(SettleWrite { id: id.clone(), attempt, outcome, at }).await.unwrap();
    id
}

pub(super) fn unknown() -> WriteOutcome {
    WriteOutcome::Uncertain { code: "OP-7510".into(), message: "the connection broke".into(), far_id: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_uncertain_write_is_shown_whole_and_settled_by_a_person() {
    let house = House::new().await;
    let (brief, digest) = house.brief("south", "We need 12 crates by Monday.").await;
    let id = became(&house, &brief, &digest, unknown()).await;
    for query in ["state=uncertain", "sink=desk", "pilot=south&state=uncertain", &format!("brief={brief}")] {
        let list = house.get("south-viewer", &format!("/api/v1/writes?{query}")).await;
        assert_eq!(list["items"][0]["id"].as_str(), Some(id.as_str()), "{query}");
        assert!(!list.to_string().contains(CANARY), "a list names what was sent by its digest");
    }
    for (query, count) in [("state=written", 0), ("sink=other", 0)] {
        let list = house.get("owner", &format!("/api/v1/writes?{query}")).await;
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(house.ask("owner", "GET", "/api/v1/writes?state=gone", "").await.status, 400);
    let path = format!("/api/v1/writes/{id}");
    let shown = house.get("south-viewer", &path).await;
    assert_eq!(shown["call"]["target"], "https://desk.example/4711/notes");
    assert_eq!(shown["call"]["body"], json!({ "text": CANARY }).to_string());
    assert_eq!(
        (&shown["expect"]["text"], &shown["before"], &shown["undo"]),
        (&json!(CANARY), &Value::Null, &Value::Null)
    );
    assert_eq!(
        shown["differences"],
        json!([{ "name": "text", "before": null, "left": CANARY, "now": null, "changed": false }])
    );
    for wrong in [
        json!({}),
        json!({ "outcome": "perhaps" }),
        json!({ "outcome": "went", "more": 1 }),
        json!({ "outcome": "did_not_go", "far_id": "7" }),
    ] {
        assert_eq!(house.post("owner", &format!("{path}/settle"), wrong.clone()).await.status, 422, "{wrong}");
    }
    for act in ["retry", "cancel"] {
        let refused = house.post("owner", &format!("{path}/{act}"), json!({})).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "OP-3002"), "{act}: {}", refused.body);
    }
    let reviewer = house.post("south-reviewer", &format!("{path}/settle"), json!({ "outcome": "went" })).await;
    assert_eq!((reviewer.status, reviewer.code().as_str()), (403, "OP-5008"), "{}", reviewer.body);
    let went = json!({ "outcome": "went", "far_id": "88112" });
    let settled = house.post("owner", &format!("{path}/settle"), went.clone()).await;
    let row = settled.json();
    assert_eq!((settled.status, row["state"].as_str(), row["far_id"].as_str()), (200, Some("written"), Some("88112")));
    let twice = house.post("owner", &format!("{path}/settle"), went).await;
    assert_eq!((twice.status, twice.code().as_str()), (409, "OP-3002"), "{}", twice.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_sent_is_sent_again_or_stopped() {
    let house = House::new().await;
    let (brief, digest) = house.brief("south", "We need 12 crates by Monday.").await;
    let id = became(&house, &brief, &digest, unknown()).await;
    let path = format!("/api/v1/writes/{id}");
    let again = house.post("owner", &format!("{path}/settle"), json!({ "outcome": "did_not_go" })).await;
    assert_eq!((again.status, again.json()["state"].as_str()), (200, Some("waiting")), "{}", again.body);
    // Stopping is for reviewers, too.
    let stopped = house.post("south-reviewer", &format!("{path}/cancel"), json!({})).await;
    assert_eq!((stopped.status, stopped.json()["state"].as_str()), (200, Some("cancelled")), "{}", stopped.body);
    let (brief, digest) = house.brief("south", "We need 13 crates by Monday.").await;
    let outcome = WriteOutcome::Refused { code: "OP-7511".into(), message: "there is no such record".into() };
    let id = became(&house, &brief, &digest, outcome).await;
    let retried = house.post("owner", &format!("/api/v1/writes/{id}/retry"), json!({})).await;
    assert_eq!((retried.status, retried.json()["state"].as_str()), (200, Some("waiting")), "{}", retried.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_reviewer_names_the_record() {
    let house = House::new().await;
    let (brief, _) = house.brief("south", "We need 12 crates by Monday.").await;
    let path = format!("/api/v1/briefs/{brief}/target");
    let named = |record: Value| json!({ "sink": "desk", "record": record });
    let set = house.post("south-reviewer", &path, named(json!(" 4711 "))).await;
    assert_eq!((set.status, &set.json()["targets"]), (200, &json!({ "desk": "4711" })), "{}", set.body);
    for (wrong, code) in [
        (named(json!("")), "OP-7644"),
        (named(json!("47\n11")), "OP-7644"),
        (named(json!("x".repeat(201))), "OP-7644"),
        (json!({ "sink": "disk", "record": "1" }), "OP-7641"),
        (json!({ "sink": "desk" }), "OP-9013"),
    ] {
        let refused = house.post("south-reviewer", &path, wrong.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, code), "{wrong}: {}", refused.body);
    }
    let none = house.post("south-reviewer", &path, named(Value::Null)).await;
    assert_eq!((none.status, &none.json()["targets"]), (200, &json!({})), "{}", none.body);
    assert_eq!(house.post("south-viewer", &path, named(json!("1"))).await.code(), "OP-5008");
}
