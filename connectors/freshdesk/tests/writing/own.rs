//! Freshdesk's own ways: HTML that stays text, priorities that are numbers, keys without scopes.

use crate::subject::{action, build, record, sink, write};
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::conformance::{Asked, FarSide, Told, back, image};
use opspilot_sdk::{Action, ActionKind, ErrorKind, Fate, Look, shows};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[tokio::test]
async fn a_note_is_private_text_and_can_be_taken_back() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let ticket = record(&vendors);
    let was = vendors.kept("freshdesk", "tickets")[&ticket].to_string();
    let text = "Asks <b>now</b>: {{ticket.id}}\nhttps://x.example/?a=1&b=2".to_owned();
    let write = write(&*sink, &Action { text, ..action(ActionKind::Note, "n-1", &ticket) });
    assert_eq!(
        write.call.body,
        "{\"body\":\"Asks &lt;b&gt;now&lt;/b&gt;: {\u{2060}{ticket.id}}<br>https://x.example/?a=1&amp;b=2<br><br>OpsPilot n-1\",\
         \"private\":true}"
    );
    assert!(write.call.target.ends_with(&format!("/api/v2/tickets/{ticket}/notes")));
    let id = sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id");
    let kept = vendors.kept("freshdesk", "tickets")[&ticket]["conversation"][0].clone();
    assert_eq!((&kept["private"], &kept["to_emails"], kept["id"].to_string()), (&json!(true), &json!([]), id.clone()));
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
    let undo = back(&*sink, &write, &id, None);
    assert_eq!((undo.call.method.as_str(), undo.call.body.as_str()), ("DELETE", ""));
    sink.deliver(&undo, None).await.expect("it is taken back");
    assert_eq!(vendors.kept("freshdesk", "tickets")[&ticket].to_string(), was);
}

#[tokio::test]
async fn a_note_that_customers_see_is_not_what_was_approved() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let ticket = record(&vendors);
    let write = write(&*sink, &action(ActionKind::Note, "n-1", &ticket));
    let mut body: Value = serde_json::from_str(&write.call.body).expect("JSON");
    body["private"] = json!(false);
    vendors.ask("POST", &format!("/freshdesk/api/v2/tickets/{ticket}/notes"), &body);
    let look = sink.look(&write, None).await.expect("a look");
    assert!(matches!(look, Look::Present { .. }) && !shows(&write.expect, &look));
}

#[tokio::test]
async fn a_priority_is_a_number_and_comes_back() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    for (word, level) in [("low", 1), ("medium", 2), ("high", 3), ("urgent", 4), ("4", 4)] {
        let ticket = record(&vendors);
        let state = || {
            let mut state = vendors.kept("freshdesk", "tickets")[&ticket].clone();
            state["updated_at"] = Value::Null;
            state.to_string()
        };
        let was = state();
        let wanted = Action { value: Some(word.to_owned()), ..action(ActionKind::Priority, "p-1", &ticket) };
        let write = write(&*sink, &wanted);
        assert_eq!(write.call.body, format!("{{\"priority\":{level}}}"));
        let old = image(&*sink, &write, None).await;
        assert_eq!(old, json!({"priority": 2}));
        sink.deliver(&write, None).await.expect("it is delivered");
        assert_eq!(image(&*sink, &write, None).await, json!({"priority": level}));
        let undo = back(&*sink, &write, &ticket, Some(&old));
        sink.deliver(&undo, None).await.expect("it is taken back");
        assert_eq!(state(), was);
    }
}

