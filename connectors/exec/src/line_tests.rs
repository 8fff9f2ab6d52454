//! The protocol, line by line.

use super::{Line, encode, read};
use jiff::Timestamp;
use opspilot_sdk::{Content, Envelope};
use proptest::prelude::*;

fn envelope(line: &str) -> Envelope {
    match read(line.as_bytes().to_vec(), Timestamp::UNIX_EPOCH) {
        Ok(Line::Request { envelope, .. }) => *envelope,
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> String {
    let refused = read(line.as_bytes().to_vec(), Timestamp::UNIX_EPOCH).expect_err(line);
    assert!(!refused.reason.contains("secret-word"), "{}", refused.reason);
    format!("{} {}", refused.code, refused.reason)
}

#[test]
fn the_least_a_line_can_be() {
    let line = r#"{"key":"1","text":"please call"}"#;
    let envelope = envelope(line);
    assert_eq!(envelope.content, Content::Text("please call".to_owned()));
    assert_eq!(envelope.raw, line.as_bytes());
    assert_eq!(envelope.media_type, "application/json");
    assert_eq!(envelope.received_at, Timestamp::UNIX_EPOCH);
}

#[test]
fn everything_a_line_can_be() {
    let envelope = envelope(&format!(
        r#"{{"key":"k","external_id":"sub_1","received_at":"2026-11-20T10:00:00+01:00","media_type":"text/html","raw":"{}",
            "fields":{{"name":"Ann","email":"ann@example.com","phone":null,"text":"hi","extra":{{"Budget":"5000"}}}},
            "attachments":[{{"name":"a.txt","media_type":"text/plain","data":"{}"}}]}}"#,
        encode(b"<p>hi"),
        encode(b"abc"),
    ));
    assert_eq!(envelope.raw, b"<p>hi");
    assert_eq!(envelope.media_type, "text/html");
    assert_eq!(envelope.received_at.to_string(), "2026-11-20T09:00:00Z");
    assert_eq!(envelope.attachments[0].bytes, b"abc");
    let Content::Fields(fields) = envelope.content else { panic!("fields") };
    assert_eq!(fields.extra, [("Budget".to_owned(), "5000".to_owned())]);
    assert_eq!(fields.phone, None);
}

#[test]
fn texts_and_messages_name_their_raw_form() {
    let plain = envelope(r#"{"key":"k","media_type":"text/plain","text":"hi"}"#);
    assert_eq!((plain.raw.as_slice(), plain.media_type.as_str()), (&b"hi"[..], "text/plain"));
    let mail = envelope(&format!(r#"{{"key":"k","message":"{}"}}"#, encode(b"From: a@example.com\r\n\r\nhi")));
    assert_eq!(mail.content, Content::Message);
    assert_eq!(mail.media_type, "message/rfc822");
    assert!(mail.raw.starts_with(b"From:"));
}

#[test]
fn the_other_lines() {
    let read = |text: &str| read(text.as_bytes().to_vec(), Timestamp::UNIX_EPOCH);
    assert!(matches!(read(r#"{"cursor":"17"}"#), Ok(Line::Cursor(cursor)) if cursor == "17"));
    assert!(matches!(read(r#"{"ready":true}"#), Ok(Line::Ready)));
}

#[test]
fn refusals_name_the_place_and_not_the_text() {
    for (line, expected) in [
        (
            "",
            "OP-2305 not JSON that can be used: the end where a value should stand at column 0; print each request as one",
        ),
        ("\"secret-word\"", "OP-2305 a text where one JSON object should stand; print each"),
        (
            "{\"key\":\"k\0\",\"text\":\"x\"}",
            "a control character inside a text, which must be escaped there at column 10; print",
        ),
        ("{\"key\": secret-word}", "something else where a value should stand at column 9; print"),
        ("Reading page 2 of secret-word", "something else where a value should stand at column 1; print"),
        (r#"{"key":"a","key":"secret-word"}"#, "the key `key` stands twice in one object at column "),
        (r#"{"text":"secret-word"}"#, "OP-2306 `key` is missing"),
        (r#"{"key":7,"text":"x"}"#, "OP-2306 `key` is a number, not a text"),
        (r#"{"key":"","text":"x"}"#, "OP-2306 `key` is empty"),
        (r#"{"key":"\u0000","text":"x"}"#, "holds a NUL"),
        (r#"{"key":"k"}"#, "none of `text`"),
        (r#"{"key":"k","text":"x","message":"eA=="}"#, "more than one of"),
        (r#"{"key":"k","text":"x","externalid":"secret-word"}"#, "unknown key `externalid`"),
        (r#"{"key":"k","fields":{"mail":"secret-word"}}"#, "unknown key `fields.mail`"),
        (r#"{"key":"k","fields":{}}"#, "`fields` is empty"),
        (r#"{"key":"k","fields":"secret-word"}"#, "`fields` is a text, not an object"),
        (r#"{"key":"k","fields":{"extra":{"a":1}}}"#, "`fields.extra` holds a number"),
        (r#"{"key":"k","message":"secret-word!"}"#, "`message` is not base64"),
        (r#"{"key":"k","text":"x","received_at":"yesterday secret-word"}"#, "`received_at` is not"),
        (r#"{"key":"k","text":"x","received_at":"2026-11-20T10:00:00"}"#, "`received_at` is not"),
        (r#"{"key":"k","text":"x","media_type":"image/png"}"#, "`raw` is missing"),
        (r#"{"key":"k","text":"x","media_type":"text/plain; charset=x"}"#, "not a media type"),
        (r#"{"key":"k","text":"x","attachments":[{"name":"a"}]}"#, "`attachments[0].data` is missing"),
        (
            r#"{"key":"k","text":"x","attachments":[{"name":"a","data":"","path":"secret-word"}]}"#,
            "unknown key `attachments[0].path`",
        ),
        (r#"{"cursor":"1","text":"x"}"#, "`key` is missing"),
        (r#"{"cursor":5}"#, "`key` is missing"),
    ] {
        let reason = refused(line);
        assert!(reason.contains(expected), "{line}: {reason}");
    }
    let broken = read(b"{\"key\":\"k\",\"text\":\"\xff\"}".to_vec(), Timestamp::UNIX_EPOCH).expect_err("not UTF-8");
    assert!(broken.reason.starts_with("not UTF-8 at byte 19; print each"), "{}", broken.reason);
    assert!(refused(&"[".repeat(100_000)).contains("lists and objects nested too deeply at column 128; print"));
    assert_eq!(
        read(br#"{"key":"k7","text":5}"#.to_vec(), Timestamp::UNIX_EPOCH).expect_err("type").key.as_deref(),
        Some("k7")
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(bytes, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn any_text_comes_through_unchanged(key in "[a-z0-9:/-]{1,60}", text in any::<String>()) {
        let line = serde_json::json!({ "key": key, "text": text }).to_string();
        let read = envelope(&line);
        prop_assert_eq!(read.content, Content::Text(text));
        prop_assert_eq!(read.key.as_str(), key.as_str());
    }
}
