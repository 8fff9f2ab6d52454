//! Writing into systems outside: stopping is easy, going on is for few, and the way outside is opened by a token only under the act's own name.

use super::*;

/// What opens the way outside, or says what became of what was sent: for people alone, beside reviewing.
pub(super) const PEOPLE_ALONE: [Action; 5] =
    [Action::WritebackSettle, Action::WritebackUndo, Action::FlagTurnOn, Action::PilotState, Action::WritingResume];

#[test]
fn whoever_may_go_on_may_stop_and_not_the_other_way_round() {
    let set = shipped();
    let pairs = [
        (Action::FlagTurnOff, Action::FlagTurnOn),
        (Action::WritingPause, Action::WritingResume),
        (Action::WritebackCancel, Action::WritebackUndo),
    ];
    let mut only_stops = 0;
    for role in Role::ALL {
        for named in [false, true] {
            let mut pilot = open(Kind::Pilot);
            if !named {
                pilot.reviewers.retain(|name| name != "usr_ada");
            }
            let principal = ada(vec![grant(role, "pilot:plt_1")]);
            for (stop, go) in pairs {
                let (stops, goes) = (allowed(&set, &principal, stop, &pilot), allowed(&set, &principal, go, &pilot));
                assert!(stops || !goes, "{role}: {go}");
                assert_eq!(stops, role != Role::Viewer, "{role}: {stop}");
                only_stops += u32::from(stops && !goes);
            }
        }
    }
    assert_eq!(only_stops, 3 * (2 + 1), "operators, and reviewers whom the pilot does not name");
}

#[test]
fn a_token_opens_the_way_outside_only_by_the_very_name_of_the_act() {
    let set = shipped();
    for action in [Action::WritebackUndo, Action::FlagTurnOn, Action::PilotState, Action::WritingResume] {
        let owner = ada(vec![grant(Role::Owner, "all")]);
        let broad = owner.clone().with_token(Group::ALL.map(TokenScope::Group));
        assert!(!allowed(&set, &broad, action, &open(Kind::Pilot)), "{action}");
        assert!(allowed(&set, &owner.with_token([TokenScope::Action(action)]), action, &open(Kind::Pilot)), "{action}");
    }
}
