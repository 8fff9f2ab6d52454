//! Zendesk's own ways: keys for repeats, placeholders, comments that stay, visitors, closed tickets.

use crate::subject::{action, build, record, sink, write};
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::conformance::{FarSide, Told, back, image};
use opspilot_sdk::{Action, ActionKind, ErrorKind, Fate, Look, shows};
use serde_json::{Value, json};
use std::time::Duration;

fn comment(vendors: &Vendors, ticket: &str, id: &str) -> Value {
    let tickets = vendors.kept("zendesk", "tickets");
    let comments = tickets[ticket]["comments"].as_array().cloned().unwrap_or_default();
    comments.into_iter().find(|comment| comment["id"].as_u64() == id.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_note_is_private_and_its_text_is_text() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let text = "Asks <b>now</b>: ticket {{ticket.id}}, {% if %}\n![x](http://evil.example/i.png)".to_owned();
    let action = Action { text, ..action(ActionKind::Note, "n-1", &record(&vendors)) };
    let write = write(&*sink, &action);
    assert_eq!(
        write.call.body,
        "{\"ticket\":{\"comment\":{\"html_body\":\"Asks &lt;b&gt;now&lt;/b&gt;: ticket {\u{2060}{ticket.id}}, {\u{2060}% if %}\
         <br>![x](http://evil.example/i.png)<br><br>OpsPilot n-1\",\"public\":false}}}"
    );
    let done = sink.deliver(&write, None).await.expect("it is delivered");
    let kept = comment(&vendors, &write.record, done.id.as_deref().expect("an id"));
    assert_eq!(kept["public"], false);
    assert!(kept["body"].as_str().is_some_and(|body| body.contains("{ticket.id}}") && body.contains("<b>now</b>")));
    assert!(done.said.starts_with("200, audit "), "{}", done.said);
    // A comment that somebody made public is not what was approved.
    let mut public = write.clone();
    public.call.body = public.call.body.replace("\"public\":false", "\"public\":true").replace("n-1", "n-2");
    public.key = "n-2".to_owned();
    public.expect["text"] = json!(public.expect["text"].as_str().map(|text| text.replace("n-1", "n-2")));
    sink.deliver(&public, None).await.expect("it is delivered");
    assert!(!shows(&public.expect, &sink.look(&public, None).await.expect("a look")));
}

#[tokio::test]
async fn a_comment_stays_unless_it_may_be_blackened() {
    let vendors = Vendors::start();
    let ticket = record(&vendors);
    let gentle = sink(&vendors);
    let write = write(&*gentle, &action(ActionKind::Note, "n-1", &ticket));
    let id = gentle.deliver(&write, None).await.expect("it is delivered").id.expect("an id");
    let refused = gentle.revert(&write, &id, None).expect_err("there is no way back");
    assert_eq!((refused.kind, refused.code), (ErrorKind::Rejected, "OP-7576"));
    assert!(refused.message.contains("redact_notes"), "{refused}");
    let stern = build(&vendors.url("zendesk"), TOKEN, &json!({"redact_notes": true}));
    let undo = back(&*stern, &write, &id, None);
    assert_eq!(undo.call.method, "PUT");
    assert!(undo.call.target.ends_with(&format!("/api/v2/tickets/{ticket}/comments/{id}/redact.json")));
    assert_eq!(undo.call.body, "{\"text\":\"Asks for a boiler & a <b>price</b>.\\n\\nOpsPilot n-1\"}");
    stern.deliver(&undo, None).await.expect("it is blackened");
    assert!(matches!(stern.look(&write, Some(&id)).await, Ok(Look::Absent)));
    assert!(comment(&vendors, &ticket, &id)["body"].as_str().is_some_and(|text| !text.contains("boiler")));
}

#[tokio::test]
async fn one_key_is_one_ticket() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let task = Action {
        due: Some("2026-12-01".parse().expect("a day")),
        value: Some("urgent".to_owned()),
        fields: [("group_id".to_owned(), "7".to_owned()), ("custom_field_12".to_owned(), "north".to_owned())].into(),
        ..action(ActionKind::Task, "t-1", &record(&vendors))
    };
    let write = write(&*sink, &task);
    assert_eq!(write.call.headers["idempotency-key"], "opspilot-t-1");
    let body: Value = serde_json::from_str(&write.call.body).expect("JSON");
    let ticket = &body["ticket"];
    assert_eq!(
        (&ticket["type"], &ticket["priority"], &ticket["group_id"]),
        (&json!("task"), &json!("urgent"), &json!(7))
    );
    assert_eq!(ticket["custom_fields"], json!([{"id": 12, "value": "north"}]));
    assert_eq!((&ticket["external_id"], &ticket["comment"]["public"]), (&json!("opspilot-t-1"), &json!(false)));
    assert!(["requester_id", "requester", "email_ccs", "collaborators"].iter().all(|name| ticket.get(name).is_none()));
    let before = vendors.kept("zendesk", "tickets").len();
    let first = sink.deliver(&write, None).await.expect("it is delivered").id;
    assert_eq!(sink.deliver(&write, None).await.expect("the same again").id, first);
    let mut other = write.clone();
    other.call.body = other.call.body.replace("Call back", "Call soon");
    let refused = sink.deliver(&other, None).await.expect_err("another ticket under that key");
    assert_eq!((refused.error.kind, refused.error.code, refused.fate), (ErrorKind::Rejected, "OP-7572", Fate::NotDone));
    assert_eq!(vendors.kept("zendesk", "tickets").len(), before + 1);
    assert_eq!(vendors.count("POST", "/tickets.json"), 4, "the customer's ticket, and three tries at ours");
    let image = image(&*sink, &write, None).await;
    assert_eq!(
        (&image["due"], &image["public"], &image["status"]),
        (&json!("2026-12-01"), &json!(false), &json!("new"))
    );
}

