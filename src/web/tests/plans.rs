//! Plans over the interface: shown to the byte without a connection, approved by their hash alone, and taken back by those whom the pilot
//! names.

use super::house::House;
use super::writes::{became, unknown};
use serde_json::{Value, json};

async fn target(house: &House, brief: &str, record: &str) {
    let body = json!({ "sink": "desk", "record": record });
    assert_eq!(house.post("owner", &format!("/api/v1/briefs/{brief}/target"), body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_shown_is_approved_and_nothing_else() {
    let house = House::new().await;
    let (brief, digest) = house.brief("north", "We need 12 crates by Monday.").await;
    let path = format!("/api/v1/briefs/{brief}/plan");
    let empty = house.get("north-viewer", &path).await;
    assert_eq!((&empty["hash"], empty["left_out"][0]["code"].as_str()), (&Value::Null, Some("OP-7622")), "{empty}");
    target(&house, &brief, "4711").await;
    let shown = house.get("north-viewer", &path).await;
    let hash = shown["hash"].as_str().unwrap().to_owned();
    let call = &shown["writes"][0]["call"];
    assert_eq!(
        (call["method"].as_str(), call["target"].as_str()),
        (Some("POST"), Some("https://desk.example/4711/notes"))
    );
    assert_eq!(house.get("north-viewer", &path).await, shown, "the same again, to the byte");
    let codes: Vec<&str> =
        shown["writes"][0]["obstacles"].as_array().unwrap().iter().filter_map(|one| one["code"].as_str()).collect();
    assert_eq!(codes, ["OP-7603", "OP-7604", "OP-7605"], "nobody has opened the way");
    let early = house.post("owner", &path, json!({ "plan": hash })).await;
    assert_eq!((early.status, early.code().as_str()), (409, "OP-7614"), "{}", early.body);
    // The record moves after the plan was read: what was shown is not what would be sent.
    target(&house, &brief, "4712").await;
    let decide = |decision: &str, plan: Option<&str>| json!({ "decision": decision, "revision": digest, "comment": "as agreed", "plan": plan });
    let decision = format!("/api/v1/briefs/{brief}/decision");
    let moved = house.post("owner", &decision, decide("approve", Some(&hash))).await;
    let now = moved.json()["plan"].as_str().unwrap_or_default().to_owned();
    assert_eq!((moved.status, moved.code().as_str(), now.len()), (409, "OP-7612", 64), "{}", moved.body);
    let rejected = house.post("owner", &decision, decide("reject", Some(&now))).await;
    assert_eq!((rejected.status, rejected.code().as_str()), (422, "OP-9013"), "{}", rejected.body);
    let decided = house.post("owner", &decision, decide("approve", Some(&now))).await;
    let hindered = &decided.json()["hindered"][0];
    assert_eq!((decided.status, hindered["record"].as_str()), (200, Some("4712")), "{}", decided.body);
    assert_eq!(
        hindered["obstacles"], shown["writes"][0]["obstacles"],
        "whoever approves is told what stands in the way"
    );
    let writes = house.get("north-viewer", &format!("/api/v1/writes?brief={brief}")).await;
    let write = &writes["items"][0];
    assert_eq!((write["record"].as_str(), write["plan"].as_str()), (Some("4712"), Some(now.as_str())), "{writes}");
    let stands = house.get("north-viewer", &path).await;
    assert_eq!((&stands["approvals"]["have"], &stands["in_force"]["changes"]), (&json!(1), &json!([])), "{stands}");
    let again = house.post("owner", &path, json!({ "plan": now })).await;
    assert_eq!((again.status, again.code().as_str()), (409, "OP-3002"), "{}", again.body);
    let other = house.post("north-reviewer", &path, json!({ "plan": hash })).await;
    assert_eq!((other.status, other.code().as_str()), (409, "OP-7612"), "{}", other.body);
    for who in ["north-viewer", "north-operator"] {
        assert_eq!(house.post(who, &path, json!({ "plan": now })).await.code(), "OP-5008", "{who}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_brief_approved_without_a_plan_writes_nothing_until_one_is_approved() {
    let house = House::new().await;
    let (brief, digest) = house.brief("north", "We need 12 crates by Monday.").await;
    target(&house, &brief, "4711").await;
    let decision = json!({ "decision": "approve", "revision": digest });
    assert_eq!(house.post("owner", &format!("/api/v1/briefs/{brief}/decision"), decision).await.status, 200);
    let list = format!("/api/v1/writes?brief={brief}");
    assert_eq!(house.get("owner", &list).await["items"], json!([]));
    let path = format!("/api/v1/briefs/{brief}/plan");
    let hash = house.get("owner", &path).await["hash"].clone();
    // To name the plan now with the brief approves nothing, and says so.
    let late = json!({ "decision": "approve", "revision": digest, "plan": hash });
    let late = house.post("owner", &format!("/api/v1/briefs/{brief}/decision"), late).await;
    assert_eq!((late.status, late.code().as_str()), (409, "OP-4016"), "{}", late.body);
    let approved = house.post("north-reviewer", &path, json!({ "plan": hash })).await;
    assert_eq!(approved.json()["hindered"][0]["obstacles"].as_array().map(Vec::len), Some(3), "{}", approved.body);
    assert_eq!(
        (approved.status, &approved.json()["approvals"]),
        (200, &json!({ "have": 1, "need": 1 })),
        "{}",
        approved.body
    );
    assert_eq!(house.get("owner", &list).await["items"][0]["state"], "waiting");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_back_is_shown_and_asked_for_once() {
    let house = House::new().await;
    let (brief, digest) = house.brief("south", "We need 12 crates by Monday.").await;
    let id = became(&house, &brief, &digest, unknown()).await;
    let path = format!("/api/v1/writes/{id}/undo");
    let early = house.post("owner", &path, json!({})).await;
    assert_eq!((early.status, early.code().as_str()), (409, "OP-7615"), "{}", early.body);
    let went = json!({ "outcome": "went", "far_id": "88112" });
    assert_eq!(house.post("owner", &format!("/api/v1/writes/{id}/settle"), went).await.status, 200);
    assert_eq!(house.ask("south-viewer", "GET", &path, "").await.code(), "OP-5008");
    let shown = house.get("south-reviewer", &path).await;
    assert_eq!(shown["call"]["target"], "https://desk.example/4711/notes/88112");
    assert_eq!((&shown["id"], &shown["reaches_people_outside"]), (&Value::Null, &json!(false)));
    let other = house.post("south-reviewer", &path, json!({ "plan": "00000000" })).await;
    assert_eq!((other.status, other.code().as_str()), (409, "OP-7627"), "{}", other.body);
    let asked = house.post("south-reviewer", &path, json!({})).await;
    assert_eq!((asked.status, &asked.json()["call"]), (200, &shown["call"]), "{}", asked.body);
    let undo = asked.json()["id"].as_str().unwrap().to_owned();
    let story = house.get("south-viewer", &format!("/api/v1/writes/{id}")).await;
    assert_eq!((story["undo"]["id"].as_str(), story["undo"]["state"].as_str()), (Some(undo.as_str()), Some("waiting")));
    let twice = house.post("owner", &path, json!({})).await;
    assert_eq!((twice.status, twice.code().as_str()), (409, "OP-3002"), "{}", twice.body);
    let pilot = house.post("owner", "/api/v1/pilots/south/undo", json!({})).await;
    let told = pilot.json();
    let item = &told["items"][0];
    assert_eq!((pilot.status, item["of"].as_str(), item["id"].as_str()), (200, Some(id.as_str()), Some(undo.as_str())));
    assert_eq!((&told["paused"], &told["whole"], &told["remaining"]), (&json!(true), &json!(true), &json!([])));
    let dry = house.post("owner", "/api/v1/pilots/south/undo", json!({ "dry_run": true, "plans": [] })).await.json();
    assert_eq!((&dry["dry_run"], &dry["paused"], &dry["items"]), (&json!(true), &json!(false), &told["items"]));
}
