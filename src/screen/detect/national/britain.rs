//! Britain and Ireland: national insurance number, PPS number. Its own file as a pack of its own.

use super::super::super::finding::{Finding, Sureness};
use super::super::super::kind::Kind;
use super::super::super::scan::Scan;
use super::Lettered;

pub(super) const LETTERED: &[Lettered] = &[
    Lettered { name: "uk_nino", called: "a UK national insurance number", length: 9, check: nino },
    Lettered { name: "ie_pps", called: "an Irish PPS number", length: 8, check: pps },
    Lettered { name: "ie_pps", called: "an Irish PPS number", length: 9, check: pps },
];

/// `AB 12 34 56 C`, written with spaces.
pub(super) fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    for window in scan.words.windows(5) {
        let [(start, first), .., (last, end)] = *window else { continue };
        if first - start != 2 || end - last != 1 || end - start != 13 {
            continue;
        }
        let number: Vec<u8> = scan
            .bytes
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte != b' ')
            .map(u8::to_ascii_uppercase)
            .collect();
        if number.len() == 9 && nino(&number) {
            let why = "the form of a UK national insurance number";
            found.push(Finding::new(Kind::NationalId, (start, end), "uk_nino", Sureness::Proof, why));
        }
    }
}

/// No check digit exists; the prefix follows HMRC's rules (NIM39110).
fn nino(word: &[u8]) -> bool {
    let [a, b, digits @ .., suffix] = word else { return false };
    word.len() == 9
        && a.is_ascii_uppercase()
        && b.is_ascii_uppercase()
        && !b"DFIQUV".contains(a)
        && !b"DFIQUVO".contains(b)
        && !matches!(&[*a, *b], b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ")
        && digits.iter().all(u8::is_ascii_digit)
        && matches!(suffix, b'A'..=b'D')
}

/// Seven digits, a check letter by weights 8 to 2 over 23, and for newer numbers a letter of weight 9.
fn pps(word: &[u8]) -> bool {
    let Some((digits, letters)) = word.split_at_checked(7) else { return false };
    if !digits.iter().all(u8::is_ascii_digit) || !letters.iter().all(u8::is_ascii_uppercase) {
        return false;
    }
    let sum: u32 = digits.iter().zip((2..=8).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let second = match letters {
        [_] => 0,
        [_, second @ b'A'..=b'I'] => u32::from(second - b'A' + 1) * 9,
        _ => return false,
    };
    let expected = match (sum + second) % 23 {
        0 => b'W',
        rest => b'A' + u8::try_from(rest - 1).unwrap_or(0),
    };
    letters.first() == Some(&expected)
}
