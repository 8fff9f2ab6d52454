//! Random sequences of verbs against a model in memory: whatever people, workers and clocks do in whatever order, run and brief stand as
//! the model says, and the receipts verify. On SQLite only: what differs between the databases has cases of its own.

use super::fixture::Fixture;
use super::samples::{accept, advance, cancel, claim, decide, draft, edit, node, retry, review_of};
use crate::domain::id::NodeId;
use crate::domain::review::ReviewState;
use crate::domain::run::RunState;
use crate::store::{Advance, ClaimedRun, Next};
use proptest::prelude::*;

/// How many requests there are; few, so that verbs meet.
const REQUESTS: usize = 3;

/// One thing that happens, to the request of that number.
#[derive(Clone, Debug)]
enum Deed {
    Accept(usize),
    Claim,
    /// The worker of a request, or with `late` the one before it, drafts and waits for people.
    Draft {
        at: usize,
        late: bool,
    },
    Complete {
        at: usize,
        late: bool,
    },
    Discard(usize),
    Snooze(usize),
    /// On the version that stands, or on the one before it.
    Decide {
        at: usize,
        verdict: &'static str,
        stale: bool,
    },
    Edit {
        at: usize,
        stale: bool,
    },
    Cancel(usize),
    Retry(usize),
    HandBack,
    Rescue,
    Turn(i64),
    Ring,
}

fn deed() -> impl Strategy<Value = Deed> {
    let at = 0..REQUESTS;
    let verdict = prop::sample::select(vec!["approve", "minor", "major", "reject"]);
    prop_oneof![
        3 => at.clone().prop_map(Deed::Accept),
        4 => Just(Deed::Claim),
        4 => (at.clone(), prop::bool::weighted(0.2)).prop_map(|(at, late)| Deed::Draft { at, late }),
        2 => (at.clone(), prop::bool::weighted(0.2)).prop_map(|(at, late)| Deed::Complete { at, late }),
        1 => at.clone().prop_map(Deed::Discard),
        1 => at.clone().prop_map(Deed::Snooze),
        4 => (at.clone(), verdict, prop::bool::weighted(0.2)).prop_map(|(at, verdict, stale)| Deed::Decide { at, verdict, stale }),
        2 => (at.clone(), prop::bool::weighted(0.2)).prop_map(|(at, stale)| Deed::Edit { at, stale }),
        1 => at.clone().prop_map(Deed::Cancel),
        1 => at.prop_map(Deed::Retry),
        1 => Just(Deed::HandBack),
        1 => Just(Deed::Rescue),
        2 => (1i64..40).prop_map(Deed::Turn),
        1 => Just(Deed::Ring),
    ]
}

/// A request as the model has it.
struct Known {
    run: RunState,
    /// Claims in hand, oldest first; only the last one holds, and only while the run is being worked on.
    claims: Vec<ClaimedRun>,
    lease_until: i64,
    due: Option<i64>,
    waits: bool,
    brief: Option<(ReviewState, i64, u32)>,
    id: crate::domain::id::RequestId,
    /// Receipts it must have.
    receipts: usize,
}

struct Model {
    on: Fixture,
    node: NodeId,
    now: i64,
    known: Vec<Option<Known>>,
    made: u32,
}

impl Model {
    async fn new() -> Self {
        let on = Fixture::sqlite().await;
        let node = node(&on);
        Self { on, node, now: 0, known: (0..REQUESTS).map(|_| None).collect(), made: 0 }
    }

    fn of(&mut self, at: usize) -> Option<&mut Known> {
        self.known[at].as_mut()
    }

