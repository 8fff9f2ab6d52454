//! The sinks' suite. The stand-in is started once: what it keeps is told apart by records.

use crate::subject;
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_hubspot::HubSpot;
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{Action, ActionKind, Sink, Write};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// The requests that change something.
const CHANGES: &str = r"^(POST|PATCH|DELETE) /hubspot/crm/v3/objects/\w+(/\d+)?$";

struct Crm {
    vendors: &'static Vendors,
    made: usize,
}

impl Crm {
    fn things(&self, kind: ActionKind) -> serde_json::Map<String, Value> {
        self.vendors.kept("hubspot", if kind == ActionKind::Note { "notes" } else { "tasks" })
    }
}

impl SinkHarness for Crm {
    async fn new() -> Self {
        static VENDORS: OnceLock<Vendors> = OnceLock::new();
        Self { vendors: VENDORS.get_or_init(Vendors::start), made: 0 }
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let token = if credentials == Credentials::Good { TOKEN } else { "another-token" };
        Some(subject::build(self.vendors, token, &json!({})))
    }

    async fn record(&mut self) -> String {
        self.made += 1;
        subject::record(self.vendors, ["deals", "contacts", "companies"][self.made % 3])
    }

    fn missing(&self) -> Option<String> {
        Some("deals/999999".to_owned())
    }

    fn fit(&self, action: &mut Action) {
        if action.kind == ActionKind::Priority {
            action.value = Some("high".to_owned());
        }
    }

    async fn count(&mut self, kind: ActionKind, record: &str) -> usize {
        let (object, id) = record.split_once('/').unwrap_or_default();
        let hangs_on = |thing: &&Value| {
            let linked = thing["associations"][object].as_array();
            thing["archived"] == false && linked.is_some_and(|all| all.iter().any(|one| one == id))
        };
        self.things(kind).values().filter(hangs_on).count()
    }

    async fn snapshot(&mut self) -> String {
        let kinds = ["notes", "tasks", "deals", "contacts", "companies"];
        kinds.map(|kind| Value::from(self.vendors.kept("hubspot", kind)).to_string()).join("\n")
    }

    async fn seen(&mut self, write: &Write, id: &str) -> Option<String> {
        let thing = self.things(write.kind).get(id)?.clone();
        let title = thing["properties"]["hs_task_subject"].as_str().unwrap_or_default();
        Some(format!("{title}\n{}", thing["shown"].as_str()?))
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        let (path, properties) = match write.kind {
            ActionKind::Note => (format!("notes/{id}"), json!({ "hs_note_body": "Edited." })),
            ActionKind::Task => (format!("tasks/{id}"), json!({ "hs_task_status": "COMPLETED" })),
            _ => (id.to_owned(), json!({ "hs_priority": "low" })),
        };
        self.vendors.ask("PATCH", &format!("/hubspot/crm/v3/objects/{path}"), &json!({ "properties": properties }));
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
        format!("{HubSpot:?}")
    }
}

#[tokio::test]
async fn every_promise_of_a_sink() {
    written::<Crm>().await.assert();
}
