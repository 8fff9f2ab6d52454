//! Whether a far side is worth asking: a circuit breaker, and the pause that it asked for itself. Own file because it is a machine of its
//! own, and its state is shared by all daemons. INVARIANT: while it is open nobody asks; of those who come after its time, one does.

/// Failures in a row that open it.
pub const FAILURES: i64 = 5;
/// How long it stays open the first time, in microseconds; doubled each further time in a row.
const FIRST: i64 = 30_000_000;
/// How long at most, and how long a far side may keep everybody waiting at most.
pub const LONGEST: i64 = 600_000_000;
/// How long the one who tries may take before another does.
const PROBE: i64 = 120_000_000;
/// The pause after being told to slow down without being told for how long.
const PAUSE: i64 = 2_000_000;

/// How a far side showed itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered.
    Well,
    /// It says that there are too many calls; so long in microseconds, when it says that too.
    RateLimited(Option<i64>),
    /// It failed.
    Failed,
}

/// The state. All times in microseconds; the plain one is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: i64,
    /// How often in a row it was opened; 0: it is closed.
    pub opened: i64,
    /// Until when nobody asks.
    pub until: i64,
    /// Somebody tries whether it is well again.
    pub probing: bool,
    /// Until when the far side wants to be left alone.
    pub cool_until: i64,
}

/// Whether one may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Yes; and whether it is the one who tries.
    Pass {
        /// Nobody else asks until this one has an answer.
        probe: bool,
    },
    /// Not before that time: it is open.
    Open(i64),
    /// Not before that time: the far side wants a pause.
    Cooling(i64),
}

impl Breaker {
    /// `closed`, `open` or `half_open`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match (self.opened, self.probing) {
            (0, _) => "closed",
            (_, false) => "open",
            (_, true) => "half_open",
        }
    }

    /// Whether one may ask now. Times further off than the longest are those of a clock that was turned back.
    #[must_use]
    pub fn gate(&self, now: i64) -> Gate {
        let near = |time: i64| time > now && time <= now.saturating_add(LONGEST);
        if self.opened > 0 && near(self.until) {
            return Gate::Open(self.until);
        }
        if near(self.cool_until) {
            return Gate::Cooling(self.cool_until);
        }
        Gate::Pass { probe: self.opened > 0 }
    }

    /// Somebody asks, as the gate allowed.
    pub fn asked(&mut self, probe: bool, now: i64) {
        if probe {
            (self.probing, self.until) = (true, now.saturating_add(PROBE));
        }
    }

    /// What came of it. `probe`: of the one who tried.
    pub fn heard(&mut self, health: Health, probe: bool, now: i64) {
        match health {
            Health::Well => (self.failures, self.opened, self.probing) = (0, 0, false),
            Health::RateLimited(pause) => {
                let pause = pause.unwrap_or(PAUSE).clamp(0, LONGEST);
                let cool = now.saturating_add(pause);
                self.cool_until =
                    if self.cool_until > now.saturating_add(LONGEST) { cool } else { cool.max(self.cool_until) };
                // It lives, or it would not say so.
                if probe {
                    (self.failures, self.opened, self.probing) = (0, 0, false);
                }
            }
            Health::Failed => {
                self.failures = self.failures.saturating_add(1);
                let first = self.opened == 0 && self.failures >= FAILURES;
                if first || (self.opened > 0 && probe) {
                    let longer = u32::try_from(self.opened.clamp(0, 10)).unwrap_or(0);
                    self.until = now.saturating_add((FIRST << longer).min(LONGEST));
                    (self.opened, self.probing) = (self.opened.saturating_add(1), false);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn it_opens_after_five_failures_and_lets_one_try_for_ever_longer_waits() {
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            breaker.heard(Health::Failed, false, 0);
        }
        assert_eq!(breaker.gate(0), Gate::Pass { probe: false });
        breaker.heard(Health::Failed, false, 0);
        assert_eq!((breaker.as_str(), breaker.gate(0)), ("open", Gate::Open(30 * SECOND)));
        // Those who were on their way when it opened change nothing.
        breaker.heard(Health::Failed, false, SECOND);
        assert_eq!(breaker.gate(SECOND), Gate::Open(30 * SECOND));
        let mut now = 30 * SECOND;
        for wait in [60, 120, 240, 480, 600, 600] {
            assert_eq!(breaker.gate(now), Gate::Pass { probe: true });
            breaker.asked(true, now);
            assert!(matches!(breaker.gate(now), Gate::Open(_)), "one tries, the others wait");
            breaker.heard(Health::Failed, true, now);
            assert_eq!(breaker.gate(now), Gate::Open(now + wait * SECOND));
            now += wait * SECOND;
        }
        breaker.asked(true, now);
        breaker.heard(Health::Well, true, now);
        assert_eq!((breaker.as_str(), breaker.gate(now)), ("closed", Gate::Pass { probe: false }));
    }

    #[test]
    fn one_who_tries_and_is_never_heard_of_again_is_followed_by_another() {
        let mut breaker = Breaker { opened: 1, ..Breaker::default() };
        breaker.asked(true, 0);
        assert_eq!(breaker.as_str(), "half_open");
        assert!(matches!(breaker.gate(119 * SECOND), Gate::Open(_)));
        assert_eq!(breaker.gate(120 * SECOND), Gate::Pass { probe: true });
    }

    #[test]
    fn a_far_side_that_wants_a_pause_gets_it_up_to_ten_minutes_and_is_no_failure() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            breaker.heard(Health::RateLimited(Some(7 * SECOND)), false, 0);
        }
        assert_eq!((breaker.failures, breaker.gate(0)), (0, Gate::Cooling(7 * SECOND)));
        breaker.heard(Health::RateLimited(Some(i64::MAX)), false, 0);
        assert_eq!(breaker.gate(0), Gate::Cooling(LONGEST));
        assert_eq!(breaker.gate(-LONGEST), Gate::Pass { probe: false }, "a clock that was turned back");
    }
}
