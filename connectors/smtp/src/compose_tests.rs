//! No text becomes a header, no letter two messages.

use super::compose;
use jiff::Timestamp;
use opspilot_sdk::{AutoSubmitted, ErrorKind, Letter, Mailbox, ReturnPath};
use proptest::prelude::*;

pub(crate) fn letter() -> Letter {
    Letter {
        from: Mailbox { name: Some("OpsPilot".to_owned()), address: "pilot@ops.test".to_owned() },
        to: Mailbox { name: None, address: "ana@pilot.test".to_owned() },
        reply_to: None,
        return_path: ReturnPath::From,
        message_id: "brf_1.1@ops.test".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        date: Timestamp::from_second(1_795_000_000).unwrap(),
        subject: "A new brief".to_owned(),
        text: "Hello\n".to_owned(),
        html: None,
        auto_submitted: AutoSubmitted::Generated,
        list_unsubscribe: None,
        loop_mark: "daemon-1".to_owned(),
    }
}

/// The names of the fields, in order.
fn fields(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    lines.map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

#[test]
fn addresses_and_identifiers_that_are_none_are_refused() {
    let mut letters: Vec<Letter> = Vec::new();
    for address in [
        "",
        "ana",
        "ana@",
        "ana@pilot.test\r\nBcc: eve@evil.test",
        "a b@c.test",
        "ana@pilot.test, eve@evil.test",
        "änä@pilot.test",
    ] {
        letters.push(Letter { to: Mailbox { name: None, address: address.to_owned() }, ..letter() });
        letters.push(Letter { return_path: ReturnPath::Address(address.to_owned()), ..letter() });
    }
    for id in ["", "x", "a@b@c", "a@b\r\nX: y", "a b@c", "<a@b>", "ä@b"] {
        letters.push(Letter { message_id: id.to_owned(), ..letter() });
        letters.push(Letter { in_reply_to: Some(id.to_owned()), ..letter() });
    }
    for place in [
        "http://x.test",
        "javascript:alert(1)",
        "https://x.test/>,<https://y.test",
        "https://x.test\r\nX: y",
        "a@b.test?subject=",
        "a@b.test?subject=x%0d",
        "a@b.test?cc=c@d.test",
    ] {
        letters.push(Letter { list_unsubscribe: Some(place.to_owned()), ..letter() });
    }
    letters.push(Letter { loop_mark: "a\r\nb".to_owned(), ..letter() });
    for letter in letters {
        let error = compose(&letter, None).expect_err(&format!("{letter:?}"));
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-2708"));
        assert!(!error.message.contains(['\r', '\n']));
    }
    let thread =
        Letter { references: vec!["bad id".to_owned(), "a@b.test".to_owned(), "x\r\nY: z@w".to_owned()], ..letter() };
    let text = String::from_utf8(compose(&thread, None).unwrap().bytes).unwrap();
    assert!(text.contains("\r\nReferences: <a@b.test>\r\n"), "{text}");
}

#[test]
fn a_list_is_left_by_mail() {
    for (place, field) in [
        ("pilot+abc@ops.test", "<mailto:pilot+abc@ops.test>"),
        ("pilot@ops.test?subject=abc7", "<mailto:pilot@ops.test?subject=abc7>"),
    ] {
        let letter = Letter { list_unsubscribe: Some(place.to_owned()), ..letter() };
        let text = String::from_utf8(compose(&letter, None).unwrap().bytes).unwrap();
        assert!(text.contains(&format!("\r\nList-Unsubscribe: {field}\r\n")), "{text}");
        assert!(!text.contains("List-Unsubscribe-Post"), "nothing is done by opening a link");
    }
}

#[test]
fn long_threads_keep_their_beginning_and_their_end() {
    let references = (0..60).map(|n| format!("m{n}@x.test")).collect();
    let text = String::from_utf8(compose(&Letter { references, ..letter() }, None).unwrap().bytes).unwrap();
    assert!(text.contains("References: <m0@x.test>\r\n <m41@x.test>") && text.contains("<m59@x.test>\r\n"), "{text}");
}

proptest! {
    #[test]
    fn any_text_is_one_message_with_our_fields_only(
        subject in "\\PC{0,300}|[\\x00-\\x7f]{0,80}", name in "\\PC{0,60}|[\\x00-\\x7f]{0,40}", text in "(?s).{0,400}", html in proptest::option::of("(?s).{0,400}"),
    ) {
        let to = Mailbox { name: Some(name), address: "ana@pilot.test".to_owned() };
        let letter = Letter { subject, to, text, html, ..letter() };
        let composed = compose(&letter, None).unwrap();
        prop_assert_eq!(&composed.bytes, &compose(&letter, None).unwrap().bytes);
        prop_assert!(composed.bytes.is_ascii());
        let text = String::from_utf8(composed.bytes.clone()).unwrap();
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n', '\0'])));
        let mut found = fields(&composed.bytes);
        found.sort();
        let mut expected = vec!["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To",
            "X-Auto-Response-Suppress", "X-OpsPilot-Loop"];
        if letter.html.is_none() {
            expected.insert(1, "Content-Transfer-Encoding");
        }
        prop_assert_eq!(found, expected);
        let parsed = mail_parser::MessageParser::default().parse(&composed.bytes).unwrap();
        prop_assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("ana@pilot.test"));
        let tidy = |text: &str| text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect::<String>();
        prop_assert_eq!(tidy(&parsed.body_text(0).unwrap_or_default()), tidy(&letter.text));
    }
}
