//! A mailbox under everything at once: the daemon is killed while it reads, connections are cut in the middle of a message, and the folder
//! is deleted and made again with the same mail. And large mail in a heap. INVARIANT tested: no message is lost and none is there twice,
//! `reconcile` agrees, the receipts verify; the size of what comes does not become the size of the daemon.

use crate::census::{Census, word};
use crate::crash::checkpoint;
use crate::daemon::{Kind, TestDaemon};
use crate::dovecot::Dovecot;
use crate::load::{Draw, number};
use crate::mailbox::{USER, hostile, items, mail, reader_of, requests};
use crate::proxy::{Mode, Proxy};
use crate::wait::{pause, until, until_within};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const FOLDER: &str = "Intake";
/// No long form takes longer.
const LONG: Duration = Duration::from_secs(3600);

/// The folder as the outside world filled it.
struct Heap {
    server: Dovecot,
    delivered: Vec<Vec<u8>>,
    requests: usize,
    ignored: usize,
}

impl Heap {
    fn deliver(&mut self, message: Vec<u8>) {
        self.server.deliver(USER, FOLDER, &message).unwrap();
        self.delivered.push(message);
    }

    /// One more message of every kind in turn: plain, from a machine, without a text, and twice by different ways.
    fn grow(&mut self, number: usize) {
        let text = format!("Please send {number} chairs, and tell us the price.");
        match number % 10 {
            3 => {
                self.deliver(mail(number, "Auto-Submitted: auto-generated\r\n", "A notice."));
                self.ignored += 1;
                return;
            }
            7 => self.deliver(mail(number, "", "")),
            5 => {
                let trace = format!("Received: from b by a; Mon, 02 Nov 2026 09:05:00 +0000\r\nX-Filter: {number}\r\n");
                self.deliver(mail(number, "", &text));
                self.deliver([trace.into_bytes(), mail(number, "", &text)].concat());
            }
            _ => self.deliver(mail(number, "", &text)),
        }
        self.requests += 1;
    }

    /// Deletes the folder and makes it again with all that it held: the server numbers everything anew.
    fn again(&self) {
        let validity = || self.server.doveadm(&["mailbox", "status", "-u", USER, "uidvalidity", FOLDER]).unwrap();
        let before = validity();
        // The number is made of the second in which the folder is.
        until("the folder is another one", || {
            self.server.doveadm(&["mailbox", "delete", "-u", USER, FOLDER]).unwrap();
            self.server.doveadm(&["mailbox", "create", "-u", USER, FOLDER]).unwrap();
            (validity() != before).then_some(())
        });
        for message in &self.delivered {
            self.server.deliver(USER, FOLDER, message).unwrap();
        }
    }
}

