//! No room on the disk. INVARIANT tested: while it is full nothing is said to be accepted, everything is still read, and when there is
//! room again it goes on by itself.

use crate::census::Census;
use crate::daemon::{Setup, TestDaemon};
use crate::hook;
use crate::http::Ask;
use crate::load::{Ledger, waiting_files};
use crate::wait::{until, until_within};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How soon after there is room again it must take requests.
const RECOVERY: Duration = Duration::from_secs(30);

fn posted(ledger: &Ledger, daemon: &TestDaemon, most: usize) {
    ledger.post(daemon.address(), most, &AtomicBool::new(false));
}

fn fill_and_free(daemon: &TestDaemon, fill: impl Fn(), seen: impl Fn(), free: impl Fn()) {
    let ledger = Ledger::default();
    posted(&ledger, daemon, 20);
    daemon.settle();
    let before = ledger.accepted();
    assert_eq!(before, 20);
    fill();
    // What is in hand still fits; then the refusals begin, and each is one that may be tried again. Many at once, so that runs are being
    // worked on when it happens.
    until("the disk is full", || {
        std::thread::scope(|all| (0..4).for_each(|_| drop(all.spawn(|| posted(&ledger, daemon, 20)))));
        (ledger.refused.load(Ordering::Relaxed) >= 80).then_some(())
    });
    // A log that was just emptied has room for one small commit more: what then is accepted is counted, the next is asked for.
    let mut fitted = 0;
    let (refused, full) = until("one more is refused", || {
        let delivery = hook::delivery(&format!("while-full-{fitted}"));
        let answer = daemon.ask(&delivery);
        fitted += usize::from(answer.status == 202);
        (answer.status != 202).then_some((delivery, answer))
    });
    assert!(matches!(full.status, 503 | 429), "{} {}", full.status, full.text());
    assert!(full.header("retry-after").is_some(), "{}", full.text());
    assert!(daemon.list("/api/v1/requests").len() >= before, "reads go on");
    assert_eq!(daemon.ask(&Ask::get("/healthz")).status, 200);
    seen();
    free();
    until_within(RECOVERY, "it takes requests again", || {
        (daemon.ask(&hook::delivery("after")).status == 202).then_some(())
    });
    assert_eq!(daemon.ask(&refused).status, 202, "what was refused is not there");
    ledger.finish(daemon);
    daemon.settle();
    ledger.resend(daemon);
    let census = Census::take(daemon);
    assert_eq!(census.of(hook::SOURCE), ledger.accepted() + fitted + 2);
    eprintln!(
        "{} accepted, {} refused while full: 0 lost, 0 twice",
        ledger.accepted() + fitted + 2,
        ledger.refused.load(Ordering::Relaxed)
    );
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    // A limit of the system on the size of files works without being root; the signal that comes with it is what a full disk has not.
    let daemon = Setup::sqlite().without_drop().under(&["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).start();
    let limit = |bytes: &str| {
        let set = Command::new("prlimit")
            .arg("--pid")
            .arg(daemon.pid().to_string())
            .arg(format!("--fsize={bytes}:"))
            .status();
        assert!(set.unwrap().success(), "`prlimit`");
    };
    fill_and_free(&daemon, || limit("1048576"), || (), || limit("unlimited"));
}

/// A file system of its own; goes when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// Nothing for whoever may not mount.
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("opspilot-disk-").tempdir().unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIPPED: nobody but root may mount, so no whole disk was filled");
        None
    }

    fn remount(&self, how: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.0.path()).status();
        assert!(done.unwrap().success(), "remounting {how}");
    }

    fn filler(&self) -> PathBuf {
        self.0.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_disk_of_20_megabytes_that_somebody_fills() {
    let Some(disk) = Disk::new("20m") else { return };
    // After a far side's fault a source would come back after minutes; a disk of ours with room again is noticed long before.
    let daemon = Setup::sqlite().below(disk.0.path()).env("OPSPILOT__INTAKE__PULL__FIRST_WAIT_MS", "300000").start();
    let folder = daemon.data("drop");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("table.csv.part"), "message\nPlease mend the lift\nPlease mend the door\n").unwrap();
    let fill = || {
        // Until nothing fits any more.
        let mut file = std::fs::File::create(disk.filler()).unwrap();
        while std::io::Write::write_all(&mut file, &[7; 1024]).is_ok() {}
    };
    let ready = || daemon.ask(&Ask::get("/readyz")).status;
    assert_eq!(ready(), 200);
    let seen = || {
        assert_eq!(ready(), 503, "a full disk is seen from outside");
        std::fs::rename(folder.join("table.csv.part"), folder.join("table.csv")).unwrap();
        until("the drop folder has met the full disk", || {
            daemon.said().contains("a source could not be read").then_some(())
        });
    };
    fill_and_free(&daemon, fill, seen, || std::fs::remove_file(disk.filler()).unwrap());
    until_within(RECOVERY, "the dropped table is read", || (waiting_files(&daemon) == 0).then_some(()));
    daemon.settle();
    assert_eq!(Census::take(&daemon).of("drop"), 2);
    assert_eq!(ready(), 200);
}

#[test]
fn a_store_that_cannot_be_written_is_refused_in_words() {
    let Some(disk) = Disk::new("20m") else { return };
    let mut daemon = Setup::sqlite().without_drop().below(disk.0.path()).start();
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 202);
    daemon.settle();
    daemon.stop();
    disk.remount("ro");
    let refused = daemon.try_start().expect_err("a store that cannot be written is opened");
    assert_eq!(refused.status.code(), Some(1), "{}", refused.err);
    assert!(refused.err.contains("error OP-3"), "{}", refused.err);
    disk.remount("rw");
    daemon.start();
    assert_eq!(daemon.ask(&hook::delivery("one")).status, 200);
}
