//! Salesforce's own ways: tokens, keys, limits, rights, conditions.

use crate::subject::{self, SECRET, action, record, sink, write};
use crate::vendor_mishaps;
use crate::vendors::Vendors;
use opspilot_sdk::conformance::back;
use opspilot_sdk::{Action, ActionKind, ErrorKind, Fate, Look, Repeat, shows};
use serde_json::{Value, json};
use std::time::Duration;

const TASKS: &str = "/salesforce/services/data/v62.0/sobjects/Task";

#[tokio::test]
async fn tasks_hang_on_records_of_every_kind() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    for object in ["Case", "Lead", "Opportunity", "Contact", "Account"] {
        let record = record(&vendors, object);
        // The short form names the same record.
        for (kind, id) in [(ActionKind::Note, record.as_str()), (ActionKind::Task, &record[..15])] {
            let mut action = action(kind, &format!("{kind}-{object}"), id);
            if kind == ActionKind::Task {
                action.value = Some("Low".to_owned());
                action.due = "2026-12-01".parse().ok();
            }
            let write = write(&*sink, &action);
            assert_eq!(sink.look(&write, None).await.expect("a look"), Look::Absent);
            let done = sink.deliver(&write, None).await.expect("it is delivered");
            for id in [None, done.id.as_deref()] {
                let look = sink.look(&write, id).await.expect("a look");
                assert!(shows(&write.expect, &look), "{object} {kind}: {look:?} {}", write.expect);
            }
            let task = vendors.kept("salesforce", "Task")[done.id.as_deref().expect("an id")].clone();
            let (status, day) =
                if kind == ActionKind::Note { ("Completed", "2026-11-21") } else { ("Not Started", "2026-12-01") };
            assert_eq!((&task["Status"], &task["ActivityDate"]), (&json!(status), &json!(day)));
        }
    }
}

#[tokio::test]
async fn a_token_that_expired_is_fetched_anew_once() {
    let vendors = Vendors::start();
    for (more, path) in [
        (json!({}), "client_credentials"),
        (json!({ "refresh_token_file": "refresh", "client_secret_file": null }), "refresh_token"),
    ] {
        let sink = subject::build(&vendors, SECRET, &more);
        let action = action(ActionKind::Note, &format!("expired-{path}"), &record(&vendors, "Case"));
        let write = write(&*sink, &action);
        assert_eq!(sink.look(&write, None).await.expect("a look"), Look::Absent);
        let (signed_in, sent) = (vendors.count("POST", "/oauth2/token"), vendors.count("POST", TASKS));
        // It expires in the middle of the run.
        vendors.fault(&format!("^POST {TASKS}"), json!({ "status": 401 }));
        sink.deliver(&write, None).await.expect("it is delivered");
        let counts = (vendors.count("POST", "/oauth2/token") - signed_in, vendors.count("POST", TASKS) - sent);
        assert_eq!(counts, (1, 2));
        let forms: Vec<Value> =
            vendors.log().into_iter().filter(|one| one["path"] == "/salesforce/services/oauth2/token").collect();
        let form = forms.last().and_then(|one| one["body"].as_str()).expect("a form");
        assert!(form.contains(&format!("grant_type={path}")), "{form}");
        // Refused for ever, it is asked twice and no more.
        vendors.fault(&format!("^GET {TASKS}"), json!({ "status": 401, "count": 2 }));
        let before = vendors.count("GET", TASKS);
        let error = sink.look(&write, Some("00T000000000001")).await.expect_err("it stays refused");
        assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7551"));
        assert_eq!(vendors.count("GET", TASKS) - before, 2);
    }
    assert_eq!(vendors.kept("salesforce", "Task").len(), 2);
}

#[tokio::test]
async fn many_who_want_a_token_fetch_one() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Priority, "many", &record(&vendors, "Case"));
    let write = write(&*sink, &action);
    let (one, two, three, four) = tokio::join!(
        sink.look(&write, None),
        sink.look(&write, None),
        sink.look(&write, None),
        sink.look(&write, None)
    );
    assert!([one, two, three, four].iter().all(Result::is_ok));
    assert_eq!(vendors.count("POST", "/oauth2/token"), 1);
}

