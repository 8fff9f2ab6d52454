//! What Request Tracker does that only it does, as measured on it: letters to whoever asked, yes without effect, comments for ever, states
//! by which a change is refused.

use crate::desk::{Desk, action};
use opspilot_request_tracker::RequestTracker;
use opspilot_sdk::conformance::{Asked, FarSide, Told, build, carry_out, take_back, version, write};
use opspilot_sdk::{ActionKind, ErrorKind, Fate, Look, shows};
use serde_json::{Value, json};

#[tokio::test]
async fn who_asked_for_the_ticket_hears_nothing() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    let sink = desk.sink("writer", Desk::all());
    let before = desk.letters(&ticket);
    assert_eq!(before, 1, "its own answer to the ticket");
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let made = carry_out(&*sink, &action(kind, "quiet-1", &ticket)).await.unwrap();
        if kind != ActionKind::Note {
            take_back(&*sink, &made).await.unwrap();
        }
    }
    assert_eq!(desk.letters(&ticket), before);
    // The folder is where letters would be: an answer gets there.
    let answer = json!({"Content": "Dear lead", "ContentType": "text/plain"});
    assert_eq!(desk.ask("agent", "POST", &format!("/ticket/{ticket}/correspond"), &answer).0, 201);
    assert_eq!(desk.letters(&ticket), before + 1);
}

#[tokio::test]
async fn a_change_upon_another_state_is_refused_and_nothing_done() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    let sink = desk.sink("writer", Desk::all());
    let action = action(ActionKind::Priority, "stale-1", &ticket);
    let write = write(&*sink, &action);
    let before = sink.look(&write, None).await.unwrap();
    desk.change("agent", &ticket, &json!({"Priority": 20}));
    let failed = sink.deliver(&write, version(&before)).await.expect_err("it changed in between");
    assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Transient, Fate::NotDone), "{failed}");
    assert_eq!(desk.shown(&ticket)["Priority"], "20");
    // Another look sees the other state, and upon that it goes.
    let now = sink.look(&write, None).await.unwrap();
    assert!(matches!(&now, Look::Present { image, .. } if image["priority"] == 20));
    sink.deliver(&write, version(&now)).await.unwrap();
    assert!(shows(&write.expect, &sink.look(&write, None).await.unwrap()));
}

#[tokio::test]
async fn a_comment_stays_and_a_person_is_told_what_to_do() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    let sink = desk.sink("writer", Desk::all());
    let (write, _, id, _) = carry_out(&*sink, &action(ActionKind::Note, "stays-1", &ticket)).await.unwrap();
    let error = sink.revert(&write, &id, None).expect_err("there is no way back");
    assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7536"));
    assert!(error.message.contains("Shredder") && error.message.contains(&id), "{error}");
}

#[tokio::test]
async fn what_is_taken_back_is_as_it_was_to_the_byte() {
    let desk = Desk::open();
    for undo_status in ["rejected", "deleted"] {
        let ticket = desk.ticket();
        let before = desk.shown(&ticket);
        let mut options = Desk::all();
        options["undo_status"] = json!(undo_status);
        let sink = desk.sink(if undo_status == "deleted" { "agent" } else { "writer" }, options);
        let mut made = Vec::new();
        for kind in [ActionKind::Task, ActionKind::Priority] {
            let mut action = action(kind, "undo-1", &ticket);
            action.value = Some("high".to_owned());
            made.push(carry_out(&*sink, &action).await.unwrap());
        }
        eprintln!("before: {before}\nwritten: {}\ntask: {:?}", desk.shown(&ticket), desk.tasks(&ticket));
        assert_eq!(
            (&desk.shown(&ticket)["Priority"], &made[0].3["due"]),
            (&json!("80"), &json!("2026-12-01T12:00:00Z"))
        );
        for made in made.iter().rev() {
            let image = |look: &Look| match look {
                Look::Present { image, .. } => Some(image.clone()),
                _ => None,
            };
            assert_eq!(image(&take_back(&*sink, made).await.unwrap()), image(&made.1), "{:?}", made.0.kind);
        }
        // Who changed it last, and when, is Request Tracker's own.
        let bare = |mut ticket: Value| {
            ticket["LastUpdated"].take();
            ticket["LastUpdatedBy"].take();
            ticket
        };
        let after = desk.shown(&ticket);
        eprintln!("taken back: {after}\ntask: {:?}", desk.tasks(&ticket));
        assert_eq!(bare(after), bare(before));
        assert_eq!(desk.shown(&made[0].2)["Status"], undo_status);
    }
}

