//! Pipedrive's own ways: records of three kinds, limits, rights, text, lists that are long or null.

use crate::subject::{self, PRIORITY, action, record, sink, write};
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::conformance::back;
use opspilot_sdk::{Action, ActionKind, ErrorKind, Fate, Look, shows};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn notes_and_activities_hang_on_records_of_every_kind() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    for object in ["deals", "persons", "organizations"] {
        let record = record(&vendors, object);
        for kind in [ActionKind::Note, ActionKind::Task] {
            let mut action = action(kind, &format!("{kind}-{object}"), &record);
            if kind == ActionKind::Task {
                action.value = Some("high".to_owned());
                action.due = "2026-12-01".parse().ok();
            }
            let write = write(&*sink, &action);
            let html = format!("Asks for a boiler &amp; a &lt;b&gt;price&lt;/b&gt;.<br><br>OpsPilot {kind}-{object}");
            let body: Value = serde_json::from_str(&write.call.body).expect("JSON");
            assert_eq!(body[if kind == ActionKind::Note { "content" } else { "note" }], html.as_str());
            let before = sink.look(&write, None).await.expect("a look");
            assert_eq!(before, Look::Absent);
            let done = sink.deliver(&write, None).await.expect("it is delivered");
            for id in [None, done.id.as_deref()] {
                let look = sink.look(&write, id).await.expect("a look");
                assert!(shows(&write.expect, &look), "{object} {kind}: {look:?} {}", write.expect);
            }
        }
    }
    let asked: Vec<Value> = vendors.log();
    assert!(asked.iter().any(|one| one["body"].as_str().unwrap_or("").contains(r#""participants":[{"#)));
}

#[tokio::test]
async fn one_note_among_hundreds_is_found_and_of_two_the_older() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    let id: u64 = record.split('/').nth(1).and_then(|id| id.parse().ok()).expect("a number");
    let content = |number| format!("OpsPilot many-{number}<br>, says a person");
    for number in 0..520 {
        vendors.ask("POST", "/pipedrive/v1/notes", &json!({ "content": content(number), "deal_id": id }));
    }
    let action = action(ActionKind::Note, "many-7", &record);
    let write = write(&*sink, &action);
    assert_eq!(sink.look(&write, None).await.expect("a look"), Look::Absent);
    // Something on the way repeats the request.
    vendors.fault("^POST /pipedrive/api/v1/notes", json!({ "twice": "work" }));
    let done = sink.deliver(&write, None).await.expect("it is delivered");
    assert_eq!(vendors.kept("pipedrive", "notes").len(), 522);
    let Look::Present { id, .. } = sink.look(&write, None).await.expect("a look") else { panic!("it is there") };
    let later = done.id.and_then(|id| id.parse::<u64>().ok()).expect("a number");
    assert_eq!(id.parse(), Ok(later - 1));
}

#[tokio::test]
async fn its_limits_say_how_long() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "limit", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    vendors.control(json!({ "quota": 0 }));
    let failed = sink.deliver(&write, None).await.expect_err("too many");
    assert_eq!((failed.error.kind, failed.error.code, failed.fate), (ErrorKind::RateLimited, "OP-7563", Fate::NotDone));
    assert_eq!(failed.error.retry_after, Some(Duration::from_secs(2)));
    assert_eq!(vendors.kept("pipedrive", "notes").len(), 0);
}

#[tokio::test]
async fn an_answer_that_comes_twice_is_one_answer() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    vendors.fault("^POST /pipedrive/api/v1/notes", json!({ "twice": "answer", "count": -1 }));
    for key in ["answer-1", "answer-2"] {
        let action = action(ActionKind::Note, key, &record);
        let write = write(&*sink, &action);
        let done = sink.deliver(&write, None).await.expect("it is delivered");
        let Look::Present { id, .. } = sink.look(&write, None).await.expect("a look") else { panic!("it is there") };
        assert_eq!(done.id, Some(id));
    }
    assert_eq!(vendors.kept("pipedrive", "notes").len(), 2);
}

