//! The sinks' suite, twice: finding by the mark in the text, and by an external id. The stand-in is started once: what it keeps is told apart
//! by records.

use crate::subject::{self, REFRESH, SECRET};
use crate::vendor_mishaps;
use crate::vendors::{TOKEN, Vendors};
use opspilot_salesforce::Salesforce;
use opspilot_sdk::conformance::{Credentials, Mishap, SinkHarness, written};
use opspilot_sdk::{Action, ActionKind, Sink, Write};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// The requests that change something.
const CHANGES: &str = "^(POST|PATCH|DELETE) /salesforce/services/data/v62.0/sobjects/";

/// One company; `KEYED` where tasks have a field for keys.
struct Org<const KEYED: bool>(&'static Vendors);

impl<const KEYED: bool> Org<KEYED> {
    fn tasks(&self) -> serde_json::Map<String, Value> {
        self.0.kept("salesforce", "Task")
    }
}

impl<const KEYED: bool> SinkHarness for Org<KEYED> {
    async fn new() -> Self {
        static VENDORS: OnceLock<Vendors> = OnceLock::new();
        Self(VENDORS.get_or_init(Vendors::start))
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let secret = if credentials == Credentials::Good { SECRET } else { "secret-of-another" };
        let more = if KEYED { json!({ "key_field": "OpsPilot_Key__c" }) } else { json!({}) };
        Some(subject::build(self.0, secret, &more))
    }

    async fn record(&mut self) -> String {
        subject::record(self.0, "Case")
    }

    fn missing(&self) -> Option<String> {
        Some("500000000999999".to_owned())
    }

    fn fit(&self, action: &mut Action) {
        if action.kind == ActionKind::Priority {
            action.value = Some("High".to_owned());
        }
    }

    async fn count(&mut self, _: ActionKind, record: &str) -> usize {
        let hangs_on = |task: &&Value| task["WhatId"] == record && task["IsDeleted"] == false;
        self.tasks().values().filter(hangs_on).count()
    }

    async fn snapshot(&mut self) -> String {
        let kinds = ["Task", "Case"];
        kinds.map(|kind| Value::from(self.0.kept("salesforce", kind)).to_string()).join("\n")
    }

    async fn seen(&mut self, _: &Write, id: &str) -> Option<String> {
        let task = self.tasks().get(id)?.clone();
        Some(format!("{}\n{}", task["Subject"].as_str()?, task["Description"].as_str()?))
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        let (path, fields) = match write.kind {
            ActionKind::Note => (format!("Task/{id}"), json!({ "Description": "Edited." })),
            ActionKind::Task => (format!("Task/{id}"), json!({ "Status": "Completed" })),
            _ => (format!("Case/{id}"), json!({ "Priority": "Low" })),
        };
        self.0.ask("PATCH", &format!("/salesforce/services/data/v62.0/sobjects/{path}"), &fields);
        true
    }

    fn arm(&mut self, mishap: Mishap) -> bool {
        vendor_mishaps::arm(self.0, CHANGES, mishap);
        true
    }

    fn canaries(&self) -> Vec<String> {
        [TOKEN, SECRET, REFRESH, "secret-of-another"].map(str::to_owned).into()
    }

    fn debug(&self) -> String {
        format!("{Salesforce:?}")
    }
}

#[tokio::test]
async fn every_promise_of_a_sink_that_looks() {
    written::<Org<false>>().await.assert();
}

#[tokio::test]
async fn every_promise_of_a_sink_with_keys() {
    written::<Org<true>>().await.assert();
}
