//! Named points at which a test makes the daemon die as if by `kill -9`. Compiled in only with the `failpoints` feature; without
//! it every point is nothing. The environment variable `OPSPILOT_FAILPOINT` holds `name=n`: die at the n-th passing.

/// Passes the named point, or dies there when a test says so.
#[cfg(feature = "failpoints")]
#[expect(clippy::disallowed_methods, reason = "dying at once is what a test asks for here")]
pub(crate) fn pass(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static ARMED: LazyLock<Option<(String, AtomicU64)>> = LazyLock::new(|| {
        let value = std::env::var("OPSPILOT_FAILPOINT").ok()?;
        let (name, passes) = value.split_once('=')?;
        Some((name.to_owned(), AtomicU64::new(passes.parse().ok()?)))
    });
    if let Some((armed, left)) = &*ARMED
        && armed == name
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        std::process::abort();
    }
}

/// Passes the named point: nothing in a release.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn pass(_name: &str) {}
