//! Answers crossed with the ways in which mail programs quote: the texts here were written after the rules, the quotes are other people's.

use crate::mail::visible;
use crate::reply::{Decision, Part, Shown, Words, read};
use serde_json::Value;

/// What must be approved.
const APPROVALS: [&str; 8] = [
    "Approve",
    "APPROVED!",
    "approve\n\nGreat summary, the customer will be pleased.\n\nKind regards\nMaria Nilsson\nHead of Sales | +46 8 123 456",
    "*Approve*\n\nBest,\nTom",
    "approved.\n\nGet Outlook for iOS",
    "approve\n\nMfG\nJ. Müller",
    "Approve\n\nNo further comments.\n\nThx",
    "approve\n\nDr. Jean-Luc Petit\nDirecteur commercial\n12 rue de la Paix, 75002 Paris\nwww.example.fr",
];

/// What must not.
const OTHERS: [&str; 36] = [
    "Approve with changes",
    "approve all except item 3",
    "Approve, thanks",
    "approve :)",
    "Pre-approved",
    "Approve tomorrow",
    "reapprove",
    "approve\n\nOn second thought, let me think about it.",
    "approve\n\nprovided that the price is below 5k",
    "approve\n\n... just kidding",
    "APPROVE\n\nWait.",
    "approve\n\nPlease lower the price to 4,000.",
    "approve\n\nas soon as Anna has seen it",
    "approve\n\nAnna should see it first",
    "approve\n\nis what I would say with a better price",
    "approve\nthe price, reject the timeline",
    "approve\n\nThanks,\nMike\n\nPS: not the second action",
    "approve\n\nwould be my answer next week",
    "Approve\n\nsobald der Preis stimmt",
    "approve\n\nà condition que le prix baisse",
    "approve\n\nsiempre que baje el precio",
    "approve\n\nse il prezzo scende",
    "approve\n\nmits de prijs daalt",
    "approve\n\nom priset sänks lite",
    "approve\n\njeśli cena spadnie",
    "approve\n\nただし価格を下げてください",
    "Go ahead and approve",
    "LGTM",
    "Sure, approve",
    "Hi,\n\napprove",
    "I can't approve",
    "To approve, reply with APPROVE on the first line.",
    "APPROVE / REJECT",
    "approve?",
    "Aprobado",
    "[approve]",
];

/// Quotes as clients write them: what stands below the new text in the cases of the reply set.
fn quotes() -> Vec<String> {
    let cases = include_str!("../../../tests/data/reply/cases.jsonl").lines();
    let cases = cases.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let below = |case: Value| {
        let text = case["text"].as_str()?.replace('\r', "");
        let own = case["accept"][0].as_str()?.trim().to_owned();
        let rest = text.trim_start().strip_prefix(own.as_str()).filter(|_| !own.is_empty())?.to_owned();
        // Cases whose rest is no quote test other things.
        let quote = case["quote_probes"].as_array().is_some_and(|probes| !probes.is_empty());
        (quote && rest.starts_with('\n')).then_some(rest)
    };
    cases.filter_map(below).collect()
}

fn decided(text: &str) -> Option<Decision> {
    let visible = visible::of_text(text);
    let part = Part { visible: &visible.text, certain: visible.certain, source: text };
    read(&Shown { text: Some(part), html: None, sent: None }, &Words::default()).ok()
}

#[test]
fn no_quote_turns_anything_into_an_approval() {
    let mut quotes = quotes();
    assert!(quotes.len() >= 20, "{}", quotes.len());
    quotes.push(String::new());
    for quote in &quotes {
        for text in OTHERS {
            assert_ne!(decided(&format!("{text}{quote}")), Some(Decision::Approve), "{text}{quote}");
        }
        assert_ne!(decided(quote), Some(Decision::Approve), "{quote}");
    }
}

#[test]
fn approvals_are_found_above_nearly_every_quote() {
    let quotes = quotes();
    let (mut missed, mut all) = (Vec::new(), 0);
    for quote in &quotes {
        for text in APPROVALS {
            all += 1;
            if decided(&format!("{text}{quote}")) != Some(Decision::Approve) {
                missed.push(format!("{text}{quote}"));
            }
        }
    }
    assert!(missed.len() * 100 <= all * 10, "{} of {all}:\n{}", missed.len(), missed.join("\n=====\n"));
    for text in APPROVALS {
        assert_eq!(decided(text), Some(Decision::Approve), "{text}");
    }
}
