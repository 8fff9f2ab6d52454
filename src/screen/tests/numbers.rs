//! Numbers with check digits: a right one is found, one with a digit changed is not.

use proptest::prelude::*;

use crate::screen::{Kind, find};

/// One published or constructed example for each number, in a text that does not name it unless it must.
const RIGHT: &[(&str, &str)] = &[
    ("us_ssn", "536-90-4399"),
    ("uk_nino", "AB123456C"),
    ("uk_nino", "AB 12 34 56 C"),
    ("ie_pps", "1234567T"),
    ("de_steuer_id", "86 095 742 719"),
    ("de_steuer_id", "Steuer-ID: 86095742719"),
    ("at_svnr", "1237 010180"),
    ("ch_ahv", "756.9217.0769.85"),
    ("pl_pesel", "PESEL 44051401359"),
    ("cz_rodne_cislo", "780123/3540"),
    ("es_dni", "12345678Z"),
    ("es_dni", "X1234567L"),
    ("it_codice_fiscale", "RSSMRA85T10A562S"),
    ("fr_insee", "2 55 08 14 168 025 38"),
    ("fr_insee", "255081416802538"),
    ("pt_nif", "NIF 123456789"),
    ("be_nrn", "85.07.30-033.28"),
    ("nl_bsn", "BSN 111222333"),
    ("se_personnummer", "811228-9874"),
    ("no_fodselsnummer", "01010750160"),
    ("dk_cpr", "CPR 070761-4285"),
    ("fi_hetu", "131052-308T"),
    ("in_aadhaar", "2341 2341 2346"),
    ("au_tfn", "TFN 123 456 782"),
    ("br_cpf", "529.982.247-25"),
    ("ca_sin", "SIN 130 692 544"),
    ("sg_nric", "S1234567D"),
];

/// Those without a check digit: only forms and ranges.
const UNCHECKED: &[&str] = &["us_ssn", "uk_nino", "dk_cpr"];

#[test]
fn every_national_number_is_found_by_its_own_detector() {
    for (detector, text) in RIGHT {
        let found = find(text);
        let found: Vec<_> = found.iter().map(|finding| (finding.kind, finding.detector)).collect();
        assert_eq!(found, [(Kind::NationalId, *detector)], "{text}");
    }
}

#[test]
fn a_changed_last_character_is_no_longer_that_number() {
    for (detector, text) in RIGHT.iter().filter(|(detector, _)| !UNCHECKED.contains(detector)) {
        let (body, last) = text.split_at(text.len() - 1);
        let last = last.as_bytes()[0];
        let other = if last.is_ascii_digit() { b'0' + (last - b'0' + 1) % 10 } else { b'A' + (last - b'A' + 1) % 26 };
        let wrong = format!("{body}{}", char::from(other));
        assert!(find(&wrong).iter().all(|finding| finding.detector != *detector), "{wrong} as {detector}");
    }
}

fn luhn_digit(body: &[u8]) -> u8 {
    let sum: u32 = body
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let doubled = u32::from(digit) * if place % 2 == 0 { 2 } else { 1 };
            doubled / 10 + doubled % 10
        })
        .sum();
    u8::try_from((10 - sum % 10) % 10).unwrap()
}

fn write(digits: &[u8], gap: &str) -> String {
    digits
        .chunks(4)
        .map(|four| four.iter().map(|digit| char::from(b'0' + digit)).collect::<String>())
        .collect::<Vec<_>>()
        .join(gap)
}

fn iban_of(country: &str, body: &str) -> String {
    let rest = format!("{body}{country}00").bytes().fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    format!("{country}{:02}{body}", 98 - rest)
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_card_is_found_and_a_changed_digit_is_not(
        body in prop::collection::vec(0_u8..10, 14), place in 1_usize..16, by in 1_u8..10,
        gap in prop::sample::select(vec!["", " ", "-", "\u{a0}"]),
    ) {
        let mut digits = vec![4];
        digits.extend(body);
        digits.push(luhn_digit(&digits));
        let text = format!("we got {} yesterday", write(&digits, gap));
        prop_assert!(find(&text).iter().any(|finding| finding.kind == Kind::Card && finding.start == 7 && finding.end == text.len() - 10));
        digits[place] = (digits[place] + by) % 10;
        let text = format!("we got {} yesterday", write(&digits, gap));
        prop_assert!(find(&text).iter().all(|finding| finding.kind != Kind::Card), "{}", text);
    }

    #[test]
    fn an_account_is_found_and_a_changed_digit_is_not(
        body in "[0-9]{18}", place in 4_usize..22, by in 1_u8..10, spaced in any::<bool>(),
    ) {
        let right = iban_of("DE", &body);
        let mut wrong = right.clone().into_bytes();
        wrong[place] = b'0' + (wrong[place] - b'0' + by) % 10;
        let wrong = String::from_utf8(wrong).unwrap();
        let write = |number: &str| {
            let fours: Vec<_> = number.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect();
            format!("pay to {} today", fours.join(if spaced { " " } else { "" }))
        };
        let text = write(&right);
        prop_assert!(find(&text).iter().any(|finding| finding.kind == Kind::Iban && finding.start == 7 && finding.end == text.len() - 6));
        prop_assert!(find(&write(&wrong)).iter().all(|finding| finding.kind != Kind::Iban));
    }

    #[test]
    fn every_address_of_four_bytes_is_found(address in any::<[u8; 4]>()) {
        let text = format!("blocked {}.", std::net::Ipv4Addr::from(address));
        prop_assert!(find(&text).iter().any(|finding| finding.kind == Kind::IpAddress && finding.end == text.len() - 1));
    }

    #[test]
    fn every_written_ipv6_address_with_eight_parts_is_found(parts in any::<[u16; 8]>()) {
        prop_assume!(parts.iter().all(|part| *part != 0));
        let text = format!("blocked {} again", std::net::Ipv6Addr::from(parts));
        prop_assert!(find(&text).iter().any(|finding| finding.kind == Kind::IpAddress && finding.start == 8));
    }
}
