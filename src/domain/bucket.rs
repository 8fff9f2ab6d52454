//! Rates: the generic cell rate algorithm (GCRA, ITU-T I.371), a token bucket whose whole state is one time. Own file because the arithmetic
//! must be right to the microsecond and stands alone. INVARIANT: over any window by the clock handed in, no more is let through than the
//! size of the bucket and what flows into it in that window; whatever is rounded, is rounded against the caller.

/// A minute: the time in which an empty bucket fills, in microseconds.
pub const WINDOW: i64 = 60_000_000;

/// What a bucket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// There was enough; this is its state now.
    Yes(i64),
    /// There will be enough at that time, in microseconds.
    Later(i64),
    /// It is smaller than what is wanted.
    Never,
}

/// Takes `amount` from a bucket of `size`, if it is there. `state` is the time at which the bucket will be full again.
#[must_use]
pub fn take(state: Option<i64>, now: i64, size: u64, amount: u64) -> Taken {
    let Some(needs) = time_of(amount, size).filter(|needs| *needs <= WINDOW) else { return Taken::Never };
    let full_at = level(state, now).saturating_add(needs);
    if full_at.saturating_sub(now) <= WINDOW { Taken::Yes(full_at) } else { Taken::Later(full_at - WINDOW) }
}

/// Gives back what was taken at `taken` beyond what was used. Never more than is surely still there: of what has flowed in since, all may
/// have filled that very place.
#[must_use]
pub fn give_back(state: i64, now: i64, taken: i64, size: u64, surplus: u64) -> i64 {
    // A clock that was turned back tells nothing about what has flowed in.
    if now < taken || size == 0 {
        return state;
    }
    let worth = i128::from(surplus) * i128::from(WINDOW) / i128::from(size);
    let sure = i64::try_from(worth).unwrap_or(i64::MAX).saturating_sub(now - taken).max(0);
    // No more than the bucket holds: below `now` a state means nothing.
    state.saturating_sub(sure)
}

/// The state as it counts now. A clock that was turned back leaves an empty bucket, not one that stays empty for hours.
fn level(state: Option<i64>, now: i64) -> i64 {
    state.unwrap_or(now).clamp(now, now.saturating_add(WINDOW))
}

/// How long `amount` takes to flow in, rounded up.
fn time_of(amount: u64, size: u64) -> Option<i64> {
    let whole = i128::from(amount).checked_mul(i128::from(WINDOW))?;
    let size = i128::from(size);
    if size == 0 {
        return None;
    }
    i64::try_from((whole + size - 1) / size).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_full_bucket_gives_its_size_at_once_and_then_as_much_as_flows_in() {
        let mut state = None;
        for _ in 0..60 {
            let Taken::Yes(now) = take(state, 0, 60, 1) else { panic!("it is full") };
            state = Some(now);
        }
        assert_eq!(take(state, 0, 60, 1), Taken::Later(1_000_000));
        assert!(matches!(take(state, 1_000_000, 60, 1), Taken::Yes(_)));
        assert_eq!(take(state, 0, 60, 61), Taken::Never);
        assert_eq!(take(None, 0, 0, 1), Taken::Never);
        assert_eq!(take(None, 0, u64::MAX, u64::MAX), Taken::Yes(WINDOW));
    }

    #[test]
    fn a_clock_that_is_turned_back_leaves_it_empty_for_a_minute_at_most() {
        let Taken::Yes(state) = take(None, 3_600_000_000, 10, 1) else { panic!("it is full") };
        assert_eq!(take(Some(state), 0, 10, 1), Taken::Later(6_000_000));
        assert!(
            matches!(take(Some(state), 6_000_000, 10, 1), Taken::Yes(_))
                || take(Some(state), 66_000_000, 10, 10) != Taken::Never
        );
    }

    proptest! {
        /// Takes and gives back at random; then no window holds more than the bucket and what flows into it.
        #[test]
        fn no_window_holds_more_than_the_bucket(
            size in 1u64..200,
            deeds in prop::collection::vec((0i64..20_000_000, 1u64..60, 0u64..60, 0i64..30_000_000), 1..60),
        ) {
            let (mut now, mut state): (i64, Option<i64>) = (0, None);
            // What was let through: when, and how much was used in the end.
            let mut passed: Vec<(i64, u64)> = Vec::new();
            // What is given back: when, taken when, how much.
            let mut open: Vec<(i64, i64, u64)> = Vec::new();
            for (wait, amount, unused, after) in deeds {
                let until = now + wait;
                open.sort_unstable();
                while let Some(&(at, taken, surplus)) = open.first().filter(|(at, ..)| *at <= until) {
                    state = state.map(|state| give_back(state, at, taken, size, surplus));
                    open.remove(0);
                }
                now = until;
                if let Taken::Yes(full) = take(state, now, size, amount) {
                    state = Some(full);
                    let unused = unused.min(amount);
                    passed.push((now, amount - unused));
                    open.push((now + after, now, unused));
                }
            }
            for (first, (from, _)) in passed.iter().enumerate() {
                let mut sum = 0;
                for (to, used) in &passed[first..] {
                    sum += used;
                    let flowed = i128::from(size) * i128::from(to - from) / i128::from(WINDOW);
                    prop_assert!(i128::from(sum) <= i128::from(size) + flowed + 1, "{sum} in {} us", to - from);
                }
            }
        }
    }
}
