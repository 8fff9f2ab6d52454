//! Makes the weight files from the labelled sets. Built for tests only.
//!
//! Its own file because it is the proof of where the weights come from: same data, same weights.
//! INVARIANT: no randomness; examples are visited in the order of the file, folds are by position.

use super::Model;
use super::features::{self, Shape};
use std::collections::BTreeMap;

/// How a model is trained.
#[derive(Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) shape: Shape,
    /// A feature is kept when at least so many texts have it.
    pub(crate) least: usize,
    /// Passes over the data.
    pub(crate) passes: usize,
    /// Strength of the pull towards zero.
    pub(crate) ridge: f64,
    /// How much an example of the wanted class counts.
    pub(crate) balance: f64,
    /// Weights below this are left out of the file.
    pub(crate) floor: f64,
}

pub(crate) const ASK: Recipe =
    Recipe { shape: Shape::Sentence, least: 2, passes: 20, ridge: 4.0, balance: 1.0, floor: 0.05 };
pub(crate) const GRAVE: Recipe =
    Recipe { shape: Shape::Report, least: 4, passes: 30, ridge: 300.0, balance: 4.0, floor: 0.03 };

/// A labelled text.
pub(crate) struct Example {
    pub(crate) text: String,
    pub(crate) wanted: bool,
}

/// Trains and returns the weight file.
pub(crate) fn train(recipe: Recipe, examples: &[&Example]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows: Vec<(BTreeMap<String, f64>, f64)> = Vec::with_capacity(examples.len());
    for example in examples {
        let mut names: BTreeMap<String, f64> = BTreeMap::new();
        let norm = features::weigh(recipe.shape, &example.text, |feature, _, step| {
            *names.entry(feature.name()).or_default() += f64::from(step);
        });
        for name in names.keys() {
            *counts.entry(name.clone()).or_default() += 1;
        }
        rows.push((names, f64::from(norm)));
    }
    // What few reports have says more.
    let rarity = |count: usize| match recipe.shape {
        Shape::Sentence => 1.0,
        Shape::Report => 1.0 + ((1 + examples.len()) as f64 / (1 + count) as f64).ln(),
    };
    let vocabulary: BTreeMap<&str, usize> =
        counts.iter().filter(|(_, n)| **n >= recipe.least).map(|(name, _)| name.as_str()).zip(0..).collect();
    let rarities: Vec<f64> = vocabulary.keys().map(|name| rarity(counts.get(*name).copied().unwrap_or(1))).collect();
    let rows: Vec<Vec<(usize, f64)>> = rows
        .iter()
        .map(|(names, norm)| {
            let known = |(name, sum): (&String, &f64)| {
                let index = vocabulary.get(name.as_str()).copied()?;
                Some((index, sum * rarities[index] / norm))
            };
            names.iter().filter_map(known).collect()
        })
        .collect();
    let (weights, bias) = descend(recipe, &rows, examples, vocabulary.len());
    let mut file = format!("bias\t{bias:.3}\n");
    for (name, index) in vocabulary {
        let weight = weights[index] * rarities[index];
        if weight.abs() >= recipe.floor {
            file.push_str(&format!("{name}\t{weight:.2}\n"));
        }
    }
    file
}

/// Adagrad over the logistic loss with a ridge.
fn descend(recipe: Recipe, rows: &[Vec<(usize, f64)>], examples: &[&Example], width: usize) -> (Vec<f64>, f64) {
    let mut weights = vec![0.0f64; width];
    let mut square = vec![1e-2f64; width];
    let (mut bias, mut bias_square) = (0.0f64, 1e-2f64);
    let rate = 0.3;
    let pull = recipe.ridge / rows.len() as f64;
    for _ in 0..recipe.passes {
        for (row, example) in rows.iter().zip(examples) {
            let score = bias + row.iter().map(|(i, value)| weights[*i] * value).sum::<f64>();
            let target = f64::from(u8::from(example.wanted));
            let weight = if example.wanted { recipe.balance } else { 1.0 };
            let error = (1.0 / (1.0 + (-score).exp()) - target) * weight;
            for (i, value) in row {
                let slope = error * value + pull * weights[*i];
                square[*i] += slope * slope;
                weights[*i] -= rate * slope / square[*i].sqrt();
            }
            bias_square += error * error;
            bias -= rate * error / bias_square.sqrt();
        }
    }
    (weights, bias)
}

/// Scores every example by a model that has not seen it: `folds` parts by position.
pub(crate) fn held_out(recipe: Recipe, examples: &[Example], folds: usize) -> Vec<f32> {
    let mut scores = vec![0.0; examples.len()];
    for fold in 0..folds {
        let seen: Vec<&Example> =
            examples.iter().enumerate().filter(|(i, _)| i % folds != fold).map(|(_, e)| e).collect();
        let model = Model::parse(recipe.shape, &train(recipe, &seen));
        for (index, example) in examples.iter().enumerate().filter(|(i, _)| i % folds == fold) {
            scores[index] = model.score(&example.text);
        }
    }
    scores
}
