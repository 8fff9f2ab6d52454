//! HubSpot's own ways: limits, rights, text, lists that are long, a search that lags.

use crate::subject::{self, action, record, sink, write};
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::conformance::back;
use opspilot_sdk::{ActionKind, ErrorKind, Fate, Look, shows};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_note_is_text_hung_on_its_record() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    for (object, association) in [("contacts", 202), ("companies", 190), ("deals", 214)] {
        let record = record(&vendors, object);
        let action = action(ActionKind::Note, &format!("note-{object}"), &record);
        let write = write(&*sink, &action);
        let body: Value = serde_json::from_str(&write.call.body).expect("JSON");
        assert_eq!(
            body["properties"]["hs_note_body"],
            format!("Asks for a boiler &amp; a &lt;b&gt;price&lt;/b&gt;.<br><br>OpsPilot note-{object}")
        );
        assert_eq!(body["associations"][0]["types"][0]["associationTypeId"], association);
        let done = sink.deliver(&write, None).await.expect("it is delivered");
        let kept = vendors.kept("hubspot", "notes");
        let note = &kept[done.id.as_deref().expect("an id")];
        assert_eq!(note["associations"][object][0].as_str(), record.split('/').nth(1));
        assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
    }
}

#[tokio::test]
async fn a_note_is_found_while_search_lags() {
    let vendors = Vendors::start();
    vendors.control(json!({ "lag_secs": 3600 }));
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "lag-1", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    vendors.fault("POST /hubspot/crm/v3/objects/notes$", json!({ "cut": true, "after": true }));
    let lost = sink.deliver(&write, None).await.expect_err("the answer is lost");
    assert_eq!((lost.error.kind, lost.fate), (ErrorKind::Transient, Fate::Unknown));
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
    // That search would not have found it is what this test is worth.
    let by_word = json!({ "filterGroups": [{ "filters": [
        { "propertyName": "hs_note_body", "operator": "CONTAINS_TOKEN", "value": "lag-1" },
    ] }] });
    let search = |wanted: &Value| vendors.ask("POST", "/hubspot/crm/v3/objects/notes/search", wanted)["total"].clone();
    assert_eq!(search(&by_word), 0);
    vendors.control(json!({ "index": true }));
    assert_eq!(search(&by_word), 1);
    assert_eq!(vendors.count("POST", "/notes"), 4, "one note, one batch read, two searches of this test");
}

#[tokio::test]
async fn a_request_that_was_repeated_on_the_way_is_one_note_for_us() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "again", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    vendors.fault("POST /hubspot/crm/v3/objects/notes$", json!({ "twice": "work" }));
    sink.deliver(&write, None).await.expect("it is delivered");
    let ids: Vec<u64> = vendors.kept("hubspot", "notes").keys().filter_map(|id| id.parse().ok()).collect();
    assert_eq!(ids.len(), 2);
    // Always the same of the two: the older.
    let Look::Present { id, .. } = sink.look(&write, None).await.expect("a look") else { panic!("it is there") };
    assert_eq!(Some(id.parse().expect("a number")), ids.iter().min().copied());
}

#[tokio::test]
async fn an_answer_that_comes_twice_is_one_answer() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    vendors.fault("POST /hubspot/crm/v3/objects/notes$", json!({ "twice": "answer", "count": -1 }));
    for key in ["answer-1", "answer-2"] {
        let action = action(ActionKind::Note, key, &record);
        let write = write(&*sink, &action);
        let done = sink.deliver(&write, None).await.expect("it is delivered");
        let Look::Present { id, .. } = sink.look(&write, None).await.expect("a look") else { panic!("it is there") };
        assert_eq!(done.id, Some(id));
    }
    assert_eq!(vendors.kept("hubspot", "notes").len(), 2);
}

#[tokio::test]
async fn its_limits_say_how_long() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "limit", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    vendors.control(json!({ "quota": 0 }));
    let failed = sink.deliver(&write, None).await.expect_err("too many");
    assert_eq!((failed.error.kind, failed.error.code, failed.fate), (ErrorKind::RateLimited, "OP-7543", Fate::NotDone));
    assert_eq!(failed.error.retry_after, Some(Duration::from_secs(10)));
    vendors.control(json!({ "clear": true }));
    let daily = json!({ "status": "error", "message": "daily", "policyName": "DAILY", "category": "RATE_LIMITS" });
    vendors.fault("POST", json!({ "status": 429, "body": daily }));
    let failed = sink.deliver(&write, None).await.expect_err("too many");
    assert_eq!(failed.error.retry_after, Some(Duration::from_secs(3600)));
    assert_eq!(vendors.kept("hubspot", "notes").len(), 0);
}

