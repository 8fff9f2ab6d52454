//! Exports: whole and partial, and that no damage to the file goes unseen or is put in the wrong place.

use super::{checkpoint, key, log, pinned, signed};
use crate::receipt::export::{Check, Header, Writer, verify_export, write_all};
use crate::receipt::{Checkpoint, Finding, Hash, Outcome, Prover, Report, Sealed};
use proptest::prelude::*;

pub(super) fn whole(receipts: &[Sealed], note: &str) -> Vec<u8> {
    let header = Header::new(note, &pinned(&key(1)), "opspilot 0.1.0", None).unwrap();
    let mut out = Vec::new();
    let count = write_all(&mut out, header, receipts.iter().cloned().map(Ok)).unwrap();
    assert_eq!(count, receipts.len() as u64);
    out
}

pub(super) fn part(receipts: &[Sealed], picked: &[u64], note: &str) -> Vec<u8> {
    let indexes: Vec<u64> = picked.iter().map(|seq| seq - 1).collect();
    let mut prover = Prover::new(receipts.len() as u64, &indexes, &[]);
    receipts.iter().for_each(|receipt| prover.push(receipt.leaf));
    let header = Header::new(note, &pinned(&key(1)), "opspilot 0.1.0", Some("req_1")).unwrap();
    let mut writer = Writer::begin(Vec::new(), header).unwrap();
    for receipt in receipts.iter().filter(|receipt| picked.contains(&receipt.seq)) {
        let path = prover.inclusion(receipt.seq - 1).unwrap();
        writer.push_proven(receipt.seq, &receipt.bytes, &receipt.leaf, &path).unwrap();
    }
    writer.end().unwrap()
}

fn check(file: &[u8], saved: &[Checkpoint]) -> Report {
    verify_export(file, Check { keyring: Some(pinned(&key(1))), saved: saved.to_vec() })
}

