//! The review machine under every sequence of verdicts a property test can think of.

use super::*;
use proptest::prelude::*;

const RULES: Rules = Rules { approvals: 2, attempts: 3 };

fn open(digest: &str) -> Review {
    Review { state: ReviewState::Open, revision: 1, digest: digest.into(), attempt: 1, approvals: Vec::new() }
}

fn at() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

#[derive(Clone, Debug)]
enum Act {
    Say(Verdict, u8, bool),
    Edit,
    Redraft,
}

fn act() -> impl Strategy<Value = Act> {
    let words = || "[a-z]{1,8}".prop_map(String::from);
    prop_oneof![
        5 => (0u8..4, any::<bool>()).prop_map(|(user, stale)| Act::Say(Verdict::Approve, user, stale)),
        1 => (words(), 0u8..4).prop_map(|(comment, user)| Act::Say(Verdict::Minor { comment }, user, false)),
        1 => (words(), 0u8..4).prop_map(|(comment, user)| Act::Say(Verdict::Major { comment }, user, false)),
        1 => (words(), 0u8..4).prop_map(|(comment, user)| Act::Say(Verdict::Reject { comment, reason: None }, user, false)),
        2 => Just(Act::Edit),
        1 => Just(Act::Redraft),
    ]
}

proptest! {
    /// Whatever is done in whatever order: approved means two different people said so about the digest that stands.
    #[test]
    fn approval_needs_enough_people_on_the_very_digest(acts in proptest::collection::vec(act(), 0..40)) {
        let mut review = open("d1");
        for act in acts {
            match act {
                Act::Say(verdict, user, stale) => {
                    let user = format!("usr_{user}");
                    let digest = if stale { "old".to_owned() } else { review.digest.clone() };
                    if let Ok(outcome) = review.decide(&verdict, &user, &digest, RULES, at()) {
                        prop_assert!(!stale, "a stale digest decided something");
                        prop_assert!(review.state.next().contains(&outcome.state()));
                        if let Outcome::Redrafting { attempt } = outcome { review.attempt = attempt; }
                        if verdict == Verdict::Approve {
                            review.approvals.push(Approval { user, digest, at: at() });
                        }
                        review.state = outcome.state();
                    }
                }
                Act::Edit => if review.may_edit(&review.digest.clone()).is_ok() {
                    review.revision += 1;
                    review.digest = format!("d{}", review.revision);
                    review.state = ReviewState::Open;
                },
                Act::Redraft => if review.state == ReviewState::Redrafting {
                    review.revision += 1;
                    review.digest = format!("d{}", review.revision);
                    review.state = ReviewState::Open;
                },
            }
            prop_assert!(review.attempt <= RULES.attempts);
            let people: std::collections::HashSet<_> =
                review.approvals.iter().filter(|a| a.digest == review.digest).map(|a| &a.user).collect();
            prop_assert_eq!(review.approved(RULES).is_some(), review.state == ReviewState::Approved && people.len() >= 2);
            if review.state == ReviewState::Approved { prop_assert!(people.len() >= 2); }
        }
    }
}

#[test]
fn one_person_cannot_count_twice() {
    let mut review = open("d");
    review.approvals.push(Approval { user: "usr_a".into(), digest: "d".into(), at: at() });
    assert_eq!(review.decide(&Verdict::Approve, "usr_a", "d", RULES, at()), Err(Illegal::Again { more: 1 }));
    assert!(matches!(review.decide(&Verdict::Approve, "usr_b", "d", RULES, at()), Ok(Outcome::Approved(_))));
}

#[test]
fn an_edit_voids_earlier_approvals() {
    let mut review = open("new");
    review.approvals.push(Approval { user: "usr_a".into(), digest: "old".into(), at: at() });
    assert_eq!(
        review.decide(&Verdict::Approve, "usr_b", "new", RULES, at()),
        Ok(Outcome::Counted { have: 1, need: 2 })
    );
}

#[test]
fn words_are_exact() {
    for word in ["Approve", "approved", "yes", "", "ok", "approve "] {
        assert!(Verdict::parse(word, None).is_err(), "`{word}` must not decide");
    }
    assert_eq!(Verdict::parse("reject", Some("  ")), Err(Illegal::NoComment { what: "the reason" }));
    assert_eq!(Verdict::parse("approve", None), Ok(Verdict::Approve));
}

#[test]
fn a_counted_reason_goes_with_a_rejection_and_may_stand_for_the_comment() {
    let told = Verdict::with("reject", None, Some("spam")).unwrap();
    assert_eq!((told.comment(), told.reason()), (Some("spam or an attempt to deceive"), Some(Reason::Spam)));
    let both = Verdict::with("reject", Some("see 7"), Some("duplicate")).unwrap();
    assert_eq!((both.comment(), both.reason()), (Some("see 7"), Some(Reason::Duplicate)));
    assert!(matches!(Verdict::with("reject", None, Some("other")), Err(Illegal::NoComment { .. })));
    assert!(matches!(Verdict::with("reject", Some("x"), Some("Spam")), Err(Illegal::UnknownReason { .. })));
    assert_eq!(Verdict::with("approve", None, Some("spam")), Err(Illegal::NoReasonHere));
    let words: std::collections::BTreeSet<&str> = Reason::ALL.map(Reason::as_str).into();
    assert_eq!(words.len(), Reason::ALL.len());
}

#[test]
fn a_reason_is_heard_where_it_stands_alone() {
    let heard = |words| Reason::opening(words).map(|(reason, rest)| (reason.as_str(), rest));
    assert_eq!(heard("spam"), Some(("spam", "")));
    assert_eq!(heard(" Spam.\n"), Some(("spam", "")));
    assert_eq!(heard("Out of scope: we have no vans"), Some(("out_of_scope", "we have no vans")));
    assert_eq!(heard("wrong-facts, the date"), Some(("wrong_facts", "the date")));
    assert_eq!(heard("duplicate\nsee 7"), Some(("duplicate", "see 7")));
    assert_eq!(heard("other: he called"), Some(("other", "he called")));
    for words in ["", ":", "spam filter is down", "not spam", "other", "other.", "spämmig", "é"] {
        assert_eq!(heard(words), None, "{words}");
    }
    let told = Verdict::said("reject", Some("spam")).unwrap();
    assert_eq!((told.comment(), told.reason()), (Some("spam or an attempt to deceive"), Some(Reason::Spam)));
    assert_eq!(Verdict::said("major", Some("spam")), Ok(Verdict::Major { comment: "spam".into() }));
}

#[test]
fn attempts_end() {
    let review = Review { attempt: 3, ..open("d") };
    let major = Verdict::Major { comment: "shorter".into() };
    assert_eq!(
        review.decide(&major, "usr_a", "d", RULES, at()),
        Err(Illegal::NoAttemptLeft { attempt: 3, attempts: 3 })
    );
}
