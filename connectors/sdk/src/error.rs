//! The one error type of connectors. Its kind tells the runtime what to do, so that no connector decides about retries itself.

use std::time::Duration;

/// What the runtime must do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Try again later, with backoff: a network fault, a locked file.
    Transient,
    /// Try again after the time the far side named.
    RateLimited,
    /// Credentials are refused: a person must act, retrying does harm.
    Unauthorised,
    /// This item will never pass; the others are not affected.
    Rejected,
    /// The configuration cannot work as it stands: a person must act.
    Misconfigured,
}

/// An error of a connector: what happened and what to do, with a stable code.
#[derive(Debug, thiserror::Error)]
#[error("{message} ({code})")]
pub struct ConnectorError {
    /// What the runtime must do.
    pub kind: ErrorKind,
    /// Stable code with a page in the handbook, such as `OP-2201`.
    pub code: &'static str,
    /// What happened, where, and what to do; never a secret, never a URL with credentials.
    pub message: String,
    /// How long to wait at least, when the far side said so.
    pub retry_after: Option<Duration>,
    /// The cause, for the log.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ConnectorError {
    /// An error without a cause.
    #[must_use]
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), retry_after: None, source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }
}
