//! Forms made up by a generator that the detectors were not written against: telephone numbers of many countries, account numbers, cards
//! and social security numbers in the ways people write them, other scripts' digits, strange spaces, addresses written around.
//! Each must be masked to its last character; numbers of business beside them must stay.

use proptest::prelude::*;

use super::{config, preset};
use crate::screen::check::{luhn, mod_97};
use crate::screen::{Kind, find, screen};

/// How telephone numbers are written: `N` a digit from 2, `X` any digit.
const PHONES: [&str; 44] = [
    "+1 NXX NXX XXXX",
    "+1-NXX-NXX-XXXX",
    "(NXX) NXX-XXXX",
    "(NXX)NXX-XXXX",
    "NXX-NXX-XXXX",
    "NXX.NXX.XXXX",
    "1-NXX-NXX-XXXX",
    "001-NXX-NXX-XXXX",
    "+1-NXX-NXX-XXXXxXXXX",
    "NXX-NXX-XXXX ext. XXX",
    "(NXX) NXX-XXXX x XX",
    "+44 20 7NXX XXXX",
    "+44 7NXX XXXXXX",
    "+44(0)20 7NXX XXXX",
    "020 7NXX XXXX",
    "07NXX XXXXXX",
    "(020) 7NXX XXXX",
    "+49 30 NXXXXXX",
    "+49 (0)89 NXXXXX-XX",
    "0049 30 NXXXXXX",
    "030 / NXX XX XX",
    "0171 NXXXXXXX",
    "+33 6 NX XX XX XX",
    "06 NX XX XX XX",
    "06.NX.XX.XX.XX",
    "+39 06 NXXX XXXX",
    "+34 6NX XXX XXX",
    "+351 9NX XXX XXX",
    "+55 (11) 9NXXX-XXXX",
    "(11) 9NXXX-XXXX",
    "+31 6 NXXXXXXX",
    "010 - NXX XX XX",
    "+46 70 NXX XX XX",
    "08-NXX XX XX",
    "+47 NX XX XX XX",
    "+45 NX XX XX XX",
    "+358 40 NXX XXXX",
    "+48 NXX XXX XXX",
    "+41 44 NXX XX XX",
    "+43 1 NXXXXXX",
    "+91 9NXXX XXXXX",
    "+61 2 NXXX XXXX",
    "(03).NXXX.XXXX",
    "+81 3-NXXX-XXXX",
];

/// Sentences with a place for a value.
const ABOUT: [&str; 8] = [
    "Please call me back at {} before noon.",
    "My phone number is {}, thanks.",
    "Tel.: {}",
    "You can reach our office on {} or by mail.",
    "Meine Telefonnummer: {}",
    "Mon téléphone est le {}.",
    "mobile {} - ask for Ann",
    "Mi teléfono es {} por favor",
];

fn filled(pattern: &str, digits: &[u8]) -> String {
    let mut digits = digits.iter().cycle();
    let mut next = || *digits.next().unwrap_or(&7) % 10;
    let digit = |number: u8| char::from(b'0' + number);
    pattern
        .chars()
        .map(|letter| match letter {
            'N' => digit(2 + next() % 8),
            'X' => digit(next()),
            other => other,
        })
        .collect()
}

/// Whether all of the value that stands in for `{}` is found as this kind.
fn is_found(sentence: &str, value: &str, kind: Kind) -> Result<(), TestCaseError> {
    let text = sentence.replace("{}", value);
    let start = sentence.find("{}").unwrap();
    let found = find(&text);
    let whole = found.iter().any(|one| one.kind == kind && one.start <= start && one.end >= start + value.len());
    prop_assert!(whole, "{kind} not found whole in `{text}`: {found:?}");
    Ok(())
}

fn digits(count: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0..10_u8, count)
}

/// A number with a right check digit by Luhn.
fn card(lead: &str, length: usize, digits: &[u8]) -> Vec<u8> {
    let mut number: Vec<u8> =
        lead.bytes().map(|byte| byte - b'0').chain(digits.iter().copied()).take(length - 1).collect();
    let last = (0..10).find(|last| luhn(&[number.as_slice(), &[*last]].concat())).unwrap();
    number.push(last);
    number
}

/// An account number with right check digits.
fn iban(country: &str, length: usize, digits: &[u8]) -> String {
    let body: String = digits.iter().take(length - 4).map(|digit| char::from(b'0' + digit)).collect();
    let check = (2..99).find(|check| mod_97(format!("{body}{country}{check:02}").bytes()) == 1).unwrap();
    format!("{country}{check:02}{body}")
}

fn grouped(number: &str, size: usize, by: &str) -> String {
    let letters: Vec<char> = number.chars().collect();
    letters.chunks(size).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join(by)
}

/// The same digits as other scripts write them.
fn scripted(number: &str, zero: u32) -> String {
    number
        .chars()
        .map(|letter| letter.to_digit(10).and_then(|digit| char::from_u32(zero + digit)).unwrap_or(letter))
        .collect()
}

