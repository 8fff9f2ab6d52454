//! What users of mailbox readers report for years, each as a test on a real mail server: mail twice, mail lost, mail marked, one bad
//! mail in the way of the rest.

mod world;

use opspilot_imap::key_of;
use opspilot_sdk::{DedupKey, ErrorKind, Settled};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use world::dovecot::Dovecot;
use world::proxy::Proxy;
use world::{Store, build, mail, options, secrets, with};

const USER: &str = "intake@example.net";

fn traced(mail: &[u8], number: usize) -> Vec<u8> {
    let trace = format!(
        "Return-Path: <ann@example.org>\nDelivered-To: {USER}\nReceived: from mx{number} by here with LMTP id {number};\n\tMon, 2 Nov 2026 10:00:{:02} +0000\n",
        number % 60
    );
    [trace.as_bytes(), mail].concat()
}

/// Threat rows B5 and B6: copies are one item, different bodies are all there, and a folder made anew brings nothing twice.
#[tokio::test]
async fn five_hundred_mails_in_copies_and_a_folder_made_anew() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    let mut expected = BTreeSet::new();
    let mut deliveries = Vec::new();
    for number in 0..500_usize {
        let mut text = mail(&number.to_string(), &format!("case {number}"));
        if number % 10 == 3 {
            // No Message-ID at all.
            text = String::from_utf8(text).unwrap().replace("Message-ID:", "X-Nothing:").into_bytes();
        }
        if number % 10 == 7 {
            // Another body under the same Message-ID.
            let other = [&text[..], b"And another thing.\n"].concat();
            expected.insert(key_of(&other));
            deliveries.push(("Requests", traced(&other, number)));
        }
        expected.insert(key_of(&text));
        for copy in 0..=number % 3 {
            let place = if (number + copy) % 2 == 0 { "INBOX" } else { "Requests" };
            deliveries.push((place, traced(&text, number * 3 + copy)));
        }
    }
    let fill = |wanted: &str| {
        for (place, text) in deliveries.iter().filter(|(place, _)| *place == wanted) {
            server.deliver(USER, place, text).unwrap();
        }
    };
    fill("INBOX");
    fill("Requests");
    let options = with(options(&server, USER), &json!({ "folders": ["INBOX", "Requests"] }));
    let (mut source, mut store) = (build(folder.path(), &options).unwrap(), Store::default());
    store.drain(source.as_mut(), 64).await;
    let keys = |store: &Store| store.kept.keys().cloned().collect::<BTreeSet<DedupKey>>();
    assert_eq!(keys(&store), expected);
    assert_eq!(store.kept.len() + store.repeats, deliveries.len());

    server.doveadm(&["mailbox", "delete", "-u", USER, "Requests"]).unwrap();
    server.doveadm(&["mailbox", "create", "-u", USER, "Requests"]).unwrap();
    fill("Requests");
    server.deliver(USER, "Requests", &mail("late", "late")).unwrap();
    let (read, known) = (store.kept.len() + store.repeats, store.kept.len());
    store.drain(source.as_mut(), 64).await;
    expected.insert(key_of(&mail("late", "late")));
    assert_eq!(keys(&store), expected, "nothing is missed and nothing is new but the new one");
    assert_eq!(store.kept.len(), known + 1);
    assert!(store.kept.len() + store.repeats > read + 100, "the folder was read again");

    // What the server holds and what was read agree, by content.
    let held: BTreeSet<DedupKey> =
        store.listed(source.as_mut(), 100).await.into_iter().filter_map(|held| held.key).collect();
    assert_eq!(held, expected);
    // Nothing was marked by all this.
    assert!(server.messages(USER, "INBOX").unwrap().iter().all(|(flags, _)| flags.is_empty()));
    assert!(store.faults.is_empty(), "{:?}", store.faults);
}

