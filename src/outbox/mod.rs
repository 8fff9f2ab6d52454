//! Letters to people: written from what the log of receipts tells, queued with how far it was read, sent one by one. Calls nobody but the
//! mail server. INVARIANT: what is sent was queued, and what is queued is queued once; a letter of which nobody knows whether it went is
//! never sent again by itself; only people whom the configuration names for the pilot are written to, and of these only its reviewers get
//! letters that can decide.
//!
//! ```text
//! receipts ──► tend (who is to be told?) ──► write ──► letter rows ──► send: intent │ hand over │ outcome
//! answers  ──────────────────────────────► answer ──►                      one commit    network   one commit
//! ```

mod alarm;
mod answer;
mod calendar;
mod digest;
mod hand;
mod options;
mod send;
mod stop;
mod tend;
#[cfg(test)]
mod tests;
mod whom;
mod write;

pub use answer::About;
pub use digest::DIGEST;
pub use hand::{LetterError, Letters, resource_of};
pub use options::{Options, SecretIn};
pub use send::Health;
pub use whom::{Away, Others};

use crate::clock::Clock;
use crate::domain::id::{LetterId, NodeId};
use crate::domain::pilot::Pilots;
use crate::plan::Planner;
use crate::reply::{Bound, Key, Token};
use crate::screen::Boundary;
use crate::store::{LetterRow, Store, StoreError};
use opspilot_sdk::{Carrier, Mailbox};
use ring::hmac;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the outbox stands on.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// The pilots' rules.
    pub pilots: Pilots,
    /// Who hears of a pilot's briefs besides, by its name.
    pub others: BTreeMap<String, Others>,
    /// The pilots' data boundaries: a letter shows what a generator may see.
    pub boundaries: Arc<BTreeMap<String, Boundary>>,
    /// What an approval would write.
    pub planner: Planner,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who carries letters.
    pub carrier: Arc<dyn Carrier>,
    /// Who they come from.
    pub from: Mailbox,
    /// What the operator decides.
    pub options: Options,
    /// The key of the secrets in reply addresses.
    pub key: Key,
    /// Names this house in every letter of ours.
    pub mark: String,
}

struct Inner {
    parts: Parts,
    health: Mutex<Health>,
}

/// The room. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

/// How often to look whether there is something to tell or to send.
const POLL: Duration = Duration::from_secs(1);

/// The key of the secrets in reply addresses, made from the text of the key that signs receipts. One secret to keep and to restore, and the
/// way back is closed: HMAC-SHA-256 under a key of 256 random bits tells nothing about that key, and its output is used for nothing else.
#[must_use]
pub fn reply_key(signing_key: &str) -> Key {
    let from = hmac::Key::new(hmac::HMAC_SHA256, signing_key.trim().as_bytes());
    let tag = hmac::sign(&from, b"opspilot reply key 1");
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    Key::new(&bytes)
}

impl Outbox {
    /// Nothing is running yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner { parts, health: Mutex::default() }))
    }

    fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// What the operator decides.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.parts().options
    }

    /// The key of the secrets.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.parts().key
    }

    /// Tells and sends until `stop`.
    pub async fn run(self, node: NodeId, stop: CancellationToken) {
        let mut reader = tend::Reader::default();
        let mut looked_after = self.parts().clock.now();
        match self.parts().store.rescue_letters(true).await {
            Ok(0) => {}
            Ok(letters) => {
                tracing::warn!(letters, "letters were being sent when a daemon died; nobody knows whether they went")
            }
            Err(cause) => tracing::warn!(error = %cause, "letters could not be looked after"),
        }
        loop {
            if let Err(cause) = self.tend(&mut reader, &node).await {
                tracing::warn!(error = %cause, "whom to tell could not be seen; it is tried again");
            }
            // A letter in hand is finished before a stop: what is cut off is uncertain for ever.
            if let Err(cause) = self.send_due(&node, &stop, &mut looked_after).await {
                tracing::warn!(error = %cause, "letters could not be sent; it is tried again");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(POLL) => {}
            }
        }
        self.parts().carrier.close().await;
    }

    fn new_id(&self) -> LetterId {
        LetterId::new(self.parts().clock.now(), self.parts().store.chance())
    }

    /// The secret that an answer to a letter carries, or that leaves the digests; `None` when it cannot be answered. Made anew each time, and so kept nowhere.
    fn token(&self, letter: &LetterRow) -> Option<Token> {
        let bound = match &letter.brief {
            Some(brief) if !letter.digest.is_empty() => {
                Bound { brief: brief.as_str(), revision: &letter.digest, reviewer: &letter.person, plan: &letter.plan }
            }
            None if letter.kind == DIGEST => self.bound_of_digest(letter),
            _ => return None,
        };
        Some(self.parts().key.mint(&bound, letter.expires_at))
    }

    /// A person by name, when they can be written to.
    async fn reachable(&self, name: &str) -> Result<Option<Addressee>, StoreError> {
        let person = match self.parts().store.person(name).await {
            Ok(person) => person,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(cause) => return Err(cause),
        };
        let Some(address) = person.email().filter(|_| !person.disabled).map(str::to_owned) else { return Ok(None) };
        Ok(Some(Addressee { id: person.id.to_string(), name: person.name, address, digest: person.digest }))
    }
}

/// Somebody who gets a letter.
struct Addressee {
    id: String,
    name: String,
    address: String,
    /// Whether they want digests.
    digest: bool,
}
