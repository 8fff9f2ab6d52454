//! How the sink under test is built, and the records that it writes to.

pub(crate) use opspilot_sdk::conformance::{action, write};

use crate::vendors::{TOKEN, Vendors};
use opspilot_pipedrive::Pipedrive;
use opspilot_sdk::Sink;
use opspilot_sdk::conformance;
use serde_json::{Value, json};
use std::sync::Arc;

/// The deals' own field that the stand-in has; its choices are 11, 12, 13.
pub(crate) const PRIORITY: &str = "0123456789abcdef0123456789abcdef01234567";

/// With a token, and options beside the usual ones; one that is `null` is left out.
pub(crate) fn build(vendors: &Vendors, token: &str, more: &Value) -> Arc<dyn Sink> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("token"), format!("{token}\n")).expect("a file");
    let options = json!({
        "token_file": "token",
        "base_url": vendors.url("pipedrive"),
        "objects": ["deals", "persons", "organizations"],
        "priority_field": PRIORITY,
        "priorities": { "low": 11, "high": 13 },
        "task_priorities": { "high": 3 },
        "silence_secs": 1,
        "whole_secs": 10,
    });
    conformance::build::<Pipedrive>(folder.path(), options, more)
}

pub(crate) fn sink(vendors: &Vendors) -> Arc<dyn Sink> {
    build(vendors, TOKEN, &json!({}))
}

/// A new record of a kind.
pub(crate) fn record(vendors: &Vendors, object: &str) -> String {
    let made =
        vendors.ask("POST", &format!("/pipedrive/api/v2/{object}"), &json!({ "title": "Boiler", "name": "Ada" }));
    format!("{object}/{}", made["data"]["id"].as_u64().expect("an id"))
}
