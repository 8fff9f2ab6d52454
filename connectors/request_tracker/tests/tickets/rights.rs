//! What the account may: too much is told, too little is an error, and who cannot see comments never writes one twice.

use crate::desk::{Desk, action};
use opspilot_sdk::conformance::{carry_out, version, write};
use opspilot_sdk::{ActionKind, ErrorKind, Fate, Look, shows};
use serde_json::json;

#[tokio::test]
async fn what_the_account_may_is_checked() {
    let desk = Desk::open();
    // The newest ticket that they see, with a comment.
    let ticket = desk.ticket();
    let writer = desk.sink("writer", Desk::all());
    carry_out(&*writer, &action(ActionKind::Note, "checked-1", &ticket)).await.unwrap();
    for (account, options, expected) in [
        ("writer", Desk::all(), ""),
        ("root", Desk::all(), "OP-7535: the account is a superuser"),
        ("agent", Desk::all(), "OP-7535: the account may answer customers"),
        ("agent", Desk::all(), "OP-7535: the account may delete tickets"),
        ("blind", Desk::all(), "OP-7537: the account sees no comment"),
        ("reader", json!({}), "Unauthorised the account lacks the right `CommentOnTicket`"),
        ("reader", Desk::all(), "Unauthorised the account lacks the right `CreateTicket`"),
        ("expired", Desk::all(), "Unauthorised `127.0.0.1"),
        ("writer", json!({"queue": "Nowhere"}), "Misconfigured `queue`"),
    ] {
        let told = match desk.sink(account, options.clone()).check().await {
            Ok(all) => {
                all.into_iter().map(|one| format!("{}: {}", one.code, one.message)).collect::<Vec<_>>().join("; ")
            }
            Err(error) => format!("{:?} {error}", error.kind),
        };
        assert!(
            if expected.is_empty() { told.is_empty() } else { told.contains(expected) },
            "{account} {options}: {told}"
        );
    }
}

#[tokio::test]
async fn who_cannot_see_comments_does_not_take_one_for_absent() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    let sink = desk.sink("blind", Desk::all());
    let action = action(ActionKind::Note, "blind-1", &ticket);
    let write = write(&*sink, &action);
    assert_eq!(sink.look(&write, None).await.unwrap(), Look::Absent);
    let delivered = sink.deliver(&write, None).await.unwrap();
    assert_eq!(desk.history(&ticket, &["Comment"]).len(), 1);
    // The answer lost, it looks for its mark; the answer known, for the number.
    let look = sink.look(&write, None).await.unwrap();
    assert!(matches!(&look, Look::Unknown { why } if why.contains("ShowTicketComments")), "{look:?}");
    let error = sink.look(&write, delivered.id.as_deref()).await.expect_err("it may not see it");
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
}

#[tokio::test]
async fn a_token_that_was_revoked_is_one_that_is_refused() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    let sink = desk.sink("expired", Desk::all());
    let action = action(ActionKind::Note, "revoked-1", &ticket);
    let write = write(&*sink, &action);
    let failed = sink.deliver(&write, None).await.expect_err("revoked");
    assert_eq!(
        (failed.error.kind, failed.error.code, failed.fate),
        (ErrorKind::Unauthorised, "OP-7531", Fate::NotDone)
    );
    assert!(!failed.to_string().contains(&desk.token("expired")), "{failed}");
}

#[tokio::test]
async fn what_is_refused_with_yes_is_seen() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    // Sees everything and may change nothing.
    let sink = desk.sink("reader", Desk::all());
    let action = |kind| action(kind, "narrow-1", &ticket);
    let priority = action(ActionKind::Priority);
    let priority = write(&*sink, &priority);
    let before = sink.look(&priority, None).await.unwrap();
    let delivered = sink.deliver(&priority, version(&before)).await.expect("Request Tracker says yes");
    assert!(delivered.said.contains("Permission Denied"), "{}", delivered.said);
    assert!(!shows(&priority.expect, &sink.look(&priority, None).await.unwrap()));
    for kind in [ActionKind::Note, ActionKind::Task] {
        let action = action(kind);
        let write = write(&*sink, &action);
        let failed = sink.deliver(&write, None).await.expect_err("no right");
        assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Rejected, Fate::NotDone), "{kind}: {failed}");
    }
}