    /// Does it to the store and to the model, and compares what the store says of it.
    async fn meet(&mut self, deed: &Deed) {
        match deed.clone() {
            Deed::Accept(at) => self.accept(at).await,
            Deed::Claim => self.claim().await,
            Deed::Draft { at, late } => self.draft(at, late).await,
            Deed::Complete { at, late } => self.go_on(at, late, Next::Completed).await,
            Deed::Discard(at) => {
                let next = Next::Discarded { step: "draft".into(), code: "OP-3200".into(), message: "why".into() };
                self.go_on(at, false, next).await;
            }
            Deed::Snooze(at) => {
                let next = Next::Scheduled {
                    step: "draft".into(),
                    at: self.on.in_secs(10),
                    code: "OP-3200".into(),
                    message: "why".into(),
                };
                self.go_on(at, false, next).await;
            }
            Deed::Decide { at, verdict, stale } => self.decide(at, verdict, stale).await,
            Deed::Edit { at, stale } => self.edit(at, stale).await,
            Deed::Cancel(at) => self.cancel(at).await,
            Deed::Retry(at) => self.retry(at).await,
            Deed::HandBack => {
                let held = self.give_back(|_| true);
                assert_eq!(self.on.store.hand_back(&self.node).await.unwrap(), held);
            }
            Deed::Rescue => {
                let now = self.now;
                let held = self.give_back(|known| known.lease_until < now);
                assert_eq!(self.on.store.rescue(false).await.unwrap(), held);
            }
            Deed::Turn(secs) => {
                self.now += secs;
                self.on.clock.turn(secs);
            }
            Deed::Ring => self.ring().await,
        }
    }

    async fn accept(&mut self, at: usize) {
        let wanted = accept(&self.on, &format!("k{at}"), &format!("text {at}"));
        let out = self.on.store.accept(wanted).await.unwrap();
        match self.of(at) {
            Some(known) => assert_eq!((out.as_str(), out.request()), ("duplicate", &known.id)),
            None => {
                let id = out.request().clone();
                assert_eq!(out.as_str(), "accepted");
                let run = RunState::Available;
                self.known[at] = Some(Known {
                    run,
                    claims: Vec::new(),
                    lease_until: 0,
                    due: None,
                    waits: false,
                    brief: None,
                    id,
                    receipts: 1,
                });
            }
        }
    }

    async fn claim(&mut self) {
        let runs = claim(&self.on, &self.node, 64).await;
        let lease = self.now + 30;
        let available = self.known.iter().flatten().filter(|known| known.run == RunState::Available).count();
        assert_eq!(runs.len(), available);
        for run in runs {
            let known = self.known.iter_mut().flatten().find(|known| known.id == run.request.id).unwrap();
            assert!(
                known.run == RunState::Available && known.claims.last().is_none_or(|before| before.epoch < run.epoch)
            );
            (known.run, known.lease_until) = (RunState::Running, lease);
            known.claims.push(run);
        }
    }

    /// The claim that such a worker has in its hand, and whether it holds.
    fn in_hand(&mut self, at: usize, late: bool) -> Option<(ClaimedRun, bool)> {
        let known = self.of(at)?;
        let place = known.claims.len().checked_sub(1 + usize::from(late))?;
        Some((known.claims[place].clone(), known.run == RunState::Running && !late))
    }

    async fn draft(&mut self, at: usize, late: bool) {
        let Some((run, holds)) = self.in_hand(at, late) else { return };
        let brief = self.of(at).unwrap().brief;
        // The engine drafts only what has no brief yet or is being redrafted.
        if holds && !brief.is_none_or(|(state, ..)| state == ReviewState::Redrafting) {
            return;
        }
        self.made += 1;
        let number = brief.map_or(1, |(.., revision)| revision + 1);
        let acts = vec![draft(&run, number, 1, &format!("draft {}", self.made))];
        let out = self.on.store.advance(Advance { acts, ..advance(&self.on, &run, review_of(&run)) }).await;
        assert_eq!(out.is_ok(), holds, "{out:?}");
        if holds {
            let known = self.of(at).unwrap();
            (known.run, known.waits) = (RunState::Pending, true);
            known.brief = Some((ReviewState::Open, brief.map_or(1, |(_, version, _)| version + 1), number));
            known.receipts += 1;
        }
    }

    async fn go_on(&mut self, at: usize, late: bool, next: Next) {
        let Some((run, holds)) = self.in_hand(at, late) else { return };
        let (state, due) = (next.state(), self.now + 10);
        let out = self.on.store.advance(advance(&self.on, &run, next)).await;
        assert_eq!(out.is_ok(), holds, "{out:?}");
        if holds {
            let known = self.of(at).unwrap();
            known.run = state;
            known.due = (state == RunState::Scheduled).then_some(due);
            known.receipts += 1;
        }
    }