#[tokio::test]
async fn work_of_others_on_a_task_shows_before_it_is_taken_back() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    let sink = desk.sink("writer", Desk::all());
    let made = carry_out(&*sink, &action(ActionKind::Task, "edit-1", &ticket)).await.unwrap();
    let mut before = made.3.clone();
    for edit in [
        json!({"Status": "open"}),
        json!({"Owner": "agent"}),
        json!({"Due": "2026-12-24 12:00:00"}),
        json!({"Subject": "Call her again"}),
        json!({"Priority": 7}),
        json!({"Cc": "somebody@pilot.test"}),
    ] {
        desk.change("agent", &made.2, &edit);
        let Look::Present { image, .. } = sink.look(&made.0, Some(&made.2)).await.unwrap() else {
            panic!("it is gone")
        };
        assert_ne!(image, before, "{edit}");
        before = image;
    }
}

#[tokio::test]
async fn a_task_that_somebody_rejected_is_not_made_again() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    let sink = desk.sink("writer", Desk::all());
    let made = carry_out(&*sink, &action(ActionKind::Task, "closed-1", &ticket)).await.unwrap();
    desk.change("agent", &made.2, &json!({"Status": "rejected"}));
    let look = sink.look(&made.0, None).await.unwrap();
    assert!(matches!(&look, Look::Present { id, .. } if *id == made.2), "{look:?}");
}

#[tokio::test]
async fn a_merged_ticket_still_holds_its_notes() {
    let desk = Desk::open();
    let (ticket, other) = (desk.ticket(), desk.ticket());
    let sink = desk.sink("writer", Desk::all());
    let note = carry_out(&*sink, &action(ActionKind::Note, "merged-1", &ticket)).await.unwrap();
    desk.change("root", &ticket, &json!({"MergeInto": other}));
    let look = sink.look(&note.0, None).await.unwrap();
    assert!(matches!(&look, Look::Present { id, image, .. } if *id == note.2 && *image == note.3), "{look:?}");
}

#[tokio::test]
async fn a_ticket_that_is_deleted_takes_nothing_more() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    let sink = desk.sink("writer", Desk::all());
    desk.change("root", &ticket, &json!({"Status": "deleted"}));
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let action = action(kind, "gone-1", &ticket);
        let write = write(&*sink, &action);
        let error = sink.look(&write, None).await.expect_err("it is deleted");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7532"), "{error}");
        if kind != ActionKind::Priority {
            let failed = sink.deliver(&write, None).await.expect_err("it is deleted");
            assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Rejected, Fate::NotDone), "{failed}");
        }
    }
    assert!(desk.history(&ticket, &["Comment"]).is_empty());
}

#[tokio::test]
async fn who_copies_a_mark_is_not_taken_for_us() {
    let desk = Desk::open();
    let ticket = desk.ticket();
    let sink = desk.sink("writer", Desk::all());
    for kind in [ActionKind::Note, ActionKind::Task] {
        let action = action(kind, "copied-1", &ticket);
        let write = write(&*sink, &action);
        let path = write.call.target.split("/REST/2.0").nth(1).unwrap();
        let body = serde_json::from_str(&write.call.body).unwrap();
        assert_eq!(desk.ask("agent", "POST", path, &body).0, 201);
        assert_eq!(sink.look(&write, None).await.unwrap(), Look::Absent, "{kind}");
    }
}

#[tokio::test]
async fn a_day_without_an_hour_would_be_lost() {
    let desk = Desk::open();
    let fields = json!({"Queue": "Tasks", "Subject": "A day", "Due": "2026-12-01"});
    let (_, made) = desk.ask("writer", "POST", "/ticket", &fields);
    assert_eq!(desk.shown(made["id"].as_str().unwrap())["Due"], "1970-01-01T00:00:00Z", "which is why an hour is sent");
    // And a word for a priority that it does not know is taken, for zero.
    let (_, said) =
        desk.ask("writer", "PUT", &format!("/ticket/{}", made["id"].as_str().unwrap()), &json!({"Priority": 60}));
    assert!(said.is_array());
    desk.change("writer", made["id"].as_str().unwrap(), &json!({"Priority": "no such word"}));
    assert_eq!(desk.shown(made["id"].as_str().unwrap())["Priority"], "0", "which is why numbers are sent");
}

#[tokio::test]
async fn a_gateway_that_knows_no_such_page_says_nothing_of_tickets() {
    let page = |_: &Asked| Told::status(404).header("content-type", "text/html").with("<h1>Not Found</h1>");
    let gateway = FarSide::start(|_| false, page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "1-14-00000000000000000000000000000000").unwrap();
    let here = json!({"base_url": gateway.url(), "token_file": "token"});
    let sink = build::<RequestTracker>(folder.path(), Desk::all(), &here);
    let task = action(ActionKind::Task, "gateway-1", "1");
    let task = write(&*sink, &task);
    let error = sink.look(&task, Some("2")).await.expect_err("the task may well be there");
    assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7530"), "{error}");
}
