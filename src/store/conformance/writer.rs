//! Group commit: answered only after the commit, one bad verb costs only itself, a full queue refuses, a fault does not end the writer.

#![expect(clippy::disallowed_methods, reason = "a test owns the tasks it starts")]

use super::fixture::{Fixture, options};
use super::on_both;
use super::samples::accept;
use crate::store::queue::Verb;
use crate::store::tx::Tx;
use crate::store::{Accepted, Store, StoreError};
use futures_util::future::join_all;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::Semaphore;

on_both!(
    nobody_is_answered_before_the_commit,
    a_verb_that_cannot_be_written_costs_only_itself,
    a_fault_of_the_program_costs_its_batch_only,
    a_full_queue_refuses_at_once,
    what_was_queued_is_written_before_closing,
    many_stores_share_one_log,
);

/// Stops a writer inside a transaction until it is let go.
struct Gate {
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Verb for Gate {
    type Out = ();
    async fn run(items: &[&Self], _tx: &mut Tx<'_>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        for item in items {
            item.entered.add_permits(1);
            item.open.acquire().await.unwrap().forget();
        }
        Ok(items.iter().map(|_| Ok(())).collect())
    }
}

/// The writers of a store, each stopped inside a transaction of its own.
struct Stopped {
    open: Arc<Semaphore>,
    gates: Vec<tokio::task::JoinHandle<Result<(), StoreError>>>,
}

impl Stopped {
    async fn writers_of(store: &Store) -> Self {
        let (entered, open) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let mut gates = Vec::new();
        for _ in 0..if store.is_shared() { 2 } else { 1 } {
            let (store, gate) = (store.clone(), Gate { entered: Arc::clone(&entered), open: Arc::clone(&open) });
            gates.push(tokio::spawn(async move { store.submit_patiently(gate).await }));
            entered.acquire().await.unwrap().forget();
        }
        Self { open, gates }
    }

    async fn go(self) {
        self.open.add_permits(self.gates.len());
        for gate in self.gates {
            gate.await.unwrap().unwrap();
        }
    }
}

impl Store {
    /// Queues verbs while every writer is stopped, so that they go down in one batch.
    pub(super) async fn batch<V: Verb>(&self, verbs: Vec<V>) -> Vec<Result<V::Out, StoreError>> {
        let stopped = Stopped::writers_of(self).await;
        let mut answers = Box::pin(join_all(verbs.into_iter().map(|verb| self.submit_patiently(verb))));
        // Polled once, all of them stand in the queue.
        assert!(futures_util::poll!(answers.as_mut()).is_pending());
        stopped.go().await;
        answers.await
    }
}

async fn nobody_is_answered_before_the_commit(on: &Fixture) {
    let (entered, open) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let gate = Gate { entered: Arc::clone(&entered), open: Arc::clone(&open) };
    let wanted = accept(on, "k1", "text");
    let stopped = Stopped::writers_of(&on.store).await;
    // In one batch the gate stands behind the request: when it is entered, the statement has run and the commit has not.
    let mut both =
        Box::pin(async { futures_util::join!(on.store.accept(wanted.clone()), on.store.submit_patiently(gate)) });
    assert!(futures_util::poll!(both.as_mut()).is_pending());
    stopped.go().await;
    entered.acquire().await.unwrap().forget();
    assert!(futures_util::poll!(both.as_mut()).is_pending(), "answered before the commit");
    let unseen = on.store.request(&wanted.request.id).await;
    assert!(matches!(unseen, Err(StoreError::NotFound { .. })), "{unseen:?}");
    open.add_permits(1);
    let (accepted, gate) = both.await;
    gate.unwrap();
    assert_eq!(accepted.unwrap(), Accepted::New(wanted.request.id.clone()));
    assert_eq!(on.another().await.request(&wanted.request.id).await.unwrap().state, "queued");
}

/// A verb that does not go down with the others.
#[derive(Clone, Copy)]
enum Bad {
    Statement,
    Panic,
}

impl Verb for Bad {
    type Out = ();
    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        match items[0] {
            Self::Statement => {
                tx.conn.run("INSERT INTO request (id) VALUES ('incomplete')", vec![]).await.map(|_| Vec::new())
            }
            Self::Panic => panic!("a fault of the program, as this test wants it"),
        }
    }
}

/// One verb of two kinds, so that good and bad stand in one batch.
struct Either(Result<crate::store::Accept, Bad>);

