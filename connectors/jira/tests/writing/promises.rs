//! The sinks' suite. The stand-in is started once: what it keeps is told apart by records.

use crate::subject;
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_jira::Jira;
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{Action, ActionKind, Sink, Write};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// The requests that change something.
const CHANGES: &str = r"^(PUT|DELETE) /jira/|^POST /jira/rest/api/3/issue($|/[A-Z0-9-]+/comment$)";

struct Desk {
    vendors: &'static Vendors,
}

impl SinkHarness for Desk {
    async fn new() -> Self {
        static VENDORS: OnceLock<Vendors> = OnceLock::new();
        Self { vendors: VENDORS.get_or_init(Vendors::start) }
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let secret = if credentials == Credentials::Good { TOKEN } else { "another-token" };
        Some(subject::build(&self.vendors.url("jira"), secret, &Value::Null))
    }

    async fn record(&mut self) -> String {
        subject::record(self.vendors)
    }

    fn missing(&self) -> Option<String> {
        Some("OPS-999999".to_owned())
    }

    fn fit(&self, action: &mut Action) {
        if action.kind == ActionKind::Priority {
            action.value = Some("High".to_owned());
        }
    }

    async fn count(&mut self, kind: ActionKind, record: &str) -> usize {
        let issues = self.vendors.kept("jira", "issues");
        if kind == ActionKind::Note {
            return issues[record]["comments"].as_array().map_or(0, Vec::len);
        }
        issues.values().filter(|issue| issue["fields"]["parent"]["key"] == record).count()
    }

    async fn snapshot(&mut self) -> String {
        Value::from(self.vendors.kept("jira", "issues")).to_string()
    }

    async fn seen(&mut self, write: &Write, id: &str) -> Option<String> {
        let issues = self.vendors.kept("jira", "issues");
        if write.kind == ActionKind::Task {
            let issue = issues.values().find(|issue| issue["id"] == id)?;
            return Some(format!(
                "{}\n{}",
                issue["fields"]["summary"].as_str()?,
                texts(&issue["fields"]["description"])
            ));
        }
        let comments = issues[&write.record]["comments"].as_array()?;
        Some(texts(&comments.iter().find(|comment| comment["id"] == id)?["body"]))
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        let fields = match write.kind {
            ActionKind::Note => {
                let text = json!({"type": "text", "text": "Edited."});
                let paragraph = json!({"type": "paragraph", "content": [text]});
                let body = json!({"body": {"type": "doc", "version": 1, "content": [paragraph]}});
                self.vendors.ask("PUT", &format!("/jira/rest/api/3/issue/{}/comment/{id}", write.record), &body);
                return true;
            }
            ActionKind::Task => json!({"summary": "Call soon"}),
            _ => json!({"priority": {"name": "Lowest"}}),
        };
        self.vendors.ask("PUT", &format!("/jira/rest/api/3/issue/{id}"), &json!({"fields": fields}));
        true
    }

    fn arm(&mut self, mishap: Mishap) -> bool {
        vendor_mishaps::arm(self.vendors, CHANGES, mishap);
        true
    }

    fn canaries(&self) -> Vec<String> {
        vec![TOKEN.to_owned(), "another-token".to_owned()]
    }

    fn debug(&self) -> String {
        format!("{Jira:?}")
    }
}

#[tokio::test]
async fn every_promise_of_a_sink() {
    written::<Desk>().await.assert_all_but("priority: ");
}

/// The text of a document, as the stand-in's people see it: every node of text, and nothing else is there.
fn texts(document: &Value) -> String {
    let blocks = document["content"].as_array().into_iter().flatten();
    let nodes = blocks.flat_map(|block| block["content"].as_array().into_iter().flatten());
    nodes.map(|node| node["text"].as_str().unwrap_or("\n")).collect()
}
