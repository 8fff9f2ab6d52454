//! What the walk over a log must find, and that it names the place.

use super::{ORIGIN, checkpoint, entry, key, log, pinned, signed};
use crate::receipt::{
    Checkpoint, Entry, Finding, Frontier, KeyState, Keyring, Outcome, Report, Sealed, Verifier, tree::leaf_hash,
};
use proptest::prelude::*;

fn walk(receipts: &[Sealed], saved: Vec<Checkpoint>, head: Option<&str>) -> Report {
    let mut verifier = Verifier::new(pinned(&key(1)), saved);
    receipts.iter().for_each(|r| verifier.push_with_leaf(r.seq, &r.bytes, &r.leaf));
    verifier.finish(head)
}

fn found(receipts: &[Sealed], head: &str) -> Finding {
    first(&walk(receipts, Vec::new(), Some(head))).clone()
}

fn first(report: &Report) -> &Finding {
    assert_eq!(report.outcome, Outcome::Tampered, "{report}");
    report.first_bad().unwrap()
}

/// Puts the receipts of the list into a log again: numbered, hashed and chained anew.
fn rechain(entries: &[Entry]) -> Vec<Sealed> {
    (1..).zip(entries).map(|(seq, entry)| entry.seal(seq)).collect()
}

#[test]
fn a_whole_log_with_a_saved_checkpoint_is_proven() {
    let receipts = log(21);
    let report = walk(&receipts, vec![checkpoint(&receipts[..13])], Some(&signed(&receipts, &key(1))));
    assert_eq!((report.outcome, report.anchored, report.receipts), (Outcome::Proven, 13, 21), "{report}");
    assert_eq!(report.kinds["brief.drafted"], 10);
    let text = report.to_string();
    assert!(text.contains("receipts 1 to 13 are exactly those of the checkpoint of size 13"), "{text}");
    assert!(text.contains("that receipts 14 to 21 were never rewritten or cut off"), "{text}");
    let unsorted = vec![checkpoint(&receipts[..13]), checkpoint(&receipts[..5]), checkpoint(&receipts[..17])];
    assert_eq!(walk(&receipts, unsorted, Some(&signed(&receipts, &key(1)))).anchored, 17);
    let whole = walk(&receipts, vec![checkpoint(&receipts)], Some(&signed(&receipts, &key(1))));
    assert!(!whole.to_string().contains("never rewritten"), "{whole}");
}

#[test]
fn missing_evidence_is_told_and_not_called_proven() {
    let receipts = log(4);
    let head = signed(&receipts, &key(1));
    let codes = |report: &Report| report.lacking.iter().map(|lack| lack.code).collect::<Vec<_>>();
    let report = walk(&receipts, Vec::new(), Some(&head));
    assert_eq!((report.outcome, codes(&report)), (Outcome::Incomplete, vec!["OP-6020"]));
    assert_eq!(report.outcome.exit_status(), 4);
    let report = walk(&receipts, vec![checkpoint(&receipts)], None);
    assert_eq!((report.outcome, codes(&report)), (Outcome::Incomplete, vec!["OP-6021"]));
    let mut verifier = Verifier::new(Keyring::enclosed(pinned(&key(1)).keys().to_vec()), vec![checkpoint(&receipts)]);
    receipts.iter().for_each(|r| verifier.push(r.seq, &r.bytes));
    let report = verifier.finish(Some(&head));
    assert_eq!((report.outcome, codes(&report)), (Outcome::Incomplete, vec!["OP-6022"]));
    // A checkpoint of nothing is no evidence.
    let empty = Checkpoint::new(ORIGIN, 0, checkpoint(&[]).root().to_owned()).unwrap();
    assert_eq!(walk(&receipts, vec![empty], Some(&head)).outcome, Outcome::Incomplete);
    assert_eq!(walk(&[], Vec::new(), None).outcome, Outcome::Incomplete);
}