#[tokio::test]
async fn a_note_is_found_in_a_long_conversation() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let ticket = record(&vendors);
    let write = write(&*sink, &action(ActionKind::Note, "n-1", &ticket));
    for _ in 0..130 {
        vendors.ask("POST", &format!("/freshdesk/api/v2/tickets/{ticket}/reply"), &json!({"body": "OpsPilot n-11"}));
    }
    assert!(matches!(sink.look(&write, None).await, Ok(Look::Absent)));
    assert_eq!(vendors.count("GET", "/conversations"), 12, "five pages and an empty one, twice");
    sink.deliver(&write, None).await.expect("it is delivered");
    // Somebody quotes it: the older one is ours.
    vendors.ask("POST", &format!("/freshdesk/api/v2/tickets/{ticket}/reply"), &json!({"body": "fyi OpsPilot n-1"}));
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let ticket = record(&vendors);
    let write = write(&*sink, &action(ActionKind::Priority, "p-1", &ticket));
    for (fault, kind, code, pause) in [
        (json!({"status": 409}), ErrorKind::Transient, "OP-7590", None),
        (json!({"status": 429}), ErrorKind::RateLimited, "OP-7593", Some(Duration::from_secs(5))),
        (json!({"status": 403}), ErrorKind::Transient, "OP-7591", None),
        (json!({"status": 405}), ErrorKind::Rejected, "OP-7592", None),
    ] {
        vendors.fault("PUT ", fault);
        let failed = sink.deliver(&write, None).await.expect_err("it is refused");
        assert_eq!((failed.error.kind, failed.error.code, failed.fate), (kind, code, Fate::NotDone));
        assert_eq!(failed.error.retry_after, pause);
    }
    let mut unknown = write.clone();
    unknown.call.body = "{\"priority\":9}".to_owned();
    let failed = sink.deliver(&unknown, None).await.expect_err("there is no such priority");
    assert!(failed.error.message.contains("priority: It should be one of these values"), "{}", failed.error);
    // A ticket in the trash is none.
    vendors.ask("DELETE", &format!("/freshdesk/api/v2/tickets/{ticket}"), &Value::Null);
    assert_eq!(sink.look(&write, None).await.expect_err("it is in the trash").code, "OP-7597");
    vendors.control(json!({"token": "fresh"}));
    assert_eq!(sink.deliver(&write, None).await.expect_err("expired").error.kind, ErrorKind::Unauthorised);
    assert_eq!(sink.look(&write, None).await.expect_err("expired").kind, ErrorKind::Unauthorised);
}

#[tokio::test]
async fn what_does_not_fit_is_not_planned() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let priority =
        |value: Option<&str>| Action { value: value.map(str::to_owned), ..action(ActionKind::Priority, "p-1", "12") };
    let unfit = [
        Action {
            fields: [("notify_emails".to_owned(), "eve@evil.example".to_owned())].into(),
            ..action(ActionKind::Note, "n-1", "12")
        },
        Action { text: "<".repeat(20_000), ..action(ActionKind::Note, "n-1", "12") },
        priority(Some("normal")),
        priority(Some("5")),
        priority(Some("0")),
        priority(None),
        action(ActionKind::Note, "n-1", "012"),
        action(ActionKind::Task, "t-1", "12"),
        action(ActionKind::Message, "m-1", "12"),
    ];
    for action in unfit {
        let error = sink.preview(&action).expect_err("it does not fit");
        assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7594"), "{error}");
    }
    let notes = build(&vendors.url("freshdesk"), TOKEN, &json!({"kinds": ["note"]}));
    assert!(notes.preview(&priority(Some("high"))).is_err_and(|error| error.message.contains("`kinds`")));
    assert_eq!(vendors.log(), [Value::Null; 0]);
}

