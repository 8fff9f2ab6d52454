//! The suite against a small honest source, and against the same source with one flaw at a time: each flaw must be found, so that a
//! passing verdict means something.

use super::{Harness, PushHarness, Sent, Verdict, pulled, pushed};
use crate::{
    Batch, BatchId, BoxFuture, ConnectorError, Content, Cursor, DedupKey, Delivery, Envelope, ErrorKind, Held,
    Inventory, Limits, Receiver, Refusal, RefusalKind, Refused, Settled, Source, sha256_hex,
};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const HONEST: u8 = 0;
const DESTROYS_IN_POLL: u8 = 1;
const LOSES_DROPPED_POLLS: u8 = 2;
const NEW_KEYS: u8 = 3;
const NO_LIMIT: u8 = 4;
const FORGETS_RETURNED: u8 = 5;
const STOPS_AT_BAD: u8 = 6;
const TELLS_SECRET: u8 = 7;
const NO_PAGE: u8 = 8;
const FALLS_OVER_LATE_SETTLE: u8 = 9;
const CURSOR_TOO_FAR: u8 = 10;
const CHECK_TAKES: u8 = 11;
const LISTS_OTHER_KEYS: u8 = 12;
const REFUSES_WITHOUT_PAGE: u8 = 13;

/// Items in a shared list; `None` is one that cannot be read.
type Shelf = Arc<Mutex<Vec<Option<String>>>>;

struct Memory<const FLAW: u8> {
    shelf: Shelf,
    builds: u64,
    spoiled: bool,
}

impl<const FLAW: u8> Harness for Memory<FLAW> {
    fn new() -> Self {
        Self { shelf: Shelf::default(), builds: 0, spoiled: false }
    }

    fn build(&mut self) -> Result<Box<dyn Source>, ConnectorError> {
        self.builds += 1;
        Ok(Box::new(Reader::<FLAW> {
            shelf: Arc::clone(&self.shelf),
            build: self.builds,
            spoiled: self.spoiled,
            position: None,
            out: None,
            ids: 0,
        }))
    }

