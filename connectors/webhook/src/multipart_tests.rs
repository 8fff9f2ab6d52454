//! Multipart bodies, good and hostile.

use super::{FileLimits, MAX_PARTS, read};
use crate::node::Node;
use opspilot_sdk::RefusalKind;
use proptest::prelude::*;

const LIMITS: FileLimits = FileLimits { count: 2, bytes: 10 };

fn part(headers: &str, body: &str) -> String {
    format!("--B\r\n{headers}\r\n\r\n{body}\r\n")
}

fn field(name: &str, body: &str) -> String {
    part(&format!("Content-Disposition: form-data; name=\"{name}\""), body)
}

fn code(body: &str) -> &'static str {
    read(body.as_bytes(), "B", LIMITS).unwrap_err().code
}

#[test]
fn fields_files_and_unused_inputs() {
    let body = [
        "preamble\r\n".to_owned(),
        field("tags[]", "a"),
        field("tags[]", "--B is no delimiter here\r\n--Bx\r\nnor there"),
        field("empty", ""),
        part(
            "content-disposition: FORM-DATA; name=f; filename=\"../../etc/pass%22wd\"\r\nContent-Type: image/PNG; x=y",
            "\0\r\n--\u{fffd}",
        ),
        part("Content-Disposition: form-data; name=\"g\"; filename=\"\"\r\nContent-Type: application/octet-stream", ""),
        part("Content-Disposition: form-data; name=\"h\"; filename*=UTF-8''na%20me+.txt", "x"),
        "--B-- \r\nepilogue".to_owned(),
    ]
    .concat();
    let (node, files) = read(body.as_bytes(), "B", LIMITS).unwrap();
    assert_eq!(node.at("tags.1").and_then(Node::scalar), Some("--B is no delimiter here\r\n--Bx\r\nnor there"));
    assert_eq!(node.at("empty").and_then(Node::scalar), Some(""));
    assert_eq!(files.len(), 2);
    assert_eq!((files[0].name.as_str(), files[0].media_type.as_str()), ("../../etc/pass\"wd", "image/png"));
    assert_eq!(files[0].bytes, "\0\r\n--\u{fffd}".as_bytes());
    assert_eq!((files[1].name.as_str(), files[1].media_type.as_str()), ("na me+.txt", "application/octet-stream"));
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    let body = format!("{}{}--B--\r\n", field("a", "one"), field("b", "two"));
    let whole = body.find("--B--").unwrap() + 4;
    for end in 0..=whole {
        assert!(read(&body.as_bytes()[..end], "B", LIMITS).is_err(), "{end}");
    }
    assert!(read(&body.as_bytes()[..=whole], "B", LIMITS).is_ok());
}

#[test]
fn broken_parts_are_refused() {
    for headers in [
        "Content-Type: text/plain",
        "Content-Disposition: attachment; name=\"a\"",
        "Content-Disposition: form-data",
        "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Type: text/plain; charset=latin1",
        "Content-Disposition: form-data; name=\"a",
        "no header at all",
    ] {
        assert_eq!(code(&format!("{}--B--", part(headers, "x"))), "OP-2115", "{headers}");
    }
    assert_eq!(read(b"--B\r\n\r\n--B--", "", LIMITS).unwrap_err().code, "OP-2115");
    assert_eq!(code("nothing of the kind"), "OP-2115");
    assert_eq!(code("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n--B--"), "OP-2115");
}

#[test]
fn limits_hold() {
    let file = |name: &str, bytes: &str| {
        part(&format!("Content-Disposition: form-data; name=\"f\"; filename=\"{name}\""), bytes)
    };
    let refusal = read(format!("{}--B--", file("a", "12345678901")).as_bytes(), "B", LIMITS).unwrap_err();
    assert_eq!((refusal.kind, refusal.code), (RefusalKind::TooLarge, "OP-2118"));
    assert_eq!(code(&format!("{}--B--", file("a", "1").repeat(3))), "OP-2118");
    assert_eq!(code(&format!("{}--B--", field("a", "1").repeat(MAX_PARTS + 1))), "OP-2118");
    assert_eq!(code(&format!("{}--B--", field(&"n".repeat(1_025), "1"))), "OP-2118");
    assert_eq!(
        code(&format!(
            "{}--B--",
            part(&format!("X: {}\r\nContent-Disposition: form-data; name=\"a\"", "y".repeat(9_000)), "1")
        )),
        "OP-2115"
    );
}

proptest! {
    #[test]
    fn what_was_put_in_comes_out(values in prop::collection::vec(("[a-z]{1,9}", "[ -~\r\n]{0,40}"), 1..9)) {
        let body = values.iter().enumerate().map(|(n, (name, value))| field(&format!("{name}{n}"), value)).collect::<String>() + "--B--";
        // A value that holds the boundary by chance is a different form.
        prop_assume!(values.iter().all(|(_, value)| !value.contains("--B")));
        let (node, _) = read(body.as_bytes(), "B", LIMITS).unwrap();
        for (n, (name, value)) in values.iter().enumerate() {
            prop_assert_eq!(node.get(&format!("{name}{n}")).and_then(Node::scalar), Some(value.as_str()));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(pieces in prop::collection::vec(prop_oneof!["--B", "\r\n", "--", "\r\n\r\n", "Content-Disposition: form-data; name=a", "[ -~]{0,9}"], 0..30)) {
        let _ = read(pieces.concat().as_bytes(), "B", LIMITS);
    }
}
