//! Nothing that anybody can write makes the room panic, and whatever is refused is refused with a reason.

use super::judged;
use crate::config::keys::{KEYS, SECTIONS};
use crate::config::{DEFAULT, show};
use proptest::prelude::*;

/// Judges, and shows what is good, without a panic; a refusal has problems.
fn survives(text: &str, env: &[(&str, &str)]) {
    match judged(text, env) {
        Ok(settings) => {
            let _shown = show(&settings);
        }
        Err(problems) => {
            assert!(problems.iter().len() > 0);
            assert!(problems.iter().all(|problem| problem.code.starts_with("OP-") && !problem.message.is_empty()));
        }
    }
}

fn literal() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<bool>().prop_map(|on| on.to_string()),
        any::<f64>().prop_map(|number| if number.is_finite() { format!("{number:?}") } else { "nan".into() }),
        "\\PC{0,12}".prop_map(|text| toml::Value::String(text).to_string()),
        Just("1979-05-27T07:32:00Z".to_owned()),
        Just("99999999999999999999999".to_owned()),
        prop::sample::select(vec![
            "'sqlite:x'",
            "'postgres://a:b@c/d'",
            "'0.0.0.0:1'",
            "'webhook'",
            "'exec'",
            "'csv_drop'",
            "'none'",
            "''",
            "'~/x'"
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(", "))),
            prop::collection::btree_map(key(), inner, 0..4).prop_map(|table| {
                let entries: Vec<_> = table.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    let known: Vec<&str> =
        KEYS.iter().map(|key| key.name).chain(["verify", "dir", "command", "secret_file", "env", "map"]).collect();
    prop_oneof![4 => prop::sample::select(known).prop_map(str::to_owned), 1 => "[a-z_]{1,8}"]
}

fn table() -> impl Strategy<Value = String> {
    let name = prop::sample::select(SECTIONS.iter().map(|section| section.name).collect::<Vec<_>>());
    let body = prop::collection::btree_map(key(), literal(), 0..8);
    (name, any::<bool>(), body).prop_map(|(name, many, body)| {
        let head = if name.is_empty() {
            String::new()
        } else if many {
            format!("[[{name}]]\n")
        } else {
            format!("[{name}]\n")
        };
        body.into_iter().fold(head, |text, (key, value)| format!("{text}{key} = {value}\n"))
    })
}

#[test]
fn a_key_of_very_many_parts_is_survived() {
    survives(&format!("{}a = 1\n", "a.".repeat(20_000)), &[]);
    survives(&format!("[{}a]\n", "a.".repeat(20_000)), &[]);
    survives(&format!("a = {}1{}\n", "[".repeat(20_000), "]".repeat(20_000)), &[]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        survives(&text, &[]);
    }

    #[test]
    fn any_tables(tables in prop::collection::vec(table(), 0..6)) {
        survives(&tables.concat(), &[]);
    }

    #[test]
    fn any_variable(name in "OPSPILOT__[A-Z_]{0,20}", key in prop::sample::select(KEYS.to_vec()), value in "\\PC{0,20}") {
        survives("", &[(&name, &value), (&super::super::env::name_of(&key), &value)]);
    }

    #[test]
    fn the_default_with_a_piece_cut_out(from in 0..DEFAULT.len(), length in 0..400usize) {
        let to = (from + length).min(DEFAULT.len());
        if let (Some(before), Some(after)) = (DEFAULT.get(..from), DEFAULT.get(to..)) {
            survives(&format!("{before}{after}"), &[]);
        }
    }
}
