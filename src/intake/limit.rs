//! Rate limits at the door: a token bucket (GCRA) per source. In memory, because it protects this daemon; what must hold across
//! restarts and daemons stands in the store.

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// How much one source may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitOptions {
    /// Deliveries per second, sustained.
    pub per_sec: NonZeroU32,
    /// Deliveries at once after a pause.
    pub burst: NonZeroU32,
}

/// The buckets of all limited sources. Cheap to clone.
#[derive(Clone, Default)]
pub struct Limit(Arc<BTreeMap<String, DefaultDirectRateLimiter>>);

impl Limit {
    /// From the limits by source; a source that is not named has none.
    #[must_use]
    pub fn new(limits: impl IntoIterator<Item = (String, LimitOptions)>) -> Self {
        let bucket = |(source, options): (String, LimitOptions)| {
            (source, RateLimiter::direct(Quota::per_second(options.per_sec).allow_burst(options.burst)))
        };
        Self(Arc::new(limits.into_iter().map(bucket).collect()))
    }

    /// Takes one place.
    ///
    /// # Errors
    /// How long to wait for the next.
    pub fn take(&self, source: &str) -> Result<(), Duration> {
        let Some(bucket) = self.0.get(source) else { return Ok(()) };
        bucket.check().map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }
}
