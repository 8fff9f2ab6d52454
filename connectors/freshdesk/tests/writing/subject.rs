//! How the sink under test is built, and the records that it writes to.

pub(crate) use opspilot_sdk::conformance::{action, write};

use crate::vendors::{TOKEN, Vendors};
use opspilot_freshdesk::Freshdesk;
use opspilot_sdk::Sink;
use opspilot_sdk::conformance;
use serde_json::{Value, json};
use std::sync::Arc;

/// With a secret, and options beside the usual ones; one that is `null` is left out.
pub(crate) fn build(base_url: &str, secret: &str, more: &Value) -> Arc<dyn Sink> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("secret"), format!("{secret}\n")).expect("a file");
    let options = json!({"key_file": "secret", "base_url": base_url, "silence_secs": 1, "whole_secs": 10});
    conformance::build::<Freshdesk>(folder.path(), options, more)
}

pub(crate) fn sink(vendors: &Vendors) -> Arc<dyn Sink> {
    build(&vendors.url("freshdesk"), TOKEN, &Value::Null)
}

/// A new ticket.
pub(crate) fn record(vendors: &Vendors) -> String {
    let ticket = json!({"subject": "Boiler", "email": "ada@example.com", "priority": 2});
    vendors.ask("POST", "/freshdesk/api/v2/tickets", &ticket)["id"].to_string()
}
