//! Definitions: all problems at once, each with its place; and waits that double.

use super::*;

fn steps() -> Steps {
    Steps::new([step("one", |_| next("1")), step("two", |_| next("2"))])
}

fn problems(text: &str) -> String {
    format!("{:?}", Definition::parse(text, &steps()).unwrap_err())
}

#[test]
fn all_problems_are_told_at_once() {
    let told = problems(
        "name = \"No Name\"\n\
         [[step]]\nname = \"a\"\nuses = \"none\"\n\
         [[step]]\nname = \"a\"\nuses = \"one\"\nwith = { wrong = true }\non = { never = \"a\", again = \"nowhere\" }\n\
         [[step]]\nname = \"c\"\nuses = \"two\"\nwhen = { step = \"d\", key = \"k\", is = [\"v\"] }\ntimeout_secs = 0\n\
         [[step]]\nname = \"d\"\nuses = \"two\"\nretry = { attempts = 0 }\n",
    );
    for part in [
        "No Name",
        "stands twice",
        "`none`",
        "this is wrong",
        "`never`",
        "`nowhere`",
        "`d` is no earlier step",
        "no attempt",
    ] {
        assert!(told.contains(part), "`{part}` is not told: {told}");
    }
}

#[test]
fn a_step_that_answers_nothing_says_so() {
    let steps = Steps::new([effect("mute", |_| next("1"))]);
    let text = "name = \"x\"\n[[step]]\nname = \"a\"\nuses = \"mute\"\non = { done = \"a\" }\n";
    let told = Definition::parse(text, &steps).unwrap_err().to_string();
    assert!(told.contains("it answers nothing; leave `on` out"), "{told}");
}

#[test]
fn what_is_no_definition_is_told_with_its_line() {
    assert!(problems("name = \"x\"\nstep = 3\n").contains("line 2"));
    assert!(problems("name = \"x\"\n[[step]]\nname = \"a\"\nuses = \"one\"\ntimeout = 3\n").contains("line 5"));
    assert!(problems("name = \"x\"\nstep = []\n").contains("without steps"));
}

#[test]
fn a_definition_is_known_by_its_text() {
    let (one, same, other) =
        (definition(&steps(), &["one"]), definition(&steps(), &["one"]), definition(&steps(), &["one", "two"]));
    assert_eq!(one.hash(), same.hash());
    assert_ne!(one.hash(), other.hash());
    assert_eq!((one.name(), one.first_step(), other.steps().len()), ("test", "one", 2));
    assert!(other.graph().contains("one --> two") && other.graph().contains("two --> done"), "{}", other.graph());
}

#[test]
fn waits_double_up_to_the_longest() {
    let retry = Retry { attempts: 10, first_wait_ms: 1000, longest_wait_secs: 60 };
    let between = |coming| (retry.wait(coming, 0).as_millis(), retry.wait(coming, 255).as_millis());
    assert_eq!((between(2), between(3), between(4)), ((500, 1000), (1000, 2000), (2000, 4000)));
    assert_eq!((between(9), between(u32::MAX)), ((30_000, 60_000), (30_000, 60_000)));
}
