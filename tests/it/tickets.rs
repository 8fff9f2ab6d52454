//! Whole daemons that write into real ticket systems: a request becomes a brief, a named person approves its plan, the ticket bears a note, a
//! priority and a task, and what can be taken back is. Own file because the far side is real, Redmine and Request Tracker, one server of
//! each for all tests of a run.

use crate::daemon::{PILOT, Setup, TestDaemon};
use crate::http::Ask;
use crate::leased::{Leased, ask};
use crate::redmine::{self, Account};
use crate::request_tracker;
use crate::wait::until;
use serde_json::{Value, json};

const TERMS: &str = "level = 3\nundo_window_secs = 0\n";

/// What of a brief goes where.
const RULES: &str = r#"
[[action]]
pilot = "northwind"
sink = "tickets"
kind = "note"
record = "by_hand"

[[action]]
pilot = "northwind"
sink = "tickets"
kind = "task"
each = "brief"
title = "Call back"
record = "by_hand"

[[action]]
pilot = "northwind"
sink = "tickets"
kind = "priority"
record = "by_hand"

[action.values]
urgent = "high"
high = "high"
normal = "high"
low = "high"
"#;

/// A daemon whose way to the sink is open, and a brief that goes to the record.
fn opened(kind: &str, variable: &str, secret: &str, options: &str, record: &str) -> (TestDaemon, String) {
    let sink = format!("\n[[sink]]\nname = \"tickets\"\nkind = \"{kind}\"\n\n[sink.options]\n{options}\n{RULES}");
    let daemon = Setup::sqlite().without_drop().pilot(TERMS).with(&sink).env(variable, secret).start();
    let act = |path: String, body: Value| {
        let answer = daemon.api(Ask::json(path, &body));
        assert_eq!(answer.status / 100, 2, "{}", answer.text());
        answer.value()
    };
    for (kind, text) in [("rollback_plan", "Undo each write."), ("go", "A test.")] {
        act(format!("/api/v1/pilots/{PILOT}/statements"), json!({ "kind": kind, "text": text }));
    }
    #[expect(clippy::disallowed_methods, reason = "a flag ends at a time of the machine's")]
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    act(format!("/api/v1/pilots/{PILOT}/flags/tickets/on"), json!({ "until": soon, "ramp": 100 }));
    let text = "Our boiler has been broken since Monday and the house is cold. Please call Ada Lovelace back.";
    let handed = act("/api/v1/requests".to_owned(), json!({ "pilot": PILOT, "text": text }));
    let brief = handed["request"].as_str().unwrap().replace("req_", "brf_");
    daemon.settle();
    act(format!("/api/v1/briefs/{brief}/target"), json!({ "sink": "tickets", "record": record }));
    (daemon, brief)
}

/// Approves a brief with its plan; its writes once all of them are written.
fn approved(daemon: &TestDaemon, brief: &str) -> Vec<Value> {
    let plan = daemon.see(&format!("/api/v1/briefs/{brief}/plan"));
    assert_eq!(plan["writes"].as_array().map(Vec::len), Some(3), "{plan}");
    let decision = json!({ "decision": "approve", "revision": plan["revision"], "plan": plan["hash"] });
    let answer = daemon.api(Ask::json(format!("/api/v1/briefs/{brief}/decision"), &decision));
    assert_eq!(answer.status, 200, "{}", answer.text());
    until("everything is written", || {
        let writes = daemon.list(&format!("/api/v1/writes?brief={brief}"));
        let states: Vec<&str> = writes.iter().filter_map(|write| write["state"].as_str()).collect();
        let stuck = ["refused", "uncertain", "blocked"].iter().any(|state| states.contains(state));
        assert!(!stuck, "{writes:?}");
        (states == ["written"; 3]).then_some(writes)
    })
}