#[tokio::test]
async fn credentials_that_are_void_or_lead_elsewhere() {
    let vendors = Vendors::start();
    let void = json!({ "refresh_token_file": "revoked", "client_secret_file": null });
    let error = subject::build(&vendors, SECRET, &void).check().await.expect_err("it is void");
    assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7551"));
    assert!(error.message.contains("invalid_grant"), "{error}");
    let elsewhere = json!({ "access_token": "t", "instance_url": "https://eu5.example.org", "token_type": "Bearer" });
    vendors.fault("/oauth2/token", json!({ "status": 200, "body": elsewhere }));
    let error = sink(&vendors).check().await.expect_err("it is elsewhere");
    assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "OP-7559"));
    assert!(error.message.contains("https://eu5.example.org"), "{error}");
    // A token that cannot be had is no call that may have been done.
    let action = action(ActionKind::Note, "no-token", "500000000001001");
    let write = write(&*sink(&vendors), &action);
    for fault in [json!({ "status": 500 }), json!({ "cut": true })] {
        vendors.fault("/oauth2/token", fault);
        let failed = sink(&vendors).deliver(&write, None).await.expect_err("no token");
        assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Transient, Fate::NotDone));
    }
    vendors.fault("/oauth2/token", json!({ "status": 200, "body": "Please sign in" }));
    let error = sink(&vendors).check().await.expect_err("this is no token");
    assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7556"));
}

#[tokio::test]
async fn too_many_requests_are_a_403() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "limit", &record(&vendors, "Case"));
    let write = write(&*sink, &action);
    vendors.control(json!({ "quota": 0 }));
    let failed = sink.deliver(&write, None).await.expect_err("too many");
    assert_eq!((failed.error.kind, failed.error.code, failed.fate), (ErrorKind::RateLimited, "OP-7553", Fate::NotDone));
    assert_eq!(failed.error.retry_after, Some(Duration::from_secs(900)));
    assert_eq!(vendors.count("POST", "/oauth2/token"), 1, "a new token would not help");
    assert_eq!(vendors.kept("salesforce", "Task").len(), 0);
}

#[tokio::test]
async fn with_a_key_a_repeat_is_the_same_task() {
    let vendors = Vendors::start();
    let sink = subject::build(&vendors, SECRET, &json!({ "key_field": "OpsPilot_Key__c" }));
    assert_eq!(sink.manner().repeat, Repeat::Keyed);
    let action = action(ActionKind::Note, "again", &record(&vendors, "Case"));
    let write = write(&*sink, &action);
    // Something on the way repeats the request, and the answer comes twice.
    vendors.fault(&format!("^PATCH {TASKS}"), json!({ "twice": "work" }));
    vendors.fault(&format!("^PATCH {TASKS}"), json!({ "twice": "answer" }));
    sink.deliver(&write, None).await.expect("it is delivered");
    sink.deliver(&write, None).await.expect("it is delivered");
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
    assert_eq!(vendors.kept("salesforce", "Task").len(), 1);
    // Ours, whose answer was lost, is still being carried out.
    let body = json!([{ "errorCode": "DUPLICATE_VALUE", "message": "duplicate value found" }]);
    vendors.fault(&format!("^PATCH {TASKS}"), json!({ "status": 400, "body": body }));
    let failed = sink.deliver(&write, None).await.expect_err("not now");
    assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Transient, Fate::Unknown));
}

#[tokio::test]
async fn without_a_key_of_two_the_older_counts() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "again", &record(&vendors, "Case"));
    let write = write(&*sink, &action);
    vendors.fault(&format!("^POST {TASKS}"), json!({ "twice": "work" }));
    sink.deliver(&write, None).await.expect("it is delivered");
    let tasks = vendors.kept("salesforce", "Task");
    let older = tasks.keys().min().expect("two");
    let Look::Present { id, .. } = sink.look(&write, None).await.expect("a look") else { panic!("it is there") };
    assert_eq!((tasks.len(), &id), (2, older));
}

#[tokio::test]
async fn a_change_upon_another_one_is_refused_unless_it_was_ours() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Priority, "condition", &record(&vendors, "Case"));
    let write = write(&*sink, &action);
    let Look::Present { version, .. } = sink.look(&write, None).await.expect("a look") else { panic!("it is there") };
    assert!(version.is_some_and(|version| version.ends_with(" GMT")));
    // The look was long ago; the case was changed since.
    let long_ago = Some("Sat, 21 Nov 2020 12:00:00 GMT");
    let failed = sink.deliver(&write, long_ago).await.expect_err("it was changed");
    assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Transient, Fate::NotDone));
    let Look::Present { image, .. } = sink.look(&write, None).await.expect("a look") else { panic!("it is there") };
    assert_eq!(image, json!({ "Priority": null }));
    sink.deliver(&write, None).await.expect("it is delivered");
    let said = sink.deliver(&write, long_ago).await.expect("it was so already").said;
    assert_eq!(said, "the record was so already");
    let back = back(&*sink, &write, &action.record, Some(&image));
    sink.deliver(&back, None).await.expect("it is taken back");
    assert!(shows(&image, &sink.look(&back, None).await.expect("a look")));
}

