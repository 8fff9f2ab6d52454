//! Quality on the labelled sentences under `tests/data/pii`: the pass figures, computed here.

use std::collections::{BTreeMap, HashSet};

use crate::screen::{Finding, Kind, find};

const CASES: &str = include_str!("../../../tests/data/pii/cases.jsonl");

/// Types that count towards the F1 figure, as the labels name them.
pub(super) const FIRST_SIX: [&str; 6] =
    ["EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "PHONE_NUMBER", "US_SSN", "IP_ADDRESS"];

pub(super) struct Case {
    pub(super) text: String,
    pub(super) gold: Vec<(String, usize, usize)>,
}

/// A finding as the labels count: type, first and last place in characters.
type Span = (String, usize, usize);

pub(super) fn cases() -> Vec<Case> {
    CASES
        .lines()
        .map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let place = |value: &serde_json::Value| usize::try_from(value.as_u64().unwrap()).unwrap();
            let gold = case["spans"].as_array().unwrap().iter();
            Case {
                text: case["text"].as_str().unwrap().to_owned(),
                gold: gold
                    .map(|span| (span["type"].as_str().unwrap().to_owned(), place(&span["start"]), place(&span["end"])))
                    .collect(),
            }
        })
        .collect()
}

fn label(finding: &Finding) -> String {
    match finding.kind {
        Kind::Email => "EMAIL_ADDRESS",
        Kind::Card => "CREDIT_CARD",
        Kind::Iban => "IBAN_CODE",
        Kind::Phone => "PHONE_NUMBER",
        Kind::IpAddress => "IP_ADDRESS",
        Kind::UrlDomain => "DOMAIN_NAME",
        Kind::DateOfBirth => "DATE_TIME",
        Kind::NationalId if finding.detector == "us_ssn" => "US_SSN",
        kind => kind.name(),
    }
    .to_owned()
}

fn predict(text: &str) -> Vec<Span> {
    let chars = |byte: usize| text[..byte].chars().count();
    find(text).iter().map(|finding| (label(finding), chars(finding.start), chars(finding.end))).collect()
}

fn overlap(a: &Span, b: &Span) -> usize {
    a.2.min(b.2).saturating_sub(a.1.max(b.1))
}

#[derive(Default)]
struct Count {
    gold: usize,
    hit: usize,
    given: usize,
    right: usize,
    characters: usize,
    masked: usize,
}

#[test]
fn the_first_six_types_and_the_masks_reach_their_figures() {
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let (mut clean, mut over) = (0, 0);
    for case in cases() {
        let given = predict(&case.text);
        let mut labelled = HashSet::new();
        for gold in &case.gold {
            let count = counts.entry(gold.0.clone()).or_default();
            count.gold += 1;
            count.hit +=
                usize::from(given.iter().any(|span| span.0 == gold.0 && overlap(span, gold) * 2 >= gold.2 - gold.1));
            count.characters += gold.2 - gold.1;
            count.masked +=
                (gold.1..gold.2).filter(|place| given.iter().any(|span| (span.1..span.2).contains(place))).count();
            labelled.extend(gold.1..gold.2);
        }
        for span in &given {
            let count = counts.entry(span.0.clone()).or_default();
            count.given += 1;
            count.right += usize::from(
                case.gold.iter().any(|gold| gold.0 == span.0 && overlap(span, gold) * 2 >= span.2 - span.1),
            );
        }
        let masked: HashSet<usize> = given.iter().flat_map(|span| span.1..span.2).collect();
        clean += case.text.chars().count() - labelled.len();
        over += masked.difference(&labelled).count();
    }
    let sum =
        |field: fn(&Count) -> usize| FIRST_SIX.iter().filter_map(|name| counts.get(*name)).map(field).sum::<usize>();
    let (gold, hit, given, right) = (sum(|c| c.gold), sum(|c| c.hit), sum(|c| c.given), sum(|c| c.right));
    let f1 = 2.0 * ratio(hit, gold) * ratio(right, given) / (ratio(hit, gold) + ratio(right, given));
    assert!(f1 >= 0.98, "F1 of the first six types is {f1:.3}");
    for (name, least) in
        [("EMAIL_ADDRESS", 1.0), ("IBAN_CODE", 1.0), ("IP_ADDRESS", 1.0), ("CREDIT_CARD", 0.98), ("PHONE_NUMBER", 0.90)]
    {
        let share = ratio(counts[name].masked, counts[name].characters);
        assert!(share >= least, "of {name} only {share:.3} is masked");
    }
    assert!(ratio(over, clean) <= 0.01, "{over} of {clean} clean characters are masked");
}

fn ratio(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole.max(1)).unwrap())
}
