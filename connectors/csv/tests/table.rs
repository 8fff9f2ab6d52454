//! The sinks' suite against a real file, and what a crash, a person or another program can do to one.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use opspilot_csv::Csv;
use opspilot_sdk::conformance::{self, Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{Action, ActionKind, ErrorKind, Fate, Look, Sink, Write, shows};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn sink(folder: &Path, more: Value) -> Arc<dyn Sink> {
    conformance::build::<Csv>(folder, json!({ "file": "exports/rows.csv" }), &more)
}

fn file(folder: &Path) -> PathBuf {
    folder.join("exports/rows.csv")
}

/// The rows as another program reads them: texts and keys.
fn rows(folder: &Path) -> Vec<(String, String)> {
    let Ok(mut reader) = csv::ReaderBuilder::new().from_path(file(folder)) else { return Vec::new() };
    let header = reader.headers().unwrap().clone();
    let column = |name| header.iter().position(|own| own == name).unwrap();
    let (text, key) = (column("text"), column("key"));
    reader.records().map(|row| row.unwrap()).map(|row| (row[text].to_owned(), row[key].to_owned())).collect()
}

struct Folder(tempfile::TempDir);

impl SinkHarness for Folder {
    async fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        (credentials == Credentials::Good).then(|| sink(self.0.path(), json!({})))
    }

    async fn record(&mut self) -> String {
        "4711".to_owned()
    }

    async fn count(&mut self, _: ActionKind, _: &str) -> usize {
        rows(self.0.path()).len()
    }

    async fn snapshot(&mut self) -> String {
        format!("{:?} {:?}", self.0.path().join("exports").exists(), fs::read(file(self.0.path())).ok())
    }

    async fn seen(&mut self, write: &Write, _: &str) -> Option<String> {
        let (text, _) = rows(self.0.path()).into_iter().find(|(_, key)| *key == write.key)?;
        Some(text.strip_prefix('\'').unwrap_or(&text).to_owned())
    }

    async fn alter(&mut self, _: &Write, _: &str) -> bool {
        let text = fs::read_to_string(file(self.0.path())).unwrap();
        fs::write(file(self.0.path()), text.replace("boiler", "car")).unwrap();
        true
    }

    // Nothing comes between us and a file but the end of the daemon: below.
    fn arm(&mut self, _: Mishap) -> bool {
        false
    }

    fn canaries(&self) -> Vec<String> {
        Vec::new()
    }
}

#[tokio::test]
async fn it_keeps_the_promises_of_a_sink() {
    let verdict = written::<Folder>().await;
    let unmade = |check: &&String| {
        !["break", "done", "busy", "credentials", "lost", "record"].iter().any(|word| check.contains(word))
    };
    assert_eq!(verdict.skipped.iter().find(unmade), None);
    verdict.assert();
}

fn write_of(sink: &dyn Sink, key: &str, text: &str) -> Write {
    let action = Action {
        kind: ActionKind::Task,
        key: key.to_owned(),
        record: String::new(),
        title: "=1+1".to_owned(),
        text: text.to_owned(),
        due: None,
        value: None,
        to: None,
        span: None,
        at: jiff::Timestamp::constant(1_795_000_000, 0),
        fields: [("stage".to_owned(), "new".to_owned())].into(),
    };
    let planned = sink.preview(&action).unwrap();
    Write { kind: action.kind, key: action.key, record: action.record, call: planned.call, expect: planned.expect }
}

