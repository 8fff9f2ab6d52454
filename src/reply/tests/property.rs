//! What holds for any input: no text approves but by its first line, and no secret opens anything but its own.

use crate::reply::{Bound, Decision, Key, Kind, Part, Shown, Token, Words, read};
use jiff::Timestamp;
use proptest::prelude::*;

fn decided(text: &str, words: &Words) -> Option<Decision> {
    let text = Some(Part { visible: text, certain: true, source: text });
    read(&Shown { text, html: None, sent: None }, words).ok()
}

/// The first line that is not empty, as strictly as it may be read: nothing but a word, an end mark and stars around it.
fn first_word(text: &str) -> String {
    let own = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('>');
    let line = text.lines().find(own).unwrap_or_default();
    line.trim().trim_matches(['*', '.', '!', '。', '！']).to_lowercase()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}

/// Lines as people write them, and lines that come near a decision.
fn lines() -> impl Strategy<Value = String> {
    let near = [
        "approve",
        "APPROVE",
        "Approved.",
        "*approve*",
        "approve!",
        "reject",
        "reject: no",
        "minor: x",
        "edit",
        "priority.score: 7",
        "approve reject",
        "approve:",
        "not approved",
        "I approve",
        "> approve",
        "",
        " ",
        "Thanks",
        "-- ",
        "but",
        "approve?",
        "\u{200b}approve",
        "genehmigt",
        "承認",
    ];
    let near = prop::sample::select(near.to_vec()).prop_map(str::to_owned);
    let line = prop_oneof![near, "\\PC{0,30}", "[a-z .,!?>*:-]{0,30}"];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

/// What takes an approval back, in several languages.
const AGAINST: [&str; 21] = [
    "reject",
    "Actually no",
    "but wait",
    "not yet",
    "only if legal agrees",
    "Should we?",
    "leider nicht",
    "mais pas maintenant",
    "pero no",
    "ma non ora",
    "maar niet nu",
    "mas não agora",
    "ale nie teraz",
    "men inte nu",
    "ただし条件があります",
    "Please change the price",
    "except item 3",
    "as long as Bo agrees",
    "I'll look tomorrow",
    "REJECT.",
    "Never mind",
];

proptest! {
    #[test]
    fn no_text_approves_but_by_its_first_line(text in lines()) {
        for words in [Words::default(), Words::of(Words::languages()).unwrap_or_default()] {
            if decided(&text, &words) == Some(Decision::Approve) {
                prop_assert_eq!(words.exactly(&first_word(&text)), Some(Kind::Approve), "{}", text);
            }
        }
    }

    #[test]
    fn no_random_text_decides(text in "\\PC{0,400}") {
        let words = Words::default();
        if let Some(decision) = decided(&text, &words) {
            let first = first_word(&text);
            let word = first.split([':', '：']).next().unwrap_or_default().trim().trim_matches('*').to_owned();
            prop_assert_eq!(words.exactly(&word), Some(decision.kind()));
        }
    }

    #[test]
    fn a_later_word_against_it_takes_an_approval_back(
        before in "[A-Z][a-z]{2,8} [a-z]{3,8}",
        against in prop::sample::select(AGAINST.to_vec()),
    ) {
        for text in [format!("approve\n{against}"), format!("approve\n\n{before}\n\n{against}\n")] {
            prop_assert_eq!(decided(&text, &Words::default()), None, "{}", text);
        }
    }

    #[test]
    fn any_html_does_no_harm(source in "[<>a-z/=\"' :;!é-]{0,200}") {
        let html = Some(Part { visible: "approve", certain: true, source: &source });
        let read = read(&Shown { text: None, html, sent: None }, &Words::default());
        prop_assert!(read.is_err() || read == Ok(Decision::Approve));
    }

    #[test]
    fn a_secret_opens_its_own_alone(
        (brief, revision, reviewer) in ("[a-z0-9_]{1,12}", "[a-f0-9]{1,16}", "[a-z_]{1,8}"),
        (expiry, later) in (0_i64..4_000_000_000, 1_i64..100_000),
        other in "[a-z0-9_]{1,12}",
    ) {
        let key = Key::new(&[3; 32]);
        let bound = Bound { brief: &brief, revision: &revision, reviewer: &reviewer, plan: "" };
        let token = key.mint(&bound, at(expiry));
        prop_assert_eq!(key.check(&token, &bound).map(|checked| checked.expires()), Some(at(expiry)));
        prop_assert_eq!(Token::read(&token.letters().to_uppercase()), Some(token.clone()));
        let wrongs =
            [
                Bound { brief: &other, ..bound },
                Bound { revision: &other, ..bound },
                Bound { reviewer: &other, ..bound },
                Bound { plan: &other, ..bound },
            ];
        for wrong in wrongs {
            prop_assert!(wrong == bound || key.check(&token, &wrong).is_none());
        }
        // Letters moved from one part into the next are another thing.
        let moved = format!("{brief}{revision}");
        let moved = Bound { brief: &moved, revision: "", reviewer: &reviewer, plan: "" };
        prop_assert!(key.check(&token, &moved).is_none());
        prop_assert!(Key::new(&[4; 32]).check(&token, &bound).is_none());
        // A later expiry over the old tag: the first eight letters of one, the rest of the other.
        let longer = key.mint(&bound, at(expiry + later));
        let mixed = format!("{}{}", &longer.letters()[..8], &token.letters()[8..]);
        prop_assert!(Token::read(&mixed).is_none_or(|mixed| mixed == token || key.check(&mixed, &bound).is_none()));
    }

    #[test]
    fn one_changed_letter_is_a_wrong_secret(place in 0_usize..40, letter in "[a-z2-7]") {
        let key = Key::new(&[3; 32]);
        let bound = Bound { brief: "b", revision: "d", reviewer: "r", plan: "" };
        let token = key.mint(&bound, at(1_000_000));
        let mut letters = token.letters().to_owned();
        letters.replace_range(place..=place, &letter);
        let changed = Token::read(&letters);
        prop_assert!(changed.is_none_or(|changed| changed == token || key.check(&changed, &bound).is_none()));
    }
}

#[test]
fn ten_thousand_guesses_fail() {
    let (key, guesser) = (Key::new(&[9; 32]), Key::new(&[1; 32]));
    let bound = Bound { brief: "b", revision: "d", reviewer: "r", plan: "" };
    let real = key.mint(&bound, at(1_900_000_000));
    let right = (0..10_000_u32).filter(|guess| {
        // The best guess there is: version and expiry are known, 160 bits are not.
        let revision = guess.to_string();
        let tag = guesser.mint(&Bound { revision: &revision, ..bound }, at(1_900_000_000));
        let letters = format!("{}{}", &real.letters()[..8], &tag.letters()[8..]);
        Token::read(&letters).is_some_and(|token| key.check(&token, &bound).is_some())
    });
    assert_eq!(right.count(), 0);
    assert!(key.check(&real, &bound).is_some());
}
