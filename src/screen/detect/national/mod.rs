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
use super::super::scan::{Digits, Group, Join, Scan, is_one_of};
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
    words: &'static [&'static str],
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

const NUMERIC: &[&[Numeric]] = &[america::NUMERIC, central::NUMERIC, romance::NUMERIC, west::NUMERIC, nordic::NUMERIC, asia::NUMERIC];
const LETTERED: &[&[Lettered]] = &[britain::LETTERED, romance::LETTERED, nordic::LETTERED, asia::LETTERED];

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut index = 0;
    while index < scan.groups.len() {
        index = digits(scan, index, found).map_or(index + 1, |last| last + 1);
    }
    for &(start, end) in &scan.words {
        lettered(scan, start, end, found);
    }
    britain::find(scan, found);
    nordic::find(scan, found);
    passports(scan, found);
}

fn digits(scan: &Scan<'_>, first: usize, found: &mut Vec<Finding>) -> Option<usize> {
    let start = scan.groups.get(first).filter(|group| !group.glued_left)?;
    let inner = start.join == Join::Hyphen || start.join == Join::Slash || start.join == Join::Dot;
    if inner || matches!(scan.before(start.start), b'+' | b'.') || start.len() > 15 {
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
        let kinds = || NUMERIC.iter().flat_map(|pack| pack.iter());
        // Several countries share forms; a word for one of them decides, else the order of the list.
        let named = kinds().filter(|kind| scan.led_by(start.start, 6, kind.words, &[])).find_map(|kind| matched(scan, kind, &number, groups));
        if let Some(finding) = named.or_else(|| kinds().find_map(|kind| matched(scan, kind, &number, groups))) {
            found.push(finding);
            return Some(last);
        }
    }
    None
}

fn matched(scan: &Scan<'_>, kind: &Numeric, number: &Digits, groups: &[Group]) -> Option<Finding> {
    let (start, end) = (groups.first()?.start, groups.last()?.end);
    let formed = groups.len() > 1 && kind.forms.iter().any(|form| form.len() == groups.len() && form.iter().zip(groups).all(|(length, group)| *length == group.len()));
    let length: usize = kind.forms.first()?.iter().sum();
    let row = groups.len() == 1 && number.len() == length;
    let other = kind.forms.iter().any(|form| form.len() == 1 && groups.len() == 1 && form.first() == Some(&number.len()));
    let address = groups.len() == 4 && scan.text.get(start..end).is_some_and(|text| text.parse::<std::net::Ipv4Addr>().is_ok());
    if address || !(formed || row || other) || !(kind.check)(number) {
        return None;
    }
    let alone = match kind.alone {
        Alone::Always => true,
        Alone::Formed => formed,
        Alone::Never => false,
    };
    if alone || scan.led_by(start, 6, kind.words, &[]) {
        let why = format!("the form and the check of {}", kind.called);
        return Some(Finding::new(Kind::NationalId, (start, end), kind.name, Sureness::Proof, why));
    }
    None
}

fn lettered(scan: &Scan<'_>, start: usize, end: usize, found: &mut Vec<Finding>) {
    if !(8..=18).contains(&(end - start)) {
        return;
    }
    let Some(word) = scan.bytes.get(start..end) else { return };
    let mut upper = [0_u8; 18];
    let Some(upper) = upper.get_mut(..word.len()) else { return };
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    if !upper.iter().any(u8::is_ascii_digit) || !upper.is_ascii() {
        return;
    }
    let kinds = LETTERED.iter().flat_map(|pack| pack.iter());
    for kind in kinds.filter(|kind| kind.length == upper.len()) {
        if (kind.check)(upper) {
            let why = format!("the form and the check of {}", kind.called);
            found.push(Finding::new(Kind::NationalId, (start, end), kind.name, Sureness::Proof, why));
        }
    }
}

const PASSPORT: &[&str] = &["passport", "passports", "reisepass", "passnummer", "passeport", "pasaporte", "passaporto", "paspoort"];
const BETWEEN: &[&str] = &["no", "number", "nr", "num", "id", "is", "ist", "est", "numéro", "nummer", "número", "numero", "n", "de", "my", "expires"];

/// Six to nine letters and digits, at least five digits, right after a word for passports.
fn passports(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    for (index, &(start, end)) in scan.words.iter().enumerate() {
        let Some(word) = scan.bytes.get(start..end) else { continue };
        let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
        if !(6..=9).contains(&word.len()) || digits < 5 || !word.iter().all(u8::is_ascii_alphanumeric) {
            continue;
        }
        let mut before = index;
        while before > 0 && index - before < 3 && is_one_of(scan.word(before - 1), BETWEEN) {
            before -= 1;
        }
        if before > 0 && is_one_of(scan.word(before - 1), PASSPORT) {
            let why = "letters and digits right after a word for passports";
            found.push(Finding::new(Kind::NationalId, (start, end), "passport", Sureness::Shape, why));
        }
    }
}
