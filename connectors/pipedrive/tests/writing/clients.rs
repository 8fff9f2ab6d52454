//! Pipedrive's own client library against the same stand-in: what we wrote is what it reads, and the stand-in answers and refuses it as it was
//! written for.

use crate::node_programs;
use crate::subject::{PRIORITY, action, record, sink, write};
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::ActionKind;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_own_library_reads_what_was_written() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    let mut ids = Vec::new();
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let mut action = action(kind, &format!("{kind}-1"), &record);
        action.due = "2026-12-01".parse().ok();
        let write = write(&*sink, &action);
        ids.push(sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id"));
    }
    let numbers: Vec<u64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let deal: u64 = record.split('/').nth(1).and_then(|id| id.parse().ok()).expect("a number");
    vendors.fault("^GET /pipedrive/api/v2/deals$", json!({ "status": 429 }));
    let given = json!({
        "url": vendors.url("pipedrive"), "token": TOKEN, "record": deal, "note": numbers[0], "task": numbers[1],
        "field": PRIORITY,
    });
    let seen = node_programs::client("pipedrive", &given.to_string()).unwrap_or_else(|cause| panic!("{cause}"));
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    let body = seen["body"].as_str().expect("a body");
    assert!(body.contains("Asks for a boiler &amp; a &lt;b&gt;price&lt;/b&gt;.") && body.ends_with("OpsPilot note-1"));
    assert_eq!(seen["listed"], json!([numbers[0], seen["own"]]));
    assert_eq!(seen["activities"], json!([numbers[1]]));
    let task = &seen["task"];
    assert_eq!((&task["subject"], &task["due_date"]), (&json!("Call back"), &json!("2026-12-01")));
    assert_eq!((&task["deal_id"], &task["done"]), (&json!(deal), &json!(false)));
    assert_eq!((&seen["priority"], &seen["choices"], &seen["me"]), (&json!(13), &json!([11, 12, 13]), &json!(0)));
    let words =
        ["Note not found", "unauthorized access", "One of the following fields is required", "request over limit"];
    for (refusal, word) in seen["refusals"].as_array().expect("a list").iter().zip(words) {
        assert!(refusal.as_str().is_some_and(|text| text.starts_with(word)), "{refusal} {word}");
    }
}
