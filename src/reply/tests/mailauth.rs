//! Signatures and chains made by others: every outcome right, nothing passed that must not.

use crate::reply::authenticity::{Answer, Chain, Checker, Outcome, Records, chain};
use serde_json::Value;

#[test]
fn every_signature_and_chain_is_judged_right() {
    let checker = Checker::new().unwrap_or_else(|error| panic!("{error}"));
    let (mut cases, mut wrong) = (0, Vec::new());
    for line in include_str!("../../../tests/data/mailauth/cases.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap_or_default();
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let mut records = Records::new();
        for (name, record) in case["dns_txt"].as_object().into_iter().flatten() {
            records.put(name, &Answer::Texts(vec![record.as_str().unwrap_or_default().to_owned()]));
        }
        let raw = text("message").into_bytes();
        let got = if text("kind") == "arc" {
            match chain(&checker, &raw, &records) {
                Chain::Pass => "pass",
                Chain::None => "none",
                Chain::Fail | Chain::Unknown => "fail",
            }
        } else {
            let passed = checker.signatures(&raw, &records).iter().any(|signed| signed.outcome == Outcome::Pass);
            if passed { "pass" } else { "fail" }
        };
        cases += 1;
        if got != text("expect") {
            wrong.push(format!("{} ({}): {got} instead of {}", text("id"), text("description"), text("expect")));
        }
    }
    assert_eq!(cases, 77);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
