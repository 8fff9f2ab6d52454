//! The sdk's suite over a real mail server, for each of the things that may become of a message.
#![expect(clippy::unwrap_used, reason = "a set-up that fails, fails the test")]

mod world;

use opspilot_imap::{Imap, Options};
use opspilot_sdk::conformance::{Harness, pulled};
use opspilot_sdk::{BoxFuture, ConnectorError, Source, Spec as _};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use world::dovecot::{Dovecot, PASSWORD};

/// The server of the test that runs; the suite makes many mailboxes on it.
static SERVER: Mutex<Option<Arc<Dovecot>>> = Mutex::new(None);
static USERS: AtomicUsize = AtomicUsize::new(0);

const LEAVE: u8 = 0;
const FLAG: u8 = 1;
const MOVE: u8 = 2;

struct Mailbox<const AFTER: u8> {
    server: Arc<Dovecot>,
    secrets: tempfile::TempDir,
    user: String,
    bad: usize,
    spoiled: bool,
}

impl<const AFTER: u8> Mailbox<AFTER> {
    fn options(&self) -> Value {
        let after = match AFTER {
            FLAG => json!({ "flag": "\\Flagged" }),
            MOVE => json!({ "move": "Done" }),
            _ => json!("leave"),
        };
        let host = if self.spoiled { "127.0.0.2" } else { "localhost" };
        let more =
            json!({ "folders": ["INBOX", "Requests"], "after": after, "max_message_bytes": 60_000, "host": host });
        world::with(world::options(&self.server, &self.user), &more)
    }
}

impl<const AFTER: u8> Harness for Mailbox<AFTER> {
    fn new() -> Self {
        let server = Arc::clone(SERVER.lock().unwrap_or_else(PoisonError::into_inner).as_ref().unwrap());
        let user = format!("box{}@example.net", USERS.fetch_add(1, Ordering::Relaxed));
        for folder in ["INBOX", "Requests", "Done"] {
            server.messages(&user, folder).unwrap();
        }
        Self { server, secrets: world::secrets(), user, bad: 0, spoiled: false }
    }

    fn build(&mut self) -> Result<Box<dyn Source>, ConnectorError> {
        world::build(self.secrets.path(), &self.options())
    }

    fn put(&mut self, marks: &[String]) {
        for (index, mark) in marks.iter().enumerate() {
            let folder = if index % 3 == 2 { "Requests" } else { "INBOX" };
            self.server.deliver(&self.user, folder, &world::mail(mark, mark)).unwrap();
        }
    }

    fn put_bad(&mut self) {
        self.bad += 1;
        let large = [&world::mail(&format!("large{}", self.bad), "large")[..], &vec![b'x'; 80_000]].concat();
        self.server.deliver(&self.user, "INBOX", &large).unwrap();
        let garbage: Vec<u8> = (0..9000_u32).map(|index| (index * 7 % 251) as u8).chain([self.bad as u8]).collect();
        self.server.deliver(&self.user, "Requests", &garbage).unwrap();
    }

    fn canaries(&self) -> Vec<String> {
        vec![PASSWORD.to_owned()]
    }

    fn debug(&self) -> String {
        let options: Options = serde_json::from_value(self.options()).unwrap();
        format!("{options:?} {:?}", Imap::validate(options.clone()).unwrap())
    }

    fn spoil(&mut self) -> bool {
        self.spoiled = true;
        true
    }

    fn snapshot(&self) -> Option<String> {
        let folders = ["INBOX", "Requests", "Done"];
        Some(format!("{:?}", folders.map(|folder| self.server.messages(&self.user, folder).unwrap())))
    }

    fn rest(&mut self, _: Option<Duration>) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

async fn keeps_its_promises<const AFTER: u8>() {
    *SERVER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(Dovecot::start(None).unwrap()));
    let verdict = pulled::<Mailbox<AFTER>>().await;
    *SERVER.lock().unwrap_or_else(PoisonError::into_inner) = None;
    verdict.assert();
}

// One after the other: they share the one server that the suite finds.
#[tokio::test]
async fn keeps_the_promises_of_a_source() {
    keeps_its_promises::<LEAVE>().await;
    keeps_its_promises::<FLAG>().await;
    keeps_its_promises::<MOVE>().await;
}