#[tokio::test]
async fn rights_that_are_missing_or_wide() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    assert_eq!(sink.check().await.expect("good rights"), []);
    vendors.control(json!({ "rights": { "pipedrive": { "is_admin": true } } }));
    let cautions = sink.check().await.expect("it goes on");
    assert_eq!(cautions.iter().map(|caution| caution.code).collect::<Vec<_>>(), ["OP-7567"]);
    for denied in ["notes", "activities", "organizations", "users"] {
        vendors.control(json!({ "deny": format!("^GET /pipedrive/api/v./{denied}") }));
        let error = sink.check().await.expect_err("it cannot be read");
        assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7561"), "{denied}");
    }
    vendors.control(json!({ "clear": true }));
    vendors.control(json!({ "token": "another" }));
    assert_eq!(sink.check().await.expect_err("it expired").code, "OP-7561");
    vendors.control(json!({ "token": TOKEN }));
    for more in [json!({ "priority_field": "f".repeat(40) }), json!({ "priorities": { "urgent": 99 } })] {
        let error = subject::build(&vendors, TOKEN, &more).check().await.expect_err("a wrong configuration");
        assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "OP-7562"), "{more}");
    }
    let writes = ["POST", "PUT", "PATCH", "DELETE"].map(|method| vendors.count(method, "/pipedrive/"));
    assert_eq!(writes, [0; 4], "a check writes nothing");
}

#[tokio::test]
async fn a_right_denied_in_the_middle_changes_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Priority, "denied", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    vendors.control(json!({ "deny": "^PATCH" }));
    let failed = sink.deliver(&write, None).await.expect_err("denied");
    assert_eq!((failed.error.kind, failed.error.code, failed.fate), (ErrorKind::Transient, "OP-7561", Fate::NotDone));
    let Look::Present { image, .. } = sink.look(&write, None).await.expect("a look") else { panic!("it is there") };
    assert_eq!(image, json!({ PRIORITY: null }));
    vendors.control(json!({ "clear": true }));
    sink.deliver(&write, None).await.expect("it is delivered");
    let back = back(&*sink, &write, &action.record, Some(&image));
    sink.deliver(&back, None).await.expect("it is taken back");
    assert!(shows(&image, &sink.look(&back, None).await.expect("a look")));
}

#[tokio::test]
async fn a_deleted_deal_is_none() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    vendors.ask("DELETE", &format!("/pipedrive/api/v2/{record}"), &Value::Null);
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let action = action(kind, "gone", &record);
        let write = write(&*sink, &action);
        let error = sink.look(&write, None).await.expect_err("it is gone");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7565"), "{kind}");
    }
}

#[tokio::test]
async fn what_is_not_pipedrive_is_not_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    for (path, body) in [
        ("notes", json!("Please sign in to continue")),
        ("notes", json!({ "success": false, "data": null })),
        ("notes", json!({ "data": null })),
        ("notes", json!({ "success": true })),
        ("notes", json!({ "success": true, "data": {} })),
        ("notes", json!({ "success": true, "data": [{ "id": 1 }] })),
        ("notes", json!({ "success": true, "data": [], "additional_data": { "next_cursor": "again" } })),
        ("deals", json!({ "success": true, "data": null })),
        ("deals", json!({})),
    ] {
        let action = action(ActionKind::Note, "strange", &record);
        let write = write(&*sink, &action);
        vendors.fault(&format!("^GET /pipedrive/.*{path}"), json!({ "status": 200, "body": body }));
        let error = sink.look(&write, None).await.expect_err("this says nothing of notes");
        assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7566"), "{path} {body}");
    }
}

