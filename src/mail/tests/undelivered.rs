//! Reports on delivery: which of them tell of a failure, and which message they are about.

use crate::mail::{Limits, read, undelivered};

fn report(action: &str, returned: &str) -> Vec<u8> {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: pilot@ops.example\r\nSubject: Returned mail\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSomething was said.\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; mike@northwind.example\r\n\
         Action: {action}\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n no such mailbox\r\n\r\n--b\r\n{returned}\r\n--b--\r\n"
    )
    .into_bytes()
}

const WHOLE: &str =
    "Content-Type: message/rfc822\r\n\r\nMessage-ID: <brief.1@ops.example>\r\nSubject: Brief\r\n\r\nHello\r\n";
const HEAD: &str =
    "Content-Type: text/rfc822-headers\r\n\r\nSubject: Brief\r\nMessage-Id:\r\n <brief.1@ops.example>\r\n";

#[test]
fn a_failure_names_its_message_and_its_reason() {
    for returned in [WHOLE, HEAD] {
        let found = undelivered(&read(&report("failed", returned), &Limits::default()).unwrap()).unwrap();
        assert_eq!(found.ids, ["brief.1@ops.example"]);
        assert_eq!(found.said, "5.1.1, smtp; 550 5.1.1 no such mailbox");
    }
}

#[test]
fn what_is_late_or_arrived_is_no_failure() {
    for action in ["delayed", "delivered", "relayed", "expanded"] {
        assert_eq!(undelivered(&read(&report(action, WHOLE), &Limits::default()).unwrap()), None, "{action}");
    }
    let person = b"From: mike@northwind.example\r\nSubject: Re: Brief\r\n\r\nMessage-ID: <brief.1@ops.example>\r\n";
    assert_eq!(undelivered(&read(person, &Limits::default()).unwrap()), None, "a person who quotes");
}

#[test]
fn reports_of_many_servers_name_what_they_are_about() {
    let root = std::path::Path::new(file!()).ancestors().nth(4).unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/automail");
    let folder = if folder.is_dir() { folder } else { root.join("tests/data/automail") };
    let labels = std::fs::read_to_string(folder.join("labels.jsonl")).unwrap();
    let (mut bounces, mut named, mut said, mut wrong) = (0, 0, 0, Vec::new());
    for line in labels.lines() {
        let label: serde_json::Value = serde_json::from_str(line).unwrap();
        let raw = std::fs::read(folder.join(label["file"].as_str().unwrap())).unwrap();
        let Ok(message) = read(&raw, &Limits::default()) else { continue };
        let found = undelivered(&message);
        if label["label"] != "bounce" {
            wrong.extend(found.map(|_| label["id"].to_string()));
            continue;
        }
        bounces += 1;
        named += usize::from(found.as_ref().is_some_and(|found| !found.ids.is_empty()));
        said += usize::from(found.is_some_and(|found| !found.said.is_empty()));
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(named * 100 >= bounces * 70 && said * 100 >= bounces * 85, "{bounces} bounces, {said} read, {named} named");
}
