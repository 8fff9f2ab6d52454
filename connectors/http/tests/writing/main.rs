//! The sinks' suite against a receiver that checks every signature, in each of the three ways a receiver can be; and what the suite does not
//! ask: what exactly is signed.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

#[path = "../../../../tests/support/node_programs.rs"]
#[expect(dead_code, reason = "what other tests and `cargo xtask test` do with it")]
mod node_programs;
mod receiver;

use opspilot_http::Http;
use opspilot_sdk::conformance::{Asked, Credentials, FarSide, Mishap, SinkHarness, Told, written};
use opspilot_sdk::{ActionKind, BuildContext, Clock, ConnectorError, ErrorKind, Fate, Look, Repeat, Sink, Spec, Write};
use receiver::Receiver;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What both sides know, and what one does not.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const TOKEN: &str = "canary-token-8812";

struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::constant(1_795_000_000, 0)
    }
}

fn build(folder: &Path, url: &str, secret: &str, more: Value) -> Result<Arc<dyn Sink>, ConnectorError> {
    std::fs::write(folder.join("secret"), format!("{secret}\n")).unwrap();
    std::fs::write(folder.join("token"), format!("{TOKEN}\n")).unwrap();
    let mut options = json!({ "base_url": url, "path": "/in", "secret_file": "secret", "token_file": "token",
        "silence_secs": 1, "whole_secs": 2 });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let settings = Http::validate(serde_json::from_value(options).unwrap()).unwrap();
    Http::build(settings, BuildContext { name: "desk".to_owned(), data_dir: folder.to_owned(), clock: Arc::new(Still) })
}

/// A receiver of one of three kinds: 0 shows nothing, 1 shows and deletes, 2 does so and honours names.
struct Desk<const KIND: u8> {
    receiver: Receiver,
    server: FarSide,
    folder: tempfile::TempDir,
}

impl<const KIND: u8> SinkHarness for Desk<KIND> {
    async fn new() -> Self {
        let receiver = Receiver::new(KIND == 2);
        let answers = receiver.clone();
        let server = FarSide::start(|asked| !asked.is_safe(), move |asked| answers.answer(asked)).unwrap();
        Self { receiver, server, folder: tempfile::tempdir().unwrap() }
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let secret = if credentials == Credentials::Good { SECRET } else { OTHER };
        let more = match KIND {
            0 => json!({}),
            _ => json!({ "look_path": "/in/{key}", "undo_path": "/in/{key}", "honours_webhook_id": KIND == 2 }),
        };
        Some(build(self.folder.path(), &self.server.url(), secret, more).unwrap())
    }

    async fn record(&mut self) -> String {
        "4711".to_owned()
    }

    async fn count(&mut self, _: ActionKind, _: &str) -> usize {
        self.receiver.kept().len()
    }

    async fn snapshot(&mut self) -> String {
        format!("{:?}", self.receiver.kept())
    }

    async fn seen(&mut self, write: &Write, _: &str) -> Option<String> {
        let kept = self.receiver.kept();
        let (_, message) = kept.iter().find(|(key, _)| *key == write.key)?;
        message["data"]["text"].as_str().map(str::to_owned)
    }

    async fn alter(&mut self, write: &Write, _: &str) -> bool {
        self.receiver.change(&write.key);
        true
    }

    fn arm(&mut self, mishap: Mishap) -> bool {
        self.server.arm(mishap);
        true
    }

    fn canaries(&self) -> Vec<String> {
        [SECRET, OTHER, TOKEN].map(|secret| secret.trim_start_matches("whsec_").to_owned()).into()
    }

    fn debug(&self) -> String {
        let options = json!({ "base_url": self.server.url(), "secret_file": "secret", "token_env": "TOKEN" });
        let options: opspilot_http::Options = serde_json::from_value(options).unwrap();
        format!("{options:?} {:?}", Http::validate(options.clone()).unwrap())
    }
}

#[tokio::test]
async fn a_receiver_that_shows_nothing() {
    let verdict = written::<Desk<0>>().await;
    assert!(verdict.skipped.iter().all(|check| !check.contains("done")), "{:?}", verdict.skipped);
    verdict.assert();
}

