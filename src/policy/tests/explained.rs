//! Explanations name what is really lacking, and refusals read well.

use super::*;

fn lacks(principal: &Principal, action: Action, resource: &Resource) -> Vec<Vec<Lack>> {
    let explanation = shipped().why(&Ask { principal, action, resource });
    assert!(!explanation.allowed && explanation.code == Some(Code::Denied));
    for way in &explanation.ways {
        assert!(!way.permits.is_empty() && way.permits.iter().all(|rule| rule.effect == Effect::Permit));
        for lack in &way.lacks {
            assert!(explanation.to_string().contains(&lack.to_string()));
        }
    }
    explanation.ways.into_iter().map(|way| way.lacks).collect()
}

fn scope(word: &str) -> Scope {
    word.parse().unwrap()
}

#[test]
fn a_yes_names_the_policies_that_permit() {
    let (set, thing) = (shipped(), open(Kind::Request));
    let principal = ada(vec![grant(Role::Viewer, "all"), grant(Role::Operator, "pilot:plt_1")]);
    let ask = Ask { principal: &principal, action: Action::RequestRead, resource: &thing };
    let explanation = set.why(&ask);
    let ids: Vec<&str> = explanation.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["operator", "viewer"]);
    assert!(explanation.allowed && explanation.ways.is_empty());
    let text = explanation.to_string();
    assert!(text.starts_with("`Ada`: `request.read` on request `thing_1`: allowed\n"), "{text}");
    assert!(text.contains("permitted by `viewer` (viewer.cedar:") && text.ends_with(set.hash()), "{text}");
}

#[test]
fn a_missing_role_and_a_missing_scope_are_told_apart() {
    let run = open(Kind::Run);
    let here = || scope("pilot:plt_1");
    assert_eq!(
        lacks(&ada(vec![grant(Role::Viewer, "all")]), Action::RunCancel, &run),
        [
            vec![Lack::Role { role: Role::Owner, scope: here() }],
            vec![Lack::Role { role: Role::Operator, scope: here() }]
        ]
    );
    let held = vec![scope("pilot:plt_2"), scope("tenant:ten_2")];
    let elsewhere = ada(vec![grant(Role::Operator, "pilot:plt_2"), grant(Role::Operator, "tenant:ten_2")]);
    assert_eq!(
        lacks(&elsewhere, Action::RunCancel, &run),
        [
            vec![Lack::Role { role: Role::Owner, scope: here() }],
            vec![Lack::Scope { role: Role::Operator, scope: here(), held }]
        ]
    );
    // Managing users needs an owner of everything, whatever pilot the account is in.
    let held = vec![scope("tenant:ten_1")];
    assert_eq!(
        lacks(&ada(vec![grant(Role::Owner, "tenant:ten_1")]), Action::UserManage, &open(Kind::User)),
        [vec![Lack::Scope { role: Role::Owner, scope: Scope::All, held }]]
    );
}

#[test]
fn each_prohibition_is_named() {
    let reviewer = || ada(vec![grant(Role::Reviewer, "tenant:ten_1")]);
    let approve = Action::ReviewApprove;
    let open = || open(Kind::Review);
    let disabled = Principal { disabled: true, ..reviewer() };
    assert_eq!(lacks(&disabled, approve, &open()), [vec![Lack::Disabled]]);
    let narrow = reviewer().with_token([TokenScope::Group(Group::Read)]);
    assert_eq!(lacks(&narrow, approve, &open()), [vec![Lack::TokenScope { action: approve }]]);
    let unnamed = Resource { reviewers: Vec::new(), ..open() };
    assert_eq!(lacks(&reviewer(), approve, &unnamed), [vec![Lack::NamedReviewer]]);
    let own = Resource { submitter: Some("usr_ada".to_owned()), forbid_self_review: true, ..open() };
    assert_eq!(lacks(&reviewer(), approve, &own), [vec![Lack::SelfReview]]);
    let theirs = Resource { owner: Some("usr_bob".to_owned()), ..super::open(Kind::Token) };
    assert_eq!(lacks(&reviewer(), Action::TokenManageOwn, &theirs), [vec![Lack::Ownership]]);
}

#[test]
fn several_lacks_are_told_together() {
    let narrow = ada(vec![grant(Role::Viewer, "all")]).with_token([]);
    let unnamed = Resource { reviewers: Vec::new(), ..open(Kind::Review) };
    let found = lacks(&narrow, Action::ReviewReject, &unnamed);
    let role = |role| Lack::Role { role, scope: scope("pilot:plt_1") };
    let with = |last| vec![Lack::TokenScope { action: Action::ReviewReject }, Lack::NamedReviewer, last];
    assert_eq!(found, [with(role(Role::Owner)), with(role(Role::Reviewer))]);
    let daemon = Principal::service(Part::Daemon, "opspilot", vec![grant(Role::Operator, "all")]);
    assert_eq!(lacks(&daemon, Action::RequestDrop, &open(Kind::Request)), [vec![Lack::Person]]);
}

#[test]
fn a_refusal_says_what_where_and_what_to_do() {
    let run = open(Kind::Run);
    let ask = Ask { principal: &ada(Vec::new()), action: Action::RunRetry, resource: &run };
    let denied = shipped().permit(&ask, "dec_9".to_owned()).unwrap_err();
    assert_eq!(
        denied.to_string(),
        "`Ada` may not `run.retry` on run `thing_1` (OP-5008): no policy permits this; ask an owner for a role \
         that allows `run.retry` there; `opspilot policy why` names it"
    );
    assert_eq!(denied.decision.id, "dec_9");
}

#[test]
fn a_permit_is_for_one_action_on_one_thing() {
    let (set, run) = (shipped(), open(Kind::Run));
    let operator = ada(vec![grant(Role::Operator, "pilot:plt_1")]);
    let ask = Ask { principal: &operator, action: Action::RunRetry, resource: &run };
    let permit = set.permit(&ask, "dec_9".to_owned()).unwrap();
    assert!(permit.is_for(Action::RunRetry, "thing_1"));
    assert!(!permit.is_for(Action::RunCancel, "thing_1") && !permit.is_for(Action::RunRetry, "thing_2"));
    assert_eq!((permit.user(), permit.kind(), permit.action()), ("usr_ada", Kind::Run, Action::RunRetry));
    assert_eq!(permit.decision().policies, ["operator"]);
    assert_eq!(permit.decision().set_hash, set.hash());
}