#[tokio::test]
async fn whatever_becomes_of_the_answer_there_is_one_ticket() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let faults = [
        json!({"status": 500, "after": true}),
        json!({"cut": true, "after": true}),
        json!({"hang": true, "after": true}),
        json!({"cut": true}),
        json!({"status": 503}),
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        let ticket = record(&vendors);
        let write = write(&*sink, &action(ActionKind::Task, &format!("lost-{index}"), &ticket));
        let before = vendors.kept("zendesk", "tickets").len();
        let is_done = fault["after"] == true;
        vendors.fault("POST /zendesk/api/v2/tickets.json$", fault);
        let lost = sink.deliver(&write, None).await.expect_err("the answer is lost");
        assert_eq!((lost.error.kind, lost.fate), (ErrorKind::Transient, Fate::Unknown));
        assert_eq!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")), is_done);
        sink.deliver(&write, None).await.expect("the key makes a repeat safe");
        assert_eq!(vendors.kept("zendesk", "tickets").len(), before + 1);
    }
}

#[tokio::test]
async fn a_priority_comes_back_also_to_none() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    for before in [json!("low"), Value::Null] {
        let made = json!({"ticket": {"subject": "x", "comment": {"body": "y"}, "priority": before}});
        let ticket = vendors.ask("POST", "/zendesk/api/v2/tickets.json", &made)["ticket"]["id"].to_string();
        let state = || {
            let mut state = vendors.kept("zendesk", "tickets")[&ticket].clone();
            state["updated_at"] = Value::Null;
            state.to_string()
        };
        let (was, write) = (state(), write(&*sink, &action(ActionKind::Priority, "p-1", &ticket)));
        let old = image(&*sink, &write, None).await;
        sink.deliver(&write, None).await.expect("it is delivered");
        assert_eq!(image(&*sink, &write, None).await, json!({"priority": "high"}));
        let undo = back(&*sink, &write, &ticket, Some(&old));
        sink.deliver(&undo, None).await.expect("it is taken back");
        assert_eq!(state(), was);
    }
}

#[tokio::test]
async fn work_on_a_task_shows() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let write = write(&*sink, &action(ActionKind::Task, "t-1", &record(&vendors)));
    let id = sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id");
    let ours = image(&*sink, &write, Some(&id)).await;
    let path = format!("/zendesk/api/v2/tickets/{id}.json");
    vendors.ask("PUT", &path, &json!({"ticket": {"comment": {"body": "Called.", "public": false}}}));
    let theirs = image(&*sink, &write, Some(&id)).await;
    assert_ne!(theirs, ours);
    assert_eq!((&theirs["comments"], &theirs["text"]), (&json!(2), &ours["text"]));
}

