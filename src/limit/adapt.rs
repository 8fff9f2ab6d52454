//! How many may ask at once: additive increase, multiplicative decrease (Chiu and Jain, 1989). Own file because it lives in memory, for this
//! daemon alone: it is a courtesy to the far side, the buckets are the rule. INVARIANT: never more at once than the operator allows.

use super::{Health, Took};
use std::sync::{Arc, Mutex, PoisonError};

/// How long a call is thought to take before one was seen, in microseconds.
const FIRST_PACE: i64 = 1_000_000;

#[derive(Debug)]
struct Gauge {
    /// The operator's word.
    most: u32,
    /// How many may now.
    allowed: u32,
    /// How many do.
    inside: u32,
    /// Good answers since the last change.
    good: u32,
    /// Whether it was lowered since the last good answer: one storm of refusals is one reason.
    lowered: bool,
    /// About how long a call takes, in microseconds.
    pace: i64,
}

/// The way to one far side. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Lane(Arc<Mutex<Gauge>>);

/// A place in it; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Permit(Lane);

impl Lane {
    pub(super) fn new(most: u32) -> Self {
        let most = most.max(1);
        let gauge = Gauge { most, allowed: most, inside: 0, good: 0, lowered: false, pace: FIRST_PACE };
        Self(Arc::new(Mutex::new(gauge)))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Gauge) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A place, if one is free.
    pub(super) fn enter(&self) -> Option<Permit> {
        self.with(|gauge| {
            (gauge.inside < gauge.allowed).then(|| {
                gauge.inside += 1;
            })
        })
        .map(|()| Permit(self.clone()))
    }

    /// About how long it takes until a place is free, in microseconds.
    pub(super) fn pace(&self) -> i64 {
        self.with(|gauge| gauge.pace / i64::from(gauge.allowed.max(1)))
    }

    /// How many may now, and how many do.
    #[cfg(test)]
    pub(super) fn stands(&self) -> (u32, u32) {
        self.with(|gauge| (gauge.allowed, gauge.inside))
    }
}

impl Permit {
    /// Gives the place back and says how it went.
    pub(super) fn leave(self, health: Health, took: Took) {
        self.0.with(|gauge| match health {
            Health::Well => {
                let took = i64::try_from(took.as_micros()).unwrap_or(i64::MAX).clamp(1000, 600_000_000);
                gauge.pace = gauge.pace - gauge.pace / 8 + took / 8;
                gauge.lowered = false;
                gauge.good += 1;
                if gauge.good >= gauge.allowed {
                    (gauge.good, gauge.allowed) = (0, gauge.most.min(gauge.allowed + 1));
                }
            }
            Health::RateLimited(_) => {
                if !gauge.lowered {
                    gauge.allowed = (gauge.allowed / 2).max(1);
                }
                (gauge.lowered, gauge.good) = (true, 0);
            }
            Health::Failed => gauge.good = 0,
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.with(|gauge| gauge.inside = gauge.inside.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(lane: &Lane, health: Health) {
        lane.enter().unwrap().leave(health, Took::from_millis(100));
    }

    #[test]
    fn it_halves_once_for_a_storm_and_grows_by_one_for_each_full_window() {
        let lane = Lane::new(8);
        let all: Vec<_> = (0..8).map(|_| lane.enter().unwrap()).collect();
        assert!(lane.enter().is_none(), "as many as may");
        for permit in all {
            permit.leave(Health::RateLimited(None), Took::ZERO);
        }
        assert_eq!(lane.stands(), (4, 0));
        for _ in 0..3 {
            go(&lane, Health::Well);
        }
        assert_eq!(lane.stands().0, 4);
        go(&lane, Health::Well);
        assert_eq!(lane.stands().0, 5);
        for _ in 0..1000 {
            go(&lane, Health::Well);
        }
        assert_eq!(lane.stands(), (8, 0), "never above what the operator allows");
        for _ in 0..20 {
            go(&lane, Health::RateLimited(None));
            go(&lane, Health::Well);
        }
        assert!(lane.stands().0 >= 1, "never none");
    }

    #[test]
    fn one_that_is_dropped_gives_its_place_back() {
        let lane = Lane::new(1);
        drop(lane.enter().unwrap());
        assert!(lane.enter().is_some());
    }
}
