//! A figure together with the rows it was counted from. Own file because here is the only place where a figure is made.
//! INVARIANT: no figure without rows: with none behind it, it is a dash. Its value is computed from those rows, never handed in.

use super::super::when;
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// What stands in place of a figure that nothing backs.
pub const NONE: &str = "–";

/// A figure. Made by the functions below alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    shown: String,
    rows: Vec<String>,
    /// For bars: how long, in any unit that is the same along a chart.
    weight: u64,
}

impl Figure {
    /// How many rows there are.
    #[must_use]
    pub fn count<'a>(rows: impl IntoIterator<Item = &'a str>) -> Self {
        let rows = owned(rows);
        Self { shown: rows.len().to_string(), weight: rows.len() as u64, rows }.or_dash()
    }

    /// How many rows of `whole` are `part`: `75 % (9 of 12)`. Backed by the whole.
    #[must_use]
    pub fn share<'a>(part: impl IntoIterator<Item = &'a str>, whole: impl IntoIterator<Item = &'a str>) -> Self {
        let rows = owned(whole);
        let known: BTreeSet<&str> = rows.iter().map(String::as_str).collect();
        let part = part.into_iter().filter(|id| known.contains(id)).count() as u64;
        let all = rows.len() as u64;
        let percent = (part * 200 + all).checked_div(all * 2).unwrap_or(0);
        Self { shown: format!("{percent} % ({part} of {all})"), weight: percent, rows }.or_dash()
    }

    /// The length of time that `percent` of the samples do not exceed (nearest rank); 50 is the median.
    #[must_use]
    pub fn percentile(samples: &[(String, SignedDuration)], percent: u8) -> Self {
        let mut lengths: Vec<SignedDuration> = samples.iter().map(|(_, length)| *length).collect();
        lengths.sort_unstable();
        let rank = (lengths.len() * usize::from(percent.min(100))).div_ceil(100).max(1);
        let length = lengths.get(rank - 1).copied().unwrap_or_default();
        let rows = samples.iter().map(|(id, _)| id.clone()).collect();
        Self { shown: when::length(length), weight: length.as_secs().unsigned_abs(), rows }.or_dash()
    }

    /// A sum of micro-dollars.
    #[must_use]
    pub fn money(rows: &[(String, i64)]) -> Self {
        let sum: i64 = rows.iter().fold(0, |sum, (_, micros)| sum.saturating_add(*micros));
        let (sign, sum) = (if sum < 0 { "-" } else { "" }, sum.unsigned_abs());
        // Half a cent and above rounds up.
        let cents = sum.saturating_add(5_000) / 10_000;
        let shown = format!("{sign}${}.{:02}", cents / 100, cents % 100);
        Self { shown, weight: sum, rows: rows.iter().map(|(id, _)| id.clone()).collect() }.or_dash()
    }

    /// Words that one row bears out.
    #[must_use]
    pub fn said(words: String, row: &str) -> Self {
        Self { shown: words, rows: vec![row.to_owned()], weight: 0 }
    }

    /// Nothing bears it out.
    #[must_use]
    pub fn none() -> Self {
        Self { shown: NONE.to_owned(), rows: Vec::new(), weight: 0 }
    }

    /// The figure as people read it.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The identifiers of the rows behind it.
    #[must_use]
    pub fn rows(&self) -> &[String] {
        &self.rows
    }

    /// Its length in a chart.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    fn or_dash(self) -> Self {
        if self.rows.is_empty() { Self::none() } else { self }
    }
}

fn owned<'a>(rows: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    rows.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lengths(hours: &[i64]) -> Vec<(String, SignedDuration)> {
        hours.iter().enumerate().map(|(at, hours)| (format!("r{at}"), SignedDuration::from_hours(*hours))).collect()
    }

    #[test]
    fn figures_are_what_the_rows_say() {
        assert_eq!(Figure::count(["a", "b"]).shown(), "2");
        assert_eq!(Figure::share(["a", "x"], ["a", "b", "c"]).shown(), "33 % (1 of 3)");
        assert_eq!(Figure::share([], ["a", "b", "c"]).shown(), "0 % (0 of 3)");
        assert_eq!(Figure::percentile(&lengths(&[5, 1, 3]), 50).shown(), "3 h");
        assert_eq!(Figure::percentile(&lengths(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 90).shown(), "9 h");
        assert_eq!(Figure::money(&[("a".into(), 1_234_567), ("b".into(), 5_000)]).shown(), "$1.24");
        assert_eq!(Figure::money(&[("a".into(), 0)]).shown(), "$0.00");
    }

    proptest! {
        #[test]
        fn a_figure_has_rows_or_is_a_dash(hours in prop::collection::vec(0i64..500, 0..40), percent in 0u8..=100) {
            let samples = lengths(&hours);
            let ids = || samples.iter().map(|(id, _)| id.as_str());
            let money: Vec<(String, i64)> = samples.iter().map(|(id, length)| (id.clone(), length.as_secs())).collect();
            for figure in [Figure::count(ids()), Figure::share(ids().take(3), ids()), Figure::percentile(&samples, percent), Figure::money(&money)] {
                prop_assert_eq!(figure.rows().is_empty(), figure.shown() == NONE);
                prop_assert_eq!(figure.rows().len(), samples.len());
            }
        }
    }
}
