//! A bad network and a bad store: sessions cut anywhere, silence, goodbyes, messages that the server cannot hand out. Each time everything
//! comes in the end, and once.
#![expect(clippy::unwrap_used, reason = "a set-up that fails, fails the test")]

mod world;

use opspilot_imap::key_of;
use opspilot_sdk::{DedupKey, ErrorKind};
use serde_json::json;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use world::dovecot::Dovecot;
use world::endpoint::Endpoint;
use world::liar::{self, Refuses};
use world::proxy::{Mode, Proxy};
use world::{Store, build, mail, options, secrets, with};

const USER: &str = "intake@example.net";

fn fill(server: &Dovecot, folder: &str, numbers: std::ops::Range<u32>) -> BTreeSet<DedupKey> {
    let text = |number: u32| {
        let size = if number % 9 == 4 { 700_000 } else { 40 * number as usize };
        [&mail(&number.to_string(), &format!("case {number}"))[..], &b"0123456789abcdef\n".repeat(size / 17)].concat()
    };
    let put = |number| {
        server.deliver(USER, folder, &text(number)).unwrap();
        key_of(&text(number))
    };
    numbers.map(put).collect()
}

/// Turns the clock by which waiting is measured.
async fn pass_time(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Threat row B7: the connection ends anywhere, in the middle of a command or of a literal.
#[tokio::test]
async fn sessions_cut_anywhere_lose_nothing() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    let expected: BTreeSet<DedupKey> =
        fill(&server, "INBOX", 0..40).union(&fill(&server, "Requests", 40..60)).cloned().collect();
    server.messages(USER, "Done").unwrap();
    let proxy = Proxy::start("127.0.0.1", server.imaps());
    let more = json!({ "port": proxy.port, "folders": ["INBOX", "Requests"], "after": { "move": "Done" } });
    let (mut source, mut store) =
        (build(folder.path(), &with(options(&server, USER), &more)).unwrap(), Store::default());
    let mut transient = 0;
    // From within the handshake to the middle of the second message of 700,000 bytes.
    for (round, bytes) in (0..).zip(
        [500, 2_000, 2_400, 3_000, 3_500, 4_000, 5_000, 8_000, 20_000, 60_000, 150_000, 400_000, 800_000].repeat(3),
    ) {
        proxy.set(Mode::Cut(bytes + round * 37));
        source.release();
        for _ in 0..3 {
            store.turn(source.as_mut(), 7).await;
        }
    }
    for fault in store.faults.drain(..) {
        assert_eq!(fault.kind, ErrorKind::Transient, "{fault}");
        transient += 1;
    }
    assert!(transient > 30, "the cuts were felt: {transient}");
    proxy.set(Mode::Pass);
    // What seemed to be in the way of the others is asked for again a little later.
    pass_time(Duration::from_secs(61)).await;
    store.drain(source.as_mut(), 7).await;
    assert!(store.faults.is_empty(), "{:?}", store.faults);
    let lost = expected.difference(&store.kept.keys().cloned().collect()).count();
    assert_eq!((lost, store.kept.len()), (0, 60));
    assert_eq!(
        server.messages(USER, "Done").unwrap().len(),
        60,
        "everything that was committed is moved in the end, once"
    );
}

#[tokio::test]
async fn silence_is_noticed_and_a_goodbye_is_survived() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    let mut expected = fill(&server, "INBOX", 0..3);
    let proxy = Proxy::start("127.0.0.1", server.imaps());
    let more = json!({ "port": proxy.port, "command_secs": 1 });
    let (mut source, mut store) =
        (build(folder.path(), &with(options(&server, USER), &more)).unwrap(), Store::default());
    store.drain(source.as_mut(), 10).await;
    // The connection dies without a word while it waits: the wait ends, and so does the session.
    proxy.set(Mode::Mute);
    source.wait(Duration::from_millis(100)).unwrap().await;
    assert!(source.wait(Duration::from_millis(100)).is_none(), "a session that does not answer is not used again");
    // And in the middle of everything else.
    let error = source.poll(store.cursor.clone(), 10).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-2505"), "{error}");
    expected.extend(fill(&server, "INBOX", 10..12));
    proxy.set(Mode::Pass);
    store.drain(source.as_mut(), 10).await;
    // The server says goodbye to everybody.
    server.doveadm(&["kick", USER]).unwrap();
    expected.extend(fill(&server, "INBOX", 20..22));
    store.drain(source.as_mut(), 10).await;
    assert!(store.faults.len() <= 1, "{:?}", store.faults);
    assert_eq!(store.kept.keys().cloned().collect::<BTreeSet<_>>(), expected);
    proxy.set(Mode::Refuse);
    source.release();
    assert_eq!(source.poll(None, 1).await.unwrap_err().kind, ErrorKind::Transient);
}

