//! What the way round a call to a model costs: rates, budgets and the intent on disk before it, the settlement after it; beside the same call
//! made bare, with the client library alone, in one run. Both call a stand-in on this machine that answers at once, so that hardly anything
//! but the way round differs. `cargo bench --bench calls`; figures and their goal: `docs/performance.md`.

#[expect(dead_code, reason = "what tests do with a vendor")]
#[path = "../../tests/support/model_server.rs"]
mod model_server;

use jiff::tz::TimeZone;
use model_server::{Act, ModelServer};
use opspilot::clock::{Clock, SystemClock, SystemEntropy};
use opspilot::domain::limit::{Allowance, Asked};
use opspilot::domain::money::{Micros, Price};
use opspilot::domain::pilot::Pilots;
use opspilot::limit::{Admission, Health, Limits, Outcome, Parts, Trying};
use opspilot::receipt::SigningKey;
use opspilot::store::{Options, Store, Url};
use opspilot_sdk::{BuildContext, Charge, Model, Question, Speaker, Turn};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// Calls in a second, whether earlier ones are over or not.
const RATE: u64 = 500;
/// How long each of the two calls in turn, in calls.
const TURN: u64 = 250;
/// Turns of each.
const TURNS: u64 = 20;

/// Everything a call needs.
struct World {
    limits: Limits,
    model: Arc<dyn Model>,
    bare: reqwest::Client,
    url: String,
    body: String,
    question: Question,
}

fn main() {
    // `cargo bench` says so; `cargo test --benches` does not and must not measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(measure());
}

#[expect(clippy::print_stdout, reason = "the figures are the result")]
async fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = ModelServer::start(|_| Act::Say("{\"text\":\"It is said.\"}".to_owned()));
    let world = Arc::new(world(folder.path(), &server).await);
    let (mut bare, mut guarded, mut around) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let ours = calls(&world, turn, true).await;
        let theirs = calls(&world, turn, false).await;
        // The first turn opens connections and files.
        if turn > 0 {
            guarded.extend(ours.iter().map(|(whole, _)| *whole));
            around.extend(ours.iter().map(|(_, around)| *around));
            bare.extend(theirs.iter().map(|(whole, _)| *whole));
        }
    }
    println!("{} calls each at {RATE}/s, in turns of {TURN}; milliseconds", guarded.len());
    println!("{:<44}{:>8}{:>8}", "", "p50", "p99");
    let rows = [
        ("bare call", &mut bare),
        ("call under limits", &mut guarded),
        ("of that: limits, intent, settlement", &mut around),
    ];
    for (what, times) in rows {
        println!("{what:<44}{:>8.3}{:>8.3}", share(times, 0.50), share(times, 0.99));
    }
    let reached = if share(&mut around, 0.99) < 1.0 { "reached" } else { "MISSED " };
    println!("{reached}  limits, intent and settlement: p99 under 1 ms at {RATE} calls/s");
}

/// Calls at the rate; how long each took, and of that everything but the call.
async fn calls(world: &Arc<World>, turn: u64, guarded: bool) -> Vec<(Duration, Duration)> {
    let mut timer = tokio::time::interval(Duration::from_micros(1_000_000 / RATE));
    timer.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut tasks = tokio::task::JoinSet::new();
    for place in 0..TURN {
        timer.tick().await;
        let world = Arc::clone(world);
        tasks.spawn(async move {
            if guarded { world.guarded(format!("b{turn}.{place}")).await } else { world.bare().await }
        });
    }
    tasks.join_all().await
}

impl World {
    async fn bare(&self) -> (Duration, Duration) {
        let began = Instant::now();
        let call = self.bare.post(&self.url).header("content-type", "application/json").body(self.body.clone());
        let answer = call.send().await.expect("an answer").bytes().await.expect("a whole one");
        assert!(!answer.is_empty());
        (began.elapsed(), Duration::ZERO)
    }

