//! Dates of birth.
//!
//! Its own file because a date alone is no personal data: only the words before it make it one.

use super::super::check::is_date;
use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::{Group, Join, Scan};
use super::super::words::List;
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "birth",
        kind: Kind::DateOfBirth,
        looks_for: "a date after words such as born, date of birth, DOB",
    },
    find,
};

static BORN: List = List::new(&[
    "born",
    "dob",
    "birth",
    "birthdate",
    "birthday",
    "birthdays",
    "d_o_b",
    "date_of_birth",
    "geboren",
    "geburtsdatum",
    "geb",
    "geburtstag",
    "naissance",
    "né",
    "née",
    "nacimiento",
    "nacido",
    "nacida",
    "nascita",
    "nato",
    "nata",
    "geboortedatum",
    "födelsedatum",
    "född",
    "nascimento",
    "syntymäaika",
    "urodzenia",
]);
/// What else has a birthday or a birth.
static NOT_BORN: List =
    List::new(&["party", "order", "delivery", "campaign", "sale", "offer", "discount", "invoice", "due"]);
/// Stems of month names in English, German, French, Spanish, Italian, Dutch and Swedish.
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "ene", "gen"],
    &["feb", "fév", "fev"],
    &["mar", "mär", "maa", "mrt"],
    &["apr", "avr", "abr"],
    &["may", "mai", "mag", "mei", "maj"],
    &["jun", "juin", "giu"],
    &["jul", "juil", "lug"],
    &["aug", "aoû", "ago"],
    &["sep", "set"],
    &["oct", "okt", "ott", "out"],
    &["nov"],
    &["dec", "dez", "déc", "dic"],
];

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut floor = 0;
    for index in 0..scan.groups.len() {
        let Some(first) = scan.groups.get(index).filter(|group| group.start >= floor && group.len() <= 4) else {
            continue;
        };
        let Some((start, end)) = numeric(scan, index).or_else(|| spelled(scan, first)) else { continue };
        if scan.led_by(start, 6, &BORN, &NOT_BORN) {
            floor = end;
            let why = "a date after words for birth";
            found.push(Finding::new(Kind::DateOfBirth, (start, end), "birth", Sureness::Shape, why));
        }
    }
}

fn number(scan: &Scan<'_>, group: &Group) -> u64 {
    scan.text.get(group.start..group.end).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn numeric(scan: &Scan<'_>, index: usize) -> Option<(usize, usize)> {
    let (a, b, c) = (scan.groups.get(index)?, scan.groups.get(index + 1)?, scan.groups.get(index + 2)?);
    let joined = |join| matches!(join, Join::Hyphen | Join::Dot | Join::Slash | Join::Wide | Join::Space);
    if a.glued_left || c.glued_right || !joined(b.join) || !joined(c.join) || b.len() > 2 {
        return None;
    }
    let (x, y, z) = (number(scan, a), number(scan, b), number(scan, c));
    let good = match (a.len(), c.len()) {
        (4, 1..=2) => is_year(x) && is_date(z, y, Some(x)),
        (1..=2, 4) => is_year(z) && (is_date(x, y, Some(z)) || is_date(y, x, Some(z))),
        (1..=2, 2) => is_date(x, y, None) || is_date(y, x, None),
        _ => false,
    };
    good.then_some((a.start, c.end))
}

/// `12 March 1980`, `12. März 1980`, `March 12, 1980`, `12th of March 1980`.
fn spelled(scan: &Scan<'_>, group: &Group) -> Option<(usize, usize)> {
    let here = scan.words.partition_point(|&(start, _)| start < group.start);
    let year_at = |word: usize| {
        let &(start, end) = scan.words.get(word)?;
        let year = scan.text.get(start..end)?.parse().ok().filter(|year| end - start == 4 && is_year(*year));
        year.filter(|_| start - group.start < 40).map(|_: u64| end)
    };
    if !(1..=31).contains(&number(scan, group)) || group.len() > 2 {
        return None;
    }
    let after = (here + 1..here + 3).find(|&word| month(scan.word(word)));
    if let Some(end) = after.and_then(|word| {
        year_at(word + 1).or_else(|| matches!(scan.word(word + 1), b"de" | b"of").then(|| year_at(word + 2)).flatten())
    }) {
        return Some((group.start, end));
    }
    let before = here.checked_sub(1).filter(|&word| month(scan.word(word)))?;
    let &(start, _) = scan.words.get(before)?;
    year_at(here + 1).map(|end| (start, end))
}

fn month(word: &[u8]) -> bool {
    MONTHS.iter().flat_map(|stems| stems.iter()).any(|stem| word.starts_with(stem.as_bytes()))
        && word.len() <= 12
        && !word.iter().any(u8::is_ascii_digit)
}

const fn is_year(year: u64) -> bool {
    1900 <= year && year <= 2100
}
