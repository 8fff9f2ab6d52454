//! What the tests of the mailbox share: a mail server, options for it, a clock, and a daemon's bare road: poll, keep, settle.
#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses its part")]

#[path = "../../../../tests/support/dovecot.rs"]
pub(crate) mod dovecot;
pub(crate) mod endpoint;
pub(crate) mod liar;
#[path = "../../../../tests/support/proxy.rs"]
pub(crate) mod proxy;

use dovecot::{Dovecot, PASSWORD};
use jiff::Timestamp;
use opspilot_imap::{Imap, Options};
use opspilot_sdk::{
    Batch, BuildContext, Built, Clock, ConnectorError, Cursor, DedupKey, Envelope, Refused, Secret, Settled, Source,
    Spec as _,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub(crate) struct Now;

impl Clock for Now {
    #[expect(
        clippy::disallowed_methods,
        reason = "certificates are judged by the machine's clock, so the tests go by it"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

pub(crate) fn options(server: &Dovecot, user: &str) -> Value {
    json!({
        "host": "localhost", "port": server.imaps(), "ca_file": server.authority(), "user": user,
        "auth": { "password_file": "password" }, "poll_secs": 1, "command_secs": 5,
    })
}

pub(crate) fn with(mut options: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().into_iter().flatten() {
        options[key] = value.clone();
    }
    options
}

pub(crate) fn build(folder: &Path, options: &Value) -> Result<Box<dyn Source>, ConnectorError> {
    let options: Options = serde_json::from_value(options.clone()).expect("options that can be read");
    let settings = Imap::validate(options).expect("good options");
    let context = BuildContext { name: "mail".to_owned(), data_dir: folder.to_owned(), clock: Arc::new(Now) };
    match Imap::build(settings, context)? {
        Built::Pulled(source) => Ok(source),
        Built::Pushed(_) => unreachable!("a mailbox is pulled"),
    }
}

/// A folder with the password in it.
pub(crate) fn secrets() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).expect("a password file");
    folder
}

pub(crate) fn mail(id: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Ann Example <ann@example.org>\nTo: intake@example.net\nSubject: {text}\nMessage-ID: <{id}@example.org>\n\
         Date: Mon, 2 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nPlease look after {text}.\n"
    )
    .into_bytes()
}

/// As much of a daemon as a source can tell: it keeps what came, and hands back where it stands.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) kept: BTreeMap<DedupKey, Envelope>,
    pub(crate) refused: BTreeMap<DedupKey, Refused>,
    pub(crate) repeats: usize,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) secret: Option<Secret>,
    pub(crate) faults: Vec<ConnectorError>,
}

impl Store {
    pub(crate) fn commit(&mut self, batch: Batch) {
        for envelope in batch.envelopes {
            if self.kept.insert(envelope.key.clone(), envelope).is_some() {
                self.repeats += 1;
            }
        }
        for refused in batch.refused {
            self.refused.insert(refused.key.clone(), refused);
        }
        self.cursor = batch.cursor.or(self.cursor.take());
        self.secret = batch.keep.or(self.secret.take());
    }

    /// One round of the runtime; whether anything came.
    pub(crate) async fn turn(&mut self, source: &mut dyn Source, limit: usize) -> bool {
        match source.poll(self.cursor.clone(), limit).await {
            Ok(batch) => {
                let (id, busy) = (batch.id, batch.id.is_some() || batch.progress.is_some());
                assert!(batch.envelopes.len() <= limit);
                self.commit(batch);
                if let Some(id) = id
                    && let Err(error) = source.settle(id, Settled::Committed).await
                {
                    self.faults.push(error);
                }
                busy
            }
            Err(error) => {
                self.faults.push(error);
                true
            }
        }
    }

    /// Rounds until nothing comes.
    pub(crate) async fn drain(&mut self, source: &mut dyn Source, limit: usize) {
        for _ in 0..1000 {
            if !self.turn(source, limit).await {
                return;
            }
        }
        panic!("the mailbox has no end; the last faults: {:?}", self.faults.iter().rev().take(3).collect::<Vec<_>>());
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.kept.values().map(|envelope| String::from_utf8_lossy(&envelope.raw).into_owned()).collect()
    }

    pub(crate) async fn listed(&mut self, source: &mut dyn Source, limit: usize) -> Vec<opspilot_sdk::Held> {
        let (mut from, mut held) = (None, Vec::new());
        loop {
            let page = source.inventory(from, limit).await.expect("an inventory").expect("a mailbox can be listed");
            assert!(page.held.len() <= limit);
            held.extend(page.held);
            self.secret = page.keep.or(self.secret.take());
            match page.next {
                Some(next) => from = Some(next),
                None => return held,
            }
        }
    }
}
