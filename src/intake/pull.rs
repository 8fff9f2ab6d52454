//! Running a pulled source: ask for a batch, make it durable with its cursor, tell the source. One daemon reads a source at a time, by
//! lease. INVARIANT: a source hears `committed` only after the commit; an item that cannot be a request is said to be so and never
//! stops the next.

use super::aside::Sorted;
use super::clashes::Clashes;
use super::fault::Fault;
use super::reconcile::Audit;
use super::{Door, Intake};
use crate::domain::id::{NodeId, QuarantineId};
use crate::failpoint;
use crate::store::{Accepted, Aside, AsideState, TakeSource, Yielded};
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::{Batch, ConnectorError, Cursor, Envelope, ErrorKind, Refused, Secret, Settled, Source};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How a pulled source is run.
#[derive(Clone, Debug)]
pub struct PullOptions {
    /// Envelopes per batch at most.
    pub batch: usize,
    /// How long the lease on a source holds unless renewed.
    pub lease: Duration,
    /// First wait after a fault; doubled for each further one.
    pub first_wait: Duration,
    /// The longest wait after a fault.
    pub longest_wait: Duration,
    /// Piles wait in their folder while more than this many requests wait to be drafted.
    pub pause_at: i64,
    /// Mail of mailing lists may be a request.
    pub take_lists: bool,
}

impl Default for PullOptions {
    fn default() -> Self {
        Self {
            batch: 500,
            lease: Duration::from_secs(60),
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(300),
            pause_at: 20_000,
            take_lists: false,
        }
    }
}

/// How a source is.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// When it was last read without a fault.
    pub read_at: Option<Timestamp>,
    /// When the far side last answered: the proof that reading works, also while nothing comes.
    pub proven_at: Option<Timestamp>,
    /// What a person should see to soon though all is well today.
    pub notice: Option<String>,
    /// The last fault, when it has not been read since.
    pub fault: Option<String>,
    /// What it is working on.
    pub progress: Option<String>,
    /// Requests made so far by this daemon.
    pub accepted: u64,
    /// Items that could not become requests.
    pub refused: u64,
    /// Items that were not meant to be requests.
    pub ignored: u64,
    /// What the last comparison with the far side found, in words, and whether nothing was missing.
    pub reconciled: Option<(String, bool)>,
    /// Another daemon reads it.
    pub elsewhere: bool,
}

/// One pulled source and how it is.
pub struct Pull {
    pub(super) intake: Intake,
    pub(super) door: Door,
    options: PullOptions,
    node: NodeId,
    health: Arc<Mutex<Health>>,
}

/// What a running source has in hand between rounds.
#[derive(Default)]
struct Hand {
    /// What the source kept, as the store has it; the source is told again when the store's is another.
    kept: Option<Secret>,
    /// The comparison with the far side.
    audit: Audit,
    /// Of which keys the log knows already that they were used twice.
    clashes: Clashes,
}

/// A batch as it is stored.
struct Sorting {
    accepts: Vec<crate::store::Accept>,
    asides: Vec<Aside>,
    replies: Vec<crate::store::KeepReply>,
}

/// What is told of an item that was set aside, once the store says that it is new.
struct Told {
    id: QuarantineId,
    state: AsideState,
    key: String,
    place: String,
    code: String,
    reason: String,
}

impl Told {
    fn of(aside: &Aside) -> Self {
        Self {
            id: aside.id.clone(),
            state: aside.state,
            key: aside.dedup_key.clone(),
            place: aside.place.clone(),
            code: aside.code.clone(),
            reason: aside.reason.clone(),
        }
    }

    fn tell(&self, source: &str) {
        let state = self.state.as_str();
        count_aside(source, state, 1);
        tracing::info!(source.name = source, item.id = %self.id, item.key = self.key, item.place = %self.place, code = self.code, "an item is {state}: {}", self.reason);
    }
}

fn count_aside(source: &str, state: &'static str, items: u64) {
    metrics::counter!("opspilot_items_aside_total", "source" => source.to_owned(), "state" => state).increment(items);
}

impl Pull {
    /// For a source behind `door`.
    #[must_use]
    pub fn new(intake: Intake, door: Door, options: PullOptions, node: NodeId) -> Self {
        Self { intake, door, options, node, health: Arc::default() }
    }

    /// How it is, from now on.
    #[must_use]
    pub fn health(&self) -> Arc<Mutex<Health>> {
        Arc::clone(&self.health)
    }

