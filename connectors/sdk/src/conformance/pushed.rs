//! The promises of a pushed source: a repeat is recognised, a forgery is refused, a refusal explains itself and betrays nothing.
//! Own file because a receiver has no batches and no restarts. INVARIANT: no delivery, however broken, makes a receiver panic.

use super::world::carries;
use super::{Verdict, judge};
use crate::{Delivery, Envelope, Receiver, Refusal};
use jiff::Timestamp;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A delivery that owns its parts, so that a check can break them one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Header names in lowercase, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Public base URL of the daemon.
    pub base_url: String,
    /// Whether the peer is on the loopback interface.
    pub from_loopback: bool,
    /// Body.
    pub body: Vec<u8>,
}

impl Sent {
    fn delivery(&self) -> Delivery<'_> {
        Delivery {
            headers: &self.headers,
            method: &self.method,
            target: &self.target,
            base_url: &self.base_url,
            from_loopback: self.from_loopback,
            body: &self.body,
        }
    }
}

/// The outside world of one receiver: somebody who knows how to send to it.
pub trait PushHarness: Sized {
    /// A fresh sender and its receiver's settings.
    fn new() -> Self;

    /// Builds the receiver; called again for a restart.
    fn build(&mut self) -> Arc<dyn Receiver>;

    /// A good delivery whose text holds `mark`, proven as the source wants it, sent at [`Self::now`].
    fn good(&mut self, mark: &str) -> Sent;

    /// The time at which deliveries arrive.
    fn now(&self) -> Timestamp;

    /// Whether the proof covers the body, so that a changed body must be refused or be another request.
    fn covers_body(&self) -> bool {
        true
    }

    /// Secrets the receiver was given.
    fn canaries(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the connector's own types print with `{:?}`.
    fn debug(&self) -> String {
        String::new()
    }
}

/// Runs every check of a pushed source.
pub fn pushed<H: PushHarness>() -> Verdict {
    let mut verdict = Verdict::default();
    let mut run = |name: &str, check: fn(&mut Door<H>) -> Result<(), String>| {
        verdict.note(name, check(&mut Door::new()));
    };
    run("a good delivery is taken", taken);
    run("the same delivery has the same key", same_key);
    run("different deliveries have different keys", different_keys);
    run("a changed byte is refused or another request", changed_byte);
    run("a missing header is survived", without_headers);
    run("a doubled or changed header is survived", bent_headers);
    run("nothing, garbage and too much are refused", hopeless);
    run("reading is refused", reading);
    run("no secret in debug output", |door| {
        judge::secrets("debug output", &door.harness.debug(), &door.harness.canaries())
    });
    verdict
}

struct Door<H> {
    harness: H,
    receiver: Arc<dyn Receiver>,
}

impl<H: PushHarness> Door<H> {
    fn new() -> Self {
        let mut harness = H::new();
        let receiver = harness.build();
        Self { harness, receiver }
    }

    /// Hands a delivery over; a panic, a bad refusal or a leaked secret is a fault.
    fn receive(&self, sent: &Sent) -> Result<Result<Envelope, Refusal>, String> {
        let canaries = self.harness.canaries();
        let now = self.harness.now();
        let answer = catch_unwind(AssertUnwindSafe(|| self.receiver.receive(&sent.delivery(), now)))
            .map_err(|_| "the receiver panicked".to_owned())?;
        match &answer {
            Ok(envelope) => judge::secrets("an envelope", &format!("{envelope:?}"), &canaries)?,
            Err(refusal) => judge::refusal(refusal, &canaries)?,
        }
        Ok(answer)
    }

    fn accepted(&self, sent: &Sent) -> Result<Envelope, String> {
        self.receive(sent)?.map_err(|refusal| format!("a good delivery was refused: {refusal}"))
    }

