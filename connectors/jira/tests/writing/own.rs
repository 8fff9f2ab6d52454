//! Jira's own ways: documents instead of text, comments that customers see, a search that lags, a token that has ended and looks like an
//! issue that is not there.

use crate::subject::{action, build, record, sink, write};
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::conformance::{Asked, FarSide, Told, back, image};
use opspilot_sdk::{Action, ActionKind, ErrorKind, Fate, Look, Write, shows};
use serde_json::{Value, json};
use std::time::Duration;

fn document(text: &str) -> Value {
    let node = json!({"type": "text", "text": text});
    json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [node]}]})
}

#[tokio::test]
async fn a_note_is_a_document_that_customers_do_not_see() {
    let vendors = Vendors::start();
    let issue = record(&vendors);
    let desk = sink(&vendors);
    let write = write(&*desk, &action(ActionKind::Note, "n-1", &issue));
    let expected = concat!(
        r#"{"body":{"content":[{"content":[{"text":"Asks for a boiler & a <b>price</b>.","type":"text"}],"type":"paragraph"},"#,
        r#"{"content":[{"text":"OpsPilot n-1","type":"text"}],"type":"paragraph"}],"type":"doc","version":1},"#,
        r#""properties":[{"key":"sd.public.comment","value":{"internal":true}}]}"#
    );
    let body: Value = serde_json::from_str(&write.call.body).expect("JSON");
    assert_eq!(body, serde_json::from_str::<Value>(expected).expect("JSON"));
    let id = desk.deliver(&write, None).await.expect("it is delivered").id.expect("an id");
    let shown = image(&*desk, &write, Some(&id)).await;
    assert_eq!(
        shown,
        json!({"text": "Asks for a boiler & a <b>price</b>. OpsPilot n-1", "internal": true, "role": null})
    );
    // The same, shown to customers: not what was approved.
    let path = format!("/jira/rest/api/3/issue/{issue}/comment");
    vendors.ask("POST", &path, &json!({"body": document("Asks for a boiler & a <b>price</b>. OpsPilot n-2")}));
    let public = Write { key: "n-2".to_owned(), ..write.clone() };
    let expect = json!({"text": "Asks for a boiler & a <b>price</b>. OpsPilot n-2", "internal": true, "role": null});
    let look = desk.look(&public, None).await.expect("a look");
    assert!(matches!(look, Look::Present { .. }) && !shows(&expect, &look));

    let more = json!({"service_project": false, "visible_to_role": "Developers"});
    let internal = build(&vendors.url("jira"), TOKEN, &more);
    let write = crate::subject::write(&*internal, &action(ActionKind::Note, "n-3", &issue));
    let body: Value = serde_json::from_str(&write.call.body).expect("JSON");
    assert_eq!(body["visibility"], json!({"type": "role", "value": "Developers"}));
    assert!(body.get("properties").is_none());
    internal.deliver(&write, None).await.expect("it is delivered");
    assert!(shows(&write.expect, &internal.look(&write, None).await.expect("a look")));
    assert_eq!(image(&*internal, &write, None).await["role"], "Developers");
}

