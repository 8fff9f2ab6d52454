//! How the sink under test is built, and the records that it writes to.

use crate::vendors::{TOKEN, Vendors};
use opspilot_pipedrive::Pipedrive;
use opspilot_sdk::{Action, ActionKind, BuildContext, Clock, Planned, Sink, Spec, Write};
use serde_json::{Value, json};
use std::sync::Arc;

/// The deals' own field that the stand-in has; its choices are 11, 12, 13.
pub(crate) const PRIORITY: &str = "0123456789abcdef0123456789abcdef01234567";

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        "2026-11-21T12:00:00Z".parse().expect("a time")
    }
}

/// With a token, and options beside the usual ones.
pub(crate) fn build(vendors: &Vendors, token: &str, more: &Value) -> Arc<dyn Sink> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("token"), format!("{token}\n")).expect("a file");
    let mut options = json!({
        "token_file": "token",
        "base_url": vendors.url("pipedrive"),
        "objects": ["deals", "persons", "organizations"],
        "priority_field": PRIORITY,
        "priorities": { "low": 11, "high": 13 },
        "task_priorities": { "high": 3 },
        "silence_secs": 1,
        "whole_secs": 10,
    });
    options.as_object_mut().into_iter().zip(more.as_object()).for_each(|(to, from)| to.extend(from.clone()));
    let options = serde_json::from_value(options).expect("options");
    let settings = Pipedrive::validate(options).expect("good options");
    let context = BuildContext { name: "crm".to_owned(), data_dir: folder.path().to_owned(), clock: Arc::new(Still) };
    Pipedrive::build(settings, context).expect("a sink")
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

/// An action that fits.
pub(crate) fn action(kind: ActionKind, key: &str, record: &str) -> Action {
    Action {
        kind,
        key: key.to_owned(),
        record: record.to_owned(),
        title: "Call back".to_owned(),
        text: "Asks for a boiler & a <b>price</b>.".to_owned(),
        due: None,
        value: (kind == ActionKind::Priority).then(|| "high".to_owned()),
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