    fn refused(&self, sent: &Sent, what: &str) -> Result<(), String> {
        match self.receive(sent)? {
            Ok(_) => Err(format!("{what} was taken")),
            Err(_) => Ok(()),
        }
    }
}

fn taken<H: PushHarness>(door: &mut Door<H>) -> Result<(), String> {
    let sent = door.harness.good("mark-taken");
    let envelope = door.accepted(&sent)?;
    if !carries(&envelope, "mark-taken") {
        return Err("the envelope does not hold what was sent".to_owned());
    }
    if envelope.raw != sent.body {
        return Err("the raw bytes are not the body".to_owned());
    }
    if door.receiver.limits().body_bytes < sent.body.len() {
        return Err("the limit is below an ordinary body".to_owned());
    }
    Ok(())
}

fn same_key<H: PushHarness>(door: &mut Door<H>) -> Result<(), String> {
    let sent = door.harness.good("mark-same");
    let first = door.accepted(&sent)?;
    let second = door.accepted(&sent)?;
    door.receiver = door.harness.build();
    let third = door.accepted(&sent)?;
    if first.key == second.key && first.key == third.key {
        Ok(())
    } else {
        Err(format!("keys `{}`, `{}`, `{}`", first.key.as_str(), second.key.as_str(), third.key.as_str()))
    }
}

fn different_keys<H: PushHarness>(door: &mut Door<H>) -> Result<(), String> {
    let mut keys = std::collections::BTreeSet::new();
    for index in 0..20 {
        let sent = door.harness.good(&format!("mark-different-{index}"));
        if !keys.insert(door.accepted(&sent)?.key) {
            return Err("two different deliveries share a key".to_owned());
        }
    }
    Ok(())
}

fn changed_byte<H: PushHarness>(door: &mut Door<H>) -> Result<(), String> {
    let sent = door.harness.good("mark-changed");
    let key = door.accepted(&sent)?.key;
    let step = (sent.body.len() / 400).max(1);
    for position in (0..sent.body.len()).step_by(step) {
        for bit in [0x01, 0x20, 0x80] {
            let mut bent = sent.clone();
            if let Some(byte) = bent.body.get_mut(position) {
                *byte ^= bit;
            }
            if let Ok(envelope) = door.receive(&bent)?
                && door.harness.covers_body()
                && envelope.key == key
            {
                return Err(format!("byte {position} changed, yet it passes for the same delivery"));
            }
        }
    }
    Ok(())
}

fn without_headers<H: PushHarness>(door: &mut Door<H>) -> Result<(), String> {
    let sent = door.harness.good("mark-without");
    for index in 0..sent.headers.len() {
        let mut bent = sent.clone();
        bent.headers.remove(index);
        let _ = door.receive(&bent)?;
    }
    let _ = door.receive(&Sent { headers: Vec::new(), ..sent })?;
    Ok(())
}

fn bent_headers<H: PushHarness>(door: &mut Door<H>) -> Result<(), String> {
    let sent = door.harness.good("mark-bent");
    for index in 0..sent.headers.len() {
        let mut twice = sent.clone();
        let mut other = sent.clone();
        let Some((name, value)) = sent.headers.get(index).cloned() else { continue };
        twice.headers.push((name, value));
        let _ = door.receive(&twice)?;
        for value in [Vec::new(), b"x".to_vec(), vec![0xff, 0x00, b'\n'], vec![b'9'; 70_000]] {
            if let Some(header) = other.headers.get_mut(index) {
                header.1 = value;
            }
            let _ = door.receive(&other)?;
        }
    }
    Ok(())
}

fn hopeless<H: PushHarness>(door: &mut Door<H>) -> Result<(), String> {
    let sent = door.harness.good("mark-hopeless");
    let with = |body: Vec<u8>| Sent { body, ..sent.clone() };
    door.refused(&with(Vec::new()), "an empty body")?;
    let _ = door.receive(&with(vec![b'['; 100_000]))?;
    let _ = door.receive(&with(vec![0xff; 1000]))?;
    let _ = door.receive(&with(vec![0; 1000]))?;
    let size = door.receiver.limits().body_bytes.min(64 << 20) + 1;
    door.refused(&with(vec![b'a'; size]), "a body beyond the limit")
}

fn reading<H: PushHarness>(door: &mut Door<H>) -> Result<(), String> {
    let sent = door.harness.good("mark-reading");
    for method in ["GET", "HEAD"] {
        let empty = Sent { method: method.to_owned(), body: Vec::new(), ..sent.clone() };
        door.refused(&empty, &format!("{method} without a body"))?;
        let _ = door.receive(&Sent { method: method.to_owned(), ..sent.clone() })?;
    }
    Ok(())
}
