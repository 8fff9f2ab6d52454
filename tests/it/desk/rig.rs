//! The browser that judges the desk's screens is judged itself: on a page without fault, and on one with a fault of every kind that it is
//! there to find. Own file because it needs no daemon.

use crate::browser::{Browser, scores};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

const GOOD: &str = r#"<!doctype html><html lang="en"><head><title>Good</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"></head><body><main><h1>Queue</h1><p>One brief.</p>
<form method="get" action="/after"><label for="why">Why</label> <input id="why" name="why"> <button>Approve</button></form></main></body></html>"#;

const BAD: &str = r#"<!doctype html><html><head><title>Bad</title><meta name="viewport" content="width=device-width"></head><body>
<img src="/missing.png"><div style="color:#bbb;background:#fff;width:900px">hard to read</div><input type="text">
<script src="http://elsewhere.example/x.js"></script><script>console.error('told')</script><script>nosuch()</script></body></html>"#;

/// Pages at `/good`, `/bad` and `/heavy`, for as long as the test's process lives; their origin.
fn pages() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    origin
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let _ = lines.take_while(|line| !line.is_empty()).count();
    let path = first.split([' ', '?']).nth(1).unwrap_or_default();
    let (status, body) = match path {
        "/good" | "/after" => ("200 OK", GOOD.to_owned()),
        "/bad" => ("200 OK", BAD.to_owned()),
        "/heavy" => ("200 OK", GOOD.replace("One brief.", &"One brief. ".repeat(10_000))),
        "/refused" => ("403 Forbidden", GOOD.to_owned()),
        _ => ("404 Not Found", String::new()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice());
}

#[test]
fn a_page_without_fault_has_none_and_is_used_by_keyboard() {
    let origin = pages();
    let browser = Browser::open();
    let visitor = browser.visitor(&origin);
    assert_eq!(visitor.go("/good").status, 200);
    let seen = visitor.pictures("rig");
    assert!(seen.faults().is_empty(), "{:#?}", seen.faults());
    assert_eq!(seen.pictures.len(), 4);
    for picture in &seen.pictures {
        let bytes = std::fs::read(picture).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{picture:?}");
        std::fs::remove_file(picture).unwrap();
    }
    assert!(seen.weight > 400, "{}", seen.weight);
    visitor.press("Tab");
    assert_eq!(visitor.focused(), "#why");
    visitor.type_text("clear");
    assert!(visitor.enter("Enter").url.ends_with("/after?why=clear"));
    // A refusal is no fault of the page that says so.
    assert_eq!(visitor.go("/refused").status, 403);
    assert!(visitor.audit().faults().is_empty(), "{:?}", visitor.audit());
}

#[test]
fn a_fault_of_every_kind_is_found() {
    let origin = pages();
    let browser = Browser::open();
    let visitor = browser.visitor(&origin);
    visitor.go("/bad");
    let seen = visitor.pictures("rig-bad");
    for picture in &seen.pictures {
        std::fs::remove_file(picture).unwrap();
    }
    for rule in ["image-alt", "html-has-lang", "label", "color-contrast"] {
        assert!(
            seen.violations.iter().any(|said| said.contains(&format!(": {rule} ("))),
            "{rule}: {:#?}",
            seen.violations
        );
    }
    assert!(seen.console.iter().any(|said| said.contains("told")), "{:?}", seen.console);
    assert!(seen.console.iter().any(|said| said.contains("nosuch")), "{:?}", seen.console);
    assert_eq!(seen.foreign, ["http://elsewhere.example/x.js"]);
    assert!(seen.failed.iter().any(|said| said.ends_with("/missing.png")), "{:?}", seen.failed);
    assert!(seen.overflow > 400, "{}", seen.overflow);
    visitor.go("/heavy");
    assert!(visitor.audit().faults().iter().any(|fault| fault.starts_with("weighs 1")), "{:?}", visitor.audit());
}

#[test]
fn scores_are_full_for_a_page_without_fault_alone() {
    let origin = pages();
    let scored = scores("", &[format!("{origin}/good"), format!("{origin}/bad")]);
    let points = |page: usize, kind: &str| scored[page].scores[kind];
    assert_eq!((points(0, "accessibility"), points(0, "best-practices")), (100, 100), "{:#?}", scored[0]);
    assert!(points(1, "accessibility") < 100 && points(1, "best-practices") < 100, "{scored:#?}");
}
