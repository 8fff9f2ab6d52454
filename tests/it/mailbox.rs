//! A mailbox on a real Dovecot. INVARIANT tested: every message is one request, or one item set aside with its reason, whatever kills the
//! daemon; one bad message delays no other; `reconcile` proves it, and says so when it is not so.

use crate::census::word;
use crate::cyrus::{self, Cyrus};
use crate::daemon::{Kind, PILOT, Setup, TestDaemon};
use crate::dovecot::{Dovecot, PASSWORD};
use crate::http::Ask;
use crate::proxy::{Mode, Proxy};
use crate::wait::{pause, until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

pub(crate) const USER: &str = "intake@example.com";

/// A daemon, stopped, that reads `folder` of the mailbox behind `port`, whose certificate `authority` signed.
pub(crate) fn reader_of(authority: &Path, port: u16, folder: &str, kind: Kind, more: &str) -> TestDaemon {
    let source = format!(
        "\n[[source]]\nname = \"mail\"\nkind = \"imap\"\npilot = \"{PILOT}\"\n\n[source.options]\nhost = \"localhost\"\nport = {port}\n\
         ca_file = \"{}\"\nuser = \"{USER}\"\nauth = {{ password_file = \"mail.password\" }}\npoll_secs = 1\nfolders = [\"{folder}\"]\n{more}",
        authority.display()
    );
    let daemon = Setup::on(kind).without_drop().with(&source).make();
    std::fs::write(daemon.data("mail.password"), PASSWORD).unwrap();
    daemon
}

fn mailbox(server: &Dovecot, kind: Kind) -> TestDaemon {
    reader_of(&server.authority(), server.imaps(), "INBOX", kind, "")
}

pub(crate) fn mail(number: usize, more: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Ann Baker <ann{number}@customer.example>\r\nTo: {USER}\r\nSubject: Chairs for room {number}\r\n\
         Date: Mon, 02 Nov 2026 09:{:02}:00 +0000\r\nMessage-ID: <{number}@customer.example>\r\n{more}\r\n{text}\r\n",
        number % 60
    )
    .into_bytes()
}