#[tokio::test]
async fn rights_that_are_missing_or_wide() {
    let vendors = Vendors::start();
    let with_key = || subject::build(&vendors, SECRET, &json!({ "key_field": "OpsPilot_Key__c" }));
    let rights = |rights: Value| vendors.control(json!({ "rights": { "salesforce": rights } }));
    assert_eq!(with_key().check().await.expect("good rights"), []);
    rights(json!({ "scope": "id refresh_token" }));
    let error = with_key().check().await.expect_err("no interface");
    assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7551"));
    rights(json!({ "scope": "api web full", "permissions": { "PermissionsModifyAllData": true } }));
    let cautions = with_key().check().await.expect("it goes on");
    assert_eq!(cautions.iter().map(|caution| caution.code).collect::<Vec<_>>(), ["OP-7557"]);
    for word in ["`web`", "`full`", "`ModifyAllData`"] {
        assert!(cautions[0].message.contains(word), "{cautions:?}");
    }
    rights(json!({ "scope": "api", "permissions": {}, "denied": ["Task.delete"] }));
    let cautions = with_key().check().await.expect("it goes on");
    assert_eq!(cautions.iter().map(|caution| caution.code).collect::<Vec<_>>(), ["OP-7558"]);
    for denied in ["Task.create", "Task.Description", "Task.WhoId", "Case.update", "Opportunity.update"] {
        rights(json!({ "denied": [denied] }));
        let error = with_key().check().await.expect_err(denied);
        assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7551"), "{denied}");
    }
    for denied in ["Task.OpsPilot_Key__c", "Case.Priority"] {
        rights(json!({ "denied": [denied] }));
        let error = with_key().check().await.expect_err(denied);
        assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "OP-7552"), "{denied}");
    }
    rights(json!({ "denied": [] }));
    for more in [
        json!({ "key_field": "Subject__c" }),
        json!({ "note_status": "Done" }),
        json!({ "priorities": ["Urgent"] }),
        json!({ "priority_fields": { "Case": "No_Such__c" } }),
    ] {
        let error = subject::build(&vendors, SECRET, &more).check().await.expect_err("a wrong configuration");
        assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "OP-7552"), "{more}");
    }
    assert_eq!(vendors.count("POST", "/sobjects") + vendors.count("PATCH", ""), 0, "a check writes nothing");
}

#[tokio::test]
async fn a_right_denied_in_the_middle_changes_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Priority, "denied", &record(&vendors, "Case"));
    let write = write(&*sink, &action);
    let before = sink.look(&write, None).await.expect("a look");
    vendors.control(json!({ "deny": "^PATCH" }));
    let failed = sink.deliver(&write, None).await.expect_err("denied");
    assert_eq!((failed.error.kind, failed.error.code, failed.fate), (ErrorKind::Rejected, "OP-7551", Fate::NotDone));
    vendors.control(json!({ "clear": true }));
    // Of this record alone: the sink goes on.
    vendors.control(json!({ "rights": { "salesforce": { "denied": ["Case.update"] } } }));
    let failed = sink.deliver(&write, None).await.expect_err("denied");
    assert_eq!((failed.error.kind, failed.error.code, failed.fate), (ErrorKind::Rejected, "OP-7552", Fate::NotDone));
    assert_eq!(sink.look(&write, None).await.expect("a look"), before);
}