/// Takes one kind of write back; `None` when the far side has no way.
fn undone(daemon: &TestDaemon, writes: &[Value], kind: &str) -> Option<Value> {
    let id = writes.iter().find(|write| write["kind"] == kind).and_then(|write| write["id"].as_str()).unwrap();
    let answer = daemon.api(Ask::json(format!("/api/v1/writes/{id}/undo"), &json!({})));
    if answer.status / 100 != 2 {
        assert!(answer.text().contains("OP-7536"), "{}", answer.text());
        return None;
    }
    Some(until("it is taken back", || {
        let write = daemon.see(&format!("/api/v1/writes/{id}"));
        (write["state"] == "undone").then_some(write)
    }))
}

fn json_of(server: &Leased, method: &str, path: &str, header: (&str, &str), body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, text) =
        ask(server.port, method, path, &[header, ("content-type", "application/json")], &body).unwrap();
    assert_eq!(status / 100, 2, "{path}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

#[test]
fn an_issue_in_redmine_before_after_and_undone() {
    let server = redmine::start().unwrap();
    let admin = Account::Admin.key();
    let call = |method, path: &str, body: &Value| json_of(&server, method, path, ("x-redmine-api-key", &admin), body);
    let fields =
        json!({ "issue": { "project_id": "pilot", "tracker_id": 3, "subject": "Boiler broken", "priority_id": 2 } });
    let issue = call("POST", "/issues.json", &fields)["issue"]["id"].to_string();
    let seen = || call("GET", &format!("/issues/{issue}.json?include=journals"), &Value::Null)["issue"].take();
    let before = seen();
    let options = format!(
        "base_url = \"http://127.0.0.1:{}\"\nkey_env = \"REDMINE_KEY\"\nproject = \"pilot\"\nundo_status = 6\npriorities = {{ high = 3 }}",
        server.port
    );
    let (daemon, brief) = opened("redmine", "REDMINE_KEY", &Account::Writer.key(), &options, &issue);
    let writes = approved(&daemon, &brief);
    let after = seen();
    assert_eq!(after["priority"]["name"], "High");
    for kind in ["priority", "task", "note"] {
        assert!(undone(&daemon, &writes, kind).is_some(), "{kind}");
    }
    let back = seen();
    eprintln!("before: {before}\nafter: {after}\nundone: {back}");
    assert_eq!(back["priority"], before["priority"]);
    let notes =
        |issue: &Value| issue["journals"].as_array().into_iter().flatten().filter(|one| one["notes"] != "").count();
    assert_eq!((notes(&before), notes(&after), notes(&back)), (0, 1, 0));
}

#[test]
fn a_ticket_in_request_tracker_before_after_and_undone() {
    let server = request_tracker::start().unwrap();
    let root = format!("token {}", request_tracker::token(&server, "root").unwrap());
    let call = |method, path: &str, body: &Value| {
        json_of(&server, method, &format!("/REST/2.0{path}"), ("authorization", &root), body)
    };
    let fields = json!({ "Queue": "General", "Subject": "Boiler broken", "Content": "Please call." });
    let ticket = call("POST", "/ticket", &fields)["id"].as_str().unwrap().to_owned();
    let seen = || call("GET", &format!("/ticket/{ticket}"), &Value::Null);
    let before = seen();
    let options = format!(
        "base_url = \"http://127.0.0.1:{}\"\ntoken_env = \"RT_TOKEN\"\nqueue = \"Tasks\"\npriorities = {{ high = 80 }}",
        server.port
    );
    let token = request_tracker::token(&server, "writer").unwrap();
    let (daemon, brief) = opened("request_tracker", "RT_TOKEN", &token, &options, &ticket);
    let writes = approved(&daemon, &brief);
    let after = seen();
    assert_eq!(after["Priority"], "80");
    assert!(undone(&daemon, &writes, "priority").is_some() && undone(&daemon, &writes, "task").is_some());
    assert!(undone(&daemon, &writes, "note").is_none(), "a comment stays, and it is said");
    let back = seen();
    eprintln!("before: {before}\nafter: {after}\nundone: {back}");
    assert_eq!((&back["Priority"], &back["Status"]), (&before["Priority"], &before["Status"]));
}
