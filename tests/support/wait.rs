//! Waiting for a condition, in the one place where tests wait. Own file so that no test sleeps by itself. INVARIANT: a wait has an end,
//! and says what it waited for when it comes to it.

use std::time::{Duration, Instant};

/// Longest wait for anything that a healthy daemon does at once; long because a build server may be doing other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none in time.
pub(crate) fn until<T>(what: &str, check: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, check)
}

/// As [`until`], with a limit that is a promise of the product.
pub(crate) fn until_within<T>(limit: Duration, what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(begun.elapsed() < limit, "waited {limit:?} in vain: {what}");
        pause(Duration::from_millis(5));
    }
}

/// Lets time pass that is itself the matter of a test, such as the moment at which a process is killed.
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
