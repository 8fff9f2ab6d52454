//! Counting what a daemon holds, from its API and its receipts alone, against what the outside world was told. Own file because every
//! test that kills, floods or drops ends with the same question. INVARIANT: nothing told `accepted` is missing, nothing is there twice.

use crate::daemon::{PILOT, TestDaemon};
use crate::http::Ask;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a daemon holds.
#[derive(Debug, Default)]
pub(crate) struct Census {
    /// Requests by the source that brought them.
    pub(crate) requests: BTreeMap<String, BTreeSet<String>>,
    /// Requests by where they stand.
    pub(crate) states: BTreeMap<String, usize>,
    /// Briefs by where they stand.
    pub(crate) briefs: BTreeMap<String, usize>,
    /// Receipts by kind and subject.
    pub(crate) receipts: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Census {
    /// Counts, and holds requests, briefs, decisions and receipts against each other.
    pub(crate) fn take(daemon: &TestDaemon) -> Self {
        let mut census = Self::default();
        for receipt in receipts(daemon) {
            let (kind, subject) = (word(&receipt, "kind"), word(&receipt, "subject"));
            *census.receipts.entry(kind).or_default().entry(subject).or_default() += 1;
        }
        for request in daemon.list(&format!("/api/v1/requests?pilot={PILOT}")) {
            let (id, source, state) = (word(&request, "id"), word(&request, "source"), word(&request, "state"));
            assert!(census.requests.entry(source).or_default().insert(id.clone()), "{id} is listed twice");
            *census.states.entry(state).or_default() += 1;
            assert_eq!(census.receipts_of("request.accepted", &id), 1, "receipts of the acceptance of {id}");
        }
        for brief in daemon.list(&format!("/api/v1/briefs?pilot={PILOT}")) {
            let (id, request, state) = (word(&brief, "id"), word(&brief, "request"), word(&brief, "state"));
            *census.briefs.entry(state.clone()).or_default() += 1;
            // Nobody asked for a further attempt, so one draft is all that may have been made.
            assert_eq!(
                (brief["number"].as_u64(), brief["attempt"].as_u64()),
                (Some(1), Some(1)),
                "{id} was drafted more than once"
            );
            assert_eq!(census.receipts_of("brief.drafted", &request), 1, "receipts of the draft of {id}");
            let decided = usize::from(matches!(state.as_str(), "approved" | "rejected"));
            assert_eq!(
                census.receipts_of("brief.decided", &request),
                decided,
                "receipts of decisions on {id}, which is {state}"
            );
        }
        assert_eq!(census.kinds("request.accepted"), census.all(), "receipts of acceptances and requests");
        assert_eq!(
            census.kinds("brief.drafted"),
            census.briefs.values().sum::<usize>(),
            "receipts of drafts and briefs"
        );
        census
    }

    /// All requests.
    pub(crate) fn all(&self) -> usize {
        self.requests.values().map(BTreeSet::len).sum()
    }

    /// Requests of a source.
    pub(crate) fn of(&self, source: &str) -> usize {
        self.requests.get(source).map_or(0, BTreeSet::len)
    }

    /// All receipts of a kind.
    pub(crate) fn kinds(&self, kind: &str) -> usize {
        self.receipts.get(kind).into_iter().flat_map(BTreeMap::values).sum()
    }

    fn receipts_of(&self, kind: &str, subject: &str) -> usize {
        self.receipts.get(kind).and_then(|subjects| subjects.get(subject)).copied().unwrap_or(0)
    }
}

/// Every receipt, read out of the export.
pub(crate) fn receipts(daemon: &TestDaemon) -> Vec<Value> {
    let export = daemon.api(Ask::get("/api/v1/receipts/export"));
    assert_eq!(export.status, 200, "{}", export.text());
    let text = export.text();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| serde_json::from_str(line.get("receipt")?.as_str()?).ok()).collect()
}

/// A text member.
pub(crate) fn word(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
