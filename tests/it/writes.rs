//! Writing what was approved, by the real daemon to a far side that stores and then fails, hangs, hangs up, lies or is busy, with kills between.
//! INVARIANT tested: every approved note stands there exactly once, with the very bytes that were approved, and nothing that was not approved.

use crate::census::word;
use crate::daemon::{Kind, PILOT, Setup, TestDaemon};
use crate::hook;
use crate::http::Ask;
use crate::load::{Draw, number};
use crate::notes::{Mishap, Notes};
use crate::wait::{pause, until, until_within};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

/// No long form takes longer.
const LONG: Duration = Duration::from_secs(3600);

/// A pilot at level 3 with one rule: each brief's summary goes to the far side as a note.
fn writing(kind: Kind, notes: &Notes, more: &str) -> TestDaemon {
    let tables = format!(
        r#"
[[sink]]
name = "desk"
kind = "http"
parallel = 16

[sink.options]
base_url = "http://127.0.0.1:{}"
path = "/notes"
look_path = "/notes/{{key}}"
undo_path = "/notes/{{key}}"
secret_file = "desk.secret"
settles_secs = 1
silence_secs = 2

[[action]]
pilot = "{PILOT}"
sink = "desk"
kind = "note"
text = "{{workflow_summary}}"
"#,
        notes.port
    );
    let pilot = format!("level = 3\nundo_window_secs = 0\n{more}");
    let daemon = Setup::on(kind).without_drop().with(&tables).pilot(&pilot).make();
    std::fs::write(daemon.data("desk.secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    daemon
}

fn post(daemon: &TestDaemon, path: &str, body: &Value) -> Value {
    let answer = daemon.api(Ask::json(path.to_owned(), body));
    assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    serde_json::from_str(&answer.text()).unwrap_or_default()
}

/// Everything but approvals is there: a go, a way back, the flag.
fn open(daemon: &TestDaemon) {
    for kind in ["go", "rollback_plan"] {
        post(daemon, &format!("/api/v1/pilots/{PILOT}/statements"), &json!({ "kind": kind, "text": "as agreed" }));
    }
    flag(daemon);
}

fn flag(daemon: &TestDaemon) {
    let on = json!({ "until": "2027-06-30T00:00:00Z", "ramp": 100 });
    post(daemon, &format!("/api/v1/pilots/{PILOT}/flags/desk/on"), &on);
}

/// Approves a brief together with its plan; the key and the body of what may now be written.
fn approve(daemon: &TestDaemon, brief: &str) -> (String, String) {
    let plan = daemon.see(&format!("/api/v1/briefs/{brief}/plan"));
    let write = &plan["writes"][0];
    let body = json!({ "decision": "approve", "revision": plan["revision"], "plan": plan["hash"] });
    post(daemon, &format!("/api/v1/briefs/{brief}/decision"), &body);
    (word(write, "key"), word(&write["call"], "body"))
}

fn briefs(daemon: &TestDaemon) -> Vec<String> {
    let requests = daemon.list("/api/v1/requests?state=in_review");
    requests.iter().map(|request| word(request, "id").replacen("req_", "brf_", 1)).collect()
}

fn storm(kind: Kind) {
    // On a server a dead daemon's writes are its own for as long as its lease.
    let few = if kind == Kind::Sqlite { 4 } else { 2 };
    let (approvals, kills) = (number("OPSPILOT_WRITES", 60), number("OPSPILOT_KILLS", few));
    let seed = number("OPSPILOT_SEED", u64::from(std::process::id()));
    eprintln!("OPSPILOT_SEED={seed}");
    let chance = Mutex::new(Draw(seed));
    let notes = Notes::start(move |_| match chance.lock().unwrap().below(16) {
        0 | 1 => Mishap::StoredThenFails,
        2 | 3 => Mishap::StoredThenCut,
        4 => Mishap::StoredThenSilent,
        5 => Mishap::Fails,
        6 => Mishap::Cut,
        7 => Mishap::Busy,
        8 => Mishap::Lies,
        _ => Mishap::None,
    });
    let mut daemon = writing(kind, &notes, "");
    daemon.start();
    open(&daemon);
    // Every tenth is looked at and never approved.
    let requests = approvals + approvals / 10;
    for place in 0..requests {
        assert_eq!(daemon.ask(&hook::delivery(&format!("w{place}"))).status, 202);
    }
    until_within(LONG, "everything is drafted", || (briefs(&daemon).len() as u64 == requests).then_some(()));
    let (mut approved, mut seen) = (BTreeMap::new(), BTreeSet::new());
    let every = approvals / (kills + 1);
    for (place, brief) in briefs(&daemon).into_iter().enumerate() {
        if approved.len() as u64 == approvals {
            let plan = daemon.see(&format!("/api/v1/briefs/{brief}/plan"));
            seen.insert(word(&plan["writes"][0], "key"));
            continue;
        }
        let (key, body) = approve(&daemon, &brief);
        approved.insert(key, body);
        if kills > 0 && place as u64 % every.max(1) == every.max(1) - 1 {
            daemon.kill_9();
            daemon.start();
        }
    }
    let mut settled_by_hand = 0;
    until_within(LONG, "every write has ended", || {
        // What nobody can tell, a person looks up at the far side.
        for write in daemon.list("/api/v1/writes?state=uncertain") {
            let key = word(&write, "key");
            let became = if notes.notes().iter().any(|note| note.key == key) { "went" } else { "did_not_go" };
            let path = format!("/api/v1/writes/{}/settle", word(&write, "id"));
            post(&daemon, &path, &json!({ "outcome": became }));
            settled_by_hand += 1;
        }
        for write in daemon.list("/api/v1/writes?state=refused") {
            post(&daemon, &format!("/api/v1/writes/{}/retry", word(&write, "id")), &json!({}));
        }
        pause(Duration::from_millis(200));
        // That alone is an end: whatever else is counted may have moved on between two counts.
        (daemon.list("/api/v1/writes?state=written").len() as u64 == approvals).then_some(())
    });
    let kept = notes.notes();
    let mut by_key: BTreeMap<&str, usize> = BTreeMap::new();
    kept.iter().for_each(|note| *by_key.entry(&note.key).or_default() += 1);
    let doubled = by_key.values().filter(|count| **count > 1).count();
    let unapproved = kept.iter().filter(|note| approved.get(&note.key) != Some(&note.body)).count();
    let missing = approved.keys().filter(|key| !by_key.contains_key(key.as_str())).count();
    let (calls, looks) = notes.calls();
    eprintln!(
        "{kind:?}: {approvals} approvals, {kills} kills, {calls} calls and {looks} looks, {settled_by_hand} settled by hand: {} notes, {doubled} \
         doubled, {unapproved} unapproved, {missing} missing",
        kept.len()
    );
    assert_eq!((doubled, unapproved, missing), (0, 0, 0));
    assert_eq!(kept.len() as u64, approvals);
    assert!(seen.iter().all(|key| !by_key.contains_key(key.as_str())));
    let written = daemon.list("/api/v1/writes?state=written");
    assert!(
        written.len() as u64 == approvals && written.iter().all(|write| word(write, "decision").starts_with("dec_"))
    );
}

#[test]
fn every_approved_note_is_written_once_on_sqlite() {
    storm(Kind::Sqlite);
}

#[test]
fn every_approved_note_is_written_once_on_postgresql() {
    storm(Kind::Postgres);
}

/// From an approval behind a shut gate to a note, an edit from outside, and an undo at a person's word, as people see it.
#[test]
fn a_write_waits_behind_the_gate_is_read_back_and_taken_back() {
    let notes = Notes::start(|_| Mishap::None);
    let mut daemon = writing(Kind::Sqlite, &notes, "");
    daemon.start();
    assert_eq!(daemon.ask(&hook::delivery("gate")).status, 202);
    let brief = until("a brief", || briefs(&daemon).pop());
    let plan = daemon.see(&format!("/api/v1/briefs/{brief}/plan"));
    let told = plan["writes"][0]["obstacles"].to_string();
    for code in ["OP-7603", "OP-7604", "OP-7605"] {
        assert!(told.contains(code), "{told}");
    }
    assert_eq!(notes.calls(), (0, 0), "a plan connects to nothing");
    let (key, body) = approve(&daemon, &brief);
    let write = until("it is kept back", || daemon.list("/api/v1/writes?state=blocked").pop());
    assert_eq!((word(&write, "key"), notes.calls()), (key.clone(), (0, 0)), "behind a shut gate nothing is even asked");
    open(&daemon);
    post(&daemon, &format!("/api/v1/writes/{}/retry", word(&write, "id")), &json!({}));
    let write = until("it is written", || daemon.list("/api/v1/writes?state=written").pop());
    let kept = notes.notes();
    assert_eq!((kept.len(), kept[0].body.clone()), (1, body));
    // Somebody edits it there; it is taken back only when a person says so all the same.
    notes.edit(&key, |note| note["data"]["text"] = "They have called.".into());
    let path = format!("/api/v1/writes/{}/undo", word(&write, "id"));
    post(&daemon, &path, &json!({}));
    let differs = until("it differs", || daemon.list("/api/v1/writes?state=differs").pop());
    let told = daemon.see(&format!("/api/v1/writes/{}", word(&differs, "id"))).to_string();
    assert!(told.contains("They have called.") && notes.notes().len() == 1, "{told}");
    post(&daemon, &path, &json!({ "force": true }));
    until("it is gone", || notes.notes().is_empty().then_some(()));
    until("it is undone", || daemon.list("/api/v1/writes?state=undone").pop());
    // Wanted after all, it is another write: a far side that knows the first key for a repeat takes this one.
    let plan = daemon.see(&format!("/api/v1/briefs/{brief}/plan"));
    let agreed = post(&daemon, &format!("/api/v1/briefs/{brief}/plan"), &json!({ "plan": plan["hash"] }));
    assert_eq!((&agreed["approvals"]["have"], &agreed["hindered"]), (&json!(1), &json!([])), "{agreed}");
    let again = until("it is written again", || notes.notes().pop());
    assert_ne!(again.key, key);
    let request = brief.replacen("brf_", "req_", 1);
    let why = daemon.see(&format!("/api/v1/requests/{request}/why")).to_string();
    for kind in
        ["brief.decided", "write.intended", "write.written", "write.blocked", "write.differs", "write.undo_asked"]
    {
        assert!(why.contains(kind), "no receipt {kind}: {why}");
    }
}
