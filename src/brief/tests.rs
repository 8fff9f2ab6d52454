//! Tests of the shape, the digest, editing and checking of a content.

use super::*;
use proptest::prelude::*;
use serde_json::json;

const TEXT: &str = "Hello, we need 25 seats at $40 per seat by 1 December 2026. Call Maria on +49 40 5550199.";

fn content() -> Content {
    let quote = Quote::new(7, 23).unwrap();
    Content {
        workflow_summary: Statement { text: "The sender needs 25 seats.".into(), quotes: vec![quote] },
        priority: Priority {
            score: Score::new(40).unwrap(),
            band: Band::Normal,
            reasons: vec![Statement { text: "A date is set.".into(), quotes: vec![quote] }],
        },
        risk: Risk { level: Level::Low, factors: Vec::new() },
        recommended_status: RecommendedStatus { status: Status::Qualify, reason: "It can be sized.".into() },
        missing_information: vec![Missing {
            field: "budget".into(),
            question: "What is the budget?".into(),
            why: "It sets the scope.".into(),
        }],
        next_actions: vec![Action {
            text: "Draft the offer.".into(),
            owner: "Dana".into(),
            due: Some(jiff::civil::date(2026, 12, 1)),
            needs_approval: false,
        }],
        pricing_rationale: None,
        implementation_roadmap: vec![Phase {
            phase: "Agree".into(),
            steps: vec!["Sign".into()],
            exit: "It is signed".into(),
        }],
        unverified: Vec::new(),
    }
}

fn edit(path: &str, value: serde_json::Value) -> Edit {
    Edit { path: path.into(), value }
}

