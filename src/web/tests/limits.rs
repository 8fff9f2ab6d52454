//! Limits and spend over the interface: the arithmetic for those who may see it, rulings by those who may rule.

use super::house::House;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreported_call_is_settled_by_a_person_with_a_reason() {
    let house = House::new().await;
    let id = house.reservation().await;
    let spend = house.get("owner", "/api/v1/spend").await;
    let open = &spend["open"][0];
    assert_eq!(
        (open["id"].as_str(), open["state"].as_str(), open["held_micros"].as_i64()),
        (Some(id.as_str()), Some("unreported"), Some(1200))
    );
    assert!(house.get("north-viewer", "/api/v1/spend").await["open"].as_array().unwrap().is_empty());
    assert_eq!(house.get("south-viewer", "/api/v1/spend?pilot=south").await["open"][0]["id"], id);
    assert_eq!(house.ask("north-viewer", "GET", "/api/v1/spend?pilot=south", "").await.status, 404);
    assert_eq!(house.ask("owner", "GET", "/api/v1/spend?period=soon", "").await.code(), "OP-7312");
    let path = format!("/api/v1/reservations/{id}/settle");
    for wrong in [
        json!({ "reason": "r" }),
        json!({ "usd": "1", "tokens": { "input": 1, "output": 1 }, "reason": "r" }),
        json!({ "usd": "-1", "reason": "r" }),
        json!({ "usd": 1, "reason": "r" }),
        json!({ "tokens": { "input": -1, "output": 1 }, "reason": "r" }),
        json!({ "usd": "1" }),
        json!({ "usd": "1", "reason": "  " }),
    ] {
        assert_eq!(house.post("owner", &path, wrong.clone()).await.status, 422, "{wrong}");
    }
    let tokens = json!({ "tokens": { "input": 400, "output": 50 }, "reason": "as in the vendor's log" });
    let settled = house.post("owner", &path, tokens).await;
    let row = settled.json();
    assert_eq!(
        (settled.status, row["state"].as_str(), row["cost_micros"].as_i64()),
        (200, Some("settled"), Some(500)),
        "{}",
        settled.body
    );
    let again = house.post("owner", &path, json!({ "usd": "1", "reason": "r" })).await;
    assert_eq!((again.status, again.code().as_str()), (409, "OP-3002"), "{}", again.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_shown_and_a_generator_that_is_well_is_not_resumed() {
    let house = House::new().await;
    house.reservation().await;
    let limits = house.get("owner", "/api/v1/limits").await;
    assert_eq!(
        limits["generators"][0],
        json!({ "generator": "cloud", "state": "closed", "until": null, "paused": null })
    );
    assert!(limits["budgets"].as_array().unwrap().iter().any(|line| line["limit_micros"] == 100_000), "{limits}");
    assert!(house.get("north-viewer", "/api/v1/limits").await["generators"].as_array().unwrap().is_empty());
    let resume = |name: &str| format!("/api/v1/generators/{name}/resume");
    let reason = json!({ "reason": "the vendor has mended it" });
    let well = house.post("owner", &resume("cloud"), reason.clone()).await;
    assert_eq!((well.status, well.code().as_str()), (409, "OP-3002"), "{}", well.body);
    let unknown = house.post("owner", &resume("clod"), reason).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "OP-7310"), "{}", unknown.body);
}
