//! Our own golden vectors: the format as released. When one of these fails, the format has changed, and every
//! export and saved checkpoint out there with it.

use super::{checkpoint, key, log, pinned, signed};
use crate::receipt::export::{Check, verify_export};
use crate::receipt::{Outcome, commitment};

const EXPORT: &str = include_str!("../../../tests/data/receipts/golden.export.jsonl");
const PART: &str = include_str!("../../../tests/data/receipts/golden.part.jsonl");
const CHECKPOINT: &str = include_str!("../../../tests/data/receipts/golden.checkpoint");

#[test]
fn the_export_is_written_as_it_always_was() {
    let receipts = log(7);
    let file = super::export::whole(&receipts, &signed(&receipts, &key(1)));
    assert_eq!(String::from_utf8(file).unwrap(), EXPORT);
    let file = super::export::part(&receipts, &[1, 4, 7], &signed(&receipts, &key(1)));
    assert_eq!(String::from_utf8(file).unwrap(), PART);
    assert_eq!(signed(&receipts[..5], &key(1)), CHECKPOINT);
}

#[test]
fn the_released_export_still_verifies() {
    let saved = pinned(&key(1)).open(CHECKPOINT).unwrap().checkpoint;
    assert_eq!(saved, checkpoint(&log(5)));
    let report =
        verify_export(PART.as_bytes(), Check { keyring: Some(pinned(&key(1))), saved: vec![checkpoint(&log(7))] });
    assert_eq!(report.outcome, Outcome::Proven, "{report}");
    let report = verify_export(EXPORT.as_bytes(), Check { keyring: Some(pinned(&key(1))), saved: vec![saved] });
    assert_eq!(report.outcome, Outcome::Proven, "{report}");
}

#[test]
fn a_commitment_is_made_as_it_always_was() {
    let made = crate::receipt::body::hex(&commitment(&[3; 32], "please call me back".as_bytes()));
    assert_eq!(made, "4d30ab8621de13476beea20d79cd017a29e17adada9bc1ed93675d3c6d0e139d");
}

#[test]
fn the_page_shows_the_golden_vectors() {
    let page = include_str!("../../../docs/receipts.md");
    let first = &log(1)[0];
    assert!(page.contains(std::str::from_utf8(&first.bytes).unwrap()));
    assert!(page.contains(&crate::receipt::body::hex(&first.leaf)));
    assert!(page.contains(&signed(&log(7), &key(1))));
    assert!(page.contains(&format!("\nactive {}\n", key(1).verifier())));
    assert!(page.contains(crate::receipt::export::FORMAT));
}