#[tokio::test]
async fn the_table_is_what_the_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(folder.path(), json!({ "separator": "semicolon", "mark_utf8": true }));
    let write = write_of(sink.as_ref(), "wb-1", "one\r\n\"two\"\0");
    let row = "\"2026-11-18T11:06:40Z\";\"task\";\"\";\"'=1+1\";\"one\n\"\"two\"\"\";\"\";\"\";\"\";\"\";\"\";\"{\"\"stage\"\":\"\"new\"\"}\";\"wb-1\"\r\n";
    assert_eq!((write.call.method.as_str(), write.call.target.as_str()), ("APPEND", "exports/rows.csv"));
    assert_eq!(write.call.body, row);
    assert_eq!(sink.deliver(&write, None).await.unwrap().said, "the row was added");
    let head = "\u{feff}\"at\";\"kind\";\"record\";\"title\";\"text\";\"due\";\"value\";\"to\";\"from\";\"until\";\"fields\";\"key\"\r\n";
    assert_eq!(fs::read_to_string(file(folder.path())).unwrap(), format!("{head}{row}"));
    assert_eq!(sink.deliver(&write, None).await.unwrap().said, "the row was there already");
    assert_eq!(fs::read_to_string(file(folder.path())).unwrap(), format!("{head}{row}"));
}

/// Wherever a crash cuts a write, the row is not there until it is there whole, and the next attempt leaves exactly one.
#[tokio::test]
async fn half_a_row_is_none_and_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(folder.path(), json!({}));
    let texts = ["plain", "a \"quoted\" word\nand a line, with \"\" and ,", "end\""];
    for before in 0..2 {
        for text in texts {
            let _ = fs::remove_file(file(folder.path()));
            for number in 0..before {
                let earlier = write_of(sink.as_ref(), &format!("earlier-{number}"), "An earlier row.");
                sink.deliver(&earlier, None).await.unwrap();
            }
            let start = fs::read(file(folder.path())).unwrap_or_default();
            let write = write_of(sink.as_ref(), "wb-1", text);
            sink.deliver(&write, None).await.unwrap();
            let whole = fs::read(file(folder.path())).unwrap();

            for cut in start.len()..whole.len() {
                fs::write(file(folder.path()), &whole[..cut]).unwrap();
                let look = sink
                    .look(&write, None)
                    .await
                    .unwrap_or_else(|error| panic!("cut at {cut} of {text}, {before}: {error}"));
                // The last two bytes are the line's end.
                let there = cut + 2 >= whole.len();
                assert_eq!(shows(&write.expect, &look), there, "cut at {cut}: {look:?}");
                assert_eq!(matches!(look, Look::Absent), !there, "cut at {cut}: {look:?}");
                if !there {
                    sink.deliver(&write, None).await.unwrap();
                    assert_eq!(fs::read(file(folder.path())).unwrap(), whole, "cut at {cut}");
                }
                // Another row comes first: what is cleared away was ours, or is set aside.
                fs::write(file(folder.path()), &whole[..cut]).unwrap();
                sink.deliver(&write_of(sink.as_ref(), "wb-2", "Another."), None).await.unwrap();
                let keys: Vec<String> = rows(folder.path()).into_iter().map(|(_, key)| key).collect();
                assert_eq!(keys.len(), before + usize::from(there) + 1, "cut at {cut}: {keys:?}");
                assert_eq!(keys.last().map(String::as_str), Some("wb-2"));
            }
        }
    }
    let aside = fs::read_to_string(folder.path().join("exports/rows.csv.torn")).unwrap();
    assert!(aside.contains("a \"\"quoted\"\" word"), "{aside}");
}

#[tokio::test]
async fn a_row_taken_out_leaves_the_table_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(folder.path(), json!({}));
    for key in ["a", "b", "c"] {
        sink.deliver(&write_of(sink.as_ref(), key, "Text."), None).await.unwrap();
    }
    let before = fs::read(file(folder.path())).unwrap();
    let write = write_of(sink.as_ref(), "d", "More \"text\".\nAnd a line.");
    sink.deliver(&write, None).await.unwrap();
    sink.deliver(&write_of(sink.as_ref(), "e", "After."), None).await.unwrap();
    let undo = |write: &Write| {
        let planned = sink.revert(write, "d", None).unwrap();
        Write { call: planned.call, expect: planned.expect, ..write.clone() }
    };
    assert_eq!(sink.deliver(&undo(&write), None).await.unwrap().said, "the row was taken out");
    let last = write_of(sink.as_ref(), "e", "After.");
    sink.deliver(&undo(&last), None).await.unwrap();
    assert_eq!(fs::read(file(folder.path())).unwrap(), before);
    assert_eq!(sink.deliver(&undo(&last), None).await.unwrap().said, "there is no such row");
    assert!(!folder.path().join("exports/rows.csv.new").exists());
}

