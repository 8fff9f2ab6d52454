//! Statements about a person's health (the special category of GDPR, article 9).
//!
//! Its own file because this is the one detector that reads sentences: a disease alone is business (a
//! clinic may be the client), a disease that somebody has is not. A finding therefore needs both: a
//! medical word and a link to a person close by, or a phrase that only patient files use.

use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::Scan;
use super::super::words::{List, Phrases};
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "health",
        kind: Kind::Health,
        looks_for: "a medical word tied to a person, or a phrase of patient files",
    },
    find,
};

/// Medical words.
static MEDICAL: List = List::new(&[
    "abortion",
    "addiction",
    "adhd",
    "aids",
    "alcoholism",
    "alzheimer",
    "alzheimers",
    "amputation",
    "anorexia",
    "anxiety",
    "arthritis",
    "asthma",
    "autism",
    "autistic",
    "biopsy",
    "bipolar",
    "cancer",
    "chemo",
    "chemotherapy",
    "covid",
    "dementia",
    "depression",
    "depressive",
    "diabetes",
    "diabetic",
    "diabète",
    "dialysis",
    "epilepsy",
    "epileptic",
    "fibromyalgia",
    "headaches",
    "hepatitis",
    "herpes",
    "hiv",
    "hypertension",
    "insulin",
    "krebs",
    "leukaemia",
    "leukemia",
    "lupus",
    "lymphoma",
    "migraine",
    "migraines",
    "miscarriage",
    "parkinson",
    "parkinsons",
    "pneumonia",
    "pregnancy",
    "pregnant",
    "psychosis",
    "psychotherapy",
    "ptsd",
    "schizophrenia",
    "schwanger",
    "seizure",
    "seizures",
    "stroke",
    "surgery",
    "tuberculosis",
    "tumor",
    "tumour",
]);
/// Words that tie a medical word to somebody.
static PERSON: List = List::new(&[
    "my",
    "his",
    "her",
    "patient",
    "patients",
    "suffers",
    "suffer",
    "suffering",
    "suffered",
    "diagnosed",
    "i",
    "he",
    "she",
    "wife",
    "husband",
    "son",
    "daughter",
    "mother",
    "father",
    "employee",
    "colleague",
    "has",
    "had",
    "undergoing",
    "underwent",
    "recovering",
    "mein",
    "meine",
    "meiner",
    "mon",
    "ma",
]);
/// Phrases of patient files.
static PHRASES: Phrases = Phrases::new(&[
    &["diagnosed", "with"],
    &["patient", "is", "a"],
    &["patient", "name"],
    &["patient", "id"],
    &["medical", "history"],
    &["medical", "record"],
    &["medical", "records"],
    &["medical", "condition"],
    &["on", "sick", "leave"],
    &["sick", "note"],
    &["year", "old", "male"],
    &["year", "old", "female"],
    &["blood", "pressure"],
    &["test", "results", "positive"],
    &["tested", "positive"],
    &["was", "prescribed"],
    &["been", "prescribed"],
    &["mental", "illness"],
    &["mental", "health", "condition"],
    &["health", "condition"],
    &["disability", "is"],
    &["krank", "geschrieben"],
    &["arrêt", "maladie"],
    &["blood", "type"],
    &["discharge", "summary"],
]);
/// Figurative or commercial uses.
static FIGURE: List = List::new(&[
    "research",
    "clinic",
    "foundation",
    "charity",
    "app",
    "software",
    "care",
    "centre",
    "center",
    "awareness",
    "insurance",
    "test",
    "tests",
    "products",
]);

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut floor = 0;
    for (index, &(start, end)) in scan.words.iter().enumerate() {
        if start < floor || end - start < 2 {
            continue;
        }
        let hit = PHRASES.end_at(scan, index).map(|last| (start, last, "a phrase of patient files")).or_else(|| {
            let medical = MEDICAL.has_at(scan, index);
            let tied = || scan.led_by(start, 6, &PERSON, &FIGURE) && !FIGURE.has(scan.word(index + 1));
            (medical && tied()).then_some((start, end, "a medical word tied to a person"))
        });
        if let Some((start, last, why)) = hit {
            floor = last;
            found.push(Finding::new(Kind::Health, (start, last), "health", Sureness::Context, why));
        }
    }
}
