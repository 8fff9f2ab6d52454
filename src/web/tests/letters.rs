//! Letters over the interface: seen with their state and without their words, ruled upon by those who may.

use super::house::{CANARY, House};
use super::leaks::letter;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_uncertain_letter_is_settled_by_a_person() {
    let house = House::new().await;
    let (brief, _) = house.brief("south", "We need 12 crates by Monday.").await;
    let id = letter(&house, &brief, "south-viewer").await;
    let list = house.get("owner", "/api/v1/letters?state=uncertain").await;
    assert_eq!((list["items"][0]["id"].as_str(), list["items"].as_array().unwrap().len()), (Some(id.as_str()), 1));
    assert!(house.get("owner", "/api/v1/letters?state=sent").await["items"].as_array().unwrap().is_empty());
    assert_eq!(house.ask("owner", "GET", "/api/v1/letters?state=gone", "").await.status, 400);
    let path = format!("/api/v1/letters/{id}");
    let shown = house.ask("owner", "GET", &path, "").await;
    assert!(shown.status == 200 && !shown.body.contains("south.example"), "{}", shown.body);
    assert_eq!(shown.body.matches(CANARY).count(), 1, "its reader's name alone: {}", shown.body);
    for wrong in [json!({}), json!({ "outcome": "perhaps" }), json!({ "outcome": "went", "more": 1 })] {
        assert_eq!(house.post("owner", &format!("{path}/settle"), wrong).await.status, 422);
    }
    let again = house.post("owner", &format!("{path}/resend"), json!({})).await;
    assert_eq!((again.status, again.code().as_str()), (409, "OP-3002"), "nobody knows whether it went: {}", again.body);
    let settled = house.post("owner", &format!("{path}/settle"), json!({ "outcome": "did_not_go" })).await;
    assert_eq!((settled.status, settled.json()["state"].as_str()), (200, Some("waiting")), "{}", settled.body);
    let twice = house.post("owner", &format!("{path}/settle"), json!({ "outcome": "went" })).await;
    assert_eq!((twice.status, twice.code().as_str()), (409, "OP-3002"), "{}", twice.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_address_is_sent_nothing() {
    let house = House::new().await;
    let (brief, _) = house.brief("south", "We need 12 crates by Monday.").await;
    let path = format!("/api/v1/letters/{}", letter(&house, &brief, "north-viewer").await);
    let refused = house.post("owner", &format!("{path}/settle"), json!({ "outcome": "did_not_go" })).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "OP-2724"), "{}", refused.body);
    let settled = house.post("owner", &format!("{path}/settle"), json!({ "outcome": "went" })).await;
    assert_eq!((settled.status, settled.json()["state"].as_str()), (200, Some("sent")), "{}", settled.body);
}
