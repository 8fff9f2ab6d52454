//! Role by action by scope: the table in `docs/policy.md` is what the policies say, and nothing leaks.

use super::*;

/// The columns of the table.
const COLUMNS: [&str; 6] = ["owner", "reviewer", "operator", "viewer", "source", "daemon"];

fn column(name: &str, scope: &str) -> Principal {
    match name {
        "source" => Principal::service(Part::Source, "web_form", vec![grant(Role::Operator, scope)]),
        "daemon" => Principal::service(Part::Daemon, "opspilot", vec![grant(Role::Operator, scope)]),
        role => ada(vec![grant(role.parse().unwrap(), scope)]),
    }
}

/// What the policies say of one cell, in the words of the table.
fn cell(set: &PolicySet, name: &str, action: Action) -> &'static str {
    let on = |scope: &str, change: fn(&mut Resource)| {
        // The narrowest kind: the thing itself, not the whole pilot or installation.
        let mut resource = open(action.kinds()[0]);
        change(&mut resource);
        allowed(set, &column(name, scope), action, &resource)
    };
    let plain = |scope| {
        on(scope, |resource| {
            resource.reviewers.clear();
            resource.owner = None;
        })
    };
    if plain("pilot:plt_1") {
        assert!(plain("tenant:ten_1") && plain("all"), "{name} {action}");
        "yes"
    } else if plain("all") {
        assert!(!plain("tenant:ten_1"), "{name} {action}");
        "everywhere"
    } else if on("pilot:plt_1", |resource| resource.owner = None) {
        assert!(!on("pilot:plt_1", |resource| resource.reviewers = vec!["usr_bob".to_owned()]));
        "named"
    } else if on("pilot:plt_1", |_| {}) {
        "own"
    } else {
        assert!(!on("tenant:ten_1", |_| {}) && !on("all", |_| {}), "{name} {action}");
        "-"
    }
}

#[test]
fn the_table_in_the_documentation_is_what_the_policies_say() {
    let set = shipped();
    let text = std::fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let written: Vec<String> = text
        .lines()
        .skip_while(|line| !line.starts_with("| action |"))
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let mut told =
        vec![format!("| action | {} |", COLUMNS.join(" | ")), format!("|---|{}", "---|".repeat(COLUMNS.len()))];
    for action in Action::ALL {
        let cells: Vec<&str> = COLUMNS.iter().map(|name| cell(&set, name, *action)).collect();
        told.push(format!("| `{action}` | {} |", cells.join(" | ")));
    }
    assert_eq!(written, told, "the table should read:\n{}", told.join("\n"));
}

#[test]
fn nothing_leaks_into_another_tenant_or_pilot() {
    let set = shipped();
    // The last four try to pass one kind of name off as another.
    let foreign = ["tenant:ten_2", "pilot:plt_2", "tenant:plt_1", "pilot:ten_1", "pilot:thing_1", "tenant:all"];
    let mut asked = 0;
    for action in Action::ALL {
        for kind in action.kinds() {
            for name in COLUMNS {
                for scope in foreign {
                    asked += 1;
                    let own = matches!(action, Action::TokenManageOwn | Action::AccountManageOwn);
                    let own = own && !["source", "daemon"].contains(&name);
                    let got = allowed(&set, &column(name, scope), *action, &open(*kind));
                    assert_eq!(got, own, "{name} in {scope}: {action} on {kind}");
                }
            }
        }
    }
    assert!(asked > 1000);
}

#[test]
fn the_whole_installation_is_reached_by_grants_over_everything_alone() {
    let set = shipped();
    for action in Action::ALL.iter().filter(|action| action.kinds().contains(&Kind::System)) {
        for role in Role::ALL {
            for scope in ["tenant:ten_1", "pilot:plt_1", "pilot:opspilot", "tenant:opspilot"] {
                assert!(!allowed(&set, &ada(vec![grant(role, scope)]), *action, &Resource::system()));
            }
        }
        assert!(allowed(&set, &ada(vec![grant(Role::Owner, "all")]), *action, &Resource::system()));
    }
}

#[test]
fn nobody_looks_after_anothers_tokens_but_an_owner_of_everything() {
    let set = shipped();
    let theirs = Resource { owner: Some("usr_bob".to_owned()), ..open(Kind::Token) };
    for role in Role::ALL {
        let principal = ada(vec![grant(role, "all")]);
        assert!(allowed(&set, &principal, Action::TokenManageOwn, &open(Kind::Token)));
        assert!(!allowed(&set, &principal, Action::TokenManageOwn, &theirs));
        assert_eq!(allowed(&set, &principal, Action::TokenManage, &theirs), role == Role::Owner);
    }
    let own = Resource { owner: Some("usr_ada".to_owned()), ..open(Kind::User) };
    let theirs = Resource { owner: Some("usr_bob".to_owned()), ..open(Kind::User) };
    for role in Role::ALL {
        let principal = ada(vec![grant(role, "all")]);
        assert!(allowed(&set, &principal, Action::AccountManageOwn, &own));
        assert!(!allowed(&set, &principal, Action::AccountManageOwn, &theirs));
        assert!(!allowed(&set, &principal, Action::AccountManageOwn, &Resource { owner: None, ..theirs.clone() }));
    }
    // A tenant written onto an account must not hand it to the tenant's owner.
    let account = Resource { tenant: Some("ten_1".to_owned()), ..open(Kind::User) };
    assert!(!allowed(&set, &ada(vec![grant(Role::Owner, "tenant:ten_1")]), Action::UserManage, &account));
}

#[test]
fn self_review_is_forbidden_where_the_pilot_says_so() {
    let set = shipped();
    for role in [Role::Owner, Role::Reviewer] {
        let principal = ada(vec![grant(role, "pilot:plt_1")]);
        for action in Action::ALL.iter().filter(|action| action.kinds() == [Kind::Review]) {
            let mut review = Resource { submitter: Some("usr_ada".to_owned()), ..open(Kind::Review) };
            assert!(allowed(&set, &principal, *action, &review), "{action}");
            review.forbid_self_review = true;
            assert!(!allowed(&set, &principal, *action, &review), "{action}");
            review.submitter = Some("usr_bob".to_owned());
            assert!(allowed(&set, &principal, *action, &review), "{action}");
            review.submitter = None;
            assert!(allowed(&set, &principal, *action, &review), "{action}");
        }
    }
}

#[test]
fn a_question_about_the_wrong_kind_or_without_names_is_a_no_that_says_so() {
    let set = shipped();
    let owner = ada(vec![grant(Role::Owner, "all")]);
    let nameless = Principal { user: String::new(), ..owner.clone() };
    let unnamed = Resource { id: String::new(), ..open(Kind::Request) };
    let asks = [
        (&owner, Action::ReviewApprove, &open(Kind::Run), "applies to review"),
        (&nameless, Action::RequestRead, &open(Kind::Request), "the asker has no id"),
        (&owner, Action::RequestRead, &unnamed, "has no id"),
    ];
    for (principal, action, resource, says) in asks {
        let denied = set.permit(&Ask { principal, action, resource }, "dec_1".to_owned()).unwrap_err();
        assert_eq!(denied.code(), Code::Unanswerable);
        assert!(denied.to_string().contains(says), "{denied}");
        assert_eq!(denied.decision.set_hash, set.hash());
    }
}
