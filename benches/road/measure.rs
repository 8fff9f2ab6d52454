//! Numbers: latencies and their percentiles, the figures of one round, the median over rounds.
//!
//! A figure is a name and a number; the names are the rows of the table and the keys of the JSON file. INVARIANT: a
//! median is taken per figure over whole rounds, never over single requests of different rounds.

use std::collections::BTreeMap;
use std::time::Duration;

/// Latencies of one burst.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<u32>);

impl Latencies {
    /// Adds one latency, kept in microseconds.
    pub(crate) fn push(&mut self, latency: Duration) {
        self.0.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes over the latencies of another connection.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many were taken.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The percentile in milliseconds by nearest rank; zero when there is none.
    pub(crate) fn percentile(&mut self, percent: f64) -> f64 {
        self.0.sort_unstable();
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        f64::from(self.0.get(rank.saturating_sub(1)).copied().unwrap_or(0)) / 1e3
    }
}

/// The figures of one round, or their medians.
#[derive(Debug, Default, Clone)]
pub(crate) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Notes one figure.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: f64) {
        self.0.insert(name.into(), value);
    }

    /// One figure, if it was taken.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// All figures by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// The median of each figure over the rounds that have it.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let mut all: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for (name, value) in rounds.iter().flat_map(Self::iter) {
            all.entry(name).or_default().push(value);
        }
        Self(all.into_iter().map(|(name, values)| (name.to_owned(), median(values))).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) }
}
