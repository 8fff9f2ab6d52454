//! A client library in wide use (freshdesk-api) against the same stand-in: what we wrote is what it reads, and the stand-in answers and refuses
//! it as it was written for.

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
    let mut note = None;
    for kind in [ActionKind::Note, ActionKind::Priority] {
        let write = write(&*sink, &action(kind, &format!("{kind}-1"), &record));
        note = note.or(sink.deliver(&write, None).await.expect("it is delivered").id);
    }
    let given = json!({ "url": vendors.url("freshdesk"), "token": TOKEN, "record": record, "note": note });
    let seen = node_programs::client("freshdesk", &given.to_string()).unwrap_or_else(|cause| panic!("{cause}"));
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    assert_eq!((&seen["priority"], &seen["me"]), (&json!(3), &json!("opspilot@pilot.test")));
    assert_eq!(seen["notes"], json!([[true, "Asks for a boiler & a <b>price</b>.\n\nOpsPilot note-1", true]]));
    assert_eq!((&seen["own"], &seen["raised"]), (&json!([true, "of another, again", 0]), &json!(3)));
    assert_eq!(seen["refusals"], json!([404, 401, 400, 400]));
}
