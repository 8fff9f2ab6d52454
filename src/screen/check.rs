//! Check digits: the arithmetic by which a number proves that it is one.
//!
//! Its own file because cards, accounts and the national numbers share it, and because each rule has
//! a published source. All functions take digits as values from 0 to 9 and never panic.

/// The Luhn rule (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let value = u32::from(digit);
            match (place % 2, value) {
                (0, _) => value,
                (_, 5..) => value * 2 - 9,
                _ => value * 2,
            }
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// The remainder of a number by 97 when letters count from 10 to 35 (ISO/IEC 7064 MOD 97-10), for bytes
/// `0-9A-Za-z`.
pub(super) fn mod_97(alphanumeric: impl Iterator<Item = u8>) -> u32 {
    alphanumeric.fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        b'A'..=b'Z' => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
        b'a'..=b'z' => (rest * 100 + u32::from(byte - b'a') + 10) % 97,
        _ => rest,
    })
}

/// ISO/IEC 7064 MOD 11,10: the last digit checks the others.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((&last, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, &digit| {
        let sum = (u32::from(digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(last)
}

/// The sum of digits times weights.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(&digit, weight)| u32::from(digit) * weight).sum()
}

/// The number these digits write.
pub(super) fn value(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |value, &digit| value.wrapping_mul(10).wrapping_add(u64::from(digit)))
}

/// Verhoeff's rule (dihedral group of order ten).
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    let rest = digits.iter().rev().enumerate().fold(0_u8, |rest, (place, &digit)| {
        let moved = (0..place % 8).fold(digit, |digit, _| TURN.get(usize::from(digit)).copied().unwrap_or(0));
        dihedral(rest, moved)
    });
    !digits.is_empty() && rest == 0
}

const TURN: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

fn dihedral(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// Whether `day.month.year` can be a date; `year` may be unknown (`None`), then 29 February passes.
pub(super) fn is_date(day: u64, month: u64, year: Option<u64>) -> bool {
    let leap = year.is_none_or(|year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
    }

    #[test]
    fn published_examples_hold() {
        assert!(luhn(&digits("4111 1111 1111 1111")) && !luhn(&digits("4111 1111 1111 1112")));
        assert_eq!(mod_97("NWBK60161331926819GB29".bytes()), 1);
        assert!(mod_11_10(&digits("86095742719")) && !mod_11_10(&digits("86095742718")));
        assert!(verhoeff(&digits("2363")) && !verhoeff(&digits("2364")));
        assert!(is_date(29, 2, Some(2000)) && !is_date(29, 2, Some(1900)) && !is_date(31, 4, None));
    }
}
