//! Payment card numbers (ISO/IEC 7812).
//!
//! Its own file for its two ways of being sure: an issuer's range with a right check digit, or a number
//! of the right length where the words speak of a card. People mistype cards too, and a mistyped card is
//! still nobody else's business, so the second way does not ask for the check digit.

use super::super::check::{luhn, value};
use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::{Digits, Join, Scan};
use super::super::words::List;
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "card",
        kind: Kind::Card,
        looks_for: "an issuer's range with a right check digit, or 12 to 19 digits after a word for cards",
    },
    find,
};

static CARD: List = List::new(&[
    "card",
    "cards",
    "cc",
    "visa",
    "mastercard",
    "amex",
    "maestro",
    "discover",
    "creditcard",
    "pan",
    "debit",
    "kreditkarte",
    "kreditkartennummer",
    "karte",
    "kartennummer",
    "carte",
    "tarjeta",
    "carta",
    "cartao",
    "cartão",
    "creditcardnummer",
    "kaart",
    "kaartnummer",
    "kort",
    "kortnummer",
    "karta",
    "karty",
    "luottokortti",
    "kortti",
    "ccnum",
    "cardnumber",
    "card_number",
]);
static NOT_CARD: List = List::new(&[
    "order",
    "invoice",
    "tracking",
    "ticket",
    "sim",
    "iccid",
    "imei",
    "ean",
    "isbn",
    "gtin",
    "shipment",
    "parcel",
    "serial",
    "phone",
    "tel",
    "telephone",
    "mobile",
    "call",
    "fax",
    "account",
    "iban",
    "reference",
    "ref",
    "po",
    "sku",
]);

/// Published numbers for trying payments out.
const TEST_CARDS: [u64; 12] = [
    4_111_111_111_111_111,
    4_242_424_242_424_242,
    4_012_888_888_881_881,
    4_000_056_655_665_556,
    5_555_555_555_554_444,
    5_105_105_105_105_100,
    2_223_003_122_003_222,
    378_282_246_310_005,
    371_449_635_398_431,
    6_011_111_111_111_117,
    30_569_309_025_904,
    3_530_111_333_300_000,
];

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut index = 0;
    while index < scan.groups.len() {
        match at(scan, index) {
            Some((finding, last)) => {
                found.push(finding);
                index = last + 1;
            }
            None => index += 1,
        }
    }
}

/// The card that starts with group `first`, and its last group.
fn at(scan: &Scan<'_>, first: usize) -> Option<(Finding, usize)> {
    let start = scan.groups.get(first).filter(|group| !group.glued_left && group.len() <= 19)?;
    let mut joins = None;
    let mut total = start.len();
    let mut last = first;
    let mut proven = None;
    loop {
        let group = scan.groups.get(last)?;
        if group.glued_right && last == first {
            return None;
        }
        if (12..=19).contains(&total) && !group.glued_right {
            let digits = scan.digits(first, last);
            // The shortest cards are found only when nothing hangs on: longer numbers often hold one by chance.
            let next = scan.groups.get(last + 1).map_or(Join::Apart, |next| next.join);
            let alone = start.join == Join::Apart && next == Join::Apart;
            if issuer(&digits) && luhn(&digits) && is_grouped(scan, first, last) && (total > 12 || alone) {
                proven = Some(last);
            }
        }
        let Some(next) = scan.groups.get(last + 1) else { break };
        let fits =
            matches!(next.join, Join::Space | Join::Hyphen | Join::Dot) && joins.is_none_or(|join| join == next.join);
        if !fits || next.glued_right || total + next.len() > 19 {
            break;
        }
        joins = Some(next.join);
        total += next.len();
        last += 1;
    }
    let span = |last: usize| scan.groups.get(last).map(|group| (start.start, group.end));
    if let Some(last) = proven {
        let reserved = TEST_CARDS.contains(&value(&scan.digits(first, last)));
        let why = "an issuer's range and a right check digit";
        let finding = Finding::new(Kind::Card, span(last)?, "card", Sureness::Proof, why).reserved(reserved);
        return Some((finding, last));
    }
    let whole = (12..=19).contains(&total) && (last == first || is_grouped(scan, first, last));
    if whole && (scan.led_by(start.start, 8, &CARD, &NOT_CARD) || scan.followed_by(span(last)?.1, 1, &CARD)) {
        let why = "12 to 19 digits where the words speak of a card";
        return Some((Finding::new(Kind::Card, span(last)?, "card", Sureness::Shape, why), last));
    }
    None
}

/// Cards are written in one piece or in pieces of four to seven digits, the last being shorter at times.
fn is_grouped(scan: &Scan<'_>, first: usize, last: usize) -> bool {
    (first..last).all(|index| scan.groups.get(index).is_some_and(|group| (4..=7).contains(&group.len())))
        || first == last
}

/// Whether the first digits and the length belong to an issuer.
fn issuer(digits: &Digits) -> bool {
    let lead = |count: usize| value(digits.get(..count).unwrap_or_default());
    match digits.len() {
        13 => lead(1) == 4,
        14 => matches!(lead(3), 300..=305 | 309) || matches!(lead(2), 36 | 38 | 39),
        15 => matches!(lead(2), 34 | 37) || matches!(lead(4), 1800 | 2131),
        16 => {
            lead(1) == 4
                || matches!(lead(2), 35 | 51..=55 | 62 | 64 | 65 | 67 | 50 | 56..=58 | 60 | 81)
                || matches!(lead(4), 2200..=2204 | 2221..=2720)
        }
        17 | 18 => lead(2) == 62 || matches!(lead(4), 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763),
        19 => {
            lead(1) == 4
                || matches!(lead(2), 62 | 64 | 65)
                || matches!(lead(4), 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763)
        }
        12 => matches!(lead(4), 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763),
        _ => false,
    }
}