#[tokio::test]
async fn a_task_is_found_while_search_lags() {
    let vendors = Vendors::start();
    vendors.control(json!({"lag_secs": 3600}));
    let sink = sink(&vendors);
    let issue = record(&vendors);
    let task = Action {
        due: Some("2026-12-01".parse().expect("a day")),
        value: Some("High".to_owned()),
        fields: [("labels", "a, b"), ("components", "Heating"), ("assignee", "acc-7"), ("customfield_10010", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..action(ActionKind::Task, "t-1", &issue)
    };
    let write = write(&*sink, &task);
    let body: Value = serde_json::from_str(&write.call.body).expect("JSON");
    let fields = &body["fields"];
    assert_eq!((&fields["parent"]["key"], &fields["project"]["key"]), (&json!(issue), &json!("OPS")));
    assert_eq!((&fields["issuetype"], &fields["labels"]), (&json!({"name": "Sub-task"}), &json!(["a", "b"])));
    assert_eq!(
        (&fields["assignee"], &fields["components"]),
        (&json!({"accountId": "acc-7"}), &json!([{"name": "Heating"}]))
    );
    vendors.fault("POST /jira/rest/api/3/issue$", json!({"cut": true, "after": true}));
    let lost = sink.deliver(&write, None).await.expect_err("the answer is lost");
    assert_eq!((lost.error.kind, lost.fate), (ErrorKind::Transient, Fate::Unknown));
    let shown = image(&*sink, &write, None).await;
    assert_eq!(
        (&shown["due"], &shown["priority"], &shown["parent"]),
        (&json!("2026-12-01"), &json!("High"), &json!(issue))
    );
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
    assert_eq!(vendors.count("GET", "/search") + vendors.count("POST", "/search"), 0, "search would not have found it");
    assert_eq!(vendors.ask("GET", "/jira/rest/api/3/search/jql?jql=summary~Call", &Value::Null)["issues"], json!([]));
}

#[tokio::test]
async fn a_type_of_issue_may_be_a_number() {
    let sink = build("http://127.0.0.1:9", TOKEN, &json!({"task_type": "10003"}));
    let write = write(&*sink, &action(ActionKind::Task, "t-1", "OPS-1"));
    let body: Value = serde_json::from_str(&write.call.body).expect("JSON");
    assert_eq!(body["fields"]["issuetype"], json!({"id": "10003"}));
}

#[tokio::test]
async fn work_on_a_task_shows_and_sub_tasks_of_it_keep_it() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let write = write(&*sink, &action(ActionKind::Task, "t-1", &record(&vendors)));
    let id = sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id");
    let ours = image(&*sink, &write, Some(&id)).await;
    vendors.ask("POST", &format!("/jira/rest/api/3/issue/{id}/comment"), &json!({"body": document("Called.")}));
    assert_ne!(image(&*sink, &write, Some(&id)).await, ours);
    let key = vendors.kept("jira", "issues").values().find(|issue| issue["id"] == id).map(|issue| issue["key"].clone());
    let below =
        json!({"project": {"key": "OPS"}, "issuetype": {"name": "Sub-task"}, "summary": "x", "parent": {"key": key}});
    vendors.ask("POST", "/jira/rest/api/3/issue", &json!({"fields": below}));
    let undo = back(&*sink, &write, &id, None);
    let refused = sink.deliver(&undo, None).await.expect_err("it has sub-tasks");
    assert_eq!((refused.error.kind, refused.error.code, refused.fate), (ErrorKind::Rejected, "OP-7582", Fate::NotDone));
}

#[tokio::test]
async fn a_priority_comes_back_also_to_none() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    for before in [json!({"name": "Low"}), Value::Null] {
        let issue = record(&vendors);
        vendors.ask("PUT", &format!("/jira/rest/api/3/issue/{issue}"), &json!({"fields": {"priority": before}}));
        let state = || {
            let mut state = vendors.kept("jira", "issues")[&issue].clone();
            state["fields"]["updated"] = Value::Null;
            state.to_string()
        };
        let (was, write) = (state(), write(&*sink, &action(ActionKind::Priority, "p-1", &issue)));
        let old = image(&*sink, &write, None).await;
        sink.deliver(&write, None).await.expect("it is delivered");
        assert_eq!(image(&*sink, &write, None).await, json!({"priority": "High"}));
        let undo = back(&*sink, &write, &issue, Some(&old));
        sink.deliver(&undo, None).await.expect("it is taken back");
        assert_eq!(state(), was);
    }
}

#[tokio::test]
async fn a_note_taken_back_leaves_the_issue_as_it_was() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let issue = record(&vendors);
    let was = vendors.kept("jira", "issues")[&issue].to_string();
    let write = write(&*sink, &action(ActionKind::Note, "n-1", &issue));
    let id = sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id");
    let undo = back(&*sink, &write, &id, None);
    assert_eq!((undo.call.method.as_str(), undo.call.body.as_str()), ("DELETE", ""));
    sink.deliver(&undo, None).await.expect("it is taken back");
    assert_eq!(vendors.kept("jira", "issues")[&issue].to_string(), was);
}