    /// Runs the source until `stop`.
    pub async fn run(&self, mut source: Box<dyn Source>, stop: CancellationToken) {
        let mut faults: u32 = 0;
        let mut hand = Hand::default();
        loop {
            let (wait, ours) = tokio::select! {
                () = stop.cancelled() => break,
                turn = self.turn(source.as_mut(), &mut hand) => match turn {
                    Ok(Some(wait)) => { faults = 0; (wait, true) }
                    Ok(None) => { faults = 0; source.release(); (self.options.lease / 2, false) }
                    // An item, or a file, that will never pass: said once, and the next is not delayed.
                    Err(Fault::Connector(error)) if error.kind == ErrorKind::Rejected => { self.rejected(&error); (Duration::ZERO, false) }
                    Err(fault) => { faults += 1; (self.fault(&fault, faults), false) }
                },
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.rest(source.as_mut(), wait, ours) => {}
            }
        }
        if tokio::time::timeout(Duration::from_secs(5), source.close()).await.is_err() {
            tracing::warn!(source.name = %self.door.source, "the source did not close within 5 s; it was left");
        }
        // Whoever reads it next need not wait for the lease to run out; when this fails, they do.
        let now = self.intake.clock.now();
        let back = TakeSource {
            source: self.door.source.clone(),
            node: self.node.clone(),
            until: now,
            proven: self.proven(),
            at: now,
        };
        if let Err(error) = self.intake.store.take_source(back).await {
            tracing::info!(source.name = %self.door.source, error = %error, "the source could not be handed back");
        }
    }

    /// Waits before the next round; a source that is ours may end it when something comes, and never longer than the lease allows.
    async fn rest(&self, source: &mut dyn Source, wait: Duration, ours: bool) {
        if wait.is_zero() {
            return;
        }
        match if ours { source.wait(wait.min(self.options.lease / 3)) } else { None } {
            Some(woken) => woken.await,
            None => tokio::time::sleep(wait).await,
        }
    }

