//! International bank account numbers (ISO 13616).
//!
//! Its own file for the table of national lengths. A number proves itself by country, length and the
//! remainder by 97; after the word IBAN the form alone is enough, since people mistype.

use super::super::check::mod_97;
use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::Scan;
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "iban",
        kind: Kind::Iban,
        looks_for: "country, national length and check digits; after the word IBAN the form alone",
    },
    find,
};

/// Length by country, from the IBAN registry.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// Countries whose numbers are digits after the country, from the IBAN registry: "at 0171 20426363 before" is no Austrian account.
const DIGITS_ALONE: &[&[u8; 2]] = &[
    b"AE", b"AT", b"BA", b"BE", b"BI", b"CR", b"CZ", b"DE", b"DJ", b"DK", b"EE", b"EG", b"ES", b"FI", b"FO", b"GL",
    b"HR", b"HU", b"IL", b"IS", b"LT", b"LY", b"ME", b"MN", b"MR", b"NO", b"PL", b"PT", b"RS", b"SD", b"SE", b"SI",
    b"SK", b"SO", b"ST", b"TL", b"TN", b"VA", b"XK",
];

/// Sample accounts of the registry and of payment providers' documentation.
const SAMPLES: &[&[u8]] = &[
    b"GB29NWBK60161331926819",
    b"DE89370400440532013000",
    b"FR1420041010050500013M02606",
    b"NL91ABNA0417164300",
    b"ES9121000418450200051332",
    b"CH9300762011623852957",
    b"AT611904300234573201",
    b"BE68539007547034",
    b"IT60X0542811101000000123456",
];

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    if scan.groups.is_empty() {
        return;
    }
    let mut floor = 0;
    for (index, &(start, end)) in scan.words.iter().enumerate() {
        if start < floor || (end - start < 4 && end - start != 2) {
            continue;
        }
        let named = |reach: usize| {
            (index.saturating_sub(reach)..index).any(|before| matches!(scan.word(before), b"iban" | b"ibans"))
        };
        let Some((number, last)) = national_length(scan, start).and_then(|length| read(scan, start, length)) else {
            // A wrong length, or a country that has none: somebody's account all the same.
            if let Some(last) = looks_alike(scan, start).filter(|_| named(4)) {
                let why = "the form of an account number after the word IBAN, not in its country's length";
                found.push(Finding::new(Kind::Iban, (start, last), "iban", Sureness::Shape, why));
                floor = last;
            }
            continue;
        };
        let right = letters_may_be(&number) && mod_97(number.iter().skip(4).chain(number.iter().take(4)).copied()) == 1;
        if !right && !named(4) {
            continue;
        }
        let (sureness, why) = if right {
            (Sureness::Proof, "country, length and check digits of an account number")
        } else {
            (Sureness::Shape, "the form of an account number after the word IBAN")
        };
        let reserved = SAMPLES.contains(&number.as_slice());
        found.push(Finding::new(Kind::Iban, (start, last), "iban", sureness, why).reserved(reserved));
        floor = last;
    }
}

fn national_length(scan: &Scan<'_>, start: usize) -> Option<usize> {
    let country = [scan.byte(start).to_ascii_uppercase(), scan.byte(start + 1).to_ascii_uppercase()];
    let gap = usize::from(scan.byte(start + 2) == b' ');
    if !(scan.byte(start + 2 + gap).is_ascii_digit() && scan.byte(start + 3 + gap).is_ascii_digit()) {
        return None;
    }
    LENGTHS
        .binary_search_by(|(code, _)| code.as_slice().cmp(&country))
        .ok()
        .and_then(|at| LENGTHS.get(at))
        .map(|(_, length)| *length)
}

/// No letter stands where the number's country has digits alone.
fn letters_may_be(number: &[u8]) -> bool {
    let (country, rest) = number.split_at(number.len().min(2));
    rest.iter().all(u8::is_ascii_digit) || !DIGITS_ALONE.iter().any(|alone| alone.as_slice() == country)
}

/// Where 12 to 34 letters and digits end that begin as an account number does, in one piece or in groups of four.
fn looks_alike(scan: &Scan<'_>, start: usize) -> Option<usize> {
    let head = scan.bytes.get(start..start + 4)?;
    if !matches!(head, [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9']) {
        return None;
    }
    let piece = |from: usize| (from..from + 35).take_while(|at| scan.byte(*at).is_ascii_alphanumeric()).count();
    let mut at = start + piece(start);
    let mut count = at - start;
    while count >= 4 && count.is_multiple_of(4) && count < 34 {
        let next = piece(at + 1);
        let letters = scan.bytes.get(at + 1..at + 1 + next).unwrap_or_default();
        let written = letters.iter().all(|byte| !byte.is_ascii_lowercase()) && letters.iter().any(u8::is_ascii_digit);
        if !matches!(scan.byte(at), b' ' | b'-') || !(1..=4).contains(&next) || !written {
            break;
        }
        (at, count) = (at + 1 + next, count + next);
    }
    let digits = scan.bytes.get(start..at).unwrap_or_default().iter().filter(|byte| byte.is_ascii_digit()).count();
    ((12..=34).contains(&count) && digits >= 8).then_some(at)
}

/// Reads `length` letters and digits from `start` over single spaces and hyphens; in upper case, with the end.
fn read(scan: &Scan<'_>, start: usize, length: usize) -> Option<(Vec<u8>, usize)> {
    let mut number = Vec::with_capacity(length);
    let mut at = start;
    while number.len() < length {
        let byte = scan.byte(at);
        if byte.is_ascii_alphanumeric() {
            number.push(byte.to_ascii_uppercase());
            at += 1;
        } else {
            let gap = match scan.bytes.get(at..).unwrap_or_default() {
                [b' ' | b'-' | b'.', ..] => 1,
                [0xC2, 0xA0, ..] => 2,
                [0xE2, 0x80, 0xAF | 0x87 | 0x89 | 0x90..=0x92, ..] => 3,
                _ => return None,
            };
            at += gap;
        }
    }
    let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
    (!scan.byte(at).is_ascii_alphanumeric() && digits >= 6).then_some((number, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_the_samples_are_right() {
        assert!(LENGTHS.is_sorted());
        assert!(DIGITS_ALONE.is_sorted());
        assert!(DIGITS_ALONE.iter().all(|alone| LENGTHS.iter().any(|(country, _)| country == alone)));
        for sample in SAMPLES {
            assert_eq!(mod_97(sample.iter().skip(4).chain(sample.iter().take(4)).copied()), 1);
            assert!(letters_may_be(sample));
        }
    }
}
