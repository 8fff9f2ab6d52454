//! Measures the readers on the labelled sets and holds the figures that `docs/brief-quality.md` quotes.
//!
//! Its own file because it is one subject: how good, on which data, held out or seen. Test builds only.
//! INVARIANT: a figure called held out comes from a model that has not seen the case it scored.

use super::model::train::{self, Example};
use serde_json::Value;

fn lines(text: &str) -> Vec<Value> {
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or("")
}

pub(crate) fn priority_cases() -> Vec<Value> {
    lines(include_str!("../../tests/data/priority/cases.jsonl"))
}

pub(crate) fn request_cases() -> Vec<Value> {
    lines(include_str!("../../tests/data/request/enron.jsonl"))
}

pub(crate) fn priority_examples(cases: &[Value]) -> Vec<Example> {
    cases
        .iter()
        .map(|c| Example { text: format!("{}\n{}", text(c, "subject"), text(c, "body")), wanted: matches!(text(c, "label"), "blocker" | "critical") })
        .collect()
}

pub(crate) fn request_examples(cases: &[Value]) -> Vec<Example> {
    cases.iter().map(|c| Example { text: text(c, "text").into(), wanted: text(c, "label") == "request" }).collect()
}

/// Area under the ROC curve, ties counting half.
pub(crate) fn auc(scored: &[(f32, bool)]) -> f64 {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positive = sorted.iter().filter(|s| s.1).count() as f64;
    let negative = sorted.len() as f64 - positive;
    let (mut at, mut ranks) = (0, 0.0);
    while at < sorted.len() {
        let tied = sorted[at..].iter().take_while(|s| s.0 == sorted[at].0).count();
        let hits = sorted[at..at + tied].iter().filter(|s| s.1).count() as f64;
        ranks += hits * ((2 * at + 1 + tied) as f64) / 2.0;
        at += tied;
    }
    (ranks - positive * (positive + 1.0) / 2.0) / (positive * negative)
}

/// Average precision, ties counting against us.
pub(crate) fn average_precision(scored: &[(f32, bool)]) -> f64 {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let (mut hits, mut sum) = (0.0, 0.0);
    for (index, (_, wanted)) in sorted.iter().enumerate() {
        if *wanted {
            hits += 1.0;
            sum += hits / (index + 1) as f64;
        }
    }
    sum / hits
}

/// F1 of `score >= 0.5`.
pub(crate) fn f1(scored: &[(f32, bool)]) -> f64 {
    let tp = scored.iter().filter(|s| s.0 >= 0.5 && s.1).count() as f64;
    let fp = scored.iter().filter(|s| s.0 >= 0.5 && !s.1).count() as f64;
    let fne = scored.iter().filter(|s| s.0 < 0.5 && s.1).count() as f64;
    2.0 * tp / (2.0 * tp + fp + fne)
}