/// An index that was lost: other UIDVALIDITY, and UIDs from 1 again.
#[tokio::test]
async fn a_changed_uidvalidity_brings_nothing_twice_while_the_session_stands() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    for number in 0..20 {
        server.deliver(USER, "INBOX", &mail(&number.to_string(), &format!("case {number}"))).unwrap();
    }
    let (mut source, mut store) = (build(folder.path(), &options(&server, USER)).unwrap(), Store::default());
    store.drain(source.as_mut(), 7).await;
    server.doveadm(&["mailbox", "update", "-u", USER, "--uid-validity", "4242", "INBOX"]).unwrap();
    server.deliver(USER, "INBOX", &mail("20", "case 20")).unwrap();
    store.drain(source.as_mut(), 7).await;
    assert_eq!((store.kept.len(), store.repeats), (21, 20));
    assert!(store.cursor.unwrap().0.contains("4242"));
}

#[tokio::test]
async fn mails_that_vanish_and_move_between_polls_stop_nothing() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    for number in 1..=30 {
        server.deliver(USER, "INBOX", &mail(&number.to_string(), &format!("case {number}."))).unwrap();
    }
    let options = with(options(&server, USER), &json!({ "folders": ["INBOX", "Requests"] }));
    server.messages(USER, "Requests").unwrap();
    let (mut source, mut store) = (build(folder.path(), &options).unwrap(), Store::default());
    store.turn(source.as_mut(), 5).await;
    for uid in ["6", "8", "28"] {
        server.doveadm(&["expunge", "-u", USER, "mailbox", "INBOX", "uid", uid]).unwrap();
    }
    server.doveadm(&["move", "-u", USER, "Requests", "mailbox", "INBOX", "uid", "2:3,9,30"]).unwrap();
    store.drain(source.as_mut(), 5).await;
    let texts = store.texts().concat();
    for number in 1..=30 {
        let read = texts.contains(&format!("Subject: case {number}.\r"));
        assert_eq!(read, ![6, 8, 28].contains(&number), "{number}");
    }
    assert_eq!((store.kept.len(), store.repeats), (27, 2));
    assert!(store.faults.is_empty(), "{:?}", store.faults);
}

#[tokio::test]
async fn a_message_of_25_megabytes_comes_whole_and_a_larger_one_is_refused() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    let filling =
        |lines: usize| -> Vec<u8> { (0..lines).flat_map(|line| format!("{line:075}\r\n").into_bytes()).collect() };
    let large = [&mail("large", "large")[..], &filling(25 * 1024 * 1024 / 77)].concat();
    let huge = [&mail("huge", "huge")[..], &filling(40 * 1024 * 1024 / 77)].concat();
    for text in [&mail("1", "one")[..], &large, &huge, &mail("2", "two")] {
        server.deliver(USER, "INBOX", text).unwrap();
    }
    let (mut source, mut store) = (build(folder.path(), &options(&server, USER)).unwrap(), Store::default());
    store.drain(source.as_mut(), 10).await;
    assert_eq!(store.kept.len(), 3);
    let wire = |text: &[u8]| String::from_utf8_lossy(text).replace("\r\n", "\n");
    let kept = &store.kept[&key_of(&large)];
    assert!(wire(&kept.raw) == wire(&large), "{} bytes came, {} were sent", kept.raw.len(), large.len());
    let refused = store.refused[&key_of(&huge)].clone();
    assert_eq!((refused.code, refused.place.starts_with("INBOX, UID 3 of ")), ("OP-2511", true));
    let held = store.listed(source.as_mut(), 10).await;
    assert!(held.iter().any(|held| held.key == Some(key_of(&huge)) && held.place == refused.place));
}

