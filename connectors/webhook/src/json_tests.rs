//! The reader held against the JSON test suite, against `serde_json` on random input, and against its own limits.

use super::{MAX_VALUES, read};
use crate::node::Node;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use serde_json::Value;
use std::path::PathBuf;

#[test]
fn the_json_test_suite() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/webhooks/json_bodies.jsonl");
    let mut wrong = Vec::new();
    let mut must = 0;
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let body = BASE64_STANDARD.decode(case["body_b64"].as_str().unwrap()).unwrap();
        let outcome = if read(&body).is_ok() { "accept" } else { "reject" };
        let expected = case["expect"].as_str().unwrap();
        must += usize::from(expected != "either");
        if expected != "either" && outcome != expected {
            wrong.push(case["name"].to_string());
        }
    }
    assert!(must >= 110 && wrong.is_empty(), "{wrong:?}");
}

#[test]
fn depth_and_number_of_values_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(nested(128).as_bytes()).is_ok());
    assert_eq!(read(nested(129).as_bytes()).unwrap_err().code, "OP-2113");
    assert_eq!(read("[".repeat(100_000).as_bytes()).unwrap_err().code, "OP-2113");
    assert_eq!(read("{\"a\":".repeat(100_000).as_bytes()).unwrap_err().code, "OP-2113");
    let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
    assert_eq!(read(many.as_bytes()).unwrap_err().code, "OP-2118");
}

#[test]
fn a_repeated_key_is_refused_however_it_is_written() {
    let refusal = read(b"{\"a\":1,\n \"\\u0061\":2}").unwrap_err();
    assert_eq!(refusal.code, "OP-2112");
    assert!(refusal.message.contains("`a`") && refusal.message.contains("line 2"), "{refusal}");
    let many: Vec<String> = (0..40).map(|n| format!("\"k{}\":0", n % 39)).collect();
    assert_eq!(read(format!("{{{}}}", many.join(",")).as_bytes()).unwrap_err().code, "OP-2112");
    assert!(read(br#"{"a":{"b":1},"b":{"a":1}}"#).is_ok());
}

#[test]
fn numbers_stay_as_written_and_halves_of_pairs_are_marked() {
    let node =
        read(br#"{"n": 1.10e+2, "big": 123456789012345678901234567890, "t": "\ud83d\udcb6 \ud83d! \udcb6\u0000"}"#)
            .unwrap();
    assert_eq!(node.get("n").and_then(Node::scalar), Some("1.10e+2"));
    assert_eq!(node.get("big").and_then(Node::scalar), Some("123456789012345678901234567890"));
    assert_eq!(node.get("t").and_then(Node::scalar), Some("\u{1f4b6} \u{fffd}! \u{fffd}\0"));
    assert!(read(b"\xef\xbb\xbf{}").is_ok());
    assert_eq!(read(b"[\"\x00\"]").unwrap_err().code, "OP-2111");
}

#[test]
fn a_fault_is_told_with_its_place() {
    let refusal = read(b"{\"a\": 1,\n  \"b\" 2}").unwrap_err();
    assert!(refusal.message.contains("line 2 column 7") && refusal.message.contains("`:`"), "{refusal}");
}

fn same(node: &Node<'_>, value: &Value) -> bool {
    match (node, value) {
        (Node::Null, Value::Null) => true,
        (Node::Bool(one), Value::Bool(other)) => one == other,
        (Node::Number(text), Value::Number(number)) => text.parse::<f64>().ok() == number.as_f64(),
        (Node::Text(one), Value::String(other)) => one == other,
        (Node::List(items), Value::Array(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(one, other)| same(one, other))
        }
        (Node::Map(entries), Value::Object(others)) => {
            entries.len() == others.len()
                && entries.iter().all(|(key, one)| others.get(key.as_ref()).is_some_and(|other| same(one, other)))
        }
        _ => false,
    }
}

proptest! {
    /// Texts close to JSON: both readers say the same, except where this one is stricter (repeated keys) or milder (surrogates).
    #[test]
    fn agrees_with_the_reference(text in "([\\[\\]{},: \n]|\"[a-c\\\\nu0-9é]{0,4}\"|-?[0-9]{1,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?|true|false|null|tru){0,12}") {
        let reference = serde_json::from_str::<Value>(&text);
        match (read(text.as_bytes()), reference) {
            (Ok(node), Ok(value)) => prop_assert!(same(&node, &value), "{text}"),
            (Err(refusal), Ok(_)) => prop_assert_eq!(refusal.code, "OP-2112", "{}", text),
            (Ok(_), Err(fault)) => prop_assert!(fault.to_string().contains("surrogate") || fault.to_string().contains("out of range"), "{text}: {fault}"),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn whatever_serde_writes_is_read_alike(entries in prop::collection::btree_map(".{0,6}", prop::collection::vec(any::<Option<f32>>(), 0..4), 0..20)) {
        let value = serde_json::to_value(&entries).unwrap();
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert!(same(&read(text.as_bytes()).unwrap(), &value), "{text}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }
}
