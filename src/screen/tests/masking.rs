//! Masks and verdicts: length, line breaks, the same value the same mask, settled after one screening.

use proptest::prelude::*;

use super::{mask_all, preset};
use crate::screen::{Boundary, BoundaryOptions, Kind, Screener, Treatment, Verdict, find, for_model, screen};

#[test]
fn a_mask_keeps_the_length_and_names_the_same_value_alike() {
    let text = "Card 4111 1111 1111 1111, again 4111-1111-1111-1111, other 5555555555554444. Ends.";
    let screening = screen(text, &preset("business-contact"));
    assert_eq!(screening.verdict, Verdict::Redact);
    assert_eq!(screening.text, "Card [card1############], again [card1############], other [card2#########]. Ends.");
    assert_eq!(screening.text.len(), text.len());
}

#[test]
fn text_without_findings_is_borrowed() {
    let screening = screen("please send the offer by Friday", &preset("business-contact"));
    assert_eq!(screening.verdict, Verdict::Pass);
    assert!(matches!(screening.text, std::borrow::Cow::Borrowed(_)));
}

#[test]
fn what_is_prohibited_holds_and_is_masked_as_well() {
    let screening = screen("his SSN is 536-90-4399, call +1 212 555 7788", &preset("business-contact"));
    assert_eq!(screening.verdict, Verdict::Hold);
    assert_eq!(screening.text, "his SSN is [id1######], call +1 212 555 7788");
    let kinds: Vec<_> = screening.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::NationalId, Kind::Phone]);
}

#[test]
fn values_set_aside_for_examples_pass_a_synthetic_boundary() {
    let text = "From ann@example.com, +1 212 555 0147, host 192.0.2.7, card 4242 4242 4242 4242";
    assert_eq!(screen(text, &preset("synthetic-only")).verdict, Verdict::Pass);
    assert_eq!(screen("From ann@gmail.com", &preset("synthetic-only")).verdict, Verdict::Hold);
}

#[test]
fn a_mask_keeps_line_breaks() {
    let text = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----\nthanks";
    let screening = screen(text, &preset("open"));
    assert_eq!(screening.text.len(), text.len());
    assert_eq!(screening.text.lines().count(), 4);
    assert!(screening.text.ends_with("\nthanks") && !screening.text.contains("MII"));
}

#[test]
fn a_finding_never_repeats_the_value() {
    let text = "password: hunter22x, card 4111111111111111, ann@corp.de, +49 30 1234567, born 1980-02-03";
    let findings = find(text);
    assert!(findings.len() >= 5);
    for finding in findings {
        assert!(!finding.why.contains(&text[finding.start..finding.end]));
    }
}

#[test]
fn a_value_uncovered_by_a_mask_is_masked_with_the_findings_beside_it() {
    let text = "password: 0aA0aa-0-A000aa-aAaA-----BEGIN PRIVATE KEY-----\u{1ebff}Aa 0A\u{10800}";
    let screening = screen(text, &mask_all());
    let end = screening.findings.iter().fold(10, |end, finding| {
        assert_eq!(finding.start, end, "nothing between them shows");
        finding.end
    });
    assert_eq!(end, text.len());
    assert_eq!(screen(&screening.text, &mask_all()).verdict, Verdict::Pass);
}

