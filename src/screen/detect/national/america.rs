//! The Americas: United States, Canada, Brazil. Its own file as a pack of its own.

use super::super::super::check::{luhn, value};
use super::super::super::words::List;
use super::{Alone, Numeric};

pub(super) const NUMERIC: &[Numeric] = &[
    Numeric {
        name: "us_ssn",
        called: "a US social security number",
        forms: &[&[3, 2, 4]],
        check: ssn,
        alone: Alone::Formed,
        words: List::new(&["ssn", "ssns", "social", "security", "itin", "taxpayer", "ss#"]),
    },
    Numeric {
        name: "br_cpf",
        called: "a Brazilian CPF",
        forms: &[&[3, 3, 3, 2]],
        check: cpf,
        alone: Alone::Formed,
        words: List::new(&["cpf"]),
    },
    Numeric {
        name: "ca_sin",
        called: "a Canadian social insurance number",
        forms: &[&[3, 3, 3]],
        check: |digits| luhn(digits) && !matches!(digits.first(), Some(0 | 8)),
        alone: Alone::Never,
        words: List::new(&["sin", "nas", "insurance", "assurance"]),
    },
];

/// No check digit exists; areas 000 and 666, group 00 and serial 0000 are never given out. Numbers from
/// 900 are taxpayer numbers (ITIN), given to persons as well.
fn ssn(digits: &[u8]) -> bool {
    let part = |from: usize, to: usize| value(digits.get(from..to).unwrap_or_default());
    !matches!(part(0, 3), 0 | 666)
        && part(3, 5) != 0
        && part(5, 9) != 0
        && !digits.windows(2).all(|pair| pair.first() == pair.last())
}

fn cpf(digits: &[u8]) -> bool {
    let sign = |upto: usize, from: u32| {
        let sum: u32 =
            digits.iter().take(upto).zip((2..=from).rev()).map(|(&digit, weight)| u32::from(digit) * weight).sum();
        match sum * 10 % 11 {
            10 => 0,
            rest => rest,
        }
    };
    let given = |place: usize| digits.get(place).copied().map_or(99, u32::from);
    let varied = digits.iter().any(|digit| Some(digit) != digits.first());
    varied && sign(9, 10) == given(9) && sign(10, 11) == given(10)
}
