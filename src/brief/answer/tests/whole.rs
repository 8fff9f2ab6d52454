//! Answers that become briefs: how quotes are found, what is taken out, what is listed.

use super::super::super::content::{Band, Level, RiskKind};
use super::*;
use proptest::prelude::*;

fn quoted(quote: &str) -> Option<(Vec<String>, bool)> {
    let mut answer = good();
    answer["workflow_summary"]["quotes"] = json!([quote]);
    let accepted = read_json(&answer).ok()?;
    let found =
        accepted.content.workflow_summary.quotes.iter().map(|quote| quote.of(TEXT).unwrap().to_owned()).collect();
    Some((found, accepted.corrections.iter().any(|c| c.what.starts_with("corrected"))))
}

fn summary(text: &str) -> (String, Vec<String>) {
    let mut answer = good();
    answer["workflow_summary"]["text"] = json!(text);
    let content = read_json(&answer).unwrap().content;
    (content.workflow_summary.text, content.unverified.into_iter().map(|problem| problem.problem).collect())
}

#[test]
fn a_sound_answer_becomes_a_brief_with_our_owner_and_gate() {
    let accepted = read_json(&good()).unwrap();
    let content = accepted.content;
    assert_eq!(content.priority.band, Band::Normal);
    assert_eq!(content.next_actions[0].owner, "Dana");
    assert!(content.next_actions[0].needs_approval);
    assert_eq!(content.missing_information[0].field, "mail_volume");
    assert_eq!(content.unverified, []);
    assert_eq!(accepted.corrections, []);
    assert_eq!(accepted.missing, ["risk"]);
    assert_eq!(grounded(&content, TEXT), Grounded { quoted: 3, needing: 3, absent: 0 });
}

#[test]
fn a_fence_prose_or_thoughts_around_one_object_are_put_up_with() {
    let whole = good().to_string();
    for answer in [
        format!("```json\n{whole}\n```"),
        format!("Here is the brief you asked for:\n\n{whole}\n\nLet me know if you need anything else!"),
        format!("<think>the {{request}} says \"{{\" …</think>\n{whole}"),
        format!("\u{feff}{whole}"),
    ] {
        assert!(read_text(&answer, TEXT).is_ok(), "{answer}");
    }
}

#[test]
fn quotes_are_found_letter_for_letter_or_corrected_or_dropped() {
    for (quote, found, corrected) in [
        ("Our budget is €15,000.", "Our budget is €15,000.", false),
        ("our Budget is €15,000", "Our budget is €15,000", true),
        ("“Our budget  is\n€15,000.”", "Our budget is €15,000", true),
        ("**Our budget** is €15,000.", "Our budget is €15,000", true),
        ("we are a freight forwarder wiht 40 staff", "we are a freight forwarder with 40 staff", true),
        ("two collegues retype them in SAP", "two colleagues retype them into SAP", true),
    ] {
        let (list, fixed) = quoted(quote).unwrap_or_else(|| panic!("{quote} is not found"));
        assert_eq!((list.as_slice(), fixed), ([found.to_owned()].as_slice(), corrected));
    }
    let (list, _) = quoted("About 300 orders a week … retype them into SAP").unwrap();
    assert_eq!(list, ["About 300 orders a week", "retype them into SAP"]);
    for quote in [
        "",
        " ",
        "…",
        "-",
        "e",
        "00",
        "orders from the moon reach us by rocket",
        "staf",
        "Our budget is nobody's business",
    ] {
        assert_eq!(quoted(quote), None, "{quote}");
    }
}

#[test]
fn what_the_request_does_not_bear_out_is_listed() {
    let (_, problems) = summary("Acme wants 77 licences by 3 May 2027 for €9,999.");
    let all = problems.join("\n");
    for word in ["77", "3 May 2027", "9,999"] {
        assert!(all.contains(word), "{word}: {all}");
    }
    let mut answer = good();
    answer["next_actions"][0]["due"] = json!("2031-01-01");
    assert!(read_json(&answer).unwrap().content.unverified.iter().any(|p| p.path == "next_actions[0].due"));
}

