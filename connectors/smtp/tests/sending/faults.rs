//! Breaks at every stage: an error only when the server cannot have the letter, `Unclear` when it may, and never a wait without end.

use crate::broken::{At, Broken, How};
use crate::smtp::Sink;
use crate::{carrier, letter};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opspilot_sdk::{Carrier as _, ConnectorError, ErrorKind, Handover};
use opspilot_smtp::Smtp;
use serde_json::json;
use std::path::Path;

fn to(port: u16) -> Smtp {
    within(port, 60)
}

fn within(port: u16, seconds: u32) -> Smtp {
    let options = json!({ "host": "127.0.0.1", "port": port, "security": "none", "from": "pilot@ops.test", "deadline_secs": seconds });
    carrier(options, Path::new("."))
}

/// The outcome in short.
fn outcome(handover: &Result<Handover, ConnectorError>) -> String {
    match handover {
        Ok(Handover::Accepted { response, .. }) => format!("accepted {response}"),
        Ok(Handover::Unclear { why }) => format!("unclear {}", why.code),
        Err(error) => format!("{:?} {}", error.kind, error.code),
    }
}

/// What holds for the stand-in holds for the real server: the same letters give the same outcomes, and the same bytes arrive.
#[tokio::test]
async fn the_stand_in_behaves_as_the_real_one() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(folder.path()).unwrap();
    let broken = Broken::start(At::Connect, How::Well, 0).await;
    let (real, fake) = (to(sink.plain), to(broken.port));
    for name in ["ana", "nobody", "later"] {
        let letter = letter(name);
        let (real, fake) = (real.deliver(&letter).await, fake.deliver(&letter).await);
        assert_eq!(outcome(&real), outcome(&fake), "{name}");
    }
    let (kept, stand_in) = (sink.kept(), broken.kept());
    assert_eq!((kept.len(), stand_in.len()), (1, 1));
    assert_eq!(String::from_utf8_lossy(&kept[0].message), String::from_utf8_lossy(&stand_in[0]));
}

#[tokio::test]
async fn a_cut_before_the_letter_was_sent_is_certain_and_one_after_it_is_not() {
    for (at, expected, kept) in [
        (At::Connect, "Transient OP-2701", 0),
        (At::Command("EHLO"), "Transient OP-2701", 0),
        (At::Command("MAIL"), "Transient OP-2701", 0),
        (At::Command("RCPT"), "Transient OP-2701", 0),
        (At::Command("DATA"), "Transient OP-2701", 0),
        (At::Middle, "unclear OP-2707", 0),
        (At::Letter, "unclear OP-2707", 0),
        (At::Kept, "unclear OP-2707", 1),
    ] {
        let broken = Broken::start(at, How::Cut, 1).await;
        let smtp = to(broken.port);
        assert_eq!(outcome(&smtp.deliver(&letter("ana")).await), expected, "{at:?}");
        assert_eq!(broken.kept().len(), kept, "{at:?}");
        // The next letter finds a server that works.
        assert_eq!(outcome(&smtp.deliver(&letter("ben")).await), "accepted 250 2.0.0 Ok: queued as A1", "{at:?}");
    }
}

#[tokio::test]
async fn silence_ends_and_is_told_apart_in_the_same_way() {
    let silences = [
        (At::Connect, "Transient OP-2701"),
        (At::Command("EHLO"), "Transient OP-2701"),
        (At::Command("RCPT"), "Transient OP-2701"),
        (At::Command("DATA"), "Transient OP-2701"),
        (At::Kept, "unclear OP-2707"),
    ];
    // Side by side: each waits for the whole deadline.
    let silences = silences.map(|(at, expected)| async move {
        let broken = Broken::start(at, How::Silence, 1).await;
        assert_eq!(outcome(&within(broken.port, 3).deliver(&letter("ana")).await), expected, "{at:?}");
    });
    let check = async {
        let broken = Broken::start(At::Connect, How::Silence, 1).await;
        assert_eq!(within(broken.port, 3).check().await.map_err(|error| error.code), Err("OP-2701"));
    };
    futures_util::future::join(futures_util::future::join_all(silences), check).await;
}

