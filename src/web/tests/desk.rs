//! A system to write into for tests of the interface: it plans and knows a way back, and nothing is ever sent to it.

use opspilot_sdk::{
    Action, ActionKind, BoxFuture, Call, Caution, ConnectorError, Delivered, Look, Manner, Planned, Repeat, Sink,
    Undelivered, Write,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) struct Desk;

fn call(method: &str, target: String, body: String) -> Call {
    Call { method: method.into(), target, headers: BTreeMap::new(), body }
}

impl Sink for Desk {
    fn manner(&self) -> Manner {
        let carries = &[ActionKind::Note];
        Manner { carries, repeat: Repeat::Looked, settles_in: Duration::ZERO, needs_record: true }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        let target = format!("https://desk.example/{}/notes", action.record);
        let call = call("POST", target, json!({ "text": action.text, "key": action.key }).to_string());
        Ok(Planned { call, expect: json!({ "text": action.text }) })
    }

    fn look<'a>(&'a self, _: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        panic!("the interface looks at nothing")
    }

    fn deliver<'a>(&'a self, _: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        panic!("the interface sends nothing")
    }

    fn revert(&self, write: &Write, id: &str, _: Option<&Value>) -> Result<Planned, ConnectorError> {
        let target = format!("https://desk.example/{}/notes/{id}", write.record);
        Ok(Planned { call: call("DELETE", target, String::new()), expect: Value::Null })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        panic!("the interface checks nothing")
    }
}
