//! The sinks' suite against a small honest sink, and against the same sink with one flaw at a time: each flaw must be found, so that a
//! passing verdict means something. And the far side over HTTP, which others rely on.

use super::tests::{finds, now};
use super::{Credentials, FarSide, Mishap, SinkHarness, Told, written};
use crate::{
    Action, ActionKind, BoxFuture, Call, Caution, ConnectorError, Delivered, ErrorKind, Fate, Look, Manner, Planned,
    Repeat, Sink, Undelivered, Write,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const HONEST: u8 = 0;
const PREVIEW_WRITES: u8 = 1;
const TELLS_SECRET: u8 = 2;
const OTHER_BYTES: u8 = 3;
const CARRIES_ALL: u8 = 4;
const LOST_IS_DONE: u8 = 5;
const LOST_IS_NOT_DONE: u8 = 6;
const SENDS_TWICE: u8 = 7;
const FINDS_BEGINNINGS: u8 = 8;
const UNDOES_NOTHING: u8 = 9;
const CUTS_TEXTS: u8 = 10;
const SEES_NO_EDITS: u8 = 11;
const NAMES_ARE_PATHS: u8 = 12;
const BELIEVES_YES: u8 = 13;
const NO_RECORD_IS_NONE: u8 = 14;
const LETS_STRANGERS_IN: u8 = 15;
const FORGETS_PAUSES: u8 = 16;
const NO_PAGE: u8 = 17;
const CHECK_WRITES: u8 = 18;
const FINDS_ANY: u8 = 19;

#[derive(Clone, Debug)]
struct Note {
    id: u32,
    record: String,
    key: String,
    text: String,
}

#[derive(Debug, Default)]
struct World {
    next: u32,
    records: BTreeMap<String, String>,
    notes: Vec<Note>,
    writes: u32,
    armed: Option<Mishap>,
}

type Shared = Arc<Mutex<World>>;

fn open(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Memory<const FLAW: u8>(Shared);

impl<const FLAW: u8> SinkHarness for Memory<FLAW> {
    async fn new() -> Self {
        Self(Shared::default())
    }

    fn build(&self, credentials: Credentials) -> Option<Arc<dyn Sink>> {
        let known = credentials == Credentials::Good || FLAW == LETS_STRANGERS_IN;
        Some(Arc::new(Pen::<FLAW> { world: Arc::clone(&self.0), known }))
    }

    async fn record(&mut self) -> String {
        let mut world = open(&self.0);
        world.next += 1;
        let name = world.next.to_string();
        world.records.insert(name.clone(), "normal".to_owned());
        name
    }

    fn missing(&self) -> Option<String> {
        Some("999".to_owned())
    }

    fn fit(&self, action: &mut Action) {
        if action.kind == ActionKind::Priority {
            action.value = Some("high".to_owned());
        }
    }

    async fn count(&mut self, _: ActionKind, record: &str) -> usize {
        open(&self.0).notes.iter().filter(|note| note.record == record).count()
    }

    async fn snapshot(&mut self) -> String {
        let world = open(&self.0);
        format!("{:?} {:?} {}", world.records, world.notes, world.writes)
    }

    async fn seen(&mut self, _: &Write, id: &str) -> Option<String> {
        open(&self.0).notes.iter().find(|note| note.id.to_string() == id).map(|note| note.text.clone())
    }

    async fn alter(&mut self, write: &Write, id: &str) -> bool {
        let mut world = open(&self.0);
        if write.kind == ActionKind::Priority {
            world.records.insert(write.record.clone(), "low".to_owned());
        }
        for note in world.notes.iter_mut().filter(|note| note.id.to_string() == id) {
            note.text.push_str(" Edited.");
        }
        true
    }

    fn arm(&mut self, mishap: Mishap) -> bool {
        open(&self.0).armed = Some(mishap);
        true
    }

    fn canaries(&self) -> Vec<String> {
        vec!["canary-5512".to_owned()]
    }
}

/// A sink that writes into memory.
struct Pen<const FLAW: u8> {
    world: Shared,
    known: bool,
}

fn error(kind: ErrorKind, message: &str) -> ConnectorError {
    ConnectorError::new(kind, "OP-2303", message)
}

impl<const FLAW: u8> Pen<FLAW> {
    fn admitted(&self, write: &Write) -> Result<(), ConnectorError> {
        if !self.known {
            return Err(error(ErrorKind::Unauthorised, "the key is not known"));
        }
        if open(&self.world).records.contains_key(&write.record) {
            Ok(())
        } else {
            Err(error(ErrorKind::Rejected, "there is no such record"))
        }
    }

    fn carry_out(&self, write: &Write) -> Option<String> {
        let mut world = open(&self.world);
        let asked: Value = serde_json::from_str(&write.call.body).unwrap_or_default();
        world.writes += 1;
        match write.call.method.as_str() {
            "ADD" => {
                world.next += 1;
                let text = asked["text"].as_str().unwrap_or_default().to_owned();
                let note = Note { id: world.next, record: write.record.clone(), key: write.key.clone(), text };
                let id = note.id.to_string();
                world.notes.push(note);
                Some(id)
            }
            "DROP" => {
                world.notes.retain(|note| note.id.to_string() != asked["id"].as_str().unwrap_or_default());
                None
            }
            _ => {
                let value = asked["priority"].as_str().unwrap_or_default().to_owned();
                world.records.insert(write.record.clone(), value);
                Some(write.record.clone())
            }
        }
    }
}

impl<const FLAW: u8> Sink for Pen<FLAW> {
    fn manner(&self) -> Manner {
        Manner {
            carries: &[ActionKind::Note, ActionKind::Priority],
            repeat: Repeat::Looked,
            settles_in: Duration::from_secs(5),
            needs_record: true,
        }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        let named = !action.record.is_empty() && action.record.bytes().all(|byte| byte.is_ascii_digit());
        if !(named || FLAW == NAMES_ARE_PATHS && !action.record.is_empty()) {
            let code = if FLAW == NO_PAGE { "OP-0001" } else { "OP-2303" };
            return Err(ConnectorError::new(ErrorKind::Rejected, code, "the record is none"));
        }
        if FLAW == PREVIEW_WRITES {
            open(&self.world).writes += 1;
        }
        let (method, body, expect) = match action.kind {
            ActionKind::Priority => {
                let priority = json!({ "priority": action.value });
                ("SET", priority.clone(), priority)
            }
            ActionKind::Note => {
                let most = if FLAW == CUTS_TEXTS { 200 } else { usize::MAX };
                let text: String = action.text.chars().take(most).collect();
                let note = json!({ "text": format!("{text} [{}]", action.key) });
                ("ADD", note.clone(), note)
            }
            _ if FLAW == CARRIES_ALL => ("ADD", json!({}), json!({})),
            _ => return Err(error(ErrorKind::Rejected, "this kind is not carried")),
        };
        let mut call = Call {
            method: method.to_owned(),
            target: format!("memory:/{}", if FLAW == NAMES_ARE_PATHS { &action.record } else { "records" }),
            headers: BTreeMap::new(),
            body: body.to_string(),
        };
        if FLAW == TELLS_SECRET {
            call.headers.insert("authorization".to_owned(), "canary-5512".to_owned());
        }
        if FLAW == OTHER_BYTES {
            let mut world = open(&self.world);
            world.next += 1;
            call.headers.insert("x-turn".to_owned(), world.next.to_string());
        }
        Ok(Planned { call, expect })
    }

    fn look<'a>(&'a self, write: &'a Write, id: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(async move {
            match self.admitted(write) {
                Err(error) if FLAW == NO_RECORD_IS_NONE && error.kind == ErrorKind::Rejected => {
                    return Ok(Look::Absent);
                }
                admitted => admitted?,
            }
            let world = open(&self.world);
            if write.kind == ActionKind::Priority {
                let image = json!({ "priority": world.records.get(&write.record) });
                return Ok(Look::Present { id: write.record.clone(), image, version: None });
            }
            let is_ours = |note: &&Note| match id {
                Some(id) => note.id.to_string() == id,
                None if FLAW == FINDS_ANY => true,
                None if FLAW == FINDS_BEGINNINGS => note.key.starts_with(&write.key),
                None => note.key == write.key,
            };
            let found = world.notes.iter().find(|note| note.record == write.record && is_ours(note));
            Ok(found.map_or(Look::Absent, |note| {
                let text = if FLAW == SEES_NO_EDITS { note.text.replace(" Edited.", "") } else { note.text.clone() };
                Look::Present { id: note.id.to_string(), image: json!({ "text": text }), version: None }
            }))
        })
    }

    fn deliver<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(async move {
            let failed = |kind, fate, words: &str| Err(Undelivered { error: error(kind, words), fate });
            self.admitted(write).map_err(|error| Undelivered { error, fate: Fate::NotDone })?;
            let yes = |id| Ok(Delivered { id, said: "done".to_owned() });
            let armed = open(&self.world).armed.take();
            match armed {
                Some(Mishap::CutBefore) if FLAW == SENDS_TWICE => {
                    self.carry_out(write);
                    yes(self.carry_out(write))
                }
                Some(Mishap::CutBefore) => failed(ErrorKind::Transient, Fate::Unknown, "the line broke"),
                Some(Mishap::Busy) => {
                    let mut busy = error(ErrorKind::RateLimited, "the far side is busy");
                    busy.retry_after = (FLAW != FORGETS_PAUSES).then(|| Duration::from_secs(7));
                    Err(Undelivered { error: busy, fate: Fate::NotDone })
                }
                Some(Mishap::Expired) => failed(ErrorKind::Unauthorised, Fate::NotDone, "the key is not known"),
                Some(Mishap::Ignored) => {
                    if FLAW == BELIEVES_YES {
                        self.carry_out(write);
                    }
                    yes(None)
                }
                Some(_) => {
                    let id = self.carry_out(write);
                    let fate = if FLAW == LOST_IS_NOT_DONE { Fate::NotDone } else { Fate::Unknown };
                    if FLAW == LOST_IS_DONE { yes(id) } else { failed(ErrorKind::Transient, fate, "no answer came") }
                }
                None => yes(self.carry_out(write)),
            }
        })
    }

    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        let (method, body, expect) = match (write.kind, before) {
            (ActionKind::Priority, Some(before)) => ("SET", before.clone(), before.clone()),
            (ActionKind::Priority, None) => return Err(error(ErrorKind::Rejected, "what it was is not known")),
            _ if FLAW == UNDOES_NOTHING => ("DROP", json!({ "id": "0" }), Value::Null),
            _ => ("DROP", json!({ "id": id }), Value::Null),
        };
        let call = Call { method: method.to_owned(), body: body.to_string(), ..write.call.clone() };
        Ok(Planned { call, expect })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(async move {
            if !self.known {
                return Err(error(ErrorKind::Unauthorised, "the key is not known"));
            }
            if FLAW == CHECK_WRITES {
                open(&self.world).writes += 1;
            }
            Ok(Vec::new())
        })
    }
}

