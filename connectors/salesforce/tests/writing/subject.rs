//! How the sink under test is built, and the records that it writes to.

use crate::vendors::Vendors;
use opspilot_salesforce::Salesforce;
use opspilot_sdk::{Action, ActionKind, BuildContext, Clock, Planned, Sink, Spec, Write};
use serde_json::{Value, json};
use std::sync::Arc;

/// The consumer secret that the stand-in knows.
pub(crate) const SECRET: &str = "secret-1";
/// The refresh token that it knows.
pub(crate) const REFRESH: &str = "refresh-1";

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        "2026-11-21T12:00:00Z".parse().expect("a time")
    }
}

/// With a consumer secret, and options beside the usual ones; `null` takes one away.
pub(crate) fn build(vendors: &Vendors, secret: &str, more: &Value) -> Arc<dyn Sink> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("secret"), format!("{secret}\n")).expect("a file");
    std::fs::write(folder.path().join("refresh"), format!("{REFRESH}\n")).expect("a file");
    std::fs::write(folder.path().join("revoked"), "refresh-0\n").expect("a file");
    let mut options = json!({
        "client_id": "client-1",
        "client_secret_file": "secret",
        "base_url": vendors.url("salesforce"),
        "objects": ["Case", "Lead", "Opportunity", "Contact", "Account"],
        "priority_fields": { "Case": "Priority", "Lead": "Rating", "Opportunity": "Urgency__c" },
        "silence_secs": 1,
        "whole_secs": 10,
    });
    options.as_object_mut().into_iter().zip(more.as_object()).for_each(|(to, from)| to.extend(from.clone()));
    options.as_object_mut().into_iter().for_each(|all| all.retain(|_, value| !value.is_null()));
    let options = serde_json::from_value(options).expect("options");
    let settings = Salesforce::validate(options).expect("good options");
    let context = BuildContext { name: "crm".to_owned(), data_dir: folder.path().to_owned(), clock: Arc::new(Still) };
    Salesforce::build(settings, context).expect("a sink")
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
    Action {
        kind,
        key: key.to_owned(),
        record: record.to_owned(),
        title: "Call back".to_owned(),
        text: "Asks for a boiler & a <b>price</b>.".to_owned(),
        due: None,
        value: (kind == ActionKind::Priority).then(|| "High".to_owned()),
        to: None,
        span: None,
        at: "2026-11-21T12:00:00Z".parse().expect("a time"),
        fields: Default::default(),
    }
}

/// What the daemon keeps of a planned action.
pub(crate) fn write(action: &Action, planned: Planned) -> Write {
    Write {
        kind: action.kind,
        key: action.key.clone(),
        record: action.record.clone(),
        call: planned.call,
        expect: planned.expect,
    }
}