#[tokio::test]
async fn a_token_that_has_ended_is_no_reason_to_give_an_issue_up() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let issue = record(&vendors);
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let write = write(&*sink, &action(kind, "k-1", &issue));
        // Jira shows nothing to a stranger, and says so only when it is asked who he is.
        vendors.fault("GET /jira/rest/api/3/issue", json!({"status": 404}));
        vendors.fault("GET /jira/rest/api/3/myself", json!({"status": 401}));
        let error = sink.look(&write, None).await.expect_err("nothing is shown");
        assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7581"));
        vendors.fault("GET /jira/rest/api/3/issue", json!({"status": 404}));
        let error = sink.look(&write, None).await.expect_err("nothing is shown");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7587"));
        for (myself, told) in [(401, (ErrorKind::Unauthorised, "OP-7581")), (200, (ErrorKind::Rejected, "OP-7582"))] {
            vendors.fault("(POST|PUT) /jira/rest/api/3/issue", json!({"status": 404}));
            vendors.fault("GET /jira/rest/api/3/myself", json!({"status": myself, "body": {"accountId": "acc-1"}}));
            let failed = sink.deliver(&write, None).await.expect_err("it is refused");
            assert_eq!(((failed.error.kind, failed.error.code), failed.fate), (told, Fate::NotDone));
        }
    }
}

#[tokio::test]
async fn a_task_taken_back_leaves_everything_as_it_was() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors);
    let state = || Value::from(vendors.kept("jira", "issues")).to_string();
    let was = state();
    let write = write(&*sink, &action(ActionKind::Task, "t-1", &record));
    let id = sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id");
    assert_ne!(state(), was);
    let undo = back(&*sink, &write, &id, None);
    assert_eq!((undo.call.method.as_str(), undo.call.body.as_str(), &undo.expect), ("DELETE", "", &Value::Null));
    sink.deliver(&undo, None).await.expect("it is taken back");
    assert_eq!(state(), was);
    assert!(matches!(sink.look(&write, Some(&id)).await, Ok(Look::Absent)));
    assert!(matches!(sink.look(&write, None).await, Ok(Look::Absent)));
}

#[tokio::test]
async fn a_note_is_found_among_many_comments() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let issue = record(&vendors);
    let write = write(&*sink, &action(ActionKind::Note, "n-1", &issue));
    let path = format!("/jira/rest/api/3/issue/{issue}/comment");
    for _ in 0..120 {
        vendors.ask("POST", &path, &json!({"body": document("OpsPilot n-11")}));
    }
    assert!(matches!(sink.look(&write, None).await, Ok(Look::Absent)));
    sink.deliver(&write, None).await.expect("it is delivered");
    // Somebody quotes it: the older one is ours.
    vendors.ask("POST", &path, &json!({"body": document("fyi OpsPilot n-1")}));
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let write = write(&*sink, &action(ActionKind::Priority, "p-1", &record(&vendors)));
    for (fault, kind, code, pause) in [
        (json!({"status": 409}), ErrorKind::Transient, "OP-7580", None),
        (json!({"status": 429}), ErrorKind::RateLimited, "OP-7583", Some(Duration::from_secs(2))),
        (json!({"status": 403}), ErrorKind::Rejected, "OP-7581", None),
        (json!({"status": 403, "body": "<html>Blocked</html>"}), ErrorKind::Transient, "OP-7581", None),
        (json!({"status": 400}), ErrorKind::Rejected, "OP-7582", None),
    ] {
        vendors.fault("PUT ", fault);
        let failed = sink.deliver(&write, None).await.expect_err("it is refused");
        assert_eq!((failed.error.kind, failed.error.code, failed.fate), (kind, code, Fate::NotDone));
        assert_eq!(failed.error.retry_after, pause);
    }
    let mut unknown = write.clone();
    unknown.call.body = unknown.call.body.replace("High", "Burning");
    let failed = sink.deliver(&unknown, None).await.expect_err("there is no such priority");
    assert!(failed.error.message.contains("priority: The priority selected is invalid"), "{}", failed.error);
    vendors.control(json!({"token": "fresh"}));
    assert_eq!(sink.deliver(&write, None).await.expect_err("expired").error.kind, ErrorKind::Unauthorised);
    assert_eq!(sink.look(&write, None).await.expect_err("expired").kind, ErrorKind::Unauthorised);
}

