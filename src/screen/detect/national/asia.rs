//! India and Singapore, and Australia. Its own file as a pack of its own.

use super::super::super::check::{verhoeff, weighted};
use super::super::super::words::List;
use super::{Alone, Lettered, Numeric};

pub(super) const NUMERIC: &[Numeric] = &[
    Numeric {
        name: "in_aadhaar",
        called: "an Indian Aadhaar number",
        forms: &[&[4, 4, 4]],
        check: |digits| digits.len() == 12 && !matches!(digits.first(), Some(0 | 1)) && verhoeff(digits),
        alone: Alone::Formed,
        words: List::new(&["aadhaar", "aadhar", "uid", "uidai"]),
    },
    Numeric {
        name: "au_tfn",
        called: "an Australian tax file number",
        forms: &[&[3, 3, 3]],
        check: |digits| digits.len() == 9 && weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11),
        alone: Alone::Never,
        words: List::new(&["tfn", "tfns"]),
    },
];

pub(super) const LETTERED: &[Lettered] =
    &[Lettered { name: "sg_nric", called: "a Singapore NRIC or FIN", length: 9, check: nric }];

/// A letter for the series, seven digits, a check letter.
fn nric(word: &[u8]) -> bool {
    let [series, digits @ .., check] = word else { return false };
    if digits.len() != 7 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let values: Vec<u8> = digits.iter().map(|digit| digit - b'0').collect();
    let sum = weighted(&values, &[2, 7, 6, 5, 4, 3, 2]);
    let (shift, letters) = match series {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        _ => return false,
    };
    usize::try_from((sum + shift) % 11).ok().and_then(|place| letters.get(place)) == Some(check)
}
