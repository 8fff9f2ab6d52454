//! Requests with files: findings name the file and the place, masks count through all of it, and the boundary for trials with made-up
//! data holds what looks real wherever it stands.

use super::preset;
use super::quality::{FIRST_SIX, cases};
use crate::screen::{Attached, Kind, Treatment, Verdict, Whole};

fn attached(ordinal: u32, text: &str) -> Attached {
    Attached { ordinal, text: Ok(text.to_owned()) }
}

#[test]
fn findings_name_the_file_and_the_place_in_it() {
    let text = "Please pay.\n\nFile staff.txt: Pay to IBAN DE44 5001 0517 5407 3249 31\nthanks\nAttachments: staff.txt, more.csv";
    let files = [
        attached(1, "Pay to IBAN DE44 5001 0517 5407 3249 31\nthanks"),
        Attached { ordinal: 2, text: Err("it is encrypted".into()) },
        attached(3, "iban;ssn\nDE44500105175407324931;536-90-4399\n"),
    ];
    let whole = Whole::of(text, &files, &preset("business-contact"));
    assert_eq!(whole.verdict, Verdict::Hold, "the third file alone holds a prohibited kind");
    let told: Vec<_> = whole.refused().map(|found| (found.number, found.place())).collect();
    assert_eq!(
        told,
        [
            (1, "attachment 1: iban 12-39".to_owned()),
            (2, "attachment 3: iban 9-31".to_owned()),
            (3, "attachment 3: national_id 32-43".to_owned())
        ]
    );
    let values: Vec<_> = whole.refused().filter_map(|found| found.value(text, &files)).collect();
    assert_eq!(values, ["DE44 5001 0517 5407 3249 31", "DE44500105175407324931", "536-90-4399"]);
    assert_eq!(whole.text.len(), text.len());
    assert!(!whole.text.contains("5407"));
}

#[test]
fn evidence_is_of_the_place_the_value_and_the_text() {
    let files = [attached(1, "ssn 536-90-4399")];
    let one = |text: &str| {
        let whole = Whole::of(text, &files, &preset("business-contact"));
        whole.refused().map(|found| found.evidence(text, &files)).collect::<Vec<_>>()
    };
    let (first, second) = (one("ssn 536-90-4399 for Ann"), one("ssn 536-90-4399 for Bob"));
    assert_eq!(first[1], second[1], "the file is the same");
    assert_ne!(first[0], second[0], "the same number in another text cannot be told by its digest");
}

#[test]
fn what_looks_real_is_held_wherever_it_stands() {
    let boundary = preset("synthetic-only");
    let (mut real, mut held, mut in_file, mut clean, mut stopped) = (0, 0, 0, 0, 0);
    for case in cases() {
        let files = [attached(1, &case.text)];
        let (inside, beside) = (Whole::of(&case.text, &[], &boundary), Whole::of("See the file.", &files, &boundary));
        let structured = case.gold.iter().any(|(name, ..)| FIRST_SIX.contains(&name.as_str()));
        // Values set aside for examples are nobody's.
        let examples = inside.found.iter().any(|found| found.finding.reserved);
        if structured && !examples {
            real += 1;
            held += usize::from(inside.verdict == Verdict::Hold);
            in_file += usize::from(beside.verdict == Verdict::Hold);
            let named = beside
                .refused()
                .all(|found| found.attachment == Some(1) && found.value("See the file.", &files).is_some());
            assert!(named, "{}", case.text);
        } else if case.gold.iter().all(|(name, ..)| name != "DATE_TIME") && !structured {
            clean += 1;
            stopped += usize::from(inside.verdict == Verdict::Hold);
        }
        assert_eq!(inside.verdict, beside.verdict, "{}", case.text);
        for found in inside.refused() {
            assert!(found.treatment == Treatment::Hold && found.finding.kind != Kind::UrlDomain);
        }
    }
    assert!(real > 80 && held == real && in_file == real, "{held} of {real} held, {in_file} of them in a file");
    assert!(stopped * 50 <= clean, "{stopped} of {clean} texts without such values are held");
}