    fn proven(&self) -> Option<Timestamp> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).proven_at
    }

    /// One round: how long to wait before the next; `None` when another daemon reads the source.
    async fn turn(&self, source: &mut dyn Source, hand: &mut Hand) -> Result<Option<Duration>, Fault> {
        if self.intake.store.waiting() > self.options.pause_at {
            return Ok(Some(Duration::from_secs(1)));
        }
        let now = self.intake.clock.now();
        let until = now + SignedDuration::try_from(self.options.lease).unwrap_or(SignedDuration::from_secs(60));
        let proven = self.proven();
        let take = TakeSource { source: self.door.source.clone(), node: self.node.clone(), until, proven, at: now };
        let Some(taken) = self.intake.store.take_source(take).await.map_err(Fault::Store)? else {
            let known = self.intake.store.sources().await.map_err(Fault::Store)?;
            let known = known.into_iter().find(|known| known.source == self.door.source);
            self.note(|health| {
                health.elsewhere = true;
                health.proven_at = known.and_then(|known| known.proven_at).or(health.proven_at);
            });
            return Ok(None);
        };
        self.note(|health| health.proven_at = health.proven_at.max(taken.proven_at));
        let known = hand.kept.as_ref().map(Secret::expose);
        if let Some(kept) = taken.kept.filter(|kept| known != Some(kept.expose())) {
            source.recall(kept.clone());
            hand.kept = Some(kept);
        }
        // A poll that hangs must not outlive the lease.
        let poll =
            tokio::time::timeout(self.options.lease / 2, source.poll(taken.cursor.map(Cursor), self.options.batch));
        let batch = poll.await.map_err(|_| Fault::Slow)?.map_err(Fault::Connector)?;
        let again = batch.again_in;
        self.take_in(source, batch, hand).await?;
        // Only what lies behind everything that is new can be missing.
        if again.is_some() && hand.audit.is_due(taken.reconciled_at, self.intake.clock.now()) {
            let page = tokio::time::timeout(self.options.lease / 2, self.audit(source, &mut hand.audit)).await;
            if page.unwrap_or(false) {
                return Ok(Some(Duration::ZERO));
            }
        }
        Ok(Some(again.unwrap_or(Duration::ZERO)))
    }

    /// What is to be stored of a batch.
    fn sorted(&self, envelopes: Vec<Envelope>, unfit: Vec<Refused>) -> Result<Sorting, Fault> {
        let mut sorting =
            Sorting { accepts: Vec::with_capacity(envelopes.len()), asides: Vec::new(), replies: Vec::new() };
        for refused in unfit {
            sorting.asides.push(self.intake.refused(&self.door, refused).map_err(Fault::Intake)?);
        }
        for envelope in envelopes {
            match self.intake.sort(&self.door, envelope, self.options.take_lists).map_err(Fault::Intake)? {
                Sorted::Request(accept) => sorting.accepts.push(*accept),
                Sorted::Aside(aside) => sorting.asides.push(*aside),
                Sorted::Answer(aside, reply) => {
                    sorting.asides.push(*aside);
                    sorting.replies.push(*reply);
                }
            }
        }
        Ok(sorting)
    }

    async fn take_in(&self, source: &mut dyn Source, batch: Batch, hand: &mut Hand) -> Result<(), Fault> {
        let Batch { id, envelopes, refused: unfit, cursor, progress, proven, notice, keep, .. } = batch;
        let Sorting { accepts, asides, replies } = self.sorted(envelopes, unfit)?;
        let (mut accepted, mut refused, mut ignored) = (0, 0, 0);
        let told: Vec<Told> = asides.iter().map(Told::of).collect();
        let keys: Vec<String> = accepts.iter().map(|accept| accept.dedup_key.clone()).collect();
        if !accepts.is_empty() || !asides.is_empty() || cursor.is_some() || keep.is_some() {
            let yielded = Yielded {
                source: self.door.source.clone(),
                node: self.node.clone(),
                cursor: cursor.map(|Cursor(text)| text),
                accepts,
                asides,
                replies,
                keep: keep.clone(),
                proven,
                at: self.intake.clock.now(),
            };
            failpoint::pass("pull.before_commit");
            match self.intake.store.take_in(yielded).await {
                Ok(stored) => {
                    hand.kept = keep.or(hand.kept.take());
                    // Not before: until here nobody knew whether it would be stored, and a repeat is not, under whatever id it came.
                    let mut others = stored.asides.len();
                    for aside in told.iter().filter(|aside| stored.asides.contains(&aside.id)) {
                        others = others.saturating_sub(1);
                        match aside.state {
                            AsideState::Ignored => ignored += 1,
                            AsideState::Quarantined | AsideState::Requested => refused += 1,
                        }
                        aside.tell(&self.door.source);
                    }
                    if others > 0 {
                        // What had the key of another, and is in quarantine for the first time.
                        count_aside(&self.door.source, AsideState::Quarantined.as_str(), others as u64);
                    }
                    for (outcome, key) in stored.requests.iter().zip(&keys) {
                        match outcome {
                            Ok(outcome) => {
                                super::count(&self.door, outcome);
                                accepted += u64::from(!matches!(outcome, Accepted::Repeat(_)));
                            }
                            Err(error) => {
                                refused += 1;
                                super::count_as(&self.door, "clash");
                                // A source may offer it again and again: that is counted, and told once.
                                if hand.clashes.is_first(key) {
                                    tracing::warn!(source.name = %self.door.source, item.key = key, error = %error, "an item is quarantined; further ones of this key are counted only");
                                }
                            }
                        }
                    }
                }
                Err(error) => {
                    if let Some(id) = id {
                        let reason = error.to_string();
                        source.settle(id, Settled::Returned { reason }).await.map_err(Fault::Connector)?;
                    }
                    return Err(Fault::Store(error));
                }
            }
        }
        failpoint::pass("pull.before_settle");
        if let Some(id) = id {
            source.settle(id, Settled::Committed).await.map_err(Fault::Connector)?;
        }
        let now = self.intake.clock.now();
        if proven {
            metrics::gauge!("opspilot_source_proven_timestamp_seconds", "source" => self.door.source.clone())
                .set(now.as_second() as f64);
        }
        self.note(|health| {
            health.read_at = Some(now);
            health.proven_at = if proven { Some(now) } else { health.proven_at };
            (health.fault, health.elsewhere, health.notice) = (None, false, notice);
            health.accepted += accepted;
            health.refused += refused;
            health.ignored += ignored;
            health.progress = progress.map(|progress| {
                let total = progress.total.map_or(String::new(), |total| format!(" of {total}"));
                format!("{}: {}{total} {}", progress.what, progress.done, progress.unit)
            });
            if let Some(progress) = &health.progress {
                tracing::info!(source.name = %self.door.source, progress = %progress, "reading");
            }
        });
        Ok(())
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn rejected(&self, error: &ConnectorError) {
        self.note(|health| health.refused += 1);
        metrics::counter!("opspilot_source_rejected_total", "source" => self.door.source.clone()).increment(1);
        tracing::warn!(source.name = %self.door.source, error = %error, "the source set something aside");
    }

    /// Tells of a fault; how long to wait.
    fn fault(&self, fault: &Fault, faults: u32) -> Duration {
        let [chance, ..] = self.intake.store.chance();
        let wait = fault.wait(&self.options, faults, chance);
        self.note(|health| health.fault = Some(fault.to_string()));
        metrics::counter!("opspilot_source_faults_total", "source" => self.door.source.clone()).increment(1);
        tracing::warn!(source.name = %self.door.source, error = %fault, retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "a source could not be read");
        wait
    }
}

#[cfg(test)]
#[path = "pull_tests.rs"]
mod tests;
