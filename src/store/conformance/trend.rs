//! Figures of a span: each row counts once, in its own pilot and its own time; and edits are held against the last draft.

use super::fixture::Fixture;
use super::on_both;
use super::samples::{advance, claim, decide, edit, in_review, node};
use crate::store::Next;
use jiff::SignedDuration;

on_both!(a_span_has_the_rows_of_its_pilot_and_its_time, the_backlog_is_told_by_age);

async fn a_span_has_the_rows_of_its_pilot_and_its_time(on: &Fixture) {
    in_review(on, "before").await;
    on.clock.turn(3600);
    let from = on.now();
    let kept = in_review(on, "kept").await;
    on.clock.turn(60);
    let edited = in_review(on, "edited").await;
    let rejected = in_review(on, "rejected").await;
    let edit = edit(on, &edited.brief(), 1, 2, "as a person has it");
    on.store.edit(edit).await.unwrap();
    on.clock.turn(60);
    on.store.decide(decide(on, &kept.brief(), 1, "usr_ada", "approve")).await.unwrap();
    let mut second = decide(on, &edited.brief(), 2, "usr_ada", "approve");
    second.revision = 2;
    on.store.decide(second).await.unwrap();
    on.store.decide(decide(on, &rejected.brief(), 1, "usr_ada", "reject")).await.unwrap();
    on.clock.turn(60);
    let until = on.now();
    for woken in claim(on, &node(on), 10).await {
        on.store.advance(advance(on, &woken, Next::Completed)).await.unwrap();
    }
    in_review(on, "after").await;
    let rows = on.store.trend("north", (from, until), ("2026-01-01", "2026-12-31")).await.unwrap();
    assert_eq!(rows.arrived.iter().map(|(_, count)| count).sum::<u64>(), 3);
    assert!(rows.arrived.iter().all(|(at, _)| at.as_second() % 900 == 0));
    assert_eq!(rows.drafted.iter().map(|(_, count)| count).sum::<u64>(), 3);
    assert_eq!(rows.took, [(SignedDuration::ZERO, 3)]);
    let verdicts: Vec<(&str, bool)> = rows.decided.iter().map(|made| (made.verdict.as_str(), made.approved)).collect();
    assert_eq!(verdicts.iter().filter(|made| **made == ("approve", true)).count(), 2);
    assert_eq!((verdicts.len(), rows.edited.len(), rows.spent.len()), (3, 1, 0));
    assert_eq!(rows.edited[0].brief, edited.brief());
    assert_eq!(
        (rows.edited[0].drafted.as_slice(), rows.edited[0].approved.as_slice()),
        (&b"brief of edited"[..], &b"as a person has it"[..])
    );
    let none = on.store.trend("south", (from, until), ("2026-01-01", "2026-12-31")).await.unwrap();
    assert!(
        none.arrived.is_empty()
            && none.drafted.is_empty()
            && none.took.is_empty()
            && none.decided.is_empty()
            && none.edited.is_empty()
    );
}

async fn the_backlog_is_told_by_age(on: &Fixture) {
    for (key, wait) in [("oldest", 7200), ("old", 600), ("young", 10)] {
        in_review(on, key).await;
        on.clock.turn(wait);
    }
    let since = [-60, -60, -3600, -3600, -3600, -3600].map(|secs| on.in_secs(secs));
    assert_eq!(on.store.backlog_since("north", since).await.unwrap(), [1, 0, 1, 0, 0, 0, 1]);
    assert_eq!(on.store.backlog_since("south", since).await.unwrap(), [0; 7]);
}
