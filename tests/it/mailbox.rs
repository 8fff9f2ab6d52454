//! A mailbox on a real Dovecot. INVARIANT tested: every message is one request, or one item set aside with its reason, whatever kills the
//! daemon; one bad message delays no other; `reconcile` proves it, and says so when it is not so.

use crate::census::word;
use crate::daemon::{Kind, PILOT, Setup, TestDaemon};
use crate::dovecot::{Dovecot, PASSWORD};
use crate::http::Ask;
use crate::wait::until;
use serde_json::Value;
use std::collections::BTreeSet;

pub(crate) const USER: &str = "intake@example.com";

/// A daemon, stopped, that reads `folder` of the mailbox through `port`.
pub(crate) fn reader_of(server: &Dovecot, port: u16, folder: &str, kind: Kind, more: &str) -> TestDaemon {
    let source = format!(
        "\n[[source]]\nname = \"mail\"\nkind = \"imap\"\npilot = \"{PILOT}\"\n\n[source.options]\nhost = \"localhost\"\nport = {port}\n\
         ca_file = \"{}\"\nuser = \"{USER}\"\nauth = {{ password_file = \"mail.password\" }}\npoll_secs = 1\nfolders = [\"{folder}\"]\n{more}",
        server.authority().display()
    );
    let daemon = Setup::on(kind).without_drop().with(&source).make();
    std::fs::write(daemon.data("mail.password"), PASSWORD).unwrap();
    daemon
}

fn mailbox(server: &Dovecot, kind: Kind) -> TestDaemon {
    reader_of(server, server.imaps(), "INBOX", kind, "")
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
