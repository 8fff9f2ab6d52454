//! Numbers that states give to persons, one file a country or a family of countries.
//!
//! Its own folder because countries come and go as packs. INVARIANT: a number is found by its form and its
//! check digit together; where the form is just a row of digits that chance often passes, a word for that
//! number must stand near it too.

mod america;
mod asia;
mod britain;
mod central;
mod nordic;
mod romance;
mod west;

use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::{Digits, Group, Join, Scan};
use super::super::words::List;
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "national",
        kind: Kind::NationalId,
        looks_for: "numbers of persons in 20 countries, by form and check digit; a passport number after its word",
    },
    find,
};

/// A number written in digits.
pub(super) struct Numeric {
    /// Stable name, as it stands in findings.
    name: &'static str,
    /// What a reviewer calls it.
    called: &'static str,
    /// Lengths of the groups in the ways it is written with separators.
    forms: &'static [&'static [usize]],
    /// Whether digits prove the number (check digit, date inside, forbidden ranges).
    check: fn(&[u8]) -> bool,
    /// What makes a form enough without a word nearby.
    alone: Alone,
    /// Words for the number.
    words: List,
}

/// Whether a number may stand without a word for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alone {
    /// Never: chance passes the check too often.
    Never,
    /// When it is written in one of its forms with separators.
    Formed,
    /// In a row of digits too.
    Always,
}

/// A number written in letters and digits, recognised as a whole word (or, for `find`, on its own).
pub(super) struct Lettered {
    name: &'static str,
    called: &'static str,
    /// Length of the word.
    length: usize,
    /// Whether this word, in upper case, is the number.
    check: fn(&[u8]) -> bool,
}

const NUMERIC: &[&[Numeric]] =
    &[america::NUMERIC, central::NUMERIC, romance::NUMERIC, west::NUMERIC, nordic::NUMERIC, asia::NUMERIC];
const LETTERED: &[&[Lettered]] = &[britain::LETTERED, romance::LETTERED, nordic::LETTERED, asia::LETTERED];

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut index = 0;
    while index < scan.groups.len() {
        index = digits(scan, index, found).map_or(index + 1, |last| last + 1);
    }
    // Every number holds a digit.
    if scan.groups.is_empty() {
        return;
    }
    for &(start, end) in &scan.words {
        lettered(scan, start, end, found);
    }
    britain::find(scan, found);
    nordic::find(scan, found);
    passports(scan, found);
}

/// What also bears numbers in groups. Right before a number that chance may form, these rule a person out.
static THINGS: List = List::new(&[
    "part",
    "parts",
    "order",
    "sku",
    "item",
    "invoice",
    "po",
    "article",
    "serial",
    "model",
    "material",
    "catalog",
    "catalogue",
    "isbn",
    "ean",
    "version",
    "quote",
    "artikel",
    "artikelnummer",
    "bestellnummer",
    "teilenummer",
    "tracking",
    "shipment",
    "batch",
    "lot",
]);