#[tokio::test]
async fn a_task_taken_back_leaves_everything_as_it_was() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors);
    let state = || Value::from(vendors.kept("zendesk", "tickets")).to_string();
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
    let ticket = record(&vendors);
    let write = write(&*sink, &action(ActionKind::Note, "n-1", &ticket));
    for _ in 0..120 {
        let comment = json!({"ticket": {"comment": {"body": "OpsPilot n-11", "public": false}}});
        vendors.ask("PUT", &format!("/zendesk/api/v2/tickets/{ticket}.json"), &comment);
    }
    assert!(matches!(sink.look(&write, None).await, Ok(Look::Absent)));
    let id = sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id");
    let before = vendors.count("GET", "/comments.json");
    assert!(shows(&write.expect, &sink.look(&write, Some(&id)).await.expect("a look")));
    assert_eq!(vendors.count("GET", "/comments.json"), before + 1, "one that is known is met from the end");
    // Somebody quotes it: the older one is ours.
    let quote = json!({"ticket": {"comment": {"body": "fyi OpsPilot n-1", "public": false}}});
    vendors.ask("PUT", &format!("/zendesk/api/v2/tickets/{ticket}.json"), &quote);
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let ticket = record(&vendors);
    let write = write(&*sink, &action(ActionKind::Priority, "p-1", &ticket));
    for (fault, kind, code, pause) in [
        (json!({"status": 409}), ErrorKind::Transient, "OP-7570", None),
        (json!({"status": 429}), ErrorKind::RateLimited, "OP-7573", Some(Duration::from_secs(2))),
        (json!({"status": 403}), ErrorKind::Rejected, "OP-7571", None),
        (json!({"status": 403, "body": "<html>Blocked</html>"}), ErrorKind::Transient, "OP-7571", None),
        (json!({"status": 422}), ErrorKind::Rejected, "OP-7572", None),
    ] {
        vendors.fault("PUT ", fault);
        let failed = sink.deliver(&write, None).await.expect_err("it is refused");
        assert_eq!((failed.error.kind, failed.error.code, failed.fate), (kind, code, Fate::NotDone));
        assert_eq!(failed.error.retry_after, pause);
    }
    vendors.ask("PUT", &format!("/zendesk/api/v2/tickets/{ticket}.json"), &json!({"ticket": {"status": "closed"}}));
    let failed = sink.deliver(&write, None).await.expect_err("it is closed");
    assert_eq!(failed.error.kind, ErrorKind::Rejected);
    assert!(failed.error.message.contains("closed prevents ticket update"), "{}", failed.error);
    // The token expires between two calls.
    vendors.control(json!({"token": "fresh"}));
    assert_eq!(sink.deliver(&write, None).await.expect_err("expired").error.kind, ErrorKind::Unauthorised);
    assert_eq!(sink.look(&write, None).await.expect_err("expired").kind, ErrorKind::Unauthorised);
}

#[tokio::test]
async fn what_does_not_fit_is_not_planned() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let fields = |name: &str, value: &str| Action {
        fields: [(name.to_owned(), value.to_owned())].into(),
        ..action(ActionKind::Task, "t-1", "12")
    };
    let priority =
        |value: Option<&str>| Action { value: value.map(str::to_owned), ..action(ActionKind::Priority, "p-1", "12") };
    let unfit = [
        fields("requester_id", "7"),
        fields("email_ccs", "eve@evil.example"),
        fields("public", "true"),
        fields("group_id", "seven"),
        Action { fields: fields("group_id", "7").fields, ..action(ActionKind::Note, "n-1", "12") },
        Action { title: " \n".to_owned(), ..action(ActionKind::Task, "t-1", "12") },
        Action { text: "<".repeat(20_000), ..action(ActionKind::Note, "n-1", "12") },
        priority(Some("asap")),
        priority(None),
        action(ActionKind::Message, "m-1", "12"),
    ];
    for action in unfit {
        let error = sink.preview(&action).expect_err("it does not fit");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7574"), "{error}");
    }
    let notes = build(&vendors.url("zendesk"), TOKEN, &json!({"kinds": ["note"]}));
    assert!(notes.preview(&action(ActionKind::Note, "n-1", "12")).is_ok());
    assert!(
        notes.preview(&action(ActionKind::Task, "t-1", "12")).is_err_and(|error| error.message.contains("`kinds`"))
    );
    assert_eq!(vendors.log(), [Value::Null; 0]);
}