#[tokio::test]
async fn what_does_not_fit_is_not_planned() {
    let vendors = Vendors::start();
    let sink = build(&vendors.url("jira"), TOKEN, &json!({"projects": ["OPS", "HEAT_2"]}));
    let fields = |name: &str, value: &str| Action {
        fields: [(name.to_owned(), value.to_owned())].into(),
        ..action(ActionKind::Task, "t-1", "OPS-12")
    };
    let priority = |value: Option<&str>| Action {
        value: value.map(str::to_owned),
        ..action(ActionKind::Priority, "p-1", "OPS-12")
    };
    let unfit = [
        fields("summary", "other"),
        fields("parent", "OPS-1"),
        fields("reporter", "eve"),
        fields("customfield_x", "y"),
        fields("labels", "two words"),
        Action { fields: fields("labels", "a").fields, ..action(ActionKind::Note, "n-1", "OPS-12") },
        Action { title: " \n".to_owned(), ..action(ActionKind::Task, "t-1", "OPS-12") },
        Action { text: "x".repeat(40_000), ..action(ActionKind::Note, "n-1", "OPS-12") },
        priority(Some("")),
        priority(Some("High\n")),
        priority(None),
        action(ActionKind::Note, "n-1", "OTHER-12"),
        action(ActionKind::Note, "n-1", "OPS-012"),
        action(ActionKind::Note, "n-1", "ops-12"),
        action(ActionKind::Note, "n-1", "12"),
        action(ActionKind::Event, "e-1", "OPS-12"),
    ];
    for action in unfit {
        let error = sink.preview(&action).expect_err("it does not fit");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7584"), "{error}");
    }
    assert!(sink.preview(&action(ActionKind::Note, "n-1", "HEAT_2-12")).is_ok());
    let notes = build(&vendors.url("jira"), TOKEN, &json!({"kinds": ["note"]}));
    assert!(
        notes.preview(&action(ActionKind::Task, "t-1", "OPS-12")).is_err_and(|error| error.message.contains("`kinds`"))
    );
    assert_eq!(vendors.log(), [Value::Null; 0]);
}

#[tokio::test]
async fn rights_are_judged() {
    let vendors = Vendors::start();
    let url = vendors.url("jira");
    let told = async |changed: Value, more: &Value| -> Result<Vec<(String, String)>, String> {
        let mut rights = json!({"BROWSE_PROJECTS": true, "ADD_COMMENTS": true, "EDIT_ISSUES": true, "CREATE_ISSUES": true,
            "DELETE_OWN_COMMENTS": true, "DELETE_ISSUES": true});
        rights.as_object_mut().into_iter().zip(changed.as_object()).for_each(|(to, from)| to.extend(from.clone()));
        vendors.control(json!({"rights": {"jira": {"permissions": rights}}}));
        let checked = build(&url, TOKEN, more).check().await;
        let cautions = checked.map_err(|error| {
            assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7581"));
            error.message
        })?;
        Ok(cautions.into_iter().map(|caution| (caution.code.to_owned(), caution.message)).collect())
    };
    let usual = json!({"projects": ["OPS", "HEAT"]});
    assert_eq!(told(json!({}), &usual).await, Ok(vec![]));
    let places: Vec<Value> = vendors.log().iter().map(|entry| entry["query"]["projectKey"].clone()).collect();
    assert_eq!(places, [Value::Null, json!("OPS"), json!("HEAT")]);
    let wide = told(json!({"ADMINISTER": true, "DELETE_ALL_COMMENTS": true}), &usual).await.expect("it may");
    assert!(wide.len() == 1 && wide[0].0 == "OP-7585" && wide[0].1.contains("`ADMINISTER`, `DELETE_ALL_COMMENTS`"));
    let one_way = told(json!({"DELETE_ISSUES": false}), &Value::Null).await.expect("it may");
    assert!(one_way.len() == 1 && one_way[0].0 == "OP-7586" && one_way[0].1.contains("`DELETE_ISSUES`"));
    let narrow = json!({"EDIT_ISSUES": false, "CREATE_ISSUES": false, "DELETE_ISSUES": false});
    assert!(told(narrow.clone(), &usual).await.is_err_and(|why| why.contains("`CREATE_ISSUES`, `EDIT_ISSUES`")));
    assert_eq!(told(narrow, &json!({"kinds": ["note"]})).await, Ok(vec![]));
    assert!(build(&url, "another", &usual).check().await.is_err_and(|error| error.kind == ErrorKind::Unauthorised));
    assert!(vendors.log().iter().all(|entry| entry["method"] == "GET"));
}

