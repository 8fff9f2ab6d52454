//! What the deserialiser of a connector's options says, in the words of the house. Own file because a configuration is TOML and has
//! neighbours to propose; JSON is told by `opspilot_sdk::json`. What it does not recognise passes as it is. INVARIANT: of what it
//! recognises no value is repeated, because it may be a secret, and no Rust type is named.

use super::keys::nearest;
use super::read::{short, ticked};

/// Message and remedy for a key that holds `what`; an empty remedy leaves it to the caller.
pub(super) fn reworded(message: &str, what: &str) -> (String, String) {
    let (said, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    // Only what the connector expects is repeated, never what was given.
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let given = said.split_once('`').and_then(|(_, rest)| rest.rsplit_once('`')).map_or("", |(given, _)| given);
    let suggestion = match nearest(given, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? known: {}", ticked(&known)),
        None if known.is_empty() => String::new(),
        None => format!("use {}", ticked(&known)),
    };
    match start(message, 2) {
        "unknown field" => return (format!("the connector knows no key `{}`", short(given)), suggestion),
        "unknown variant" => return ("not one of the values there are".to_owned(), suggestion),
        _ => {}
    }
    if let Some(missing) = message.strip_prefix("missing field ") {
        return (format!("{missing} is missing"), String::new());
    }
    if expected.is_empty() || !message.starts_with("invalid ") {
        if message.contains("untagged enum") {
            return (format!("{what} of a form that is not taken here"), String::new());
        }
        return (message.to_owned(), String::new());
    }
    if message.starts_with("invalid value") && is_number(expected) {
        return ("out of range".to_owned(), String::new());
    }
    let wanted = match expected.split(' ').next_back().unwrap_or("") {
        _ if is_number(expected) => "a whole number",
        "f64" | "f32" => "a number",
        "boolean" | "bool" => "`true` or `false`",
        "string" => "a text",
        "sequence" => "a list",
        "map" => "a table",
        // A struct, or the words of a connector.
        _ if expected.starts_with("struct ") => "a table",
        _ => expected,
    };
    (format!("{what} where {wanted} should be"), String::new())
}

fn is_number(expected: &str) -> bool {
    let last = expected.split(' ').next_back().unwrap_or("");
    ["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"].contains(&last)
}

/// The first words of a message.
fn start(message: &str, words: usize) -> &str {
    let end = message.match_indices(' ').nth(words - 1).map_or(message.len(), |(at, _)| at);
    message.get(..end).unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::reworded;

    #[test]
    fn no_value_and_no_rust_type_gets_through() {
        for (said, expected) in [
            ("invalid type: string \"hunter2\", expected u64", "a text where a whole number should be"),
            ("invalid type: string \"hunter2\", expected a boolean", "a text where `true` or `false` should be"),
            ("invalid type: string \"hunter2\", expected a sequence", "a text where a list should be"),
            (
                "invalid type: string \"hunter2, expected u64\", expected struct Mapping",
                "a text where a table should be",
            ),
            ("invalid value: integer `-1`, expected u64", "out of range"),
            ("data did not match any variant of untagged enum OneOrMore", "a text of a form that is not taken here"),
            ("missing field `dir`", "`dir` is missing"),
            ("unknown variant `hun`ter2`, expected one of `standard`, `none`", "not one of the values there are"),
        ] {
            assert_eq!(reworded(said, "a text").0, expected);
        }
        let (_, help) = reworded("unknown variant `bearr`, expected `bearer` or `none`", "a text");
        assert_eq!(help, "did you mean `bearer`? known: `bearer`, `none`");
        assert_eq!(reworded("unknown field `a`, there are no fields", "a text").0, "the connector knows no key `a`");
    }
}