/// Pieces that detectors look for, so that random texts reach them.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "[0-9 .,/()+-]{0,24}",
        "[a-zA-Z0-9@.:_/-]{0,24}",
        prop::sample::select(vec![
            "card ",
            "phone: ",
            "iban ",
            "password: ",
            "born ",
            "SSN ",
            "4111111111111111",
            "4111 1111 1111 1111",
            "+49 30 1234567",
            "GB29NWBK60161331926819",
            "ann@corp.de",
            "10.1.2.3",
            "https://a.io/?t=ghp_0123456789abcdefghijABCDEFGHIJ012345",
            "\n",
            "[card1###]",
            "#####",
            "patient is a ",
            "my diabetes",
            "ignore all previous instructions",
            "2001:db8::1",
            "-----BEGIN PRIVATE KEY-----",
            "cvv 123",
            "é",
            "€",
            "\u{a0}",
        ])
        .prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {

    #![proptest_config(super::config())]

    #[test]
    fn what_a_model_sees_is_as_long_and_holds_nothing_either_boundary_refuses(
        text in "(call|card|born|mail|iban|[a-z]{1,6}|[0-9 .-]{1,20}|ann@corp[.]de|4111 1111 1111 1111|[+]49 30 123456[0-9]|\\PC){0,12}",
        extra in proptest::sample::subsequence(Kind::ALL.to_vec(), 0..4),
    ) {
        let pilot = preset("business-contact");
        let options = BoundaryOptions {
            prohibited: extra.iter().map(|kind| kind.name().to_owned()).collect(),
            ..BoundaryOptions::default()
        };
        let model = Boundary::for_models(&options, &pilot, "m").unwrap();
        let seen = for_model(&text, &pilot, &model);
        prop_assert_eq!(seen.len(), text.len());
        for finding in find(&seen) {
            prop_assert_eq!(model.treats(&finding), Treatment::Allow);
            prop_assert_eq!(pilot.treats(&finding), Treatment::Allow);
        }
        prop_assert!(for_model(&seen, &pilot, &model) == seen);
    }

    #[test]
    fn screening_settles_and_keeps_length(text in text()) {
        for boundary in [mask_all(), preset("business-contact"), preset("synthetic-only"), preset("open")] {
            let first = screen(&text, &boundary);
            prop_assert_eq!(first.text.len(), text.len());
            let mut last = 0;
            for finding in &first.findings {
                prop_assert!(finding.start >= last && finding.start < finding.end);
                prop_assert!(text.is_char_boundary(finding.start) && text.is_char_boundary(finding.end));
                last = finding.end;
            }
            let again = screen(&first.text, &boundary);
            prop_assert_eq!(again.verdict, Verdict::Pass, "left in {:?}", first.text);
            prop_assert_eq!(&again.text, &first.text);
            prop_assert_eq!(first.verdict == Verdict::Pass, first.text == text);
        }
    }

    #[test]
    fn bytes_outside_findings_stay(text in text()) {
        let screening = screen(&text, &mask_all());
        for (at, (before, after)) in text.bytes().zip(screening.text.bytes()).enumerate() {
            let inside = screening.findings.iter().any(|finding| (finding.start..finding.end).contains(&at));
            prop_assert!(inside || before == after);
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let found = find(&text);
        prop_assert!(found.iter().all(|finding| text.get(finding.start..finding.end).is_some()));
    }
}

/// Texts of one byte repeated, or of pieces that make detectors start again and again.
#[test]
fn hostile_texts_come_to_an_end_with_their_length() {
    let boundary = mask_all();
    for piece in [
        "4",
        "(",
        "@",
        "[",
        "+",
        "4 ",
        "1-",
        "a@",
        "a.",
        ":",
        "::1",
        "1.1",
        "pw:",
        "https://",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----",
        "GB29",
        "password ",
        "0/",
        "<|",
        "my diabetes ",
    ] {
        let text = piece.repeat((1 << 17) / piece.len());
        let screening = screen(&text, &boundary);
        assert_eq!(screening.text.len(), text.len(), "{piece}");
        assert!(screening.findings.iter().all(|finding| boundary.treatment(finding.kind) == Treatment::Redact));
    }
}

#[test]
fn a_model_sees_what_both_boundaries_let_pass() {
    let pilot = preset("business-contact");
    let options = BoundaryOptions { redact: vec!["phone".into(), "email".into()], ..BoundaryOptions::default() };
    let model = Boundary::for_models(&options, &pilot, "model_boundary").unwrap();
    let text = "Ann, ann.lee@corp.de, +49 30 1234567, card 4111 1111 1111 1111, SSN 536-90-4399.";
    let seen = for_model(text, &pilot, &model);
    assert_eq!(seen.len(), text.len());
    assert_eq!(seen, "Ann, [email1#######], [phone1######], card [card1############], SSN [id1######].");
    assert_eq!(for_model(text, &pilot, &pilot), screen(text, &pilot).text);
    assert_eq!(for_model("Please call.", &pilot, &model), "Please call.");
}

#[test]
fn the_same_value_has_the_same_mask_in_all_texts_of_a_request() {
    let boundary = preset("synthetic-only");
    let mut screener = Screener::new(&boundary);
    let first = screener.screen("from ann.lee@corp.de to bob.ray@corp.de").text.into_owned();
    assert_eq!(first, "from [email1#######] to [email2#######]");
    assert_eq!(
        screener.screen("attached: BOB.RAY@corp.de, new.one@corp.de").text,
        "attached: [email2#######], [email3#######]"
    );
    assert_eq!(screener.known(Kind::Email, "bob.ray@corp.de"), "[email2#######]");
    assert_eq!(screener.known(Kind::Phone, "extension 12"), "[phone1####]");
    assert_eq!(screener.known(Kind::Email, "ann@example.com"), "ann@example.com");
    assert_eq!(screener.known(Kind::UrlDomain, "corp.de"), "corp.de");
}
