//! Tests of the whole room.

use super::*;

#[test]
fn a_named_reviewer_gets_a_permit_and_others_do_not() {
    let set = PolicySet::embedded().unwrap();
    let grant = Grant { role: Role::Reviewer, scope: Scope::Pilot("plt_1".into()) };
    let ada = Principal::user("usr_ada", "Ada", vec![grant]);
    let mut review = Resource::within(Kind::Review, "brf_1", "ten_1", "plt_1");
    let denied = set
        .permit(&Ask { principal: &ada, action: Action::ReviewApprove, resource: &review }, "dec_1".into())
        .unwrap_err();
    assert_eq!(denied.code(), Code::Denied);
    assert_eq!(denied.decision.policies, ["named-reviewer"]);
    review.reviewers.push("usr_ada".into());
    let ask = Ask { principal: &ada, action: Action::ReviewApprove, resource: &review };
    let permit = set.permit(&ask, "dec_2".into()).unwrap();
    assert!(permit.is_for(Action::ReviewApprove, "brf_1"));
}
