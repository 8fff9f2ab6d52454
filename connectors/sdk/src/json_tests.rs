//! What is wrong with a JSON text is told in our words, with its place, and without what stands there.

use super::*;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only what does not fit is looked at")]
struct Set {
    name: String,
    #[serde(default)]
    score: u8,
    #[serde(default)]
    list: Vec<Inner>,
    #[serde(default)]
    day: Option<jiff::civil::Date>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only what does not fit is looked at")]
struct Inner {
    level: Level,
    ratio: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Low,
    VeryHigh,
}

#[test]
fn a_fault_of_grammar_has_our_words_and_its_place() {
    for (text, told) in [
        ("", "the end where a value should stand at line 1 column 0"),
        ("{\"a\":\n\"secret", "the end in the middle of a text at line 2 column 7"),
        ("[1, 2", "the end where `,` or `]` should stand at line 1 column 5"),
        ("{\"a\":1", "the end where `,`, `:` or `}` should stand at line 1 column 6"),
        ("{\"a\" 1}", "something else where `:` should stand at line 1 column 6"),
        ("{\"a\":1\n \"b\":2}", "something else where `,` or `}` should stand at line 2 column 2"),
        ("[1 2]", "something else where `,` or `]` should stand at line 1 column 4"),
        ("{a:1}", "something else where a key in double quotes should stand at line 1 column 2"),
        ("nul", "the end where a value should stand at line 1 column 3"),
        ("nuts", "a word that is not `true`, `false` or `null` at line 1 column 3"),
        ("secret", "something else where a value should stand at line 1 column 1"),
        ("[1,]", "a comma before the end of a list or an object at line 1 column 4"),
        ("{} secret", "something after the end of the value at line 1 column 4"),
        ("\"\\q\"", "a backslash before something that it cannot stand before at line 1 column 3"),
        ("\"\\uzzzz\"", "a backslash before something that it cannot stand before at line 1 column 7"),
        ("\"a\nb\"", "a control character inside a text, which must be escaped there at line 2 column 0"),
        ("01", "a number that is none of JSON, or too large at line 1 column 2"),
        ("1e999", "a number that is none of JSON, or too large at line 1 column 5"),
    ] {
        let fault = read::<Value>(text.as_bytes()).unwrap_err();
        assert_eq!((fault.to_string().as_str(), fault.is_data), (told, false), "{text}");
    }
    let deep = read::<Value>("[".repeat(1000).as_bytes()).unwrap_err();
    assert_eq!(deep.in_line(), "lists and objects nested too deeply at column 128");
}

#[test]
fn a_fault_of_shape_names_the_field_and_what_is_wanted() {
    for (value, told) in [
        (json!({}), "`name` is missing"),
        (json!({ "name": 7 }), "`name`: a number where a text should stand"),
        (json!({ "name": "x", "score": "secret" }), "`score`: a text where a whole number should stand"),
        (json!({ "name": "x", "score": 300 }), "`score`: a number that is out of range"),
        (json!({ "name": "x", "score": 1.5 }), "`score`: a number where a whole number should stand"),
        (json!({ "name": "x", "score": null }), "`score`: `null` where a whole number should stand"),
        (json!({ "name": "x", "list": {} }), "`list`: an object where a list should stand"),
        (json!({ "name": "x", "list": ["secret"] }), "`list[0]`: a text where an object should stand"),
        (json!({ "name": "x", "list": [{}] }), "`list[0]`: `level` is missing"),
        (
            json!({ "name": "x", "list": [{ "level": "secret" }] }),
            "`list[0].level`: none of the values that it takes; there are `low`, `very_high`",
        ),
        (
            json!({ "name": "x", "list": [{ "level": "low", "ratio": "secret" }] }),
            "`list[0].ratio`: a text where a number should stand",
        ),
        (
            json!({ "name": "x", "list": [{ "level": 7 }] }),
            "`list[0].level`: a number where one of the words that it takes should stand",
        ),
        (json!({ "name": "x", "day": "secret" }), "`day`: a text of another form than is wanted here"),
        (
            json!({ "name": "x", "nmae": "secret" }),
            "`nmae` is no field that is known here; there are `name`, `score`, `list`, `day`",
        ),
        (json!("secret"), "a text where an object should stand"),
    ] {
        assert_eq!(read_value::<Set>(&value).unwrap_err().to_string(), told, "{value}");
        let text = value.to_string();
        let fault = read::<Set>(text.as_bytes()).unwrap_err();
        assert_eq!(
            (fault.is_data, Fault { place: None, ..fault.clone() }.to_string().as_str()),
            (true, told),
            "{text}"
        );
        assert!(fault.place.is_some(), "{fault:?}");
    }
    let twice = read::<Set>(b"{\"name\":\"x\",\n\"name\":\"y\"}").unwrap_err();
    assert_eq!(twice.to_string(), "`name` stands twice at line 2 column 6");
}

proptest! {
    /// Whatever is there, none of it is repeated but names of fields, and no type of ours is named.
    #[test]
    fn nothing_of_a_value_is_repeated(place in 0..5_usize, text in "[a-z]{3}secret[a-z`\"]{3}") {
        let mut value = json!({ "name": "x", "score": 1, "list": [{ "level": "low", "ratio": 1.0 }], "day": "2026-11-20" });
        match place {
            0 => value["score"] = json!(text),
            1 => value["list"] = json!(text),
            2 => value["list"][0]["level"] = json!(text),
            3 => value["day"] = json!(text),
            _ => value["list"][0]["ratio"] = json!(text),
        }
        let told = read_value::<Set>(&value).unwrap_err().to_string();
        prop_assert!(!told.contains("secret") && !told.contains("struct") && !told.contains("f64"), "{}", told);
    }
}
