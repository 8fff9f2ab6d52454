//! A client library in wide use (node-zendesk) against the same stand-in: what we wrote is what it reads, and the stand-in answers and refuses it
//! as it was written for.

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
    for kind in [ActionKind::Note, ActionKind::Priority] {
        let write = write(&*sink, &action(kind, &format!("{kind}-1"), &record));
        let look = sink.look(&write, None).await.expect("a look");
        let version = match &look {
            opspilot_sdk::Look::Present { version, .. } => version.as_deref(),
            _ => None,
        };
        sink.deliver(&write, version).await.expect("it is delivered");
    }
    let number: u64 = record.parse().expect("a number");
    let given = json!({ "url": vendors.url("zendesk"), "token": TOKEN, "record": number });
    let seen = node_programs::client("zendesk", &given.to_string()).unwrap_or_else(|cause| panic!("{cause}"));
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    assert_eq!(seen["priority"], "high");
    let comments = seen["comments"].as_array().expect("a list");
    assert_eq!((comments.len(), &comments[0]), (2, &json!(["How much is it?", true])));
    let text = comments[1][0].as_str().expect("a text");
    assert!(text.contains("Asks for a boiler & a <b>price</b>.") && text.contains("note-1"), "{text}");
    assert_eq!(comments[1][1], false);
    assert_eq!((&seen["own"], &seen["refusals"]), (&json!(["private", false]), &json!(["404", "401", "422"])));
}
