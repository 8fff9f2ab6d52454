//! Telephone numbers (ITU-T E.164 and the national ways to write them).
//!
//! Its own file because a telephone number proves nothing about itself: what decides is the form (`+`, a
//! trunk zero, an area code in brackets, the North American plan) or a word nearby, and what must be told
//! apart are dates, prices, versions and all the other numbers of a business.

use super::super::check::is_date;
use super::super::finding::{Finding, Sureness};
use super::super::kind::Kind;
use super::super::scan::{Group, Join, Scan};
use super::super::words::List;
use super::{About, Detector};

pub(super) const DETECTOR: Detector = Detector {
    about: About {
        name: "phone",
        kind: Kind::Phone,
        looks_for: "`+` and a country, a trunk zero, a North American number, or 6 to 15 digits near a word for telephones",
    },
    find,
};

static PHONE: List = List::new(&[
    "phone",
    "phones",
    "telephone",
    "telephones",
    "tel",
    "call",
    "calls",
    "called",
    "calling",
    "caller",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "ring",
    "dial",
    "landline",
    "whatsapp",
    "sms",
    "text",
    "texts",
    "hotline",
    "helpline",
    "messages",
    "message",
    "callback",
    "reach",
    "contact",
    "ph",
    "mob",
    "fon",
    "telefon",
    "telefonnummer",
    "handy",
    "mobil",
    "mobiltelefon",
    "rufnummer",
    "durchwahl",
    "anrufen",
    "erreichbar",
    "tél",
    "téléphone",
    "portable",
    "fixe",
    "appeler",
    "teléfono",
    "telefono",
    "móvil",
    "llamar",
    "tfno",
    "cellulare",
    "chiamare",
    "telefone",
    "celular",
    "telemóvel",
    "telefoon",
    "gsm",
    "bellen",
    "tlf",
    "puh",
    "puhelin",
    "ring",
    "telefonszám",
    "telefonu",
]);
static NOT_PHONE: List = List::new(&[
    "order",
    "orders",
    "invoice",
    "invoices",
    "ticket",
    "tickets",
    "reference",
    "ref",
    "po",
    "sku",
    "part",
    "item",
    "id",
    "ids",
    "case",
    "version",
    "quote",
    "contract",
    "customer",
    "account",
    "iban",
    "serial",
    "tracking",
    "zip",
    "postcode",
    "amount",
    "total",
    "model",
    "batch",
    "lot",
    "imei",
    "ean",
    "isbn",
    "policy",
    "claim",
    "booking",
    "rev",
    "vat",
    "ssn",
    "code",
    "card",
    "passport",
    "article",
    "rma",
    "job",
    "bestellung",
    "bestellnummer",
    "auftragsnummer",
    "artikelnummer",
    "rechnungsnummer",
    "vorgangsnummer",
    "seriennummer",
    "ticketnummer",
    "ordernummer",
    "fakturanummer",
    "rechnung",
    "auftrag",
    "kundennummer",
    "commande",
    "facture",
    "pedido",
    "factura",
    "siret",
    "siren",
    "release",
    "build",
    "between",
    "from_date",
    "units",
    "qty",
    "quantity",
    "pieces",
    "euro",
    "eur",
    "usd",
    "gbp",
    "tender",
    "project",
    "licence",
    "license",
]);
static AFTER: List =
    List::new(&["fax", "office", "mobile", "cell", "home", "tel", "phone", "mob", "ext", "extension", "direct"]);

fn find(scan: &Scan<'_>, found: &mut Vec<Finding>) {
    let mut index = 0;
    while index < scan.groups.len() {
        let end = scan.run_end(index);
        let next = at(scan, index, end);
        index = match next {
            Some((last, why, sureness)) => {
                if let (Some(first), Some(final_group)) = (scan.groups.get(index), scan.groups.get(last)) {
                    let start = opening(scan, first.start, final_group.end);
                    let end = extension(scan, final_group.end).unwrap_or(final_group.end);
                    let reserved = is_reserved(scan, index, last);
                    found.push(Finding::new(Kind::Phone, (start, end), "phone", sureness, why).reserved(reserved));
                }
                last + 1
            }
            None => index + 1,
        };
    }
}

