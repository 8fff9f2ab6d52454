//! How the sink under test is built, and the records that it writes to.

pub(crate) use opspilot_sdk::conformance::write;

use crate::vendors::{TOKEN, Vendors};
use opspilot_jira::Jira;
use opspilot_sdk::{Action, ActionKind, Sink, conformance};
use serde_json::{Value, json};
use std::sync::Arc;

/// With a secret, and options beside the usual ones; one that is `null` is left out.
pub(crate) fn build(base_url: &str, secret: &str, more: &Value) -> Arc<dyn Sink> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("secret"), format!("{secret}\n")).expect("a file");
    let options = json!({"token_file": "secret", "email": "pilot@acme.example", "base_url": base_url, "silence_secs": 1, "whole_secs": 10});
    conformance::build::<Jira>(folder.path(), options, more)
}

pub(crate) fn sink(vendors: &Vendors) -> Arc<dyn Sink> {
    build(&vendors.url("jira"), TOKEN, &Value::Null)
}

/// A new issue.
pub(crate) fn record(vendors: &Vendors) -> String {
    let fields = json!({"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Boiler"});
    let made = vendors.ask("POST", "/jira/rest/api/3/issue", &json!({"fields": fields}));
    made["key"].as_str().expect("a key").to_owned()
}

/// An action that fits.
pub(crate) fn action(kind: ActionKind, key: &str, record: &str) -> Action {
    let value = (kind == ActionKind::Priority).then(|| "High".to_owned());
    Action { value, ..conformance::action(kind, key, record) }
}
