//! Time and chance: the only file that reads the machine's clock or its random source. Everything else is handed these two,
//! so that a test can turn them.

use jiff::Timestamp;
pub use opspilot_sdk::Clock;
use ring::rand::{SecureRandom, SystemRandom};

/// The machine's clock, UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where everybody's clock comes from")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's random source.
#[derive(Clone, Debug)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no identifier and no secret is safe: stopping is the only honest answer.
        assert!(self.0.fill(bytes).is_ok(), "the operating system gives no random bytes");
    }
}
