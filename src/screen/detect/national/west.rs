//! Belgium and the Netherlands. Its own file as a pack of its own.

use super::super::super::check::{is_date, value, weighted};
use super::super::super::words::List;
use super::{Alone, Numeric};

pub(super) const NUMERIC: &[Numeric] = &[
    Numeric {
        name: "be_nrn",
        called: "a Belgian national register number",
        forms: &[&[2, 2, 2, 3, 2]],
        check: national_register,
        alone: Alone::Formed,
        words: List::new(&["rijksregisternummer", "rijksregister", "registre", "nrn", "insz", "niss", "nationaal"]),
    },
    Numeric {
        name: "nl_bsn",
        called: "a Dutch citizen service number",
        forms: &[&[9], &[4, 2, 3], &[3, 3, 3]],
        check: bsn,
        alone: Alone::Never,
        words: List::new(&["bsn", "burgerservicenummer", "sofinummer", "sofi"]),
    },
];

/// The last two digits are 97 minus the remainder of the others by 97; from 2000 on with a 2 before them.
fn national_register(digits: &[u8]) -> bool {
    let Some((body, key)) = digits.split_at_checked(9) else { return false };
    let (body, key) = (value(body), value(key));
    let part = |from: usize| value(digits.get(from..from + 2).unwrap_or_default());
    let born = is_date(part(4), part(2), None) || part(2) == 0;
    digits.len() == 11 && born && (97 - body % 97 == key || 97 - (2_000_000_000 + body) % 97 == key)
}

/// The test of eleven: weights 9 to 2 and minus 1.
fn bsn(digits: &[u8]) -> bool {
    let last = digits.last().copied().map_or(0, u32::from);
    let sum = weighted(digits.get(..8).unwrap_or_default(), &[9, 8, 7, 6, 5, 4, 3, 2]);
    digits.len() == 9 && sum > 0 && (sum + 11 - last).is_multiple_of(11)
}
