//! A client library in wide use (jsforce) against the same stand-in: what we wrote is what it reads, and the stand-in answers, refuses and renews
//! tokens as it was written for.

use crate::node_programs;
use crate::subject::{SECRET, action, build, record, write};
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::ActionKind;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_library_in_wide_use_reads_what_was_written() {
    let vendors = Vendors::start();
    let sink = build(&vendors, SECRET, &json!({ "key_field": "OpsPilot_Key__c" }));
    let record = record(&vendors, "Case");
    let mut ids = Vec::new();
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority] {
        let mut action = action(kind, &format!("{kind}-1"), &record);
        action.due = "2026-12-01".parse().ok();
        let write = write(&*sink, &action);
        ids.push(sink.deliver(&write, None).await.expect("it is delivered").id.expect("an id"));
    }
    vendors.fault("^GET /salesforce/services/data/v62.0/limits$", json!({ "status": 429 }));
    let given = json!({
        "url": vendors.url("salesforce"), "token": TOKEN, "secret": SECRET, "record": record,
        "note": ids[0], "task": ids[1],
    });
    let seen = node_programs::client("salesforce", &given.to_string()).unwrap_or_else(|cause| panic!("{cause}"));
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    let text = "Asks for a boiler & a <b>price</b>.\n\nOpsPilot note-1";
    assert_eq!((&seen["note"]["Description"], &seen["note"]["OpsPilot_Key__c"]), (&json!(text), &json!("note-1")));
    assert_eq!((&seen["note"]["Status"], &seen["note"]["WhatId"]), (&json!("Completed"), &json!(record)));
    assert_eq!((&seen["task"]["Subject"], &seen["task"]["ActivityDate"]), (&json!("Call back"), &json!("2026-12-01")));
    assert_eq!(seen["listed"], json!([ids[0], ids[1]]));
    assert_eq!((&seen["priority"], &seen["choices"]), (&json!("High"), &json!(["High", "Medium", "Low"])));
    assert_eq!((&seen["token"], &seen["renewed"]), (&json!(true), &json!(1)));
    assert_eq!(
        (&seen["upserts"], &seen["mine"], &seen["own"]),
        (&json!([true, false]), &json!(1), &json!("Own again"))
    );
    let refusals = [
        "ENTITY_IS_DELETED",
        "INVALID_SESSION_ID",
        "INVALID_FIELD",
        "STRING_TOO_LONG",
        "REQUIRED_FIELD_MISSING",
        "REQUEST_LIMIT_EXCEEDED",
    ];
    assert_eq!(seen["refusals"], json!(refusals));
}