#[test]
fn a_word_that_is_a_country_makes_no_account_of_a_telephone_number() {
    is_found("Please call me back at {} before noon.", "0171 20426363", Kind::Phone).unwrap();
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn telephone_numbers_of_many_countries(form in 0..PHONES.len(), about in 0..ABOUT.len(), digits in digits(14)) {
        is_found(ABOUT[about], &filled(PHONES[form], &digits), Kind::Phone)?;
    }

    #[test]
    fn cards_of_every_issuer_however_they_are_written(
        issuer in 0..6_usize, by in 0..5_usize, digits in digits(20), about in 0..4_usize,
    ) {
        let (lead, length) = [("4", 16), ("52", 16), ("37", 15), ("6011", 16), ("3530", 16), ("2221", 16)][issuer];
        let number: String = card(lead, length, &digits).iter().map(|digit| char::from(b'0' + digit)).collect();
        let separator = ["", " ", "-", "\u{a0}", "\u{2009}"][by];
        let about = ["charge {} please", "Kreditkarte {}", "my card is {} and it fails", "{}"][about];
        is_found(about, &grouped(&number, 4, separator), Kind::Card)?;
    }

    #[test]
    fn account_numbers_of_many_countries(country in 0..8_usize, by in 0..4_usize, digits in digits(30)) {
        let (code, length) =
            [("DE", 22), ("AT", 20), ("ES", 24), ("PT", 25), ("BE", 16), ("PL", 28), ("DK", 18), ("SA", 24)][country];
        let number = iban(code, length, &digits);
        is_found("Bitte auf {} zahlen", &grouped(&number, 4, ["", " ", "\u{202f}", "-"][by]), Kind::Iban)?;
        // A slip of the pen, after its word.
        let wrong = format!("{}{}", &number[..number.len() - 1], if number.ends_with('0') { '1' } else { '0' });
        is_found("IBAN: {}.", &wrong, Kind::Iban)?;
    }

    #[test]
    fn social_security_numbers(digits in digits(9), by in 0..4_usize, about in 0..5_usize) {
        let separator = ["-", " ", "\u{2011}", "\u{2013}"][by];
        let area = 1 + digits[..3].iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit)) % 665;
        let number = format!("{area:03}{separator}{}{}{separator}{}{}{}{}", 1 + digits[3] % 9, digits[4], 1 + digits[5] % 9, digits[6], digits[7], digits[8]);
        let about = ["My SSN is {}", "social security number: {}", "{}", "the applicant ({}) moved", "please use {} for the form"][about];
        is_found(about, &number, Kind::NationalId)?;
        let row: String = number.chars().filter(char::is_ascii_digit).collect();
        is_found("ssn {}", &row, Kind::NationalId)?;
        is_found("{} according to my SSN file", &row, Kind::NationalId)?;
    }

    #[test]
    fn digits_of_other_scripts_and_hidden_letters(digits in digits(20), zero in 0..5_usize, hidden in 0..4_usize) {
        let number: String = card("4", 16, &digits).iter().map(|digit| char::from(b'0' + digit)).collect();
        let zero = [0xff10, 0x0660, 0x06f0, 0x0966, 0x1d7ce][zero];
        is_found("card {} ok", &scripted(&number, zero), Kind::Card)?;
        let hidden = ["\u{200b}", "\u{ad}", "\u{2060}", "\u{feff}"][hidden];
        is_found("card {} ok", &grouped(&number, 4, hidden), Kind::Card)?;
        is_found("card {} ok", &grouped(&number, 4, "\u{3000}"), Kind::Card)?;
    }

    #[test]
    fn addresses_written_around(
        name in "[a-z]{2,8}", host in "[a-z]{3,9}", top in 0..5_usize, at in 0..6_usize, dot in 0..5_usize,
    ) {
        let top = ["com", "de", "org", "co.uk", "fr"][top];
        let at = [" (at) ", "(at)", "[at]", " [at] ", " {at} ", "@"][at];
        let dot = [" (dot) ", "(dot)", "[dot]", " [dot] ", "."][dot];
        is_found("write to {} please", &format!("{name}{at}{host}{}", format!(".{top}").replacen('.', dot, 1)), Kind::Email)?;
        is_found("write to {} please", &format!("{name} at {host} dot com"), Kind::Email)?;
    }

    #[test]
    fn numbers_of_business_are_none_of_these(digits in digits(12), which in 0..14_usize) {
        let text = filled([
            "Order NXXXXX-XX was sent",
            "invoice 2026-XXXX over EUR 1,NXX.XX",
            "version 1N.X.X of the app",
            "tracking 1ZNXXXXXXXX",
            "we need NXX pieces of part XX-NXXX-XX",
            "on 2026-11-2X at 1N:3X",
            "ticket #NXXXXXXX",
            "the room is 12 x NX m",
            "customer number NXXXXX",
            "ISBN 978-3-NXXX-XXX",
            "N.5 GB of 1NXX MB",
            "article NXX-XXX-XXX in blue",
            "Booking reference XNXXXX",
            "call the meeting at 9, NXX people came",
        ][which], &digits);
        let found = find(&text);
        prop_assert!(
            !found.iter().any(|one| matches!(one.kind, Kind::Card | Kind::Iban | Kind::NationalId | Kind::Email)),
            "{text}: {found:?}"
        );
    }

    #[test]
    fn no_value_of_these_is_left_in_a_masked_text(
        form in 0..PHONES.len(), about in 0..ABOUT.len(), numbers in digits(20), zero in 0..3_usize,
    ) {
        let phone = filled(PHONES[form], &numbers);
        let number: String = card("4", 16, &numbers).iter().map(|digit| char::from(b'0' + digit)).collect();
        let text = format!("{} Card {}", ABOUT[about].replace("{}", &phone), scripted(&number, [0x30, 0xff10, 0x0660][zero]));
        let screening = screen(&text, &preset("synthetic-only"));
        prop_assert_eq!(screening.text.len(), text.len());
        // Numbers set aside for examples stay there.
        let left: String = screening.text.chars().filter(|letter| letter.is_numeric()).collect();
        let stays = screening.findings.iter().any(|finding| finding.reserved);
        prop_assert!(stays || left.len() <= 4, "{}", screening.text);
    }
}
