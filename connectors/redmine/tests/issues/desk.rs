//! What the tests need of Redmine and of a daemon: issues, notes as people see them, a sink with a key.

use crate::leased::{Leased, ask};
use crate::redmine::{self, Account};
use jiff::civil::date;
use opspilot_redmine::Redmine;
use opspilot_sdk::conformance::{self, FarSide};
use opspilot_sdk::{Action, ActionKind, Sink};
use serde_json::{Value, json};
use std::sync::Arc;

/// Redmine, and a way to it on which things go wrong.
pub(crate) struct Desk {
    pub(crate) server: Leased,
    pub(crate) way: FarSide,
}

impl Desk {
    pub(crate) fn open() -> Self {
        let server = redmine::start().expect("Redmine");
        let way = FarSide::before(server.port, |asked| !asked.is_safe()).expect("a port");
        Self { server, way }
    }

    /// The sink of an account; `more` are options beside the address and the key.
    pub(crate) fn sink(&self, account: Account, more: Value) -> Arc<dyn Sink> {
        self.sink_with(&account.key(), more)
    }

    pub(crate) fn sink_with(&self, key: &str, more: Value) -> Arc<dyn Sink> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("key"), key).expect("a key");
        let usual = json!({"base_url": self.way.url(), "key_file": "key", "silence_secs": 8, "whole_secs": 30});
        conformance::build::<Redmine>(folder.path(), usual, &more)
    }

    /// Options with which everything can be done, and tasks are taken back by the status Rejected.
    pub(crate) fn all() -> Value {
        json!({"project": "pilot", "undo_status": 6, "priorities": {"low": 1, "normal": 2, "high": 3, "urgent": 4}})
    }

    /// Asks Redmine's interface as an account.
    pub(crate) fn ask(&self, account: Account, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let key = account.key();
        let headers = [("x-redmine-api-key", key.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = ask(self.server.port, method, path, &headers, &body).expect("an answer");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Account::Admin, "GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// A new issue, of a person who works there.
    pub(crate) fn issue(&self, project: &str) -> String {
        let fields = json!({"project_id": project, "tracker_id": 3, "subject": "Boiler broken", "description": "Please call.", "priority_id": 2});
        let (status, body) = self.ask(Account::Admin, "POST", "/issues.json", &json!({"issue": fields}));
        assert_eq!(status, 201, "{body}");
        body["issue"]["id"].to_string()
    }

    pub(crate) fn change(&self, account: Account, issue: &str, fields: Value) {
        let (status, body) = self.ask(account, "PUT", &format!("/issues/{issue}.json"), &json!({ "issue": fields }));
        assert_eq!(status, 204, "{body}");
    }

    /// An issue as an account sees it.
    pub(crate) fn shown(&self, account: Account, issue: &str) -> Value {
        let path = format!("/issues/{issue}.json?include=journals,children,attachments,relations");
        let (status, mut body) = self.ask(account, "GET", &path, &Value::Null);
        assert_eq!(status, 200, "{body}");
        body["issue"].take()
    }

    /// The issues whose description begins with the reference to one.
    pub(crate) fn tasks(&self, issue: &str) -> Vec<Value> {
        let mut found = self.get(&format!("/issues.json?status_id=*&limit=100&description=~%23{issue}"));
        let all = found["issues"].take();
        let begins = format!("#{issue}\r\n");
        let of_it = |task: &Value| task["description"].as_str().is_some_and(|text| text.starts_with(&begins));
        all.as_array().into_iter().flatten().filter(|task| of_it(task)).cloned().collect()
    }
}

/// An action that fits.
pub(crate) fn action(kind: ActionKind, key: &str, record: &str) -> Action {
    Action {
        title: "Call Ada Lovelace back".to_owned(),
        text: "Her boiler has been broken since Monday.".to_owned(),
        due: (kind == ActionKind::Task).then(|| date(2026, 12, 1)),
        ..conformance::action(kind, key, record)
    }
}
