//! What Redmine does that only Redmine does, as measured on it: yes without effect, priorities that follow sub-tasks, people who edit.

use crate::desk::{Desk, action};
use crate::redmine::Account;
use opspilot_redmine::Redmine;
use opspilot_sdk::conformance::{Asked, FarSide, Told, build, carry_out, take_back, write};
use opspilot_sdk::{ActionKind, ErrorKind, Fate, Look, shows};
use serde_json::{Value, json};

#[tokio::test]
async fn a_yes_that_changed_nothing_is_seen() {
    let desk = Desk::open();
    let sink = desk.sink(Account::Writer, Desk::all());
    let issue = desk.issue("pilot");
    let sub_task = json!({"issue": {"project_id": "pilot", "tracker_id": 3, "subject": "Part", "parent_issue_id": issue, "priority_id": 2}});
    assert_eq!(desk.ask(Account::Agent, "POST", "/issues.json", &sub_task).0, 201);
    let action = action(ActionKind::Priority, "trap-1", &issue);
    let write = write(&*sink, &action);
    let delivered = sink.deliver(&write, None).await.expect("Redmine says yes");
    assert!(delivered.said.ends_with("204"), "{}", delivered.said);
    let look = sink.look(&write, None).await.unwrap();
    assert!(!shows(&write.expect, &look), "the priority follows the sub-task: {look:?}");
    assert_eq!(desk.shown(Account::Admin, &issue)["priority"]["name"], "Normal");
}

#[tokio::test]
async fn a_task_is_no_sub_task_and_leaves_its_issue_alone() {
    let desk = Desk::open();
    let issue = desk.issue("pilot");
    let sink = desk.sink(Account::Writer, Desk::all());
    let before = desk.shown(Account::Admin, &issue);
    let mut urgent = action(ActionKind::Task, "trap-2", &issue);
    urgent.value = Some("urgent".to_owned());
    let (_, _, _, image) = carry_out(&*sink, &urgent).await.unwrap();
    assert_eq!((&image["priority_id"], &image["parent_issue_id"]), (&json!(4), &Value::Null));
    assert_eq!(desk.shown(Account::Admin, &issue), before, "not a byte of the issue changed");

    // As a sub-task it drags the issue's priority and day along: the operator has to ask for that.
    let mut options = Desk::all();
    options["subtasks"] = json!(true);
    options["undo_status"] = Value::Null;
    let sink = desk.sink(Account::Remover, options);
    urgent.key = "trap-3".to_owned();
    let made = carry_out(&*sink, &urgent).await.unwrap();
    let with = desk.shown(Account::Admin, &issue);
    assert_eq!((&with["priority"]["name"], &with["due_date"]), (&json!("Urgent"), &json!("2026-12-01")));
    assert_eq!(take_back(&*sink, &made).await.unwrap(), Look::Absent);
    assert_eq!(
        desk.shown(Account::Admin, &issue)["priority"]["name"],
        "Urgent",
        "deleting the sub-task does not give it back"
    );
}

#[tokio::test]
async fn what_is_taken_back_is_as_it_was_to_the_byte() {
    let desk = Desk::open();
    // The time of the last change is Redmine's own, and of a changed priority it keeps two lines of history.
    let bare = |mut image: Value| {
        let history = image["journals"].take();
        image["updated_on"] = Value::Null;
        let notes: Vec<_> =
            history.as_array().into_iter().flatten().filter(|entry| entry["notes"] != "").cloned().collect();
        (image, notes)
    };
    for (account, undo_status) in [(Account::Writer, json!(6)), (Account::Remover, Value::Null)] {
        let issue = desk.issue("pilot");
        let before = desk.shown(Account::Admin, &issue);
        let mut options = Desk::all();
        options["undo_status"] = undo_status.clone();
        let sink = desk.sink(account, options);
        let mut made = Vec::new();
        for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
            made.push(carry_out(&*sink, &action(kind, "undo-1", &issue)).await.unwrap());
        }
        let with = desk.shown(Account::Admin, &issue);
        assert_eq!((bare(with.clone()).1.len(), &with["priority"]["name"]), (1, &json!("High")));
        eprintln!("before: {before}\nwritten: {with}\ntask: {:?}", desk.tasks(&issue));
        for made in made.iter().rev() {
            let image = |look: Look| match look {
                Look::Present { image, .. } => Some(image),
                _ => None,
            };
            assert_eq!(image(take_back(&*sink, made).await.unwrap()), image(made.1.clone()), "{:?}", made.0.kind);
        }
        let after = desk.shown(Account::Admin, &issue);
        eprintln!("taken back: {after}\ntask: {:?}", desk.tasks(&issue));
        assert_eq!(bare(after), bare(before));
        let states: Vec<_> = desk.tasks(&issue).iter().map(|task| task["status"]["id"].clone()).collect();
        assert_eq!(states, if undo_status.is_null() { vec![] } else { vec![undo_status] });
    }
}

