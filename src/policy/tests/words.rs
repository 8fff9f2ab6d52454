//! The words agree everywhere: actions and schema, files and lists, codes and pages.

use std::collections::BTreeSet;

use cedar_policy::{EntityUid, Schema};

use super::*;
use crate::policy::shipped::{FLOOR, ROLES, SCHEMA};

fn schema() -> Schema {
    SCHEMA.1.parse().unwrap()
}

fn name(uid: &EntityUid) -> String {
    uid.id().unescaped().to_owned()
}

#[test]
fn actions_and_schema_say_the_same() {
    let schema = schema();
    let groups: BTreeSet<String> = Group::ALL.iter().map(ToString::to_string).collect();
    let actions: BTreeSet<String> = Action::ALL.iter().map(ToString::to_string).collect();
    let written: BTreeSet<String> = schema.actions().map(name).collect();
    assert_eq!(written, &groups | &actions);
    let hierarchy = schema.action_entities().unwrap();
    for action in Action::ALL {
        let uid = schema.actions().find(|uid| name(uid) == action.as_str()).unwrap();
        let above: BTreeSet<String> = hierarchy.ancestors(uid).unwrap().map(name).collect();
        let own: BTreeSet<String> = action.groups().iter().map(ToString::to_string).collect();
        assert_eq!(above, own, "groups of {action}");
        let kinds: BTreeSet<String> = schema.resources_for_action(uid).unwrap().map(ToString::to_string).collect();
        let own: BTreeSet<String> = action.kinds().iter().map(|kind| kind.entity_type().to_owned()).collect();
        assert_eq!(kinds, own, "kinds of {action}");
    }
}

#[test]
fn names_are_kept_and_read_back() {
    for action in Action::ALL {
        assert_eq!(action.as_str().parse(), Ok(*action));
        assert_eq!(Action::ALL[action.index()], *action);
        assert_eq!(action.as_str().parse(), Ok(TokenScope::Action(*action)));
    }
    for group in Group::ALL {
        assert_eq!(group.as_str().parse(), Ok(TokenScope::Group(group)));
        assert!(Action::ALL.iter().any(|action| group.contains(*action)));
    }
    for word in ["all", "tenant:ten_1", "pilot:plt_1", "pilot:a:b"] {
        assert_eq!(word.parse::<Scope>().unwrap().to_string(), word);
    }
    for word in ["", "ALL", "tenant:", "pilot:", "plt_1", "user:usr_1", "all:"] {
        assert!(word.parse::<Scope>().is_err(), "{word}");
    }
    let typo = "review.aprove".parse::<Action>().unwrap_err().to_string();
    assert_eq!(typo, "`review.aprove` is no action (OP-5010); did you mean `review.approve`?");
    let stranger = "boss".parse::<Role>().unwrap_err().to_string();
    assert_eq!(stranger, "`boss` is no role (OP-5010); use one of owner, reviewer, operator, viewer");
    assert!("x".repeat(100_000).parse::<TokenScope>().unwrap_err().to_string().len() < 1000);
}

#[test]
fn a_narrow_token_cannot_hand_on_a_wide_one() {
    let scopes = |words: &[&str]| words.iter().map(|word| word.parse().unwrap()).collect::<BTreeSet<TokenScope>>();
    let by = |words: &[&str]| ada(vec![]).with_token(scopes(words));
    assert!(ada(vec![]).may_hand_on(&scopes(&["administer", "read"])));
    assert!(by(&["review"]).may_hand_on(&scopes(&["decide", "review.claim"])));
    assert!(!by(&["decide"]).may_hand_on(&scopes(&["review"])));
    assert!(!by(&["token.manage_own"]).may_hand_on(&scopes(&["read"])));
    assert!(by(&[]).may_hand_on(&scopes(&[])));
}

#[test]
fn every_shipped_rule_is_named_and_explained() {
    let set = shipped();
    for (file, text) in ROLES.iter().chain([&FLOOR]) {
        let rules = text.lines().filter(|line| line.starts_with("permit") || line.starts_with("forbid")).count();
        let listed: Vec<&Rule> = set.rules().iter().filter(|rule| rule.file == *file).collect();
        assert_eq!(listed.len(), rules, "{file}");
        for rule in listed {
            assert_eq!(text.lines().nth(rule.line - 1), Some(format!("@id(\"{}\")", rule.id).as_str()));
            assert!(rule.explain.len() > 15 && !rule.explain.ends_with('.'), "{rule:?}");
            assert_eq!(rule.effect == Effect::Forbid, *file == "floor.cedar");
        }
    }
}

#[test]
fn the_shipped_folder_is_what_is_embedded() {
    let from_dir = PolicySet::from_dir(&root().join("config/policies")).unwrap();
    assert_eq!(from_dir.summary(), shipped().summary());
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let mut pages = BTreeSet::new();
    for entry in std::fs::read_dir(root().join("docs/errors")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(code) = name.strip_suffix(".md").filter(|code| code.starts_with("OP-500") || *code == "OP-5010") {
            pages.insert(code.to_owned());
        }
    }
    assert_eq!(pages, Code::ALL.iter().map(ToString::to_string).collect());
    for code in Code::ALL {
        let text = std::fs::read_to_string(root().join(format!("docs/errors/{code}.md"))).unwrap();
        assert!(text.starts_with(&format!("# {code}: ")), "{code}");
        for heading in ["## What happened", "## Why", "## What to do"] {
            assert!(text.contains(heading), "{code} lacks {heading}");
        }
    }
}

#[test]
fn a_permit_cannot_be_copied() {
    // Ambiguous, so that it does not compile, as soon as `Permit` is `Clone`.
    trait Once<Marker> {
        const HOLDS: bool = true;
    }
    struct ByClone;
    impl<T> Once<()> for T {}
    impl<T: Clone> Once<ByClone> for T {}
    const { assert!(<Permit as Once<_>>::HOLDS) };
}