#[tokio::test]
async fn a_receiver_that_can_be_looked_at() {
    written::<Desk<1>>().await.assert();
}

#[tokio::test]
async fn a_receiver_that_honours_names() {
    written::<Desk<2>>().await.assert();
}

fn action(key: &str) -> opspilot_sdk::Action {
    opspilot_sdk::Action {
        kind: ActionKind::Note,
        key: key.to_owned(),
        record: "a/b?c".to_owned(),
        title: String::new(),
        text: "Text.".to_owned(),
        due: None,
        value: None,
        to: None,
        span: None,
        at: Still.now(),
        fields: [("stage".to_owned(), "new".to_owned())].into(),
    }
}

fn write_of(sink: &dyn Sink, key: &str) -> Write {
    let action = action(key);
    let planned = sink.preview(&action).unwrap();
    let (call, expect) = (planned.call, planned.expect);
    Write { kind: action.kind, key: action.key, record: action.record, call, expect }
}

#[tokio::test]
async fn the_body_is_the_whole_message() {
    let desk = Desk::<2>::new().await;
    let sink = desk.build(Credentials::Good).unwrap();
    let write = write_of(sink.as_ref(), "wb-1");
    let body = r#"{"type":"opspilot.note","timestamp":"2026-11-18T11:06:40Z","data":{"key":"wb-1","kind":"note","record":"a/b?c","title":"","text":"Text.","due":null,"value":null,"to":null,"from":null,"until":null,"fields":{"stage":"new"}}}"#;
    assert_eq!((write.call.method.as_str(), write.call.body.as_str()), ("POST", body));
    assert_eq!(write.call.target, format!("{}/in", desk.server.url()));
    sink.deliver(&write, None).await.unwrap();
    let asked = desk.server.asked().pop().unwrap();
    assert_eq!(asked.body, body.as_bytes());
    assert_eq!(asked.header("webhook-id"), Some("wb-1"));
    assert_eq!(asked.header("webhook-timestamp"), Some("1795000000"));
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    let undo = sink.revert(&write, "x", None).unwrap();
    assert_eq!(undo.call.headers["webhook-id"], "wb-1-undo");
}

/// The machine's own time: a receiver refuses what is minutes old.
struct Now;