#[tokio::test]
async fn work_of_others_on_a_task_or_note_shows_before_it_is_taken_back() {
    let desk = Desk::open();
    let sink = desk.sink(Account::Writer, Desk::all());
    let issue = desk.issue("pilot");
    let note = carry_out(&*sink, &action(ActionKind::Note, "edit-1", &issue)).await.unwrap();
    let changed = json!({"journal": {"notes": "I read it, and no."}});
    assert_eq!(desk.ask(Account::Agent, "PUT", &format!("/journals/{}.json", note.2), &changed).0, 204);
    let look = sink.look(&note.0, Some(&note.2)).await.unwrap();
    assert!(matches!(&look, Look::Present { image, .. } if *image != note.3), "{look:?}");
    // Its mark is gone: by its number it is still found, by its key it is not, and nobody would write it anew with the number known.
    assert_eq!(sink.look(&note.0, None).await.unwrap(), Look::Absent);

    let edits = [
        json!({"notes": "I have called her."}),
        json!({"status_id": 2}),
        json!({"assigned_to_id": 9}),
        json!({"due_date": "2026-12-24"}),
        json!({"subject": "Call her again"}),
        json!({"done_ratio": 50}),
    ];
    let made = carry_out(&*sink, &action(ActionKind::Task, "edit-2", &issue)).await.unwrap();
    let mut before = made.3.clone();
    for edit in edits {
        desk.change(Account::Admin, &made.2, edit.clone());
        let Look::Present { image, .. } = sink.look(&made.0, Some(&made.2)).await.unwrap() else {
            panic!("it is gone")
        };
        if edit.get("assigned_to_id").is_none() {
            assert_ne!(image, before, "{edit}");
        }
        before = image;
    }

    let priority = carry_out(&*sink, &action(ActionKind::Priority, "edit-3", &issue)).await.unwrap();
    desk.change(Account::Agent, &issue, json!({"priority_id": 1}));
    let look = sink.look(&priority.0, None).await.unwrap();
    assert!(matches!(&look, Look::Present { image, .. } if *image != priority.3), "{look:?}");
}

#[tokio::test]
async fn a_task_that_somebody_closed_is_not_made_again() {
    let desk = Desk::open();
    let sink = desk.sink(Account::Writer, Desk::all());
    let issue = desk.issue("pilot");
    let made = carry_out(&*sink, &action(ActionKind::Task, "closed-1", &issue)).await.unwrap();
    desk.change(Account::Agent, &made.2, json!({"status_id": 6}));
    // By its mark it is there, and differs: a daemon that lost the answer asks a person.
    let look = sink.look(&made.0, None).await.unwrap();
    assert!(matches!(&look, Look::Present { id, .. } if *id == made.2), "{look:?}");
}

#[tokio::test]
async fn who_quotes_or_copies_a_mark_is_not_taken_for_us() {
    let desk = Desk::open();
    let sink = desk.sink(Account::Writer, Desk::all());
    let issue = desk.issue("pilot");
    let note = action(ActionKind::Note, "quoted-1", &issue);
    let task = action(ActionKind::Task, "quoted-2", &issue);
    let (note, task) = (write(&*sink, &note), write(&*sink, &task));
    desk.change(Account::Agent, &issue, json!({"notes": note.expect["notes"]}));
    let mut copy: Value = serde_json::from_str(&task.call.body).unwrap();
    copy["issue"]["subject"] = json!("A copy");
    assert_eq!(desk.ask(Account::Agent, "POST", "/issues.json", &copy).0, 201);
    assert_eq!(sink.look(&note, None).await.unwrap(), Look::Absent);
    assert_eq!(sink.look(&task, None).await.unwrap(), Look::Absent);
}

#[tokio::test]
async fn an_issue_that_is_deleted_takes_nothing_more() {
    let desk = Desk::open();
    let sink = desk.sink(Account::Writer, Desk::all());
    let issue = desk.issue("pilot");
    let writes: Vec<_> = [ActionKind::Note, ActionKind::Task, ActionKind::Priority]
        .map(|kind| action(kind, "gone-1", &issue))
        .map(|action| write(&*sink, &action))
        .into();
    // On SQLite the number of the newest issue, deleted, is given to the next one.
    desk.issue("pilot");
    assert_eq!(desk.ask(Account::Admin, "DELETE", &format!("/issues/{issue}.json"), &Value::Null).0, 204);
    for write in writes {
        let error = sink.look(&write, None).await.expect_err("there is no issue");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7522"), "{error}");
        let failed = sink.deliver(&write, None).await.expect_err("there is no issue");
        assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Rejected, Fate::NotDone), "{failed}");
    }
    assert!(desk.tasks(&issue).is_empty());
}

#[tokio::test]
async fn a_gateway_that_knows_no_such_page_says_nothing_of_issues() {
    let page = |_: &Asked| Told::status(404).header("content-type", "text/html").with("<h1>Not Found</h1>");
    let gateway = FarSide::start(|_| false, page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), Account::Writer.key()).unwrap();
    let here = json!({"base_url": gateway.url(), "key_file": "key"});
    let sink = build::<Redmine>(folder.path(), Desk::all(), &here);
    let task = action(ActionKind::Task, "gateway-1", "1");
    let task = write(&*sink, &task);
    let error = sink.look(&task, Some("2")).await.expect_err("the task may well be there");
    assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7520"), "{error}");
}
