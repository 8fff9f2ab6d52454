//! A pilot's writing over the interface: flags that want two people, statements that only owners make, pauses that anybody at work may make.

use super::house::House;
use super::writes::queued;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn later(house: &House, hours: i64) -> Timestamp {
    house.store.now() + SignedDuration::from_hours(hours)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_takes_two_people_and_falls_by_one() {
    let house = House::new().await;
    let path = "/api/v1/pilots/north/flags/desk";
    let until = later(&house, 24);
    let on = |ramp: u32| json!({ "until": until, "ramp": ramp });
    let first = house.post("north-reviewer", &format!("{path}/on"), on(5)).await;
    assert_eq!((first.status, first.json()["state"].as_str()), (200, Some("proposed")), "{}", first.body);
    let again = house.post("north-reviewer", &format!("{path}/on"), on(5)).await;
    assert_eq!((again.status, again.code().as_str()), (409, "OP-3002"), "one person is not two: {}", again.body);
    let other = house.post("owner", &format!("{path}/on"), on(15)).await;
    assert_eq!(other.json()["state"], "proposed", "another share is another proposal: {}", other.body);
    let second = house.post("north-reviewer", &format!("{path}/on"), on(15)).await;
    let flag = second.json();
    assert_eq!((second.status, flag["state"].as_str(), flag["ramp"].as_u64()), (200, Some("on"), Some(15)));
    assert!(flag["confirmed_by"].is_string() && flag["confirmed_by"] != flag["proposed_by"], "{flag}");
    let off = house.post("north-operator", &format!("{path}/off"), json!({})).await;
    assert_eq!((off.status, off.json()["state"].as_str()), (200, Some("off")), "{}", off.body);
    for who in ["north-operator", "north-viewer"] {
        assert_eq!(house.post(who, &format!("{path}/on"), on(5)).await.code(), "OP-5008", "{who}");
    }
    assert_eq!(house.post("north-viewer", &format!("{path}/off"), json!({})).await.code(), "OP-5008");
    let wrong: [(&str, Value, &str); 6] = [
        (path, on(20), "OP-9013"),
        (path, json!({ "until": later(&house, -1), "ramp": 5 }), "OP-7643"),
        (path, json!({ "until": later(&house, 24 * 400), "ramp": 5 }), "OP-7643"),
        (path, json!({ "until": "2099-01-01", "ramp": 5 }), "OP-9013"),
        (path, json!({ "ramp": 5 }), "OP-9013"),
        ("/api/v1/pilots/north/flags/disk", on(5), "OP-7641"),
    ];
    for (path, body, code) in wrong {
        let refused = house.post("owner", &format!("{path}/on"), body.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, code), "{body}: {}", refused.body);
    }
    assert_eq!(house.post("owner", "/api/v1/pilots/nord/flags/desk/on", on(5)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_alone_put_statements_on_file() {
    let house = House::new().await;
    let path = "/api/v1/pilots/north/statements";
    let go = json!({ "kind": "go", "text": "two weeks without an incident" });
    for who in ["north-reviewer", "north-operator", "north-viewer"] {
        assert_eq!(house.post(who, path, go.clone()).await.code(), "OP-5008", "{who}");
    }
    for (wrong, code) in [
        (json!({ "kind": "go", "text": " " }), "OP-7642"),
        (json!({ "kind": "go", "text": "x".repeat(20_001) }), "OP-7642"),
        (json!({ "kind": "exception", "text": "no figures yet" }), "OP-7643"),
        (json!({ "kind": "go", "text": "x", "until": later(&house, -1) }), "OP-7643"),
        (json!({ "kind": "perhaps", "text": "x" }), "OP-9013"),
    ] {
        let refused = house.post("owner", path, wrong.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, code), "{wrong}: {}", refused.body);
    }
    let before = house.get("north-viewer", "/api/v1/pilots/north/writing").await;
    assert_eq!((&before["go"], &before["sinks"]), (&Value::Null, &json!(["desk"])));
    let said = house.post("owner", path, go).await;
    assert_eq!((said.status, said.json()["go"]["kind"].as_str()), (200, Some("go")), "{}", said.body);
    let plan = json!({ "kind": "rollback_plan", "text": "1. Pause.\n2. Undo the pilot.\u{1b}[2J" });
    let plan = house.post("owner", path, plan).await.json();
    assert_eq!(plan["rollback_plan"]["text"], "1. Pause.\n2. Undo the pilot.[2J");
    let exception = json!({ "kind": "exception", "text": "for the fair", "until": later(&house, 24) });
    assert_eq!(house.post("owner", path, exception).await.status, 200);
    house.post("owner", path, json!({ "kind": "no_go", "text": "an incident" })).await;
    let stands = house.get("north-viewer", "/api/v1/pilots/north/writing").await;
    assert_eq!(
        (stands["go"]["kind"].as_str(), stands["exception"]["text"].as_str()),
        (Some("no_go"), Some("for the fair"))
    );
    assert_eq!(stands["go"]["terms"].as_str().map(str::len), Some(64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_at_work_pauses_and_few_resume() {
    let house = House::new().await;
    let path = |act: &str| format!("/api/v1/pilots/north/{act}");
    let pause = json!({ "sink": "desk", "reason": "wrong queue" });
    assert_eq!(house.post("north-viewer", &path("pause"), pause.clone()).await.code(), "OP-5008");
    let paused = house.post("north-operator", &path("pause"), pause.clone()).await;
    let stands = paused.json();
    assert_eq!((paused.status, stands["pauses"][0]["reason"].as_str()), (200, Some("wrong queue")), "{}", paused.body);
    let twice = house.post("owner", &path("pause"), json!({ "sink": "desk", "reason": "me too" })).await;
    assert_eq!(twice.json()["pauses"], stands["pauses"], "the first reason stands");
    for (wrong, code) in [
        (json!({ "reason": " " }), "OP-7642"),
        (json!({ "reason": "x".repeat(501) }), "OP-7642"),
        (json!({ "sink": "disk", "reason": "x" }), "OP-7641"),
        (json!({}), "OP-9013"),
    ] {
        let refused = house.post("owner", &path("pause"), wrong.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, code), "{wrong}: {}", refused.body);
    }
    let resume = json!({ "sink": "desk" });
    assert_eq!(house.post("north-operator", &path("resume"), resume.clone()).await.code(), "OP-5008");
    let whole = house.post("owner", &path("resume"), json!({})).await;
    assert_eq!(
        (whole.status, whole.code().as_str()),
        (409, "OP-3002"),
        "the whole pilot is not paused: {}",
        whole.body
    );
    let resumed = house.post("north-reviewer", &path("resume"), resume).await;
    assert_eq!((resumed.status, &resumed.json()["pauses"], &resumed.json()["freed"]), (200, &json!([]), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_under_the_same_key_acts_once() {
    let house = House::new().await;
    let (brief, digest) = house.brief("south", "We need 12 crates by Monday.").await;
    let id = queued(&house, &brief, &digest, "4711").await;
    let ask = |path: String| {
        let headers = vec![
            format!("authorization: Bearer {}", house.token("owner")),
            "content-type: application/json".to_owned(),
            "idempotency-key: once".to_owned(),
        ];
        let bytes = super::client::request("POST", &path, &headers, "{}");
        async move { super::client::send(house.address, &bytes).await }
    };
    let path = format!("/api/v1/writes/{id}/cancel");
    let (first, second) = (ask(path.clone()).await, ask(path).await);
    assert_eq!((first.status, second.status, &first.body), (200, 200, &second.body));
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
}
