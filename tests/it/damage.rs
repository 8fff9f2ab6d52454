//! Bytes that changed or are missing on disk: the store is stopped or killed, a byte flipped or the end cut off, and started again.
//! INVARIANT tested: it starts, or refuses in words; what it then lacks or says otherwise, `receipt verify` notices against a checkpoint
//! that was kept outside.

use crate::census::word;
use crate::daemon::{Setup, TestDaemon, block_on};
use crate::http::Ask;
use crate::load::{Draw, Ledger, number};
use crate::stop::run;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What became of a damaged store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// It was not opened, and said why.
    Refused,
    /// It serves exactly what was there.
    Same,
    /// It serves something else, or less, and verification says so.
    Noticed,
    /// It serves other words for a request, and nothing says so.
    Unnoticed,
}

struct Sound {
    daemon: TestDaemon,
    /// The files as they were, beside the daemon's own.
    copy: PathBuf,
    kept: PathBuf,
    /// What every request said.
    texts: Vec<(String, String)>,
}

/// A store with a few dozen requests, some in the file and some in the log only.
fn sound() -> Sound {
    let mut daemon = Setup::sqlite().without_drop().start();
    let ledger = Ledger::default();
    ledger.post(daemon.address(), 40, &AtomicBool::new(false));
    daemon.settle();
    daemon.restart();
    ledger.post(daemon.address(), 20, &AtomicBool::new(false));
    daemon.settle();
    let texts = texts(&daemon).unwrap();
    assert_eq!(texts.len(), 60);
    let kept = daemon.path("outside.checkpoint");
    assert!(daemon.cli(&["receipt", "checkpoint", "--output", &kept.display().to_string()]).status.success());
    // Killed, so that the log is not folded into the file.
    daemon.kill_9();
    let copy = daemon.path("copy");
    std::fs::create_dir(&copy).unwrap();
    files(&daemon.data(""), &copy);
    daemon.expect_unsound("its files were damaged");
    Sound { daemon, copy, kept, texts }
}

