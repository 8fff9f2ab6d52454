//! Calls under an `Idempotency-Key`, people and tokens.

use super::client::{Reply, request, send};
use super::house::House;
use super::sign_in::Browser;
use crate::intake::Door;
use crate::store::Accepted;
use opspilot_sdk::{Content, DedupKey, Envelope, Lane};
use serde_json::{Value, json};

async fn keyed(house: &House, who: &str, path: &str, key: &str, body: &Value) -> Reply {
    let headers = [
        format!("authorization: Bearer {}", house.token(who)),
        "content-type: application/json".to_owned(),
        format!("idempotency-key: {key}"),
    ];
    send(house.address, &request("POST", path, &headers, &body.to_string())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_one_deed() {
    let house = House::new().await;
    let body = json!({ "pilot": "north", "text": "We need 3 chairs." });
    let path = "/api/v1/requests";
    let first = keyed(&house, "owner", path, "k1", &body).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let again = keyed(&house, "owner", path, "k1", &body).await;
    assert_eq!((again.status, again.json()), (202, first.json()));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = keyed(&house, "owner", path, "k1", &json!({ "pilot": "north", "text": "We need 4 chairs." })).await;
    assert_eq!((other.status, other.code().as_str()), (422, "OP-9017"));
    // A key is one person's.
    let theirs = keyed(&house, "north-operator", path, "k1", &body).await;
    assert_ne!(theirs.json()["request"], first.json()["request"]);
    let at_once = futures_util::future::join_all((0..20).map(|_| keyed(&house, "owner", path, "k2", &body))).await;
    for reply in &at_once {
        assert!(reply.status == 202 || reply.code() == "OP-9016", "{} {}", reply.status, reply.body);
    }
    assert!(at_once.iter().any(|reply| reply.status == 202));
    assert_eq!(house.store.tally().await.unwrap().requests, 3);
    for bad in ["", "two words", &"x".repeat(201)] {
        assert_eq!(keyed(&house, "owner", path, bad, &body).await.code(), "OP-9015", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_handed_in_by_hand_is_a_repeat_within_its_pilot_alone() {
    let house = House::new().await;
    let owner = house.access.person("owner").await.unwrap();
    let hand_in = async |pilot: &str| {
        let submitter = Some(owner.user.clone());
        let door = Door { source: "submit".into(), pilot: pilot.into(), lane: Lane::Interactive, submitter };
        let text = "We need 5 chairs.".to_owned();
        let envelope = Envelope {
            key: DedupKey::new("sha256:of the file"),
            external_id: None,
            received_at: house.store.now(),
            media_type: "text/plain".into(),
            raw: text.clone().into_bytes(),
            content: Content::Text(text),
            attachments: Vec::new(),
        };
        house.intake.submit(&owner, &door, envelope).await.unwrap()
    };
    let (north, again, south) = (hand_in("north").await, hand_in("north").await, hand_in("south").await);
    assert!(matches!(&again, Accepted::Repeat(first) if first == north.request()), "{again:?}");
    assert!(matches!(&south, Accepted::New(other) if other != north.request()), "{south:?}");
    // At the desk the form tells a repeat, and one form may be sent for two pilots.
    let mut desk = Browser::by_link(&house, "owner").await;
    let mut paste = async |pilot: &str| {
        desk.get("/paste").await;
        let sent = desk.post("/paste", &[("once", "x1"), ("pilot", pilot), ("text", "We need 6 chairs.")]).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        sent.header("location").unwrap().to_owned()
    };
    let (north, again, south) = (paste("north").await, paste("north").await, paste("south").await);
    assert_eq!(north, again);
    assert_ne!(north, south);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_shown_once_and_works_until_revoked() {
    let house = House::new().await;
    let body = json!({ "name": "script", "scopes": ["read"] });
    let made = keyed(&house, "north-reviewer", "/api/v1/tokens", "t1", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    let again = keyed(&house, "north-reviewer", "/api/v1/tokens", "t1", &body).await;
    assert_eq!((again.status, &again.json()["secret"], &again.json()["id"]), (201, &Value::Null, &made.json()["id"]));
    let listed = house.ask("north-reviewer", "GET", "/api/v1/tokens", "").await;
    assert!(!listed.body.contains(&secret) && listed.body.contains("script"), "{}", listed.body);
    let use_it = async || {
        let bytes = request("GET", "/api/v1/briefs", &[format!("authorization: Bearer {secret}")], "");
        send(house.address, &bytes).await.status
    };
    assert_eq!(use_it().await, 200);
    let path = format!("/api/v1/tokens/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(house.ask("north-viewer", "DELETE", &path, "").await.status, 404);
    assert_eq!(house.ask("north-reviewer", "DELETE", &path, "").await.status, 200);
    assert_eq!(use_it().await, 401);
    let past = house
        .post("north-reviewer", "/api/v1/tokens", json!({ "name": "old", "expires_at": "2020-01-01T00:00:00Z" }))
        .await;
    assert_eq!(past.status, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_come_change_and_go() {
    let house = House::new().await;
    let new = json!({ "name": "grace", "email": "grace@example.com", "grants": [{ "role": "viewer", "scope": "pilot:north" }] });
    assert_eq!(house.post("owner", "/api/v1/users", new.clone()).await.status, 201);
    assert_eq!(house.post("owner", "/api/v1/users", new).await.status, 409);
    for bad in [
        json!({ "name": "Not A Name" }),
        json!({ "name": "x", "email": "nope" }),
        json!({ "name": "x", "grants": [{ "role": "king", "scope": "all" }] }),
    ] {
        assert_eq!(house.post("owner", "/api/v1/users", bad.clone()).await.status, 422, "{bad}");
    }
    let granted =
        house.post("owner", "/api/v1/users/grace/grant", json!({ "role": "operator", "scope": "pilot:north" })).await;
    assert_eq!(granted.json()["grants"].as_array().unwrap().len(), 2, "{}", granted.body);
    let taken = house
        .post("owner", "/api/v1/users/grace/grant", json!({ "role": "operator", "scope": "pilot:north", "take": true }))
        .await;
    assert_eq!(taken.json()["grants"].as_array().unwrap().len(), 1);
    let token = house.post("owner", "/api/v1/tokens", json!({ "name": "for grace", "user": "grace" })).await;
    let bytes = request(
        "GET",
        "/api/v1/briefs",
        &[format!("authorization: Bearer {}", token.json()["secret"].as_str().unwrap())],
        "",
    );
    assert_eq!(send(house.address, &bytes).await.status, 200);
    for wanted in [false, true] {
        let told = house.post("owner", "/api/v1/users/grace/digest", json!({ "wanted": wanted })).await;
        assert_eq!((told.status, &told.json()["digest"]), (200, &json!(wanted)));
    }
    assert_eq!(house.post("owner", "/api/v1/users/grace/digest", json!({})).await.status, 422);
    assert_eq!(house.post("owner", "/api/v1/users/grace/disable", json!({})).await.json()["disabled"], true);
    assert_eq!(send(house.address, &bytes).await.status, 401);
    assert_eq!(house.post("owner", "/api/v1/users/grace/enable", json!({})).await.status, 200);
    assert_eq!(send(house.address, &bytes).await.status, 200);
    let why = house.get("north-viewer", "/api/v1/policy/why?action=request.submit&on=pilot:north").await;
    assert_eq!(why["explanation"]["allowed"], false);
    assert!(why["text"].as_str().unwrap().contains("lacking"), "{why}");
    assert_eq!(
        house.ask("north-viewer", "GET", "/api/v1/policy/why?action=request.submit&user=owner", "").await.status,
        403
    );
    assert_eq!(house.get("owner", "/api/v1/workflows").await["items"][0]["name"], "generate-brief");
}
