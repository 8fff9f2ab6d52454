//! The sdk's suite over real child programs: one that remembers what was committed, one that leaves that to the daemon's cursor.
#![expect(clippy::unwrap_used, reason = "a set-up that fails, fails the test")]

use opspilot_exec::{Exec, Options};
use opspilot_sdk::conformance::{Harness, pulled};
use opspilot_sdk::{BuildContext, Built, Clock, ConnectorError, Source, Spec};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::constant(1_795_000_000, 0)
    }
}

/// A folder with a list of items, and the program that reads it.
struct Program<const BY_CURSOR: bool> {
    folder: tempfile::TempDir,
    spoiled: bool,
    bad: usize,
}

impl<const BY_CURSOR: bool> Program<BY_CURSOR> {
    fn options(&self) -> Options {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pull.py");
        let command = if self.spoiled { "./gone".to_owned() } else { "python3".to_owned() };
        let options = serde_json::json!({
            "command": [command, "-S", script],
            "env": {
                "MODE": if BY_CURSOR { "cursor" } else { "keys" },
                "TOKEN": "canary-literal-81",
                "KEY": { "file": "secret" },
            },
            "max_line_bytes": 2048,
            "batch_wait_ms": 50,
        });
        serde_json::from_value(options).unwrap()
    }

    fn append(&self, bytes: &[u8]) {
        let path = self.folder.path().join("items.jsonl");
        let mut file = fs::File::options().append(true).create(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }
}

impl<const BY_CURSOR: bool> Harness for Program<BY_CURSOR> {
    fn new() -> Self {
        let program = Self { folder: tempfile::tempdir().unwrap(), spoiled: false, bad: 0 };
        fs::write(program.folder.path().join("secret"), "canary-file-82\n").unwrap();
        program.append(b"");
        program
    }

    fn build(&mut self) -> Result<Box<dyn Source>, ConnectorError> {
        let settings = Exec::validate(self.options()).unwrap();
        let data_dir = self.folder.path().to_owned();
        match Exec::build(settings, BuildContext { name: "pull".to_owned(), data_dir, clock: Arc::new(Noon) })? {
            Built::Pulled(source) => Ok(source),
            Built::Pushed(_) => unreachable!("exec is pulled"),
        }
    }

    fn put(&mut self, marks: &[String]) {
        for mark in marks {
            let line = serde_json::json!({ "key": format!("k/{mark}"), "text": format!("Dear all, {mark}. Thanks") });
            self.append(format!("{line}\n").as_bytes());
        }
    }

    fn put_bad(&mut self) {
        let bad: [&[u8]; 6] = [
            b"{\"key\":\"x\",\"text\":\"\xff\xfe\"}\n",
            &[&b"{\"key\":\"y\",\"text\":\""[..], &[b'y'; 100_000], b"\"}\n"].concat(),
            b"Traceback (most recent call last):\n",
            &[&[b'['; 100_000][..], b"\n"].concat(),
            b"{\"key\":\"z\",\"text\":\"a\0b\"}\n",
            b"{\"key\":\"u\",\"text\":\"hi\",\"unheard\":1}\n",
        ];
        // Two at a time, so that the suite's three see all six.
        for _ in 0..2 {
            self.append(bad[self.bad % bad.len()]);
            self.bad += 1;
        }
    }

    fn canaries(&self) -> Vec<String> {
        vec!["canary-literal-81".to_owned(), "canary-file-82".to_owned()]
    }

    fn debug(&self) -> String {
        let options = self.options();
        let printed = format!("{options:?}");
        format!("{printed} {:?}", Exec::validate(options).unwrap())
    }

    fn spoil(&mut self) -> bool {
        self.spoiled = true;
        true
    }

    fn snapshot(&self) -> Option<String> {
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        Some(format!("{files:?}"))
    }
}

#[tokio::test]
async fn a_program_that_remembers_keys() {
    pulled::<Program<false>>().await.assert();
}

#[tokio::test]
async fn a_program_that_goes_by_the_cursor() {
    pulled::<Program<true>>().await.assert();
}
