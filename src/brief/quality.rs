//! Measures the readers on the labelled sets and holds the figures that `docs/brief-quality.md` quotes.
//!
//! Its own file because it is one subject: how good, on which data, held out or seen. Test builds only.
//! INVARIANT: a figure called held out comes from a model that has not seen the case it scored.

use super::draft::priority_score_with;
use super::model::sigmoid;
use super::model::train::{self, Example};
use super::{DraftInput, missing};
use serde_json::{Value, json};

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
        .map(|c| Example {
            text: format!("{}\n{}", text(c, "subject"), text(c, "body")),
            wanted: matches!(text(c, "label"), "blocker" | "critical"),
        })
        .collect()
}

pub(crate) fn request_examples(cases: &[Value]) -> Vec<Example> {
    cases.iter().map(|c| Example { text: text(c, "text").into(), wanted: text(c, "label") == "request" }).collect()
}

/// Leaves what was predicted in the temporary folder, one JSON object a line with the id of the case, so that any other scorer can be run
/// over it.
fn leave(name: &str, rows: impl Iterator<Item = Value>) {
    let folder = std::env::temp_dir().join("opspilot-brief-predictions");
    std::fs::create_dir_all(&folder).unwrap();
    let lines: Vec<String> = rows.map(|row| row.to_string()).collect();
    assert!(!lines.is_empty());
    std::fs::write(folder.join(name), lines.join("\n")).unwrap();
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

fn input<'a>(text: &'a str, subject: Option<&'a str>, zone: &'a jiff::tz::TimeZone) -> DraftInput<'a> {
    DraftInput {
        text,
        subject,
        sender: None,
        organisation: None,
        language: "en",
        received_at: jiff::Timestamp::UNIX_EPOCH,
        time_zone: zone,
        attachments: &[],
        guidance: &[],
        owner: "Dana",
    }
}

/// Compares a weight file with what training makes today. On a difference the new file is left in
/// the temporary folder; copy it over the old one when the change is meant.
fn weights_agree(name: &str, compiled_in: &str, made: &str) {
    let read = |file: &str| -> std::collections::BTreeMap<String, f64> {
        file.lines().filter_map(|l| l.split_once('\t')).map(|(f, w)| (f.to_owned(), w.parse().unwrap())).collect()
    };
    let (old, new) = (read(compiled_in), read(made));
    let far =
        old.len().abs_diff(new.len()) > 20 || new.iter().any(|(f, w)| (old.get(f).unwrap_or(&0.0) - w).abs() > 0.08);
    if far {
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, made).unwrap();
        panic!("training gives other weights than `{name}`; the new ones are in `{}`", path.display());
    }
}

#[test]
fn the_weights_are_what_training_makes_of_the_data() {
    let requests = request_examples(&request_cases());
    weights_agree(
        "ask.tsv",
        include_str!("model/ask.tsv"),
        &train::train(train::ASK, &requests.iter().collect::<Vec<_>>()),
    );
    let reports = priority_examples(&priority_cases());
    weights_agree(
        "grave.tsv",
        include_str!("model/grave.tsv"),
        &train::train(train::GRAVE, &reports.iter().collect::<Vec<_>>()),
    );
}

#[test]
fn request_sentences_held_out() {
    let cases = request_cases();
    let examples = request_examples(&cases);
    let odds = train::held_out(train::ASK, &examples, 5);
    let scored: Vec<(f32, bool)> = odds.iter().zip(&examples).map(|(odds, e)| (sigmoid(*odds), e.wanted)).collect();
    leave("request.jsonl", cases.iter().zip(&scored).map(|(c, (score, _))| json!({"id": c["id"], "score": score})));
    let (auc, f1) = (auc(&scored), f1(&scored));
    eprintln!("request sentences, five-fold held out: AUC {auc:.3}, F1 {f1:.3}");
    assert!(auc >= 0.88 && f1 >= 0.78, "AUC {auc:.3}, F1 {f1:.3}");
}

#[test]
fn priority_held_out() {
    let cases = priority_cases();
    let examples = priority_examples(&cases);
    let odds = train::held_out(train::GRAVE, &examples, 5);
    let zone = jiff::tz::TimeZone::UTC;
    let score =
        |c: &Value, odds| priority_score_with(&input(text(c, "body"), Some(text(c, "subject")), &zone), odds).get();
    let scores: Vec<u8> = cases.iter().zip(odds).map(|(c, odds)| score(c, odds)).collect();
    let scored: Vec<(f32, bool)> = scores.iter().zip(&examples).map(|(s, e)| (f32::from(*s), e.wanted)).collect();
    leave("priority.jsonl", cases.iter().zip(&scores).map(|(c, score)| json!({"id": c["id"], "score": score})));
    let (auc, ap) = (auc(&scored), average_precision(&scored));
    eprintln!("priority score of the brief, five-fold held out: AUC {auc:.3}, average precision {ap:.3}");
    assert!(auc >= 0.72 && ap >= 0.27, "AUC {auc:.3}, average precision {ap:.3}");
}

#[test]
fn missing_items_of_a_check_list() {
    let (mut missing_counts, mut present_counts) = ([0u32; 3], [0u32; 3]);
    let mut gaps = Vec::new();
    for case in lines(include_str!("../../tests/data/missing_info/cases.jsonl")) {
        let fields: Vec<&str> = case["checklist"].as_array().unwrap().iter().map(|item| text(item, "field")).collect();
        let found = missing(text(&case, "text"), &fields);
        gaps.push(json!({"id": case["id"], "missing": found}));
        for field in fields {
            let gold = case["missing"].as_array().unwrap().iter().any(|m| m == field);
            let said = found.contains(&field);
            let count = |counts: &mut [u32; 3], guess: bool, truth: bool| match (guess, truth) {
                (true, true) => counts[0] += 1,
                (true, false) => counts[1] += 1,
                (false, true) => counts[2] += 1,
                (false, false) => {}
            };
            count(&mut missing_counts, said, gold);
            count(&mut present_counts, !said, !gold);
        }
    }
    leave("missing.jsonl", gaps.into_iter());
    let f1 = |c: [u32; 3]| f64::from(2 * c[0]) / f64::from(2 * c[0] + c[1] + c[2]);
    eprintln!(
        "missing information, rules on the set they were written with: F1 missing {:.3}, present {:.3}",
        f1(missing_counts),
        f1(present_counts)
    );
    assert!(
        f1(missing_counts) >= 0.96 && f1(present_counts) >= 0.91,
        "{:.3} {:.3}",
        f1(missing_counts),
        f1(present_counts)
    );
}
