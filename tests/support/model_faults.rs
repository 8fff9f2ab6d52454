//! What every connector of a model must do when the far side misbehaves: the same tests for each, over the stand-in. Own file, included by
//! the tests of each, which say in `subject` how theirs is built. INVARIANT: of every call it is checked what it may have cost, and that
//! it was one request.

use crate::model_server::{Act, Lie, ModelServer};
use crate::subject;
use opspilot_sdk::{Answer, Charge, ErrorKind, Finish, Model, Question, Speaker, Turn, Unanswered, Usage};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A key that must not show.
pub(crate) const KEY: &str = "sk-canary-90210";
/// Words of a request that must not show.
const WORDS: &str = "My boiler is broken and my name is Ada Lovelace";
/// An answer in letters of one to four bytes.
const TEXT: &str = r#"{"summary":"Kessel kaputt \u2014 für Ada: naïve 日本語 😀"}"#;

pub(crate) fn question() -> Question {
    Question {
        system: "Write a brief.".to_owned(),
        turns: vec![Turn { speaker: Speaker::User, text: WORDS.to_owned() }],
        schema: Arc::new(json!({
            "type": "object", "required": ["summary"], "additionalProperties": false,
            "properties": { "summary": { "type": "string", "maxLength": 80 } },
        })),
        schema_name: "brief",
        max_output: 500,
        key: "brief-1".to_owned(),
    }
}

/// A model over the stand-in, which answers at once or after one second never.
fn quick(server: &ModelServer, more: Value) -> Arc<dyn Model> {
    let mut options = json!({
        "model": "stand-in", "base_url": subject::url(server), "connect_secs": 1, "first_byte_secs": 1, "whole_secs": 1,
    });
    if let (Some(options), Value::Object(more)) = (options.as_object_mut(), more) {
        options.extend(more);
    }
    subject::build(options, KEY)
}

fn patient(server: &ModelServer, more: Value) -> Arc<dyn Model> {
    let mut waits = json!({ "connect_secs": 60, "first_byte_secs": 60, "whole_secs": 60 });
    if let (Some(waits), Value::Object(more)) = (waits.as_object_mut(), more) {
        waits.extend(more);
    }
    quick(server, waits)
}

async fn once(act: Act) -> Result<Answer, Unanswered> {
    let server = ModelServer::start(move |_| act.clone());
    let answered = patient(&server, json!({})).ask(&question()).await;
    assert_eq!(server.requests(), 1);
    answered
}

/// What an error says of its class, its code and its cost, after a look at what it must not say.
fn told(answered: Result<Answer, Unanswered>) -> (ErrorKind, &'static str, Charge) {
    let unanswered = answered.expect_err("this is no answer");
    let mut text = format!("{unanswered} {unanswered:?}");
    let mut source: Option<&dyn std::error::Error> = Some(&unanswered);
    while let Some(error) = source {
        text.push_str(&error.to_string());
        source = error.source();
    }
    for secret in [KEY, "boiler", "Lovelace", "http://", "/v1"] {
        assert!(!text.contains(secret), "`{secret}` is in {text}");
    }
    (unanswered.error.kind, unanswered.error.code, unanswered.charge)
}

#[tokio::test]
async fn answers_come_whole_whatever_their_pieces() {
    for (act, options) in [
        (Act::Say(TEXT.to_owned()), json!({})),
        (Act::Say(TEXT.to_owned()), json!({ "stream": false })),
        (Act::Crumbs(TEXT.to_owned()), json!({})),
        (Act::Say("I am sorry, I cannot do that.".to_owned()), json!({})),
        (Act::Say(r#"{"summary": "cut o"#.to_owned()), json!({})),
        (Act::Say(String::new()), json!({})),
    ] {
        let (Act::Say(text) | Act::Crumbs(text)) = act.clone() else { continue };
        let server = ModelServer::start(move |_| act.clone());
        let model = patient(&server, options);
        let answer = model.ask(&question()).await.expect("an answer");
        let same = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| text.to_owned());
        assert_eq!(same(&answer.text), same(&text));
        assert_eq!((answer.finish, answer.model.as_deref()), (Finish::Complete, Some("stand-in")));
        let (input, output) = server.counted();
        assert_eq!(answer.usage, Some(Usage { input, cached: 0, output }));
        assert!(answer.first_byte <= answer.whole && input <= question().most_input());
        let calls = server.questions();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].header("x-client-request-id"), Some("brief-1"));
        assert!(calls[0].text().contains(WORDS));
    }
}