#[tokio::test]
async fn rights_are_judged() {
    let vendors = Vendors::start();
    let url = vendors.url("freshdesk");
    let told = async |rights: Value| -> Result<Vec<String>, String> {
        vendors.control(json!({"rights": {"freshdesk": rights}}));
        let cautions = build(&url, TOKEN, &Value::Null).check().await.map_err(|error| {
            assert_eq!((error.kind, error.code), (ErrorKind::Unauthorised, "OP-7591"));
            error.message
        })?;
        assert!(cautions.iter().all(|caution| caution.code == "OP-7595"));
        Ok(cautions.into_iter().map(|caution| caution.message).collect())
    };
    assert_eq!(told(json!({})).await, Ok(vec![]));
    assert!(told(json!({"admin": true})).await.is_ok_and(|all| all.len() == 1 && all[0].contains("administrator")));
    let global = told(json!({"admin": false, "ticket_scope": 1})).await;
    assert!(global.is_ok_and(|all| all.len() == 1 && all[0].contains("every ticket")));
    assert!(told(json!({"type": "field_agent"})).await.is_err_and(|why| why.contains("support agent")));
    assert!(
        build(&url, "another", &Value::Null).check().await.is_err_and(|error| error.kind == ErrorKind::Unauthorised)
    );
    assert!(vendors.log().iter().all(|entry| entry["method"] == "GET"));
}

#[tokio::test]
async fn the_key_is_the_user() {
    let server = FarSide::start(|_| false, |_| Told::status(401)).expect("a server");
    build(&server.url(), "s3cret", &Value::Null).check().await.expect_err("nobody");
    // `s3cret:X`
    assert_eq!(server.asked()[0].header("authorization"), Some("Basic czNjcmV0Olg="));
}

#[tokio::test]
async fn a_foreign_404_or_another_place_says_nothing() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let write = write(&*sink, &action(ActionKind::Note, "foreign", &record(&vendors)));
    let strangers = [json!({"code": "invalid_domain", "message": "x"})];
    vendor_mishaps::say_nothing(&vendors, "freshdesk", &*sink, &write, &strangers, "1", "OP-7590").await;
}

#[tokio::test]
async fn what_is_no_freshdesk_is_not_taken_for_one() {
    for told in
        [Told::json(200, &json!({})), Told::status(200).with("<html>Log in</html>"), Told::json(200, &json!("x"))]
    {
        let server = FarSide::start(|_| false, move |_| told.clone()).expect("a server");
        let sink = build(&server.url(), TOKEN, &Value::Null);
        for kind in [ActionKind::Note, ActionKind::Priority] {
            let error = sink.look(&write(&*sink, &action(kind, "k-1", "12")), None).await.expect_err("no answer");
            assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7598"));
        }
        assert_eq!(sink.check().await.expect_err("no answer").code, "OP-7598");
    }
}

#[tokio::test]
async fn a_conversation_that_changes_while_it_is_read_proves_no_absence() {
    let entry = |id: u64| json!({"id": id, "body": "x", "private": true});
    for broken in [json!([{"body": "x"}]), json!([{"id": 1}])] {
        let server = FarSide::start(|_| false, move |_| Told::json(200, &broken)).expect("a server");
        let sink = build(&server.url(), TOKEN, &Value::Null);
        let error = sink.look(&write(&*sink, &action(ActionKind::Note, "n-1", "12")), None).await.expect_err("gaps");
        assert_eq!((error.kind, error.code), (ErrorKind::Transient, "OP-7598"));
    }
    for is_still in [true, false] {
        // Three pages with the empty one; in the second round an entry of the first is gone.
        let asked_for = AtomicUsize::new(0);
        let answer = move |asked: &Asked| {
            let round = asked_for.fetch_add(1, Ordering::SeqCst) / 3;
            let from = if is_still || round == 0 { 1 } else { 2 };
            let page = match asked.target.rsplit('=').next() {
                Some("1") => (from..=30).map(entry).collect(),
                Some("2") => vec![entry(31)],
                _ => Vec::new(),
            };
            Told::json(200, &json!(page))
        };
        let server = FarSide::start(|_| false, answer).expect("a server");
        let sink = build(&server.url(), TOKEN, &Value::Null);
        let look = sink.look(&write(&*sink, &action(ActionKind::Note, "n-1", "12")), None).await;
        assert_eq!(matches!(look, Ok(Look::Absent)), is_still, "{look:?}");
        assert!(is_still || look.is_err_and(|error| error.code == "OP-7598"));
        assert_eq!(server.asked().len(), 6);
    }
}
