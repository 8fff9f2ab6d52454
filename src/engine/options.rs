//! How the engine works: its own options, gathered by the configuration.

use std::time::Duration;

/// Options of the engine.
#[derive(Clone, Debug)]
pub struct Options {
    /// Runs in flight per worker at most; bounds memory whatever the backlog.
    pub in_flight: usize,
    /// Worker tasks.
    pub workers: usize,
    /// How long a lease holds unless renewed; a dead daemon's runs are taken over after it.
    pub lease: Duration,
    /// How often to look for work when nothing wakes us: the backstop.
    pub poll: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { in_flight: 128, workers: 2, lease: Duration::from_secs(30), poll: Duration::from_secs(1) }
    }
}
