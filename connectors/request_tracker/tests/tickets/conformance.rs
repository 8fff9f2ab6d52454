//! The suite of sinks against a real Request Tracker, seen by a superuser: what people read is read from its own pages.

use crate::desk::Desk;
use crate::leased::ask;
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{Action, ActionKind, Sink, Write, plain};
use serde_json::{Value, json};
use std::sync::Arc;

/// A token in the right form that nobody has.
const WRONG: &str = "1-14-00000000000000000000000000000000";

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
        let token = match credentials {
            Credentials::Good => self.desk.token("writer"),
            Credentials::Wrong => WRONG.to_owned(),
        };
        Some(self.desk.sink_with(&token, Desk::all()))
    }

    async fn record(&mut self) -> String {
        let record = self.desk.ticket();
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
            _ => self.desk.history(record, &["Comment", "Correspond"]).len(),
        }
    }

    async fn snapshot(&mut self) -> String {
        let all = |record: &String| json!([self.desk.shown(record), self.desk.tasks(record)]);
        sorted(Value::from_iter(self.records.iter().map(all))).to_string()
    }

    async fn seen(&mut self, write: &Write, id: &str) -> Option<String> {
        let ticket = if write.kind == ActionKind::Task { id } else { &write.record };
        // A browser that logs in with its first request.
        let path = format!("/Ticket/History.html?id={ticket}&user=root&pass=password");
        let (status, page) = ask(self.desk.server.port, "GET", &path, &[], "").ok()?;
        assert_eq!(status, 200, "{page}");
        Some(plain::text_of_html(&page))
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        match write.kind {
            // Nobody can change a comment.
            ActionKind::Note => return false,
            ActionKind::Task => {
                let comment = json!({"Content": "I have called her", "ContentType": "text/plain"});
                assert_eq!(self.desk.ask("agent", "POST", &format!("/ticket/{id}/comment"), &comment).0, 201);
            }
            _ => self.desk.change("agent", &write.record, &json!({"Priority": 10})),
        }
        true
    }

    fn arm(&mut self, mishap: Mishap) -> bool {
        self.desk.way.arm(mishap);
        true
    }

    fn canaries(&self) -> Vec<String> {
        vec![self.desk.token("writer"), WRONG.to_owned()]
    }
}

async fn holds<const KIND: usize>() {
    let verdict = written::<Real<KIND>>().await;
    eprintln!("{verdict}\ncould not be made: {:?}", verdict.skipped);
    verdict.assert();
}

/// The same with members in the order of their names: Perl tells them in another one each time.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let ordered: std::collections::BTreeMap<String, Value> =
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            ordered.into_iter().collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
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
