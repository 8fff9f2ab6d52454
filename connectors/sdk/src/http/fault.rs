//! Why a request brought no whole answer. Own file because of the one question that matters to whoever asked: may it have arrived?
//! INVARIANT: no text of a fault holds a URL, a header or a body; hosts are named by the configuration alone.

use super::address::Forbidden;
use std::error::Error;
use std::io;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The name leads to an address that is not allowed. Nothing was sent.
    Forbidden,
    /// No connection came about. Nothing was sent.
    Unreachable,
    /// Its certificate is not trusted, or it does not speak TLS. Nothing was sent.
    Untrusted,
    /// It said nothing for too long. The request may have arrived.
    Silent,
    /// The whole took too long. The request may have arrived.
    Slow,
    /// The connection broke. The request may have arrived.
    Broken,
    /// The answer is larger than is read. The request has arrived.
    Oversized,
}

/// No whole answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{host}` {why}")]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// Whom it was with: host, and port where one is configured.
    pub host: String,
    /// What happened, in words that go on after the host's name.
    pub why: String,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, host: &str, why: impl Into<String>) -> Self {
        Self { kind, host: host.to_owned(), why: why.into() }
    }

    /// Whether the request may have arrived: what it asks for may then have been done.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        !matches!(self.kind, FaultKind::Forbidden | FaultKind::Unreachable | FaultKind::Untrusted)
    }

    /// What an error of the client means.
    pub(crate) fn judge(host: &str, cause: &reqwest::Error) -> Self {
        let mut innermost: &(dyn Error + 'static) = cause;
        let mut tls = None;
        let mut next = cause.source();
        while let Some(inner) = next {
            if inner.is::<Forbidden>() {
                return Self::new(FaultKind::Forbidden, host, format!("cannot be called: {inner}"));
            }
            tls = tls.or_else(|| of_tls(inner));
            innermost = inner;
            next = inner.source();
        }
        if let Some(tls) = tls.filter(|_| cause.is_connect()) {
            return match tls {
                rustls::Error::InvalidCertificate(_) => {
                    Self::new(FaultKind::Untrusted, host, format!("shows a certificate that is not trusted: {tls}"))
                }
                rustls::Error::InvalidMessage(_) => Self::new(FaultKind::Untrusted, host, "does not speak TLS"),
                _ => Self::new(FaultKind::Unreachable, host, format!("broke off the TLS handshake: {tls}")),
            };
        }
        if cause.is_connect() || cause.is_builder() {
            let why = if cause.is_timeout() {
                "cannot be reached: it did not take a connection in time".to_owned()
            } else {
                format!("cannot be reached: {innermost}")
            };
            return Self::new(FaultKind::Unreachable, host, why);
        }
        // The client's own words name the URL; those of the layers below do not.
        let why = if cause.source().is_some() { innermost.to_string() } else { "no reason is known".to_owned() };
        Self::new(FaultKind::Broken, host, format!("broke off: {why}"))
    }
}

/// An error of TLS, which stands within errors of input and output that hide it.
fn of_tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut within: &(dyn Error + 'static) = error;
    while let Some(inner) = within.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        within = inner;
    }
    within.downcast_ref()
}
