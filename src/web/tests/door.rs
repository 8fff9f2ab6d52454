//! The webhook door: every status it knows, and that what it said `accepted` to is there once.

use super::client::{request, send};
use super::house::{House, signature, signed};
use crate::web::ServeOptions;
use std::collections::BTreeSet;

const BODY: &str =
    r#"{"name":"Ada","email":"ada@example.com","message":"Please send an offer for 40 seats by Friday."}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_once_then_a_duplicate() {
    let house = House::new().await;
    let first = house.deliver("site", "msg_1", BODY).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let id = first.json()["request"].as_str().unwrap().to_owned();
    assert_eq!(first.json()["status"], "accepted");
    let again = house.deliver("site", "msg_1", BODY).await;
    assert_eq!((again.status, again.json()["request"].as_str()), (200, Some(id.as_str())));
    assert_eq!(again.json()["status"], "duplicate");
    let alike = house.deliver("site", "msg_2", BODY).await;
    assert_eq!((alike.status, alike.json()["duplicate_of"].as_str()), (202, Some(id.as_str())));
    let other = house.deliver("site", "msg_1", r#"{"message":"something else"}"#).await;
    assert_eq!((other.status, other.code().as_str()), (409, "OP-9012"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_at_once_under_one_id_are_one_request() {
    let house = House::new().await;
    let bytes = signed("site", "msg_same", BODY);
    let sends = (0..100).map(|_| send(house.address, &bytes));
    let replies = futures_util::future::join_all(sends).await;
    let ids: BTreeSet<String> =
        replies.iter().map(|reply| reply.json()["request"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 202).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 99);
    assert_eq!(house.store.tally().await.unwrap().requests, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_and_leaves_nothing() {
    let house = House::new().await;
    let before = house.deeds().await;
    let json = || "content-type: application/json".to_owned();
    let big = format!("{{\"message\":\"{}\"}}", "x".repeat(30_000));
    let cases = [
        (signed("nobody", "a", BODY), 404, "OP-9010"),
        (request("GET", "/hooks/site", &[], ""), 405, "OP-9002"),
        (request("DELETE", "/hooks/nobody", &[], ""), 405, "OP-9002"),
        (request("POST", "/hooks/site", &[json()], BODY), 401, "OP-2101"),
        (request("POST", "/hooks/open", &["content-type: text/plain".into()], BODY), 415, "OP-2110"),
        (request("POST", "/hooks/open", &[json()], "{"), 400, "OP-2111"),
        (request("POST", "/hooks/open", &[json(), "x-forwarded-for: 192.0.2.1".into()], BODY), 401, ""),
        (request("POST", "/hooks/open", &[json()], &big), 413, "OP-9005"),
        (request("POST", "/hooks/faulty", &[json()], BODY), 500, "OP-9000"),
    ];
    for (bytes, status, code) in cases {
        let reply = send(house.address, &bytes).await;
        let shown = String::from_utf8_lossy(&bytes).chars().take(200).collect::<String>();
        assert_eq!(reply.status, status, "{shown}: {}", reply.body);
        assert!(code.is_empty() || reply.code() == code, "{shown}: {}", reply.body);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        if status == 405 {
            assert_eq!(reply.header("allow"), Some("POST"));
        }
    }
    let reply = send(house.address, &request("POST", "/hooks/faulty", &[json()], BODY)).await;
    assert!(!reply.body.contains("a fault of the receiver"), "{}", reply.body);
    assert_eq!(house.deeds().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_is_told_of_proof_and_a_person_of_signing_in() {
    let house = House::new().await;
    let title = async |bytes: Vec<u8>| {
        let reply = send(house.address, &bytes).await;
        assert_eq!(reply.status, 401, "{}", reply.body);
        reply.json()["title"].as_str().unwrap().to_owned()
    };
    let json = "content-type: application/json".to_owned();
    assert_eq!(title(request("POST", "/hooks/site", &[json], BODY)).await, "origin not proven");
    assert_eq!(title(request("GET", "/api/v1/requests", &[], "")).await, "not signed in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_large_is_refused_before_it_is_read() {
    let house = House::new().await;
    // Announced, and not one byte sent: the answer comes all the same.
    let mut headers = signature("a", BODY);
    headers.push("content-length: 100000000".into());
    let text = format!("POST /hooks/site HTTP/1.1\r\nhost: test\r\n{}\r\n\r\n", headers.join("\r\n"));
    let reply = send(house.address, text.as_bytes()).await;
    assert_eq!((reply.status, reply.header("connection")), (413, Some("close")));
    // Not announced: refused at the first byte too many, and the client reads why although it was still sending.
    let mut text = format!(
        "POST /hooks/site HTTP/1.1\r\nhost: test\r\n{}\r\ntransfer-encoding: chunked\r\n\r\n",
        signature("a", BODY).join("\r\n")
    );
    for _ in 0..400 {
        text.push_str(&format!("1000\r\n{}\r\n", "x".repeat(0x1000)));
    }
    let reply = send(house.address, text.as_bytes()).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "OP-9005"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunked_is_taken_and_a_broken_end_is_not() {
    let house = House::new().await;
    let head = format!(
        "POST /hooks/site HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n{}\r\n\r\n",
        signature("c", BODY).join("\r\n")
    );
    let (one, two) = BODY.split_at(20);
    let whole = format!("{head}{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
    assert_eq!(send(house.address, whole.as_bytes()).await.status, 202);
    let broken = format!("{head}zz\r\n{one}\r\n");
    let reply = send(house.address, broken.as_bytes()).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "OP-9007"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_are_told_when_to_come_back() {
    let house = House::new().await;
    assert_eq!(house.deliver("slow", "a", BODY).await.status, 202);
    let mut refused = None;
    for number in 0..20 {
        let reply = house.deliver("slow", &format!("b{number}"), BODY).await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    let reply = refused.expect("one a second, and twenty were taken");
    assert_eq!(reply.code(), "OP-9008");
    assert!(reply.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowded_house_says_so() {
    let house = House::with(ServeOptions::default(), -1).await;
    let reply = house.deliver("site", "a", BODY).await;
    assert_eq!((reply.status, reply.code().as_str(), reply.header("retry-after")), (429, "OP-2003", Some("5")));
    assert_eq!(house.store.tally().await.unwrap().requests, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_store_the_door_says_not_now() {
    let house = House::new().await;
    house.store.close().await;
    let reply = house.deliver("site", "a", BODY).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "OP-3005"));
    assert!(reply.header("retry-after").is_some());
    assert!(!reply.body.contains("closing"), "{}", reply.body);
}
