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
    /// A bit for every weight, small enough for the processor's cache: most features of a text have no
    /// weight, and this says so without a look at the table.
    bits: Vec<u64>,
}

impl Model {
    /// Reads `feature<TAB>weight` lines; the feature `bias` is the intercept.
    pub(crate) fn parse(shape: Shape, table: &str) -> Self {
        let mut bias = 0.0;
        let mut weights: HashMap<u64, f32, _> = HashMap::default();
        for line in table.lines() {
            let Some((feature, weight)) = line.split_once('\t') else { continue };
            let Ok(weight) = weight.parse::<f32>() else { continue };
            if feature == "bias" {
                bias = weight;
            } else {
                weights.insert(features::hash_name(feature), weight);
            }
        }
        // Eight bits a weight: one feature in eight without a weight is looked up in vain.
        let mut bits = vec![0; (weights.len() / 8).next_power_of_two()];
        for hash in weights.keys() {
            let (slot, bit) = place(*hash, bits.len());
            if let Some(word) = bits.get_mut(slot) {
                *word |= bit;
            }
        }
        Model { shape, bias, weights, bits }
    }

    fn weight(&self, hash: u64) -> Option<f32> {
        let (slot, bit) = place(hash, self.bits.len());
        let known = self.bits.get(slot).is_some_and(|word| word & bit != 0);
        if known { self.weights.get(&hash).copied() } else { None }
    }

    /// Whether `word` is in the learnt vocabulary.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.weight(features::hash_name(word)).is_some()
    }

    /// The log-odds for `text`.
    pub(crate) fn score(&self, text: &str) -> f32 {
        let mut sum = 0.0;
        let mut count = 0u32;
        features::each(self.shape, text, |feature| {
            count += 1;
            if let Some(weight) = self.weight(feature.hash()) {
                sum += weight;
            }
        });
        self.bias + sum / self.shape.norm(count)
    }
}

/// Which bit of which of `words` words, a power of two, stands for `hash`.
fn place(hash: u64, words: usize) -> (usize, u64) {
    ((hash >> 16) as usize & (words - 1), 1 << (hash >> 40 & 63))
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
