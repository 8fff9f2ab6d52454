//! What ill-meaning or broken clients send to the open door. INVARIANT tested: each is refused with its status and without harm to
//! anybody else; who is slow is cut, who is too many is told when to come back.

use crate::census::word;
use crate::daemon::Setup;
use crate::door::{cases, source};
use crate::hook;
use crate::http::{Answer, Ask, Client, once};
use crate::load::Ledger;
use crate::wait::{pause, until};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A place to post to without a signature.
fn open_door() -> Setup {
    Setup::sqlite().without_drop().with(&source("open", "verify = \"none\""))
}

#[test]
fn a_thousand_slow_senders_hinder_nobody_and_are_cut() {
    let setup = open_door()
        .env("OPSPILOT__WEB__HEADER_SECS", "2")
        .env("OPSPILOT__WEB__IDLE_SECS", "5")
        .env("OPSPILOT__WEB__CONNECTIONS", "2000");
    let daemon = setup.with(&source("brief", "verify = \"none\"\nmax_body_secs = 2")).start();
    // A head that never ends, a body that never ends, and chunks that never end.
    let begins: [&[u8]; 3] = [
        b"POST /hooks/brief HTTP/1.1\r\nhost: test\r\nx-slow: ",
        b"POST /hooks/brief HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n",
        b"POST /hooks/brief HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n100\r\n",
    ];
    let mut slow: Vec<Client> = (0..1000)
        .map(|number| {
            let mut client = daemon.client();
            client.send(begins[number % 3]).unwrap();
            client
        })
        .collect();
    let stop = Arc::new(AtomicBool::new(false));
    let trickle = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                // Cut sockets take nothing any more; that is what is waited for below.
                slow.iter_mut().for_each(|client| drop(client.send(b"a")));
                pause(Duration::from_secs(1));
            }
            slow
        })
    };
    let ledger = Ledger::default();
    ledger.post(daemon.address(), 200, &AtomicBool::new(false));
    assert_eq!((ledger.accepted(), ledger.unanswered()), (200, 0), "others are served meanwhile");
    stop.store(true, Ordering::Relaxed);
    let slow = trickle.join().unwrap();
    // Every one hears why, or is closed without a word; none stays.
    let cut = slow.into_iter().map(|mut client| client.is_closed()).filter(|cut| *cut).count();
    assert_eq!(cut, 1000);
    assert_eq!(daemon.list("/api/v1/requests").len(), 200);
}

