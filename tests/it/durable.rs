//! Answered means on disk: the daemon's own system calls are watched, and between reading a delivery and answering it the database or its
//! log must have been synced. Own file because it needs `strace`. INVARIANT tested: no `202` overtakes the sync that covers it.

use crate::daemon::Setup;
use crate::load::Ledger;
use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const CLIENTS: usize = 4;
const EACH: usize = 125;
const CALLS: &str = "trace=fsync,fdatasync,read,recvfrom,recvmsg,write,writev,sendto,sendmsg";

/// What a line of the trace is about: the process, the call, its first file, and all of it.
struct Call {
    name: String,
    file: String,
    line: String,
}

#[test]
fn no_answer_overtakes_its_sync() {
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "`strace` is missing; `cargo xtask test` installs it");
        eprintln!("SKIPPED: `strace` is not installed, so nobody saw whether answers wait for the disk");
        return;
    }
    let trace = tempfile::NamedTempFile::new().unwrap();
    let file = trace.path().display().to_string();
    let wrapper = ["strace", "-f", "-qq", "-y", "-s", "24", "-e", "signal=none", "-e", CALLS, "-o", &file];
    let mut daemon = Setup::sqlite().without_drop().under(&wrapper).start();
    let ledger = Arc::new(Ledger::default());
    let clients = (0..CLIENTS).map(|_| {
        let (ledger, address) = (Arc::clone(&ledger), daemon.address());
        std::thread::spawn(move || ledger.post(address, EACH, &AtomicBool::new(false)))
    });
    for client in clients.collect::<Vec<_>>() {
        client.join().unwrap();
    }
    assert_eq!(ledger.accepted(), CLIENTS * EACH);
    daemon.settle();
    daemon.stop();
    let (answers, early) = judge(&std::fs::read_to_string(trace.path()).unwrap());
    eprintln!("{answers} answers of `202`, {} of them before a sync", early.len());
    assert_eq!(answers, CLIENTS * EACH, "the trace does not show every answer");
    assert!(early.is_empty(), "answered before the sync: {:?}", early.first());
}

/// How many deliveries were answered `202`, and the lines of those that no sync covers.
fn judge(trace: &str) -> (usize, Vec<String>) {
    let mut begun: HashMap<String, (usize, String)> = HashMap::new();
    // By socket: when its delivery was read, and whether a sync that began after that has ended.
    let mut open: HashMap<String, (usize, bool)> = HashMap::new();
    let (mut answers, mut early) = (0, Vec::new());
    for (now, line) in trace.lines().enumerate() {
        let Some((process, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix(" <unfinished ...>") {
            // What is written leaves while the call runs, so it is judged when it begins.
            judge_answer(start, &mut open, &mut answers, &mut early);
            begun.insert(process.to_owned(), (now, start.to_owned()));
            continue;
        }
        let resumed = call.starts_with("<... ");
        let (from, whole) = match begun.remove(process) {
            Some((from, start)) if resumed => (from, start + call.split_once("resumed>").map_or("", |(_, rest)| rest)),
            _ => (now, call.to_owned()),
        };
        if !resumed {
            judge_answer(&whole, &mut open, &mut answers, &mut early);
        }
        let call = parse(&whole);
        match call.name.as_str() {
            "fsync" | "fdatasync" if call.line.ends_with("= 0") && call.file.contains("opspilot.db") => {
                open.values_mut().filter(|(read, _)| *read < from).for_each(|(_, synced)| *synced = true);
            }
            "read" | "recvfrom" | "recvmsg" if call.line.contains("\"POST /hooks/") => {
                open.insert(call.file, (now, false));
            }
            _ => {}
        }
    }
    (answers, early)
}

fn judge_answer(line: &str, open: &mut HashMap<String, (usize, bool)>, answers: &mut usize, early: &mut Vec<String>) {
    let call = parse(line);
    if matches!(call.name.as_str(), "write" | "writev" | "sendto" | "sendmsg") && call.line.contains("HTTP/1.1 202") {
        *answers += 1;
        if !open.remove(&call.file).is_some_and(|(_, synced)| synced) {
            early.push(call.line);
        }
    }
}

fn parse(line: &str) -> Call {
    let (name, rest) = line.split_once('(').unwrap_or((line, ""));
    let file = rest.split([',', ')']).next().unwrap_or_default().to_owned();
    Call { name: name.to_owned(), file, line: line.trim_end().to_owned() }
}

#[test]
fn an_answer_before_the_sync_is_noticed() {
    let read = "1 recvfrom(9<socket:[5]>, \"POST /hooks/forms HTTP/1\"..., 8192, 0, NULL, NULL) = 700";
    let sync = "2 fdatasync(7</tmp/a/opspilot.db-wal>) = 0";
    let answer = "1 sendto(9<socket:[5]>, \"HTTP/1.1 202 Accepted\\r\\nc\"..., 600, MSG_NOSIGNAL, NULL, 0) = 600";
    assert_eq!(judge(&[read, sync, answer].join("\n")), (1, Vec::new()));
    assert_eq!(judge(&[read, answer, sync].join("\n")).1.len(), 1);
    // A sync that had begun before the delivery was read does not cover it.
    let (start, end) = ("2 fdatasync(7</tmp/a/opspilot.db-wal> <unfinished ...>", "2 <... fdatasync resumed>) = 0");
    assert_eq!(judge(&[start, read, end, answer].join("\n")).1.len(), 1);
    assert_eq!(judge(&[read, start, end, answer].join("\n")), (1, Vec::new()));
    // Nor does one of another file.
    assert_eq!(judge(&[read, "2 fdatasync(8</tmp/a/other>) = 0", answer].join("\n")).1.len(), 1);
}
