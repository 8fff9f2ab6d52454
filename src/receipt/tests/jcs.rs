//! Canonical JSON beyond the borrowed pairs: numbers, order, escapes, and that reading and writing agree.

use crate::receipt::{Body, Entry, Field, Fields, Receipt, jcs};
use proptest::prelude::*;
use serde_json::{Value, json};

fn number(double: f64) -> String {
    jcs::canonical(&json!(double)).unwrap()
}

#[test]
fn numbers_are_written_as_ecmascript_writes_them() {
    // The samples of RFC 8785, appendix B, by their bit patterns.
    for (bits, text) in [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] {
        assert_eq!(number(f64::from_bits(bits)), text);
    }
}

#[test]
fn powers_of_two_read_back() {
    // Their neighbours are unevenly far, which is where shortest and nearest digits part.
    for exponent in 1..2047_u64 {
        let double = f64::from_bits(exponent << 52);
        assert_eq!(number(double).parse(), Ok(double));
    }
}

#[test]
fn integers_that_would_be_rounded_are_refused() {
    assert!(jcs::canonical(&json!(9_007_199_254_740_993_u64)).is_err());
    assert!(jcs::canonical(&json!(u64::MAX)).is_err());
    assert_eq!(jcs::canonical(&json!(9_007_199_254_740_991_u64)).unwrap(), "9007199254740991");
    assert_eq!(jcs::canonical(&json!(100_000_000_000_000_000_u64)).unwrap(), "100000000000000000");
    assert!(Body::of(&[("n", Field::Int(i64::MIN))]).is_err());
}

#[test]
fn members_are_ordered_by_utf16() {
    let value = json!({"\u{fb33}": 1, "\u{1f600}": 2, "\u{20ac}": 3, "\r": 4, "1": 5, "\u{80}": 6, "\u{f6}": 7});
    let text = jcs::canonical(&value).unwrap();
    let order: String = text.chars().filter(char::is_ascii_digit).collect();
    // The name "1" and its value 5 stand together.
    assert_eq!(order, "41567321");
}

#[test]
fn every_control_character_is_escaped_in_its_one_way() {
    let all: String = ('\0'..='\u{20}').chain(['"', '\\', '/', '\u{7f}', '\u{2028}']).collect();
    let text = jcs::canonical(&json!(all)).unwrap();
    assert!(text.starts_with(r#""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010"#));
    assert!(text.ends_with("\\u001f \\\"\\\\/\u{7f}\u{2028}\""));
    assert_eq!(serde_json::from_str::<String>(&text).unwrap(), all);
}

#[test]
fn second_spellings_are_not_canonical() {
    for text in [
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a": 1}"#,
        r#"{"a":1.0}"#,
        r#"{"a":"\u0041"}"#,
        r#"["\/"]"#,
        "1 ",
        "1e2",
    ] {
        assert!(jcs::parse_canonical(text.as_bytes()).is_none(), "{text}");
    }
    assert!(jcs::canonical(&(0..200).fold(json!(1), |inner, _| json!([inner]))).is_err());
}

#[test]
fn a_body_is_the_same_by_fields_by_value_and_by_serialising() {
    let fields =
        [("b", Field::Texts(&["x", "y"])), ("a", Field::Int(-7)), ("c", Field::Null), ("é", Field::Text("\n"))];
    let value = json!({"a": -7, "b": ["x", "y"], "c": null, "é": "\n"});
    let body = Body::of(&fields).unwrap();
    assert_eq!(body.as_str(), "{\"a\":-7,\"b\":[\"x\",\"y\"],\"c\":null,\"é\":\"\\n\"}");
    assert_eq!(body, Body::from_value(&value).unwrap());
    assert_eq!(body, Body::from_serialize(&value).unwrap());
    assert!(Body::of(&[("a", Field::Null), ("a", Field::Null)]).is_err());
    assert!(Body::from_value(&json!([1])).is_err());
    assert!(Body::from_serialize("text").is_err());
}

#[test]
fn a_receipt_reads_back_and_writes_the_same_bytes() {
    for sealed in super::log(11) {
        let receipt = Receipt::from_bytes(&sealed.bytes).unwrap();
        assert_eq!(receipt.seq, sealed.seq);
        assert_eq!(receipt.to_bytes().unwrap(), sealed.bytes);
    }
    let mut receipt = Receipt::from_bytes(&super::log(1)[0].bytes).unwrap();
    receipt.body = json!([]);
    assert!(Receipt::from_bytes(&receipt.to_bytes().unwrap()).is_none());
    receipt.body = json!({});
    // A double holds it exactly, but it is beyond what counts as a place.
    receipt.seq = 1 << 53;
    assert!(Receipt::from_bytes(&receipt.to_bytes().unwrap()).is_none());
    let text = String::from_utf8(super::log(1).remove(0).bytes).unwrap();
    for changed in [text.replace("\"pilot\":\"plt_01\",", ""), text.replace("}", ",\"z\":1}"), format!("{text} ")] {
        assert!(Receipt::from_bytes(changed.as_bytes()).is_none(), "{changed}");
    }
}

#[test]
fn what_is_no_receipt_is_refused_before_it_is_sealed() {
    let good = Fields {
        id: "rct_1",
        at: jiff::Timestamp::UNIX_EPOCH,
        kind: "request.accepted",
        tenant: "",
        pilot: None,
        subject: "req_1",
        actor: "usr_1",
    };
    let body = Body::empty();
    assert_eq!(Entry::new(&good, &body).unwrap().seal(1).seq, 1);
    assert!(Entry::new(&Fields { id: "req_1", ..good }, &body).is_err());
    assert!(Entry::new(&Fields { kind: "", ..good }, &body).is_err());
    assert!(Entry::new(&Fields { at: jiff::Timestamp::MAX, ..good }, &body).is_err());
    let large = "x".repeat(1 << 20);
    assert!(Entry::new(&good, &Body::of(&[("text", Field::Text(&large))]).unwrap()).is_err());
}

#[test]
fn what_a_body_may_hold_a_receipt_can_be_read_with() {
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!({"a": inner}));
    let deepest = (1..120).take_while(|depth| Body::from_value(&nested(*depth)).is_ok()).last().unwrap();
    assert!((90..101).contains(&deepest), "{deepest}");
    let fields = Fields {
        id: "rct_1",
        at: jiff::Timestamp::UNIX_EPOCH,
        kind: "k",
        tenant: "",
        pilot: None,
        subject: "",
        actor: "",
    };
    let sealed = Entry::new(&fields, &Body::from_value(&nested(deepest)).unwrap()).unwrap().seal(1);
    assert!(Receipt::from_bytes(&sealed.bytes).is_some());
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_canonical(value in values()) {
        // Integers that a double cannot hold are refused; everything else reads back to the same text.
        if let Ok(text) = jcs::canonical(&value) {
            let again = jcs::parse_canonical(text.as_bytes());
            prop_assert!(again.is_some(), "{}", text);
        }
    }

    #[test]
    fn doubles_read_back_exactly(double in any::<f64>().prop_filter("finite", |d| d.is_finite())) {
        prop_assert_eq!(number(double).parse::<f64>().unwrap(), double);
    }
}
