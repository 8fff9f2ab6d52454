//! How fast approved writes go out, with the gate, the journal, and a look before and after each, beside a plain loop with the same client
//! library and the same far side in one run: once with the bare calls, once with a look before and after each as the daemon has them. The far
//! side is a stand-in that answers at once, the same one at a distance, and then a real Redmine.
//! `cargo bench --bench writes`; figures and their goal: `docs/performance.md`.

#[expect(dead_code, clippy::unwrap_used, reason = "what tests do with a daemon")]
#[path = "../../tests/support/daemon.rs"]
mod daemon;
#[path = "../../tests/support/database.rs"]
mod database;
#[path = "../../tests/support/hook.rs"]
mod hook;
#[expect(dead_code, reason = "as above")]
#[path = "../../tests/support/http.rs"]
mod http;
#[expect(dead_code, reason = "as above")]
#[path = "../../tests/support/leased.rs"]
mod leased;
#[expect(dead_code, reason = "as above")]
#[path = "../../tests/support/notes.rs"]
mod notes;
#[expect(dead_code, reason = "as above")]
#[path = "../../tests/support/redmine.rs"]
mod redmine;
#[path = "../../tests/support/wait.rs"]
mod wait;

use daemon::{PILOT, Setup, TestDaemon};
use futures_util::stream::{self, StreamExt as _};
use http::Ask;
use leased::Leased;
use notes::{Mishap, Notes};
use redmine::Account;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wait::until;

/// Writes of a round.
const WRITES: usize = 400;
/// Rounds.
const ROUNDS: usize = 3;
/// At once, the daemon's as the loop's.
const PARALLEL: usize = 16;

/// How long a call takes at a far side at a distance: chosen, not measured at any vendor.
const FAR: Duration = Duration::from_millis(50);

/// The same against Redmine, which takes one call at a time.
const TICKETS: usize = 60;
const TICKETS_AT_ONCE: usize = 4;
const TICKET_ROUNDS: usize = 2;

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn main() {
    // `cargo bench` says so; `cargo test --benches` does not and must not measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    println!("| far side | round | writes/s | loop with looks | ratio | loop of bare calls | ratio |");
    println!("|---|---|---|---|---|---|---|");
    let row = |far: &str, round: usize, [ours, looking, bare]: [f64; 3]| {
        let (to_looking, to_bare) = (ours / looking, ours / bare);
        println!("| {far} | {round} | {ours:.0} | {looking:.0} | {to_looking:.2} | {bare:.0} | {to_bare:.2} |");
    };
    for (far, takes) in [("stand-in", Duration::ZERO), ("stand-in, 50 ms away", FAR)] {
        let notes = Notes::far_away(takes, |_| Mishap::None);
        let daemon = at_notes(&notes);
        for round in 1..=ROUNDS {
            row(far, round, round_of_notes(&daemon, &notes, round));
        }
    }
    let server = match redmine::start() {
        Ok(server) => server,
        Err(why) => return println!("Not measured against Redmine: {why}"),
    };
    let daemon = at_redmine(&server);
    for round in 1..=TICKET_ROUNDS {
        row("Redmine", round, round_of_tickets(&daemon, &server, round));
    }
}

/// A pilot at level 3 with this sink and rule, and a gate that is open.
fn house(tables: &str, secret: &str) -> TestDaemon {
    let setup = Setup::sqlite().without_drop().with(tables).pilot("level = 3\nundo_window_secs = 0\n");
    let mut daemon = setup.make();
    std::fs::write(daemon.data("desk.secret"), secret).expect("the secret's file");
    daemon.start();
    for kind in ["go", "rollback_plan"] {
        post(&daemon, &format!("/api/v1/pilots/{PILOT}/statements"), &json!({ "kind": kind, "text": "as agreed" }));
    }
    let on = json!({ "until": "2027-06-30T00:00:00Z", "ramp": 100 });
    post(&daemon, &format!("/api/v1/pilots/{PILOT}/flags/desk/on"), &on);
    daemon
}

