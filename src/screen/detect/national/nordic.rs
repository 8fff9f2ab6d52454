//! Sweden, Norway, Denmark, Finland. Its own file as a pack of its own.

use super::super::super::check::{is_date, luhn, value, weighted};
use super::super::super::finding::{Finding, Sureness};
use super::super::super::kind::Kind;
use super::super::super::scan::Scan;
use super::super::super::words::List;
use super::{Alone, Lettered, Numeric};

pub(super) const NUMERIC: &[Numeric] = &[
    Numeric {
        name: "se_personnummer",
        called: "a Swedish personnummer",
        forms: &[&[6, 4], &[8, 4], &[12]],
        check: personnummer,
        alone: Alone::Formed,
        words: List::new(&["personnummer", "pnr", "personnr", "samordningsnummer"]),
    },
    Numeric {
        name: "no_fodselsnummer",
        called: "a Norwegian fødselsnummer",
        forms: &[&[6, 5], &[11]],
        check: fodselsnummer,
        alone: Alone::Always,
        words: List::NONE,
    },
    Numeric {
        name: "dk_cpr",
        called: "a Danish CPR number",
        forms: &[&[6, 4]],
        check: cpr,
        alone: Alone::Never,
        words: List::new(&["cpr", "personnummer", "cprnr"]),
    },
];

pub(super) const LETTERED: &[Lettered] =
    &[Lettered { name: "fi_hetu", called: "a Finnish personal identity code", length: 11, check: hetu }];

static HETU: List = List::new(&["hetu", "henkilötunnus"]);

/// `ddmmyy-nnnc` and `ddmmyy+nnnc`: the sign parts the word in two.
pub(super) fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    for window in scan.words.windows(2) {
        let [(start, first), (last, end)] = *window else { continue };
        if first - start != 6 || end - last != 4 || end - start != 11 {
            continue;
        }
        let upper: Vec<u8> = scan.bytes.get(start..end).unwrap_or_default().to_ascii_uppercase();
        if hetu(&upper) && (!scan.byte(end - 1).is_ascii_digit() || scan.led_by(start, 6, &HETU, &List::NONE)) {
            let why = "the form and the check of a Finnish personal identity code";
            found.push(Finding::new(Kind::NationalId, (start, end), "fi_hetu", Sureness::Proof, why));
        }
    }
}

fn pair(digits: &[u8], from: usize) -> u64 {
    value(digits.get(from..from + 2).unwrap_or_default())
}

/// Date (day plus 60 for coordination numbers), three digits, and Luhn over the last ten.
fn personnummer(digits: &[u8]) -> bool {
    let ten = digits.get(digits.len().saturating_sub(10)..).unwrap_or_default();
    let century = digits.len() == 10 || matches!(pair(digits, 0), 19 | 20);
    let day = pair(ten, 4);
    ten.len() == 10 && century && is_date(if day > 60 { day - 60 } else { day }, pair(ten, 2), None) && luhn(ten)
}

/// Date, three digits, two check digits by eleven.
fn fodselsnummer(digits: &[u8]) -> bool {
    let day = pair(digits, 0);
    digits.len() == 11
        && is_date(if day > 40 { day - 40 } else { day }, pair(digits, 2), None)
        && weighted(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// A date; numbers since 2007 carry no check digit.
fn cpr(digits: &[u8]) -> bool {
    digits.len() == 10 && is_date(pair(digits, 0), pair(digits, 2), None)
}

/// Date, century sign, three digits, and a check character by the remainder by 31.
fn hetu(word: &[u8]) -> bool {
    let [date @ .., sign, a, b, c, check] = word else { return false };
    let digits: Vec<u8> =
        date.iter().chain([a, b, c]).filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect();
    let place = usize::try_from(value(&digits) % 31).unwrap_or(0);
    date.len() == 6
        && digits.len() == 9
        && b"+-ABCDEFUVWXY".contains(sign)
        && is_date(pair(&digits, 0), pair(&digits, 2), None)
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(place) == Some(check)
}