#[tokio::test]
async fn what_a_server_says_means_what_it_means_there() {
    for (at, says, expected) in [
        (At::Connect, "421 4.3.2 closing", "Transient OP-2704"),
        (At::Connect, "554 5.7.1 not you", "Misconfigured OP-2706"),
        (At::Command("MAIL"), "530 5.7.0 sign in first", "Unauthorised OP-2703"),
        (At::Command("MAIL"), "552 5.3.4 too big", "Rejected OP-2705"),
        (At::Command("MAIL"), "421 4.7.0 too many", "Transient OP-2704"),
        (At::Command("RCPT"), "452 4.2.2 mailbox full", "Transient OP-2704"),
        (At::Command("DATA"), "554 5.5.1 no", "Rejected OP-2705"),
        (At::Letter, "451 4.3.0 disk", "Transient OP-2704"),
        (At::Letter, "554 5.6.0 content", "Rejected OP-2705"),
        (At::Letter, "nonsense", "unclear OP-2707"),
        (At::Command("RCPT"), "nonsense", "Transient OP-2701"),
    ] {
        let broken = Broken::start(at, How::Says(says), 1).await;
        let handover = to(broken.port).deliver(&letter("ana")).await;
        assert_eq!(outcome(&handover), expected, "{at:?} {says}");
        assert!(broken.kept().is_empty());
    }
}

/// Whatever the relay repeats of the sign-in, nothing that is kept or shown of its answer holds it.
#[tokio::test]
async fn a_password_that_the_relay_repeats_is_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let password = "canary word/ä\"&";
    std::fs::write(folder.path().join("password"), password).unwrap();
    let blob = STANDARD.encode(format!("\0pilot\0{password}"));
    let secrets =
        [blob.trim_end_matches('='), "canary", STANDARD.encode(password).trim_end_matches('=')].map(str::to_owned);
    for (at, says, expected) in [
        (At::Command("AUTH"), "535 5.7.8", "Unauthorised OP-2703"),
        (At::Command("AUTH"), "454 4.7.0", "Transient OP-2704"),
        (At::Command("AUTH"), "nonsense", "Transient OP-2701"),
        (At::Command("MAIL"), "530 5.7.0", "Unauthorised OP-2703"),
        (At::Command("RCPT"), "550 5.1.1", "Rejected OP-2705"),
        (At::Letter, "554 5.6.0", "Rejected OP-2705"),
        (At::Letter, "nonsense", "unclear OP-2707"),
        (At::Kept, "250 2.0.0 queued as", "accepted 250 2.0.0 queued as …= … …=="),
    ] {
        let broken = Broken::start(at, How::Repeats(says), 1).await;
        let options = json!({ "host": "127.0.0.1", "port": broken.port, "security": "none", "from": "pilot@ops.test", "user": "pilot",
            "password_file": "password" });
        let handover = carrier(options, folder.path()).deliver(&letter("ana")).await;
        assert_eq!(outcome(&handover), expected, "{at:?} {says}");
        // The whole of it, with causes.
        let told = format!("{handover:?} {}", handover.as_ref().err().map(ToString::to_string).unwrap_or_default());
        assert!(!secrets.iter().any(|secret| told.contains(secret)), "{at:?} {says}: {told}");
    }
}

#[tokio::test]
async fn nobody_there_is_transient_and_a_stale_connection_is_noticed() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let error = to(free).deliver(&letter("ana")).await.expect_err("somebody was there");
    assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-2701"), "{error}");
    // The server hung up between two letters: the second takes a new connection, and arrives once.
    let broken = Broken::start(At::Command("NOOP"), How::Cut, 1).await;
    let smtp = to(broken.port);
    for name in ["ana", "ben"] {
        assert_eq!(outcome(&smtp.deliver(&letter(name)).await), "accepted 250 2.0.0 Ok: queued as A1");
    }
    assert_eq!(broken.kept().len(), 2);
}
