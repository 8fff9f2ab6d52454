//! How well encoding and dialect are recognised, on tables found in the wild. The pass figures are promises.

use opspilot_csv_drop::read_table;
use opspilot_sdk::sha256_hex;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// The labelled set's digest: SHA-256 of the rows with at least one non-empty cell as JSON with `, ` between items, first 16 hex digits.
fn digest(rows: &[Vec<String>]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .filter(|row| row.iter().any(|cell| !cell.is_empty()))
        .map(|row| {
            let cells: Vec<String> = row.iter().map(|cell| Value::from(cell.as_str()).to_string()).collect();
            format!("[{}]", cells.join(", "))
        })
        .collect();
    sha256_hex(format!("[{}]", rows.join(", ")).as_bytes()).chars().take(16).collect()
}

#[test]
fn delimiters_and_tables_of_the_labelled_set() {
    let set = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/csv");
    let labels = std::fs::read_to_string(set.join("expected.jsonl")).unwrap();
    let (mut delimiters, mut delimiters_right, mut tables, mut tables_right) = (0u32, 0u32, 0u32, 0u32);
    let (mut report, mut predictions) = (String::new(), String::new());
    for label in labels.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let bytes = std::fs::read(set.join(label["file"].as_str().unwrap())).unwrap();
        let table = read_table(&bytes);
        let delimiter = table.dialect.delimiter.map(String::from);
        let found = digest(&table.rows);
        let line = serde_json::json!({"id": label["id"], "delimiter": delimiter, "table": table.rows});
        writeln!(predictions, "{line}").unwrap();
        if !label["strong"].as_bool().unwrap() {
            continue;
        }
        if let Some(expected) = label["delimiter"].as_str() {
            delimiters += 1;
            delimiters_right += u32::from(delimiter.as_deref() == Some(expected));
        }
        tables += 1;
        tables_right += u32::from(label["table_sha"] == found.as_str());
        if label["table_sha"] != found.as_str() {
            writeln!(report, "{} {:?} {:?}, labelled {label}", label["id"], table.charset, table.dialect).unwrap();
        }
    }
    if let Some(folder) = option_env!("CARGO_TARGET_TMPDIR") {
        std::fs::write(Path::new(folder).join("csv-predictions.jsonl"), predictions).unwrap();
    }
    assert!(delimiters_right * 100 >= delimiters * 98, "{delimiters_right} of {delimiters} delimiters\n{report}");
    assert!(tables_right * 100 >= tables * 95, "{tables_right} of {tables} tables\n{report}");
}
