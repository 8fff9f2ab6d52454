//! The gate opens when everything is there, and one thing missing shuts it.

use super::*;
use crate::domain::review::{Approval, Review, ReviewState, Rules, Shown};
use proptest::prelude::*;

const RULES: Rules = Rules { approvals: 2, attempts: 3 };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn statement(kind: StatementKind) -> Statement {
    Statement { kind, text: "as agreed".into(), by: "usr_o".into(), at: at(-100), until: None, terms: String::new() }
}

fn exception() -> Statement {
    Statement { terms: terms().digest(), ..statement(StatementKind::Exception) }
}

fn terms() -> Terms {
    let automation = Automation {
        kinds: vec![ActionKind::Message],
        min_reviewed: 100,
        min_approval: 90,
        max_edit: 20,
        max_incidents: 0,
        min_catch: 80,
    };
    Terms { level: 4, window: (Some(at(-1000)), Some(at(1000))), two_people: true, automation: Some(automation) }
}

fn standing() -> Standing {
    let flag = Flag {
        sink: "desk".into(),
        state: FlagState::On,
        proposed_by: "usr_a".into(),
        confirmed_by: Some("usr_b".into()),
        until: at(500),
        ramp: Ramp::FULL,
        at: at(-50),
    };
    Standing {
        flags: vec![flag],
        go: Some(statement(StatementKind::Go)),
        exception: None,
        rollback_plan: Some(statement(StatementKind::RollbackPlan)),
        pauses: Vec::new(),
    }
}

fn approved(plan: &str) -> Option<Approved> {
    let people = ["usr_a", "usr_b"];
    let review = Review {
        state: ReviewState::Approved,
        revision: 1,
        digest: "rev".into(),
        attempt: 1,
        approvals: people
            .iter()
            .map(|user| Approval { user: (*user).into(), digest: "rev".into(), at: at(0) })
            .collect(),
    };
    let shown: Vec<Shown> = people
        .iter()
        .map(|user| Shown { user: (*user).into(), digest: "rev".into(), plan: "plan".into(), at: at(0) })
        .collect();
    review.approved_with(RULES, plan, &shown)
}

fn asked(kind: ActionKind) -> Asked<'static> {
    Asked { sink: "desk", kind, suffix: "01hzy3v9qke8v9b6j2m7c4x5td", digest: "rev", plan: "plan", planted: false }
}

#[test]
fn a_planted_draft_is_never_let_go_and_its_plan_does_not_tell() {
    let (terms, standing) = (terms(), standing());
    let facts = Facts { terms: &terms, standing: &standing, unproven: &[], now: at(0) };
    let planted = Asked { planted: true, ..asked(ActionKind::Note) };
    let shut = clear(&planted, &facts, approved("plan").as_ref()).unwrap_err();
    assert!(clear(&asked(ActionKind::Note), &facts, approved("plan").as_ref()).is_ok());
    assert!(shut.iter().any(|found| found.code == "OP-7618"), "{shut:?}");
    assert_eq!(obstacles(&planted, &facts), obstacles(&asked(ActionKind::Note), &facts), "its plan would tell");
}

fn codes(terms: &Terms, standing: &Standing, kind: ActionKind, approved: Option<&Approved>) -> Vec<&'static str> {
    let facts = Facts { terms, standing, unproven: &[], now: at(0) };
    match clear(&asked(kind), &facts, approved) {
        Ok(cleared) => {
            assert_eq!((cleared.sink(), cleared.plan(), cleared.by().len()), ("desk", "plan", 2));
            Vec::new()
        }
        Err(found) => found.iter().map(|obstacle| obstacle.code).collect(),
    }
}

#[test]
fn everything_there_opens_it() {
    for kind in [ActionKind::Note, ActionKind::Task, ActionKind::Priority, ActionKind::Message] {
        assert_eq!(codes(&terms(), &standing(), kind, approved("plan").as_ref()), Vec::<&str>::new());
    }
}

#[test]
fn one_thing_missing_shuts_it_and_is_named() {
    type Change = fn(&mut Terms, &mut Standing);
    let changes: [(Change, &str); 19] = [
        (|terms, _| terms.level = 2, "OP-7601"),
        (|terms, _| terms.window.0 = Some(at(1)), "OP-7602"),
        (|terms, _| terms.window.1 = Some(at(0)), "OP-7602"),
        (|_, standing| standing.go = None, "OP-7603"),
        (|_, standing| standing.go = Some(statement(StatementKind::NoGo)), "OP-7603"),
        (|_, standing| standing.go.as_mut().unwrap().until = Some(at(0)), "OP-7603"),
        (|_, standing| standing.rollback_plan = None, "OP-7604"),
        (|_, standing| standing.rollback_plan.as_mut().unwrap().until = Some(at(-1)), "OP-7604"),
        (|_, standing| standing.flags.clear(), "OP-7605"),
        (|_, standing| standing.flags[0].state = FlagState::Off, "OP-7605"),
        (|_, standing| standing.flags[0].state = FlagState::Proposed, "OP-7605"),
        (|_, standing| standing.flags[0].until = at(0), "OP-7605"),
        (|_, standing| standing.flags[0].confirmed_by = None, "OP-7605"),
        (|_, standing| standing.flags[0].confirmed_by = Some("usr_a".into()), "OP-7605"),
        (|_, standing| standing.flags[0].sink = "other".into(), "OP-7605"),
        (
            |_, standing| {
                // The request of this test is none of the first five in a hundred.
                standing.flags[0].ramp = Ramp::new(5).unwrap();
            },
            "OP-7606",
        ),
        (|_, standing| standing.pauses.push(Pause { sink: None, reason: "x".into(), by: None, at: at(0) }), "OP-7607"),
        (
            |_, standing| {
                standing.pauses.push(Pause { sink: Some("desk".into()), reason: "x".into(), by: None, at: at(0) });
            },
            "OP-7607",
        ),
        (|terms, _| terms.level = 0, "OP-7601"),
    ];
    for (change, code) in changes {
        let (mut terms, mut standing) = (terms(), standing());
        change(&mut terms, &mut standing);
        assert_eq!(codes(&terms, &standing, ActionKind::Note, approved("plan").as_ref()), [code]);
    }
    assert_eq!(codes(&terms(), &standing(), ActionKind::Note, None), ["OP-7609"]);
    assert_eq!(codes(&terms(), &standing(), ActionKind::Note, approved("another").as_ref()), ["OP-7609"]);
}