/// The line of the file that the first finding points to.
fn first_line(report: &Report, file: &[u8], line_of_seq: impl Fn(u64) -> u64) -> u64 {
    let last = file.iter().filter(|byte| **byte == b'\n').count() as u64;
    match (report.outcome, report.first_bad()) {
        (Outcome::Unreadable, None) => 1,
        (Outcome::Tampered, Some(Finding::Line { line, .. })) => *line,
        (Outcome::Tampered, Some(Finding::CutOff { line })) => line + 1,
        (Outcome::Tampered, Some(Finding::Head { .. })) => last,
        (Outcome::Tampered, Some(finding)) => line_of_seq(finding.seq().unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_whole_export_verifies_with_nothing_but_the_file_the_key_and_a_checkpoint() {
    let receipts = log(15);
    let file = whole(&receipts, &signed(&receipts, &key(1)));
    let report = check(&file, &[checkpoint(&receipts[..10])]);
    assert_eq!(report.outcome, Outcome::Proven, "{report}");
    let own_keys = verify_export(&file[..], Check::default());
    assert_eq!(own_keys.outcome, Outcome::Incomplete);
    assert!(own_keys.to_string().contains("the key that came with them"));
    assert_eq!(check(&file, &[]).outcome, Outcome::Incomplete);
}

#[test]
fn any_byte_flipped_in_a_whole_export_is_found_in_its_line() {
    let receipts = log(5);
    let file = whole(&receipts, &signed(&receipts, &key(1)));
    let saved = [checkpoint(&receipts)];
    let mut line = 1;
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= [0x01, 0x02, 0x10, 0x20, 0x80][at % 5];
        let report = check(&changed, &saved);
        let found = first_line(&report, &file, |seq| seq + 1);
        assert_eq!(found, line, "byte {at}\n{report}");
        line += u64::from(file[at] == b'\n');
    }
}

#[test]
fn any_byte_flipped_in_a_partial_export_is_found_in_its_line() {
    let receipts = log(11);
    let picked = [2, 5, 11];
    let file = part(&receipts, &picked, &signed(&receipts, &key(1)));
    let saved = [checkpoint(&receipts)];
    let mut line = 1;
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= [0x01, 0x02, 0x10, 0x20, 0x80][at % 5];
        let report = check(&changed, &saved);
        let line_of = |seq| picked.iter().position(|own| *own == seq).map_or(0, |at| at as u64 + 2);
        let found = first_line(&report, &file, line_of);
        // A number changed outside the hashed text names a receipt that is not there: line unknown, not wrong.
        assert!(found == line || found == 0, "byte {at}: {found} for {line}\n{report}");
        line += u64::from(file[at] == b'\n');
    }
}

#[test]
fn an_export_cut_anywhere_is_found_where_it_ends() {
    let receipts = log(4);
    let file = whole(&receipts, &signed(&receipts, &key(1)));
    let mut line = 1;
    for at in 0..file.len() {
        let report = check(&file[..at], &[checkpoint(&receipts)]);
        assert_ne!(report.outcome, Outcome::Proven);
        assert_ne!(report.outcome, Outcome::Incomplete, "cut at {at}");
        assert_eq!(first_line(&report, &file[..at], |seq| seq + 1), line, "cut at {at}\n{report}");
        line += u64::from(file[at] == b'\n');
    }
}

#[test]
fn what_is_put_behind_or_before_is_found() {
    let receipts = log(4);
    let file = whole(&receipts, &signed(&receipts, &key(1)));
    for tail in [&b"\n"[..], b"x", b"{}\n", &file] {
        let report = check(&[&file, tail].concat(), &[]);
        assert_eq!(report.first_bad().and_then(|f| matches!(f, Finding::Line { line: 7, .. }).then_some(())), Some(()));
    }
    assert_eq!(check(&[b"\n", &file[..]].concat(), &[]).outcome, Outcome::Unreadable);
    for junk in [&b""[..], b"\n", b"receipts\n", b"\xff\xfe", b"{\"header\":1}\n"] {
        assert_eq!(check(junk, &[]).outcome.exit_status(), 5);
    }
}

#[test]
fn an_endless_line_takes_no_more_memory_than_the_longest_allowed() {
    let receipts = log(2);
    let file = whole(&receipts, &signed(&receipts, &key(1)));
    let header = file.split_inclusive(|byte| *byte == b'\n').next().unwrap();
    let endless = std::io::Read::take(std::io::repeat(b'a'), 8 << 20);
    let input = std::io::BufReader::new(std::io::Read::chain(header, endless));
    let report = verify_export(input, Check { keyring: Some(pinned(&key(1))), saved: Vec::new() });
    assert!(matches!(report.first_bad(), Some(Finding::Line { line: 2, .. })), "{report}");
}

#[test]
fn another_version_of_the_format_is_unreadable_and_not_tampered() {
    let receipts = log(2);
    let file = String::from_utf8(whole(&receipts, &signed(&receipts, &key(1)))).unwrap();
    let header = file.lines().next().unwrap();
    let (start, end) = (header.find(":{").unwrap() + 1, header.find(",\"sha256\"").unwrap());
    let newer = header[start..end].replace("receipts/1", "receipts/2").replace("\"tool\"", "\"time\":1,\"tool\"");
    let sum = crate::receipt::body::hex(&crate::receipt::tree::digest(&[newer.as_bytes()]));
    let report = check(format!("{{\"header\":{newer},\"sha256\":\"{sum}\"}}\n").as_bytes(), &[]);
    assert_eq!(report.outcome, Outcome::Unreadable, "{report}");
}

/// Changes the header of an export and makes its sum fit again, as a forger would.
fn reheaded(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(file).unwrap();
    let (line, rest) = text.split_once('\n').unwrap();
    let inner = &line[line.find(":{").unwrap() + 1..line.find(",\"sha256\"").unwrap()];
    assert!(inner.contains(from), "{inner}");
    let inner = inner.replacen(from, to, 1);
    let sum = crate::receipt::body::hex(&crate::receipt::tree::digest(&[inner.as_bytes()]));
    format!("{{\"header\":{inner},\"sha256\":\"{sum}\"}}\n{rest}").into_bytes()
}

#[test]
fn a_header_that_is_not_of_its_head_is_found() {
    let receipts = log(5);
    let note = signed(&receipts, &key(1));
    let root = format!("\"root\":\"{}\"", checkpoint(&receipts).root_text());
    for (from, to) in [("\"size\":5", "\"size\":6"), (&root, "\"root\":\"\""), ("\"origin\":\"r", "\"origin\":\"x")] {
        let report = check(&reheaded(&whole(&receipts, &note), from, to), &[checkpoint(&receipts)]);
        assert!(matches!(report.first_bad(), Some(Finding::Line { line: 1, .. })), "{to}: {report}");
    }
    // Neither root nor path can be read: still no proof.
    let file = reheaded(&part(&receipts, &[2], &note), &root, "\"root\":\"\"");
    let file = String::from_utf8(file).unwrap().replacen("\"path\":[\"", "\"path\":[\"?", 1);
    assert_eq!(check(file.as_bytes(), &[]).first_bad(), Some(&Finding::Path { seq: 2 }));
}

#[test]
fn lines_dropped_swapped_or_doubled_in_a_partial_export_are_found() {
    let receipts = log(9);
    let file = part(&receipts, &[2, 5, 8], &signed(&receipts, &key(1)));
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let of = |order: &[usize]| check(&order.iter().map(|at| lines[*at]).collect::<Vec<_>>().concat(), &[]);
    assert!(matches!(of(&[0, 1, 3, 4]).first_bad(), Some(Finding::Line { line: 4, .. })));
    assert_eq!(of(&[0, 2, 1, 3, 4]).first_bad(), Some(&Finding::Reordered { seq: 5, found: 2 }));
    assert_eq!(of(&[0, 1, 1, 2, 3, 4]).first_bad(), Some(&Finding::Duplicated { seq: 2, after: 2 }));
}

#[test]
fn a_receipt_line_has_one_spelling_and_a_broken_one_is_one_finding() {
    let receipts = log(5);
    let file = String::from_utf8(whole(&receipts, &signed(&receipts, &key(1)))).unwrap();
    for line in [3_usize, 6] {
        for put in [",\"path\":[],\"receipt\"", ",\"path\":null,\"receipt\"", ", \"receipt\"", ",\"receipts\""] {
            let changed: Vec<String> = file
                .lines()
                .enumerate()
                .map(|(at, text)| if at + 1 == line { text.replacen(",\"receipt\"", put, 1) } else { text.to_owned() })
                .collect();
            let report = check(format!("{}\n", changed.join("\n")).as_bytes(), &[]);
            assert!(matches!(report.first_bad(), Some(Finding::Line { line: l, .. }) if *l == line as u64), "{report}");
            assert_eq!(report.found, 1, "{put}: {report}");
        }
    }
}

#[test]
fn a_partial_export_proves_its_receipts_and_says_that_it_is_partial() {
    let receipts = log(23);
    let file = part(&receipts, &[1, 7, 8, 23], &signed(&receipts, &key(1)));
    let report = check(&file, &[checkpoint(&receipts)]);
    assert_eq!((report.outcome, report.receipts), (Outcome::Proven, 4), "{report}");
    assert!(report.to_string().contains("that these are all receipts about `req_1`"));
    assert_eq!(check(&file, &[checkpoint(&receipts[..9])]).outcome, Outcome::Incomplete);
    let other = Checkpoint::new(super::ORIGIN, 23, [0; 32]).unwrap();
    assert!(matches!(check(&file, &[other]).first_bad(), Some(Finding::Contradicts { .. })));
}

#[test]
fn a_forged_receipt_in_a_partial_export_has_no_path() {
    let receipts = log(9);
    let note = signed(&receipts, &key(1));
    let forged = super::entry(99).seal(4);
    let mut prover = Prover::new(9, &[3], &[]);
    receipts.iter().for_each(|receipt| prover.push(receipt.leaf));
    let path: Vec<Hash> = prover.inclusion(3).unwrap();
    let header = Header::new(&note, &pinned(&key(1)), "opspilot 0.1.0", Some("req_1")).unwrap();
    let mut writer = Writer::begin(Vec::new(), header).unwrap();
    writer.push_proven(4, &forged.bytes, &forged.leaf, &path).unwrap();
    assert!(writer.push(5, &forged.bytes, &forged.leaf).is_err());
    let report = check(&writer.end().unwrap(), &[]);
    assert_eq!(report.first_bad(), Some(&Finding::Path { seq: 4 }));
}

#[test]
fn a_damaged_store_can_be_exported_and_the_damage_is_named() {
    let mut receipts = log(6);
    let note = signed(&receipts, &key(1));
    receipts[2].bytes[40] = 0xff;
    let report = check(&whole(&receipts, &note), &[]);
    assert!(matches!(report.first_bad(), Some(Finding::Altered { seq: 3, .. })), "{report}");
    assert_eq!(report.found, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn lines_dropped_swapped_or_doubled_are_named(count in 3_usize..20, one in any::<usize>(), two in any::<usize>()) {
        let receipts = log(count as u64);
        let file = whole(&receipts, &signed(&receipts, &key(1)));
        let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
        // Receipt lines only: header and end are at 0 and count + 1.
        let low = 1 + one % (count - 1);
        let high = low + 1 + two % (count - low);
        let mut dropped = lines.clone();
        dropped.remove(low);
        prop_assert_eq!(check(&dropped.concat(), &[]).first_bad().unwrap().seq(), Some(low as u64));
        let mut swapped = lines.clone();
        swapped.swap(low, high);
        prop_assert_eq!(check(&swapped.concat(), &[]).first_bad().unwrap().seq(), Some(low as u64));
        let mut doubled = lines.clone();
        doubled.insert(high, lines[low]);
        let after = high as u64 - 1;
        prop_assert_eq!(
            check(&doubled.concat(), &[]).first_bad().unwrap().clone(),
            Finding::Duplicated { seq: low as u64, after }
        );
        let mut last = lines.clone();
        last.remove(count);
        prop_assert_eq!(check(&last.concat(), &[]).first_bad().unwrap().seq(), Some(count as u64));
    }

    #[test]
    fn random_damage_never_passes(count in 1_u64..12, places in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
        let receipts = log(count);
        let file = whole(&receipts, &signed(&receipts, &key(1)));
        let mut changed = file.clone();
        for (place, byte) in places {
            let at = place % changed.len();
            changed[at] = byte;
        }
        let report = check(&changed, &[checkpoint(&receipts)]);
        prop_assert_eq!(report.outcome == Outcome::Proven, changed == file);
    }

    #[test]
    fn nothing_read_makes_the_reader_fail(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let report = check(&bytes, &[]);
        prop_assert_eq!(report.outcome, Outcome::Unreadable);
    }
}