impl Clock for Now {
    #[expect(clippy::disallowed_methods, reason = "another program compares with its own clock")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

#[tokio::test]
async fn the_library_of_receivers_believes_every_request_and_no_other() {
    let desk = Desk::<2>::new().await;
    desk.build(Credentials::Good).unwrap();
    let options = json!({ "base_url": desk.server.url(), "path": "/in", "secret_file": "secret", "look_path": "/in/{key}",
        "undo_path": "/in/{key}" });
    let settings = Http::validate(serde_json::from_value(options).unwrap()).unwrap();
    let data_dir = desk.folder.path().to_owned();
    let sink = Http::build(settings, BuildContext { name: "desk".to_owned(), data_dir, clock: Arc::new(Now) }).unwrap();
    let mut write = write_of(sink.as_ref(), "wb-5");
    sink.deliver(&write, None).await.unwrap();
    sink.look(&write, None).await.unwrap();
    let planned = sink.revert(&write, "wb-5", None).unwrap();
    (write.call, write.expect) = (planned.call, planned.expect);
    sink.deliver(&write, None).await.unwrap();
    let asked = desk.server.asked();
    assert_eq!(asked.iter().map(|asked| asked.method.as_str()).collect::<Vec<_>>(), ["POST", "GET", "DELETE"]);
    let verify = |asked: &Asked, secret: &str| {
        let headers: serde_json::Map<String, Value> =
            asked.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let body = String::from_utf8(asked.body.clone()).unwrap();
        node_programs::receiver(&json!({ "secret": secret, "headers": headers, "body": body }).to_string())
    };
    for asked in &asked {
        let refused = verify(asked, OTHER).unwrap_err().to_string();
        assert!(refused.contains("No matching signature found"), "{refused}");
        let understood = verify(asked, SECRET).unwrap_or_else(|cause| panic!("{}: {cause}", asked.method));
        let wanted = if asked.body.is_empty() { Value::Null } else { asked.json() };
        assert_eq!(serde_json::from_str::<Value>(&understood).unwrap(), wanted);
    }
}

#[tokio::test]
async fn what_a_receiver_cannot_do_is_said() {
    for (kind, repeat, cautions) in [(0, Repeat::Asked, 1), (1, Repeat::Looked, 0), (2, Repeat::Keyed, 0)] {
        let desk = Desk::<2>::new().await;
        let more = match kind {
            0 => json!({}),
            _ => json!({ "look_path": "/in/{key}", "honours_webhook_id": kind == 2, "settles_secs": 3 }),
        };
        let sink = build(desk.folder.path(), &desk.server.url(), SECRET, more).unwrap();
        assert_eq!(sink.manner().repeat, repeat);
        assert_eq!(sink.check().await.unwrap().len(), cautions);
        assert!(desk.server.asked().iter().all(|asked| asked.is_safe()));
        let write = write_of(sink.as_ref(), "wb-2");
        let refused = sink.revert(&write, "wb-2", None).unwrap_err();
        assert_eq!((refused.kind, refused.code), (ErrorKind::Rejected, "OP-7500"));
    }
}

/// A look that meets a gateway, a page for people or another service tells nothing, least of all that a message is not there.
#[tokio::test]
async fn an_answer_that_is_no_message_is_not_taken_for_one() {
    for (status, body, kind) in [
        (200, "<p>Sign in</p>", ErrorKind::Misconfigured),
        (200, "[]", ErrorKind::Misconfigured),
        (404, "", ErrorKind::Transient),
        (404, "<h1>Not Found</h1>", ErrorKind::Transient),
        (404, r#"{"message":"no Route matched"}"#, ErrorKind::Transient),
        (404, r#"{"key":"wb-30"}"#, ErrorKind::Transient),
        (410, "", ErrorKind::Transient),
        (302, "", ErrorKind::Misconfigured),
    ] {
        let server = FarSide::start(|asked| !asked.is_safe(), move |_| Told::status(status).with(body)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sink = build(folder.path(), &server.url(), SECRET, json!({ "look_path": "/in/{key}" })).unwrap();
        let write = write_of(sink.as_ref(), "wb-3");
        for error in [sink.look(&write, None).await.unwrap_err(), sink.check().await.unwrap_err()] {
            let code = if status == 200 { "OP-7503" } else { "OP-7501" };
            assert_eq!((error.kind, error.code), (kind, code), "{status} {body}");
        }
    }
}

/// A receiver that does not take a message says so for good; one that forbids it may have been told to for a while.
#[tokio::test]
async fn a_no_to_a_message_is_one() {
    for (status, kind, code) in [
        (400, ErrorKind::Rejected, "OP-7503"),
        (401, ErrorKind::Unauthorised, "OP-7502"),
        (403, ErrorKind::Transient, "OP-7502"),
        (404, ErrorKind::Rejected, "OP-7503"),
        (410, ErrorKind::Rejected, "OP-7503"),
    ] {
        for body in ["", "<h1>No</h1>", r#"{"message":"no Route matched"}"#] {
            let server = FarSide::start(|asked| !asked.is_safe(), move |_| Told::status(status).with(body)).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let more = json!({ "look_path": "/in/{key}", "undo_path": "/in/{key}" });
            let sink = build(folder.path(), &server.url(), SECRET, more).unwrap();
            let write = write_of(sink.as_ref(), "wb-6");
            let planned = sink.revert(&write, "wb-6", None).unwrap();
            let undo = Write { call: planned.call, expect: planned.expect, ..write.clone() };
            for write in [&write, &undo] {
                let failed = sink.deliver(write, None).await.unwrap_err();
                assert_eq!(
                    (failed.error.kind, failed.error.code, failed.fate),
                    (kind, code, Fate::NotDone),
                    "{status} {body}"
                );
            }
            // An address that takes nothing does not pass for one that does.
            let blind = build(folder.path(), &server.url(), SECRET, json!({})).unwrap();
            assert_eq!(blind.check().await.is_ok(), status == 400, "{status} {body}");
        }
    }
}

/// A receiver that repeats what it was sent, wherever it can: what it was sent is secret in parts.
#[tokio::test]
async fn what_a_receiver_repeats_of_our_secrets_is_not_told() {
    for (status, way) in (0..4).flat_map(|way| [200, 202, 400, 403, 404, 500].map(|status| (status, way))) {
        let answer = move |asked: &Asked| {
            let own = |name: &str| asked.header(name).unwrap_or_default().to_owned();
            let key = asked.path().trim_start_matches("/in/").to_owned();
            let echo = format!("{} {} {SECRET}", own("authorization"), own("webhook-signature"));
            let told = match way {
                0 => Told::status(status).with(echo.clone()),
                1 => Told::json(
                    status,
                    &json!({ "key": key, "id": echo, "message": echo, "data": { "text": echo, "title": [echo] } }),
                ),
                // As JSON may write any letter.
                2 => Told::status(status).with(format!(
                    r#"{{"id":"1","message":"{}","data":{{"text":"x"}}}}"#,
                    echo.chars().map(|c| format!("\\u{:04x}", c as u32)).collect::<String>()
                )),
                _ => Told::json(
                    status,
                    &json!({ "data": { "fields": { own("authorization"): 1 } }, "error": { "x": echo } }),
                ),
            };
            told.header("etag", echo.clone()).header("location", format!("/{echo}"))
        };
        let server = FarSide::start(|asked| !asked.is_safe(), answer).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let more = json!({ "look_path": "/in/{key}", "undo_path": "/in/{key}" });
        let sink = build(folder.path(), &server.url(), SECRET, more).unwrap();
        let write = write_of(sink.as_ref(), "wb-7");
        let told = format!(
            "{:?} {:?} {:?}",
            sink.deliver(&write, None).await,
            sink.look(&write, None).await,
            sink.check().await
        );
        let bare = SECRET.trim_start_matches("whsec_");
        for canary in ["canary", bare, "v1,"] {
            assert!(!told.contains(canary), "{status} {way} `{canary}`: {told}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_not_kept() {
    for (id, kept) in [
        (json!("note-17"), Some("note-17")),
        (json!(17), Some("17")),
        (json!("x".repeat(201)), None),
        (json!("a\u{1b}[31mb"), None),
        (json!("a\u{202e}b"), None),
        (json!(["x"]), None),
    ] {
        let shown = json!({ "id": id, "data": { "text": "Text." } });
        let server = FarSide::start(|asked| !asked.is_safe(), move |_| Told::json(200, &shown)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sink = build(folder.path(), &server.url(), SECRET, json!({ "look_path": "/in/{key}" })).unwrap();
        let write = write_of(sink.as_ref(), "wb-8");
        assert_eq!(sink.deliver(&write, None).await.unwrap().id.as_deref(), kept, "{id}");
        let Look::Present { id: name, .. } = sink.look(&write, None).await.unwrap() else { panic!("it is there") };
        assert_eq!(name, kept.unwrap_or("wb-8"));
    }
    let huge = json!({ "data": { "text": "x".repeat(2 << 20) } });
    let server = FarSide::start(|asked| !asked.is_safe(), move |_| Told::json(200, &huge)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sink = build(folder.path(), &server.url(), SECRET, json!({ "look_path": "/in/{key}" })).unwrap();
    let error = sink.look(&write_of(sink.as_ref(), "wb-9"), None).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7503"));
}

#[tokio::test]
async fn nobody_there_is_certainly_not_done() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let sink = build(folder.path(), &format!("http://127.0.0.1:{port}"), SECRET, json!({})).unwrap();
    let failed = sink.deliver(&write_of(sink.as_ref(), "wb-4"), None).await.unwrap_err();
    assert_eq!((failed.fate, failed.error.kind, failed.error.code), (Fate::NotDone, ErrorKind::Transient, "OP-7501"));
    assert!(matches!(sink.look(&write_of(sink.as_ref(), "wb-4"), None).await, Ok(Look::Unknown { .. })));
    assert_eq!(sink.manner().settles_in, Duration::from_secs(30));
    let weak = build(folder.path(), "https://desk.example.org", "whsec_c2hvcnQ=", json!({})).err().unwrap();
    assert_eq!((weak.kind, weak.code), (ErrorKind::Misconfigured, "OP-7506"));
}
