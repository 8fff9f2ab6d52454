//! What becomes of the parts of a message.

use crate::mail::{Inspection, Limits, Message, read};

fn message(raw: &str) -> Message {
    read(raw.as_bytes(), &Limits::default()).expect("readable")
}

#[test]
fn every_author_is_seen() {
    let message = message("From: Ann <ann@example.com>\nFrom: eve@example.net\nReturn-Path: <>\n\nhello");
    assert_eq!((message.from.len(), message.from_headers), (2, 2));
    assert_eq!(message.return_path.as_deref(), Some(""));
    assert!(message.notes.iter().any(|note| note.contains("more than one From")));
}

#[test]
fn a_message_passed_on_as_a_file_gives_its_sender_and_files() {
    let message = message(concat!(
        "From: Ann <ann@example.com>\nSubject: Fwd: broken\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nplease see\n--b\n",
        "Content-Type: message/rfc822\n\nFrom: Carl <carl@example.org>\nSubject: broken\nDate: Mon, 5 May 2025 10:00:00 +0000\n",
        "Content-Type: multipart/mixed; boundary=c\n\n--c\n\nThe lift is broken.\n--c\nContent-Type: text/csv; name=floors.csv\n\nfloor\n3\n--c--\n--b--\n",
    ));
    let original = message.forwarded.expect("it was passed on");
    assert_eq!(
        (original.name.as_deref(), original.email.as_deref(), original.subject.as_deref()),
        (Some("Carl"), Some("carl@example.org"), Some("broken"))
    );
    assert_eq!(
        (original.text.as_str(), original.date.as_deref(), original.attached),
        ("The lift is broken.", Some("2025-05-05T10:00:00Z"), true)
    );
    let floors = message
        .attachments
        .iter()
        .find(|file| file.name.as_deref() == Some("floors.csv"))
        .expect("its file came along");
    assert_eq!((floors.inside, floors.text.clone()), (true, Some(Ok("floor\n3".to_owned()))));
}

#[test]
fn a_message_passed_on_inline_gives_its_sender() {
    for (bar, from, sent, subject) in [
        (
            "---------- Forwarded message ---------",
            "From: Carl Ox <carl@example.org>",
            "Date: Mon, May 5, 2025 at 10:00 AM",
            "Subject: broken",
        ),
        (
            "-------- Weitergeleitete Nachricht --------",
            "Von: Carl Ox <carl@example.org>",
            "Datum: Mon, 5 May 2025",
            "Betreff: broken",
        ),
        ("Début du message réexpédié :", "De: Carl Ox <carl@example.org>", "Date: 5 mai 2025 à 10:00", "Objet: broken"),
        ("", "From: Carl Ox [mailto:carl@example.org]", "Sent: Monday, May 5, 2025 10:00 AM", "Subject: broken"),
    ] {
        let message = message(&format!(
            "From: ann@example.com\nSubject: FW: broken\n\nSee below.\n\n{bar}\n{from}\n{sent}\n{subject}\nTo: ann@example.com\n\nThe lift is broken.\n"
        ));
        let original = message.forwarded.expect(bar);
        assert_eq!(
            (original.name.as_deref(), original.email.as_deref(), original.subject.as_deref(), original.text.as_str()),
            (Some("Carl Ox"), Some("carl@example.org"), Some("broken"), "The lift is broken.")
        );
    }
}

#[test]
fn html_alone_is_written_out() {
    let message = message(
        "From: a@example.com\nContent-Type: text/html\n\n<p>Hello,</p><ul><li>one<li>two</ul><a href=\"https://example.com/x\">here</a>",
    );
    assert_eq!(message.text, "Hello,\n\n- one\n- two\n\nhere <https://example.com/x>");
    assert_eq!(message.plain, None);
}

#[test]
fn what_is_not_read_is_said() {
    let encrypted = message(
        "Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b--\n",
    );
    assert!(encrypted.notes.iter().any(|note| note.contains("encrypted part was not read")));
}

#[test]
fn an_inspection_holds_everything() {
    let message = message("From: a@example.com\nSubject: x\nAuto-Submitted: auto-replied\n\nhello");
    let told = serde_json::to_value(Inspection::of(&message)).expect("it serialises");
    assert_eq!((told["text"].as_str(), told["automatic"]["kind"].as_str()), (Some("hello"), Some("auto_reply")));
}
