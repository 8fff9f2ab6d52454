//! The record outside the house: exports that anybody can verify. INVARIANT tested: every flipped, missing, doubled or moved receipt of an
//! export is found and the first bad place named; an untouched one is proven.

use crate::daemon::{Setup, TestDaemon};
use crate::load::{Draw, Ledger, number};
use crate::stop::Crowd;
use crate::wait::until;
use std::path::PathBuf;
use std::sync::Arc;

struct Export {
    daemon: TestDaemon,
    lines: Vec<String>,
    key: String,
    kept: PathBuf,
}

fn export() -> Export {
    let daemon = Setup::sqlite().start();
    let ledger = Arc::new(Ledger::default());
    let crowd = Crowd::gather(&daemon, &ledger, 2);
    ledger.drop_table(&daemon, "some", 5);
    until("there is something to prove", || (ledger.accepted() > 20 && ledger.decided() > 5).then_some(()));
    crowd.leave();
    ledger.check(&daemon);
    let (file, kept) = (daemon.path("receipts.jsonl"), daemon.path("outside.checkpoint"));
    let exported = daemon.cli(&["receipt", "export", "--output", &file.display().to_string()]);
    assert!(exported.status.success(), "{}", exported.err);
    assert!(daemon.cli(&["receipt", "checkpoint", "--output", &kept.display().to_string()]).status.success());
    let key = daemon.cli(&["receipt", "checkpoint", "--key"]).out.trim().to_owned();
    let lines = std::fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
    Export { daemon, lines, key, kept }
}

impl Export {
    /// Verifies these lines with the key and the checkpoint that were kept outside: status and report.
    fn verify(&self, lines: &[String]) -> (i32, String) {
        self.verify_bytes((lines.join("\n") + "\n").as_bytes())
    }

    fn verify_bytes(&self, bytes: &[u8]) -> (i32, String) {
        let file = self.daemon.path("bent.jsonl");
        std::fs::write(&file, bytes).unwrap();
        let (file, kept) = (file.display().to_string(), self.kept.display().to_string());
        let verified = self.daemon.cli(&["receipt", "verify", &file, "--key", &self.key, "--checkpoint", &kept]);
        (verified.code(), verified.out + &verified.err)
    }

    fn seq(&self, line: usize) -> u64 {
        serde_json::from_str::<serde_json::Value>(&self.lines[line]).unwrap()["seq"].as_u64().unwrap()
    }
}

#[test]
fn an_export_is_proven_and_every_bent_one_is_found() {
    let export = export();
    let (status, report) = export.verify(&export.lines);
    assert_eq!(status, 0, "{report}");
    let (samples, mut draw) = (number("OPSPILOT_FLIPS", 60), Draw(number("OPSPILOT_SEED", 7)));
    let receipts: Vec<usize> =
        (0..export.lines.len()).filter(|line| export.lines[*line].contains("\"receipt\":")).collect();
    let (mut found, mut named) = (0, 0);
    for _ in 0..samples {
        let line = receipts[usize::try_from(draw.below(receipts.len() as u64)).unwrap()];
        let place = usize::try_from(draw.below(export.lines[line].len() as u64)).unwrap();
        let mut lines: Vec<Vec<u8>> = export.lines.iter().map(|line| line.clone().into_bytes()).collect();
        lines[line][place] ^= 1 << draw.below(8);
        let (status, report) = export.verify_bytes(&[lines.join(&b'\n'), b"\n".to_vec()].concat());
        // A line that is no JSON any more makes the file one that cannot be read: that is noticed too.
        assert!(matches!(status, 3 | 5), "line {line}, byte {place}: {status} {report}");
        found += 1;
        let (seq, number) = (export.seq(line).to_string(), (line + 1).to_string());
        let says = |wanted: &str| report.split(|letter: char| !letter.is_ascii_digit()).any(|part| part == wanted);
        named += u64::from(says(&seq) || says(&number));
    }
    eprintln!("{found} of {samples} flips found, the place named in {named}");
    assert_eq!(named, samples, "the place of every flip is named");

    let middle = receipts[receipts.len() / 2];
    let bend = |how: &dyn Fn(&mut Vec<String>)| {
        let mut lines = export.lines.clone();
        how(&mut lines);
        export.verify(&lines)
    };
    for (name, (status, report)) in [
        ("one removed", bend(&|lines| drop(lines.remove(middle)))),
        ("two swapped", bend(&|lines| lines.swap(middle, middle + 1))),
        ("one doubled", bend(&|lines| lines.insert(middle, lines[middle].clone()))),
    ] {
        assert_eq!(status, 3, "{name}: {report}");
        let seq = export.seq(middle);
        assert!(
            (seq.saturating_sub(1)..=seq + 1).any(|near| report.contains(&near.to_string())),
            "{name}: place {seq} is not named: {report}"
        );
    }
    for count in [1, 2, 10] {
        let (status, report) = bend(&|lines| lines.truncate(lines.len() - count));
        assert!(matches!(status, 3 | 5), "{count} lines short: {status} {report}");
    }
}

#[test]
fn a_record_that_was_set_back_is_found_by_what_was_kept_outside() {
    let mut daemon = Setup::sqlite().without_drop().start();
    let ledger = Ledger::default();
    let (stop, file) = (std::sync::atomic::AtomicBool::new(false), daemon.data("opspilot.db"));
    ledger.post(daemon.address(), 10, &stop);
    daemon.settle();
    daemon.stop();
    let backup = daemon.path("backup.db");
    std::fs::copy(&file, &backup).unwrap();
    daemon.start();
    ledger.post(daemon.address(), 10, &stop);
    daemon.settle();
    let kept = daemon.path("outside.checkpoint");
    assert!(daemon.cli(&["receipt", "checkpoint", "--output", &kept.display().to_string()]).status.success());
    daemon.stop();
    // Set back, and gone on with: two histories of one log.
    std::fs::copy(&backup, &file).unwrap();
    let _ = std::fs::remove_file(daemon.data("checkpoints.txt"));
    let set_back = daemon.verify(std::slice::from_ref(&kept));
    assert_eq!(set_back.code(), 3, "{}{}", set_back.out, set_back.err);
    daemon.start();
    Ledger::default().post(daemon.address(), 30, &stop);
    daemon.settle();
    daemon.stop();
    let forked = daemon.verify(std::slice::from_ref(&kept));
    assert_eq!(forked.code(), 3, "{}{}", forked.out, forked.err);
    daemon.expect_unsound("it was set back and went on");
}