#[tokio::test]
async fn a_foreign_404_or_another_place_says_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "foreign", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    vendor_mishaps::say_nothing(&vendors, "pipedrive", &*sink, &write, &[], "1", "OP-7560").await;
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_proves_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    let id: u64 = record.split('/').nth(1).and_then(|id| id.parse().ok()).expect("a number");
    for number in 0..500 {
        vendors.ask("POST", "/pipedrive/v1/notes", &json!({ "content": format!("note {number}"), "deal_id": id }));
    }
    let action = action(ActionKind::Note, "moving", &record);
    let write = write(&*sink, &action);
    sink.deliver(&write, None).await.expect("it is delivered");
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
    // As if one of the first had been deleted after they were read: what comes next begins one later.
    let page = json!({ "pagination": { "start": 499, "limit": 500, "more_items_in_collection": false } });
    let moved = json!({ "success": true, "data": null, "additional_data": page });
    let first = vendors.ask("GET", &format!("/pipedrive/v1/notes?deal_id={id}&limit=500"), &Value::Null);
    for body in [first, moved] {
        vendors.fault("^GET /pipedrive/api/v1/notes$", json!({ "status": 200, "body": body }));
    }
    let error = sink.look(&write, None).await.expect_err("one may have slipped through");
    assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7566"));
}

#[tokio::test]
async fn a_record_with_too_many_notes_is_for_a_person() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "crowd", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    let page: Vec<Value> = (0..500).map(|_| json!({ "id": 7, "content": "of another" })).collect();
    let more = json!({ "pagination": { "more_items_in_collection": true, "next_start": 500 } });
    let endless = json!({ "success": true, "data": page, "additional_data": more });
    vendors.fault("^GET /pipedrive/api/v1/notes$", json!({ "status": 200, "body": endless, "count": -1 }));
    let Look::Unknown { why } = sink.look(&write, None).await.expect("a look") else { panic!("who could know") };
    assert!(why.contains("more than 5000 of them") && why.contains("`crowd`"), "{why}");
    assert_eq!(vendors.count("GET", "/v1/notes"), 10);
}

#[tokio::test]
async fn an_activity_has_the_owner_that_was_named() {
    let vendors = Vendors::start();
    let sink = subject::build(&vendors, TOKEN, &json!({ "owner": 77, "activity_type": "call" }));
    let action = action(ActionKind::Task, "owner", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    sink.deliver(&write, None).await.expect("it is delivered");
    assert_eq!((&write.expect["owner_id"], &write.expect["type"]), (&json!(77), &json!("call")));
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_is_sent() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let fits = |kind| action(kind, "fit", "deals/1");
    let mut all = vec![
        Action { record: "persons/1".to_owned(), ..fits(ActionKind::Priority) },
        Action { value: Some("urgent".to_owned()), ..fits(ActionKind::Task) },
        Action { title: " \n".to_owned(), ..fits(ActionKind::Task) },
        Action { fields: [("title".to_owned(), "x".to_owned())].into(), ..fits(ActionKind::Priority) },
    ];
    for value in [None, Some(""), Some("urgent"), Some("13")] {
        all.push(Action { value: value.map(str::to_owned), ..fits(ActionKind::Priority) });
    }
    for name in ["content", "deal_id", "person_id", "Not A Name", "a\"b", ""] {
        all.push(Action { fields: [(name.to_owned(), "1".to_owned())].into(), ..fits(ActionKind::Note) });
    }
    for action in all {
        let error = sink.preview(&action).expect_err("it does not fit");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7565"), "{action:?}");
    }
    let fields = [("pinned_to_deal_flag".to_owned(), "1".to_owned()), ("user".to_owned(), "007".to_owned())].into();
    let planned = sink.preview(&Action { fields, ..fits(ActionKind::Note) }).expect("a plan");
    assert!(planned.call.body.contains(r#""pinned_to_deal_flag":1"#) && planned.call.body.contains(r#""user":"007""#));
    assert_eq!(vendors.log().len(), 0);
}
