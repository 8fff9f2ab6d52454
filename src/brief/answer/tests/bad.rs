//! Answers that are none: prose, cut, other shapes, hostile JSON. Each is refused whole with a reason a model can act on.

use super::*;

fn problems(answer: &str) -> String {
    let wrong = read_text(answer, TEXT).unwrap_err();
    assert!(!wrong.is_empty());
    wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn edited(edit: impl FnOnce(&mut Value)) -> String {
    let mut answer = good();
    edit(&mut answer);
    answer.to_string()
}

#[test]
fn what_is_no_single_whole_object_is_refused() {
    let whole = good().to_string();
    for (answer, says) in [
        (String::new(), "is empty"),
        ("   \n".to_owned(), "is empty"),
        ("I'm sorry, but I can't help with that request.".to_owned(), "holds no JSON object"),
        ("[1,2,3]".to_owned(), "holds no JSON object"),
        (whole[..whole.len() / 2].to_owned(), "stops before"),
        (format!("{whole}\n{whole}"), "more than one"),
        (format!("Here: {{}} and {whole}"), "more than one"),
        ("x".repeat(10 * 1024 * 1024), "read at most"),
        (format!("{{\"a\":{}", "[".repeat(200_000)), "stops before"),
        (format!("{}{}", "{\"a\":".repeat(20), "1".to_owned() + &"}".repeat(20)), "nested too deeply"),
        (format!("{}{}", "{\"a\":[".repeat(9_000), "]}".repeat(9_000)), "nested too deeply"),
        (whole.replacen("55", "NaN", 1), "cannot be read"),
        (whole.replacen("55", "Infinity", 1), "cannot be read"),
        (whole.replacen("\"risk\":", "\"priority\":null,\"risk\":", 1), "stands twice"),
        ("{'a': 1}".to_owned(), "cannot be read"),
    ] {
        let told = problems(&answer);
        assert!(told.contains(says) && told.contains("OP-7210"), "{told}");
    }
}

#[test]
fn the_prompt_back_is_no_answer() {
    let asked = asked(TEXT);
    for answer in
        [&asked.question.system, &asked.question.turns[0].text, &Template::schema().to_string(), &TEXT.to_owned()]
    {
        problems(answer);
    }
}

#[test]
fn another_shape_is_refused_and_everything_wrong_is_named() {
    for (answer, says) in [
        (edited(|a| a["priority"]["score"] = json!(1e9)), "`priority.score` must be a whole number from 0 to 100"),
        (edited(|a| a["priority"]["score"] = json!(-1)), "`priority.score`"),
        (edited(|a| a["priority"]["score"] = json!(55.5)), "`priority.score`"),
        (edited(|a| a["priority"]["score"] = json!("55")), "`priority.score` must be a number and is a text"),
        (edited(|a| a["risk"]["level"] = json!("none")), "must be one of low, medium, high, critical and is `none`"),
        (edited(|a| a["approved"] = json!(true)), "has the key `approved`"),
        (edited(|a| a["next_actions"][0]["owner"] = json!("Eve")), "`next_actions[0]` has the key `owner`"),
        (edited(|a| a["next_actions"][0]["needs_approval"] = json!(false)), "has the key `needs_approval`"),
        (edited(|a| a["next_actions"][0]["due"] = json!("tomorrow")), "must be a day"),
        (edited(|a| a["next_actions"][0]["due"] = json!("2026-02-30")), "must be a day"),
        (edited(|a| a["next_actions"] = json!("none")), "must be a list and is a text"),
        (
            edited(|a| a["workflow_summary"]["quotes"] = json!([{ "start": 0, "end": 4 }])),
            "must be a text and is an object",
        ),
        (edited(|a| drop(a.as_object_mut().unwrap().remove("risk"))), "`risk` is missing"),
        ("{}".to_owned(), "`workflow_summary` is missing"),
    ] {
        let told = problems(&answer);
        assert!(told.contains(says) && told.contains("OP-7211"), "{told}");
    }
    let told = problems(&edited(|a| {
        a["priority"]["score"] = json!(101);
        a["risk"]["level"] = json!(7);
        a["extra"] = json!([]);
    }));
    assert_eq!(told.lines().count(), 3, "{told}");
}

#[test]
fn an_answer_that_rests_on_nothing_is_refused() {
    let told = problems(&edited(|a| {
        a["workflow_summary"]["quotes"] = json!(["The client wants a rocket to the moon by Tuesday"]);
        a["priority"]["reasons"][0]["quotes"] = json!([]);
    }));
    assert!(
        told.contains("`workflow_summary` needs")
            && told.contains("`priority.reasons` needs")
            && told.contains("OP-7212"),
        "{told}"
    );
}

#[test]
fn a_problem_never_repeats_much_of_the_answer() {
    let long = "evil ".repeat(1_000);
    for answer in [edited(|a| a["risk"]["level"] = json!(long)), edited(|a| a[long.as_str()] = json!(1))] {
        assert!(problems(&answer).len() < 400);
    }
}