#[tokio::test]
async fn rights_are_judged() {
    let vendors = Vendors::start();
    let (url, oauth) = (vendors.url("zendesk"), json!({"email": null}));
    let told = async |rights: Value, more: &Value| -> Result<Vec<String>, String> {
        vendors.control(json!({"rights": {"zendesk": rights}}));
        let checked = build(&url, TOKEN, more).check().await;
        let cautions = checked.map_err(|error| {
            assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7571"));
            error.message
        })?;
        assert!(cautions.iter().all(|caution| caution.code == "OP-7575"));
        Ok(cautions.into_iter().map(|caution| caution.message).collect())
    };
    assert_eq!(told(json!({}), &oauth).await, Ok(vec![]));
    assert!(told(json!({}), &Value::Null).await.is_ok_and(|all| all.len() == 1 && all[0].contains("any agent")));
    assert!(
        told(json!({"role": "admin"}), &oauth)
            .await
            .is_ok_and(|all| all.len() == 1 && all[0].contains("administrator"))
    );
    assert!(told(json!({"role": "end-user"}), &oauth).await.is_err_and(|why| why.contains("`end-user`")));
    let wide = json!({"role": "agent", "scopes": ["read", "write"]});
    assert!(told(wide, &oauth).await.is_ok_and(|all| all.len() == 1 && all[0].contains("`write`")));
    assert!(told(json!({"scopes": ["tickets:read"]}), &oauth).await.is_err_and(|why| why.contains("tickets:write")));
    let light = json!({"scopes": ["tickets:read", "tickets:write"], "only_private_comments": true});
    assert!(told(light.clone(), &oauth).await.is_err_and(|why| why.contains("`task`, `priority`")));
    assert_eq!(told(light, &json!({"email": null, "kinds": ["note"]})).await, Ok(vec![]));
    // A stranger is told that he is a visitor, with 200.
    let stranger = build(&url, "another", &oauth).check().await.expect_err("nobody");
    assert_eq!((stranger.kind, stranger.code), (ErrorKind::Unauthorised, "OP-7571"));
    assert!(stranger.message.contains("does not know this token"), "{stranger}");
    assert!(vendors.log().iter().all(|entry| entry["method"] == "GET"));
}

#[tokio::test]
async fn credentials_stand_where_zendesk_looks_for_them() {
    let visitor = json!({"user": {"id": null}});
    let server = FarSide::start(|_| false, move |_| Told::json(200, &visitor)).expect("a server");
    for more in [Value::Null, json!({"email": null})] {
        build(&server.url(), "s3cret", &more).check().await.expect_err("a visitor");
    }
    let headers: Vec<String> =
        server.asked().iter().filter_map(|asked| asked.header("authorization").map(str::to_owned)).collect();
    // `pilot@acme.example/token:s3cret`
    assert_eq!(headers, ["Basic cGlsb3RAYWNtZS5leGFtcGxlL3Rva2VuOnMzY3JldA==", "Bearer s3cret"]);
}

#[tokio::test]
async fn a_foreign_404_or_another_place_says_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let write = write(&*sink, &action(ActionKind::Note, "foreign", &record(&vendors)));
    let strangers = [json!({"error": {"title": "No help desk at acme.zendesk.com", "message": "x"}})];
    vendor_mishaps::say_nothing(&vendors, "zendesk", &*sink, &write, &strangers, "1", "OP-7570").await;
}

#[tokio::test]
async fn what_is_no_zendesk_is_not_taken_for_one() {
    for told in
        [Told::json(200, &json!({})), Told::status(200).with("<html>Log in</html>"), Told::json(200, &json!([]))]
    {
        let server = FarSide::start(|_| false, move |_| told.clone()).expect("a server");
        let sink = build(&server.url(), TOKEN, &Value::Null);
        for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
            let error = sink.look(&write(&*sink, &action(kind, "k-1", "12")), None).await.expect_err("no answer");
            assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7578"));
        }
        assert_eq!(sink.check().await.expect_err("no answer").code, "OP-7578");
    }
}

#[tokio::test]
async fn a_list_that_does_not_come_to_its_end_proves_no_absence() {
    let comment = json!({"id": 1, "html_body": "x", "public": true});
    for list in [
        json!({"comments": [comment]}),
        json!({"comments": [comment], "meta": {"has_more": true}}),
        json!({"comments": [], "meta": {"has_more": true, "after_cursor": "x"}}),
        json!({"comments": [{"id": 1}], "meta": {"has_more": false}}),
    ] {
        let server = FarSide::start(|_| false, move |_| Told::json(200, &list)).expect("a server");
        let sink = build(&server.url(), TOKEN, &Value::Null);
        let error = sink.look(&write(&*sink, &action(ActionKind::Note, "n-1", "12")), None).await.expect_err("no end");
        assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7578"));
    }
    // All tickets instead of those of one name: the question was not understood.
    let all =
        json!({"ticket": {"id": 12}, "tickets": [{"id": 12, "external_id": null}], "next_page": "https://x.example/2"});
    let server = FarSide::start(|_| false, move |_| Told::json(200, &all)).expect("a server");
    let sink = build(&server.url(), TOKEN, &Value::Null);
    let error = sink.look(&write(&*sink, &action(ActionKind::Task, "t-1", "12")), None).await.expect_err("no answer");
    assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7578"));
}
