//! How the sink under test is built, and the records that it writes to.

pub(crate) use opspilot_sdk::conformance::{action, write};

use crate::vendors::{TOKEN, Vendors};
use opspilot_hubspot::HubSpot;
use opspilot_sdk::Sink;
use opspilot_sdk::conformance;
use serde_json::{Value, json};
use std::sync::Arc;

/// With a token, and options beside the usual ones; one that is `null` is left out.
pub(crate) fn build(vendors: &Vendors, token: &str, more: &Value) -> Arc<dyn Sink> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("token"), format!("{token}\n")).expect("a file");
    let options = json!({
        "token_file": "token",
        "base_url": vendors.url("hubspot"),
        "objects": ["deals", "contacts", "companies"],
        "priority_property": "hs_priority",
        "priorities": ["low", "medium", "high"],
        "silence_secs": 1,
        "whole_secs": 10,
    });
    conformance::build::<HubSpot>(folder.path(), options, more)
}

pub(crate) fn sink(vendors: &Vendors) -> Arc<dyn Sink> {
    build(vendors, TOKEN, &json!({}))
}

/// A new record of a kind.
pub(crate) fn record(vendors: &Vendors, object: &str) -> String {
    let made = vendors.ask("POST", &format!("/hubspot/crm/v3/objects/{object}"), &json!({ "properties": {} }));
    format!("{object}/{}", made["id"].as_str().expect("an id"))
}