#[tokio::test]
async fn what_is_not_salesforce_is_not_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "Case");
    let action = action(ActionKind::Note, "strange", &record);
    let write = write(&*sink, &action);
    for (path, body) in [
        ("query", json!("Please sign in to continue")),
        ("query", json!({ "records": [] })),
        ("query", json!({ "done": true })),
        ("query", json!({ "records": [{}], "done": false, "nextRecordsUrl": "https://evil.example/x" })),
        ("query", json!({ "records": [], "done": false, "nextRecordsUrl": "/services/data/v62.0/query/01g-2000" })),
        ("sobjects/Case", json!({ "Id": "500000000999999AAA" })),
        ("sobjects/Case", json!({})),
    ] {
        vendors.fault(&format!("^GET /salesforce/.*{path}"), json!({ "status": 200, "body": body }));
        let error = sink.look(&write, None).await.expect_err("this says nothing of notes");
        assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7556"), "{path} {body}");
    }
    // A list in two parts is read to its end.
    let first = json!({ "records": [{ "Id": "00T000000000001EAA" }], "done": false, "nextRecordsUrl": "/services/data/v62.0/query/01g-2000" });
    vendors.fault("^GET /salesforce/.*query$", json!({ "status": 200, "body": first }));
    let last = json!({ "records": [], "done": true });
    vendors.fault("^GET /salesforce/.*query/01g-2000$", json!({ "status": 200, "body": last }));
    assert_eq!(sink.look(&write, None).await.expect("a look"), Look::Absent);
    assert_eq!(vendors.count("GET", "query/01g-2000"), 1);
}

#[tokio::test]
async fn a_foreign_404_or_another_place_says_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "foreign", &record(&vendors, "Case"));
    let write = write(&*sink, &action);
    vendor_mishaps::say_nothing(&vendors, "salesforce", &*sink, &write, &[], "00T000000001001", "OP-7550").await;
}

#[tokio::test]
async fn a_record_with_too_many_tasks_is_for_a_person() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "crowd", &record(&vendors, "Case"));
    let write = write(&*sink, &action);
    let page: Vec<Value> = (0..2000).map(|_| json!({ "Id": "00T000000000001EAA", "Description": "x" })).collect();
    let endless = json!({ "records": page, "done": false, "nextRecordsUrl": "/services/data/v62.0/query/01g-2000" });
    vendors.fault("^GET /salesforce/.*query", json!({ "status": 200, "body": endless, "count": -1 }));
    let Look::Unknown { why } = sink.look(&write, None).await.expect("a look") else { panic!("who could know") };
    assert!(why.contains("more than 5000 tasks") && why.contains("`key_field`"), "{why}");
    assert_eq!(vendors.count("GET", "/query"), 3);
}

#[tokio::test]
async fn mapped_fields_come_back_as_what_was_written() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let mut action = action(ActionKind::Task, "mapped", &record(&vendors, "Case"));
    action.fields = [("Brief_Id__c".to_owned(), "b-7".to_owned())].into();
    let write = write(&*sink, &action);
    sink.deliver(&write, None).await.expect("it is delivered");
    assert_eq!(write.expect["Brief_Id__c"], "b-7");
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
    // A number that was written as a text is told as a number.
    let told = json!({ "Id": "00T000000000001EAA", "Brief_Id__c": 7.0, "LastModifiedDate": null });
    vendors.fault("^GET /salesforce/.*sobjects/Task/", json!({ "status": 200, "body": told }));
    let look = sink.look(&write, Some("00T000000000001")).await.expect("a look");
    let Look::Present { image, .. } = look else { panic!("it is there") };
    assert_eq!(image["Brief_Id__c"], "7");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_is_sent() {
    let vendors = Vendors::start();
    let sink = subject::build(&vendors, SECRET, &json!({ "key_field": "OpsPilot_Key__c", "priorities": ["High"] }));
    let fits = |kind| action(kind, "fit", "500000000001001");
    let mut all = vec![
        Action { text: "x".repeat(32_000), ..fits(ActionKind::Note) },
        Action { title: " \n".to_owned(), ..fits(ActionKind::Task) },
        Action { value: Some("a\nb".to_owned()), ..fits(ActionKind::Task) },
        Action { record: "003000000001001".to_owned(), ..fits(ActionKind::Priority) },
        Action { fields: [("Subject".to_owned(), "x".to_owned())].into(), ..fits(ActionKind::Priority) },
    ];
    for value in [None, Some(""), Some("Low"), Some("high")] {
        all.push(Action { value: value.map(str::to_owned), ..fits(ActionKind::Priority) });
    }
    for name in ["Subject", "whatid", "OPSPILOT_KEY__C", "a b", "a\"b", "", "1a"] {
        all.push(Action { fields: [(name.to_owned(), "1".to_owned())].into(), ..fits(ActionKind::Note) });
    }
    for action in all {
        let error = sink.preview(&action).expect_err("it does not fit");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7555"), "{action:?}");
    }
    let fields = [("Channel__c".to_owned(), "web".to_owned())].into();
    let planned = sink.preview(&Action { fields, ..fits(ActionKind::Note) }).expect("a plan");
    assert!(planned.call.body.contains(r#""Channel__c":"web""#));
    assert_eq!(vendors.log().len(), 0);
}