#[test]
fn a_hundred_megabytes_are_refused_before_they_are_read() {
    let daemon = open_door().start();
    let length = 100 << 20;
    let mut client = daemon.client();
    client.send(format!("POST /hooks/open HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{{").as_bytes()).unwrap();
    let answer = client.answer().unwrap();
    assert_eq!((answer.status, answer.member("code").as_str()), (413, "OP-9005"));
    assert_eq!(answer.header("connection"), Some("close"));
    // Without a promise of its length it is cut at the first byte too many.
    let mut client = daemon.client();
    client.send(b"POST /hooks/open HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    let mut sent = 0;
    while sent < 400 && client.send(&chunk).is_ok() {
        sent += 1;
    }
    assert!(sent < 400, "25 MB were taken of a body that may have 1");
    assert_eq!(daemon.ask(&Ask::json("/hooks/open", &serde_json::json!({ "message": "And we go on." }))).status, 202);
}

#[test]
fn torn_json_is_refused_and_sound_json_is_read() {
    let daemon = open_door().start();
    let (mut judged, mut wrong) = (0, Vec::new());
    let mut bodies: Vec<(String, Vec<u8>, String)> = cases("webhooks/json_bodies.jsonl")
        .iter()
        .map(|case| (word(case, "name"), STANDARD.decode(word(case, "body_b64")).unwrap(), word(case, "expect")))
        .collect();
    bodies.push(("100,000 deep".into(), [[b'['; 100_000], [b']'; 100_000]].concat(), "reject".into()));
    bodies.push(("100,000 open".into(), vec![b'['; 100_000], "reject".into()));
    bodies.push(("objects 50,000 deep".into(), b"{\"a\":".repeat(50_000), "reject".into()));
    for (name, body, expected) in bodies {
        let answer = daemon.ask(&Ask::post("/hooks/open", body).header("content-type", "application/json"));
        let code = answer.member("code");
        // Sound JSON may still ask for nothing; that is another refusal.
        let torn = matches!(code.as_str(), "OP-2111" | "OP-2112" | "OP-2113" | "OP-2116");
        let read = matches!(answer.status, 200 | 202) || (answer.status == 400 && !torn);
        judged += 1;
        if (read && expected == "reject") || (!read && expected == "accept") || answer.status >= 500 {
            wrong.push(format!("{name} ({expected}): {} {}", answer.status, answer.text()));
        }
    }
    eprintln!("{} of {judged} bodies judged right", judged - wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_could_be_read_in_two_ways_is_not_read() {
    let daemon = open_door().start();
    let body = r#"{"message":"Please call."}"#;
    let length = body.len();
    let send = |head: &str, rest: &str| -> (Option<Answer>, bool) {
        let mut client = daemon.client();
        client.send(format!("{head}\r\nhost: test\r\ncontent-type: application/json\r\n{rest}").as_bytes()).unwrap();
        let answer = client.answer().ok();
        (answer, client.is_closed())
    };
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    for (name, rest) in [
        ("a length and chunks", format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n{chunked}")),
        ("chunks and a length", format!("transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n{chunked}")),
        ("two lengths", format!("content-length: {length}\r\ncontent-length: 5\r\n\r\n{body}")),
        ("two lengths in one", format!("content-length: {length}, 5\r\n\r\n{body}")),
        ("a length that is none", format!("content-length: +{length}\r\n\r\n{body}")),
        ("chunks that are no chunks", "transfer-encoding: chunked\r\n\r\nzz\r\n\r\n".to_owned()),
        ("an unknown encoding", format!("transfer-encoding: gzip\r\n\r\n{body}")),
        ("a space before the colon", format!("content-length : {length}\r\n\r\n{body}")),
    ] {
        let (answer, closed) = send("POST /hooks/open HTTP/1.1", &rest);
        let status = answer.map_or(0, |answer| answer.status);
        assert!(matches!(status, 0 | 400 | 411 | 501), "{name}: {status}");
        assert!(closed, "{name}: the connection stays open");
    }
    assert_eq!(daemon.list("/api/v1/requests").len(), 0, "none of them was taken for a delivery");
}

#[test]
fn wrong_methods_and_types_are_named() {
    let daemon = open_door().start();
    for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD"] {
        let answer = daemon.ask(&Ask::of(method, "/hooks/open", Vec::new()));
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
        if method == "HEAD" {
            continue;
        }
        assert_eq!(answer.member("code"), "OP-9002", "{method}");
    }
    for kind in ["text/plain", "application/xml", "image/png"] {
        let answer = daemon.ask(&Ask::post("/hooks/open", "hello").header("content-type", kind));
        assert_eq!((answer.status, answer.member("code").as_str()), (415, "OP-2110"), "{kind}");
    }
    assert_eq!(daemon.ask(&Ask::post("/hooks/nowhere", "hello")).status, 404);
    assert_eq!(daemon.ask(&Ask::post("/hooks/open", " ").header("content-type", "application/json")).status, 400);
}

#[test]
fn a_flood_is_told_when_to_come_back_and_loses_nothing_that_was_accepted() {
    let limited = "\n[[source]]\nname = \"limited\"\nkind = \"webhook\"\npilot = \"northwind\"\nrate_per_sec = 20\nburst = 20\n\n[source.options]\nverify = \"none\"\n";
    let daemon = Setup::sqlite().without_drop().with(limited).start();
    let address = daemon.address();
    let (mut accepted, mut refused) = (0, 0);
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            std::thread::spawn(move || {
                (0..100)
                    .map(|number| {
                        let body = serde_json::json!({ "name": "Dana Fox", "message": format!("Question {sender}-{number}, please answer.") });
                        once(address, &Ask::json("/hooks/limited", &body)).unwrap()
                    })
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    for answer in senders.into_iter().flat_map(|sender| sender.join().unwrap()) {
        match answer.status {
            202 => accepted += 1,
            429 => {
                refused += 1;
                assert!(
                    answer.header("retry-after").is_some_and(|wait| wait.parse::<u64>().is_ok_and(|wait| wait >= 1)),
                    "{answer:?}"
                );
                assert_eq!(answer.member("code"), "OP-9008");
            }
            other => panic!("{other} {}", answer.text()),
        }
    }
    eprintln!("{accepted} accepted, {refused} told to come back");
    assert!(accepted >= 20 && refused > 0, "{accepted} accepted, {refused} refused");
    // Another source is not held up, and the same one has room again.
    assert_eq!(daemon.ask(&hook::delivery("other")).status, 202);
    let body = serde_json::json!({ "message": "Coming back later." });
    until("there is room again", || (daemon.ask(&Ask::json("/hooks/limited", &body)).status == 202).then_some(()));
    daemon.settle();
    let census = crate::census::Census::take(&daemon);
    assert_eq!((census.of("limited"), census.of(hook::SOURCE)), (accepted + 1, 1));
}