impl Verb for Either {
    type Out = ();
    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let mut outs = Vec::new();
        for item in items {
            match &item.0 {
                Ok(accept) => outs.push(crate::store::Accept::run(&[accept], tx).await?.remove(0).map(|_| ())),
                Err(bad) => outs.extend(Bad::run(&[bad], tx).await?),
            }
        }
        Ok(outs)
    }
}

async fn a_verb_that_cannot_be_written_costs_only_itself(on: &Fixture) {
    let good = |number: u32| Either(Ok(accept(on, &format!("k{number}"), &format!("text {number}"))));
    let outs = on.store.batch(vec![good(1), Either(Err(Bad::Statement)), good(2)]).await;
    assert!(outs[0].is_ok() && matches!(outs[1], Err(StoreError::Unavailable { .. })) && outs[2].is_ok(), "{outs:?}");
    assert_eq!(on.store.tally().await.unwrap().requests, 2);
    assert_eq!(on.verify().await["request.accepted"], 2, "a receipt for each, and no second one from the first try");
}

async fn a_fault_of_the_program_costs_its_batch_only(on: &Fixture) {
    // As often as there are writers, and once more.
    for _ in 0..3 {
        let out = on.store.submit_patiently(Bad::Panic).await;
        assert!(matches!(out, Err(StoreError::Unavailable { .. })), "{out:?}");
    }
    on.store.accept(accept(on, "k1", "text")).await.unwrap();
    assert_eq!(on.verify().await["request.accepted"], 1);
}

async fn a_full_queue_refuses_at_once(on: &Fixture) {
    let store = Store::open(crate::store::Options { queue: 4, ..options(on.url(), &on.clock) }).await.unwrap();
    let mut crowd: Vec<_> = (0..40)
        .map(|number| Box::pin(store.accept(accept(on, &format!("k{number}"), &format!("text {number}")))))
        .collect();
    // Without waiting in between no writer can take any, unless on another thread; so some fit and most do not.
    let mut polled = Vec::new();
    for call in &mut crowd {
        polled.push(futures_util::poll!(call.as_mut()));
    }
    let refused =
        polled.iter().filter(|answer| matches!(answer, Poll::Ready(Err(StoreError::Busy { retry_secs: 1 })))).count();
    let waiting: Vec<_> =
        crowd.into_iter().zip(polled).filter(|(_, answer)| answer.is_pending()).map(|(call, _)| call).collect();
    let kept = waiting.len();
    assert!(refused > 0 && kept >= 4, "{refused} refused, {kept} kept");
    join_all(waiting).await.into_iter().for_each(|out| drop(out.unwrap()));
    // What was refused can come again, and patient callers are never refused.
    let patient = join_all(
        (0..40).map(|number| store.accept_patiently(accept(on, &format!("k{number}"), &format!("text {number}")))),
    )
    .await;
    assert!(patient.iter().all(Result::is_ok));
    assert_eq!(store.tally().await.unwrap().requests, 40);
}

async fn what_was_queued_is_written_before_closing(on: &Fixture) {
    let store = on.another().await;
    let mut crowd = Box::pin(join_all(
        (0..20).map(|number| store.accept(accept(on, &format!("k{number}"), &format!("text {number}")))),
    ));
    assert!(futures_util::poll!(crowd.as_mut()).is_pending());
    let (outs, ()) = tokio::join!(crowd, store.close());
    assert!(outs.iter().all(Result::is_ok), "{outs:?}");
    let late = store.accept(accept(on, "late", "late")).await;
    assert!(matches!(late, Err(StoreError::Unavailable { .. })), "{late:?}");
    assert!(store.ping().await.is_err());
    assert_eq!(on.store.tally().await.unwrap().requests, 20);
}

async fn many_stores_share_one_log(on: &Fixture) {
    // As several daemons on one PostgreSQL do, and on SQLite a daemon beside short commands of a person.
    let stores = [on.another().await, on.another().await, on.another().await];
    let send = |place: usize, store: Store| async move {
        for round in 0..10 {
            let calls = (0..10).map(|number| {
                store.accept(accept(
                    on,
                    &format!("{place} {round} {number}"),
                    &format!("text {place} {round} {number}"),
                ))
            });
            join_all(calls).await.into_iter().for_each(|out| drop(out.unwrap()));
        }
    };
    join_all(stores.into_iter().enumerate().map(|(place, store)| send(place, store))).await;
    assert_eq!(on.verify().await["request.accepted"], 300);
}