static WHOSE: List = List::new(&[
    "my",
    "your",
    "his",
    "her",
    "our",
    "their",
    "contact",
    "whatsapp",
    "direct",
    "emergency",
    "office",
    "home",
    "work",
]);
/// Words that close a letter; the number on a line of its own below them is the writer's.
static CLOSING: List = List::new(&[
    "regards",
    "sincerely",
    "cheers",
    "thanks",
    "best",
    "yours",
    "grüße",
    "grüßen",
    "gruß",
    "gruss",
    "cordialement",
    "saludos",
    "saluti",
    "groeten",
    "mvh",
    "hälsningar",
    "hilsen",
    "terveisin",
    "pozdrawiam",
    "atenciosamente",
    "cumprimentos",
    "abraços",
]);

type Match = Option<(usize, &'static str, Sureness)>;

/// The number that starts with group `first`; `end` is where the groups that hang together end.
fn at(scan: &Scan<'_>, first: usize, end: usize) -> Match {
    let start = scan.groups.get(first)?;
    let plus =
        scan.before(start.start) == b'+' || (scan.before(start.start) == b'(' && scan.before(start.start - 1) == b'+');
    if start.glued_left || (start.join != Join::Apart && !plus && !north_american_start(scan, first)) {
        return None;
    }
    if !plus && (date_like(scan, first, end) || scan.before(start.start) == b'#') {
        return None;
    }
    let vetoed = || scan.led_by(start.start, 3, &NOT_PHONE, &PHONE);
    if plus && start.len() <= 15 && scan.byte(start.start) != b'0' {
        let last = extend(scan, first, end, 15);
        if (8..=15).contains(&count(scan, first, last)) {
            return Some((last, "`+` and 8 to 15 digits", Sureness::Shape));
        }
    }
    if let Some(last) = north_american(scan, first, end)
        && !vetoed()
    {
        return Some((last, "the form of a North American number", Sureness::Shape));
    }
    if start.join != Join::Apart {
        return None;
    }
    let last = extend(scan, first, end, 15);
    let digits = count(scan, first, last);
    if scan.groups.get(last).is_some_and(|group| runs_on(scan, group)) && last == first {
        return None;
    }
    if let Some(why) = national(scan, first, last, digits)
        && !vetoed()
    {
        return Some((last, why, Sureness::Context));
    }
    let near = || {
        scan.led_by(start.start, 6, &PHONE, &NOT_PHONE)
            || scan.groups.get(last).is_some_and(|group| scan.followed_by(group.end, 1, &AFTER) && !vetoed())
            || is_somebodys_number(scan, start.start)
            || scan.groups.get(last).is_some_and(|group| is_called_a_number(scan, group.end))
            || is_signature(scan, start.start, last)
    };
    if (6..=15).contains(&digits) && (last > first || digits >= 7) && looks_dialled(scan, first, last) && near() {
        return Some((last, "digits near a word for telephones", Sureness::Context));
    }
    None
}

/// Where the extension ends that follows a number: `x123`, `ext. 12`, `-> 34`.
fn extension(scan: &Scan<'_>, end: usize) -> Option<usize> {
    const WORDS: [&[u8]; 9] = [b"extension", b"extn", b"ext", b"x", b"durchwahl", b"dw", b"poste", b"anexo", b"int"];
    let spaces =
        |from: usize, also: u8| (from..from + 3).find(|at| !matches!(scan.byte(*at), b' ') && scan.byte(*at) != also);
    let at = spaces(end, b',')?;
    let rest = scan.lower.get(at..)?;
    let word = WORDS.iter().find(|word| rest.starts_with(word))?;
    let from = at + word.len();
    let first = (from..from + 3).find(|at| !matches!(scan.byte(*at), b' ' | b'.' | b':' | b'#'))?;
    let digits = (first..first + 7).take_while(|at| scan.byte(*at).is_ascii_digit()).count();
    let last = first + digits;
    ((1..=6).contains(&digits) && super::super::scan::word_char(scan.bytes, last) == 0).then_some(last)
}

/// Whether letters touch this group on the right that are no extension.
fn runs_on(scan: &Scan<'_>, group: &Group) -> bool {
    group.glued_right && extension(scan, group.end).is_none()
}

/// `is my number`, `is our new phone number`, right behind byte `at`.
fn is_called_a_number(scan: &Scan<'_>, at: usize) -> bool {
    let from = scan.words.partition_point(|&(start, _)| start < at);
    let near = scan.words.get(from).is_some_and(|&(start, _)| start - at <= 2);
    near && matches!(scan.word(from), b"is" | b"was")
        && WHOSE.has(scan.word(from + 1))
        && (from + 2..from + 5).any(|word| matches!(scan.word(word), b"number" | b"phone" | b"mobile" | b"cell"))
}

/// `my new number is`, `his number:`, `the office line:`, right before byte `at`.
fn is_somebodys_number(scan: &Scan<'_>, at: usize) -> bool {
    let mut word = scan.words_before(at);
    let close = word.checked_sub(1).and_then(|last| scan.words.get(last)).is_some_and(|&(_, end)| at - end <= 4);
    if close && matches!(scan.word(word - 1), b"is" | b"on" | b"at" | b"to" | b"was") {
        word -= 1;
    }
    let asked = |from: usize| (from.saturating_sub(4)..from).any(|at| matches!(scan.word(at), b"number" | b"phone"));
    if close && word > 1 && scan.word(word - 1) == b"mine" && asked(word - 1) {
        return true;
    }
    if !close || word < 2 || !matches!(scan.word(word - 1), b"number" | b"numbers" | b"line") {
        return false;
    }
    let owner = word - 2;
    WHOSE.has(scan.word(owner)) || (owner > 0 && scan.word(owner) == b"new" && WHOSE.has(scan.word(owner - 1)))
}

/// A number alone on its line, below the closing of a letter and a line with a name.
fn is_signature(scan: &Scan<'_>, at: usize, last: usize) -> bool {
    let after = scan.groups.get(last).map_or(b' ', |group| scan.byte(group.end));
    if scan.before(at) != b'\n' || !matches!(after, b'\n' | b'\r' | b' ') {
        return false;
    }
    let upto = scan.words_before(at);
    for index in (upto.saturating_sub(6)..upto).rev() {
        let Some(&(_, end)) = scan.words.get(index) else { return false };
        let word = scan.word(index);
        if CLOSING.has(word) {
            let lines = scan.bytes.get(end..at).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
            return upto - index > 1 && lines >= 2 && at - end < 100;
        }
        if word.iter().any(u8::is_ascii_digit) {
            return false;
        }
    }
    false
}

/// Includes the `+` or bracket that opens the number.
fn opening(scan: &Scan<'_>, mut start: usize, end: usize) -> usize {
    let closed = scan.bytes.get(start..end).unwrap_or_default().contains(&b')');
    if !closed && scan.before(start) == b'(' {
        return start;
    }
    while start > 0 && matches!(scan.before(start), b'+' | b'(') {
        start -= 1;
        if scan.before(start) == b'(' && scan.byte(start) == b'(' {
            break;
        }
    }
    start
}

fn count(scan: &Scan<'_>, first: usize, last: usize) -> usize {
    scan.groups.get(first..=last).unwrap_or_default().iter().map(Group::len).sum()
}

/// Whether a date begins here that is no further part of a row with one separator throughout.
fn date_begins(scan: &Scan<'_>, at: usize, end: usize) -> bool {
    let joins = (scan.groups.get(at).map(|group| group.join), scan.groups.get(at + 1).map(|group| group.join));
    joins.0 != joins.1 && date_like(scan, at, end)
}

/// The last group that still belongs to one number of at most `most` digits.
fn extend(scan: &Scan<'_>, first: usize, end: usize, most: usize) -> usize {
    let mut last = first;
    let mut total = scan.groups.get(first).map_or(0, Group::len);
    while last + 1 < end {
        let Some(next) = scan.groups.get(last + 1) else { break };
        total += next.len();
        if total > most || runs_on(scan, next) || date_begins(scan, last + 1, end) {
            break;
        }
        last += 1;
        if next.glued_right {
            break;
        }
    }
    last
}

/// A trunk zero, an international prefix, or an area code in brackets.
fn national(scan: &Scan<'_>, first: usize, last: usize, digits: usize) -> Option<&'static str> {
    let start = scan.groups.get(first)?;
    let (one, two) = (scan.byte(start.start), scan.byte(start.start + 1));
    let pieces = last > first;
    let group = |index: usize| scan.groups.get(index);
    let all_dots = pieces && (first + 1..=last).all(|index| group(index).is_some_and(|group| group.join == Join::Dot));
    if pieces
        && scan.before(start.start) == b'('
        && (7..=13).contains(&digits)
        && start.len() <= 5
        && group(first + 1)?.join == Join::Bracket
        && group(first + 1)?.len() >= 2
    {
        return Some("an area code in brackets");
    }
    if start.len() == 1 && !(pieces && digits >= 9) {
        return None;
    }
    // The seconds of a time, and a postal code with a house number or further digits.
    let time = scan.before(start.start) == b':' && scan.before(start.start.saturating_sub(1)).is_ascii_digit();
    let postal = last - first == 1 && group(last)?.len() <= 4 && start.len() >= 5;
    if time || postal {
        return None;
    }
    let second = if start.len() == 1 { scan.byte(group(first + 1)?.start) } else { two };
    if one == b'0' && second == b'0' && start.len() >= 2 && (11..=15).contains(&digits) && pieces {
        return Some("an international prefix");
    }
    if one == b'0' && second != b'0' {
        let spelled = pieces
            && (9..=12).contains(&digits)
            && start.len() >= 2
            && start.len() <= 7
            && !(all_dots && last - first == 3);
        if spelled || (!pieces && (10..=11).contains(&digits)) {
            return Some("a trunk zero and 9 to 12 digits");
        }
    }
    None
}

/// Whether a number of the North American plan may start at this group of a longer run.
fn north_american_start(scan: &Scan<'_>, first: usize) -> bool {
    scan.groups.get(first).is_some_and(|group| group.len() == 3 && group.join != Join::Dot)
}

/// `[1] ddd ddd dddd` with area and exchange from 200 upwards.
fn north_american(scan: &Scan<'_>, first: usize, end: usize) -> Option<usize> {
    let one = scan.groups.get(first)?;
    let area = if one.len() == 1 && scan.byte(one.start) == b'1' { first + 1 } else { first };
    let (code, exchange, line) = (scan.groups.get(area)?, scan.groups.get(area + 1)?, scan.groups.get(area + 2)?);
    let lengths = (code.len(), exchange.len(), line.len()) == (3, 3, 4);
    let numbers = scan.byte(code.start) >= b'2' && scan.byte(exchange.start) >= b'2';
    let joined = exchange.join != Join::Apart
        && line.join != Join::Apart
        && exchange.join != Join::Slash
        && line.join != Join::Slash;
    (area + 2 < end && lengths && numbers && joined && !line.glued_right)
        .then_some(area + 2)
        .or_else(|| (area + 2 < end && lengths && numbers && joined && scan.byte(line.end) == b'x').then_some(area + 2))
}

/// Whether these groups begin with a date: `2026-11-21`, `21.11.2026`, `11/21/26`.
fn date_like(scan: &Scan<'_>, first: usize, end: usize) -> bool {
    if first + 2 >= end {
        return false;
    }
    let (Some(a), Some(b), Some(c)) = (scan.groups.get(first), scan.groups.get(first + 1), scan.groups.get(first + 2))
    else {
        return false;
    };
    let same = b.join == c.join && matches!(b.join, Join::Hyphen | Join::Dot | Join::Slash);
    let number =
        |group: &Group| scan.text.get(group.start..group.end).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let (x, y, z) = (number(a), number(b), number(c));
    match (a.len(), b.len(), c.len()) {
        (4, 1..=2, 1..=2) => same && (1800..2200).contains(&x) && is_date(z, y, None),
        (1..=2, 1..=2, 4) => same && (1800..2200).contains(&z) && (is_date(x, y, None) || is_date(y, x, None)),
        (1..=2, 1..=2, 2) => {
            same && b.join != Join::Hyphen && first + 3 >= end && (is_date(x, y, None) || is_date(y, x, None))
        }
        _ => false,
    }
}

/// Whether the groups are joined as people join dialled digits: no version, no price.
fn looks_dialled(scan: &Scan<'_>, first: usize, last: usize) -> bool {
    let groups = scan.groups.get(first..=last).unwrap_or_default();
    let dots = groups.iter().skip(1).filter(|group| group.join == Join::Dot).count();
    let price = dots == 1 && groups.last().is_some_and(|group| group.join == Join::Dot && group.len() <= 2);
    let quad = dots == 3 && groups.len() == 4 && groups.iter().all(|group| group.len() <= 3);
    !price && !quad && groups.iter().all(|group| !runs_on(scan, group) || group.len() > 2)
}

/// 555-01xx is set aside for fiction in the North American plan.
fn is_reserved(scan: &Scan<'_>, first: usize, last: usize) -> bool {
    let digits = scan.digits(first, last);
    matches!(*digits, [.., 5, 5, 5, 0, 1, _, _]) && matches!(digits.len(), 7 | 10 | 11)
}