#[test]
fn an_altered_receipt_is_named_even_when_its_leaf_is_not_stored() {
    let mut receipts = log(20);
    let head = signed(&receipts, &key(1));
    let saved = vec![checkpoint(&receipts[..8]), checkpoint(&receipts[..16])];
    let text = String::from_utf8(receipts[10].bytes.clone()).unwrap();
    receipts[10].bytes = text.replace("1234", "1235").into_bytes();
    let report = walk(&receipts, saved.clone(), Some(&head));
    assert!(matches!(first(&report), Finding::Altered { seq: 11, .. }), "{report}");
    // The other receipts are still proven, because the stored leaf still gives the signed root.
    assert_eq!((report.found, report.anchored), (1, 16));
    assert!(report.proven.iter().all(|sentence| sentence.starts_with("apart from the receipts named as altered, ")));
    // With the leaf made to fit, the checkpoints leave a range.
    receipts[10].leaf = leaf_hash(&receipts[10].bytes);
    let report = walk(&receipts, saved, Some(&head));
    assert!(matches!(first(&report), Finding::Contradicts { from: 9, to: 16, forked: false }), "{report}");
    let report = walk(&receipts, Vec::new(), Some(&head));
    assert_eq!(first(&report), &Finding::RootDiffers { from: 1, to: 20 });
}

#[test]
fn a_log_rewritten_without_the_key_is_found_by_its_head() {
    let receipts = log(12);
    let mut entries: Vec<Entry> = (1..=12).map(entry).collect();
    entries.remove(5);
    let forged = rechain(&entries);
    let report = walk(&forged, Vec::new(), Some(&signed(&receipts, &key(1))));
    assert_eq!(first(&report), &Finding::Truncated { last: 11, size: 12, saved: false });
    let report = walk(&forged, Vec::new(), Some(&signed(&forged, &key(2))));
    assert!(matches!(first(&report), Finding::Head { code: "OP-6005", .. }), "{report}");
}

#[test]
fn a_log_rewritten_with_the_key_is_found_by_a_saved_checkpoint() {
    let receipts = log(12);
    let saved = vec![checkpoint(&receipts[..3]), checkpoint(&receipts[..9])];
    let mut entries: Vec<Entry> = (1..=12).map(entry).collect();
    entries[5] = entry(77);
    let forged = rechain(&entries);
    let report = walk(&forged, saved, Some(&signed(&forged, &key(1))));
    assert_eq!(first(&report), &Finding::Contradicts { from: 4, to: 9, forked: true });
    assert_eq!(first(&report).code(), "OP-6016");
}

#[test]
fn a_restored_backup_that_went_on_is_a_fork() {
    let receipts = log(12);
    let mut entries: Vec<Entry> = (1..=7).map(entry).collect();
    entries.extend((50..60).map(entry));
    let other = rechain(&entries);
    let saved = vec![checkpoint(&receipts[..7]), checkpoint(&receipts)];
    let report = walk(&other, saved, Some(&signed(&other, &key(1))));
    assert_eq!(first(&report), &Finding::Contradicts { from: 8, to: 12, forked: true });
}

#[test]
fn a_cut_end_is_found_by_the_head_and_a_rolled_back_head_by_a_saved_checkpoint() {
    let receipts = log(12);
    let head = signed(&receipts, &key(1));
    let report = walk(&receipts[..9], Vec::new(), Some(&head));
    assert_eq!(first(&report), &Finding::Truncated { last: 9, size: 12, saved: false });
    let report = walk(&receipts[..9], vec![checkpoint(&receipts)], Some(&signed(&receipts[..9], &key(1))));
    assert_eq!(first(&report), &Finding::Truncated { last: 9, size: 12, saved: true });
    let report = walk(&[], vec![checkpoint(&receipts)], None);
    assert_eq!(first(&report), &Finding::Truncated { last: 0, size: 12, saved: true });
}

#[test]
fn what_stands_after_the_head_is_not_vouched_for() {
    let receipts = log(12);
    let report = walk(&receipts, Vec::new(), Some(&signed(&receipts[..10], &key(1))));
    assert_eq!(first(&report), &Finding::Unsigned { from: 11, to: 12 });
}

#[test]
fn a_receipt_under_a_wrong_number_is_named() {
    let mut receipts = log(6);
    let head = signed(&receipts, &key(1));
    receipts[3].seq = 2;
    let report = walk(&receipts, Vec::new(), Some(&head));
    assert!(matches!(first(&report), Finding::Altered { seq: 4, .. }), "{report}");
    assert_eq!(report.found, 1, "the rest is as it was: {report}");
    receipts[3].seq = 4;
    let (bytes, leaf) = (receipts[4].bytes.clone(), receipts[4].leaf);
    receipts[2].bytes = bytes;
    receipts[2].leaf = leaf;
    let report = walk(&receipts, Vec::new(), Some(&head));
    assert!(matches!(first(&report), Finding::Altered { seq: 3, .. }), "{report}");
}

