//! Machine mail and people's mail.

use crate::mail::{Limits, read};

fn kind(raw: &str) -> Option<super::Kind> {
    read(raw.as_bytes(), &Limits::default()).expect("readable").automatic.map(|verdict| verdict.kind)
}

#[test]
fn a_message_that_says_so_is_automatic() {
    assert_eq!(kind("From: a@example.com\nAuto-Submitted: auto-replied\n\nback soon"), Some(super::Kind::AutoReply));
    assert_eq!(kind("From: a@example.com\nAuto-Submitted: no\n\nhello"), None);
    assert_eq!(kind("Return-Path: <>\nFrom: a@example.com\n\nhello"), Some(super::Kind::Bounce));
    assert_eq!(kind("From: a@example.com\nList-Id: <x.example.com>\n\nhello"), Some(super::Kind::List));
}

#[test]
fn a_person_who_writes_about_a_bounce_is_a_person() {
    assert_eq!(
        kind(
            "From: Ann <ann@example.com>\nSubject: mail problem\n\nMy mail came back with 550 5.1.1 user unknown. Can you help?"
        ),
        None
    );
}
