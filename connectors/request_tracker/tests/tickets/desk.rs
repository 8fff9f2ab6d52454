//! What the tests need of Request Tracker and of a daemon: tickets, what people see and get of them, a sink with a token.

use crate::leased::{Leased, ask};
use crate::request_tracker;
use jiff::civil::date;
use opspilot_request_tracker::RequestTracker;
use opspilot_sdk::conformance::{self, FarSide};
use opspilot_sdk::{Action, ActionKind, Sink};
use serde_json::{Value, json};
use std::sync::Arc;

/// Request Tracker, and a way to it on which things go wrong.
pub(crate) struct Desk {
    pub(crate) server: Leased,
    pub(crate) way: FarSide,
}

impl Desk {
    pub(crate) fn open() -> Self {
        let server = request_tracker::start().expect("Request Tracker");
        let way = FarSide::before(server.port, |asked| !asked.is_safe()).expect("a port");
        Self { server, way }
    }

    pub(crate) fn token(&self, account: &str) -> String {
        request_tracker::token(&self.server, account).expect("a token")
    }

    /// The sink of an account; `more` are options beside the address and the token.
    pub(crate) fn sink(&self, account: &str, more: Value) -> Arc<dyn Sink> {
        self.sink_with(&self.token(account), more)
    }

    pub(crate) fn sink_with(&self, token: &str, more: Value) -> Arc<dyn Sink> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("token"), token).expect("a token");
        let usual = json!({"base_url": self.way.url(), "token_file": "token", "silence_secs": 8, "whole_secs": 30});
        conformance::build::<RequestTracker>(folder.path(), usual, &more)
    }

    /// Options with which everything can be done.
    pub(crate) fn all() -> Value {
        json!({"queue": "Tasks", "priorities": {"low": 0, "normal": 50, "high": 80, "urgent": 100}})
    }

    /// Asks Request Tracker's interface as an account.
    pub(crate) fn ask(&self, account: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let token = format!("token {}", self.token(account));
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("/REST/2.0{path}");
        let (status, text) = ask(self.server.port, method, &path, &headers, &body).expect("an answer");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("root", "GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// A new ticket that somebody outside asked for, whose address nobody else has.
    pub(crate) fn ticket(&self) -> String {
        static MADE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let requestor = format!("lead-{}-{number}@client.test", std::process::id());
        let fields =
            json!({"Queue": "General", "Subject": "Boiler broken", "Requestor": requestor, "Content": "Please call."});
        let (status, body) = self.ask("root", "POST", "/ticket", &fields);
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().expect("its number").to_owned()
    }

    pub(crate) fn change(&self, account: &str, ticket: &str, fields: &Value) {
        let (status, body) = self.ask(account, "PUT", &format!("/ticket/{ticket}"), fields);
        assert_eq!(status, 200, "{body}");
    }

    /// A ticket as an administrator sees it, without what is offered to do with it.
    pub(crate) fn shown(&self, ticket: &str) -> Value {
        let mut body = self.get(&format!("/ticket/{ticket}"));
        body["_hyperlinks"].take();
        body
    }

    /// The transactions of some types on a ticket.
    pub(crate) fn history(&self, ticket: &str, kinds: &[&str]) -> Vec<Value> {
        let mut found = self.get(&format!("/ticket/{ticket}/history?fields=Type,Data,Creator&per_page=100"));
        let items = found["items"].take();
        items
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| kinds.iter().any(|kind| one["Type"] == *kind))
            .cloned()
            .collect()
    }

    /// The tickets that refer to one.
    pub(crate) fn tasks(&self, ticket: &str) -> Vec<Value> {
        let query = format!("RefersTo%3D{ticket}");
        let mut found = self.get(&format!("/tickets?query={query}&fields=Subject,Status,Priority,Due&per_page=100"));
        found["items"].take().as_array().cloned().unwrap_or_default()
    }

    /// The letters that Request Tracker wanted to send to whoever asked for a ticket.
    pub(crate) fn letters(&self, ticket: &str) -> usize {
        let requestor = self.shown(ticket)["Requestor"][0]["id"].as_str().expect("who asked").to_owned();
        let folder = std::fs::read_dir(self.server.folder.join("outbox")).expect("the outbox");
        let texts = folder.flatten().map(|file| std::fs::read_to_string(file.path()).unwrap_or_default());
        texts.filter(|text| text.contains(&requestor)).count()
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