#[test]
fn checkpoints_of_another_log_and_revoked_keys_are_refused() {
    let receipts = log(5);
    let head = signed(&receipts, &key(1));
    let foreign = Checkpoint::new("receipts.example/other", 5, *checkpoint(&receipts).root()).unwrap();
    let report = walk(&receipts, vec![foreign], Some(&head));
    assert!(matches!(first(&report), Finding::WrongOrigin { .. }), "{report}");
    let revoked = Keyring::pinned(vec![(key(1).verifier().clone(), KeyState::Revoked)]);
    let mut verifier = Verifier::new(revoked, vec![checkpoint(&receipts)]);
    receipts.iter().for_each(|r| verifier.push(r.seq, &r.bytes));
    let report = verifier.finish(Some(&head));
    assert!(matches!(first(&report), Finding::Head { code: "OP-6006", .. }), "{report}");
}

#[test]
fn a_log_whose_key_was_rotated_verifies_through_and_through() {
    let receipts = log(9);
    let (old, new) = (key(1), key(2));
    let ring = Keyring::pinned(vec![
        (old.verifier().clone(), KeyState::Retired { last_size: 4 }),
        (new.verifier().clone(), KeyState::Active),
    ]);
    let saved = [signed(&receipts[..3], &old), signed(&receipts[..6], &new)];
    let saved = saved.iter().map(|note| ring.open(note).unwrap().checkpoint).collect();
    let mut verifier = Verifier::new(ring, saved);
    receipts.iter().for_each(|r| verifier.push(r.seq, &r.bytes));
    let report = verifier.finish(Some(&signed(&receipts, &new)));
    assert_eq!((report.outcome, report.anchored), (Outcome::Proven, 6), "{report}");
}

#[test]
fn two_saved_checkpoints_of_one_size_that_differ_are_a_contradiction() {
    let receipts = log(9);
    let forged = Checkpoint::new(ORIGIN, 6, [7; 32]).unwrap();
    let saved = vec![checkpoint(&receipts[..4]), checkpoint(&receipts[..6]), forged];
    let report = walk(&receipts, saved, Some(&signed(&receipts, &key(1))));
    assert_eq!(first(&report), &Finding::Contradicts { from: 5, to: 6, forked: true });
}

#[test]
fn machines_read_code_and_sentence_of_each_finding() {
    let receipts = log(9);
    let report = walk(&receipts[..8], Vec::new(), Some(&signed(&receipts, &key(1))));
    let value = serde_json::to_value(&report).unwrap();
    assert_eq!(value["outcome"], "tampered");
    assert_eq!(value["findings"][0]["code"], "OP-6014");
    assert_eq!(value["findings"][0]["finding"], "truncated");
    assert_eq!(value["findings"][0]["size"], 9);
    assert_eq!(value["findings"][0]["text"], report.findings[0].to_string());
    let report = walk(&receipts, Vec::new(), Some(&signed(&receipts, &key(2))));
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(text.matches("\"code\":\"OP-6005\"").count(), 1, "{text}");
}

#[test]
fn a_walk_over_the_newest_receipts_is_checked_but_never_called_whole() {
    let receipts = log(20);
    let head = signed(&receipts, &key(1));
    let edge = |size: usize| {
        let mut edge = Frontier::new();
        receipts[..size].iter().for_each(|receipt| edge.append(receipt.leaf));
        edge
    };
    let resume = |edge: Frontier, saved: &[usize], from: usize| {
        let saved = saved.iter().map(|size| checkpoint(&receipts[..*size])).collect();
        let mut verifier = Verifier::resume(pinned(&key(1)), saved, edge);
        receipts[from..].iter().for_each(|r| verifier.push_with_leaf(r.seq, &r.bytes, &r.leaf));
        verifier.finish(Some(&head))
    };
    let codes = |report: &Report| report.lacking.iter().map(|lack| lack.code).collect::<Vec<_>>();
    for saved in [13, 17, 20] {
        let report = resume(edge(13), &[5, saved], 13);
        assert_eq!((report.outcome, report.anchored), (Outcome::Incomplete, saved as u64), "{report}");
        assert_eq!(codes(&report), ["OP-6023"]);
    }
    assert_eq!(codes(&resume(edge(13), &[5], 13)), ["OP-6023", "OP-6020"]);
    assert_eq!(codes(&resume(edge(20), &[20], 20)), ["OP-6023"]);
    assert_eq!(first(&resume(edge(13), &[], 14)), &Finding::Missing { from: 14, to: 14 });
    let mut forged = edge(12);
    forged.append([1; 32]);
    assert_eq!(first(&resume(forged, &[], 13)), &Finding::RootDiffers { from: 1, to: 20 });
}

