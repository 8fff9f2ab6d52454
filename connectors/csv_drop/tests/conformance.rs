//! The sdk's suite over real folders: tables dropped, half-read, moved, and a daemon that dies at every point.

use jiff::{SignedDuration, Timestamp};
use opspilot_csv_drop::{CsvDrop, Options};
use opspilot_sdk::conformance::{Harness, pulled};
use opspilot_sdk::{BoxFuture, BuildContext, Built, Clock, ConnectorError, Source, Spec as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A clock that is turned by hand.
struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Folder {
    data: tempfile::TempDir,
    clock: Arc<Hand>,
    files: usize,
    bad: usize,
}

impl Folder {
    fn options() -> Options {
        serde_json::from_str(r#"{"dir":"drop"}"#).expect("good options")
    }

    fn drop_in(&self, name: &str, bytes: &[u8]) {
        fs::write(self.dir().join(name), bytes).expect("the drop folder takes a file");
    }

    fn dir(&self) -> PathBuf {
        self.data.path().join("drop")
    }
}

/// What is in all files below, whatever they are called: taking a file may rename it, but loses no byte.
fn contents(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            contents(&path, found);
        } else {
            found.extend(fs::read(path).ok().filter(|bytes| !bytes.is_empty()));
        }
    }
}

impl Harness for Folder {
    fn new() -> Self {
        let data = tempfile::tempdir().expect("a folder for the test");
        fs::create_dir(data.path().join("drop")).expect("a drop folder");
        let start = "2026-03-02T08:00:00Z".parse().expect("a time");
        Self { data, clock: Arc::new(Hand(Mutex::new(start))), files: 0, bad: 0 }
    }

    fn build(&mut self) -> Result<Box<dyn Source>, ConnectorError> {
        let settings = CsvDrop::validate(Self::options()).expect("good options");
        let clock: Arc<dyn Clock> = Arc::<Hand>::clone(&self.clock);
        let context = BuildContext { name: "drop".to_owned(), data_dir: self.data.path().to_owned(), clock };
        match CsvDrop::build(settings, context)? {
            Built::Pulled(source) => Ok(source),
            Built::Pushed(_) => unreachable!("a folder is pulled"),
        }
    }

    fn put(&mut self, marks: &[String]) {
        let mut table = "name,message\n".to_owned();
        for mark in marks {
            table.push_str(&format!("Ann Example,\"Please look after {mark}, thanks\"\n"));
        }
        self.files += 1;
        self.drop_in(&format!("{:02}.csv", self.files), table.as_bytes());
    }

    fn put_bad(&mut self) {
        let bad: [(&str, &[u8]); 3] = [
            ("xlsx", b"PK\x03\x04 broken"),
            ("csv", b"name,message\nBob\nCy,a,b,c,d\nGus,nul\0\n"),
            ("xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ];
        let (ending, bytes) = bad[self.bad % bad.len()];
        self.bad += 1;
        self.files += 1;
        self.drop_in(&format!("{:02}.{ending}", self.files), bytes);
    }

    fn debug(&self) -> String {
        format!("{:?} {:?}", Self::options(), CsvDrop::validate(Self::options()))
    }

    fn spoil(&mut self) -> bool {
        // A file where the folder should be.
        fs::remove_dir_all(self.dir()).is_ok() && fs::write(self.dir(), "no folder").is_ok()
    }

    fn snapshot(&self) -> Option<String> {
        let mut found = Vec::new();
        contents(self.data.path(), &mut found);
        found.sort();
        Some(format!("{found:?}"))
    }

    fn rest(&mut self, again_in: Option<Duration>) -> BoxFuture<'_, ()> {
        let wait =
            again_in.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or(SignedDuration::from_secs(1));
        *self.clock.0.lock().unwrap_or_else(PoisonError::into_inner) += wait;
        Box::pin(async {})
    }
}

#[test]
fn keeps_the_promises_of_a_pulled_source() {
    // File work waits for nothing but the suite's own turns, so no executor is needed.
    let mut suite = std::pin::pin!(pulled::<Folder>());
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(verdict) = suite.as_mut().poll(&mut context) {
            return verdict.assert();
        }
    }
}
