//! Pushed sources: something outside calls us. The daemon's HTTP door hands over the raw delivery; the receiver verifies it and reads
//! an envelope out of it, or refuses with a reason. Own file because it is the only place where a source sees headers.

use crate::Envelope;
use jiff::Timestamp;
use std::time::Duration;

/// A delivery as it came through the door, before anybody believed a byte of it.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Header names (lowercase) and values, in order.
    pub headers: &'a [(String, Vec<u8>)],
    /// Method, path and query as signed by some vendors, such as `POST` and `/hooks/site?x=1`.
    pub method: &'a str,
    /// Path and query of the request line.
    pub target: &'a str,
    /// The public base URL of this daemon, as configured, for vendors that sign the whole URL; no trailing slash.
    pub base_url: &'a str,
    /// Whether the peer is on the loopback interface.
    pub from_loopback: bool,
    /// The whole body.
    pub body: &'a [u8],
}

impl<'a> Delivery<'a> {
    /// The value of a header when it stands exactly once and is visible ASCII; `name` in lowercase.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut found = self.headers.iter().filter(|(candidate, _)| candidate == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => std::str::from_utf8(value).ok(),
            _ => None,
        }
    }
}

/// What the door must enforce before the receiver is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest body, in bytes.
    pub body_bytes: usize,
    /// Longest time for the whole body to arrive.
    pub body_time: Duration,
}

/// Why a delivery is refused; the door maps it to its own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The body cannot be read as what it says it is.
    Malformed,
    /// No or wrong proof of origin, or a stale one.
    Unauthorised,
    /// A body or part is too large.
    TooLarge,
    /// A media type this source does not take.
    UnsupportedMedia,
}

/// A refusal: what is wrong, where, and what to do, with a stable code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Refusal {
    /// Kind of refusal.
    pub kind: RefusalKind,
    /// Stable code with a page in the handbook.
    pub code: &'static str,
    /// For the sender: says nothing about secrets.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub fn new(kind: RefusalKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into() }
    }
}

/// A pushed source. Pure apart from its secrets: no I/O, no clock of its own.
pub trait Receiver: Send + Sync {
    /// What the door enforces.
    fn limits(&self) -> Limits;

    /// Verifies a delivery and reads its envelope. `now` is the time of arrival.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing of the delivery is kept then.
    fn receive(&self, delivery: &Delivery<'_>, now: Timestamp) -> Result<Envelope, Refusal>;
}