#[tokio::test]
async fn rights_that_are_missing_wide_or_untold() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    assert_eq!(sink.check().await.expect("good rights"), []);
    let rights = |scopes: Value| vendors.control(json!({ "rights": { "hubspot": { "scopes": scopes } } }));
    let good = ["companies", "contacts", "deals"]
        .iter()
        .flat_map(|kind| [format!("crm.objects.{kind}.read"), format!("crm.objects.{kind}.write")])
        .collect::<Vec<_>>();
    rights(json!(good[1..]));
    let error = sink.check().await.expect_err("too little");
    assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7541"));
    assert!(error.message.contains("crm.objects.companies.read"), "{error}");
    let wide: Vec<&str> = good.iter().map(String::as_str).chain(["settings.users.write", "files"]).collect();
    rights(json!(wide));
    let cautions = sink.check().await.expect("it goes on");
    assert_eq!(cautions.iter().map(|caution| caution.code).collect::<Vec<_>>(), ["OP-7547"]);
    assert!(cautions[0].message.contains("files, settings.users.write"), "{cautions:?}");
    rights(Value::Null);
    let cautions = sink.check().await.expect("it goes on");
    assert_eq!(cautions.iter().map(|caution| caution.code).collect::<Vec<_>>(), ["OP-7548"]);
    // What the scopes promise is not what is: reading is tried.
    vendors.control(json!({ "deny": "GET /hubspot/crm/v3/objects/tasks" }));
    let error = sink.check().await.expect_err("tasks cannot be read");
    assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7541"));
    vendors.control(json!({ "clear": true }));
    for (more, word) in [
        (json!({ "priority_property": "no_such_property" }), "no_such_property"),
        (json!({ "priorities": ["urgent"] }), "`urgent`"),
    ] {
        let error = subject::build(&vendors, TOKEN, &more).check().await.expect_err("a wrong configuration");
        assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "OP-7542"));
        assert!(error.message.contains(word), "{error}");
    }
    assert_eq!(vendors.count("POST", "/crm/v3/objects"), 0, "a check writes nothing");
}

#[tokio::test]
async fn a_scope_denied_in_the_middle_changes_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Priority, "denied", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    vendors.control(json!({ "deny": "^PATCH" }));
    let failed = sink.deliver(&write, None).await.expect_err("denied");
    assert_eq!(
        (failed.error.kind, failed.error.code, failed.fate),
        (ErrorKind::Unauthorised, "OP-7541", Fate::NotDone)
    );
    let Look::Present { image, .. } = sink.look(&write, None).await.expect("a look") else { panic!("it is there") };
    assert_eq!(image, json!({ "hs_priority": null }));
    vendors.control(json!({ "clear": true }));
    sink.deliver(&write, None).await.expect("it is delivered");
    // And back to nothing, which HubSpot takes as an empty text and tells as null.
    let back = back(&*sink, &write, &action.record, Some(&image));
    assert_eq!(back.expect, image);
    sink.deliver(&back, None).await.expect("it is taken back");
    assert!(shows(&back.expect, &sink.look(&back, None).await.expect("a look")));
}

#[tokio::test]
async fn one_note_among_hundreds_is_found() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "contacts");
    let id = record.split('/').nth(1).expect("a number");
    let note = |text: String| {
        let link = json!({
            "to": { "id": id },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202 }],
        });
        let properties = json!({ "hs_timestamp": "2026-11-21T12:00:00Z", "hs_note_body": text });
        let body = json!({ "properties": properties, "associations": [link] });
        vendors.ask("POST", "/hubspot/crm/v3/objects/notes", &body);
    };
    (0..520).for_each(|number| note(format!("OpsPilot many-{number}<br>, says a person")));
    let action = action(ActionKind::Note, "many-7", &record);
    let write = write(&*sink, &action);
    assert_eq!(sink.look(&write, None).await.expect("a look"), Look::Absent);
    let done = sink.deliver(&write, None).await.expect("it is delivered");
    // Another program copies it later, with as much in between as is read at once.
    (0..120).for_each(|number| note(format!("between {number}")));
    note(opspilot_sdk::plain::html(&opspilot_sdk::plain::marked(&action.text, "many-7")));
    let look = sink.look(&write, None).await.expect("a look");
    assert!(shows(&write.expect, &look));
    let Look::Present { id, .. } = look else { panic!("it is there") };
    assert_eq!(done.id, Some(id));
}

