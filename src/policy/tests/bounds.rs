//! Texts made to break the reader: refused with a place, never a crash, never a way past the floor.

use proptest::prelude::*;

use super::*;
use crate::policy::shipped::ROLES;

fn policy(condition: &str) -> String {
    format!("@id(\"a\")\n@explain(\"a\")\npermit (principal, action, resource) when {{ {condition} }};")
}

/// `before`, `after` nested `n` times around `true`.
fn nested(before: &str, after: &str, n: usize) -> String {
    policy(&format!("{}true{}", before.repeat(n), after.repeat(n)))
}

#[test]
fn deep_texts_are_refused_before_they_reach_the_parser() {
    // Every one of these would overflow the stack if it were parsed.
    for text in [
        nested("(", ")", 20_000),
        nested("if true then true else (", ")", 2_000),
        nested("if true then true else ", "", 5_000),
        format!("{} // {}\r{}", policy("true"), "words", "(".repeat(20_000)),
        "((;".repeat(20_000),
        format!("{}{}", policy("true"), "{[(".repeat(20_000)),
    ] {
        let found = problems(&[("a.cedar", &text)]);
        assert!(matches!(&found[..], [one] if one.starts_with("OP-5003 a.cedar:")), "{found:?}");
    }
    assert_eq!(problems(&[("a.cedar", "// fine\n @id(\"a")]), ["OP-5003 a.cedar:2:6"]);
}

#[test]
fn what_is_within_the_bounds_is_read() {
    for text in [
        nested("(", ")", 30),
        nested("if principal.disabled then true else (", ")", 25),
        nested("if true then true else ", "", 29),
        nested("true && ", "", 119),
        nested("principal.disabled || ", "", 79),
        policy(&format!("{}0 == 0", "0 + ".repeat(230))),
        policy(&format!("[{}1].contains(1)", "1, ".repeat(1_000))),
        policy(&format!("\"{}\" != \"\" // {}", "(".repeat(5_000), "(".repeat(5_000))).replace(" };", "\n};"),
    ] {
        let found = problems(&[("a.cedar", &text)]);
        assert!(found.is_empty(), "{found:?} {text}");
    }
}

#[test]
fn what_people_write_is_evaluated() {
    let many: Vec<String> = (0..200).map(|n| format!("Scope::\"pilot:plt_{n}\"")).collect();
    for text in [
        nested("(", ")", 15),
        nested("if principal.disabled then true else (", ")", 10),
        nested("principal.disabled || ", "", 15),
        policy(&format!("resource in [{}]", many.join(", "))),
    ] {
        let dir = folder(&[("a.cedar", &text)]);
        let set = PolicySet::from_dir(dir.path()).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(allowed(&set, &ada(Vec::new()), Action::RunRead, &open(Kind::Run)), "{text}");
    }
}

#[test]
fn messages_stay_short_whatever_the_text() {
    let dir = folder(&[("a.cedar", &policy(&format!("principal == {}b::\"x\"", "a::".repeat(10_000))))]);
    assert!(PolicySet::from_dir(dir.path()).unwrap_err().to_string().len() < 2_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_crash_and_never_pass_the_floor(
        which in 0..ROLES.len(),
        cut in any::<prop::sample::Index>(),
        keep in any::<prop::sample::Index>(),
        put in "[ -~]{0,3}",
    ) {
        let (name, text) = ROLES[which];
        let start = cut.index(text.len());
        let end = start + keep.index((text.len() - start).min(12) + 1);
        let damaged = format!("{}{put}{}", text.get(..start).unwrap_or(""), text.get(end..).unwrap_or(""));
        let files: Vec<(&str, &str)> =
            ROLES.iter().map(|(other, text)| (*other, if *other == name { &damaged } else { *text })).collect();
        let dir = folder(&files);
        let policies = Policies::new(PolicySet::from_dir(dir.path()));
        let owner = ada(vec![grant(Role::Owner, "all")]);
        let daemon = Principal::service(Part::Daemon, "usr_ada", vec![grant(Role::Owner, "all")]);
        let review = open(Kind::Review);
        let unnamed = Resource { reviewers: Vec::new(), ..open(Kind::Review) };
        for (principal, resource) in [
            (Principal { disabled: true, ..owner.clone() }, &review),
            (owner.clone().with_token([]), &review),
            (owner, &unnamed),
            (daemon, &review),
        ] {
            let ask = Ask { principal: &principal, action: Action::ReviewApprove, resource };
            prop_assert!(policies.permit(&ask, "dec_1".to_owned()).is_err());
        }
    }
}
