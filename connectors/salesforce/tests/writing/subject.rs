//! How the sink under test is built, and the records that it writes to.

pub(crate) use opspilot_sdk::conformance::write;

use crate::vendors::Vendors;
use opspilot_salesforce::Salesforce;
use opspilot_sdk::{Action, ActionKind, Sink, conformance};
use serde_json::{Value, json};
use std::sync::Arc;

/// The consumer secret that the stand-in knows.
pub(crate) const SECRET: &str = "secret-1";
/// The refresh token that it knows.
pub(crate) const REFRESH: &str = "refresh-1";

/// With a consumer secret, and options beside the usual ones; one that is `null` is left out.
pub(crate) fn build(vendors: &Vendors, secret: &str, more: &Value) -> Arc<dyn Sink> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("secret"), format!("{secret}\n")).expect("a file");
    std::fs::write(folder.path().join("refresh"), format!("{REFRESH}\n")).expect("a file");
    std::fs::write(folder.path().join("revoked"), "refresh-0\n").expect("a file");
    let options = json!({
        "client_id": "client-1",
        "client_secret_file": "secret",
        "base_url": vendors.url("salesforce"),
        "objects": ["Case", "Lead", "Opportunity", "Contact", "Account"],
        "priority_fields": { "Case": "Priority", "Lead": "Rating", "Opportunity": "Urgency__c" },
        "silence_secs": 1,
        "whole_secs": 10,
    });
    conformance::build::<Salesforce>(folder.path(), options, more)
}

/// Finds tasks by the mark in their text.
pub(crate) fn sink(vendors: &Vendors) -> Arc<dyn Sink> {
    build(vendors, SECRET, &json!({}))
}

/// A new record of a kind.
pub(crate) fn record(vendors: &Vendors, object: &str) -> String {
    let fields = match object {
        "Lead" => json!({ "LastName": "Lovelace", "Company": "Engines" }),
        "Contact" => json!({ "LastName": "Lovelace" }),
        "Account" => json!({ "Name": "Engines" }),
        "Opportunity" => json!({ "Name": "Boiler", "StageName": "New", "CloseDate": "2026-12-01" }),
        _ => json!({ "Subject": "Boiler" }),
    };
    let made = vendors.ask("POST", &format!("/salesforce/services/data/v62.0/sobjects/{object}"), &fields);
    made["id"].as_str().expect("an id").to_owned()
}

/// An action that fits.
pub(crate) fn action(kind: ActionKind, key: &str, record: &str) -> Action {
    let value = (kind == ActionKind::Priority).then(|| "High".to_owned());
    Action { value, ..conformance::action(kind, key, record) }
}
