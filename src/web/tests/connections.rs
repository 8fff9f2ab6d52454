//! Connections: slow, silent, many, smuggled, and the orderly end.

use super::client::{PATIENCE, parse, request, rest, send};
use super::house::{House, signature, signed};
use crate::web::ServeOptions;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const BODY: &str = r#"{"message":"Please call back about the order."}"#;

fn impatient() -> ServeOptions {
    ServeOptions { header_time: Duration::from_millis(300), idle_time: Duration::from_millis(600), connections: 500 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_are_cut_while_others_are_served() {
    let house = House::with(impatient(), 1_000_000).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(b"POST /hooks/site HTTP/1.1\r\nhost: test\r\nx-a: ").await.unwrap();
        slow.push(stream);
    }
    assert_eq!(house.deliver("site", "among-the-slow", BODY).await.status, 202);
    for mut stream in slow {
        // One byte at a time does not keep it alive.
        let _ = stream.write_all(b"a").await;
        rest(&mut stream).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_are_cut_before_and_after_a_request() {
    let house = House::with(impatient(), 1_000_000).await;
    let mut silent = TcpStream::connect(house.address).await.unwrap();
    assert!(rest(&mut silent).await.is_empty());
    let mut once = TcpStream::connect(house.address).await.unwrap();
    once.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    assert_eq!(parse(&rest(&mut once).await).status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_is_given_up() {
    let house = House::new().await;
    let mut headers = signature("a", BODY);
    headers.push(format!("content-length: {}", BODY.len()));
    let text = format!("POST /hooks/site HTTP/1.1\r\nhost: test\r\n{}\r\n\r\n{{", headers.join("\r\n"));
    let reply = send(house.address, text.as_bytes()).await;
    assert_eq!((reply.status, reply.code().as_str(), reply.header("connection")), (408, "OP-9006", Some("close")));
    // The same when it never ends.
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let head = format!(
        "POST /hooks/site HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n{}\r\n\r\n1\r\n{{\r\n",
        signature("b", BODY).join("\r\n")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(parse(&rest(&mut stream).await).status, 408);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_with_two_ends_is_refused_and_the_connection_closed() {
    let house = House::new().await;
    let before = house.deeds().await;
    let json = "content-type: application/json";
    let chunked = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
    let smuggled = "GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n";
    let cases = [
        format!("content-length: {}\r\ntransfer-encoding: chunked\r\n{json}\r\n\r\n{chunked}{smuggled}", chunked.len()),
        format!("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n{json}\r\n\r\n{chunked}{smuggled}"),
        format!("content-length: {}\r\ncontent-length: 5\r\n{json}\r\n\r\n{BODY}{smuggled}", BODY.len()),
        format!("transfer-encoding: chunked, identity\r\n{json}\r\n\r\n{chunked}{smuggled}"),
        format!("transfer-encoding: xchunked\r\n{json}\r\n\r\n{chunked}{smuggled}"),
        format!("content-length: +5\r\n{json}\r\n\r\n{BODY}{smuggled}"),
        format!("content-length : 5\r\n{json}\r\n\r\n{BODY}{smuggled}"),
    ];
    for case in cases {
        let bytes = format!("POST /hooks/open HTTP/1.1\r\nhost: test\r\n{case}");
        let reply = send(house.address, bytes.as_bytes()).await;
        assert_eq!(reply.status, 400, "{bytes}: {}", reply.body);
        assert!(!reply.body.contains("HTTP/1.1"), "a second answer to {bytes}: {}", reply.body);
    }
    assert_eq!(house.deeds().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_carries_many_requests() {
    let house = House::new().await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    for number in 0..5 {
        let bytes = String::from_utf8(signed("site", &format!("kept-{number}"), BODY))
            .unwrap()
            .replace("connection: close\r\n", "");
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"}") {
            stream.read_buf(&mut seen).await.unwrap();
        }
        assert_eq!(parse(&seen).status, 202);
    }
    // Two at once, and a chunked one on a used connection.
    let two = "GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n".repeat(2);
    stream.write_all(two.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while String::from_utf8_lossy(&seen).matches("alive").count() < 2 {
        stream.read_buf(&mut seen).await.unwrap();
    }
    let head = format!(
        "POST /hooks/site HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n{}\r\n\r\n",
        signature("kept-c", BODY).join("\r\n")
    );
    stream.write_all(format!("{head}{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len()).as_bytes()).await.unwrap();
    assert_eq!(parse(&rest(&mut stream).await).status, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn further_connections_wait_for_a_place() {
    let house = House::with(ServeOptions { connections: 1, ..impatient() }, 1_000_000).await;
    let mut first = TcpStream::connect(house.address).await.unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    // Served once the first has been idle for too long.
    let second = send(house.address, &request("GET", "/healthz", &[], "")).await;
    assert_eq!(second.status, 200);
    assert_eq!(parse(&rest(&mut first).await).status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_idle_connections_and_takes_no_new_ones() {
    let mut house = House::new().await;
    let mut idle = TcpStream::connect(house.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("alive") {
        idle.read_buf(&mut seen).await.unwrap();
    }
    house.stop.cancel();
    let served = house.served.take().unwrap();
    tokio::time::timeout(PATIENCE, served).await.expect("it does not end").unwrap().unwrap();
    rest(&mut idle).await;
    assert!(TcpStream::connect(house.address).await.is_err());
}
