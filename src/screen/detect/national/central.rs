//! Germany, Austria, Switzerland, Poland, Czechia and Slovakia. Its own file as a pack of its own.

use super::super::super::check::{is_date, mod_11_10, value, weighted};
use super::super::super::words::List;
use super::{Alone, Numeric};

pub(super) const NUMERIC: &[Numeric] = &[
    Numeric {
        name: "de_steuer_id",
        called: "a German tax number of a person",
        forms: &[&[2, 3, 3, 3]],
        check: steuer_id,
        alone: Alone::Formed,
        words: List::new(&[
            "steuer",
            "steuerid",
            "steuernummer",
            "identifikationsnummer",
            "idnr",
            "steueridentifikationsnummer",
            "tin",
            "tax",
            "idnummer",
        ]),
    },
    Numeric {
        name: "at_svnr",
        called: "an Austrian social insurance number",
        forms: &[&[4, 6]],
        check: svnr,
        alone: Alone::Formed,
        words: List::new(&["svnr", "sv", "sozialversicherungsnummer", "versicherungsnummer", "sozialversicherung"]),
    },
    Numeric {
        name: "ch_ahv",
        called: "a Swiss AHV number",
        forms: &[&[3, 4, 4, 2]],
        check: ahv,
        alone: Alone::Always,
        words: List::NONE,
    },
    Numeric {
        name: "pl_pesel",
        called: "a Polish PESEL",
        forms: &[&[11]],
        check: pesel,
        alone: Alone::Never,
        words: List::new(&["pesel"]),
    },
    Numeric {
        name: "cz_rodne_cislo",
        called: "a Czech or Slovak birth number",
        forms: &[&[6, 4]],
        check: birth_number,
        alone: Alone::Formed,
        words: List::new(&["rodné", "rodne", "rč", "číslo", "cislo"]),
    },
];

/// One digit occurs two or three times among the first ten, and the last checks them (MOD 11,10).
fn steuer_id(digits: &[u8]) -> bool {
    let mut counts = [0_u8; 10];
    for digit in digits.iter().take(10) {
        if let Some(count) = counts.get_mut(usize::from(*digit)) {
            *count += 1;
        }
    }
    let repeated = counts.iter().filter(|count| **count > 1).count();
    digits.len() == 11
        && digits.first() != Some(&0)
        && repeated == 1
        && counts.iter().all(|count| *count <= 3)
        && mod_11_10(digits)
}

fn svnr(digits: &[u8]) -> bool {
    let [a, b, c, check, date @ ..] = digits else { return false };
    let rest = (weighted(&[*a, *b, *c], &[3, 7, 9]) + weighted(date, &[5, 8, 4, 2, 1, 6])) % 11;
    let part = |from: usize| value(date.get(from..from + 2).unwrap_or_default());
    digits.len() == 10 && *a != 0 && rest == u32::from(*check) && is_date(part(0), part(2).min(12), None)
}

/// Country code 756 and the check digit of an EAN-13.
fn ahv(digits: &[u8]) -> bool {
    digits.len() == 13
        && digits.starts_with(&[7, 5, 6])
        && weighted(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

fn pesel(digits: &[u8]) -> bool {
    let part = |from: usize| value(digits.get(from..from + 2).unwrap_or_default());
    digits.len() == 11
        && is_date(part(4), part(2) % 20, None)
        && weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}

fn birth_number(digits: &[u8]) -> bool {
    let part = |from: usize| value(digits.get(from..from + 2).unwrap_or_default());
    let month = match part(2) {
        month @ 1..=12 => month,
        month @ 21..=32 => month - 20,
        month @ 51..=62 => month - 50,
        month @ 71..=82 => month - 70,
        _ => return false,
    };
    // Until 1985 a remainder of ten was written as zero.
    let ten = value(digits.get(..9).unwrap_or_default()) % 11 == 10 && digits.last() == Some(&0);
    digits.len() == 10 && is_date(part(4), month, None) && (value(digits).is_multiple_of(11) || ten)
}