#[test]
fn the_digest_is_that_of_the_sorted_compact_form() {
    let text = String::from_utf8(content().to_bytes()).unwrap();
    assert!(text.starts_with(r#"{"implementation_roadmap":[{"exit":"It is signed","phase":"Agree","steps":["Sign"]}],"missing_information":["#), "{text}");
    assert_eq!(content().digest().len(), 64);
    assert!(content().digest().bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    let mut other = content();
    other.next_actions[0].needs_approval = true;
    assert_ne!(other.digest(), content().digest());
}

/// The form as its definition reads: every object sorted, whatever order its type has.
fn as_defined(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Object(members) => {
            let sorted: std::collections::BTreeMap<_, _> = members.iter().collect();
            let members = sorted.into_iter().map(|(key, value)| format!("{}:{}", json!(key), as_defined(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(as_defined).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

proptest! {
    #[test]
    fn the_canonical_form_is_the_sorted_one_whatever_the_texts_hold(
        texts in proptest::collection::vec("[\"\\\\{}\\[\\],:\u{1}\\n a-cé€]{0,12}", 3),
        lists in proptest::collection::vec(0usize..3, 2),
        due in proptest::bool::ANY,
    ) {
        let mut made = content();
        made.workflow_summary.text.clone_from(&texts[0]);
        made.implementation_roadmap[0].steps = vec![texts[1].clone(); lists[0]];
        made.unverified = vec![Problem { path: texts[2].clone(), problem: texts[1].clone() }; lists[1]];
        made.next_actions[0].due = made.next_actions[0].due.filter(|_| due);
        let Statement { text, quotes } = made.workflow_summary.clone();
        made.risk.factors = vec![Factor { kind: RiskKind::Legal, text, quotes }; lists[0]];
        made.pricing_rationale = due.then(|| made.workflow_summary.clone());
        let value = serde_json::to_value(&made).unwrap();
        prop_assert_eq!(String::from_utf8(made.to_bytes()).unwrap(), as_defined(&value));
    }
}

#[test]
fn what_is_not_in_the_schema_is_refused() {
    let mut value = serde_json::to_value(content()).unwrap();
    for (path, wrong) in [
        ("/priority/score", json!(101)),
        ("/priority/score", json!(1_000_000_000_u64)),
        ("/priority/score", json!(4.5)),
        ("/priority/band", json!("asap")),
        ("/next_actions/0/due", json!("soon")),
        ("/workflow_summary/quotes/0/end", json!(7)),
        ("/workflow_summary/quotes/0/start", json!(-1)),
        ("/risk", json!(null)),
        ("/workflow_summary/text", json!("x".repeat(MAX_TEXT + 1))),
    ] {
        let right = value.pointer(path).unwrap().clone();
        *value.pointer_mut(path).unwrap() = wrong;
        let error = Content::from_json(value.to_string().as_bytes()).unwrap_err();
        assert!(error.code.starts_with("OP-70"), "{path}: {error}");
        *value.pointer_mut(path).unwrap() = right;
    }
    assert!(Content::from_json(value.to_string().as_bytes()).is_ok());
    value["link"] = json!("https://x.example");
    assert!(Content::from_json(value.to_string().as_bytes()).is_err());
    value.as_object_mut().unwrap().remove("link");
    value.as_object_mut().unwrap().remove("pricing_rationale");
    assert!(Content::from_json(value.to_string().as_bytes()).is_err());
    for text in ["", "{", "null", "[]", "I cannot help with that.", "{\"a\":NaN}"] {
        assert_eq!(Content::from_json(text.as_bytes()).unwrap_err().code, "OP-7001");
    }
}

#[test]
fn edits_apply_field_by_field_and_show_in_the_difference() {
    let before = content();
    let after = apply(
        &before,
        &[
            edit("priority.score", json!(85)),
            edit("next_actions[0].text", json!("Draft the offer today.")),
            edit("next_actions[0].due", json!(null)),
            edit(
                "next_actions[1]",
                json!({"text": "Call back.", "owner": "Dana", "due": null, "needs_approval": true}),
            ),
            edit("missing_information", json!([])),
            edit("implementation_roadmap[0].steps[0]", json!(null)),
            edit("pricing_rationale", json!({"text": "25 × 40 = 1,000", "quotes": []})),
        ],
    )
    .unwrap();
    assert_eq!((after.priority.score.get(), after.priority.band), (85, Band::Urgent));
    assert_eq!(after.next_actions.len(), 2);
    assert!(after.implementation_roadmap[0].steps.is_empty() && after.missing_information.is_empty());
    let paths: Vec<String> = diff(&before, &after).into_iter().map(|change| change.path).collect();
    assert_eq!(
        paths,
        [
            "priority.band",
            "priority.score",
            "missing_information[0]",
            "next_actions[0].due",
            "next_actions[0].text",
            "next_actions[1]",
            "pricing_rationale",
            "implementation_roadmap[0].steps[0]",
        ]
    );
    assert!(diff(&before, &before).is_empty());
    // The band is the score in a word: it cannot say another thing, in whatever order it is asked for.
    let (score, band) = (edit("priority.score", json!(5)), edit("priority.band", json!("urgent")));
    for edits in [
        vec![score.clone(), band.clone()],
        vec![band.clone(), score.clone()],
        vec![edit("priority.band", json!("low"))],
    ] {
        assert_eq!(apply(&before, &edits).unwrap_err().code, "OP-7013", "{edits:?}");
    }
    let fits = apply(&before, &[score, edit("priority.band", json!("low"))]).unwrap();
    assert_eq!((fits.priority.score.get(), fits.priority.band), (5, Band::Low));
}

#[test]
fn a_wrong_edit_is_refused_with_path_problem_and_remedy() {
    for (path, value, code) in [
        ("", json!(1), "OP-7010"),
        ("priority.colour", json!(1), "OP-7010"),
        ("next_actions[x].text", json!("a"), "OP-7010"),
        ("next_actions[0", json!("a"), "OP-7010"),
        ("next_actions[0]text", json!("a"), "OP-7010"),
        ("priority..score", json!(1), "OP-7010"),
        ("priority[0]", json!(1), "OP-7010"),
        ("pricing_rationale.text", json!("a"), "OP-7010"),
        ("unverified", json!([]), "OP-7010"),
        ("priority.score", json!("high"), "OP-7011"),
        ("priority.band", json!("asap"), "OP-7011"),
        ("next_actions", json!({}), "OP-7011"),
        ("next_actions[0].link", json!("x"), "OP-7010"),
        ("next_actions[0]", json!({"text": "only"}), "OP-7011"),
        ("workflow_summary", json!(null), "OP-7011"),
        ("priority.score", json!(101), "OP-7012"),
        ("next_actions[7].text", json!("a"), "OP-7012"),
        ("workflow_summary.text", json!("x".repeat(MAX_TEXT + 1)), "OP-7012"),
        ("workflow_summary.quotes[0]", json!({"start": 9, "end": 3}), "OP-7012"),
    ] {
        let error = apply(&content(), &[edit("priority.score", json!(10)), edit(path, value)]).unwrap_err();
        assert_eq!(error.code, code, "{path}: {error}");
        assert!(!error.problem.is_empty() && !error.remedy.is_empty());
    }
}

#[test]
fn a_refused_edit_names_the_field_in_plain_words() {
    let section = |key: &str, value: serde_json::Value| {
        let mut priority = serde_json::to_value(content().priority).unwrap();
        priority[key] = value;
        edit("priority", priority)
    };
    for (edit, told) in [
        (edit("priority.score", json!("high")), "`priority.score`: a text where a whole number should stand; send"),
        (section("score", json!("high")), "`priority.score`: a text where a whole number should stand; send"),
        (section("colour", json!("red")), "`priority`: `colour` is no field that is known here; there are `band`"),
        (edit("next_actions", json!({})), "`next_actions`: an object where a list should stand; send"),
        (edit("next_actions[0]", json!({ "text": "only" })), "`next_actions[0]`: `due` is missing; send"),
        (edit("workflow_summary", json!(null)), "`workflow_summary`: `null` where an object should stand; send"),
    ] {
        let error = apply(&content(), &[edit]).unwrap_err().to_string();
        assert!(error.starts_with(told), "{error}");
    }
    let error = Content::from_json(b"{\"workflow_summary\": {\n\"text\": 7}}").unwrap_err().to_string();
    let told = "`workflow_summary.text`: a number where a text should stand at line 2 column 9; send all sections";
    assert!(error.starts_with(told), "{error}");
}

#[test]
fn the_check_finds_what_the_request_does_not_hold() {
    assert_eq!(check(&content(), TEXT), []);
    let problems = |path: &str, value: serde_json::Value| -> Vec<String> {
        let edited = match path {
            // No edit makes this one; an earlier version did.
            "priority.band" => Content { priority: Priority { band: Band::Urgent, ..content().priority }, ..content() },
            path => apply(&content(), &[edit(path, value)]).unwrap(),
        };
        check(&edited, TEXT).into_iter().map(|p| format!("{}: {}", p.path, p.problem)).collect()
    };
    for (text, wanted) in [
        ("They need 30 seats.", "number not in the request: `30`"),
        ("It costs $4,000.", "number not in the request: `4,000`"),
        ("Write to sales@evil.example.", "e-mail address not in the request: `sales@evil.example`"),
        ("See https://evil.example/x for more.", "link not in the request: `https://evil.example/x`"),
        ("Call +1 202 555 0100 now.", "telephone number not in the request: `+1 202 555 0100`"),
        ("Needed by 5 January 2027.", "date not in the request: `5 January 2027`"),
        ("They know Peter Schmidt well.", "name not in the request: `Peter Schmidt`"),
        ("25 × 40 = 1,000 in total.", "calculated, not stated in the request: `25 × 40 = 1,000`"),
        ("25 × 40 = 1,100 in total.", "number not in the request: `1,100`"),
        ("25 × 40 × 2026 = 2,026,000.", "calculated, not stated in the request: `25 × 40 × 2026 = 2,026,000`"),
        ("25 × 40 ÷ 60 = 16.66 each.", "calculated, not stated in the request: `25 × 40 ÷ 60 = 16.66`"),
        ("40 + 25 × 40 = 1,040.", "calculated, not stated in the request: `40 + 25 × 40 = 1,040`"),
        ("2026 − 25 − 40 = 1,961.", "calculated, not stated in the request: `2026 − 25 − 40 = 1,961`"),
        // The last two figures alone would come to it.
        ("2026 × 25 × 40 = 1,000.", "number not in the request: `1,000`"),
    ] {
        assert_eq!(problems("workflow_summary.text", json!(text)), [format!("workflow_summary: {wanted}")], "{text}");
    }
    for text in [
        "They need 25 seats for $40 by 1 December 2026.",
        "Maria can be reached on +49 40 5550199.",
        "By 2026-12-01, twenty-five seats.",
    ] {
        assert_eq!(problems("workflow_summary.text", json!(text)), [] as [String; 0], "{text}");
    }
    assert_eq!(
        problems("next_actions[0].due", json!("2027-01-01")),
        ["next_actions[0].due: date not in the request: `2027-01-01`"]
    );
    assert_eq!(problems("workflow_summary.quotes[0].end", json!(9_000)).len(), 1);
    assert_eq!(problems("priority.band", json!("urgent")).len(), 1);
    let edited = apply(&content(), &[edit("workflow_summary.text", json!("Peter Schmidt asks."))]).unwrap();
    assert_eq!(check_with(&edited, TEXT, &["Peter Schmidt <p@s.example>"]), []);
}

#[test]
fn what_is_to_be_confirmed_does_not_ask_for_it_itself() {
    // Every face puts its own "please confirm" before the list.
    let mut due = content();
    due.next_actions[0].due = Some(jiff::civil::date(2026, 11, 27));
    due.workflow_summary.text = "They want it by 2026-11-27.".into();
    let problems = check(&due, "We need 25 seats by Friday.");
    let dated: Vec<&str> = problems.iter().map(|p| p.problem.as_str()).filter(|p| p.contains("Friday")).collect();
    assert_eq!(dated, ["date worked out from `Friday`: `2026-11-27`"], "{problems:?}");
    assert!(problems.iter().all(|p| !p.problem.contains("confirm")), "{problems:?}");
}

#[test]
fn a_statement_without_a_quote_is_listed_unless_it_is_about_something_absent() {
    let said = |text: &str| Statement { text: text.into(), quotes: Vec::new() };
    let mut bare = content();
    bare.workflow_summary = said("The sender wants to buy.");
    bare.priority.reasons = vec![said("Early answers win."), said("The request names no date.")];
    bare.risk.factors = vec![
        Factor { kind: RiskKind::Churn, text: "The client may leave.".into(), quotes: Vec::new() },
        Factor { kind: RiskKind::Other, text: "A contract isn’t mentioned.".into(), quotes: Vec::new() },
    ];
    bare.pricing_rationale = Some(said("It is cheap."));
    let listed: Vec<(String, String)> = check(&bare, TEXT).into_iter().map(|p| (p.path, p.problem)).collect();
    let wanted = [
        ("workflow_summary", "The sender wants to buy."),
        ("priority.reasons[0]", "Early answers win."),
        ("risk.factors[0]", "The client may leave."),
        ("pricing_rationale", "It is cheap."),
    ];
    let wanted =
        wanted.map(|(path, words)| (path.to_owned(), format!("no words of the request are quoted for it: `{words}`")));
    assert_eq!(listed, wanted);
    // What has a quote, or no words, is not listed; a quote that points nowhere is told of as such alone.
    bare = content();
    bare.pricing_rationale = Some(said(" "));
    assert_eq!(check(&bare, TEXT), []);
}

#[test]
fn languages_are_told_apart() {
    for (text, code) in [
        ("Could you please send us an offer for the maintenance?", "en"),
        ("Our printer is broken, pls help", "en"),
        ("Können Sie uns bitte ein Angebot für die Wartung schicken?", "de"),
        ("Bonjour, pouvez-vous nous envoyer une offre pour la maintenance ?", "fr"),
        ("Hola, necesitamos una oferta para el mantenimiento de los ascensores.", "es"),
        ("Kunt u ons een offerte sturen voor het onderhoud van de installatie?", "nl"),
        ("Можете ли вы прислать нам предложение на обслуживание?", "ru"),
        (
            "Guten Tag, wir haben im März eine Anlage von Ihnen bekommen und können sie nicht in Betrieb nehmen. Bitte schicken Sie \
             uns jemanden, der sich mit der Steuerung auskennt, und sagen Sie uns, wie lange das dauert.",
            "de",
        ),
        // As near to Danish as can be: common words alone do not tell them apart.
        (
            "Hei, vi har fått et tilbud fra dere og ønsker å vite om prisen også gjelder for leiligheten i andre etasje. Kan dere sende \
             oss en ny oversikt, og si fra når noen kan komme og se på det? Vi er hjemme hver kveld etter klokken fem.",
            "nb",
        ),
        ("保守契約の見積もりを送っていただけますか。", "ja"),
        (
            "NOTE: 한국말로 하는 것\n\n대부분의 마찬가지로, 우리는 하나님을 믿습니다.\n\nName: Jamis Buck\nEmail: jamis@example.com",
            "ko",
        ),
        ("Hello, our contact in Seoul is 김민수, could you please send us an offer?", "en"),
        ("Test test.", "und"),
        (
            "Test test. Waving. m\n\n--------------------\nEnvoyé par le service de messagerie texte de la société, \
             dans toute la ville et pour tous nos clients.\n--------------------\n",
            "und",
        ),
        ("Backport HADOOP-12760 to 2.10\n\nid: pr-8e9e454ec3", "en"),
        ("12345 !!!", "und"),
        ("", "und"),
    ] {
        assert_eq!(language::detect(text), code, "{text}");
    }
}

#[test]
fn a_topic_needs_its_sense() {
    let zone = jiff::tz::TimeZone::UTC;
    let topics = |text: &str| {
        let input = DraftInput {
            text,
            subject: None,
            sender: None,
            organisation: None,
            language: "en",
            received_at: jiff::Timestamp::UNIX_EPOCH,
            time_zone: &zone,
            attachments: &[],
            guidance: &[],
            owner: "Dana",
        };
        draft(&input).workflow_summary.text
    };
    for text in [
        "Javadoc errors are always ignored in the precommit jobs.",
        "It fails due to delayed visibility after a delay.",
    ] {
        let summary = topics(text);
        assert!(!summary.contains("the missing reply") && !summary.contains("the late delivery"), "{summary}");
    }
    assert!(topics("I have been ignored for weeks, could you answer?").contains("the missing reply"));
    assert!(topics("Our order is delayed, when does it come?").contains("the late delivery"));
}
