//! The contract between OpsPilot and its connectors: what a source yields, how it is told what became of it, and how errors say
//! what the runtime must do. It knows no database, no HTTP server and no room of the daemon; a connector depends on this crate alone.
//!
//! A connector is one crate: a [`Spec`] that validates its options without touching the world, then builds either a pulled
//! [`Source`], a pushed [`Receiver`], a [`Model`] or a [`Sink`]. It never schedules, retries, spawns or stores: it returns envelopes and errors.

#[cfg(feature = "http")]
pub mod asking;
#[cfg(feature = "conformance")]
pub mod conformance;
mod envelope;
mod error;
mod ground;
mod hidden;
#[cfg(feature = "http")]
pub mod http;
pub mod json;
mod letter;
mod model;
pub mod place;
pub mod plain;
mod problem;
mod receiver;
mod registry;
mod secret;
mod sink;
mod source;
mod spec;
#[cfg(feature = "http")]
pub mod writing;

pub use envelope::{Attachment, Content, DedupKey, Envelope, Fields, hex, sha256_hex};
pub use error::{ConnectorError, ErrorKind};
pub use ground::{Ground, Grounds};
pub use hidden::Hidden;
pub use letter::{AutoSubmitted, Carrier, Handover, Letter, Mailbox, ReturnPath};
pub use model::{Answer, Charge, Finish, Model, Question, Speaker, Turn, Unanswered, Usage};
pub use problem::{Problem, Problems};
pub use receiver::{Delivery, Limits, Receiver, Refusal, RefusalKind};
pub use registry::{Prepared, Registry};
pub use secret::{Secret, SecretPlace};
pub use sink::{
    Action, ActionKind, Call, Carries, Caution, Delivered, Fate, Look, Manner, Planned, Repeat, Sink, Undelivered,
    Write, is_kept, shows,
};
pub use source::{Batch, BatchId, Cursor, Held, Inventory, Progress, Refused, Settled, Source};
pub use spec::{BuildContext, Built, Clock, Lane, Spec};

/// The crate page's example, compiled and run under the suite with the other documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// A boxed future, so that the traits stay object-safe.
pub type BoxFuture<'a, T> = futures_util::future::BoxFuture<'a, T>;