    async fn guarded(&self, key: String) -> (Duration, Duration) {
        let began = Instant::now();
        let question = Question { key, ..self.question.clone() };
        let (most_input, max_output) = (question.most_input(), question.max_output);
        let most = Micros::new(1_000_000_000_000).expect("an amount");
        let trying =
            Trying { name: "eval:bench", most, key: &question.key, generator: "cloud", most_input, max_output };
        let admission = self.limits.admit_trial(&trying).await.expect("the store");
        let Admission::Admitted(reservation) = admission else { panic!("{admission:?}") };
        let before = began.elapsed();
        let answer = self.model.ask(&question).await.expect("an answer");
        let asked = Instant::now();
        let charge = answer.usage.map_or(Charge::Unknown, Charge::Counted);
        let received_bytes = answer.text.len() as u64;
        let outcome = Outcome { charge, sent_bytes: most_input, received_bytes, health: Health::Well };
        self.limits.settle(reservation, outcome).await;
        (began.elapsed(), before + asked.elapsed())
    }
}

async fn world(folder: &std::path::Path, server: &ModelServer) -> World {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::open(Options {
        url: Url::Sqlite(folder.join("opspilot.db")),
        exclusive: true,
        signer: Some(Arc::new(SigningKey::from_seed("bench.example/receipts", &[7; 32]).expect("a key"))),
        origin: "bench.example/receipts".into(),
        queue: 1024,
        clock: Arc::clone(&clock),
        entropy: Arc::new(SystemEntropy::default()),
    });
    let usd = |micros| Micros::new(micros).expect("an amount");
    let asked = Asked {
        name: "cloud".into(),
        model: "stand-in".into(),
        price: Price { input: usd(1_000_000), cached: usd(1_000_000), output: usd(4_000_000) },
        allowance: Allowance {
            requests_per_minute: Some(1_000_000),
            tokens_per_minute: Some(1_000_000_000_000),
            per_day: Some(usd(1_000_000_000_000)),
            per_month: Some(usd(1_000_000_000_000)),
            whole: Some(usd(1_000_000_000_000)),
        },
        zone: TimeZone::UTC,
        parallel: 512,
        max_output: 1000,
    };
    let limits = Limits::new(Parts {
        store: store.await.expect("a store"),
        clock: Arc::clone(&clock),
        generators: vec![asked],
        tenants: Vec::new(),
        pilots: Pilots::default(),
    });
    let options = json!({ "base_url": server.chat_url(), "model": "stand-in" });
    let prepared = opspilot::daemon::models().validate("openai", options).expect("a kind");
    let context = BuildContext { name: "cloud".into(), data_dir: folder.to_owned(), clock };
    let model = prepared.unwrap_or_else(|problems| panic!("{problems}")).build(context).expect("a model");
    let schema: Arc<Value> = Arc::new(json!({ "type": "object" }));
    let text = "Please tell us what a yearly contract for forty machines would cost. ".repeat(30);
    let question = Question {
        system: "You prepare briefs.".into(),
        turns: vec![Turn { speaker: Speaker::User, text: text.clone() }],
        schema: Arc::clone(&schema),
        schema_name: "answer",
        max_output: 1000,
        key: String::new(),
    };
    let body = json!({
        "model": "stand-in", "stream": true, "stream_options": { "include_usage": true }, "max_completion_tokens": 1000,
        "messages": [{ "role": "system", "content": "You prepare briefs." }, { "role": "user", "content": text }],
        "response_format": { "type": "json_schema", "json_schema": { "name": "answer", "strict": true, "schema": *schema } },
    });
    let url = format!("{}/chat/completions", server.chat_url());
    let bare = reqwest::Client::builder().no_proxy().build().expect("a client");
    World { limits, model, bare, url, body: body.to_string(), question }
}

/// The time that this share of the calls took at most, in milliseconds.
fn share(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let place = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}
