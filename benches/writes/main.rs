//! How fast approved writes go out, with the gate, the journal, and a look before and after each, beside a plain loop with the same client
//! library and the same far side in one run: once with the bare calls, once with a look before and after each as the daemon has them.
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
#[path = "../../tests/support/notes.rs"]
mod notes;
#[path = "../../tests/support/wait.rs"]
mod wait;

use daemon::{PILOT, Setup, TestDaemon};
use futures_util::stream::{self, StreamExt as _};
use http::Ask;
use notes::{Mishap, Notes};
use serde_json::{Value, json};
use std::time::Instant;
use wait::until;

/// Writes of a round.
const WRITES: usize = 400;
/// Rounds.
const ROUNDS: usize = 3;
/// At once, the daemon's as the loop's.
const PARALLEL: usize = 16;

#[expect(clippy::print_stdout, reason = "the figures are the result")]
fn main() {
    // `cargo bench` says so; `cargo test --benches` does not and must not measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let notes = Notes::start(|_| Mishap::None);
    let daemon = house(&notes);
    println!("| round | writes/s | loop with looks | ratio | loop of bare calls | ratio |");
    println!("|---|---|---|---|---|---|");
    for round in 1..=ROUNDS {
        let ours = written(&daemon, &notes, round);
        let body = notes.notes().pop().map(|note| note.body).unwrap_or_default();
        let looking = daemon::block_on(looped(&notes, &body, true));
        let bare = daemon::block_on(looped(&notes, &body, false));
        println!("| {round} | {ours:.0} | {looking:.0} | {:.2} | {bare:.0} | {:.2} |", ours / looking, ours / bare);
    }
}

/// A pilot at level 3 whose summaries go to the far side as notes, and a gate that is open.
fn house(notes: &Notes) -> TestDaemon {
    let tables = format!(
        "[[sink]]\nname = \"desk\"\nkind = \"http\"\nparallel = {PARALLEL}\n[sink.options]\nbase_url = \"http://127.0.0.1:{}\"\npath = \"/notes\"\n\
         look_path = \"/notes/{{key}}\"\nsecret_file = \"desk.secret\"\n\
         [[action]]\npilot = \"{PILOT}\"\nsink = \"desk\"\nkind = \"note\"\ntext = \"{{workflow_summary}}\"\n",
        notes.port
    );
    let setup = Setup::sqlite().without_drop().with(&tables).pilot("level = 3\nundo_window_secs = 0\n");
    let mut daemon = setup.make();
    let secret = daemon.data("desk.secret");
    std::fs::write(secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("the secret's file");
    daemon.start();
    for kind in ["go", "rollback_plan"] {
        post(&daemon, &format!("/api/v1/pilots/{PILOT}/statements"), &json!({ "kind": kind, "text": "as agreed" }));
    }
    let on = json!({ "until": "2027-06-30T00:00:00Z", "ramp": 100 });
    post(&daemon, &format!("/api/v1/pilots/{PILOT}/flags/desk/on"), &on);
    daemon
}

fn post(daemon: &TestDaemon, path: &str, body: &Value) {
    let answer = daemon.api(Ask::json(path.to_owned(), body));
    assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
}

/// Approves a pile while the pilot is paused, lets it go, and counts until the last is read back.
fn written(daemon: &TestDaemon, notes: &Notes, round: usize) -> f64 {
    post(daemon, &format!("/api/v1/pilots/{PILOT}/pause"), &json!({ "reason": "to begin together" }));
    for place in 0..WRITES {
        let answer = daemon.ask(&hook::delivery(&format!("r{round}w{place}")));
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    let waiting = || daemon.list("/api/v1/requests?state=in_review");
    until("everything is drafted", || (waiting().len() == WRITES).then_some(()));
    for request in waiting() {
        let brief = request["id"].as_str().unwrap_or_default().replacen("req_", "brf_", 1);
        let plan = daemon.see(&format!("/api/v1/briefs/{brief}/plan"));
        let body = json!({ "decision": "approve", "revision": plan["revision"], "plan": plan["hash"] });
        post(daemon, &format!("/api/v1/briefs/{brief}/decision"), &body);
    }
    let blocked = || daemon.list("/api/v1/writes?state=blocked").len();
    until("everything is kept back", || (blocked() == WRITES).then_some(()));
    let before = notes.calls().1;
    let begun = Instant::now();
    post(daemon, &format!("/api/v1/pilots/{PILOT}/resume"), &json!({}));
    until("everything is read back", || (notes.calls().1 >= before + 2 * WRITES).then_some(()));
    rate(begun)
}

/// A plain loop over the same far side.
async fn looped(notes: &Notes, body: &str, looks: bool) -> f64 {
    let client = reqwest::Client::new();
    let base = format!("http://127.0.0.1:{}/notes", notes.port);
    let begun = Instant::now();
    let one = |place: usize| {
        let (client, base, body) = (client.clone(), base.clone(), body.to_owned());
        async move {
            let key = format!("loop-{looks}-{place}");
            let path = format!("{base}/{key}");
            if looks {
                client.get(&path).send().await.expect("an answer").bytes().await.expect("a body");
            }
            let sent = client.post(&base).header("webhook-id", &key).body(body);
            sent.send().await.expect("an answer").bytes().await.expect("a body");
            if looks {
                client.get(&path).send().await.expect("an answer").bytes().await.expect("a body");
            }
        }
    };
    stream::iter((0..WRITES).map(one)).buffer_unordered(PARALLEL).for_each(|()| async {}).await;
    rate(begun)
}

fn rate(begun: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let writes = WRITES as f64;
    writes / begun.elapsed().as_secs_f64()
}
