//! Figures with their uncertainty. Own file because a share of twenty items says less than one of two thousand, and every table must show
//! how much less. INVARIANT: pure, and the same items give the same figures: what is drawn by chance is drawn from a fixed beginning.

use serde::Serialize;

/// The normal deviate of a 95 % interval.
const Z: f64 = 1.959_963_985;
/// How often a sample is drawn anew for an interval.
const DRAWS: usize = 1_000;

/// A figure, and where it lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Figure {
    /// The figure.
    pub(super) value: f64,
    /// From here
    pub(super) low: f64,
    /// to there.
    pub(super) high: f64,
    /// Items it was taken over.
    pub(super) items: usize,
}

/// A share of items, by E. B. Wilson's interval (1927), which holds for few items and for shares near 0 and 1.
pub(super) fn share(hits: usize, items: usize) -> Option<Figure> {
    if items == 0 {
        return None;
    }
    let (k, n) = (hits as f64, items as f64);
    let (p, z2) = (k / n, Z * Z);
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends the interval begins at the figure itself; rounding must not put it beside it.
    let low = if hits == 0 { 0.0 } else { (middle - half).clamp(0.0, p) };
    let high = if hits == items { 1.0 } else { (middle + half).clamp(p, 1.0) };
    Some(Figure { value: p, low, high, items })
}

/// A mean, by drawing the items anew.
pub(super) fn mean(values: &[f64]) -> Option<Figure> {
    drawn(values, |sample| sample.iter().copied().sum::<f64>() / sample.len() as f64)
}

/// The value below which this share of the items lies, by drawing the items anew.
pub(super) fn quantile(values: &[f64], share: f64) -> Option<Figure> {
    drawn(values, |sample| {
        let mut sorted = sample.to_vec();
        sorted.sort_by(f64::total_cmp);
        let place = ((sorted.len() - 1) as f64 * share).round() as usize;
        sorted.get(place).copied().unwrap_or(0.0)
    })
}

/// How well scores keep wanted items apart from the rest: the area under the ROC curve, ties counting half.
pub(super) fn area(scored: &[(f64, bool)]) -> Option<Figure> {
    let wanted = scored.iter().filter(|(_, wanted)| *wanted).count();
    if wanted == 0 || wanted == scored.len() {
        return None;
    }
    drawn(scored, |sample| {
        let mut sorted = sample.to_vec();
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
        let positive = sorted.iter().filter(|(_, wanted)| *wanted).count() as f64;
        let negative = sorted.len() as f64 - positive;
        if positive == 0.0 || negative == 0.0 {
            return 0.5;
        }
        let mut ranks = 0.0;
        for tied in sorted.chunk_by(|one, other| one.0 == other.0).scan(0, |at, tied| {
            let from = *at;
            *at += tied.len();
            Some((from, tied))
        }) {
            let hits = tied.1.iter().filter(|(_, wanted)| *wanted).count() as f64;
            ranks += hits * (2 * tied.0 + 1 + tied.1.len()) as f64 / 2.0;
        }
        (ranks - positive * (positive + 1.0) / 2.0) / (positive * negative)
    })
}

/// Precision and recall in one, over (found rightly, found wrongly, not found) of each item.
pub(super) fn f1(counts: &[(u32, u32, u32)]) -> Option<Figure> {
    if counts.iter().all(|(right, wrong, missed)| right + wrong + missed == 0) {
        return None;
    }
    drawn(counts, |sample| {
        let (right, others) = sample.iter().fold((0.0, 0.0), |(right, others), (r, w, m)| {
            (right + f64::from(*r), others + f64::from(*w) + f64::from(*m))
        });
        if right + others == 0.0 { 1.0 } else { 2.0 * right / (2.0 * right + others) }
    })
}

/// A figure over items, with the middle 95 % of what it comes to when as many items are drawn from them with putting back.
fn drawn<T: Copy>(items: &[T], figure: impl Fn(&[T]) -> f64) -> Option<Figure> {
    if items.is_empty() {
        return None;
    }
    let value = figure(items);
    // Many items need fewer draws for the same care, and each draw takes longer.
    let draws = (4_000_000 / items.len()).clamp(100, DRAWS);
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut sample = Vec::with_capacity(items.len());
    let mut found: Vec<f64> = Vec::with_capacity(draws);
    for _ in 0..draws {
        sample.clear();
        sample.extend((0..items.len()).filter_map(|_| items.get(chance.below(items.len()))).copied());
        found.push(figure(&sample));
    }
    found.sort_by(f64::total_cmp);
    let at = |share: f64| found.get(((draws - 1) as f64 * share).round() as usize).copied().unwrap_or(value);
    Some(Figure { value, low: at(0.025).min(value), high: at(0.975).max(value), items: items.len() })
}

/// Numbers that look like chance and are the same every time (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let place = (u128::from(mixed ^ mixed >> 31) * end as u128) >> 64;
        usize::try_from(place).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, wanted: f64) -> bool {
        (found - wanted).abs() < 5e-4
    }

    #[test]
    fn shares_have_the_interval_of_the_textbook() {
        // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29; score method without continuity correction.
        for (hits, items, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let found = share(hits, items).unwrap();
            assert!(near(found.low, low) && near(found.high, high), "{found:?}");
        }
        assert_eq!(share(0, 0), None);
        assert_eq!(share(5, 5).unwrap().high, 1.0);
    }

    #[test]
    fn drawn_figures_are_the_same_every_time_and_hold_their_value() {
        let values: Vec<f64> = (0..500).map(|n| f64::from(n % 7)).collect();
        let found = mean(&values).unwrap();
        assert_eq!(Some(found), mean(&values));
        assert!(found.low < found.value && found.value < found.high);
        // The spread of the mean of 500 throws of a seven-sided die is 2 / sqrt(500).
        assert!((found.high - found.low - 2.0 * Z * 2.0 / 500_f64.sqrt()).abs() < 0.06, "{found:?}");
        assert_eq!(quantile(&values, 0.5).unwrap().value, 3.0);
        assert_eq!(mean(&[]), None);
        let one = mean(&[4.0]).unwrap();
        assert_eq!((one.low, one.value, one.high), (4.0, 4.0, 4.0));
    }

    #[test]
    fn scores_that_keep_apart_have_area_one_and_ties_half() {
        let apart: Vec<(f64, bool)> = (0..40).map(|n| (f64::from(n), n >= 30)).collect();
        assert_eq!(area(&apart).unwrap().value, 1.0);
        let tied: Vec<(f64, bool)> = (0..40).map(|n| (1.0, n % 2 == 0)).collect();
        assert_eq!(area(&tied).unwrap().value, 0.5);
        assert_eq!(area(&[(1.0, true)]), None);
    }

    #[test]
    fn f1_counts_over_all_items() {
        assert_eq!(f1(&[(1, 1, 0), (2, 0, 1)]).unwrap().value, 0.75);
        assert_eq!(f1(&[(0, 0, 0)]), None);
    }
}