#[tokio::test]
async fn what_is_committed_is_flagged_or_moved_and_nothing_else_is() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    for (user, after) in
        [("flag@example.net", json!({ "flag": "\\Seen" })), ("move@example.net", json!({ "move": "Done" }))]
    {
        server.messages(user, "Done").unwrap();
        for number in 0..3 {
            server.deliver(user, "INBOX", &mail(&number.to_string(), &format!("case {number}"))).unwrap();
        }
        let large = [&mail("large", "large")[..], &[b'x'; 4000]].concat();
        server.deliver(user, "INBOX", &large).unwrap();
        let options = with(options(&server, user), &json!({ "after": after, "max_message_bytes": 2000 }));
        let settled = |server: &Dovecot| {
            let moved = server.messages(user, "Done").unwrap().len();
            let flagged =
                server.messages(user, "INBOX").unwrap().iter().filter(|(flags, _)| flags.contains('S')).count();
            moved.max(flagged)
        };
        let mut source = build(folder.path(), &options).unwrap();
        source.check().await.unwrap();
        let first = source.poll(None, 2).await.unwrap();
        source.settle(first.id.unwrap(), Settled::Returned { reason: "full".to_owned() }).await.unwrap();
        assert_eq!(settled(&server), 0);
        // Committed, and the daemon dies before it can say so: the next one makes good for it.
        let mut store = Store::default();
        let batch = source.poll(None, 2).await.unwrap();
        store.commit(batch);
        drop(source);
        assert_eq!(settled(&server), 0);
        let mut source = build(folder.path(), &options).unwrap();
        store.drain(source.as_mut(), 10).await;
        assert_eq!(settled(&server), 3);
        assert_eq!((store.kept.len(), store.repeats, store.refused.len()), (3, 0, 1));
        // Another life finds nothing to do; the one that was refused lies untouched.
        let mut source = build(folder.path(), &options).unwrap();
        store.drain(source.as_mut(), 10).await;
        assert_eq!((settled(&server), store.kept.len(), store.faults.len()), (3, 3, 0));
        let rest = server.messages(user, "INBOX").unwrap();
        assert!(rest.iter().any(|(flags, text)| flags.is_empty() && *text == large));
    }
}

#[tokio::test]
async fn what_a_person_must_repair_is_said_plainly() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    server.deliver(USER, "INBOX", &mail("1", "one")).unwrap();
    let elsewhere = Proxy::start("127.0.0.2", server.imaps());
    std::fs::write(folder.path().join("wrong"), "canary-wrong").unwrap();
    for (more, kind, code, part) in [
        (json!({ "auth": { "password_file": "wrong" } }), ErrorKind::Unauthorised, "OP-2503", "refuses the login"),
        (json!({ "folders": ["Nowhere"] }), ErrorKind::Misconfigured, "OP-2504", "`Nowhere`"),
        (json!({ "after": { "move": "Nowhere" } }), ErrorKind::Misconfigured, "OP-2504", "`Nowhere`"),
        (json!({ "ca_file": null }), ErrorKind::Misconfigured, "OP-2502", "ca_file"),
        (json!({ "host": "127.0.0.2", "port": elsewhere.port }), ErrorKind::Misconfigured, "OP-2502", "another name"),
        (json!({ "port": server.imap() }), ErrorKind::Misconfigured, "OP-2502", "does not speak TLS"),
        (json!({ "port": 1 }), ErrorKind::Transient, "OP-2501", "does not take connections"),
        (json!({ "host": "no-such-host.invalid" }), ErrorKind::Transient, "OP-2501", "name service"),
    ] {
        let source = build(folder.path(), &with(options(&server, USER), &more)).unwrap();
        let error = source.check().await.expect_err(&more.to_string());
        assert_eq!((error.kind, error.code), (kind, code), "{error}");
        assert!(error.message.contains(part) && !format!("{error:?}").contains("canary"), "{error:?}");
    }
    for (more, code) in
        [(json!({ "ca_file": "none.pem" }), "OP-2507"), (json!({ "auth": { "password_env": "NOT_SET_7" } }), "OP-2507")]
    {
        let error = build(folder.path(), &with(options(&server, USER), &more)).err().unwrap();
        assert_eq!(error.code, code, "{error}");
    }
    for more in [
        json!({ "tls": "starttls", "port": server.imap() }),
        json!({ "tls": "none", "port": server.imap(), "host": "127.0.0.1", "ca_file": null }),
    ] {
        let mut source = build(folder.path(), &with(options(&server, USER), &more)).unwrap();
        source.check().await.unwrap();
        assert_eq!(source.poll(None, 5).await.unwrap().envelopes.len(), 1);
    }
}

