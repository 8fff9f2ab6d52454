//! France, Spain, Italy, Portugal. Its own file as a pack of its own.

use super::super::super::check::{value, weighted};
use super::super::super::words::List;
use super::{Alone, Lettered, Numeric};

pub(super) const NUMERIC: &[Numeric] = &[
    Numeric {
        name: "fr_insee",
        called: "a French social security number",
        forms: &[&[1, 2, 2, 2, 3, 3, 2], &[15], &[13, 2]],
        check: insee,
        alone: Alone::Always,
        words: List::NONE,
    },
    Numeric {
        name: "pt_nif",
        called: "a Portuguese tax number",
        forms: &[&[3, 3, 3]],
        check: nif,
        alone: Alone::Never,
        words: List::new(&["nif", "contribuinte"]),
    },
];

pub(super) const LETTERED: &[Lettered] = &[
    Lettered { name: "es_dni", called: "a Spanish DNI or NIE", length: 9, check: dni },
    Lettered { name: "it_codice_fiscale", called: "an Italian codice fiscale", length: 16, check: codice_fiscale },
];

/// Sex, year, month, department, commune, order, and 97 minus the remainder by 97 as key.
fn insee(digits: &[u8]) -> bool {
    let Some((body, key)) = digits.split_at_checked(13) else { return false };
    let month = value(digits.get(3..5).unwrap_or_default());
    let real = matches!(digits.first(), Some(1 | 2)) && matches!(month, 1..=12 | 20..=42 | 50..=99);
    digits.len() == 15 && real && 97 - value(body) % 97 == value(key)
}

fn nif(digits: &[u8]) -> bool {
    let check = match weighted(digits.get(..8).unwrap_or_default(), &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    digits.len() == 9 && digits.first() != Some(&0) && digits.last().copied().map(u32::from) == Some(check)
}

/// Eight digits (or X, Y, Z and seven) and a letter by the remainder by 23.
fn dni(word: &[u8]) -> bool {
    let [first, digits @ .., letter] = word else { return false };
    let lead = match first {
        b'0'..=b'9' => u64::from(first - b'0'),
        b'X'..=b'Z' => u64::from(first - b'X'),
        _ => return false,
    };
    if digits.len() != 7 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = digits.iter().fold(lead, |number, digit| number * 10 + u64::from(digit - b'0'));
    let place = usize::try_from(number % 23).unwrap_or(0);
    b"TRWAGMYFPDXBNJZSQVHLCKE".get(place) == Some(letter)
}

/// Fifteen characters by name, date and place of birth, and a check letter (DM 23/12/1976).
fn codice_fiscale(word: &[u8]) -> bool {
    // Letters that stand for digits when two persons would share a code.
    let digit = |byte: u8| byte.is_ascii_digit() || b"LMNPQRSTUV".contains(&byte);
    let form = word.iter().enumerate().all(|(place, &byte)| match place {
        6 | 7 | 9 | 10 | 12..=14 => digit(byte),
        8 => b"ABCDEHLMPRST".contains(&byte),
        _ => byte.is_ascii_uppercase(),
    });
    if word.len() != 16 || !form {
        return false;
    }
    let sum: u32 = word
        .iter()
        .take(15)
        .enumerate()
        .map(|(place, &byte)| {
            let rank = usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
            if place % 2 == 1 { u32::try_from(rank).unwrap_or(0) } else { ODD.get(rank).copied().unwrap_or(0) }
        })
        .sum();
    word.last().copied().map(u32::from) == Some(u32::from(b'A') + sum % 26)
}

/// Values of the characters in odd places, for 0 or A upwards.
const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
