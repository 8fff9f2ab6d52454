//! Answers as people and clients write them: nothing approved that must not be, hardly a decision missed.

use crate::mail::visible;
use crate::reply::{Kind, Part, Shown, Words, read};
use serde_json::Value;

fn part<'p>(source: &'p Option<String>, visible: &'p Option<visible::Visible<'_>>) -> Option<Part<'p>> {
    let (source, visible) = source.as_deref().zip(visible.as_ref())?;
    Some(Part { visible: &visible.text, certain: visible.certain, source })
}

/// A secret and a link of the form they have in our own mails.
fn filled(text: &str) -> String {
    text.replace("{{LINK}}", "https://ops.example.net/review/b_01")
        .replace("{{TOKEN}}", &format!("aea{}", "2".repeat(37)))
}

fn decided(case: &Value, words: &Words) -> &'static str {
    // What a machine wrote never comes here.
    if case["headers"].as_object().is_some_and(|headers| !headers.is_empty()) {
        return "none";
    }
    let (body, html) = (case["body"].as_str().map(filled), case["html"].as_str().map(filled));
    let text = body.as_deref().map(visible::of_text);
    let formatted = html.as_deref().map(visible::of_html);
    let shown = Shown { text: part(&body, &text), html: part(&html, &formatted), sent: None };
    read(&shown, words).map_or("none", |decision| decision.kind().as_str())
}

#[test]
fn no_false_approval_and_hardly_a_miss() {
    let words = Words::default();
    let cases: Vec<Value> = include_str!("../../../tests/data/approval/cases.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_default())
        .collect();
    assert_eq!(cases.len(), 177);
    let (mut false_approvals, mut wrong) = (Vec::new(), Vec::new());
    let mut recall = std::collections::BTreeMap::from([("approve", (0, 0)), ("reject", (0, 0))]);
    for case in &cases {
        let expect: Vec<&str> = case["expect"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let got = decided(case, &words);
        if got == Kind::Approve.as_str() && !expect.contains(&got) {
            false_approvals.push(case["id"].clone());
        }
        if !expect.contains(&got) {
            wrong.push(format!("{} {}: {got} instead of {expect:?}: {}", case["id"], case["kind"], case["body"]));
        }
        if let [only] = expect.as_slice()
            && let Some((right, all)) = recall.get_mut(only)
        {
            *all += 1;
            *right += i32::from(got == *only);
        }
    }
    assert_eq!(false_approvals, Vec::<Value>::new());
    for (kind, (right, all)) in recall {
        assert!(right * 100 >= all * 97, "{kind}: {right} of {all}\n{}", wrong.join("\n"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