/// What the process has used at most, in MiB.
fn peak(daemon: &TestDaemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

fn storm(kind: Kind) {
    // On a server the mailbox is the dead daemon's for as long as its lease, and a kill is to meet one that reads.
    let few = if kind == Kind::Sqlite { 4 } else { 2 };
    let (mails, kills) = (number("OPSPILOT_MAILS", 200) as usize, number("OPSPILOT_KILLS", few) as usize);
    let seed = number("OPSPILOT_SEED", u64::from(std::process::id()));
    eprintln!("OPSPILOT_SEED={seed}");
    let mut draw = Draw(seed);
    let mut heap = Heap { server: Dovecot::start(None).unwrap(), delivered: Vec::new(), requests: 0, ignored: 0 };
    heap.deliver(hostile());
    let proxy = Proxy::start("127.0.0.1", heap.server.imaps());
    let mut daemon = reader_of(&heap.server.authority(), proxy.port, FOLDER, kind, "command_secs = 5\n");
    let (mut saved, mut sent, mut cuts): (Vec<PathBuf>, usize, usize) = (Vec::new(), 0, 0);
    let begun = Instant::now();
    for round in 0..kills {
        let more = mails * (round + 1) / kills;
        (sent..more).for_each(|number| heap.grow(number));
        sent = more;
        // A session that ends in its greeting, in a listing, in a message; or one that holds.
        let mode = match draw.below(4) {
            0 => Mode::Cut(2_000 + draw.below(6_000) as usize),
            1 | 2 => Mode::Cut(8_000 + draw.below(100_000) as usize),
            _ => Mode::Pass,
        };
        cuts += usize::from(mode != Mode::Pass);
        proxy.set(mode);
        let before = proxy.accepted();
        daemon.start();
        until("it reads", || (proxy.accepted() > before).then_some(()));
        pause(Duration::from_millis(draw.below(900)));
        if round == kills / 2 {
            proxy.set(Mode::Pass);
            heap.again();
            pause(Duration::from_millis(draw.below(900)));
        }
        daemon.kill_9();
        saved.push(checkpoint(&daemon, round as u64));
    }
    proxy.set(Mode::Pass);
    daemon.start();
    let whole = daemon.cli(&["reconcile", "--json", "--wait", "3600"]);
    assert_eq!(whole.code(), 0, "{}{}", whole.out, whole.err);
    let read = begun.elapsed();
    let found: Value = serde_json::from_str(&whole.out).unwrap();
    let counts = &found["items"][0];
    assert_eq!(counts["held"].as_u64(), Some(heap.delivered.len() as u64), "{counts}");
    until_within(LONG, "everything is drafted", || {
        let waiting = |state: &str| !daemon.list(&format!("/api/v1/runs?state={state}")).is_empty();
        pause(Duration::from_millis(200));
        (!["available", "running", "scheduled", "retryable"].into_iter().any(waiting)).then_some(())
    });
    let subjects: Vec<String> = requests(&daemon).iter().map(|request| word(request, "subject")).collect();
    let distinct: BTreeSet<&String> = subjects.iter().collect();
    assert_eq!(distinct.len(), heap.requests, "none is lost");
    assert_eq!(subjects.len(), heap.requests, "none is there twice");
    assert_eq!((items(&daemon, "ignored").len(), items(&daemon, "quarantined").len()), (heap.ignored, 1));
    let census = Census::take(&daemon);
    assert_eq!((census.of("mail"), census.briefs.values().sum::<usize>()), (heap.requests, heap.requests));
    assert_eq!((census.kinds("item.ignored"), census.kinds("item.quarantined")), (heap.ignored, 1));
    let verified = daemon.verify(&saved);
    assert_eq!(verified.code(), 0, "{}{}", verified.out, verified.err);
    eprintln!(
        "{kind:?}: {} messages held, {kills} kills, {} connections, {cuts} rounds with cuts, 1 change of UIDVALIDITY: {} requests, {} ignored, \
         1 quarantined, 0 lost, 0 twice; read after {read:?}, all after {:?}, peak {} MiB",
        heap.delivered.len(),
        proxy.accepted(),
        heap.requests,
        heap.ignored,
        begun.elapsed(),
        peak(&daemon),
    );
}

#[test]
fn killed_cut_off_and_renumbered_it_loses_and_doubles_nothing() {
    storm(Kind::Sqlite);
}

#[test]
fn killed_cut_off_and_renumbered_on_a_server_it_loses_and_doubles_nothing() {
    storm(Kind::Postgres);
}

/// An attachment that nothing makes smaller, as it stands in a message.
fn attachment(bytes: usize) -> String {
    use base64::Engine as _;
    let mut draw = Draw(25);
    let content: Vec<u8> = (0..bytes / 8 + 1).flat_map(|_| draw.below(u64::MAX).to_le_bytes()).take(bytes).collect();
    let encoded = base64::engine::general_purpose::STANDARD.encode(content);
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / 38);
    for at in (0..encoded.len()).step_by(76) {
        lines.push_str(&encoded[at..encoded.len().min(at + 76)]);
        lines.push_str("\r\n");
    }
    lines
}

fn large(number: usize, attachment: &str) -> Vec<u8> {
    let text =
        format!("--x\r\nContent-Type: text/plain\r\n\r\nThe drawings of room {number}: we need twelve chairs.\r\n");
    let file = "Content-Type: application/octet-stream; name=plan.bin\r\nContent-Disposition: attachment; filename=plan.bin\r\n";
    let body = format!("{text}--x\r\n{file}Content-Transfer-Encoding: base64\r\n\r\n{attachment}--x--");
    mail(number, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n", &body)
}

#[test]
fn a_heap_of_large_mail_does_not_make_the_daemon_large() {
    let (heap, bytes) = (number("OPSPILOT_LARGE", 3) as usize, 25_000_000);
    let server = Dovecot::start(None).unwrap();
    let attachment = attachment(bytes);
    for number in 0..heap {
        server.deliver(USER, "INBOX", &large(number, &attachment)).unwrap();
    }
    server.deliver(USER, "INBOX", &mail(9002, "", "And one small thing: two lamps.")).unwrap();
    let mut daemon = reader_of(&server.authority(), server.imaps(), "INBOX", Kind::Sqlite, "");
    let begun = Instant::now();
    daemon.start();
    let before = peak(&daemon);
    until_within(LONG, "all of it is read", || (requests(&daemon).len() == heap + 1).then_some(()));
    until("it is proven", || (daemon.cli(&["reconcile"]).code() == 0).then_some(()));
    daemon.settle();
    let most = peak(&daemon);
    eprintln!("{heap} attachments of {bytes} bytes: peak {most} MiB ({before} MiB at first), {:?}", begun.elapsed());
    assert!(most <= 200, "{most} MiB");
}