#[tokio::test]
async fn what_is_not_hubspot_is_not_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let action = action(kind, "strange", &record);
        let write = write(&*sink, &action);
        vendors.fault("GET /hubspot/crm/", json!({ "status": 200, "body": "Please sign in to continue" }));
        let error = sink.look(&write, None).await.expect_err("this says nothing of notes");
        assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7546"), "{kind}");
        if kind != ActionKind::Priority {
            let endless = json!({ "results": [], "paging": { "next": { "after": "again" } } });
            vendors.fault("GET /hubspot/crm/v4", json!({ "status": 200, "body": endless, "count": -1 }));
            let error = sink.look(&write, None).await.expect_err("it never ends");
            assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7546"), "{kind}");
            vendors.control(json!({ "clear": true }));
        }
    }
}

#[tokio::test]
async fn a_record_that_was_merged_is_another_record() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Priority, "merged", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    let elsewhere = json!({ "id": "4242", "properties": { "hs_priority": "low" } });
    vendors.fault("GET /hubspot/crm/v3/objects/deals/", json!({ "status": 200, "body": elsewhere }));
    let error = sink.look(&write, None).await.expect_err("another record");
    assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7545"));
    assert!(error.message.contains("deals/4242"), "{error}");
}

#[tokio::test]
async fn a_list_with_gaps_proves_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "gaps", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    sink.deliver(&write, None).await.expect("it is delivered");
    let gaps = |category: &str| {
        let errors = json!([{ "status": "error", "category": category, "message": "could not get some" }]);
        let body = json!({ "status": "COMPLETE", "results": [], "numErrors": 1, "errors": errors });
        vendors.fault("/notes/batch/read$", json!({ "status": 207, "body": body }));
    };
    gaps("INTERNAL_ERROR");
    let error = sink.look(&write, None).await.expect_err("some were not told");
    assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7546"));
    gaps("OBJECT_NOT_FOUND");
    assert_eq!(sink.look(&write, None).await.expect("a look"), Look::Absent);
    // Archived, it is listed among those of the deal and told as gone.
    let note = vendors.kept("hubspot", "notes").keys().next().cloned().expect("a note");
    vendors.ask("DELETE", &format!("/hubspot/crm/v3/objects/notes/{note}"), &Value::Null);
    assert_eq!(sink.look(&write, None).await.expect("a look"), Look::Absent);
    assert!(vendors.log().iter().any(|one| one["status"] == 207));
}

#[tokio::test]
async fn a_foreign_404_or_another_place_says_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "foreign", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    vendor_mishaps::say_nothing(&vendors, "hubspot", &*sink, &write, &[], "1", "OP-7540").await;
}

#[tokio::test]
async fn a_record_with_too_many_notes_is_for_a_person() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "crowd", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    let page: Vec<Value> = (0..501).map(|id| json!({ "toObjectId": id })).collect();
    let endless = json!({ "results": page, "paging": { "next": { "after": "again" } } });
    vendors.fault("/associations/notes$", json!({ "status": 200, "body": endless, "count": -1 }));
    let Look::Unknown { why } = sink.look(&write, None).await.expect("a look") else { panic!("who could know") };
    assert!(why.contains("more than 5000 notes") && why.contains("`crowd`"), "{why}");
    assert_eq!(vendors.count("GET", "/associations/notes"), 10);
}

#[tokio::test]
async fn what_is_written_has_the_owner_that_was_named() {
    let vendors = Vendors::start();
    let sink = subject::build(&vendors, TOKEN, &json!({ "owner": 77 }));
    let record = record(&vendors, "deals");
    for kind in [ActionKind::Note, ActionKind::Task] {
        let action = action(kind, &format!("owner-{kind}"), &record);
        let write = write(&*sink, &action);
        sink.deliver(&write, None).await.expect("it is delivered");
        assert_eq!(write.expect["hubspot_owner_id"], "77");
        assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
    }
}

#[tokio::test]
async fn a_moment_is_one_however_it_is_written() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    let at: jiff::Timestamp = "2026-11-21T12:00:07.987654321Z".parse().expect("a time");
    for kind in [ActionKind::Note, ActionKind::Task] {
        let action = opspilot_sdk::Action { at, ..action(kind, &format!("moment-{kind}"), &record) };
        let write = write(&*sink, &action);
        let body: Value = serde_json::from_str(&write.call.body).expect("JSON");
        assert_eq!(body["properties"]["hs_timestamp"], "2026-11-21T12:00:07Z");
        let id = sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id");
        let kept = vendors.kept("hubspot", if kind == ActionKind::Note { "notes" } else { "tasks" });
        assert_eq!(kept[&id]["properties"]["hs_timestamp"], "2026-11-21T12:00:07.000Z", "as HubSpot writes it");
        assert!(shows(&write.expect, &sink.look(&write, Some(&id)).await.expect("a look")));
        for (other, is_same) in
            [("1795262407123", true), ("2026-11-21T13:00:07.5+01:00", true), ("1795262408000", false)]
        {
            let path = format!("/hubspot/crm/v3/objects/{kind}s/{id}");
            vendors.ask("PATCH", &path, &json!({ "properties": { "hs_timestamp": other } }));
            assert_eq!(shows(&write.expect, &sink.look(&write, Some(&id)).await.expect("a look")), is_same, "{other}");
        }
    }
}