#[test]
fn foreign_addresses_are_taken_out_and_listed() {
    for foreign in [
        "https://evil.example/x?d=1",
        "evil.example",
        "www.evil.test",
        "//cdn.evil.example/p.png",
        "https://nordwind.example/start/../other",
        "mallory@evil.example",
        "aria@nordwind.example",
        "javascript:alert(1)",
        "data:text/html;base64,AAAA",
        "+49 40 123 4568",
        "(0800) 123 456 789",
        "sub.evil.xyz/path",
        "http://203.0.113.9/a",
        "203.0.113.9",
        "еvil.рф",
    ] {
        let (text, problems) = summary(&format!("Write to {foreign} about it."));
        assert!(!text.contains(foreign), "{text}");
        assert!(
            text.contains("left out") && problems.iter().any(|p| p.contains("was left out")),
            "{text} {problems:?}"
        );
    }
    for own in [
        "https://nordwind.example/start",
        "nordwind.example",
        "maria@nordwind.example",
        "+49 40 123 4567",
        "040 1234567",
    ] {
        let (text, problems) = summary(&format!("The client named {own} in the text."));
        assert!(text.contains(own), "{text} {problems:?}");
    }
}

#[test]
fn no_link_stands_where_people_act_even_if_the_request_holds_it() {
    let mut answer = good();
    answer["next_actions"][0]["text"] =
        json!("Open https://nordwind.example/start and write to maria@nordwind.example");
    answer["missing_information"][0]["question"] = json!("Is nordwind.example your site?");
    let content = read_json(&answer).unwrap().content;
    assert_eq!(content.next_actions[0].text, "Open (a link in the request) and write to maria@nordwind.example");
    assert!(!content.missing_information[0].question.contains("nordwind"));
    assert!(
        content
            .unverified
            .iter()
            .any(|p| p.path == "next_actions[0].text" && p.problem.contains("maria@nordwind.example"))
    );
}

#[test]
fn markup_becomes_plain_text() {
    for (written, shown) in [
        ("**Bold** and `code` and _this_", "Bold and code and this"),
        ("# Title\n- one\n- two", "Title - one - two"),
        ("![logo](https://evil.example/p.png)", "(logo)((a link left out))"),
        ("![logo][ref]\n\n[ref]: https://evil.example/p.png", "(logo)(ref) (ref): (a link left out)"),
        ("<img src=x onerror=alert(1)>", "‹img src=x onerror=alert(1)›"),
        ("<style>a{background:url(//evil.example/c)}</style>", "‹style›a(background:url((a link left out)))‹/style›"),
        ("a &lt;b&gt; &#60; AT&T", "a ＆lt;b＆gt; ＆#60; AT&T"),
        ("snake_case stays, 3 * 4 stays", "snake_case stays, 3 * 4 stays"),
        ("red\u{1b}[31m \u{202e}txet\u{0} \u{200b}zero", "red (31m txet zero"),
        ("{{secret}} \\[x\\]", "((secret)) (x)"),
    ] {
        assert_eq!(summary(written).0, shown, "{written}");
    }
}

#[test]
fn what_screening_found_is_a_risk_whatever_the_answer_says() {
    let asked = asked(TEXT);
    let span = TEXT.find("Could you").unwrap()..TEXT.find(" Our site").unwrap();
    let (spans, outside) = ([span], [0..1, 2..usize::MAX]);
    let input = AnswerInput { text: TEXT, seen: &asked.seen, known: &[], instructions: &spans, owner: "Dana" };
    let content = read(&good().to_string(), &input).unwrap().content;
    assert_eq!(content.risk.level, Level::High);
    assert_eq!(content.risk.factors[0].kind, RiskKind::Instructions);
    assert_eq!(content.risk.factors[0].quotes[0].of(TEXT), Some("Could you send us an offer by Friday?"));
    // Spans that do not fit are no reason to fail.
    assert!(read(&good().to_string(), &AnswerInput { instructions: &outside, ..input }).is_ok());
}

#[test]
fn what_is_too_long_or_too_many_is_cut_and_noted() {
    let mut answer = good();
    answer["workflow_summary"]["text"] = json!("word ".repeat(2_000));
    let many: Vec<Value> = (0..50).map(|n| json!({ "text": format!("Do thing {n}"), "due": null })).collect();
    answer["next_actions"] = json!(many);
    let accepted = read_json(&answer).unwrap();
    assert_eq!(accepted.content.next_actions.len(), 8);
    assert!(accepted.content.workflow_summary.text.len() < 1_600);
    assert_eq!(accepted.corrections.len(), 2, "{:?}", accepted.corrections);
}

