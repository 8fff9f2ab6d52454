//! An action as a row. Own file because its columns are a promise to whoever reads the table, and because what stands in them came from
//! strangers and is opened in a spreadsheet. INVARIANT: no cell begins as a formula (OWASP "CSV Injection"), no cell holds a carriage
//! return, and the key stands last: half a row has none.

use opspilot_sdk::{Action, plain};
use serde_json::{Map, Value};

/// The columns, in their order.
pub(crate) const COLUMNS: [&str; 12] =
    ["at", "kind", "record", "title", "text", "due", "value", "to", "from", "until", "fields", "key"];

/// The cells of an action.
pub(crate) fn cells(action: &Action) -> [String; 12] {
    let fields = if action.fields.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&action.fields).unwrap_or_default()
    };
    let to = action.to.as_ref().map(|to| match &to.name {
        Some(name) => format!("{name} <{}>", to.address),
        None => to.address.clone(),
    });
    [
        action.at.to_string(),
        action.kind.to_string(),
        action.record.clone(),
        action.title.clone(),
        action.text.clone(),
        action.due.map(|due| due.to_string()).unwrap_or_default(),
        action.value.clone().unwrap_or_default(),
        to.unwrap_or_default(),
        action.span.map(|(from, _)| from.to_string()).unwrap_or_default(),
        action.span.map(|(_, until)| until.to_string()).unwrap_or_default(),
        fields,
        action.key.clone(),
    ]
    .map(|text| harmless(&plain::clean(&text)))
}

/// A text that a spreadsheet takes for a text. Taking one leading `'` away gives back the text.
pub(crate) fn harmless(text: &str) -> String {
    let risky = ['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠'];
    let begins = text.trim_start_matches([' ', '\u{a0}', '\u{feff}']).starts_with(risky);
    format!("{}{text}", if begins { "'" } else { "" })
}

/// A line of the table, its end with it.
pub(crate) fn line<S: AsRef<str>>(cells: &[S], separator: u8) -> String {
    let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.as_ref().replace('"', "\"\""))).collect();
    format!("{}\r\n", quoted.join(&char::from(separator).to_string()))
}

/// What a look shows: every column by its name.
pub(crate) fn image<S: AsRef<str>>(cells: &[S]) -> Value {
    let pairs = COLUMNS.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.as_ref().into()));
    Value::Object(pairs.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::{harmless, line};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn harmless_reversible_and_read_by_others(text in "[ =+@'\t\n\",;|a-cé\u{a0}-]{0,12}", separator in prop_oneof![Just(b','), Just(b';'), Just(b'\t')]) {
            let written = line(&[harmless(&text), "end".to_owned()], separator);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(written.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert!(!record[0].trim_start().starts_with(['=', '+', '-', '@']));
            prop_assert_eq!(record[0].strip_prefix('\'').unwrap_or(&record[0]), text);
            prop_assert_eq!(&record[1], "end");
        }
    }
}
