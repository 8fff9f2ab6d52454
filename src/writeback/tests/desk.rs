//! A far side that lives in the test: it keeps what it is sent, misbehaves as it is told, and checks with every call that changes it that this
//! call was approved and may go now. Own file because the schedules know it as the truth. INVARIANT: nothing gets in without being held against
//! what people approved.

use opspilot_sdk::{
    Action, ActionKind, BoxFuture, Call, Caution, ConnectorError, Delivered, ErrorKind, Fate, Look, Manner, Planned,
    Repeat, Sink, Undelivered, Write,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    None,
    /// The daemon dies before it is sent.
    DiesBefore,
    /// It is done, and the daemon dies before it hears of it.
    DiesAfter,
    /// It is done, and nobody hears of it.
    LostAfter,
    /// It is not done, and nobody knows.
    LostBefore,
    /// It says that it is busy.
    Busy,
    /// It says no.
    Refuses,
    /// It says yes and does nothing.
    Lies,
    /// It takes its time, until the test lets it end.
    Stands,
}

/// What the far side holds, and what it was told may come.
#[derive(Default)]
pub(super) struct Held {
    /// Notes by key: a second with the same key is a double.
    pub(super) notes: Vec<(String, String)>,
    /// The priority of each record.
    pub(super) priorities: BTreeMap<String, String>,
    /// What the coming calls meet, the first first.
    pub(super) mishaps: Vec<Mishap>,
    /// Digests of calls that enough people approved.
    pub(super) approved: BTreeSet<String>,
    /// Digests of calls that take something back, as people were shown them.
    pub(super) undoing: BTreeSet<String>,
    /// Whether the way is open, as the schedule sees it.
    pub(super) open: bool,
    /// Calls that changed something or tried to.
    pub(super) calls: usize,
    /// What must never be.
    pub(super) wrong: Vec<String>,
}

/// The far side, whatever daemon writes to it.
#[derive(Clone, Default)]
pub(super) struct Desk {
    held: Arc<Mutex<Held>>,
    /// A daemon that should die has come to the place.
    pub(super) dying: Arc<Notify>,
    /// A call that takes its time may end.
    pub(super) ending: Arc<Notify>,
    /// What the daemon's configuration says beside the brief.
    pub(super) preamble: &'static str,
}

impl Desk {
    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many notes it holds, and how many calls there were.
    pub(super) fn counts(&self) -> (usize, usize) {
        let held = self.held();
        (held.notes.len(), held.calls)
    }

    /// The same far side, behind another configuration.
    pub(super) fn with(&self, preamble: &'static str) -> Self {
        Self { preamble, ..self.clone() }
    }

    fn image(&self, write: &Write) -> Value {
        let held = self.held();
        match write.kind {
            ActionKind::Priority => {
                json!({ "priority": held.priorities.get(&write.record).map_or("normal", String::as_str) })
            }
            _ => held
                .notes
                .iter()
                .find(|(key, _)| *key == write.key)
                .map_or(Value::Null, |(_, text)| json!({ "text": text })),
        }
    }

    pub(super) fn carry_out(&self, write: &Write) {
        let digest = write.call.digest();
        let mut held = self.held();
        let undoes = held.undoing.contains(&digest);
        if !undoes && !held.approved.contains(&digest) {
            held.wrong.push(format!("nobody approved {:?}", write.call));
        }
        if !undoes && !held.open {
            held.wrong.push(format!("the way was shut for {:?}", write.call));
        }
        let body: Value = serde_json::from_str(&write.call.body).unwrap_or_default();
        match write.call.method.as_str() {
            "PUT" => {
                let word = body["priority"].as_str().unwrap_or_default().to_owned();
                held.priorities.insert(write.record.clone(), word);
            }
            "DELETE" => held.notes.retain(|(key, _)| *key != write.key),
            _ => {
                if held.notes.iter().any(|(key, _)| *key == write.key) {
                    held.wrong.push(format!("`{}` stands there twice", write.key));
                }
                let text = body["text"].as_str().unwrap_or_default().to_owned();
                held.notes.push((write.key.clone(), text));
            }
        }
    }

    async fn dies(&self) -> ! {
        self.dying.notify_one();
        std::future::pending().await
    }
}

fn lost(fate: Fate, kind: ErrorKind) -> Undelivered {
    Undelivered { error: ConnectorError::new(kind, "OP-7501", "as the test says"), fate }
}

impl Sink for Desk {
    fn manner(&self) -> Manner {
        Manner {
            carries: &[ActionKind::Note, ActionKind::Priority, ActionKind::Message],
            repeat: Repeat::Looked,
            settles_in: Duration::from_secs(30),
            needs_record: true,
        }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        let (method, body, expect) = match action.kind {
            ActionKind::Priority => {
                let body = json!({ "priority": action.value });
                ("PUT", body.clone(), body)
            }
            _ => {
                let text = format!("{}{}", self.preamble, action.text);
                ("POST", json!({ "key": action.key, "text": text }), json!({ "text": text }))
            }
        };
        let call = Call {
            method: method.to_owned(),
            target: format!("https://desk.example/{}", action.record),
            headers: BTreeMap::new(),
            body: body.to_string(),
        };
        Ok(Planned { call, expect })
    }

    fn look<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(async move {
            Ok(match self.image(write) {
                Value::Null => Look::Absent,
                image => Look::Present { id: write.key.clone(), image, version: None },
            })
        })
    }

    fn deliver<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(async move {
            let mishap = {
                let mut held = self.held();
                held.calls += 1;
                if held.mishaps.is_empty() { Mishap::None } else { held.mishaps.remove(0) }
            };
            if mishap == Mishap::DiesBefore {
                self.dies().await;
            }
            if mishap == Mishap::Stands {
                self.dying.notify_one();
                self.ending.notified().await;
            }
            if matches!(mishap, Mishap::None | Mishap::Stands | Mishap::DiesAfter | Mishap::LostAfter) {
                self.carry_out(write);
            }
            match mishap {
                Mishap::DiesAfter => self.dies().await,
                Mishap::LostAfter | Mishap::LostBefore => Err(lost(Fate::Unknown, ErrorKind::Transient)),
                Mishap::Busy => Err(lost(Fate::NotDone, ErrorKind::RateLimited)),
                Mishap::Refuses => Err(lost(Fate::NotDone, ErrorKind::Rejected)),
                _ => Ok(Delivered { id: Some(write.key.clone()), said: "yes".to_owned() }),
            }
        })
    }

    fn revert(&self, write: &Write, _: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        let (method, body) = match write.kind {
            ActionKind::Priority => ("PUT", before.cloned().unwrap_or_default()),
            _ => ("DELETE", Value::Null),
        };
        let call = Call {
            method: method.to_owned(),
            target: write.call.target.clone(),
            headers: BTreeMap::new(),
            body: body.to_string(),
        };
        Ok(Planned { call, expect: before.cloned().unwrap_or_default() })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
