//! Many runs and many engines: everything is done, nothing is done twice, and a backlog does not grow into memory.

use super::*;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::sync::Mutex;

type Seen = Arc<Mutex<HashMap<String, u32>>>;

fn counting(seen: &Seen) -> Steps {
    let seen = Arc::clone(seen);
    Steps::new([
        step("count", move |context| {
            *seen.lock().unwrap().entry(context.run.run.to_string()).or_default() += 1;
            next("counted")
        }),
        step("rest", |_| next("rested")),
    ])
}

async fn pile(on: &Fixture, works: &Works, count: usize) {
    let pile: Vec<Accept> = (0..count).map(|number| works.request(on, &format!("k{number}"))).collect();
    for outcome in join_all(pile.into_iter().map(|accept| on.store.accept_patiently(accept))).await {
        outcome.unwrap();
    }
}

async fn all_done(on: &Fixture, count: usize) {
    let wait = async {
        loop {
            let tally = on.store.tally().await.unwrap();
            if (tally.available, tally.running, tally.requests) == (0, 0, i64::try_from(count).unwrap()) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(120), wait).await.is_err() {
        panic!("work is left: {:?}", on.store.tally().await.unwrap());
    }
}

async fn shared(on: Fixture, engines: usize, count: usize) {
    let seen = Seen::default();
    let steps = counting(&seen);
    let mut works = Vec::new();
    for _ in 0..engines {
        let store = if engines == 1 { on.store.clone() } else { on.another().await };
        works.push(Works::start(&store, &steps, &["count", "rest"]).await);
    }
    pile(&on, &works[0], count).await;
    all_done(&on, count).await;
    for works in works {
        works.finish().await;
    }
    let seen = seen.lock().unwrap().clone();
    assert_eq!((seen.len(), seen.values().max()), (count, Some(&1)));
    let kinds = on.verify().await;
    assert_eq!(kinds["run.completed"], u64::try_from(count).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_engine_works_off_a_pile() {
    shared(Fixture::sqlite().await, 1, 1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_engines_share_two_thousand_runs_on_one_postgres() {
    shared(Fixture::postgres().await, 3, 2000).await;
}