#[tokio::test]
async fn credentials_stand_where_jira_looks_for_them() {
    let server = FarSide::start(|_| false, |_| Told::status(401)).expect("a server");
    for more in [Value::Null, json!({"email": null})] {
        build(&server.url(), "s3cret", &more).check().await.expect_err("nobody");
    }
    let headers: Vec<String> =
        server.asked().iter().filter_map(|asked| asked.header("authorization").map(str::to_owned)).collect();
    // `pilot@acme.example:s3cret`
    assert_eq!(headers, ["Basic cGlsb3RAYWNtZS5leGFtcGxlOnMzY3JldA==", "Bearer s3cret"]);
}

#[tokio::test]
async fn a_foreign_404_or_another_place_says_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let write = write(&*sink, &action(ActionKind::Note, "foreign", &record(&vendors)));
    let strangers = [json!({"code": 404, "message": "Not Found"})];
    vendor_mishaps::say_nothing(&vendors, "jira", &*sink, &write, &strangers, "1", "OP-7580").await;
}

#[tokio::test]
async fn what_is_no_jira_is_not_taken_for_one() {
    for told in
        [Told::json(200, &json!({})), Told::status(200).with("<html>Log in</html>"), Told::json(200, &json!([]))]
    {
        let server = FarSide::start(|_| false, move |_| told.clone()).expect("a server");
        let sink = build(&server.url(), TOKEN, &Value::Null);
        for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
            let error = sink.look(&write(&*sink, &action(kind, "k-1", "OPS-12")), None).await.expect_err("no answer");
            assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7588"));
        }
        assert_eq!(sink.check().await.expect_err("no answer").code, "OP-7588");
    }
}

#[tokio::test]
async fn a_list_with_gaps_proves_no_absence() {
    let comment = |id: &str| json!({"id": id, "body": document("x")});
    let pages = |first: Value, next: Value| {
        move |asked: &Asked| Told::json(200, if asked.target.contains("startAt=0") { &first } else { &next })
    };
    let two = json!({"comments": [comment("1"), comment("2")], "total": 3});
    for (first, next) in [
        (json!({"comments": [comment("1")]}), Value::Null),
        (json!({"comments": [], "total": 3}), Value::Null),
        (json!({"comments": [comment("1")], "total": 3}), Value::Null),
        (json!({"comments": [{"id": "1"}], "total": 1}), Value::Null),
        // One before it was deleted in between, so that the one that followed is on neither page.
        (two.clone(), json!({"comments": [comment("4")], "total": 2})),
    ] {
        let server = FarSide::start(|_| false, pages(first, next)).expect("a server");
        let sink = build(&server.url(), TOKEN, &Value::Null);
        let error = sink.look(&write(&*sink, &action(ActionKind::Note, "n-1", "OPS-1")), None).await.expect_err("gaps");
        assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7588"));
    }
    let server = FarSide::start(|_| false, pages(two, json!({"comments": [comment("2"), comment("3")], "total": 3})));
    let sink = build(&server.expect("a server").url(), TOKEN, &Value::Null);
    assert!(matches!(
        sink.look(&write(&*sink, &action(ActionKind::Note, "n-1", "OPS-1")), None).await,
        Ok(Look::Absent)
    ));

    let issue = |id: &str| json!({"id": id, "fields": {}, "properties": {}});
    for (subtasks, told) in [
        (Value::Null, json!({"issues": []})),
        (json!([{"id": "7"}, {"id": "8"}]), json!({"issues": [issue("7")]})),
        (json!([{"id": "7"}]), json!({})),
    ] {
        let parent = json!({"fields": {"subtasks": subtasks}});
        let answer = move |asked: &Asked| Told::json(200, if asked.method == "POST" { &told } else { &parent });
        let server = FarSide::start(|_| false, answer).expect("a server");
        let sink = build(&server.url(), TOKEN, &Value::Null);
        let error = sink.look(&write(&*sink, &action(ActionKind::Task, "t-1", "OPS-1")), None).await.expect_err("gaps");
        assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7588"));
    }
}
