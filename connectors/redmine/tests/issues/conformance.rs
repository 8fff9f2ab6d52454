//! The suite of sinks against a real Redmine, seen by an administrator: what people read is read from Redmine's own feeds, in which its
//! formatter has made pages of it.

use crate::desk::Desk;
use crate::leased::ask;
use crate::redmine::Account;
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{Action, ActionKind, Sink, Write, plain};
use serde_json::{Value, json};
use std::sync::Arc;

struct Real<const KIND: usize> {
    desk: Desk,
    records: Vec<String>,
}

impl<const KIND: usize> SinkHarness for Real<KIND> {
    const KINDS: &'static [ActionKind] = match KIND {
        0 => &[ActionKind::Note, ActionKind::Message, ActionKind::Event],
        1 => &[ActionKind::Task],
        _ => &[ActionKind::Priority],
    };

    async fn new() -> Self {
        Self { desk: Desk::open(), records: Vec::new() }
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let key = match credentials {
            Credentials::Good => Account::Writer.key(),
            Credentials::Wrong => "0".repeat(40),
        };
        Some(self.desk.sink_with(&key, Desk::all()))
    }

    async fn record(&mut self) -> String {
        let record = self.desk.issue("pilot");
        self.records.push(record.clone());
        record
    }

    fn missing(&self) -> Option<String> {
        Some("999999".to_owned())
    }

    fn fit(&self, action: &mut Action) {
        if action.kind == ActionKind::Priority {
            action.value = Some("urgent".to_owned());
        }
    }

    async fn count(&mut self, kind: ActionKind, record: &str) -> usize {
        match kind {
            ActionKind::Task => self.desk.tasks(record).len(),
            _ => self.desk.shown(Account::Admin, record)["journals"].as_array().map_or(0, Vec::len),
        }
    }

    async fn snapshot(&mut self) -> String {
        let all = |record: &String| json!([self.desk.shown(Account::Admin, record), self.desk.tasks(record)]);
        Value::from_iter(self.records.iter().map(all)).to_string()
    }

    async fn seen(&mut self, write: &Write, id: &str) -> Option<String> {
        let key = Account::Admin.feed_key();
        let path = match write.kind {
            ActionKind::Task => format!("/issues.atom?key={key}&status_id=*&issue_id={id}"),
            _ => format!("/issues/{}.atom?key={key}", write.record),
        };
        let (status, feed) = ask(self.desk.server.port, "GET", &path, &[], "").ok()?;
        assert_eq!(status, 200, "{feed}");
        // The feed holds pages as text.
        Some(plain::text_of_html(&plain::text_of_html(&feed)))
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        match write.kind {
            ActionKind::Note => {
                let path = format!("/journals/{id}.json");
                let body = json!({"journal": {"notes": "Something else"}});
                self.desk.ask(Account::Admin, "PUT", &path, &body).0 == 204
            }
            ActionKind::Task => {
                self.desk.change(Account::Agent, id, json!({"notes": "I have called her"}));
                true
            }
            _ => {
                self.desk.change(Account::Agent, &write.record, json!({"priority_id": 1}));
                true
            }
        }
    }

    fn arm(&mut self, mishap: Mishap) -> bool {
        self.desk.way.arm(mishap);
        true
    }

    fn canaries(&self) -> Vec<String> {
        vec![Account::Writer.key(), "0".repeat(40)]
    }
}

async fn holds<const KIND: usize>() {
    let verdict = written::<Real<KIND>>().await;
    eprintln!("{verdict}\ncould not be made: {:?}", verdict.skipped);
    verdict.assert();
}

#[tokio::test]
async fn notes_keep_the_promises_of_a_sink() {
    holds::<0>().await;
}

#[tokio::test]
async fn tasks_keep_the_promises_of_a_sink() {
    holds::<1>().await;
}

#[tokio::test]
async fn priorities_keep_the_promises_of_a_sink() {
    holds::<2>().await;
}
