//! The sinks' suite. The stand-in is started once: what it keeps is told apart by records.

use crate::subject;
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_freshdesk::Freshdesk;
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{Action, ActionKind, Sink, Write};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// The requests that change something.
const CHANGES: &str = r"^(POST|PUT|DELETE) /freshdesk/api/v2/";

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
        Some(subject::build(&self.vendors.url("freshdesk"), secret, &Value::Null))
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

    async fn count(&mut self, _: ActionKind, record: &str) -> usize {
        self.vendors.kept("freshdesk", "tickets")[record]["conversation"].as_array().map_or(0, Vec::len)
    }

    async fn snapshot(&mut self) -> String {
        Value::from(self.vendors.kept("freshdesk", "tickets")).to_string()
    }

    async fn seen(&mut self, write: &Write, id: &str) -> Option<String> {
        let tickets = self.vendors.kept("freshdesk", "tickets");
        let entries = tickets[&write.record]["conversation"].as_array()?;
        let entry = entries.iter().find(|entry| entry["id"].as_u64() == id.parse().ok())?;
        entry["body_text"].as_str().map(str::to_owned)
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        let (path, change) = match write.kind {
            ActionKind::Note => (format!("conversations/{id}"), json!({"body": "Edited."})),
            _ => (format!("tickets/{id}"), json!({"priority": 4})),
        };
        self.vendors.ask("PUT", &format!("/freshdesk/api/v2/{path}"), &change);
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
        format!("{Freshdesk:?}")
    }
}

#[tokio::test]
async fn every_promise_of_a_sink() {
    written::<Desk>().await.assert_all_but("priority: ");
}
