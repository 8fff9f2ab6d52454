//! Every response carries the protective headers; every refusal is a problem document; no look changes anything.

use super::client::{Reply, request, send};
use super::house::House;
use crate::web::api;

fn scan(what: &str, reply: &Reply) {
    let is =
        |name: &str, value: &str| assert_eq!(reply.header(name), Some(value), "{what}: {name} in {:?}", reply.headers);
    is("x-content-type-options", "nosniff");
    is("cache-control", "no-store");
    is("referrer-policy", "no-referrer");
    is("x-frame-options", "DENY");
    is("strict-transport-security", "max-age=31536000");
    is("cross-origin-resource-policy", "same-origin");
    let policy = reply.header("content-security-policy").unwrap_or_default();
    assert!(
        policy.contains("default-src 'none'")
            && policy.contains("frame-ancestors 'none'")
            && !policy.contains("unsafe"),
        "{what}: {policy}"
    );
    assert!(reply.header("x-request-id").is_some_and(|id| !id.is_empty()), "{what}");
    assert!(reply.header("set-cookie").is_none() && reply.header("server").is_none(), "{what}");
    if reply.status >= 400 && !reply.body.is_empty() {
        is("content-type", "application/problem+json");
        let document = reply.json();
        assert_eq!(document["status"], reply.status, "{what}");
        let code = document["code"].as_str().unwrap();
        assert_eq!(document["type"], format!("https://desk.example/docs/errors/{code}"), "{what}");
        assert!(crate::pages::of_error(code).is_some(), "{what}: `type` leads nowhere");
        assert!(
            document["title"].is_string() && !document["detail"].as_str().unwrap().contains("OP-"),
            "{what}: {document}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_response_lacks_them_and_no_look_changes_anything() {
    let house = House::new().await;
    let (brief, _) = house.brief("north", "We need 12 crates by Monday.").await;
    let suffix = brief.replace("brf_", "");
    let before = house.deeds().await;
    let mut paths: Vec<String> =
        ["/", "/healthz", "/readyz", "/metrics", "/api/openapi.json", "/hooks/site", "/hooks/x", "/nothing", "/api/v1"]
            .map(str::to_owned)
            .to_vec();
    // Whoever looks behind a mask leaves a receipt.
    for route in api::routes().into_iter().filter(|route| route.effect != crate::web::call::Effect::Reveals) {
        for kind in ["req", "brf", "run", "tok"] {
            paths.push(route.path.replace("{id}", &format!("{kind}_{suffix}")).replace("{name}", "owner"));
        }
    }
    for path in paths {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "TRACE"] {
            let reply = house.ask("owner", method, &path, "").await;
            scan(&format!("{method} {path}"), &reply);
            if reply.status == 405 {
                assert!(reply.header("allow").is_some(), "{method} {path}");
            }
            let anonymous = send(house.address, &request(method, &path, &[], "")).await;
            scan(&format!("{method} {path} by nobody"), &anonymous);
        }
    }
    assert_eq!(house.deeds().await, before, "a look changed something");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_keeps_a_fit_name_and_gets_one_otherwise() {
    let house = House::new().await;
    let ask = async |id: &str| {
        let reply = send(house.address, &request("GET", "/healthz", &[format!("x-request-id: {id}")], "")).await;
        reply.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(ask("trace-1.2:3_4").await, "trace-1.2:3_4");
    let long = "x".repeat(65);
    for unfit in ["a b", "<script>", "a\u{e9}", long.as_str(), "\"", ""] {
        assert_ne!(ask(unfit).await, unfit);
    }
    assert_ne!(ask("").await, ask("").await);
}