#[tokio::test]
async fn an_answer_at_the_limit_of_its_length_says_so() {
    let server = ModelServer::start(|_| Act::Say("word ".repeat(1000)));
    let question = Question { max_output: 10, ..question() };
    let answer = patient(&server, json!({})).ask(&question).await.expect("an answer");
    assert_eq!((answer.finish, answer.text.len()), (Finish::Length, 30));
    assert_eq!(answer.usage.map(|usage| usage.output), Some(10));
}

#[tokio::test]
async fn a_count_that_is_none_is_not_believed() {
    for lie in [Lie::Nothing, Lie::Negative, Lie::Fraction, Lie::Words] {
        let answer = once(Act::Lie(TEXT.to_owned(), lie)).await.expect("an answer");
        assert_eq!(answer.usage, None, "{lie:?}");
    }
    // What could be true is told as it was said; whoever pays judges it.
    let answer = once(Act::Lie(TEXT.to_owned(), Lie::Zero)).await.expect("an answer");
    assert_eq!(answer.usage, Some(Usage::default()));
    let answer = once(Act::Lie(TEXT.to_owned(), Lie::Hundredfold)).await.expect("an answer");
    assert!(answer.usage.is_some_and(|usage| usage.input > question().most_input()));
}

#[tokio::test]
async fn what_is_refused_costs_nothing_and_what_fails_may() {
    use ErrorKind::{Misconfigured, RateLimited, Rejected, Transient, Unauthorised};
    let body = format!(r#"{{"error":{{"type":"some_error","message":"key {KEY} and {WORDS} at http://x/v1"}}}}"#);
    for (status, kind, code, charge) in [
        (400, Rejected, "OP-7107", Charge::Nothing),
        (401, Unauthorised, "OP-7104", Charge::Nothing),
        (402, Unauthorised, "OP-7114", Charge::Nothing),
        (403, Unauthorised, "OP-7104", Charge::Nothing),
        (404, Misconfigured, "OP-7106", Charge::Nothing),
        (413, Rejected, "OP-7107", Charge::Nothing),
        (429, RateLimited, "OP-7105", Charge::Nothing),
        (500, Transient, "OP-7108", Charge::Unknown),
        (503, Transient, "OP-7108", Charge::Unknown),
        (529, RateLimited, "OP-7105", Charge::Nothing),
    ] {
        let refused = once(Act::Refuse(status, Vec::new(), body.clone())).await;
        assert_eq!(told(refused), (kind, code, charge), "{status}");
    }
    assert_eq!(told(once(Act::FailLate).await), (Transient, "OP-7108", Charge::Unknown));
    let storm = "x".repeat(10 << 20);
    assert_eq!(told(once(Act::Refuse(503, Vec::new(), storm)).await).2, Charge::Unknown);
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_told() {
    for (after, seconds) in [
        (Some("7"), Some(7)),
        // The clock of the tests stands still.
        (Some("Sat, 21 Nov 2026 12:00:30 GMT"), Some(30)),
        // Nobody keeps us away for longer than a day.
        (Some("18446744073709551615"), Some(86_400)),
        (Some("whenever"), None),
        (None, None),
    ] {
        let refused = once(Act::too_many(after)).await.expect_err("too many");
        assert_eq!(refused.error.retry_after, seconds.map(Duration::from_secs), "{after:?}");
        // Whoever is out of order for a while says it in the same way.
        let headers = after.map(|after| ("retry-after", after.to_owned())).into_iter().collect();
        let failed = once(Act::Refuse(503, headers, "down for repair".to_owned())).await.expect_err("out of order");
        assert_eq!(failed.error.retry_after, seconds.map(Duration::from_secs), "503 {after:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_and_nobody_knows_what_it_cost() {
    for act in [Act::Hang, Act::HangInside(TEXT.to_owned()), Act::Drip] {
        let server = ModelServer::start({
            let act = act.clone();
            move |_| act.clone()
        });
        let silent = told(quick(&server, json!({})).ask(&question()).await);
        assert_eq!(silent, (ErrorKind::Transient, "OP-7109", Charge::Unknown), "{act:?}");
        // The connection was ended, so that the far side can stop its work.
        server.wait_idle();
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_ends_its_connection() {
    let server = ModelServer::start(|_| Act::Hang);
    let model = patient(&server, json!({}));
    let question = question();
    tokio::select! {
        _ = model.ask(&question) => panic!("nobody answers"),
        () = async { while server.requests() == 0 { tokio::task::yield_now().await } } => {}
    }
    server.wait_idle();
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_cut_answer_is_none() {
    for (act, options) in [
        (Act::Cut, json!({})),
        (Act::CutInside(TEXT.to_owned()), json!({})),
        (Act::CutInside(TEXT.to_owned()), json!({ "stream": false })),
    ] {
        let server = ModelServer::start(move |_| act.clone());
        let cut = told(patient(&server, options).ask(&question()).await);
        assert_eq!(cut, (ErrorKind::Transient, "OP-7110", Charge::Unknown));
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn what_is_no_answer_is_told_as_none() {
    let stream = "text/event-stream";
    for (media, body) in [
        ("text/html", b"<html>Please sign in to continue</html>".to_vec()),
        ("application/json", b"{\"choices\": [{\"mess".to_vec()),
        ("application/json", Vec::new()),
        ("application/json", b"null".to_vec()),
        ("application/json", b"[1,2,3]".to_vec()),
        ("application/json", b"{\"answer\":\"yes\"}".to_vec()),
        ("application/json", vec![0xff, 0xfe, 0x00, 0x80]),
        ("application/json", b"[".repeat(100_000)),
        (stream, Vec::new()),
        (stream, b"data: \xff\xfe\n\n".to_vec()),
        (stream, b"data: {\n\n".to_vec()),
        (stream, b"data: [DONE]\n\n".to_vec()),
        (stream, b"hello, I am a server\n\n".to_vec()),
        (stream, b"data: 1\n\ndata: []\n\n".to_vec()),
    ] {
        let shown = String::from_utf8_lossy(&body).chars().take(40).collect::<String>();
        let none = told(once(Act::Raw(media, vec![body])).await);
        assert_eq!(none, (ErrorKind::Transient, "OP-7112", Charge::Unknown), "{shown}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let huge = format!("data: {}\n\n", "x".repeat(10 << 20)).into_bytes();
    let json = format!("{{\"x\":\"{}\"}}", "x".repeat(10 << 20)).into_bytes();
    for act in [Act::Endless, Act::Raw("text/event-stream", vec![huge]), Act::Raw("application/json", vec![json])] {
        let cut = told(once(act).await);
        assert_eq!(cut, (ErrorKind::Transient, "OP-7111", Charge::Unknown));
    }
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let elsewhere = ModelServer::start(|_| Act::Say(TEXT.to_owned()));
    for status in [301, 302, 303, 307, 308] {
        let target = vec![("location", format!("http://{}/v1", elsewhere.address))];
        let sent = told(once(Act::Refuse(status, target, String::new())).await);
        assert_eq!(sent, (ErrorKind::Misconfigured, "OP-7106", Charge::Nothing));
    }
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn what_was_never_reached_cost_nothing() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let server = ModelServer::start(|_| Act::Say(TEXT.to_owned()));
    for (base_url, code) in [
        (format!("http://{gone}"), "OP-7101"),
        ("http://no-such-host.localhost:1".to_owned(), "OP-7101"),
        // Speaks, but not TLS.
        (format!("https://{}", server.address), "OP-7103"),
    ] {
        let model = patient(&server, json!({ "base_url": base_url }));
        let kind = if code == "OP-7101" { ErrorKind::Transient } else { ErrorKind::Misconfigured };
        assert_eq!(told(model.ask(&question()).await), (kind, code, Charge::Nothing), "{base_url}");
        assert_eq!(model.check().await.map_err(|error| error.code), Err(code));
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn two_hundred_are_answered_at_once() {
    let server = ModelServer::start(|call| match call.number % 10 {
        3 => Act::too_many(Some("1")),
        7 => Act::CutInside(TEXT.to_owned()),
        9 => Act::Lie(TEXT.to_owned(), Lie::Nothing),
        number => Act::After(Duration::from_millis(10), Box::new(Act::Say(format!("{{\"summary\":\"{number}\"}}")))),
    });
    let model = patient(&server, json!({}));
    let asked = question();
    let mut calls = Vec::new();
    for _ in 0..200 {
        calls.push(model.ask(&asked));
    }
    let mut counts = [0; 4];
    let mut output = 0;
    for answered in subject::all(calls).await {
        let at = match answered {
            Ok(Answer { usage: Some(usage), .. }) => {
                output += usage.output;
                0
            }
            Ok(_) => 1,
            Err(Unanswered { charge: Charge::Nothing, .. }) => 2,
            Err(_) => 3,
        };
        counts[at] += 1;
    }
    assert_eq!(counts, [140, 20, 20, 20]);
    assert_eq!(server.requests(), 200);
    assert!(server.most_at_once() > 20 && output <= server.counted().1);
}

#[tokio::test]
async fn a_look_asks_nothing() {
    let server = ModelServer::start(|_| Act::Say(TEXT.to_owned()));
    assert!(patient(&server, json!({})).check().await.is_ok());
    let other = patient(&server, json!({ "model": "another" })).check().await;
    assert_eq!(other.map_err(|error| (error.kind, error.code)), Err((ErrorKind::Misconfigured, "OP-7106")));
    assert_eq!((server.requests(), server.questions().len()), (2, 0));
}
