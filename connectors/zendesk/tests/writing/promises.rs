//! The sinks' suite. The stand-in is started once, and forgets for each check.

use crate::subject;
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{Action, ActionKind, Sink, Write};
use opspilot_zendesk::Zendesk;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// The requests that change something.
const CHANGES: &str = r"^(POST|PUT|DELETE) /zendesk/api/v2/";

struct Desk {
    vendors: &'static Vendors,
}

impl SinkHarness for Desk {
    async fn new() -> Self {
        static VENDORS: OnceLock<Vendors> = OnceLock::new();
        let vendors = VENDORS.get_or_init(Vendors::start);
        // The suite uses a key again on a fresh far side, and Zendesk knows keys.
        vendors.ask("DELETE", "/_state", &Value::Null);
        Self { vendors }
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let secret = if credentials == Credentials::Good { TOKEN } else { "another-token" };
        Some(subject::build(&self.vendors.url("zendesk"), secret, &json!({"redact_notes": true})))
    }

    async fn record(&mut self) -> String {
        subject::record(self.vendors)
    }

    fn missing(&self) -> Option<String> {
        Some("999999".to_owned())
    }

    fn fit(&self, action: &mut Action) {
        if action.kind == ActionKind::Priority {
            action.value = Some("high".to_owned());
        }
    }

    async fn count(&mut self, kind: ActionKind, record: &str) -> usize {
        let tickets = self.vendors.kept("zendesk", "tickets");
        if kind == ActionKind::Note {
            let is_note = |comment: &&Value| comment["public"] == false;
            return tickets[record]["comments"].as_array().map_or(0, |all| all.iter().filter(is_note).count());
        }
        let about = format!("Ticket #{record}\n");
        let is_task = |ticket: &&Value| {
            ticket["type"] == "task" && ticket["comments"][0]["body"].as_str().is_some_and(|text| text.contains(&about))
        };
        tickets.values().filter(is_task).count()
    }

    async fn snapshot(&mut self) -> String {
        Value::from(self.vendors.kept("zendesk", "tickets")).to_string()
    }

    async fn seen(&mut self, write: &Write, id: &str) -> Option<String> {
        let tickets = self.vendors.kept("zendesk", "tickets");
        if write.kind == ActionKind::Task {
            return Some(format!(
                "{}\n{}",
                tickets[id]["subject"].as_str()?,
                tickets[id]["comments"][0]["body"].as_str()?
            ));
        }
        let comments = tickets[&write.record]["comments"].as_array()?;
        let comment = comments.iter().find(|comment| comment["id"].as_u64() == id.parse().ok())?;
        comment["body"].as_str().map(str::to_owned)
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        let change = match write.kind {
            // Nobody can change a comment, but blacken it.
            ActionKind::Note => {
                let path = format!("/zendesk/api/v2/tickets/{}/comments/{id}/redact.json", write.record);
                self.vendors.ask("PUT", &path, &json!({"text": "boiler"}));
                return true;
            }
            ActionKind::Task => json!({"status": "open"}),
            _ => json!({"priority": "urgent"}),
        };
        self.vendors.ask("PUT", &format!("/zendesk/api/v2/tickets/{id}.json"), &json!({"ticket": change}));
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
        format!("{Zendesk:?}")
    }
}

#[tokio::test]
async fn every_promise_of_a_sink() {
    written::<Desk>().await.assert_all_but("priority: ");
}