#[tokio::test]
async fn what_people_did_to_a_table_is_respected() {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(folder.path(), json!({}));
    let write = write_of(sink.as_ref(), "wb-1", "Text.");
    sink.deliver(&write, None).await.unwrap();
    let ours = fs::read_to_string(file(folder.path())).unwrap();
    // Saved by a spreadsheet: no quotes, other line ends, no end behind the last row.
    fs::write(file(folder.path()), ours.replace("\r\n", "\n").replace('"', "").replace("{stage:new}", "").trim_end())
        .unwrap();
    assert!(matches!(sink.look(&write, None).await.unwrap(), Look::Present { .. }));
    sink.deliver(&write_of(sink.as_ref(), "wb-2", "Text."), None).await.unwrap();
    assert_eq!(rows(folder.path()).len(), 2);
    // A row that a person changed is neither doubled nor taken out.
    let planned = sink.revert(&write, "wb-1", None).unwrap();
    let undo = Write { call: planned.call, expect: planned.expect, ..write.clone() };
    for write in [&undo, &write] {
        let failed = sink.deliver(write, None).await.unwrap_err();
        assert_eq!(
            (failed.error.kind, failed.error.code, failed.fate),
            (ErrorKind::Rejected, "OP-7509", Fate::NotDone)
        );
    }
    // A table that is not ours, one with a quotation mark too many in the middle, and no table at all.
    let open = format!("{ours}a,\"b\r\nc,d\r\n");
    for text in ["name,phone\nAda,1\n", "Some text", open.as_str()] {
        fs::write(file(folder.path()), text).unwrap();
        let failed = sink.deliver(&write_of(sink.as_ref(), "wb-3", "Text."), None).await.unwrap_err();
        assert_eq!((failed.error.code, failed.fate), ("OP-7508", Fate::NotDone), "{text}");
        assert_eq!(sink.look(&write, None).await.unwrap_err().code, "OP-7508");
        assert_eq!(sink.check().await.unwrap_err().code, "OP-7508");
        assert_eq!(fs::read_to_string(file(folder.path())).unwrap(), text);
    }
    fs::remove_file(file(folder.path())).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", file(folder.path())).unwrap();
    assert_eq!(sink.check().await.unwrap_err().code, "OP-7508");
    assert_eq!(sink.deliver(&write, None).await.unwrap_err().error.code, "OP-7508");
}

#[tokio::test]
async fn a_table_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(folder.path(), json!({}));
    sink.check().await.unwrap();
    sink.deliver(&write_of(sink.as_ref(), "wb-1", "Text."), None).await.unwrap();
    let before = fs::read(file(folder.path())).unwrap();
    let other = fs::File::open(file(folder.path())).unwrap();
    other.lock().unwrap();
    let failed = sink.deliver(&write_of(sink.as_ref(), "wb-2", "Text."), None).await.unwrap_err();
    assert_eq!((failed.error.kind, failed.error.code, failed.fate), (ErrorKind::Transient, "OP-7507", Fate::NotDone));
    assert_eq!(fs::read(file(folder.path())).unwrap(), before);
    other.unlock().unwrap();
    sink.deliver(&write_of(sink.as_ref(), "wb-2", "Text."), None).await.unwrap();
    // A folder that cannot be made.
    fs::remove_dir_all(folder.path().join("exports")).unwrap();
    fs::write(folder.path().join("exports"), "a file").unwrap();
    let failed = sink.deliver(&write_of(sink.as_ref(), "wb-3", "Text."), None).await.unwrap_err();
    assert_eq!((failed.error.code, failed.fate), ("OP-7507", Fate::NotDone));
}
