//! Two small linear models compiled in: does a sentence ask for something, and how grave does a
//! report sound.
//!
//! Its own room because weights are learnt, not written: `train` (test builds only) makes the
//! weight files from the labelled sets in `tests/data`, and a test checks that they agree.
//! INVARIANT: scoring is linear in the text, allocates nothing, and never returns a NaN.

mod features;
#[cfg(test)]
pub(crate) mod train;

use features::Feature;
use std::ops::Range;
use std::sync::LazyLock;

pub(crate) use features::Shape;

/// Does a sentence ask for something? Learnt from `tests/data/request`.
pub(crate) static ASK: LazyLock<Model> = LazyLock::new(|| Model::parse(Shape::Sentence, include_str!("ask.tsv")));
/// How grave does a report sound? Learnt from `tests/data/priority`.
pub(crate) static GRAVE: LazyLock<Model> = LazyLock::new(|| Model::parse(Shape::Report, include_str!("grave.tsv")));

/// The logistic function.
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x.clamp(-30.0, 30.0)).exp())
}

/// A linear model over word features: score = bias + sum of weights / length of the text, as [`features::weigh`] has it.
pub(crate) struct Model {
    shape: Shape,
    bias: f32,
    weights: Weights,
}

impl Model {
    /// Reads `feature<TAB>weight` lines; the feature `bias` is the intercept.
    pub(crate) fn parse(shape: Shape, table: &str) -> Self {
        let mut bias = 0.0;
        let mut weights = Vec::new();
        for line in table.lines() {
            let Some((feature, weight)) = line.split_once('\t') else { continue };
            let Ok(weight) = weight.parse::<f32>() else { continue };
            if feature == "bias" {
                bias = weight;
            } else {
                weights.push((features::hash_name(feature), weight));
            }
        }
        Model { shape, bias, weights: Weights::new(&weights) }
    }

    /// Whether `word` is in the learnt vocabulary.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.weights.of(features::hash_name(word)).is_some()
    }

    /// The log-odds for `text`.
    pub(crate) fn score(&self, text: &str) -> f32 {
        let mut sum = 0.0;
        let norm = features::weigh(self.shape, text, |_, hash, step| {
            if let Some(weight) = self.weights.of(hash) {
                sum += weight * step;
            }
        });
        self.bias + sum / norm
    }

    /// The log-odds for `text` and which of its words weighed most.
    pub(crate) fn weigh(&self, text: &str) -> Weighed {
        let (mut sum, mut most) = (0.0, [(0.0, Feature::default()); 2]);
        let norm = features::weigh(self.shape, text, |feature, hash, step| {
            if let Some(weight) = self.weights.of(hash) {
                let part = weight * step;
                sum += part;
                let [against, speaks] = &mut most;
                let side = if part < 0.0 { against } else { speaks };
                if part.abs() > side.0 {
                    *side = (part.abs(), feature);
                }
            }
        });
        Weighed { odds: self.bias + sum / norm, most: most.map(|(_, feature)| feature.span(text)) }
    }
}

/// What a model makes of a text.
pub(crate) struct Weighed {
    /// The log-odds.
    pub(crate) odds: f32,
    /// The bytes of the words that spoke most against it and most for it.
    pub(crate) most: [Option<Range<usize>>; 2],
}

/// The weights by the hash of their feature, close together, so that they stay in the processor's cache: each at the place that the
/// upper half of its hash says, or the first free one behind it. At least a third of the places are free.
struct Weights {
    places: Vec<Packed>,
}

/// The lowest 20 bits of a feature's hash, above the hundredths of its weight. 0 where there is none: no weight of a file is zero.
#[derive(Clone, Copy, PartialEq)]
struct Packed(u32);

impl Packed {
    const FREE: Self = Self(0);
    /// The bits of the weight, sign included.
    const WEIGHT: u32 = 12;

    fn new(hash: u64, weight: f32) -> Self {
        Self((hash as u32) << Self::WEIGHT | (weight * 100.0).round() as i32 as u32 & ((1 << Self::WEIGHT) - 1))
    }

    fn weight_of(self, hash: u64) -> Option<f32> {
        let same = (self.0 ^ (hash as u32) << Self::WEIGHT) >> Self::WEIGHT == 0;
        let above = u32::BITS - Self::WEIGHT;
        same.then(|| ((self.0 << above) as i32 >> above) as f32 / 100.0)
    }
}

impl Weights {
    fn new(given: &[(u64, f32)]) -> Self {
        let mut places = vec![Packed::FREE; (given.len() + given.len() / 2).next_power_of_two().max(2)];
        for (hash, weight) in given {
            let mut at = place(*hash, places.len());
            while places.get(at).is_some_and(|packed| *packed != Packed::FREE) {
                at = (at + 1) & (places.len() - 1);
            }
            if let Some(free) = places.get_mut(at) {
                *free = Packed::new(*hash, *weight);
            }
        }
        Self { places }
    }

    fn of(&self, hash: u64) -> Option<f32> {
        let mut at = place(hash, self.places.len());
        loop {
            let packed = self.places.get(at).filter(|packed| **packed != Packed::FREE)?;
            if let Some(weight) = packed.weight_of(hash) {
                return Some(weight);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }
}

/// Where `hash` belongs among `places`, a power of two.
fn place(hash: u64, places: usize) -> usize {
    (hash >> 32) as usize & (places - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_of_the_files_is_found_as_it_is_written() {
        for (model, file) in [(&ASK, include_str!("ask.tsv")), (&GRAVE, include_str!("grave.tsv"))] {
            let lines: Vec<(&str, &str)> = file.lines().filter_map(|line| line.split_once('\t')).collect();
            assert_eq!(model.weights.places.iter().filter(|packed| **packed != Packed::FREE).count() + 1, lines.len());
            for (name, weight) in lines.into_iter().filter(|(name, _)| *name != "bias") {
                assert_eq!(model.weights.of(features::hash_name(name)), weight.parse().ok(), "{name}");
            }
        }
    }
}
