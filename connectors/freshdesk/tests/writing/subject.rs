//! How the sink under test is built, and the records that it writes to.

use crate::vendors::{TOKEN, Vendors};
use opspilot_freshdesk::Freshdesk;
use opspilot_sdk::{Action, ActionKind, BuildContext, Clock, Sink, Spec, Write};
use serde_json::{Value, json};
use std::sync::Arc;

/// A clock that stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        "2026-11-21T12:00:00Z".parse().expect("a time")
    }
}

/// With a secret, and options beside the usual ones; one that is `null` is left out.
pub(crate) fn build(base_url: &str, secret: &str, more: &Value) -> Arc<dyn Sink> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("secret"), format!("{secret}\n")).expect("a file");
    let mut options = json!({"key_file": "secret", "base_url": base_url, "silence_secs": 1, "whole_secs": 10});
    options.as_object_mut().into_iter().zip(more.as_object()).for_each(|(to, from)| to.extend(from.clone()));
    options.as_object_mut().into_iter().for_each(|all| all.retain(|_, value| !value.is_null()));
    let settings = Freshdesk::validate(serde_json::from_value(options).expect("options")).expect("good options");
    let context = BuildContext { name: "desk".to_owned(), data_dir: folder.path().to_owned(), clock: Arc::new(Still) };
    Freshdesk::build(settings, context).expect("a sink")
}

pub(crate) fn sink(vendors: &Vendors) -> Arc<dyn Sink> {
    build(&vendors.url("freshdesk"), TOKEN, &Value::Null)
}

/// A new ticket.
pub(crate) fn record(vendors: &Vendors) -> String {
    let ticket = json!({"subject": "Boiler", "email": "ada@example.com", "priority": 2});
    vendors.ask("POST", "/freshdesk/api/v2/tickets", &ticket)["id"].to_string()
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

/// What the daemon keeps of an action once it is planned.
pub(crate) fn write(sink: &dyn Sink, action: &Action) -> Write {
    let planned = sink.preview(action).expect("a plan");
    let (call, expect) = (planned.call, planned.expect);
    Write { kind: action.kind, key: action.key.clone(), record: action.record.clone(), call, expect }
}
