//! How often somebody may try to get in: per account in the store, so that a restart forgives nothing and several daemons count together; per
//! address in memory, before anything is looked up. INVARIANT: a try counts before it is judged, and an account that there is not counts as one
//! that there is.

use super::{Access, AccessError};
use crate::store::{Attempt, ForgetAttempts};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use jiff::SignedDuration;
use opspilot_sdk::sha256_hex;
use std::net::IpAddr;
use std::num::NonZeroU32;

/// Tries on one account: so many at once, then one each so often.
const ACCOUNT_BURST: u32 = 5;
const ACCOUNT_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Tries from one address in a minute.
const ADDRESS_A_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// How many addresses are remembered before those that are quiet are forgotten.
const MOST_ADDRESSES: usize = 50_000;

/// Tries per address.
pub(super) struct Addresses(DefaultKeyedRateLimiter<String>);

impl Default for Addresses {
    fn default() -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_minute(ADDRESS_A_MINUTE)))
    }
}

impl Addresses {
    fn check(&self, address: &str) -> Result<(), AccessError> {
        if self.0.len() > MOST_ADDRESSES {
            self.0.retain_recent();
        }
        self.0.check_key(&neighbourhood(address)).map_err(|until| {
            let secs = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
            AccessError::TooOften { retry_secs: secs }
        })
    }
}

/// Who shares a count: of IPv6, whoever has the same first 64 bits, which one household or server holds.
fn neighbourhood(address: &str) -> String {
    match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => {
            let [one, two, three, four, ..] = ip.segments();
            format!("{one:x}:{two:x}:{three:x}:{four:x}::/64")
        }
        Ok(ip) => ip.to_string(),
        Err(_) => String::new(),
    }
}

/// The bucket of an account, by the name as it was typed.
fn bucket(name: &str) -> String {
    sha256_hex(format!("account:{}", name.to_lowercase()).as_bytes())
}

impl Access {
    /// Counts a try from an address.
    ///
    /// # Errors
    /// [`AccessError::TooOften`].
    pub(super) fn try_from_address(&self, address: &str) -> Result<(), AccessError> {
        self.addresses.check(address)
    }

    /// Counts a try on an account.
    pub(super) async fn try_account(&self, name: &str) -> Result<(), AccessError> {
        let at = self.clock.now();
        let attempt = Attempt { who: bucket(name), burst: ACCOUNT_BURST, every: ACCOUNT_EVERY, at };
        match self.store.attempt(attempt).await? {
            None => Ok(()),
            Some(again) => {
                let secs = u64::try_from(again.duration_since(at).as_secs()).unwrap_or(0) + 1;
                Err(AccessError::TooOften { retry_secs: secs })
            }
        }
    }

    /// It was the right person: their tries are forgotten.
    pub(super) async fn forget_tries(&self, name: &str) -> Result<(), AccessError> {
        Ok(self.store.forget_attempts(ForgetAttempts { who: bucket(name) }).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::neighbourhood;

    #[test]
    fn neighbours_share_a_count() {
        assert_eq!(neighbourhood("2001:db8:1:2::1"), neighbourhood("2001:db8:1:2:ffff::9"));
        assert_ne!(neighbourhood("2001:db8:1:2::1"), neighbourhood("2001:db8:1:3::1"));
        assert_eq!(neighbourhood("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(neighbourhood("192.0.2.1"), neighbourhood("192.0.2.2"));
    }
}