#[test]
fn a_trimmed_text_is_told_to_the_reviewer() {
    let text: String = (0..9_000).map(|n| format!("line number {n} of a long thread with orders\n")).collect();
    let asked = asked(&text);
    assert!(asked.seen.left_out().is_some());
    let mut answer = good();
    let shown = json!(["line number 8990 of a long thread"]);
    answer["workflow_summary"]["quotes"] = shown.clone();
    answer["priority"]["reasons"][0]["quotes"] = shown;
    let accepted = read(
        &answer.to_string(),
        &AnswerInput { text: &text, seen: &asked.seen, known: &[], instructions: &[], owner: "D" },
    )
    .unwrap();
    assert_eq!(accepted.content.workflow_summary.quotes[0].of(&text), Some("line number 8990 of a long thread"));
    assert!(accepted.content.unverified[0].problem.contains("bytes in the middle were left out"));
    // What the model did not see is no quote, although the request holds it.
    let hidden = text[asked.seen.gap().unwrap().start + 300..].lines().nth(2).unwrap();
    assert!(!asked.seen.text().contains(hidden));
}

#[test]
fn a_long_text_with_many_wrong_quotes_ends() {
    let text = "the order of the week is late and the client is waiting for it ".repeat(1_600);
    let asked = asked(&text);
    let near = "xyz ".repeat(100);
    let wrong: Vec<Value> = (0..5).map(|n| json!({ "text": "late", "quotes": [near, format!("{near}{n}"), "the ordr of the week iz late and the client", near] })).collect();
    let mut answer = good();
    answer["priority"]["reasons"] = json!(wrong);
    answer["workflow_summary"]["quotes"] = json!(["the week is late"]);
    let accepted = read(
        &answer.to_string(),
        &AnswerInput { text: &text, seen: &asked.seen, known: &[], instructions: &[], owner: "D" },
    )
    .unwrap();
    assert!(accepted.content.priority.reasons.iter().all(|reason| reason.quotes.len() == 1));
}

/// Patterns at which a reader that looks back or compares all with all would stand still.
#[test]
fn hostile_texts_of_a_hundred_kilobytes_end() {
    let near = "the quick brown fox jumps over teh lazy dog ".repeat(8);
    for pattern in [
        "a.com ",
        "\n<<<",
        "\n\u{200b}",
        "\u{200b}",
        "<|",
        "[INST]",
        "+49 30 1234567 ",
        "a@b.de,",
        "0 ",
        "1-",
        "> ",
        "{\"a\":",
        "\"",
        "…",
        "ab",
        "the quick brown fox jumps over the lazy dog ",
        "ﬁİß",
        "//",
        "&lt;",
        "\n",
        "=",
    ] {
        let text = format!("order\n{}\nlicences", pattern.repeat(100_000 / pattern.len()));
        let asked = asked(&text);
        let mut answer = good();
        let wrong: Vec<Value> = (0..5)
            .map(|n| json!({ "text": pattern.repeat(200), "quotes": [near, format!("{n}{near}"), pattern.repeat(40), "licences"] }))
            .collect();
        answer["workflow_summary"]["quotes"] = json!(["order", "licences"]);
        answer["priority"]["reasons"] = json!(wrong);
        let input = AnswerInput { text: &text, seen: &asked.seen, known: &[&text], instructions: &[], owner: "D" };
        if let Ok(accepted) = read(&answer.to_string(), &input) {
            assert!(quotes(&accepted.content).iter().all(|quote| quote.of(&text).is_some()), "{pattern}");
        }
        let _ = read(&text, &input);
    }
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        "(?s).{0,80}",
        Just("Our budget is €15,000".to_owned()),
        "[a-z ]{0,10}(https?://|www\\.|mailto:|//)[a-z.]{0,12}[a-z/?=]{0,6}",
        "(\\*\\*|`|<|>|\\[|\\]|!|\\(|\\)|&lt;|_|#|\\{|\\}|\u{202e}|a| |\n){0,30}",
        "[+0-9 ()./-]{0,20}",
    ]
}

prop_compose! {
    fn said()(text in leaf(), quotes in prop::collection::vec(leaf(), 0..4)) -> Value {
        json!({ "text": text, "quotes": quotes })
    }
}

