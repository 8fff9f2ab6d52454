//! What people say about screens: kept, answered, closed, each with its receipt.

use super::fixture::Fixture;
use super::on_both;
use super::samples::permit;
use crate::domain::id::FeedbackId;
use crate::policy::{Action, Kind};
use crate::store::{AnswerFeedback, FeedbackFilter, GiveFeedback, StoreError};

on_both!(what_is_said_is_answered_and_closed_once);

fn given(on: &Fixture, person: &str, text: &str) -> GiveFeedback {
    GiveFeedback {
        id: FeedbackId::new(on.now(), on.store.chance()),
        tenant: "acme".into(),
        pilot: "north".into(),
        screen: "/briefs/x".into(),
        item: "req_x".into(),
        step: "in_review".into(),
        decision: "pdc_1".into(),
        receipt: "7 (brief.drafted)".into(),
        text: text.into(),
        person: person.into(),
        permit: permit(Action::FeedbackGive, Kind::Pilot, "north"),
        at: on.now(),
    }
}

fn answer(on: &Fixture, id: &FeedbackId, text: &str, closes: bool) -> AnswerFeedback {
    let permit = permit(Action::FeedbackAnswer, Kind::Pilot, "north");
    AnswerFeedback { id: id.clone(), text: text.into(), closes, person: "usr_ada".into(), permit, at: on.now() }
}

async fn what_is_said_is_answered_and_closed_once(on: &Fixture) {
    let (one, other) = (given(on, "usr_bob", "where is the button"), given(on, "usr_eve", "too small"));
    let (first, second) = (one.id.clone(), other.id.clone());
    on.store.give_feedback(one).await.unwrap();
    on.store.give_feedback(other).await.unwrap();
    on.clock.turn(60);
    on.store.answer_feedback(answer(on, &first, "behind `a`", false)).await.unwrap();
    on.store.answer_feedback(answer(on, &first, "", true)).await.unwrap();
    let again = on.store.answer_feedback(answer(on, &first, "more", false)).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let (row, events) = on.store.feedback(&first).await.unwrap();
    assert_eq!(
        (row.state.as_str(), row.text.as_str(), row.decision.as_str()),
        ("closed", "where is the button", "pdc_1")
    );
    let seen: Vec<_> =
        events.iter().map(|event| (event.kind.as_str(), event.person.as_str(), event.text.as_str())).collect();
    let wanted =
        [("given", "usr_bob", "where is the button"), ("answered", "usr_ada", "behind `a`"), ("closed", "usr_ada", "")];
    assert_eq!(seen, wanted);
    let ids = async |filter: FeedbackFilter| {
        let page = on.store.feedbacks(&FeedbackFilter { limit: 10, ..filter }).await.unwrap();
        page.items.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let named = |text: &str| Some(text.to_owned());
    assert_eq!(
        ids(FeedbackFilter { state: named("open"), ..FeedbackFilter::default() }).await,
        std::slice::from_ref(&second)
    );
    assert_eq!(
        ids(FeedbackFilter { person: named("usr_bob"), ..FeedbackFilter::default() }).await,
        std::slice::from_ref(&first)
    );
    assert!(ids(FeedbackFilter { pilot: named("south"), ..FeedbackFilter::default() }).await.is_empty());
    assert_eq!(ids(FeedbackFilter::default()).await.len(), 2);
    let missing = on.store.feedback(&FeedbackId::new(on.now(), [0; 10])).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    let kinds = on.verify().await;
    assert_eq!((kinds["feedback.given"], kinds["feedback.answered"], kinds["feedback.closed"]), (2, 1, 1));
    let told = on.store.receipts_of(first.as_str()).await.unwrap();
    let words = told.iter().map(|receipt| String::from_utf8_lossy(&receipt.bytes).into_owned()).collect::<String>();
    assert!(!words.contains("button"), "receipts hold digests of what people say, not the words");
}