#[test]
fn an_honest_sink_passes() {
    let verdict = now(written::<Memory<HONEST>>());
    // A priority has no second of its kind.
    assert_eq!(verdict.skipped, ["priority: two keys are two things"]);
    verdict.assert();
}

#[test]
fn every_flaw_is_found() {
    finds(&now(written::<Memory<PREVIEW_WRITES>>()), "note: a preview touches nothing");
    finds(&now(written::<Memory<TELLS_SECRET>>()), "shows secret number 0");
    finds(&now(written::<Memory<OTHER_BYTES>>()), "the same action is two calls");
    finds(&now(written::<Memory<CARRIES_ALL>>()), "a kind that it does not carry was planned");
    finds(&now(written::<Memory<LOST_IS_DONE>>()), "it counts as delivered");
    finds(&now(written::<Memory<LOST_IS_NOT_DONE>>()), "it counts as not done");
    finds(&now(written::<Memory<SENDS_TWICE>>()), "the mishap did not happen as meant");
    finds(&now(written::<Memory<FINDS_BEGINNINGS>>()), "`twice-1` was not written");
    finds(&now(written::<Memory<FINDS_ANY>>()), "two keys are two things");
    finds(&now(written::<Memory<UNDOES_NOTHING>>()), "note: it is taken back");
    finds(&now(written::<Memory<CUTS_TEXTS>>()), "note: text with 20 KiB");
    finds(&now(written::<Memory<SEES_NO_EDITS>>()), "an edit from outside does not show");
    finds(&now(written::<Memory<NAMES_ARE_PATHS>>()), "became part of the target");
    finds(&now(written::<Memory<BELIEVES_YES>>()), "note: yes is said and nothing done");
    finds(&now(written::<Memory<NO_RECORD_IS_NONE>>()), "there is no such record");
    finds(&now(written::<Memory<LETS_STRANGERS_IN>>()), "with wrong credentials");
    finds(&now(written::<Memory<FORGETS_PAUSES>>()), "the pause asked for");
    finds(&now(written::<Memory<NO_PAGE>>()), "has no page");
    finds(&now(written::<Memory<CHECK_WRITES>>()), "check passes and changes nothing");
}

