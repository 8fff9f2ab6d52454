//! Health and measurements.

use super::client::{request, send};
use super::house::House;
use crate::policy::PolicySet;
use crate::web::Check;
use serde_json::json;

fn check(name: &str, ok: bool) -> Check {
    Check { name: name.into(), ok, detail: "a private reason".into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_store_and_policy_decide() {
    let house = House::new().await;
    let ready = async |headers: &[String]| send(house.address, &request("GET", "/readyz", headers, "")).await;
    assert_eq!(ready(&[]).await.status, 200);
    house.checks.lock().unwrap().push(check("source inbox", false));
    let reply = ready(&[]).await;
    assert_eq!((reply.status, reply.body.contains("a private reason")), (200, true));
    // Through a proxy anybody may be asking.
    let reply = ready(&["x-forwarded-for: 192.0.2.7".into()]).await;
    assert_eq!((reply.status, reply.body.contains("a private reason")), (200, false));
    house.checks.lock().unwrap().clear();
    house.policies.replace(PolicySet::from_dir(std::path::Path::new("/nonexistent")));
    let reply = ready(&[]).await;
    assert_eq!((reply.status, &reply.json()["status"]), (503, &json!("not ready")));
    // Without policies nothing is allowed, and why is not told to callers.
    let denied = house.ask("owner", "GET", "/api/v1/briefs", "").await;
    assert_eq!((denied.status, denied.code().as_str()), (403, "OP-5001"));
    assert!(!denied.body.contains("nonexistent"), "{}", denied.body);
    house.policies.replace(PolicySet::embedded());
    assert_eq!(ready(&[]).await.status, 200);
    house.store.close().await;
    assert_eq!(ready(&[]).await.status, 503);
    assert_eq!(send(house.address, &request("GET", "/healthz", &[], "")).await.status, 200);
    let broken = house.ask("owner", "GET", "/api/v1/briefs", "").await;
    assert!(matches!(broken.status, 429 | 500 | 503), "{}", broken.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn measurements_are_for_this_machine_or_a_token() {
    let house = House::new().await;
    let near = send(house.address, &request("GET", "/metrics", &[], "")).await;
    assert_eq!((near.status, near.body.as_str()), (200, "opspilot_up 1\n"));
    let far = |who: Option<&str>| {
        let mut headers = vec!["via: 1.1 proxy".to_owned()];
        headers.extend(who.map(|who| format!("authorization: Bearer {}", house.token(who))));
        request("GET", "/metrics", &headers, "")
    };
    assert_eq!(send(house.address, &far(None)).await.status, 401);
    assert_eq!(send(house.address, &far(Some("north-viewer"))).await.status, 403);
    assert_eq!(send(house.address, &far(Some("owner"))).await.status, 200);
}
