//! What attention checks came to, as an owner sees it: how many were seen, by whom, of which kind, how long a decision took, and how sure one
//! can be of each. Own file because few checks prove little, and the figures must say so. INVARIANT: every share has its interval.

use crate::brief::Fault;
use crate::domain::share::Share;
use crate::store::{AttentionRow, ProbeRow};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A median with its interval at 95 %, from the order of the values alone (binomial, normal approximation; Conover, Practical
/// Nonparametric Statistics, 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    /// The middle one, the lower of two.
    pub middle: SignedDuration,
    /// From here …
    pub low: SignedDuration,
    /// … to there.
    pub high: SignedDuration,
}

impl Median {
    /// Of these; `None` of nothing.
    #[must_use]
    pub fn of(values: &[SignedDuration]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_unstable();
        let n = f64::from(u32::try_from(values.len()).ok().filter(|n| *n > 0)?);
        let spread = 1.959_963_984_540_054 * n.sqrt() / 2.0;
        let (low, high) = ((n / 2.0 - spread).floor().max(1.0), (1.0 + n / 2.0 + spread).ceil().min(n));
        // Both lie between 1 and the number of values.
        let at = |rank: f64| values.get((rank as usize).saturating_sub(1)).copied();
        Some(Self { middle: at((n / 2.0).ceil())?, low: at(low)?, high: at(high)? })
    }
}

/// What the checks of a pilot came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// How they are switched, when they are on.
    pub on: Option<AttentionRow>,
    /// Of all.
    pub all: Line,
    /// By the name of who decided.
    pub by_person: BTreeMap<String, Line>,
    /// By what was wrong.
    pub by_fault: BTreeMap<&'static str, Line>,
}

/// What some checks came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// How many were decided.
    pub decided: u32,
    /// Of them, those whose fault was seen.
    pub caught: u32,
    /// How long each took, from waiting for people to a decision.
    pub took: Vec<SignedDuration>,
}

impl Line {
    fn add(&mut self, caught: bool, took: SignedDuration) {
        self.decided += 1;
        self.caught += u32::from(caught);
        self.took.push(took);
    }

    /// The share that was seen.
    #[must_use]
    pub fn share(&self) -> Share {
        Share::of(self.caught, self.decided)
    }

    /// As JSON.
    #[must_use]
    pub fn document(&self) -> Value {
        let (low, high) = self.share().bounds();
        let seconds = |time: SignedDuration| time.as_secs_f64();
        let took = Median::of(&self.took).map(|median| {
            json!({ "median_secs": seconds(median.middle), "low_secs": seconds(median.low), "high_secs": seconds(median.high) })
        });
        json!({ "decided": self.decided, "caught": self.caught, "low": low, "high": high, "took": took })
    }
}

/// How they are switched, for whoever may know.
#[derive(Serialize)]
struct On<'a> {
    percent: u32,
    reason: &'a str,
    by: &'a str,
    at: Timestamp,
}

impl Shown {
    pub(super) fn of(on: Option<AttentionRow>, decided: &[ProbeRow], names: &BTreeMap<String, String>) -> Self {
        let mut shown = Self { on, ..Self::default() };
        for probe in decided {
            let Some(outcome) = &probe.decided else { continue };
            let name = names.get(&outcome.person).unwrap_or(&outcome.person);
            let fault = Fault::parse(&probe.fault).map_or("other", Fault::as_str);
            for line in [
                &mut shown.all,
                shown.by_person.entry(name.clone()).or_default(),
                shown.by_fault.entry(fault).or_default(),
            ] {
                line.add(outcome.caught, outcome.took);
            }
        }
        shown
    }

    /// As JSON.
    #[must_use]
    pub fn document(&self, pilot: &str) -> Value {
        let on = self.on.as_ref().map(|on| On { percent: on.percent, reason: &on.reason, by: &on.person, at: on.at });
        let lines = |name: &str, line: &Line| {
            let mut document = line.document();
            document["name"] = name.into();
            document
        };
        let people: Vec<Value> = self.by_person.iter().map(|(name, line)| lines(name, line)).collect();
        let faults: Vec<Value> = self.by_fault.iter().map(|(name, line)| lines(name, line)).collect();
        json!({ "pilot": pilot, "on": on, "all": self.all.document(), "people": people, "faults": faults })
    }
}

#[cfg(test)]
mod tests {
    use super::Median;
    use jiff::SignedDuration;

    #[test]
    fn the_interval_of_a_median_is_that_of_the_tables() {
        let values = |n: i64| (1..=n).map(SignedDuration::from_secs).collect::<Vec<_>>();
        assert_eq!(Median::of(&[]), None);
        let one = SignedDuration::from_secs(1);
        assert_eq!(Median::of(&values(1)), Some(Median { middle: one, low: one, high: one }));
        // Conover's large-sample ranks for n = 100: 40 and 61.
        let many = Median::of(&values(100)).unwrap();
        assert_eq!((many.low.as_secs(), many.middle.as_secs(), many.high.as_secs()), (40, 50, 61));
    }
}