    fn put(&mut self, marks: &[String]) {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).extend(marks.iter().cloned().map(Some));
    }

    fn put_bad(&mut self) {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).push(None);
    }

    fn canaries(&self) -> Vec<String> {
        vec!["canary-5511".to_owned()]
    }

    fn spoil(&mut self) -> bool {
        self.spoiled = true;
        true
    }

    fn snapshot(&self) -> Option<String> {
        Some(format!("{:?}", self.shelf.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

struct Reader<const FLAW: u8> {
    shelf: Shelf,
    build: u64,
    spoiled: bool,
    position: Option<usize>,
    out: Option<(BatchId, usize)>,
    ids: u64,
}

impl<const FLAW: u8> Reader<FLAW> {
    fn fault(&self) -> ConnectorError {
        let code = if FLAW == NO_PAGE { "OP-0000" } else { "OP-2303" };
        let secret = if FLAW == TELLS_SECRET { "canary-5511" } else { "the shelf" };
        ConnectorError::new(ErrorKind::Transient, code, format!("{secret} is gone; put it back"))
    }
}

impl<const FLAW: u8> Source for Reader<FLAW> {
    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        if FLAW == CHECK_TAKES {
            self.shelf.lock().unwrap_or_else(PoisonError::into_inner).pop();
        }
        Box::pin(async { if self.spoiled { Err(self.fault()) } else { Ok(()) } })
    }

    fn poll(&mut self, after: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Batch, ConnectorError>> {
        Box::pin(async move {
            if self.spoiled {
                return Err(self.fault());
            }
            let stored = after.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
            let start = *self.position.get_or_insert(stored);
            if FLAW == LOSES_DROPPED_POLLS {
                self.position = Some(start + 1);
            }
            breathe().await;
            let limit = if FLAW == NO_LIMIT { limit + 1 } else { limit };
            let (mut envelopes, mut refused) = (Vec::new(), Vec::new());
            let mut end = start;
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            for item in shelf.iter().skip(start) {
                if envelopes.len() + refused.len() == limit {
                    break;
                }
                match item {
                    Some(mark) => envelopes.push(envelope(mark, if FLAW == NEW_KEYS { self.build } else { 0 })),
                    None if FLAW == STOPS_AT_BAD => break,
                    None => refused.push(Refused {
                        key: DedupKey::new(format!("bad/{end}")),
                        place: format!("place {end}"),
                        code: if FLAW == REFUSES_WITHOUT_PAGE { "OP-0000" } else { "OP-2303" },
                        reason: "cannot be read; look at it".to_owned(),
                    }),
                }
                end += 1;
            }
            if end == start {
                return Ok(Batch { again_in: Some(Duration::from_secs(1)), ..Batch::default() });
            }
            if FLAW == DESTROYS_IN_POLL {
                shelf.drain(start..end);
                end = start;
            }
            self.ids += 1;
            let id = BatchId(self.ids);
            self.out = Some((id, end));
            if FLAW == FORGETS_RETURNED {
                self.position = Some(end);
            }
            let reached = if FLAW == CURSOR_TOO_FAR { end + 1 } else { end };
            let cursor = (FLAW != NEW_KEYS).then(|| Cursor(reached.to_string()));
            Ok(Batch { id: Some(id), envelopes, refused, cursor, ..Batch::default() })
        })
    }

    fn inventory(
        &mut self,
        from: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<Inventory>, ConnectorError>> {
        Box::pin(async move {
            let start = from.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
            let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            let build = if FLAW == LISTS_OTHER_KEYS { 99 } else { 0 };
            let key = |item: &Option<String>| item.as_ref().map(|mark| envelope(mark, build).key);
            let held = shelf.iter().skip(start).take(limit).map(|item| Held {
                place: "the shelf".to_owned(),
                key: key(item),
                ignored: None,
            });
            let next = (start + limit < shelf.len()).then(|| Cursor((start + limit).to_string()));
            Ok(Some(Inventory { held: held.collect(), next, keep: None }))
        })
    }

    fn settle(&mut self, batch: BatchId, outcome: Settled) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(async move {
            match self.out {
                Some((id, end)) if id == batch => {
                    self.out = None;
                    if outcome == Settled::Committed {
                        self.position = Some(end);
                    }
                    Ok(())
                }
                _ if FLAW == FALLS_OVER_LATE_SETTLE => Err(self.fault()),
                _ => Ok(()),
            }
        })
    }
}

fn envelope(mark: &str, build: u64) -> Envelope {
    Envelope {
        key: DedupKey::new(format!("{build}/{mark}")),
        external_id: None,
        received_at: Timestamp::UNIX_EPOCH,
        media_type: "text/plain".to_owned(),
        raw: mark.as_bytes().to_vec(),
        content: Content::Text(mark.to_owned()),
        attachments: Vec::new(),
    }
}

/// Pending once.
async fn breathe() {
    let mut first = true;
    std::future::poll_fn(|context| {
        if std::mem::take(&mut first) {
            context.waker().wake_by_ref();
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

struct Spin;

impl Wake for Spin {
    fn wake(self: Arc<Self>) {}
}

/// An executor for futures that never wait for anything outside.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Spin));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

#[track_caller]
pub(super) fn finds(verdict: &Verdict, part: &str) {
    assert!(verdict.faults.iter().any(|fault| format!("{}: {}", fault.check, fault.what).contains(part)), "{verdict}");
}

#[test]
fn an_honest_source_passes() {
    now(pulled::<Memory<HONEST>>()).assert();
}

#[test]
fn every_flaw_is_found() {
    finds(&now(pulled::<Memory<DESTROYS_IN_POLL>>()), "poll destroys nothing");
    finds(&now(pulled::<Memory<LOSES_DROPPED_POLLS>>()), "a dropped poll loses nothing");
    finds(&now(pulled::<Memory<NEW_KEYS>>()), "keys stay the same over restarts");
    finds(&now(pulled::<Memory<NEW_KEYS>>()), "came under 2 keys");
    finds(&now(pulled::<Memory<NO_LIMIT>>()), "were asked for");
    finds(&now(pulled::<Memory<FORGETS_RETURNED>>()), "a returned batch comes again");
    finds(&now(pulled::<Memory<STOPS_AT_BAD>>()), "a bad item stops nothing");
    finds(&now(pulled::<Memory<TELLS_SECRET>>()), "shows secret number 0");
    finds(&now(pulled::<Memory<NO_PAGE>>()), "has no page");
    finds(&now(pulled::<Memory<FALLS_OVER_LATE_SETTLE>>()), "settling twice is harmless");
    finds(&now(pulled::<Memory<CURSOR_TOO_FAR>>()), "crash between commit and settle, batch 1");
    finds(&now(pulled::<Memory<CHECK_TAKES>>()), "check changed the outside world");
    finds(&now(pulled::<Memory<LISTS_OTHER_KEYS>>()), "under a key that was never seen");
    finds(&now(pulled::<Memory<REFUSES_WITHOUT_PAGE>>()), "has no page");
}

const PROVEN: u8 = 20;
const UNPROVEN: u8 = 21;
const PANICS: u8 = 22;
const SHORT_KEYS: u8 = 23;
const TELLS_PROOF: u8 = 24;

struct Door<const FLAW: u8>;

impl<const FLAW: u8> PushHarness for Door<FLAW> {
    fn new() -> Self {
        Self
    }

    fn build(&mut self) -> Arc<dyn Receiver> {
        Arc::new(Door::<FLAW>)
    }

    fn good(&mut self, mark: &str) -> Sent {
        let body = format!("text={mark}").into_bytes();
        Sent {
            headers: vec![("x-proof".to_owned(), sha256_hex(&body).into_bytes())],
            method: "POST".to_owned(),
            target: "/hooks/door".to_owned(),
            base_url: "https://desk.example".to_owned(),
            from_loopback: false,
            body,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn canaries(&self) -> Vec<String> {
        vec!["canary-7722".to_owned()]
    }
}

impl<const FLAW: u8> Receiver for Door<FLAW> {
    fn limits(&self) -> Limits {
        Limits { body_bytes: 4096, body_time: Duration::from_secs(10) }
    }

    fn receive(&self, delivery: &Delivery<'_>, now: Timestamp) -> Result<Envelope, Refusal> {
        let refuse = |message: &str| Err(Refusal::new(RefusalKind::Unauthorised, "OP-2303", message));
        assert!(FLAW != PANICS || !delivery.body.is_empty(), "a flaw on purpose");
        if delivery.body.is_empty() || delivery.body.len() > self.limits().body_bytes || delivery.method != "POST" {
            return refuse("the body is empty or too large; send another");
        }
        let digest = sha256_hex(delivery.body);
        if FLAW != UNPROVEN && delivery.header("x-proof") != Some(digest.as_str()) {
            return refuse(if FLAW == TELLS_PROOF { "expected canary-7722" } else { "the proof is wrong; sign again" });
        }
        let key = if FLAW == SHORT_KEYS || FLAW == UNPROVEN { "always".to_owned() } else { digest };
        let text = String::from_utf8_lossy(delivery.body).into_owned();
        Ok(Envelope {
            key: DedupKey::new(key),
            external_id: None,
            received_at: now,
            media_type: "text/plain".to_owned(),
            raw: delivery.body.to_vec(),
            content: Content::Text(text),
            attachments: Vec::new(),
        })
    }
}

#[test]
fn an_honest_receiver_passes_and_flaws_are_found() {
    pushed::<Door<PROVEN>>().assert();
    finds(&pushed::<Door<UNPROVEN>>(), "byte 0 changed");
    finds(&pushed::<Door<PANICS>>(), "the receiver panicked");
    finds(&pushed::<Door<SHORT_KEYS>>(), "share a key");
    finds(&pushed::<Door<TELLS_PROOF>>(), "shows secret number 0");
}