    async fn decide(&mut self, at: usize, verdict: &'static str, stale: bool) {
        let Some(Known { brief: Some((state, version, revision)), id, waits, .. }) = self.known[at].as_ref() else {
            return;
        };
        // What the review machine lets through; its own tests see to the rest.
        if *state != ReviewState::Open {
            return;
        }
        let mut wanted = decide(&self.on, &id.brief(), version - i64::from(stale), "usr_ada", verdict);
        wanted.revision = *revision;
        // One person says each thing once about a revision.
        wanted.person = format!("usr_{version}");
        let (next, wakes, may) = (wanted.state, wanted.wake.is_some(), !stale && *waits);
        let out = self.on.store.decide(wanted).await;
        assert_eq!(out.is_ok(), may || (!stale && !wakes), "{out:?}");
        if out.is_ok() {
            let known = self.of(at).unwrap();
            known.brief = known.brief.map(|(_, version, revision)| (next, version + 1, revision));
            known.receipts += 1;
            if wakes {
                (known.run, known.waits) = (RunState::Available, false);
            }
        }
    }

    async fn edit(&mut self, at: usize, stale: bool) {
        let Some(Known { brief: Some((state, version, revision)), id, .. }) = self.known[at].as_ref() else { return };
        let may = !stale && matches!(state, ReviewState::Open | ReviewState::Amending);
        let wanted =
            edit(&self.on, &id.brief(), version - i64::from(stale), revision + 1, &format!("by hand {version}"));
        let out = self.on.store.edit(wanted).await;
        assert_eq!(out.is_ok(), may, "{out:?}");
        if may {
            let known = self.of(at).unwrap();
            known.brief = known.brief.map(|(_, version, revision)| (ReviewState::Open, version + 1, revision + 1));
            known.receipts += 1;
        }
    }

    async fn cancel(&mut self, at: usize) {
        let Some((run, _)) = self.in_hand(at, false) else { return };
        let out = self.on.store.cancel(cancel(&self.on, &run)).await;
        let known = self.of(at).unwrap();
        assert_eq!(out.is_ok(), known.run.may_become(RunState::Cancelled), "{out:?}");
        if out.is_ok() {
            (known.run, known.waits, known.due) = (RunState::Cancelled, false, None);
            known.receipts += 1;
            if let Some((state, version, revision)) = known.brief
                && matches!(state, ReviewState::Open | ReviewState::Amending | ReviewState::Redrafting)
            {
                known.brief = Some((ReviewState::Withdrawn, version + 1, revision));
            }
        }
    }

    async fn retry(&mut self, at: usize) {
        let Some(known) = self.known[at].as_ref() else { return };
        let out = self.on.store.retry(retry(&self.on, &known.id)).await;
        let known = self.of(at).unwrap();
        assert_eq!(out.is_ok(), known.run == RunState::Discarded, "{out:?}");
        if out.is_ok() {
            known.run = RunState::Available;
            known.receipts += 1;
        }
    }

    fn give_back(&mut self, whose: impl Fn(&Known) -> bool) -> u64 {
        let held = self.known.iter_mut().flatten().filter(|known| known.run == RunState::Running && whose(known));
        held.map(|known| known.run = RunState::Available).count() as u64
    }

    async fn ring(&mut self) {
        let now = self.now;
        let due = self.known.iter_mut().flatten().filter(|known| known.due.is_some_and(|due| due <= now));
        let rung = due.map(|known| (known.run, known.due) = (RunState::Available, None)).count();
        assert_eq!(self.on.store.is_due().await.unwrap(), rung > 0);
        assert_eq!(self.on.store.ring().await.unwrap(), rung as u64);
    }

    /// Everything stands as the model has it.
    async fn compare(&self) {
        for known in self.known.iter().flatten() {
            assert_eq!(self.on.store.run(&known.id.run()).await.unwrap().state, known.run);
            let brief =
                self.on.store.brief(&known.id.brief()).await.ok().map(|row| (row.state, row.version, row.revision));
            assert_eq!(brief, known.brief);
            assert_eq!(self.on.store.receipts_of(known.id.as_str()).await.unwrap().len(), known.receipts);
            assert_eq!(
                self.on.store.revisions(&known.id.brief()).await.unwrap().len(),
                brief.map_or(0, |(.., revision)| revision as usize)
            );
        }
        let accepted = self.known.iter().flatten().count();
        assert_eq!(self.on.store.tally().await.unwrap().requests, i64::try_from(accepted).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_the_store_stands_as_the_model_says(deeds in prop::collection::vec(deed(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut model = Model::new().await;
            for deed in &deeds {
                model.meet(deed).await;
                model.compare().await;
            }
            model.on.verify().await;
        });
    }
}