/// A folder that is gone is said to be so, and the others are read.
#[tokio::test]
async fn a_missing_folder_keeps_no_other_from_being_read() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    server.deliver(USER, "INBOX", &mail("1", "one")).unwrap();
    let options = with(options(&server, USER), &json!({ "folders": ["Gone", "INBOX"] }));
    let mut source = build(folder.path(), &options).unwrap();
    let batch = source.poll(None, 5).await.unwrap();
    assert_eq!(batch.envelopes.len(), 1);
    assert!(batch.notice.unwrap().contains("`Gone`"));
    source.settle(batch.id.unwrap(), Settled::Committed).await.unwrap();
    assert_eq!(source.poll(batch.cursor, 5).await.unwrap_err().code, "OP-2504");
}

#[tokio::test]
async fn folders_have_names_in_any_script_and_old_mail_may_be_passed_over() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    server.doveadm(&["mailbox", "create", "-u", USER, "Büro & 台北"]).unwrap();
    server.doveadm(&["mailbox", "list", "-u", USER]).unwrap();
    server.deliver(USER, "B&APw-ro &- &U,BTFw-", &mail("1", "one")).unwrap();
    let options = with(options(&server, USER), &json!({ "folders": ["INBOX", "Büro & 台北"] }));
    let (mut source, mut store) = (build(folder.path(), &options).unwrap(), Store::default());
    store.drain(source.as_mut(), 5).await;
    assert_eq!((store.kept.len(), store.faults.len()), (1, 0), "{:?}", store.faults);

    let (mut source, mut store) =
        (build(folder.path(), &with(options, &json!({ "not_before": "2999-01-01" }))).unwrap(), Store::default());
    store.drain(source.as_mut(), 5).await;
    assert_eq!((store.kept.len(), store.faults.len()), (0, 0));
    let held = store.listed(source.as_mut(), 5).await;
    assert!(held.len() == 1 && held[0].ignored.as_ref().unwrap().contains("not_before"));
}

#[tokio::test]
async fn mail_ends_the_wait() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    server.deliver(USER, "INBOX", &mail("1", "one")).unwrap();
    let (mut source, mut store) = (build(folder.path(), &options(&server, USER)).unwrap(), Store::default());
    assert!(source.wait(Duration::from_secs(1)).is_none(), "there is no session yet");
    store.drain(source.as_mut(), 5).await;
    for number in 2..=4 {
        let waiting = source.wait(Duration::from_secs(600)).unwrap();
        let delivering = async {
            // Time for the wait to begin; were it not begun, the mail would be found all the same.
            tokio::task::yield_now().await;
            server.deliver(USER, "INBOX", &mail(&number.to_string(), "more")).unwrap();
        };
        let both = async { tokio::join!(waiting, delivering) };
        tokio::time::timeout(Duration::from_secs(60), both).await.expect("mail ends the wait");
        store.drain(source.as_mut(), 5).await;
        assert_eq!(store.kept.len(), number);
    }
    // Without mail it ends by itself, and the session is as good as before.
    source.wait(Duration::from_millis(50)).unwrap().await;
    assert!(source.wait(Duration::from_millis(50)).is_some());
    assert!(store.faults.is_empty(), "{:?}", store.faults);
    assert_eq!(server.log().matches("Login: user=").count(), 1, "one session for all of it: {}", server.log());
}
