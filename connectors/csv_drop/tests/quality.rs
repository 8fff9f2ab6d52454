//! How well encoding and dialect are recognised, on tables found in the wild and on texts in some twenty languages. The pass figures are promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use opspilot_csv_drop::{Probe, read_table};
use opspilot_sdk::sha256_hex;
use serde_json::Value;
use std::collections::BTreeSet;
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

/// Every line with something beyond ASCII of the labelled texts.
fn lines() -> BTreeSet<String> {
    fn gather(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_ascii());
                found.extend(lines.map(str::to_owned));
            }
            Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
            Value::Object(items) => items.values().for_each(|item| gather(item, found)),
            _ => {}
        }
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
    let mut found = BTreeSet::new();
    let folders = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    for path in folders.flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path()) {
        // Attacks on readers are no texts that people write.
        if path.extension().is_some_and(|end| end == "jsonl") && !path.to_string_lossy().contains("injection") {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .for_each(|value| gather(&value, &mut found));
        }
    }
    found
}

/// The hardest case there is: a file of one line, or of two.
#[test]
fn a_broken_byte_leaves_utf8_what_it_is_and_makes_nothing_else_of_other_encodings() {
    const OTHERS: [&str; 24] = [
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "windows-1253",
        "windows-1254",
        "windows-1255",
        "windows-1256",
        "windows-1257",
        "windows-1258",
        "windows-874",
        "iso-8859-2",
        "iso-8859-5",
        "iso-8859-7",
        "iso-8859-15",
        "koi8-r",
        "koi8-u",
        "ibm866",
        "macintosh",
        "x-mac-cyrillic",
        "shift_jis",
        "euc-jp",
        "gbk",
        "big5",
        "euc-kr",
    ];
    let utf8 = |bytes: &[u8]| {
        let mut probe = Probe::new();
        probe.feed(bytes);
        probe.charset().encoding.name() == "UTF-8"
    };
    let lines = lines();
    let (mut broken, mut kept, mut others, mut taken) = (0u32, 0u32, 0u32, Vec::new());
    for line in &lines {
        for fault in [b"\xff".as_slice(), b"\xc3", b"\xfc", b"\xe2\x80"] {
            broken += 1;
            kept += u32::from(utf8(&[line.as_bytes(), b"\n1,x", fault, b"y\n"].concat()));
        }
        for label in OTHERS {
            let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, unmappable) = encoding.encode(line);
            // What is well-formed by chance has no broken byte; nobody can tell.
            if unmappable || std::str::from_utf8(&bytes).is_ok() {
                continue;
            }
            others += 1;
            if utf8(&[&bytes, b"\n".as_slice()].concat()) {
                taken.push(format!("{label}: {line}"));
            }
        }
    }
    assert!(lines.len() >= 500 && others >= 5_000, "{} lines, {others} in other encodings", lines.len());
    assert!(kept * 100 >= broken * 96, "{kept} of {broken} with a broken byte");
    assert!(taken.is_empty(), "of {others}: {taken:#?}");
    eprintln!("{kept} of {broken} lines with a broken byte are UTF-8, 0 of {others} in other encodings");
}
