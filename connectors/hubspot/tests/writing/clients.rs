//! HubSpot's own client library against the same stand-in, before, during and after our writes: what we wrote is what it reads, and the stand-in
//! answers and refuses it as it was written for.

use crate::node_programs;
use crate::subject::{action, record, sink, write};
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::{ActionKind, shows};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_own_library_reads_what_was_written() {
    let vendors = Vendors::start();
    let sink = sink(&vendors);
    let record = record(&vendors, "deals");
    let mut ids = Vec::new();
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let mut action = action(kind, &format!("{kind}-1"), &record);
        if kind == ActionKind::Task {
            action.value = Some("HIGH".to_owned());
        }
        let write = write(&*sink, &action);
        ids.push(sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id"));
    }
    let deal: u64 = record.split('/').nth(1).and_then(|id| id.parse().ok()).expect("a number");
    vendors.fault("^GET /hubspot/crm/v3/objects/tasks$", json!({ "status": 429 }));
    let given = json!({
        "url": vendors.url("hubspot"), "token": TOKEN, "object": "deals", "record": deal.to_string(),
        "note": ids[0], "task": ids[1],
    });
    let seen = node_programs::client("hubspot", &given.to_string()).unwrap_or_else(|cause| panic!("{cause}"));
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    let body = seen["body"].as_str().expect("a body");
    assert!(body.contains("Asks for a boiler &amp; a &lt;b&gt;price&lt;/b&gt;.") && body.contains("OpsPilot note-1"));
    assert_eq!(seen["hangs_on"], deal.to_string());
    assert_eq!(seen["linked"], json!([ids[0].parse::<u64>().expect("a number")]));
    assert_eq!((&seen["many"], &seen["found"]), (&json!([ids[0]]), &json!(1)));
    assert_eq!(seen["task"]["hs_task_subject"], "Call back");
    assert_eq!(seen["task"]["hs_task_priority"], "HIGH");
    assert_eq!((&seen["priority"], &seen["choices"]), (&json!("high"), &json!(["low", "medium", "high"])));
    assert_eq!((&seen["own"], &seen["refusals"]), (&json!(true), &json!([404, 401, 400, 400, 429])));
    // What another program wrote and archived does not hide ours.
    let action = action(ActionKind::Note, "note-1", &record);
    let write = write(&*sink, &action);
    assert!(shows(&write.expect, &sink.look(&write, None).await.expect("a look")));
}