prop_compose! {
    fn shaped()(
        summary in said(), score in 0..130, reasons in prop::collection::vec(said(), 0..4), factors in prop::collection::vec(said(), 0..3),
        words in prop::collection::vec(leaf(), 8), pricing in prop::option::of(said()),
        due in prop::option::of("2026-(0[1-9]|1[0-4])-[0-3][0-9]"),
    ) -> Value {
        let factors: Vec<Value> = factors.into_iter().map(|mut factor| { factor["kind"] = json!("other"); factor }).collect();
        json!({
            "workflow_summary": summary,
            "priority": { "score": score, "reasons": reasons },
            "risk": { "level": "low", "factors": factors },
            "recommended_status": { "status": "qualify", "reason": words[0] },
            "missing_information": [{ "field": words[1], "question": words[2], "why": words[3] }],
            "next_actions": [{ "text": words[4], "due": due }],
            "pricing_rationale": pricing,
            "implementation_roadmap": [{ "phase": words[5], "steps": [words[6]], "exit": words[7] }],
        })
    }
}

fn json_tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        leaf().prop_map(Value::from)
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        let keys = prop::sample::select(vec![
            "priority",
            "text",
            "quotes",
            "risk",
            "score",
            "next_actions",
            "workflow_summary",
            "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..6)
                .prop_map(|list| Value::Object(list.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

/// What holds for every brief that comes out.
fn holds(accepted: &Accepted, text: &str) -> Result<(), TestCaseError> {
    let content = &accepted.content;
    for quote in quotes(content) {
        prop_assert!(quote.of(text).is_some_and(|words| words.chars().any(char::is_alphanumeric)));
    }
    let share = grounded(content, text);
    prop_assert_eq!(
        (share.quoted, share.absent),
        (share.needing, 0),
        "every statement shown rests on words of the request"
    );
    prop_assert!(content.next_actions.iter().all(|action| action.needs_approval && action.owner == "Dana"));
    prop_assert_eq!(content.priority.band, content.priority.score.band());
    prop_assert_eq!(&Content::from_json(&content.to_bytes()).unwrap(), content);
    let mut texts: Vec<String> = acting(content).into_iter().map(|(_, words)| words).collect();
    texts.push(content.workflow_summary.text.clone());
    texts.extend(content.priority.reasons.iter().map(|reason| reason.text.clone()));
    texts.extend(content.risk.factors.iter().map(|factor| factor.text.clone()));
    for words in texts {
        prop_assert!(!words.contains(['<', '>', '`', '[', ']', '{', '}', '\n', '\u{202e}', '\u{200b}']), "{}", words);
        prop_assert!(!words.chars().any(char::is_control));
        let held = text.to_lowercase();
        for found in super::super::super::read::contact::find(&words) {
            let address = words[found.start..found.end].to_lowercase();
            let digits: String = address.chars().filter(char::is_ascii_digit).collect();
            let bare = address.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
            prop_assert!(held.contains(bare.trim_end_matches('/')) || digits.len() > 6, "{} in {}", address, words);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_breaks_the_reader(answer in "(?s).{0,400}") {
        prop_assert!(read_text(&answer, TEXT).is_err());
    }

    #[test]
    fn no_json_breaks_the_reader(answer in json_tree()) {
        if let Ok(accepted) = read_json(&answer) {
            holds(&accepted, TEXT)?;
        }
    }

    /// Answers of the right shape with any words in them, and parts of sound ones.
    #[test]
    fn what_is_shown_is_grounded_inert_and_within_limits(answer in shaped(), keep in prop::collection::vec(any::<bool>(), 3)) {
        let (mut answer, sound) = (answer, good());
        for (section, keep) in ["workflow_summary", "priority", "risk"].into_iter().zip(keep) {
            if keep {
                answer[section] = sound[section].clone();
            }
        }
        if let Ok(accepted) = read_json(&answer) {
            holds(&accepted, TEXT)?;
        }
    }

    /// A piece of any text, copied with slips, is found or not, but never wrong.
    #[test]
    fn quotes_lie_in_any_text(text in "(?s)(.|[a-z ]{5,20}|\u{200b}|ﬁ|İ|ß){1,80}", from in 0_usize..200, len in 1_usize..200) {
        let chars: Vec<char> = text.chars().collect();
        let piece: String = chars.iter().skip(from % chars.len()).take(len).collect();
        let mut answer = good();
        for quote in [piece.clone(), piece.to_uppercase(), piece.replace('e', "a")] {
            answer["workflow_summary"]["quotes"] = json!([quote]);
            answer["priority"]["reasons"][0]["quotes"] = json!([quote]);
            if let Ok(accepted) = read_text(&answer.to_string(), &text) {
                holds(&accepted, &text)?;
            }
        }
    }
}