/// More parts than anybody sends.
pub(crate) fn hostile() -> Vec<u8> {
    let parts = "--x\r\n\r\na\r\n".repeat(6000);
    mail(9001, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n", &format!("{parts}--x--"))
}

pub(crate) fn items(daemon: &TestDaemon, state: &str) -> Vec<Value> {
    daemon.list(&format!("/api/v1/quarantine?source=mail&state={state}"))
}

pub(crate) fn requests(daemon: &TestDaemon) -> Vec<Value> {
    daemon.list("/api/v1/requests?source=mail")
}

#[test]
fn every_message_is_a_request_or_an_item_with_its_reason() {
    let server = Dovecot::start(None).unwrap();
    let deliver = |message: &[u8]| server.deliver(USER, "INBOX", message).unwrap();
    deliver(&hostile());
    deliver(&mail(1, "", "We need twelve chairs by Friday."));
    deliver(&mail(2, "Auto-Submitted: auto-replied\r\n", "I am out of the office."));
    deliver(&mail(3, "X-OpsPilot-Loop: another\r\n", "A brief waits for you."));
    // The same by another way: what servers add differs, what was written does not.
    deliver(
        &[
            &b"Received: from a.example by b.example; Mon, 02 Nov 2026 09:05:00 +0000\r\n"[..],
            &mail(1, "", "We need twelve chairs by Friday."),
        ]
        .concat(),
    );
    deliver(&mail(4, "", "Please send an offer for two desks."));
    let mut daemon = mailbox(&server, Kind::Sqlite);
    let checked = daemon.cli(&["connector", "check", "mail"]);
    assert_eq!(checked.code(), 0, "{}{}", checked.out, checked.err);
    let early = daemon.cli(&["reconcile", "--wait", "0"]);
    assert_eq!(early.code(), 3, "nothing was read yet: {}{}", early.out, early.err);
    daemon.start();
    until("the mailbox is read", || {
        (requests(&daemon).len() == 2 && items(&daemon, "ignored").len() == 2).then_some(())
    });
    let quarantined = items(&daemon, "quarantined");
    assert_eq!(quarantined.len(), 1, "{quarantined:?}");
    assert_eq!(word(&quarantined[0], "code"), "OP-2603");
    let codes: BTreeSet<String> = items(&daemon, "ignored").iter().map(|item| word(item, "code")).collect();
    assert_eq!(codes, BTreeSet::from(["OP-2605".to_owned(), "OP-2606".to_owned()]));
    let whole = daemon.cli(&["reconcile", "--json"]);
    assert_eq!(whole.code(), 0, "{}{}", whole.out, whole.err);
    let found: Value = serde_json::from_str(&whole.out).unwrap();
    let counts = &found["items"][0];
    assert_eq!(
        (counts["held"].as_u64(), counts["requests"].as_u64(), counts["ignored"].as_u64()),
        (Some(6), Some(3), Some(2)),
        "{counts}"
    );
    // Not even the flag of a message that was read is touched.
    assert!(server.messages(USER, "INBOX").unwrap().iter().all(|(flags, _)| !flags.contains('S')));
    // What a person takes in.
    let automatic = items(&daemon, "ignored").into_iter().find(|item| word(item, "code") == "OP-2605").unwrap();
    let taken = daemon.cli(&["quarantine", "retry", &word(&automatic, "id")]);
    assert_eq!(taken.code(), 0, "{}{}", taken.out, taken.err);
    assert_eq!((requests(&daemon).len(), items(&daemon, "requested").len()), (3, 1));
    let target = format!("/api/v1/quarantine/{}/retry", word(&quarantined[0], "id"));
    let still = daemon.api(Ask::json(target.as_str(), &serde_json::json!({})));
    assert_eq!((still.status, word(&still.value(), "code")), (422, "OP-2603".to_owned()), "{}", still.text());
    let again =
        daemon.api(Ask::json(format!("/api/v1/quarantine/{}/retry", word(&automatic, "id")), &serde_json::json!({})));
    assert_eq!(again.status, 409, "{}", again.text());
    let shown = daemon.cli(&["quarantine", "show", &word(&quarantined[0], "id")]);
    assert!(shown.out.contains("OP-2603"), "{}", shown.out);
    let receipts = |kind: &str| daemon.cli(&["receipt", "list", "--json"]).out.matches(&format!("\"{kind}\"")).count();
    until("the daemon compares by itself", || (receipts("source.reconciled") == 1).then_some(()));
    assert_eq!((receipts("item.quarantined"), receipts("item.ignored"), receipts("item.requested")), (1, 2, 1));
    let ready = daemon.ask(&Ask::get("/readyz"));
    assert!(ready.text().contains("last proven read"), "{}", ready.text());
    let doctor = daemon.cli(&["doctor"]);
    assert!(doctor.out.contains("last proven read"), "{}", doctor.out);
    assert!(daemon.ask(&Ask::get("/metrics")).text().contains("opspilot_source_proven_timestamp_seconds"));
}

#[test]
fn a_message_is_explained_without_a_store_or_a_network() {
    let daemon = Setup::sqlite().without_drop().make();
    let inspect = |name: &str, message: &[u8]| {
        let file = daemon.path(name);
        std::fs::write(&file, message).unwrap();
        let told = daemon.cli(&["--json", "mail", "inspect", &file.display().to_string()]);
        let value: Value = serde_json::from_str(&told.out).unwrap_or_else(|_| panic!("{}{}", told.out, told.err));
        (told.code(), word(&value["fate"], "is"), value)
    };
    let (code, fate, told) = inspect("good.eml", &mail(1, "", "approve"));
    assert_eq!((code, fate.as_str()), (0, "request"));
    assert_eq!(
        (word(&told["answer"], "decision"), word(&told, "authentication")),
        ("approve".into(), "not checked offline".into())
    );
    let (code, fate, told) = inspect("automatic.eml", &mail(2, "Auto-Submitted: auto-replied\r\n", "approve"));
    assert_eq!((code, fate.as_str(), told["answer"].is_null()), (0, "ignored", true), "{told}");
    let (code, fate, told) = inspect("hostile.eml", &hostile());
    assert_eq!((code, fate.as_str(), word(&told["fate"], "code")), (3, "quarantined", "OP-2603".into()));
}

#[test]
fn what_is_not_there_is_said_and_what_cannot_be_told_too() {
    let server = Dovecot::start(None).unwrap();
    let proxy = Proxy::start("127.0.0.1", server.imaps());
    server.deliver(USER, "INBOX", &mail(1, "", "We need twelve chairs by Friday.")).unwrap();
    let mut daemon = reader_of(&server.authority(), proxy.port, "INBOX", Kind::Sqlite, "command_secs = 2\n");
    daemon.start();
    until("it is read", || (requests(&daemon).len() == 1).then_some(()));
    daemon.settle();
    daemon.stop();
    assert_eq!(daemon.cli(&["reconcile", "--wait", "0"]).code(), 0);
    // One that nobody has read, and whose place is named.
    server.deliver(USER, "INBOX", &mail(2, "", "And three desks.")).unwrap();
    let missing = daemon.cli(&["reconcile", "--wait", "0"]);
    assert_eq!(missing.code(), 3, "{}{}", missing.out, missing.err);
    assert!(missing.out.contains("1 missing") && missing.out.contains("OP-2007"), "{}", missing.out);
    assert!(
        missing.out.contains("missing    Message-ID <2@customer.example>") || missing.out.contains("INBOX"),
        "{}",
        missing.out
    );
    // A server that does not answer proves nothing.
    proxy.set(Mode::Refuse);
    let away = daemon.cli(&["reconcile", "--json", "--wait", "0"]);
    assert_eq!(away.code(), 4, "{}{}", away.out, away.err);
    let told: Value = serde_json::from_str(&away.out).unwrap();
    assert_eq!(told["items"][0]["complete"], false, "{told}");
    assert!(word(&told["items"][0], "fault").contains("OP-25"), "{told}");
    proxy.set(Mode::Pass);
    daemon.start();
    assert_eq!(daemon.cli(&["reconcile"]).code(), 0);
    assert_eq!(requests(&daemon).len(), 2);
}

#[test]
fn more_than_can_be_named_is_waited_for_all_the_same() {
    let server = Dovecot::start(None).unwrap();
    server.deliver(USER, "INBOX", &mail(9003, "Auto-Submitted: auto-generated\r\n", "A notice.")).unwrap();
    let mut daemon = mailbox(&server, Kind::Sqlite);
    daemon.start();
    until("it is read", || (items(&daemon, "ignored").len() == 1).then_some(()));
    // Frozen, so that all of it is missing when the counting begins.
    daemon.signal("STOP");
    for number in 0..1100 {
        server.deliver(USER, "INBOX", &mail(number, "Auto-Submitted: auto-generated\r\n", "A notice.")).unwrap();
    }
    let early = daemon.cli(&["reconcile", "--wait", "0"]);
    assert!(early.code() == 3 && early.out.contains("1100 missing"), "{}{}", early.out, early.err);
    std::thread::scope(|scope| {
        let comparing = scope.spawn(|| daemon.cli(&["reconcile", "--wait", "60"]));
        // The time is the matter: it counts, and then everything comes.
        pause(std::time::Duration::from_secs(3));
        daemon.signal("CONT");
        let whole = comparing.join().unwrap();
        assert_eq!(whole.code(), 0, "{}{}", whole.out, whole.err);
        assert!(whole.out.contains("1101 ignored, 0 missing"), "{}", whole.out);
    });
}

#[test]
fn what_a_mailing_list_sent_is_taken_where_that_is_wanted() {
    let server = Dovecot::start(None).unwrap();
    server
        .deliver(
            USER,
            "INBOX",
            &mail(1, "List-Id: <friends.lists.example>\r\nPrecedence: list\r\n", "We need twelve chairs."),
        )
        .unwrap();
    server.deliver(USER, "INBOX", &mail(2, "Auto-Submitted: auto-replied\r\n", "I am away.")).unwrap();
    for (take, requested, ignored) in [("ignore", 0, 2), ("take", 1, 1)] {
        let source = |text: &str| text.replace("kind = \"imap\"", &format!("kind = \"imap\"\nlist_mail = \"{take}\""));
        let mut daemon = reader_of(&server.authority(), server.imaps(), "INBOX", Kind::Sqlite, "");
        let file = daemon.path("opspilot.toml");
        std::fs::write(&file, source(&std::fs::read_to_string(&file).unwrap())).unwrap();
        daemon.start();
        until("both are read", || {
            ((requests(&daemon).len(), items(&daemon, "ignored").len()) == (requested, ignored)).then_some(())
        });
        assert_eq!(daemon.cli(&["reconcile"]).code(), 0);
    }
}

#[test]
fn another_server_is_read_as_well() {
    let Some(server) = Cyrus::start(USER) else {
        return eprintln!("SKIPPED: Cyrus is not installed, so no second kind of server was read");
    };
    let count = 40;
    let mails: Vec<Vec<u8>> = (0..count)
        .map(|number| match number % 10 {
            3 => mail(number, "Auto-Submitted: auto-generated\r\n", "A notice."),
            _ => mail(number, "", &format!("Please send {number} chairs, and tell us the price.")),
        })
        .collect();
    mails.iter().take(count / 2).for_each(|message| server.deliver(USER, message).unwrap());
    let mut daemon = reader_of(&server.authority(), server.imaps, "INBOX", Kind::Sqlite, "");
    std::fs::write(daemon.data("mail.password"), cyrus::PASSWORD).unwrap();
    daemon.start();
    pause(std::time::Duration::from_millis(150));
    daemon.kill_9();
    daemon.start();
    let there = |requested: usize, ignored: usize| {
        (requests(&daemon).len() == requested && items(&daemon, "ignored").len() == ignored).then_some(())
    };
    until("the first half is read", || there(count * 9 / 20, count / 20));
    // Another UIDVALIDITY, the same mail, and more of it; the folder is away for a moment, and that is not taken for a wrong name.
    server.again(USER).unwrap();
    mails.iter().for_each(|message| server.deliver(USER, message).unwrap());
    until("all is read", || there(count * 9 / 10, count / 10));
    let whole = daemon.cli(&["reconcile", "--json"]);
    assert_eq!(whole.code(), 0, "{}{}", whole.out, whole.err);
    let found: Value = serde_json::from_str(&whole.out).unwrap();
    assert_eq!(found["items"][0]["held"].as_u64(), Some(count as u64), "{found}");
    until("it is whole", || there(count * 9 / 10, count / 10));
}