#[tokio::test]
async fn the_account_is_part_of_what_is_approved() {
    let vendors = Vendors::start();
    let of = |portal: Value| subject::build(&vendors, TOKEN, &json!({ "portal": portal }));
    let (home, away, any) = (of(json!(4711)), of(json!(4712)), of(Value::Null));
    assert_eq!(home.check().await.expect("the token is of it"), []);
    let error = away.check().await.expect_err("another account");
    assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "OP-7541"));
    assert!(error.message.contains("account 4711") && error.message.contains("`portal` is 4712"), "{error}");
    let record = record(&vendors, "deals");
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let action = action(kind, &format!("home-{kind}"), &record);
        let [ours, theirs, anyones] = [&home, &away, &any].map(|sink| write(&**sink, &action));
        assert_eq!(ours.call, theirs.call);
        assert!(ours.expect != theirs.expect && theirs.expect != anyones.expect && ours.expect != anyones.expect);
        // Neither by a sink for another account, nor by one that is for any.
        for sink in [&away, &any] {
            let failed = sink.deliver(&ours, None).await.expect_err("another account");
            assert_eq!(
                (failed.error.kind, failed.error.code, failed.fate),
                (ErrorKind::Rejected, "OP-7545", Fate::NotDone)
            );
        }
        let failed = away.deliver(&theirs, None).await.expect_err("the token is of another account");
        assert_eq!((failed.error.kind, failed.fate), (ErrorKind::Misconfigured, Fate::NotDone));
        assert_eq!(away.look(&theirs, None).await.expect_err("the same").code, "OP-7541");
        let before = home.look(&ours, None).await.expect("a look");
        let id = home.deliver(&ours, None).await.expect("it is delivered").id.expect("an id");
        assert!(shows(&ours.expect, &home.look(&ours, Some(&id)).await.expect("a look")));
        let image = match &before {
            Look::Present { image, .. } => Some(image),
            _ => None,
        };
        let undo = back(&*home, &ours, &id, image);
        home.deliver(&undo, None).await.expect("it is taken back");
        assert_eq!(home.look(&ours, Some(&id)).await.expect("a look"), before);
        // What was planned before the option was there is compared as it was then.
        any.deliver(&anyones, None).await.expect("it is delivered");
        assert!(shows(&anyones.expect, &home.look(&anyones, None).await.expect("a look")));
    }
    assert_eq!(vendors.count("GET", "/account-info/"), 2, "each sink asks once");
}

#[tokio::test]
async fn a_forbidden_record_is_no_forbidden_sink() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let action = action(ActionKind::Note, "forbidden", &record(&vendors, "deals"));
    let write = write(&*sink, &action);
    let body = json!({ "status": "error", "message": "not yours", "category": "FORBIDDEN" });
    vendors.fault("POST /hubspot/crm/v3/objects/notes$", json!({ "status": 403, "body": body }));
    let failed = sink.deliver(&write, None).await.expect_err("forbidden");
    assert_eq!((failed.error.kind, failed.error.code, failed.fate), (ErrorKind::Transient, "OP-7541", Fate::NotDone));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_is_sent() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let fits = |kind| action(kind, "fit", "deals/1");
    let mut all = Vec::new();
    for text in ["x".repeat(65_536), "&".repeat(13_200)] {
        all.push(opspilot_sdk::Action { text, ..fits(ActionKind::Note) });
    }
    for value in [None, Some(""), Some("urgent"), Some("HIGH")] {
        all.push(opspilot_sdk::Action { value: value.map(str::to_owned), ..fits(ActionKind::Priority) });
    }
    all.push(opspilot_sdk::Action { value: Some("urgent".to_owned()), ..fits(ActionKind::Task) });
    all.push(opspilot_sdk::Action { title: " \n".to_owned(), ..fits(ActionKind::Task) });
    for name in ["hs_note_body", "hs_timestamp", "Not A Name", "a\"b", ""] {
        let fields = [(name.to_owned(), "x".to_owned())].into();
        all.push(opspilot_sdk::Action { fields, ..fits(ActionKind::Note) });
    }
    for action in all {
        let error = sink.preview(&action).expect_err("it does not fit");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7545"));
    }
    let fields = [("hs_custom".to_owned(), "7".to_owned())].into();
    let planned = sink.preview(&opspilot_sdk::Action { fields, ..fits(ActionKind::Note) }).expect("a plan");
    assert!(planned.call.body.contains(r#""hs_custom":"7""#));
    assert_eq!(vendors.log().len(), 0);
}