#[test]
fn what_leaves_the_house_wants_the_highest_level_its_name_and_the_figures() {
    let mut three = terms();
    three.level = 3;
    assert_eq!(codes(&three, &standing(), ActionKind::Message, approved("plan").as_ref()), ["OP-7601"]);
    assert_eq!(codes(&terms(), &standing(), ActionKind::Event, approved("plan").as_ref()), ["OP-7608"]);
    let unproven = [Obstacle::new("OP-7610", "too few were reviewed")];
    let (terms, mut standing) = (terms(), standing());
    let facts = Facts { terms: &terms, standing: &standing, unproven: &unproven, now: at(0) };
    assert_eq!(clear(&asked(ActionKind::Message), &facts, approved("plan").as_ref()).unwrap_err(), unproven);
    // An exception stands in for a go, and never for the figures.
    standing.go = None;
    standing.exception = Some(exception());
    let facts = Facts { terms: &terms, standing: &standing, unproven: &unproven, now: at(0) };
    assert_eq!(clear(&asked(ActionKind::Message), &facts, approved("plan").as_ref()).unwrap_err(), unproven);
    let facts = Facts { terms: &terms, standing: &standing, unproven: &[], now: at(0) };
    assert!(clear(&asked(ActionKind::Message), &facts, approved("plan").as_ref()).is_ok());
}

#[test]
fn an_exception_ends_when_the_terms_change_that_it_was_made_under() {
    let (mut terms, mut standing) = (terms(), standing());
    (standing.go, standing.exception) = (None, Some(exception()));
    assert!(codes(&terms, &standing, ActionKind::Note, approved("plan").as_ref()).is_empty());
    terms.automation.as_mut().unwrap().min_reviewed = 1;
    assert_eq!(codes(&terms, &standing, ActionKind::Note, approved("plan").as_ref()), ["OP-7603"]);
}

#[test]
fn an_exception_takes_the_place_of_a_go_and_not_of_a_later_no() {
    let (terms, mut standing) = (terms(), standing());
    standing.go = None;
    standing.exception = Some(exception());
    assert!(codes(&terms, &standing, ActionKind::Note, approved("plan").as_ref()).is_empty());
    let no = Statement { at: at(-10), ..statement(StatementKind::NoGo) };
    standing.go = Some(no);
    assert_eq!(codes(&terms, &standing, ActionKind::Note, approved("plan").as_ref()), ["OP-7603"]);
    standing.exception.as_mut().unwrap().at = at(-5);
    assert!(codes(&terms, &standing, ActionKind::Note, approved("plan").as_ref()).is_empty());
}

proptest! {
    #[test]
    fn a_ramp_is_sticky_and_about_as_wide_as_it_says(random: Vec<[u8; 10]>) {
        for random in random {
            let id = crate::domain::id::RequestId::new(at(0), random);
            let admitted: Vec<bool> =
                Ramp::STEPS.iter().map(|step| Ramp::new(*step).unwrap().admits(id.suffix())).collect();
            prop_assert!(admitted.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(admitted[3]);
        }
    }
}

#[test]
fn shares_are_even() {
    let mut within = [0_u32; 4];
    for number in 0..20_000_u64 {
        let mut random = [7; 10];
        random[2..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        let id = crate::domain::id::RequestId::new(at(0), random);
        for (count, step) in within.iter_mut().zip(Ramp::STEPS) {
            *count += u32::from(Ramp::new(step).unwrap().admits(id.suffix()));
        }
    }
    for (count, step) in within.iter().zip(Ramp::STEPS) {
        assert!(count.abs_diff(step * 200) < 150, "{step} %: {count} of 20000");
    }
}

#[test]
fn words_read_back_and_every_state_leads_somewhere() {
    for state in WriteState::ALL {
        assert_eq!(WriteState::parse(state.as_str()), Some(state));
        let ends = matches!(state, WriteState::Cancelled | WriteState::Undone);
        assert_eq!(state.next().is_empty(), ends);
    }
    for kind in StatementKind::ALL {
        assert_eq!(StatementKind::parse(kind.as_str()), Some(kind));
    }
}
