//! The id of a request: what the client calls it, when that is a fit name, else one of ours. Own file because it is the one thing of a
//! request that goes into logs and answers unread. INVARIANT: at most 64 characters, each of them harmless in a log line.

use super::answer::REQUEST_ID;
use axum::http::{HeaderMap, HeaderValue};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest name taken over from a client.
const MAX_BYTES: usize = 64;

/// Makes names for requests: the moment this daemon began, and a count. Nothing secret hangs on them.
#[derive(Debug)]
pub(super) struct Tags {
    start: String,
    count: AtomicU64,
}

impl Tags {
    pub(super) fn new(now: jiff::Timestamp) -> Self {
        Self { start: format!("{:x}", now.as_microsecond()), count: AtomicU64::new(0) }
    }

    /// The name of a request.
    pub(super) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let fit = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
            !bytes.is_empty() && bytes.len() <= MAX_BYTES && bytes.iter().all(harmless)
        };
        if let Some(given) = headers.get(&REQUEST_ID).filter(fit) {
            return given.clone();
        }
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut tag = String::with_capacity(self.start.len() + 12);
        tag.push_str(&self.start);
        // Writing to a string does not fail.
        let _ = write!(tag, "-{count:x}");
        HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("none"))
    }
}