fn digits(scan: &Scan<'_>, first: usize, found: &mut Vec<Finding>) -> Option<usize> {
    let start = scan.groups.get(first).filter(|group| !group.glued_left)?;
    let inner = start.join == Join::Hyphen || start.join == Join::Slash || start.join == Join::Dot;
    if inner || matches!(scan.before(start.start), b'+' | b'.') || start.len() > 15 {
        return None;
    }
    // Behind `+` and a country stands a telephone number.
    let mut head = first;
    while head > 0 && first - head < 4 && scan.groups.get(head).is_some_and(|group| group.join != Join::Apart) {
        head -= 1;
    }
    if scan.groups.get(head).is_some_and(|group| scan.before(group.start) == b'+') {
        return None;
    }
    let end = scan.run_end(first);
    let mut total = 0;
    for last in first..end {
        let group = scan.groups.get(last)?;
        total += group.len();
        if total > 15 {
            break;
        }
        let next = scan.groups.get(last + 1);
        let goes_on = next.is_some_and(|next| matches!(next.join, Join::Hyphen | Join::Slash | Join::Dot));
        if total < 9 || group.glued_right || goes_on {
            continue;
        }
        let number = scan.digits(first, last);
        let groups = scan.groups.get(first..=last)?;
        let fitting = || NUMERIC.iter().flat_map(|pack| pack.iter()).filter(|kind| fits(scan, kind, &number, groups));
        // Several countries share forms; a word for one of them decides, else the order of the list.
        let named = fitting().find(|kind| {
            scan.led_by(start.start, 6, &kind.words, &List::NONE) || scan.followed_by(group.end, 5, &kind.words)
        });
        let thing = || scan.led_by(start.start, 3, &THINGS, &List::NONE);
        let alone = || {
            fitting().find(|kind| match kind.alone {
                Alone::Always => true,
                Alone::Formed => groups.len() > 1 && !thing(),
                Alone::Never => false,
            })
        };
        if let Some(kind) = named.or_else(alone) {
            let why = format!("the form and the check of {}", kind.called);
            let span = (start.start, group.end);
            found.push(Finding::new(Kind::NationalId, span, kind.name, Sureness::Proof, why));
            return Some(last);
        }
    }
    None
}

/// Whether these groups have the form of this number, or are its digits in a row, and pass its check.
fn fits(scan: &Scan<'_>, kind: &Numeric, number: &Digits, groups: &[Group]) -> bool {
    let formed = kind.forms.iter().any(|form| form.iter().copied().eq(groups.iter().map(Group::len)));
    let row = groups.len() == 1 && kind.forms.first().is_some_and(|form| form.iter().sum::<usize>() == number.len());
    (formed || row) && (kind.check)(number) && !is_address(scan, groups)
}

/// Four bytes with dots look like some numbers of persons.
fn is_address(scan: &Scan<'_>, groups: &[Group]) -> bool {
    let [first, _, _, last] = groups else { return false };
    scan.text.get(first.start..last.end).is_some_and(|text| text.parse::<std::net::Ipv4Addr>().is_ok())
}

fn lettered(scan: &Scan<'_>, start: usize, end: usize, found: &mut Vec<Finding>) {
    if !(8..=18).contains(&(end - start)) {
        return;
    }
    let Some(word) = scan.bytes.get(start..end) else { return };
    if !word.iter().any(u8::is_ascii_digit) || !word.is_ascii() {
        return;
    }
    let mut upper = [0_u8; 18];
    let Some(upper) = upper.get_mut(..word.len()) else { return };
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    let kinds = LETTERED.iter().flat_map(|pack| pack.iter());
    for kind in kinds.filter(|kind| kind.length == upper.len()) {
        if (kind.check)(upper) {
            let why = format!("the form and the check of {}", kind.called);
            found.push(Finding::new(Kind::NationalId, (start, end), kind.name, Sureness::Proof, why));
        }
    }
}

static PASSPORT: List = List::new(&[
    "passport",
    "passports",
    "reisepass",
    "passnummer",
    "passeport",
    "pasaporte",
    "passaporto",
    "paspoort",
]);
static BETWEEN: List = List::new(&[
    "no", "number", "nr", "num", "id", "is", "ist", "est", "numéro", "nummer", "número", "numero", "n", "de", "my",
    "expires",
]);

/// Six to nine letters and digits, at least five digits, right after a word for passports.
fn passports(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    for (index, &(start, end)) in scan.words.iter().enumerate() {
        if !(6..=9).contains(&(end - start)) {
            continue;
        }
        let Some(word) = scan.bytes.get(start..end) else { continue };
        let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
        if digits < 5 || !word.iter().all(u8::is_ascii_alphanumeric) {
            continue;
        }
        let mut before = index;
        while before > 0 && index - before < 3 && BETWEEN.has(scan.word(before - 1)) {
            before -= 1;
        }
        if before > 0 && PASSPORT.has(scan.word(before - 1)) {
            let why = "letters and digits right after a word for passports";
            found.push(Finding::new(Kind::NationalId, (start, end), "passport", Sureness::Shape, why));
        }
    }
}
