//! Drafting by models through the shipped daemon, against a vendor's stand-in that keeps its own count. INVARIANT tested: what the vendor
//! worked on costs no more than the books say, the books no more than the limit; what is no brief is never shown as one; a limit waits,
//! falls back or holds, as the pilot says.

use crate::census::word;
use crate::daemon::{Kind, PILOT, Setup, TestDaemon};
use crate::hook;
use crate::http::Ask;
use crate::load::number;
use crate::model_server::{Act, Call, Lie, ModelServer};
use serde_json::{Value, json};
use std::time::Duration;

/// Micro-dollars for a million tokens, as [`generator`] has it.
const PRICE: (u64, u64) = (1_000_000, 4_000_000);

/// A generator `cloud` that asks the stand-in.
fn generator(server: &ModelServer, more: &str) -> String {
    format!(
        "\n[[generator]]\nname = \"cloud\"\nkind = \"openai\"\nmax_output_tokens = 1000\n{more}\n[generator.price]\ninput = \"1.00\"\n\
         output = \"4.00\"\n\n[generator.options]\nbase_url = \"{}\"\nmodel = \"stand-in\"\nconnect_secs = 1\nfirst_byte_secs = 2\nwhole_secs = 4\n",
        server.chat_url()
    )
}

/// A pilot that asks it.
fn asks(limits: &str) -> String {
    format!("generators = [\"cloud\", \"embedded\"]\n{limits}")
}

/// What a model says that read the request: a brief that quotes it.
pub(crate) fn good(call: &Call) -> String {
    let text = call.text();
    let request = text.split("<<<TEXT ").nth(1).and_then(|rest| rest.split_once(">>>\n")).map_or("", |(_, rest)| rest);
    let line = request.lines().map(str::trim).find(|line| line.len() > 8).unwrap_or("nothing");
    let quote: String = line.chars().take(60).collect();
    json!({
        "workflow_summary": { "text": "Somebody asks for something.", "quotes": [quote] },
        "priority": { "score": 40, "reasons": [{ "text": "It was sent.", "quotes": [quote] }] },
        "risk": { "level": "low", "factors": [] },
        "recommended_status": { "status": "qualify", "reason": "Find out what is meant." },
        "missing_information": [{ "field": "deadline", "question": "By when is it needed?", "why": "To plan it." }],
        "next_actions": [{ "text": "Answer the sender.", "due": null }],
        "pricing_rationale": null,
        "implementation_roadmap": []
    })
    .to_string()
}

