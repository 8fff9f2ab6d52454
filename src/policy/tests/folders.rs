//! Policy folders: everything wrong is found and placed, and nothing wrong is ever in force.

use super::*;

/// Lets everybody do everything, as far as the floor allows.
const WIDE: &str = "@id(\"wide\")\n@explain(\"everything\")\npermit (principal, action, resource);\n";

#[test]
fn a_misspelt_attribute_is_found_at_its_place() {
    let text = "// Large sums.\n@id(\"large\")\n@explain(\"large sums are for owners\")\n\
                forbid (principal, action == Action::\"request.read\", resource is Request)\n\
                when { resource.ammount > 3 };\n";
    let dir = folder(&[("large.cedar", text)]);
    let problems = PolicySet::check(dir.path()).unwrap_err();
    let shown = problems.to_string();
    assert!(shown.starts_with("large.cedar:5:8: ") && shown.contains("`ammount`"), "{shown}");
    assert!(shown.contains("OP-5004") && !shown.contains('\n'), "{shown}");
}

#[test]
fn all_problems_are_shown_at_once_each_with_its_code_and_place() {
    let found = problems(&[
        ("a.cedar", "permit (principal, action, resource);"),
        ("b.cedar", "@id(\"b\")\n@explain(\"b\")\npermit (principal, action == Action::\"review.aprove\", resource);"),
        ("c.cedar", "\n@id(\"c\") @explain(\"c\")\npermit (principal, action, resource"),
        ("d.cedar", "@id(\"b\")\n@explain(\"again\")\npermit (principal, action, resource);"),
        (
            "e.cedar",
            "@id(\"disabled\")\n@explain(\"takes a name of the floor\")\npermit (principal, action, resource);",
        ),
        ("f.cedar", "@id(\"f\")\n@explain(\"f\")\npermit (principal == ?principal, action, resource);"),
        ("g.cedar", "// nothing left\n"),
        ("h.cedar", "@id(\"h\")\n@explain(\" \")\nforbid (principal, action, resource) when { principal.nmae == 1 };"),
    ]);
    let expected = [
        "OP-5005 a.cedar:1:1", // no id
        "OP-5005 a.cedar:1:1", // no explanation
        "OP-5004 b.cedar:3:30",
        "OP-5003 c.cedar:3:36",
        "OP-5005 d.cedar:1:1",
        "OP-5005 e.cedar:1:1",
        "OP-5005 f.cedar:1:1",
        "OP-5002 g.cedar",
        "OP-5005 h.cedar:1:1",
        "OP-5004 h.cedar:3:45", // of a user
        "OP-5004 h.cedar:3:45", // of a service
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_rule_that_can_never_apply_is_a_problem() {
    let never = "@id(\"never\")\n@explain(\"never\")\n\
                 forbid (principal is Service, action, resource) when { principal is User };";
    assert_eq!(problems(&[("never.cedar", never)]), ["OP-5004 never.cedar:1:1"]);
    let unfit = "@id(\"unfit\")\n@explain(\"unfit\")\n\
                 forbid (principal, action == Action::\"run.read\", resource is Token);";
    assert_eq!(problems(&[("unfit.cedar", unfit)]), ["OP-5004 unfit.cedar:1:1"]);
}

#[test]
fn what_does_not_belong_in_a_folder_is_a_problem_not_skipped() {
    assert_eq!(problems(&[]).len(), 1);
    assert_eq!(problems(&[("README.md", "words"), (".swp", "x")]).len(), 1);
    assert_eq!(problems(&[("a.cedar", WIDE), ("b.ceder", WIDE)]), ["OP-5002 b.ceder"]);
    assert_eq!(problems(&[("a.cedar", WIDE), ("VERSION", "two")]), ["OP-5007 VERSION"]);
    assert_eq!(problems(&[("a.cedar", WIDE), ("floor.cedar", WIDE)]), ["OP-5006 floor.cedar"]);
    assert_eq!(problems(&[("a.cedar", WIDE), ("schema.cedarschema", "")]), ["OP-5006 schema.cedarschema"]);
    let large = format!("{WIDE}// {}", "x".repeat(300 * 1024));
    assert_eq!(problems(&[("a.cedar", &large)]), ["OP-5002 a.cedar"]);
    assert!(problems(&[("a.cedar", WIDE), ("README.md", "words"), (".hidden", "x"), ("VERSION", "7\n")]).is_empty());

    let dir = folder(&[("a.cedar", WIDE)]);
    std::fs::create_dir(dir.path().join("more.cedar")).unwrap();
    std::fs::write(dir.path().join("bytes.cedar"), [0xff, 0xfe, 0]).unwrap();
    let found = PolicySet::from_dir(dir.path()).unwrap_err();
    let files: Vec<&str> = found.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files, ["bytes.cedar", "more.cedar"]);
    assert!(PolicySet::from_dir(&dir.path().join("gone")).is_err());
}

#[test]
fn the_floor_holds_under_the_widest_policies() {
    let dir = folder(&[("wide.cedar", WIDE)]);
    let set = PolicySet::from_dir(dir.path()).unwrap();
    let anybody = ada(Vec::new());
    let daemon = Principal::service(Part::Daemon, "usr_ada", Vec::new());
    for action in Action::ALL {
        let thing = open(action.kinds()[0]);
        assert!(allowed(&set, &anybody, *action, &thing), "{action}");
        assert!(!allowed(&set, &Principal { disabled: true, ..anybody.clone() }, *action, &thing));
        assert!(!allowed(&set, &anybody.clone().with_token([]), *action, &thing));
        let review = Group::Review.contains(*action);
        let for_people = review
            || *action == Action::RequestReveal
            || super::writing::PEOPLE_ALONE.contains(action)
            || matches!(action, Action::AttentionManage | Action::AttentionRead);
        assert_eq!(allowed(&set, &daemon, *action, &thing), !for_people, "{action}");
        let unnamed = Resource { reviewers: vec!["usr_bob".to_owned()], ..thing };
        assert_eq!(allowed(&set, &anybody, *action, &unnamed), !review, "{action}");
    }
}

#[test]
fn a_rule_that_fails_while_it_is_asked_means_no() {
    let overflow = "@id(\"sum\")\n@explain(\"a sum that overflows\")\nforbid (principal, action, resource)\n\
                    when { 9223372036854775807 + 1 == 0 };";
    let dir = folder(&[("wide.cedar", WIDE), ("sum.cedar", overflow)]);
    let set = PolicySet::from_dir(dir.path()).unwrap();
    let ask = Ask { principal: &ada(Vec::new()), action: Action::RunRead, resource: &open(Kind::Run) };
    let decision = set.decide(&ask, "dec_1".to_owned());
    assert!(!decision.allowed && decision.code == Some(Code::Unanswerable) && decision.errors.len() == 1);
    assert!(set.permit(&ask, "dec_1".to_owned()).is_err());
}

#[test]
fn the_hash_changes_with_names_and_contents() {
    let hash = |files: &[(&str, &str)]| PolicySet::from_dir(folder(files).path()).unwrap().hash().to_owned();
    let one = hash(&[("a.cedar", WIDE)]);
    assert_eq!(one, hash(&[("a.cedar", WIDE)]));
    assert_eq!(one.len(), "sha256:".len() + 64);
    assert_ne!(one, hash(&[("b.cedar", WIDE)]));
    assert_ne!(one, hash(&[("a.cedar", &format!("{WIDE} "))]));
    assert_ne!(one, shipped().hash());
    // Files that are not in force do not count.
    assert_eq!(one, hash(&[("a.cedar", WIDE), ("README.md", "words")]));
}

fn may(policies: &Policies) -> Result<(), Code> {
    let ask = Ask { principal: &ada(Vec::new()), action: Action::RunRead, resource: &open(Kind::Run) };
    assert_eq!(policies.why(&ask).allowed, policies.decide(&ask, "dec_1".to_owned()).allowed);
    policies.permit(&ask, "dec_1".to_owned()).map(drop).map_err(|denied| denied.code())
}

#[test]
fn policies_removed_corrupted_or_downgraded_while_running_deny_everything() {
    let dir = folder(&[("wide.cedar", WIDE), ("VERSION", "3")]);
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let policies = Policies::new(PolicySet::from_dir(dir.path()));
    let shared = policies.clone();
    assert_eq!(may(&shared), Ok(()));

    write("wide.cedar", &WIDE[..WIDE.len() - 9]);
    assert!(matches!(policies.reload(dir.path()), Standing::Broken { .. }));
    assert_eq!(may(&shared), Err(Code::Unusable));

    write("wide.cedar", WIDE);
    assert!(matches!(policies.reload(dir.path()), Standing::Ready { version: 3, .. }));
    assert_eq!(may(&shared), Ok(()));

    write("VERSION", "2");
    let Standing::Broken { problems } = policies.reload(dir.path()) else { panic!("taken back to 2") };
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [Code::Downgrade]);
    assert_eq!(may(&shared), Err(Code::Unusable));

    std::fs::remove_file(dir.path().join("VERSION")).unwrap();
    policies.reload(dir.path());
    assert_eq!(may(&shared), Err(Code::Unusable));

    write("VERSION", "4");
    policies.reload(dir.path());
    assert_eq!(may(&shared), Ok(()));

    let gone = dir.path().to_owned();
    dir.close().unwrap();
    policies.reload(&gone);
    assert_eq!(may(&shared), Err(Code::Unusable));
    // Falling back to the program's own rules would be a downgrade too.
    policies.replace(PolicySet::embedded());
    assert!(matches!(shared.standing(), Standing::Broken { .. }));
}

