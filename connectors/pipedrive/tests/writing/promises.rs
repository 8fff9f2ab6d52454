//! The sinks' suite. The stand-in is started once: what it keeps is told apart by records.

use crate::subject::{self, PRIORITY};
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_pipedrive::Pipedrive;
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{Action, ActionKind, Sink, Write};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// The requests that change something.
const CHANGES: &str = "^(POST|PATCH|DELETE) /pipedrive/";

struct Crm {
    vendors: &'static Vendors,
}

impl Crm {
    fn things(&self, kind: ActionKind) -> serde_json::Map<String, Value> {
        self.vendors.kept("pipedrive", if kind == ActionKind::Note { "notes" } else { "activities" })
    }
}

impl SinkHarness for Crm {
    async fn new() -> Self {
        static VENDORS: OnceLock<Vendors> = OnceLock::new();
        Self { vendors: VENDORS.get_or_init(Vendors::start) }
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let token = if credentials == Credentials::Good { TOKEN } else { "another-token" };
        Some(subject::build(self.vendors, token, &json!({})))
    }

    async fn record(&mut self) -> String {
        subject::record(self.vendors, "deals")
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
        let link = match object {
            "deals" => "deal_id",
            "persons" => "person_id",
            _ => "org_id",
        };
        let is_there = |thing: &&Value| thing["active_flag"] == true || thing["is_deleted"] == false;
        let hangs_on = |thing: &&Value| thing[link].as_u64() == id.parse().ok();
        self.things(kind).values().filter(is_there).filter(hangs_on).count()
    }

    async fn snapshot(&mut self) -> String {
        let kinds = ["notes", "activities", "deals", "persons", "organizations"];
        kinds.map(|kind| Value::from(self.vendors.kept("pipedrive", kind)).to_string()).join("\n")
    }

    async fn seen(&mut self, write: &Write, id: &str) -> Option<String> {
        let thing = self.things(write.kind).get(id)?.clone();
        let title = thing["subject"].as_str().unwrap_or_default();
        Some(format!("{title}\n{}", thing["shown"].as_str()?))
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        let (method, path, fields) = match write.kind {
            ActionKind::Note => ("PUT", format!("v1/notes/{id}"), json!({ "content": "Edited." })),
            ActionKind::Task => ("PATCH", format!("v2/activities/{id}"), json!({ "done": true })),
            _ => ("PATCH", format!("v2/{id}"), json!({ "custom_fields": { PRIORITY: 12 } })),
        };
        self.vendors.ask(method, &format!("/pipedrive/api/{path}"), &fields);
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
        format!("{Pipedrive:?}")
    }
}

#[tokio::test]
async fn every_promise_of_a_sink() {
    written::<Crm>().await.assert();
}
