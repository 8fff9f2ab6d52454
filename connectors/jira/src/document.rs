//! Text in Atlassian's document format (ADF), and the text of such a document. Own file because it is the encoding that keeps text from
//! becoming markup. INVARIANT: [`document`] makes nothing but paragraphs, line breaks and plain text; no text of a node is empty, which
//! Jira refuses.

use serde_json::{Value, json};

/// A document with this text: a paragraph for each run of lines, a break between its lines.
pub(crate) fn document(text: &str) -> Value {
    let mut paragraphs = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            lines.push(line);
        } else if !lines.is_empty() {
            paragraphs.push(paragraph(&std::mem::take(&mut lines)));
        }
    }
    json!({"type": "doc", "version": 1, "content": paragraphs})
}

fn paragraph(lines: &[&str]) -> Value {
    let mut content = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            content.push(json!({"type": "hardBreak"}));
        }
        content.push(json!({"type": "text", "text": line}));
    }
    json!({"type": "paragraph", "content": content})
}

/// The text that a document shows, whoever wrote it; the empty text for what is no document.
pub(crate) fn text_of(document: &Value) -> String {
    let mut out = String::new();
    // A stack of our own: how deep a stranger's document goes is the stranger's choice.
    let mut next = vec![document];
    while let Some(node) = next.pop() {
        let attribute =
            |name: &str| node.pointer(&format!("/attrs/{name}")).and_then(Value::as_str).unwrap_or_default();
        match node.get("type").and_then(Value::as_str).unwrap_or_default() {
            "text" => out.push_str(node.get("text").and_then(Value::as_str).unwrap_or_default()),
            "mention" | "status" | "date" => out.push_str(attribute("text")),
            "emoji" => out.push_str(attribute("shortName")),
            "inlineCard" | "blockCard" => out.push_str(attribute("url")),
            "doc" => {}
            "hardBreak" | "rule" => out.push('\n'),
            // Blocks begin on a line of their own.
            _ => out.push('\n'),
        }
        if let Some(content) = node.get("content").and_then(Value::as_array) {
            next.extend(content.iter().rev());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{document, text_of};
    use opspilot_sdk::plain::folded;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn paragraphs_and_lines() {
        let text = |text: &str| json!({"type": "text", "text": text});
        let expected = json!({"type": "doc", "version": 1, "content": [
            {"type": "paragraph", "content": [text("a"), {"type": "hardBreak"}, text("b")]},
            {"type": "paragraph", "content": [text("h1. [~x] {color:red}")]},
        ]});
        assert_eq!(document("a\nb\n\n \nh1. [~x] {color:red}\n"), expected);
        assert_eq!(document("")["content"], json!([]));
    }

    #[test]
    fn what_others_wrote_is_text_too() {
        let given = json!({"type": "doc", "version": 1, "content": [
            {"type": "heading", "content": [{"type": "text", "text": "One"}]},
            {"type": "paragraph", "content": [{"type": "mention", "attrs": {"text": "@eve"}}, {"type": "text", "text": " looks"}]},
            {"type": "bulletList", "content": [{"type": "listItem", "content": [{"type": "paragraph"}]}]},
        ]});
        assert_eq!(folded(&text_of(&given)), "One @eve looks");
        for odd in [Value::Null, json!("x"), json!([]), json!({"content": "x"})] {
            assert_eq!(folded(&text_of(&odd)), "");
        }
    }

    proptest! {
        #[test]
        fn text_stays_text(text in "(\\PC|[\\[\\]{}*_|!~^\n\t ])*") {
            let made = document(&text);
            prop_assert_eq!(folded(&text_of(&made)), folded(&text));
            let mut nodes: Vec<&Value> = made["content"].as_array().into_iter().flatten().collect();
            while let Some(node) = nodes.pop() {
                let kind = node["type"].as_str().unwrap_or_default();
                prop_assert!(["paragraph", "text", "hardBreak"].contains(&kind));
                prop_assert!(kind != "text" || node["text"] != "");
                prop_assert!(node.get("marks").is_none() && node.get("attrs").is_none());
                nodes.extend(node["content"].as_array().into_iter().flatten());
            }
        }
    }
}
