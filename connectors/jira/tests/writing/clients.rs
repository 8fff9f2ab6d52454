//! A client library in wide use (jira.js) against the same stand-in: what we wrote is what it reads, and the stand-in answers and refuses it as it
//! was written for.

use crate::node_programs;
use crate::subject::{action, record, sink, write};
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::ActionKind;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_library_in_wide_use_reads_what_was_written() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors);
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let write = write(&*sink, &action(kind, &format!("{kind}-1"), &record));
        sink.look(&write, None).await.expect("a look");
        sink.deliver(&write, None).await.expect("it is delivered");
    }
    let given = json!({ "url": vendors.url("jira"), "token": TOKEN, "record": record });
    let seen = node_programs::client("jira", &given.to_string()).unwrap_or_else(|cause| panic!("{cause}"));
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    assert_eq!((&seen["priority"], &seen["me"]), (&json!("High"), &json!("acc-1")));
    assert_eq!(seen["subtasks"].as_array().map(Vec::len), Some(1));
    let comments = seen["comments"].as_array().expect("a list");
    let text = comments.first().and_then(Value::as_str).expect("a comment");
    assert!(comments.len() == 1 && text.contains("Asks for a boiler & a <b>price</b>."), "{comments:?}");
    assert_eq!((&seen["own"], &seen["refusals"]), (&json!([true]), &json!([404, 401, 400])));
}
