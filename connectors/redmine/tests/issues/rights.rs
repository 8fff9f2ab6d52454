//! What the account may: too much is told, too little is an error, and a note that could not be private is never sent.

use crate::desk::{Desk, action};
use crate::redmine::Account;
use opspilot_sdk::conformance::{carry_out, write};
use opspilot_sdk::{ActionKind, ErrorKind, Fate, Look};
use serde_json::{Value, json};

#[tokio::test]
async fn a_note_is_for_those_who_work_there() {
    let desk = Desk::open();
    let issue = desk.issue("pilot");
    let sink = desk.sink(Account::Writer, Desk::all());
    let (_, _, id, image) = carry_out(&*sink, &action(ActionKind::Note, "private-1", &issue)).await.unwrap();
    assert_eq!(image["private_notes"], json!(true));
    let id = serde_json::from_str::<Value>(&id).ok();
    let seen = |account| {
        let shown = desk.shown(account, &issue);
        shown["journals"].as_array().into_iter().flatten().any(|note| Some(&note["id"]) == id.as_ref())
    };
    assert!(seen(Account::Agent));
    assert!(!seen(Account::Client), "who only sees issues does not see the note");
}

#[tokio::test]
async fn a_note_that_would_be_public_is_not_sent() {
    let desk = Desk::open();
    // Redmine itself takes it, says yes and publishes it.
    let open = desk.issue("pilot");
    desk.change(Account::Public, &open, json!({"notes": "Meant to be private", "private_notes": true}));
    assert_eq!(desk.shown(Account::Client, &open)["journals"][0]["notes"], "Meant to be private");

    for (account, project) in [(Account::Public, "pilot"), (Account::Writer, "other")] {
        let sink = desk.sink(account, Desk::all());
        let issue = desk.issue(project);
        let note = action(ActionKind::Note, "public-1", &issue);
        let note = write(&*sink, &note);
        let failed = sink.deliver(&note, None).await.expect_err("it would be public");
        assert_eq!((failed.error.code, failed.fate), ("OP-7526", Fate::NotDone), "{failed}");
        assert_eq!(failed.error.kind, ErrorKind::Rejected, "notes elsewhere go on");
        assert_eq!(desk.shown(Account::Admin, &issue)["journals"], json!([]));
        assert_eq!(sink.look(&note, None).await.unwrap(), Look::Absent);
    }
}

#[tokio::test]
async fn what_the_account_may_is_checked() {
    let desk = Desk::open();
    let codes = |account, options| {
        let sink = desk.sink(account, options);
        async move {
            match sink.check().await {
                Ok(cautions) => {
                    cautions.into_iter().map(|caution| format!("{}: {}", caution.code, caution.message)).collect()
                }
                Err(error) => vec![format!("{:?} {error}", error.kind)],
            }
        }
    };
    let notes = json!({});
    let mut deleting = Desk::all();
    deleting["undo_status"] = Value::Null;
    assert_eq!(codes(Account::Writer, Desk::all()).await, Vec::<String>::new());
    for (account, options, expected) in [
        (Account::Admin, Desk::all(), "OP-7525: the account is an administrator"),
        (Account::Remover, Desk::all(), "`delete_issues`"),
        (Account::Writer, notes.clone(), "OP-7525: the account may more than is needed: `add_issues`, `edit_issues`"),
        (Account::Writer, deleting, "Unauthorised the account lacks `delete_issues` in the project for tasks"),
        (Account::Public, notes.clone(), "Unauthorised the account lacks `set_notes_private`"),
        (
            Account::Client,
            Desk::all(),
            "Unauthorised the account lacks `add_issue_notes`, `set_notes_private`, `edit_own_issue_notes`",
        ),
        (Account::Writer, json!({"project": "nowhere"}), "Misconfigured `project`"),
        (Account::Writer, json!({"priorities": {"high": 99}}), "Misconfigured `priorities.high`"),
        (Account::Writer, json!({"project": "pilot", "undo_status": 99}), "Misconfigured `undo_status`"),
        (Account::Writer, json!({"project": "pilot", "tracker_id": 99}), "Misconfigured `tracker_id`"),
    ] {
        let told = codes(account, options.clone()).await.join("; ");
        assert!(told.contains(expected), "{account:?} {options}: {told}");
    }
}

#[tokio::test]
async fn a_key_that_was_renewed_is_one_that_is_refused() {
    let desk = Desk::open();
    let issue = desk.issue("pilot");
    let sink = desk.sink_with(&"0".repeat(40), Desk::all());
    let note = action(ActionKind::Note, "renewed-1", &issue);
    let note = write(&*sink, &note);
    let failed = sink.deliver(&note, None).await.expect_err("a wrong key");
    assert_eq!(
        (failed.error.kind, failed.error.code, failed.fate),
        (ErrorKind::Unauthorised, "OP-7521", Fate::NotDone)
    );
    let error = sink.check().await.expect_err("a wrong key");
    assert!(!error.to_string().contains("0000"), "{error}");
}

#[tokio::test]
async fn what_is_missing_at_the_far_side_is_no_secret_success() {
    let desk = Desk::open();
    // Sees everything and may change nothing: each call is refused, and known not to be done.
    let sink = desk.sink(Account::Client, Desk::all());
    let issue = desk.issue("pilot");
    // Of a task it says that its project is missing, because the account may make none in it.
    for (kind, error) in [(ActionKind::Task, ErrorKind::Rejected), (ActionKind::Priority, ErrorKind::Rejected)] {
        let action = action(kind, "narrow-1", &issue);
        let write = write(&*sink, &action);
        let failed = sink.deliver(&write, None).await.expect_err("no right");
        assert_eq!((failed.error.kind, failed.fate), (error, Fate::NotDone), "{kind}: {failed}");
    }
}