/// Copies the files of the store.
fn files(from: &Path, to: &Path) {
    for name in ["opspilot.db", "opspilot.db-wal"] {
        // What the last daemon left of its shared memory belongs to other bytes.
        let _ = std::fs::remove_file(to.join("opspilot.db-shm"));
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// What every request says; nothing when that cannot be read.
fn texts(daemon: &TestDaemon) -> Option<Vec<(String, String)>> {
    let mut texts = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = daemon.api(Ask::get(format!("/api/v1/requests?limit=200{cursor}")));
        if page.status != 200 {
            return None;
        }
        for request in page.value()["items"].as_array()? {
            let id = request["id"].as_str()?;
            let shown = daemon.api(Ask::get(format!("/api/v1/requests/{id}")));
            texts.push((id.to_owned(), if shown.status == 200 { shown.member("text") } else { return None }));
        }
        match page.value()["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Some(texts),
        }
    }
}

impl Sound {
    fn fate(&mut self, what: &str, damage: impl FnOnce(&Path)) -> Fate {
        files(&self.copy, &self.daemon.data(""));
        damage(&self.daemon.data(""));
        let verified = self.daemon.verify(std::slice::from_ref(&self.kept)).code();
        match self.daemon.try_start() {
            Err(refused) => {
                assert_eq!(refused.status.code(), Some(1), "{what}: {}", refused.err);
                assert!(refused.err.contains("error OP-30"), "{what}: refused without a code: {}", refused.err);
                Fate::Refused
            }
            Ok(_) => {
                let served = texts(&self.daemon);
                self.daemon.kill_9();
                match served {
                    Some(served) if served == self.texts => Fate::Same,
                    // A page that cannot be read is refused by itself; the others are served.
                    None => Fate::Noticed,
                    Some(_) if verified != 0 => Fate::Noticed,
                    Some(_) => Fate::Unnoticed,
                }
            }
        }
    }
}

#[test]
fn a_damaged_store_is_refused_or_known_to_be_damaged() {
    let (variants, seed) = (number("OPSPILOT_DAMAGES", 12), number("OPSPILOT_SEED", 20));
    let mut draw = Draw(seed);
    let mut sound = sound();
    let mut fates: Vec<(Fate, String)> = Vec::new();
    for variant in 0..variants {
        let (name, cut) = match variant % 3 {
            0 => ("opspilot.db-wal", true),
            1 => ("opspilot.db-wal", false),
            _ => ("opspilot.db", false),
        };
        let length = std::fs::metadata(sound.copy.join(name)).unwrap().len();
        let place = draw.below(length);
        let short = 1 + draw.below(4096.min(length));
        let what = if cut {
            format!("{name} short of {short} bytes")
        } else {
            format!("{name}: byte {place} of {length} flipped")
        };
        let fate = sound.fate(&what, |folder| {
            let path = folder.join(name);
            let mut bytes = std::fs::read(&path).unwrap();
            if cut {
                bytes.truncate(usize::try_from(length - short).unwrap());
            } else {
                bytes[usize::try_from(place).unwrap()] ^= 1 << (place % 8);
            }
            std::fs::write(&path, bytes).unwrap();
        });
        fates.push((fate, what));
    }
    fates.sort();
    let count = |wanted: Fate| fates.iter().filter(|(fate, _)| *fate == wanted).count();
    let (refused, same) = (count(Fate::Refused), count(Fate::Same));
    let (noticed, unnoticed) = (count(Fate::Noticed), count(Fate::Unnoticed));
    eprintln!("{variants} damages: {refused} refused, {same} without effect, {noticed} noticed, {unnoticed} unnoticed");
    let unnoticed: Vec<_> = fates.iter().filter(|(fate, _)| *fate == Fate::Unnoticed).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

#[test]
fn an_altered_receipt_is_named() {
    let (variants, mut draw) = (number("OPSPILOT_DAMAGES", 12), Draw(number("OPSPILOT_SEED", 21)));
    let mut daemon = Setup::sqlite().without_drop().start();
    Ledger::default().post(daemon.address(), 20, &AtomicBool::new(false));
    daemon.settle();
    let last = crate::census::receipts(&daemon).len() as u64;
    let kept = daemon.path("outside.checkpoint");
    assert!(daemon.cli(&["receipt", "checkpoint", "--output", &kept.display().to_string()]).status.success());
    daemon.stop();
    let (file, copy) = (daemon.data("opspilot.db"), daemon.path("copy.db"));
    std::fs::copy(&file, &copy).unwrap();
    for _ in 0..variants {
        std::fs::copy(&copy, &file).unwrap();
        let (seq, place, bit) = (1 + draw.below(last), draw.below(1000), draw.below(8));
        let place = flip(&daemon.url(), i64::try_from(seq).unwrap(), usize::try_from(place).unwrap(), 1 << bit);
        let verified = daemon.verify(std::slice::from_ref(&kept));
        assert_eq!(verified.code(), 3, "receipt {seq}, byte {place}: {}{}", verified.out, verified.err);
        assert!(verified.out.contains(&format!("receipt {seq}")), "receipt {seq} is not named: {}", verified.out);
    }
    for (name, damage) in [
        ("removed", format!("DELETE FROM receipt WHERE seq = {}", last / 2)),
        ("cut off", format!("DELETE FROM receipt WHERE seq > {}", last - 3)),
        ("swapped", "UPDATE receipt SET seq = -9 WHERE seq = 9; UPDATE receipt SET seq = 9 WHERE seq = 7; UPDATE receipt SET seq = 7 WHERE seq = -9".to_owned()),
        ("its leaf altered", "UPDATE receipt SET leaf = zeroblob(32) WHERE seq = 5".to_owned()),
    ] {
        std::fs::copy(&copy, &file).unwrap();
        for statement in damage.split("; ") {
            run(&daemon.url(), statement);
        }
        let verified = daemon.verify(std::slice::from_ref(&kept));
        assert_eq!(verified.code(), 3, "{name}: {}{}", verified.out, verified.err);
    }
    std::fs::copy(&copy, &file).unwrap();
    assert_eq!(daemon.verify(std::slice::from_ref(&kept)).code(), 0, "the copy itself is sound");
}

#[test]
fn an_altered_content_is_never_laid_before_anybody() {
    let mut daemon = Setup::sqlite().without_drop().start();
    Ledger::default().post(daemon.address(), 2, &AtomicBool::new(false));
    daemon.settle();
    daemon.stop();
    for (table, column) in [("revision", "content"), ("raw", "bytes")] {
        for row in [1, 2] {
            flip_in(&daemon.url(), table, column, row, 40 * usize::try_from(row).unwrap(), 1);
        }
    }
    daemon.start();
    let altered = |ask: Ask| {
        let answer = daemon.api(ask);
        assert_eq!((answer.status, answer.member("code").as_str()), (500, "OP-3006"), "{}", answer.text());
    };
    for brief in daemon.list("/api/v1/briefs") {
        let id = word(&brief, "id");
        altered(Ask::get(format!("/api/v1/briefs/{id}")));
        altered(Ask::post(format!("/api/v1/requests/{}/raw", word(&brief, "request")), Vec::new()));
        let shown = daemon.cli(&["brief", "show", &id]);
        assert!(shown.code() == 1 && shown.err.contains("OP-3006"), "{}{}", shown.out, shown.err);
    }
    daemon.settle();
    daemon.stop();
    assert_eq!(run(&daemon.url(), "UPDATE request SET text = replace(text, 'twelve', 'eleven')"), 2);
    let verified = daemon.verify(&[]);
    assert_eq!(verified.code(), 3, "{}{}", verified.out, verified.err);
    let named =
        |what: &str| verified.out.lines().filter(|line| line.contains(what) && line.contains("OP-9120")).count();
    assert_eq!((named("the text of"), named("the content of")), (2, 2), "all are named: {}", verified.out);
    daemon.expect_unsound("its rows were changed");
}

#[test]
fn a_decision_that_somebody_wrote_into_the_rows_is_named() {
    let mut daemon = Setup::sqlite().without_drop().start();
    Ledger::default().post(daemon.address(), 2, &AtomicBool::new(false));
    daemon.settle();
    let briefs = daemon.list("/api/v1/briefs");
    let decision = json!({ "decision": "approve", "revision": word(&briefs[0], "revision") });
    let decided = daemon.api(Ask::json(format!("/api/v1/briefs/{}/decision", word(&briefs[0], "id")), &decision));
    assert_eq!(decided.status, 200, "{}", decided.text());
    daemon.settle();
    daemon.stop();
    assert_eq!(daemon.verify(&[]).code(), 0);
    let forged = [
        ("UPDATE decision SET verdict = 'reject'", "UPDATE decision SET verdict = 'approve'", "the verdict of"),
        (
            "UPDATE brief SET state = 'approved'",
            "UPDATE brief SET state = 'open' WHERE id NOT IN (SELECT brief FROM decision)",
            "the state of",
        ),
    ];
    for (forge, mend, what) in forged {
        run(&daemon.url(), forge);
        let verified = daemon.verify(&[]);
        assert_eq!(verified.code(), 3, "{forge}: {}{}", verified.out, verified.err);
        let named: Vec<&str> = verified.out.lines().filter(|line| line.contains("OP-9120")).collect();
        assert!(named.len() == 1 && named[0].contains(what), "{forge}: {}", verified.out);
        run(&daemon.url(), mend);
        assert_eq!(daemon.verify(&[]).code(), 0, "{mend}");
    }
}

/// Flips a bit of a receipt, in the row alone; at which byte.
fn flip(url: &str, seq: i64, place: usize, mask: u8) -> usize {
    flip_in(url, "receipt", "bytes", seq, place, mask)
}

/// The same for any table, by the number of the row.
fn flip_in(url: &str, table: &str, column: &str, row: i64, place: usize, mask: u8) -> usize {
    block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
        let read = format!("SELECT {column} FROM {table} ORDER BY rowid LIMIT 1 OFFSET $1");
        let read = sqlx::query_scalar(AssertSqlSafe(read)).bind(row - 1);
        let mut bytes: Vec<u8> = read.fetch_one(&mut connection).await.unwrap();
        let place = place % bytes.len();
        bytes[place] ^= mask;
        let write = format!(
            "UPDATE {table} SET {column} = $1 WHERE rowid = (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET $2)"
        );
        let write = sqlx::query(AssertSqlSafe(write)).bind(bytes).bind(row - 1);
        assert_eq!(write.execute(&mut connection).await.unwrap().rows_affected(), 1);
        connection.close().await.unwrap();
        place
    })
}