fn settled(daemon: &TestDaemon, count: u64) {
    for place in 0..count {
        let answer = daemon.ask(&hook::delivery(&format!("m{place}")));
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    daemon.settle();
}

/// The brief of the newest request.
fn brief(daemon: &TestDaemon) -> Value {
    let requests = daemon.see("/api/v1/requests");
    let id = word(&requests["items"][0], "id");
    daemon.see(&format!("/api/v1/briefs/{}", id.replace("req_", "brf_")))
}

/// What the books say of the pilot in all: settled and held, in micro-dollars.
fn booked(daemon: &TestDaemon) -> (u64, u64) {
    let spend = daemon.see("/api/v1/spend");
    let lines = spend["items"].as_array().unwrap_or_else(|| panic!("{spend}"));
    let whole = |line: &&Value| line["scope"] == format!("pilot:{PILOT}") && line["span"] == "whole";
    let line = lines.iter().find(whole).unwrap_or_else(|| panic!("{spend}"));
    (line["settled_micros"].as_u64().unwrap(), line["held_micros"].as_u64().unwrap())
}

/// What the vendor could bill.
fn billed(server: &ModelServer) -> u64 {
    let (input, output) = server.counted();
    (input * PRICE.0 + output * PRICE.1).div_ceil(1_000_000)
}

#[test]
fn a_model_drafts_and_the_brief_tells_what_it_took() {
    let server = ModelServer::start(|call| Act::Say(good(call)));
    let pilot = asks("[pilot.limits]\nusd_whole = \"1.00\"\n");
    let daemon = Setup::sqlite().without_drop().with(&generator(&server, "")).pilot(&pilot).start();
    settled(&daemon, 1);
    let brief = brief(&daemon);
    let made = &brief["generator"];
    assert_eq!((word(made, "kind").as_str(), word(made, "name").as_str()), ("openai", "cloud"), "{brief}");
    assert_eq!(made["cost_micros"], billed(&server), "{made}");
    assert_eq!(word(made, "prompt_hash").len(), 64, "{made}");
    assert!(made["tokens"]["output"].as_u64() > Some(0) && made["latency"]["provider_ms"].is_u64(), "{made}");
    assert!(brief["unverified"].as_array().is_none_or(Vec::is_empty), "{brief}");
    assert_eq!(booked(&daemon), (billed(&server), 0));
    let asked = server.questions();
    assert_eq!((asked.len(), asked[0].body["stream"].as_bool()), (1, Some(true)));
    // The decision stays a person's.
    assert_eq!(word(&brief, "state"), "open", "{brief}");
}

#[test]
fn what_is_no_brief_is_asked_for_once_more_and_then_another_drafts() {
    let wrong = [
        Act::Say("Certainly! Here is your brief.".into()),
        Act::Say("{\"workflow_summary\": {\"text\": \"It".into()),
        Act::Say("{\"verdict\": \"approve\"}".into()),
        Act::Say(String::new()),
        Act::Endless,
    ];
    for act in wrong {
        let shown = format!("{act:?}");
        let server = ModelServer::start(move |_| act.clone());
        let pilot = asks("[pilot.limits]\nusd_whole = \"1.00\"\n");
        let daemon = Setup::sqlite().without_drop().with(&generator(&server, "")).pilot(&pilot).start();
        settled(&daemon, 1);
        let brief = brief(&daemon);
        let made = &brief["generator"];
        assert_eq!(word(made, "kind"), "embedded", "{shown}: {made}");
        assert_eq!(word(&made["fallback"][0], "generator"), "cloud", "{shown}: {made}");
        let (settled, held) = booked(&daemon);
        assert!(billed(&server) <= settled + held && settled + held <= 1_000_000, "{shown}: {settled} {held}");
        if !shown.starts_with("Endless") {
            assert_eq!(server.questions().len(), 2, "{shown}: once, and once more with what was wrong");
        }
    }
}

#[test]
fn the_next_of_the_chain_drafts_however_alike_their_names_are() {
    let poor = ModelServer::start(|_| Act::Say("No.".into()));
    let rich = ModelServer::start(|call| Act::Say(good(call)));
    let named = |server: &ModelServer, name: &str| generator(server, "").replace("\"cloud\"", &format!("\"{name}\""));
    let both = named(&poor, "a-vendor-far-away-small") + &named(&rich, "a-vendor-far-away-large");
    let pilot = "generators = [\"a-vendor-far-away-small\", \"a-vendor-far-away-large\"]\n[pilot.limits]\nusd_whole = \"1.00\"\n";
    let daemon = Setup::sqlite().without_drop().with(&both).pilot(pilot).start();
    settled(&daemon, 1);
    let brief = brief(&daemon);
    let made = &brief["generator"];
    assert_eq!(word(made, "name"), "a-vendor-far-away-large", "{made}");
    assert_eq!(word(&made["fallback"][0], "generator"), "a-vendor-far-away-small", "{made}");
    assert_eq!((poor.questions().len(), rich.questions().len()), (2, 1));
}

#[test]
fn at_a_limit_a_request_waits_falls_back_or_is_held() {
    let server = ModelServer::start(|call| Act::Say(good(call)));
    // Not enough for one call.
    let poor = |at_limit: &str, usd: &str| {
        let pilot = asks(&format!("at_limit = \"{at_limit}\"\n[pilot.limits]\nusd_per_day = \"{usd}\"\n"));
        Setup::sqlite().without_drop().with(&generator(&server, "")).pilot(&pilot).start()
    };
    let daemon = poor("fall_back", "0.001");
    settled(&daemon, 1);
    let brief = brief(&daemon);
    assert_eq!(word(&brief["generator"], "kind"), "embedded", "{brief}");
    assert_eq!(word(&brief["generator"]["fallback"][0], "code"), "OP-7304", "{brief}");
    let daemon = poor("hold", "0.001");
    settled(&daemon, 1);
    let held = daemon.see("/api/v1/requests?state=held");
    let id = word(&held["items"][0], "id");
    let why = daemon.see(&format!("/api/v1/requests/{id}/why"));
    assert!(why.to_string().contains("request.limited") && why.to_string().contains("OP-7304"), "{why}");
    // A person lets it go on: it stands before the same limit again.
    assert_eq!(daemon.api(Ask::json(format!("/api/v1/requests/{id}/release"), &json!({}))).status, 200);
    daemon.settle();
    assert_eq!(word(&daemon.see("/api/v1/requests?state=held")["items"][0], "id"), id);
    assert!(server.questions().is_empty(), "nothing was asked");
    // Enough for one, and not for another.
    let daemon = poor("wait", "0.0125");
    settled(&daemon, 1);
    assert_eq!(daemon.ask(&hook::delivery("waits")).status, 202);
    let waits = crate::wait::until("the run waits for the next day", || {
        let runs = daemon.see("/api/v1/runs?state=scheduled");
        runs["items"].as_array().and_then(|items| items.first().cloned())
    });
    assert_eq!(word(&waits, "code"), "OP-7304", "{waits}");
    assert!(waits["due_at"].is_string() && server.questions().len() == 1, "{waits}");
    let cancel = Ask::json(format!("/api/v1/runs/{}/cancel", word(&waits, "id")), &json!({ "reason": "enough" }));
    assert_eq!(daemon.api(cancel).status, 200);
}

/// Requests, parallel calls, faults, lies and kills: the vendor's own count is within the books, the books within the limit.
fn money(kind: Kind) {
    let requests = number("OPSPILOT_CALLS", 60);
    let kills = number("OPSPILOT_KILLS", 10).min(requests / 20);
    // Long enough for many to be on their way at once.
    let pace = Duration::from_millis(requests / 2);
    let server = ModelServer::start(move |call| {
        let first = (call.number as u64) < requests / 5;
        let act = match call.number % 12 {
            1 => Act::Cut,
            3 => Act::CutInside(good(call)),
            4 if !first => Act::too_many(Some("1")),
            5 => Act::Lie(good(call), Lie::Hundredfold),
            6 => Act::Lie(good(call), Lie::Zero),
            7 => Act::Lie(good(call), Lie::Negative),
            8 => Act::Lie(good(call), Lie::Nothing),
            9 => Act::FailLate,
            10 => Act::Hang,
            _ if first => Act::Say(good(call)),
            _ => Act::After(pace, Box::new(Act::Say(good(call)))),
        };
        // What fails at once would shut the way before many are on it.
        if first { Act::After(pace * 7 / 2, Box::new(act)) } else { act }
    });
    // About half of what the calls would come to.
    let limit = requests * 6_000;
    let dollars = format!("{}.{:06}", limit / 1_000_000, limit % 1_000_000);
    let pilot = asks(&format!("[pilot.limits]\nusd_whole = \"{dollars}\"\n"));
    let cloud = generator(&server, "parallel = 200\n");
    let mut daemon = Setup::on(kind).without_drop().with(&cloud).pilot(&pilot).start();
    for place in 0..requests {
        assert_eq!(daemon.ask(&hook::delivery(&format!("m{place}"))).status, 202);
        // First as many as can be at once, then the kills.
        if kills > 0 && place > requests * 3 / 10 && place % (requests / kills).max(1) == 5 {
            daemon.kill_9();
            daemon.start();
        }
        if place % 4 == 3 {
            // A generator that failed too often, or claimed more than it can have cost, waits; a person lets it go on.
            let _ = daemon.api(Ask::json("/api/v1/generators/cloud/resume", &json!({ "reason": "go on" })));
        }
    }
    daemon.settle();
    server.wait_idle();
    let (settled, held) = booked(&daemon);
    let billed = billed(&server);
    eprintln!(
        "{kind:?}: {requests} requests, {} calls, {kills} kills, at most {} at once: billed {billed} <= settled {settled} + held {held} <= limit {limit} micro-dollars",
        server.questions().len(),
        server.most_at_once()
    );
    assert!(billed <= settled + held, "the vendor counted {billed}, the books {settled} + {held}");
    assert!(settled + held <= limit, "the books say {settled} + {held}, the limit is {limit}");
    assert!(server.questions().len() > 10, "hardly anything was asked");
    let briefs = daemon.see("/api/v1/requests?state=in_review&limit=1");
    assert!(!briefs["items"].as_array().unwrap().is_empty());
}

#[test]
fn spend_stays_within_its_limit_on_sqlite() {
    money(Kind::Sqlite);
}

#[test]
fn spend_stays_within_its_limit_on_postgresql() {
    money(Kind::Postgres);
}