#[test]
fn a_saved_checkpoint_that_could_not_be_compared_is_told() {
    let receipts = log(9);
    let report = walk(&receipts[1..], vec![checkpoint(&receipts[..5])], Some(&signed(&receipts, &key(1))));
    assert_eq!(first(&report), &Finding::Missing { from: 1, to: 1 });
    assert!(report.to_string().contains("whether the saved checkpoint of size 5 agrees"), "{report}");
}

#[test]
fn a_hundred_findings_are_kept_and_all_are_counted() {
    let mut receipts = log(150);
    receipts.iter_mut().for_each(|receipt| receipt.bytes.push(b' '));
    let report = walk(&receipts, Vec::new(), None);
    assert_eq!((report.findings.len(), report.found), (100, 150));
    assert!(report.to_string().contains("and 50 more"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_changed_bit_in_a_stored_row_names_the_row(count in 1_usize..30, row in any::<usize>(), place in any::<usize>(), bit in 0_u8..8) {
        let receipts = log(count as u64);
        let head = signed(&receipts, &key(1));
        let row = row % count;
        let seq = row as u64 + 1;
        let mut changed = receipts.clone();
        let at = place % changed[row].bytes.len();
        changed[row].bytes[at] ^= 1 << bit;
        let report = walk(&changed, vec![checkpoint(&receipts)], Some(&head));
        prop_assert!(matches!(first(&report), Finding::Altered { seq: named, .. } if *named == seq), "{}", report);
        prop_assert_eq!(report.found, 1);

        // Without the stored leaf the receipt is named when its form is broken, otherwise a range holds it.
        let mut verifier = Verifier::new(pinned(&key(1)), vec![checkpoint(&receipts[..row])]);
        changed.iter().for_each(|r| verifier.push(r.seq, &r.bytes));
        match first(&verifier.finish(Some(&head))) {
            Finding::Altered { seq: named, .. } => prop_assert_eq!(*named, seq),
            Finding::RootDiffers { from, to } => prop_assert!((*from..=*to).contains(&seq) && *from == seq),
            other => prop_assert!(false, "{}", other),
        }

        let mut changed = receipts.clone();
        changed[row].leaf[place % 32] ^= 1 << bit;
        let report = walk(&changed, vec![checkpoint(&receipts)], Some(&head));
        prop_assert!(matches!(first(&report), Finding::Altered { seq: named, .. } if *named == seq), "{}", report);
    }

    #[test]
    fn dropped_swapped_doubled_or_moved_receipts_are_named(count in 3_usize..30, one in any::<usize>(), two in any::<usize>()) {
        let receipts = log(count as u64);
        let head = signed(&receipts, &key(1));
        let (low, high) = (one % (count - 1), one % (count - 1) + 1 + two % (count - 1 - one % (count - 1)));
        let place = low as u64 + 1;

        let mut dropped = receipts.clone();
        dropped.remove(low);
        prop_assert_eq!(found(&dropped, &head), Finding::Missing { from: place, to: place });

        let mut swapped = receipts.clone();
        swapped.swap(low, high);
        let jumped = high as u64 + 1;
        prop_assert_eq!(found(&swapped, &head), Finding::Reordered { seq: place, found: jumped });

        let mut moved = receipts.clone();
        let receipt = moved.remove(low);
        moved.insert(high, receipt);
        prop_assert_eq!(
            found(&moved, &head),
            Finding::Reordered { seq: place, found: place + 1 }
        );

        let mut doubled = receipts.clone();
        doubled.insert(high, receipts[low].clone());
        prop_assert_eq!(
            found(&doubled, &head),
            Finding::Duplicated { seq: place, after: high as u64 }
        );

        let report = walk(&receipts[..high], Vec::new(), Some(&head));
        prop_assert_eq!(
            first(&report),
            &Finding::Truncated { last: high as u64, size: count as u64, saved: false }
        );
    }
}
