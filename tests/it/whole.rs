//! The main job on real data: tickets as a table, providers' webhooks, messages by hand. INVARIANT tested: what went in equals briefs, held
//! requests, recognised duplicates and refusals with a reason; nothing is unaccounted for.

use crate::census::{Census, word};
use crate::daemon::{PILOT, Setup};
use crate::door::{cases, source};
use crate::http::Ask;
use crate::load::{drop_file, waiting_files};
use crate::wait::until;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn all_that_goes_in_is_accounted_for() {
    let daemon = Setup::sqlite().with(&source("providers", "verify = \"none\"")).start();
    // Tickets, one row each.
    let tickets = cases("priority/cases.jsonl");
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut table = String::from("id,summary,description\n");
    for ticket in &tickets {
        table.push_str(&format!(
            "{},{},{}\n",
            word(ticket, "id"),
            quoted(&word(ticket, "subject")),
            quoted(&word(ticket, "body"))
        ));
    }
    drop_file(&daemon.data("drop"), "tickets.csv", table.as_bytes());
    // What providers really send.
    let folder = format!("{}/tests/data/webhooks/providers", env!("CARGO_MANIFEST_DIR"));
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let (mut posted, mut taken) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let case: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let body = case["body"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned);
        let answer = daemon.ask(&Ask::post("/hooks/providers", body).header("content-type", "application/json"));
        posted += 1;
        match answer.status {
            202 => taken += 1,
            200 => *refused.entry("a repeat".into()).or_default() += 1,
            400..500 => *refused.entry(answer.member("code")).or_default() += 1,
            other => panic!("{other}: {}", answer.text()),
        }
    }
    // Messages by hand, each unlike the others.
    let messages: Vec<String> = cases("request/enron.jsonl")
        .iter()
        .map(|case| word(case, "text"))
        .filter(|text| !text.trim().is_empty())
        .take(200)
        .collect();
    let mut by_hand = 0;
    for (number, message) in messages.iter().enumerate() {
        let answer = match number % 2 {
            0 => json!({ "pilot": PILOT, "text": message }),
            _ => {
                json!({ "pilot": PILOT, "message": format!("From: Ann <ann-{number}@a.example>\r\nTo: desk@b.example\r\nSubject: Question {number}\r\n\r\n{message}\r\n") })
            }
        };
        let answer = daemon.api(Ask::json("/api/v1/requests", &answer));
        match answer.status {
            202 => by_hand += 1,
            400..500 => *refused.entry(answer.member("code")).or_default() += 1,
            other => panic!("{other}: {}", answer.text()),
        }
    }
    until("the table is read", || (waiting_files(&daemon) == 0).then_some(()));
    daemon.settle();
    let census = Census::take(&daemon);
    let errors = std::fs::read_to_string(daemon.data("drop/errors/tickets.csv.errors.csv")).unwrap_or_default();
    let bad_rows = errors.matches(",\"OP-22").count();
    let state = |name: &str| census.states.get(name).copied().unwrap_or(0);
    let (briefs, held, alike) = (census.briefs.values().sum::<usize>(), state("held"), state("duplicate"));
    let refusals: usize = refused.values().sum();
    let all_in = tickets.len() + posted + messages.len();
    eprintln!(
        "in: {} tickets + {posted} webhooks + {} messages = {all_in}; out: {briefs} briefs + {held} held + {alike} duplicates + {bad_rows} bad rows \
         + {refusals} refused {refused:?}",
        tickets.len(),
        messages.len()
    );
    assert_eq!(all_in, briefs + held + alike + bad_rows + refusals);
    assert_eq!(
        (census.of("drop") + bad_rows, census.of("providers"), census.of("submit")),
        (tickets.len(), taken, by_hand)
    );
    // Each step of each was measured under its kind, in classes that tell a pure step from one that calls out.
    let measured = daemon.ask(&Ask::get("/metrics")).text();
    for class in ["{step=\"screen\",le=\"0.00001\"}", "{step=\"draft\",le=\"900\"}", "{step=\"review\",le=\"0.00003\"}"]
    {
        assert!(measured.contains(&format!("opspilot_step_seconds_bucket{class}")), "{class}: {measured}");
    }
    // A held request waits for a person, and says for what.
    for request in daemon.list("/api/v1/requests?state=held").iter().take(3) {
        let why = daemon.see(&format!("/api/v1/requests/{}/why", word(request, "id")));
        assert!(why.to_string().contains("request.held"), "{why}");
    }
}
