//! Messages built to hurt: each ends in a message or in a reason, and costs no more than its size. A reading whose time grew with the
//! square of the input would not end in these tests.

use proptest::prelude::*;

use crate::mail::{Limits, Unreadable, read, visible};

fn limits() -> Limits {
    Limits::default()
}

#[test]
fn nothing_is_no_message() {
    assert_eq!(read(b" \r\n", &limits()), Err(Unreadable::Empty));
}

#[test]
fn too_large_is_refused_before_it_is_read() {
    let limits = Limits { message_bytes: 10, ..limits() };
    assert_eq!(read(b"Subject: hello\n\n", &limits), Err(Unreadable::TooLarge { bytes: 16, limit: 10 }));
}

#[test]
fn too_many_parts_are_refused() {
    let raw = format!("Content-Type: multipart/mixed; boundary=b\n\n{}--b--\n", "--b\n\nx\n".repeat(5000));
    assert_eq!(read(raw.as_bytes(), &limits()), Err(Unreadable::TooManyParts { limit: 1000 }));
}

#[test]
fn parts_nested_too_deep_are_refused() {
    let mut raw = String::new();
    for level in 0..5000 {
        raw.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"));
    }
    assert_eq!(read(raw.as_bytes(), &limits()), Err(Unreadable::TooDeep { limit: 50 }));
}

#[test]
fn messages_inside_messages_end_somewhere() {
    let raw = "Content-Type: message/rfc822\n\n".repeat(20_000) + "Subject: core\n\nx";
    let message = read(raw.as_bytes(), &limits()).expect("the outer ones are read");
    assert!(message.attachments.len() < 10);
}

#[test]
fn encoded_messages_inside_messages_end_somewhere() {
    let inner = "Content-Type: message/rfc822\n\n".repeat(20_000);
    let mut raw = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n".to_vec();
    raw.extend_from_slice(inner.as_bytes());
    assert!(read(&raw, &limits()).is_ok());
}

#[test]
fn large_pieces_of_every_kind_are_survived() {
    let many = 200_000;
    for raw in [
        format!("Subject: {}\n\nx", "=?utf-8?q?=41?= ".repeat(many)),
        format!("Subject: {}\n\nx", "=?utf-8?b?".repeat(many)),
        format!("To: {}\n\nx", "a@example.com, ".repeat(many)),
        format!("From: {}\n\nx", "(".repeat(many)),
        format!("To: {}\n\nx", "g:a@b;".repeat(many)),
        format!("References: {}\n\nx", "<a@b> ".repeat(many)),
        format!("Content-Type: text/plain; {}\n\nx", "a*0=b; ".repeat(many)),
        "X: y\n".repeat(many),
        format!("{}\n\nx", "X".repeat(many)),
        format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--bb\n".repeat(many)),
    ] {
        let head = raw.get(..30).expect("long enough").to_owned();
        assert!(read(raw.as_bytes(), &limits()).is_ok(), "{head}");
    }
}

#[test]
fn large_html_is_survived() {
    let many = 100_000;
    for html in [
        "<div>".repeat(many),
        "<blockquote>".repeat(many) + "x",
        "<a href=\"".repeat(many),
        "<!--".repeat(many),
        "<".repeat(many),
        "&#".repeat(many),
        "<style>".repeat(many),
        "</x>".repeat(many),
        "<p><b><i></p>".repeat(many),
        "<div class=gmail_quote>x".repeat(many),
        "<a b='".repeat(many) + ">",
    ] {
        let seen = visible::of_html(&html);
        assert!(seen.text.len() <= html.len() * 2);
    }
}

#[test]
fn large_texts_are_survived() {
    let many = 20_000;
    for text in [
        "On Mon, 5 May 2025 Ann\n".repeat(many),
        "From: a@example.com\n".repeat(many),
        "wrote:\n".repeat(many),
        "> > >\n".repeat(many),
        "--\n".repeat(many),
        "a@b:".repeat(many),
        "12:34 ".repeat(many),
    ] {
        assert!(visible::of_text(&text).text.len() <= text.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_answered(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&raw, &limits());
    }

    #[test]
    fn any_mail_like_text_is_answered(pieces in proptest::collection::vec(prop_oneof![
        Just("Content-Type: multipart/mixed; boundary=b\r\n"), Just("Content-Type: message/rfc822\n"), Just("\r\n"), Just("--b\n"), Just("--b--"), Just("=?utf-8?b?4oKs?="),
        Just("From: =?x?q?=?= <a@b>\n"), Just("Content-Transfer-Encoding: base64\n"), Just(" \t"), Just("=3D=\n"), Just("Date: Mon, 99 May 99999 99:99:99 +9999\n"), Just("begin 644 x\nM"), Just("é漢\u{200f}"),
        Just("Content-Type: text/html; charset=utf-16\n"), Just("<div style=\"display:none\">"), Just("\u{0}"), Just("On 1.1.2020 a@b.c wrote:\n"), Just("> q\n"), Just("-- \n"),
    ], 0..60)) {
        let raw = pieces.concat();
        let _ = read(raw.as_bytes(), &limits());
        let seen = visible::of_text(&raw);
        prop_assert!(seen.text.len() <= raw.len());
        // What is kept are lines of the text.
        prop_assert!(seen.text.lines().all(|line| raw.contains(line)));
    }
}