/// A message that cannot be handed out is set aside, the others come, and in the end it is refused by name.
#[tokio::test]
async fn one_unreadable_message_delays_no_other_and_is_not_forgotten() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    for number in 1..=9 {
        server.deliver(USER, "INBOX", &mail(&number.to_string(), &format!("case {number}"))).unwrap();
    }
    let (mut source, mut store) = (build(folder.path(), &options(&server, USER)).unwrap(), Store::default());
    source.check().await.unwrap();
    // The server knows the size of the fifth already, and may not read it.
    server.doveadm(&["fetch", "-u", USER, "size.virtual date.received", "mailbox", "INBOX", "all"]).unwrap();
    let spoil = server.file_with(USER, "INBOX", b"case 5").unwrap();
    std::fs::set_permissions(&spoil, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut number = 100;
    for _ in 0..40 {
        store.drain(source.as_mut(), 4).await;
        if !store.refused.is_empty() {
            break;
        }
        // Others go on coming, and time goes on.
        number += 1;
        server.deliver(USER, "INBOX", &mail(&number.to_string(), "another")).unwrap();
        pass_time(Duration::from_secs(61)).await;
    }
    let refused =
        store.refused.values().next().unwrap_or_else(|| panic!("{:?} {:?}", store.faults.len(), store.cursor));
    assert_eq!((refused.code, store.refused.len()), ("OP-2512", 1));
    assert_eq!(store.kept.len(), 8 + number as usize - 100);
    assert!(!store.texts().concat().contains("case 5"));
    assert!(store.faults.iter().all(|fault| fault.kind == ErrorKind::Transient), "{:?}", store.faults);
    // Nothing of it is left open: the place is past it.
    assert!(!store.cursor.unwrap().0.contains("\"open\""));
}

#[tokio::test]
async fn a_folder_that_is_made_anew_is_soon_looked_for_again() {
    let (server, folder) = (Dovecot::start(None).unwrap(), secrets());
    let expected = fill(&server, "Requests", 0..3);
    let more = json!({ "folders": ["Requests"] });
    let (mut source, mut store) =
        (build(folder.path(), &with(options(&server, USER), &more)).unwrap(), Store::default());
    store.drain(source.as_mut(), 7).await;
    server.doveadm(&["mailbox", "delete", "-u", USER, "Requests"]).unwrap();
    store.turn(source.as_mut(), 7).await;
    let fault = store.faults.pop().unwrap();
    // A wrong name is looked at again after minutes; what was there may be back at once.
    assert_eq!((fault.kind, fault.code), (ErrorKind::Transient, "OP-2504"), "{fault}");
    server.doveadm(&["mailbox", "create", "-u", USER, "Requests"]).unwrap();
    assert_eq!(fill(&server, "Requests", 0..3), expected);
    store.drain(source.as_mut(), 7).await;
    assert!(store.faults.is_empty(), "{:?}", store.faults);
    assert_eq!(store.kept.keys().cloned().collect::<BTreeSet<_>>(), expected);
}

/// Whatever the server repeats of the login, nothing that is kept or shown of its answer holds it.
#[tokio::test]
async fn a_secret_that_the_server_repeats_is_told_to_nobody() {
    let (folder, endpoint) = (tempfile::tempdir().unwrap(), Endpoint::start(USER));
    // With what a quoted string of the protocol escapes.
    let password = "canary \"4\\711\" words";
    std::fs::write(folder.path().join("password"), password).unwrap();
    std::fs::write(folder.path().join("refresh"), "refresh-canary-0").unwrap();
    let by_password = json!({ "password_file": "password" });
    let by_token = |mechanism: &str| json!({ mechanism: { "token_url": endpoint.token_url(), "client_id": "desk", "refresh_token_file": "refresh" } });
    let (xoauth2, oauthbearer) = (by_token("xoauth2"), by_token("oauthbearer"));
    for (offers, auth, refuses, code) in [
        ("AUTH=PLAIN", &by_password, Refuses::Login("NO [AUTHENTICATIONFAILED]"), "OP-2503"),
        ("AUTH=PLAIN", &by_password, Refuses::Login("NO [UNAVAILABLE]"), "OP-2505"),
        ("AUTH=PLAIN", &by_password, Refuses::Login("BAD"), "OP-2508"),
        ("AUTH=PLAIN", &by_password, Refuses::Login("nonsense"), "OP-2506"),
        ("IDLE", &by_password, Refuses::Login("NO"), "OP-2503"),
        ("IDLE", &by_password, Refuses::Login("BAD"), "OP-2508"),
        ("AUTH=PLAIN", &by_password, Refuses::Behind("NO"), "OP-2506"),
        ("IDLE", &by_password, Refuses::Behind("BAD"), "OP-2506"),
        ("IDLE", &by_password, Refuses::Behind("BYE"), "OP-2505"),
        ("AUTH=XOAUTH2", &xoauth2, Refuses::Login("NO"), "OP-2503"),
        ("AUTH=OAUTHBEARER", &oauthbearer, Refuses::Login("NO"), "OP-2503"),
        ("AUTH=XOAUTH2", &xoauth2, Refuses::Behind("NO"), "OP-2506"),
    ] {
        let port = liar::start(offers, refuses);
        let options = json!({ "host": "127.0.0.1", "port": port, "tls": "none", "user": USER, "auth": auth });
        let mut source = build(folder.path(), &options).unwrap();
        let mut store = Store::default();
        // A new token is handed out to be kept before it is used.
        while store.faults.is_empty() {
            store.turn(source.as_mut(), 10).await;
        }
        let error = &store.faults[0];
        assert_eq!(error.code, code, "{offers} {refuses:?}: {error}");
        let told = format!("{error} {error:?}");
        assert!(!told.contains("canary") && !told.contains("711"), "{offers} {refuses:?}: {told}");
        // Nor in base64, alone or as part of the answer: no word of ours is so long.
        let long = told.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c))).find(|word| word.len() > 20);
        assert_eq!(long, None, "{offers} {refuses:?}: {told}");
        assert_eq!(told.contains("you said"), !format!("{refuses:?}").contains("nonsense"), "{told}");
    }
}