fn at_notes(notes: &Notes) -> TestDaemon {
    let tables = format!(
        "[[sink]]\nname = \"desk\"\nkind = \"http\"\nparallel = {PARALLEL}\n[sink.options]\nbase_url = \"http://127.0.0.1:{}\"\npath = \"/notes\"\n\
         look_path = \"/notes/{{key}}\"\nsecret_file = \"desk.secret\"\n\
         [[action]]\npilot = \"{PILOT}\"\nsink = \"desk\"\nkind = \"note\"\ntext = \"{{workflow_summary}}\"\n",
        notes.port
    );
    house(&tables, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
}

fn at_redmine(server: &Leased) -> TestDaemon {
    let tables = format!(
        "[[sink]]\nname = \"desk\"\nkind = \"redmine\"\nparallel = {TICKETS_AT_ONCE}\n[sink.options]\nbase_url = \"http://127.0.0.1:{}\"\n\
         key_file = \"desk.secret\"\nproject = \"pilot\"\n\
         [[action]]\npilot = \"{PILOT}\"\nsink = \"desk\"\nkind = \"note\"\ntext = \"{{workflow_summary}}\"\nrecord = \"by_hand\"\n",
        server.port
    );
    house(&tables, &Account::Writer.key())
}

fn post(daemon: &TestDaemon, path: &str, body: &Value) {
    let answer = daemon.api(Ask::json(path.to_owned(), body));
    assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
}

/// The daemon, the loop with looks, the bare loop: writes a second.
fn round_of_notes(daemon: &TestDaemon, notes: &Notes, round: usize) -> [f64; 3] {
    approve(daemon, round, WRITES, |_, _| {});
    let before = notes.calls().1;
    let ours = let_go(daemon, WRITES, || notes.calls().1 >= before + 2 * WRITES);
    let body = notes.notes().pop().map(|note| note.body).unwrap_or_default();
    let base = format!("http://127.0.0.1:{}/notes", notes.port);
    let client = reqwest::Client::new();
    let looped = |looks: bool| {
        let calls = (0..WRITES).map(|place| {
            let key = format!("loop-{round}-{looks}-{place}");
            let send = client.post(&base).header("webhook-id", &key).body(body.clone());
            (client.get(format!("{base}/{key}")), send)
        });
        daemon::block_on(looped(calls.collect(), looks, PARALLEL))
    };
    [ours, looped(true), looped(false)]
}

/// The same: each note goes to an issue of its own.
fn round_of_tickets(daemon: &TestDaemon, server: &Leased, round: usize) -> [f64; 3] {
    let base = format!("http://127.0.0.1:{}", server.port);
    let issue = |place: usize| {
        let fields = json!({ "issue": { "project_id": "pilot", "tracker_id": 3, "subject": format!("Round {round}, {place}") } });
        let key = Account::Admin.key();
        let header = [("x-redmine-api-key", key.as_str()), ("content-type", "application/json")];
        let made = leased::ask(server.port, "POST", "/issues.json", &header, &fields.to_string());
        let (status, text) = made.expect("an answer of Redmine");
        assert_eq!(status, 201, "{text}");
        let made: Value = serde_json::from_str(&text).expect("an issue");
        made["issue"]["id"].to_string()
    };
    let issues: Vec<String> = (0..3 * TICKETS).map(issue).collect();
    let (own, others) = issues.split_at(TICKETS);
    approve(daemon, round, TICKETS, |brief, place| {
        post(daemon, &format!("/api/v1/briefs/{brief}/target"), &json!({ "sink": "desk", "record": own[place] }));
    });
    let written = || daemon.list("/api/v1/writes?state=written").len();
    let before = written();
    let ours = let_go(daemon, TICKETS, || written() >= before + TICKETS);
    let client = reqwest::Client::new();
    let looped = |issues: &[String], looks: bool| {
        let calls = issues.iter().map(|issue| {
            let key = Account::Writer.key();
            let note = json!({ "issue": { "notes": "Call them back before Friday.", "private_notes": true } });
            let send = client.put(format!("{base}/issues/{issue}.json")).header("x-redmine-api-key", &key);
            let send = send.header("content-type", "application/json").body(note.to_string());
            let look = client.get(format!("{base}/issues/{issue}.json?include=journals"));
            (look.header("x-redmine-api-key", &key), send)
        });
        daemon::block_on(looped(calls.collect(), looks, TICKETS_AT_ONCE))
    };
    let (looking, bare) = others.split_at(TICKETS);
    [ours, looped(looking, true), looped(bare, false)]
}

/// Approves a pile while the pilot is paused; `aimed` gives each brief its record.
fn approve(daemon: &TestDaemon, round: usize, writes: usize, aimed: impl Fn(&str, usize)) {
    post(daemon, &format!("/api/v1/pilots/{PILOT}/pause"), &json!({ "reason": "to begin together" }));
    for place in 0..writes {
        let answer = daemon.ask(&hook::delivery(&format!("r{round}w{place}")));
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    let waiting = || daemon.list("/api/v1/requests?state=in_review");
    until("everything is drafted", || (waiting().len() == writes).then_some(()));
    for (place, request) in waiting().iter().enumerate() {
        let brief = request["id"].as_str().unwrap_or_default().replacen("req_", "brf_", 1);
        aimed(&brief, place);
        let plan = daemon.see(&format!("/api/v1/briefs/{brief}/plan"));
        let body = json!({ "decision": "approve", "revision": plan["revision"], "plan": plan["hash"] });
        post(daemon, &format!("/api/v1/briefs/{brief}/decision"), &body);
    }
    let blocked = || daemon.list("/api/v1/writes?state=blocked").len();
    until("everything is kept back", || (blocked() == writes).then_some(()));
}

/// Lets the pile go; writes a second until the last is read back.
fn let_go(daemon: &TestDaemon, writes: usize, done: impl Fn() -> bool) -> f64 {
    let begun = Instant::now();
    post(daemon, &format!("/api/v1/pilots/{PILOT}/resume"), &json!({}));
    until("everything is read back", || done().then_some(()));
    rate(writes, begun)
}

/// A plain loop: each its call, with or without a look before and after.
async fn looped(calls: Vec<(reqwest::RequestBuilder, reqwest::RequestBuilder)>, looks: bool, at_once: usize) -> f64 {
    let (begun, writes) = (Instant::now(), calls.len());
    let said = |call: reqwest::RequestBuilder| async {
        let answer = call.send().await.expect("an answer");
        assert!(answer.status().is_success() || answer.status() == 404, "{}", answer.status());
        answer.bytes().await.expect("a body");
    };
    let one = |(look, send): (reqwest::RequestBuilder, reqwest::RequestBuilder)| async move {
        let again = look.try_clone().expect("a look without a body");
        if looks {
            said(look).await;
        }
        said(send).await;
        if looks {
            said(again).await;
        }
    };
    stream::iter(calls.into_iter().map(one)).buffer_unordered(at_once).for_each(|()| async {}).await;
    rate(writes, begun)
}

fn rate(writes: usize, begun: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let writes = writes as f64;
    writes / begun.elapsed().as_secs_f64()
}