#[test]
fn without_usable_policies_even_an_owner_of_everything_is_denied() {
    let dir = folder(&[("wide.cedar", WIDE)]);
    let below = Policies::at_least(PolicySet::from_dir(dir.path()), 1);
    let broken = Policies::new(PolicySet::from_dir(&dir.path().join("gone")));
    let owner = ada(vec![grant(Role::Owner, "all")]);
    for policies in [below, broken] {
        assert!(policies.current().is_err());
        for action in Action::ALL {
            for kind in action.kinds() {
                let ask = Ask { principal: &owner, action: *action, resource: &open(*kind) };
                let decision = policies.decide(&ask, "dec_1".to_owned());
                assert!(!decision.allowed && decision.code == Some(Code::Unusable));
                assert!(decision.policies.is_empty() && !decision.errors.is_empty());
                let denied = policies.permit(&ask, "dec_1".to_owned()).unwrap_err();
                assert!(denied.to_string().contains("OP-5001"), "{denied}");
            }
        }
    }
}

#[test]
fn the_examples_in_the_documentation_load_and_do_what_they_say() {
    let text = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let examples: Vec<&str> = text.split("```cedar\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!examples.is_empty());
    let dir = folder(&[("wide.cedar", WIDE), ("examples.cedar", &examples.concat())]);
    let set = PolicySet::from_dir(dir.path()).unwrap_or_else(|problems| panic!("{problems}"));
    let claimed = Resource { claimed_by: Some("usr_bob".to_owned()), ..open(Kind::Review) };
    assert!(!allowed(&set, &ada(Vec::new()), Action::ReviewApprove, &claimed));
    assert!(allowed(&set, &ada(Vec::new()), Action::ReviewTakeover, &claimed));
    assert!(allowed(&set, &ada(Vec::new()), Action::ReviewApprove, &open(Kind::Review)));
    let ask = Ask { principal: &ada(Vec::new()), action: Action::ReviewApprove, resource: &claimed };
    assert!(set.why(&ask).ways.iter().any(|way| way.lacks == [Lack::Claimed { by: "usr_bob".to_owned() }]));
}