/// One request over a connection of its own; what came back, or nothing.
fn ask(port: u16, method: &str, body: &str) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    let head =
        format!("{method} /things?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn the_far_side_breaks_where_it_is_told_to() {
    let store = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&store);
    let server = FarSide::start(
        |asked| !asked.is_safe(),
        move |asked| {
            if !asked.is_safe() {
                kept.lock().unwrap().push(asked.json()["n"].clone());
            }
            Told::json(200, &json!({ "path": asked.path(), "host": asked.header("host") }))
        },
    )
    .unwrap();
    let way = FarSide::before(server.port, |asked| !asked.is_safe()).unwrap();
    let stored = || store.lock().unwrap().len();
    for far_side in [&server, &way] {
        let begun = stored();
        let answer = ask(far_side.port, "POST", r#"{"n":1}"#);
        let body: Value = serde_json::from_str(answer.split("\r\n\r\n").last().unwrap_or_default()).unwrap();
        assert_eq!(body, json!({ "host": "x", "path": "/things" }));
        assert_eq!(stored(), begun + 1);
        for (mishap, starts, stores) in [
            (Mishap::DoneThenCut, "", 1),
            (Mishap::DoneThenFailed, "HTTP/1.1 500", 1),
            (Mishap::CutBefore, "", 0),
            (Mishap::Busy, "HTTP/1.1 429", 0),
            (Mishap::Expired, "HTTP/1.1 401", 0),
            (Mishap::Ignored, "HTTP/1.1 200", 0),
        ] {
            let before = stored();
            far_side.arm(mishap);
            assert!(ask(far_side.port, "GET", "").starts_with("HTTP/1.1 200"), "{mishap:?}");
            let answer = ask(far_side.port, "POST", r#"{"n":2}"#);
            assert!(answer.starts_with(starts) && answer.is_empty() == starts.is_empty(), "{mishap:?}: {answer}");
            assert_eq!(stored(), before + stores, "{mishap:?}");
            assert!(ask(far_side.port, "POST", r#"{"n":3}"#).starts_with("HTTP/1.1 200"), "{mishap:?}");
        }
    }
    assert_eq!(way.asked().len(), 1 + 3 * 6);
}
