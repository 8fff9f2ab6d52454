//! Two small linear models compiled in: does a sentence ask for something, and how grave does a
//! report sound.
//!
//! Its own room because weights are learnt, not written: `train` (test builds only) makes the
//! weight files from the labelled sets in `tests/data`, and a test checks that they agree.
//! INVARIANT: scoring is linear in the text, allocates nothing, and never returns a NaN.

mod features;
#[cfg(test)]
pub(crate) mod train;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
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

/// A linear model over word features: score = bias + sum of weights / root of the feature count.
pub(crate) struct Model {
    shape: Shape,
    bias: f32,
    weights: HashMap<u64, f32, BuildHasherDefault<Already>>,
}

impl Model {
    /// Reads `feature<TAB>weight` lines; the feature `bias` is the intercept.
    pub(crate) fn parse(shape: Shape, table: &str) -> Self {
        let mut model = Model { shape, bias: 0.0, weights: HashMap::default() };
        for line in table.lines() {
            let Some((feature, weight)) = line.split_once('\t') else { continue };
            let Ok(weight) = weight.parse::<f32>() else { continue };
            if feature == "bias" {
                model.bias = weight;
            } else {
                model.weights.insert(features::hash_name(feature), weight);
            }
        }
        model
    }

    /// Whether `word` is in the learnt vocabulary.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.weights.contains_key(&features::hash_name(word))
    }

    /// The log-odds for `text`.
    pub(crate) fn score(&self, text: &str) -> f32 {
        let mut sum = 0.0;
        let mut count = 0u32;
        features::each(self.shape, text, |feature| {
            count += 1;
            if let Some(weight) = self.weights.get(&feature.hash()) {
                sum += weight;
            }
        });
        self.bias + sum / self.shape.norm(count)
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}
