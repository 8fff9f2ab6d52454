//! Working a run: step after step as far as they are pure, then one commit. Own file because this is the whole life of a run between
//! two commits. A panic, a timeout or an error in a step is that run's own affair and never the daemon's.

use super::definition::{Definition, StepSpec, When};
use super::{Done, Options, StepContext, StepError, Transition, Workflows};
use crate::domain::id::RunId;
use crate::failpoint;
use crate::receipt::{Body, Field};
use crate::store::{Advance, ClaimedRun, Next, StepDone, Store, StoreError, Told};
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// Steps in one commit at most: a definition that jumps in circles ends here.
const LONGEST_CHAIN: usize = 50;

/// The engine. Cheap to clone; its parts run as tasks that the daemon owns.
#[derive(Clone)]
pub struct Engine {
    pub(super) store: Store,
    pub(super) workflows: Workflows,
    pub(super) options: Arc<Options>,
    pub(super) node: crate::domain::id::NodeId,
    /// Runs whose work could not be kept: leased to us, and nobody is working on them.
    pub(super) dropped: Arc<std::sync::Mutex<Vec<(RunId, i64)>>>,
}

impl Engine {
    /// An engine that works the store's runs.
    #[must_use]
    pub fn new(store: Store, workflows: Workflows, options: Options) -> Self {
        let node = crate::domain::id::NodeId::new(store.now(), store.chance());
        Self { store, workflows, options: Arc::new(options), node, dropped: Arc::default() }
    }

    /// The name under which it holds leases.
    #[must_use]
    pub fn node(&self) -> &crate::domain::id::NodeId {
        &self.node
    }

    /// Hires this engine as the store's local worker; hand the queue to every [`Engine::work`].
    #[must_use]
    pub fn hire(&self) -> Arc<Mutex<mpsc::Receiver<ClaimedRun>>> {
        let capacity = self.options.in_flight * self.options.workers;
        Arc::new(Mutex::new(self.store.hire(&self.node, self.options.lease, capacity)))
    }

    /// One worker: takes runs from the queue, many in flight, until `stop`; finishes what it has begun.
    pub async fn work(&self, queue: Arc<Mutex<mpsc::Receiver<ClaimedRun>>>, stop: CancellationToken) {
        let mut flying = FuturesUnordered::new();
        loop {
            let room = flying.len() < self.options.in_flight;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                run = take(&queue), if room => match run {
                    Some(run) => flying.push(self.process(run)),
                    None => break,
                },
                Some(()) = flying.next() => {}
            }
        }
        while flying.next().await.is_some() {}
    }

    async fn process(&self, run: ClaimedRun) {
        let (run_id, epoch) = (run.run.clone(), run.epoch);
        let advance = self.advance(run).await;
        failpoint::pass("engine.before_advance");
        let advance = match advance {
            Ok(advance) => advance,
            Err(cause) => {
                tracing::error!(run.id = %run_id, error = %cause, "a run could not be worked on; it is taken up again when the store allows");
                self.drop_run(run_id, epoch);
                return;
            }
        };
        let (kind, state, drafted) = (advance.told.kind, advance.next.state(), advance.acts.len());
        match self.store.advance(advance).await {
            Ok(()) => {
                metrics::counter!("opspilot_runs_total", "state" => state.as_str()).increment(1);
                if drafted > 0 {
                    metrics::counter!("opspilot_briefs_parked_total").increment(1);
                }
                tracing::debug!(run.id = %run_id, run.state = %state, receipt.kind = kind, "a run advanced");
            }
            Err(StoreError::Stale { .. }) => {
                tracing::info!(run.id = %run_id, "a run was taken over or cancelled meanwhile; this work was thrown away");
            }
            Err(cause) => {
                tracing::error!(run.id = %run_id, error = %cause, "a run could not be committed; it is taken up again when the store allows");
                self.drop_run(run_id, epoch);
            }
        }
    }

    /// Notes a run that nobody works on any more. Its lease would be renewed with all the others and never end.
    fn drop_run(&self, run: RunId, epoch: i64) {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner).push((run, epoch));
    }

    /// What one commit of this run holds. Errs only when the store cannot be read.
    pub(super) async fn advance(&self, run: ClaimedRun) -> Result<Advance, StoreError> {
        let definition = self.workflows.pinned(&run.definition, &self.store).await?;
        let mut chain = Chain::new(&self.store, run);
        let Some(definition) = definition else {
            let message = format!(
                "the definition `{}` is not known to this program; install the release that made it",
                chain.run.definition
            );
            return Ok(chain.discard("OP-3202", message));
        };
        while chain.steps.len() < LONGEST_CHAIN {
            let Some(position) = definition.position(&chain.step) else {
                let message = format!("the definition has no step `{}`", chain.step);
                return Ok(chain.discard("OP-3202", message));
            };
            let Some(spec) = definition.steps().get(position) else { break };
            if spec.when.as_ref().is_some_and(|when| !chain.holds(when)) {
                match chain.follow(&definition, position) {
                    true => continue,
                    false => return Ok(chain.complete()),
                }
            }
            match self.step(&mut chain, spec).await {
                Ok(Transition::Next(done)) => {
                    chain.done(done);
                    if !chain.follow(&definition, position) {
                        return Ok(chain.complete());
                    }
                }
                Ok(Transition::Answer(answer, done)) => {
                    chain.done(done);
                    match spec.on.get(answer) {
                        Some(target) => chain.jump(target.clone()),
                        None if chain.follow(&definition, position) => {}
                        None => return Ok(chain.complete()),
                    }
                }
                Ok(Transition::WaitFor { done, key, until }) => return Ok(chain.wait(done, key, until)),
                Ok(Transition::Snooze { done, at, code, message }) => return Ok(chain.snooze(done, at, code, message)),
                Ok(Transition::Complete(done)) => {
                    chain.done(done);
                    return Ok(chain.complete());
                }
                Err(error) => return Ok(chain.fail(spec, error)),
            }
            let next = definition.position(&chain.step).and_then(|position| definition.steps().get(position));
            if next.is_some_and(|next| self.calls_out(next, &chain.run)) {
                return Ok(chain.pause());
            }
        }
        Ok(chain.discard("OP-3203", "the definition goes in circles".into()))
    }

    fn calls_out(&self, spec: &StepSpec, run: &ClaimedRun) -> bool {
        self.workflows.steps().get(&spec.uses).is_some_and(|step| step.calls_out(&spec.with, &run.request))
    }

    async fn step(&self, chain: &mut Chain<'_>, spec: &StepSpec) -> Result<Transition, StepError> {
        chain.begin();
        let Some(known) = self.workflows.steps().known(&spec.uses) else {
            let message = format!("there is no step kind `{}` in this program", spec.uses);
            return Err(StepError::Fatal { code: "OP-3202", message });
        };
        let context = StepContext {
            run: &chain.run,
            name: &spec.name,
            with: &spec.with,
            outputs: &chain.run.outputs,
            signal: chain.run.signal.as_deref().filter(|_| chain.woken),
            now: chain.began,
        };
        let work = AssertUnwindSafe(async { known.step.run(&context).await }).catch_unwind();
        let began = std::time::Instant::now();
        let outcome = tokio::time::timeout(spec.timeout, work).await;
        known.took(began.elapsed());
        match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(StepError::Retryable {
                code: "OP-3204",
                message: "the step stopped by a fault of the program; the log has the place".into(),
                after: None,
            }),
            Err(_elapsed) => Err(StepError::Retryable {
                code: "OP-3205",
                message: format!("the step took longer than {} s", spec.timeout.as_secs()),
                after: None,
            }),
        }
    }
}

async fn take(queue: &Mutex<mpsc::Receiver<ClaimedRun>>) -> Option<ClaimedRun> {
    queue.lock().await.recv().await
}

/// The steps done since the last commit.
struct Chain<'a> {
    store: &'a Store,
    run: ClaimedRun,
    step: String,
    attempt: u32,
    /// Whether the run was woken by a signal at the step it stands on.
    woken: bool,
    began: Timestamp,
    steps: Vec<StepDone>,
    acts: Vec<crate::store::Act>,
    told: Option<Told>,
}

impl<'a> Chain<'a> {
    fn new(store: &'a Store, run: ClaimedRun) -> Self {
        let (step, attempt, woken) = (run.step.clone(), run.attempt, run.signal.is_some());
        let (steps, acts) = (Vec::with_capacity(4), Vec::new());
        Self { store, step, attempt, woken, began: store.now(), steps, acts, told: None, run }
    }

    fn holds(&self, when: &When) -> bool {
        let output =
            self.run.outputs.get(&when.step).and_then(|output| serde_json::from_str::<serde_json::Value>(output).ok());
        let value = output.as_ref().and_then(|output| output.get(&when.key));
        value.and_then(serde_json::Value::as_str).is_some_and(|value| when.is.iter().any(|wanted| wanted == value))
    }

    fn begin(&mut self) {
        self.began = self.store.now();
    }

    fn record(&mut self, state: &'static str, output: Option<String>, code: Option<&str>) {
        let ended_at = (state != "pending").then(|| self.store.now());
        // A step that waited and was woken closes the row it left open; a further attempt has a row of its own.
        let ordinal = self.run.steps + u32::from(!(self.woken && self.attempt == 1));
        self.run.steps = ordinal;
        self.steps.push(StepDone {
            ordinal,
            name: self.step.clone(),
            attempt: self.attempt,
            state,
            started_at: self.began,
            ended_at,
            output,
            code: code.map(str::to_owned),
        });
    }

    fn done(&mut self, done: Done) {
        self.record("done", done.output.clone(), None);
        if let Some(output) = done.output {
            self.run.outputs.insert(self.step.clone(), output);
        }
        self.acts.extend(done.acts);
        if done.told.is_some() {
            self.told = done.told;
        }
        (self.attempt, self.woken) = (1, false);
    }

    /// To the step after `position`; false when there is none.
    fn follow(&mut self, definition: &Definition, position: usize) -> bool {
        match definition.steps().get(position + 1) {
            Some(next) => {
                self.jump(next.name.clone());
                true
            }
            None => false,
        }
    }

    fn jump(&mut self, step: String) {
        self.step = step;
    }

    fn complete(self) -> Advance {
        self.commit(Next::Completed)
    }

    fn pause(self) -> Advance {
        let step = self.step.clone();
        self.commit(Next::Available { step })
    }

    fn snooze(mut self, done: Done, at: Timestamp, code: &str, message: String) -> Advance {
        self.pending(done);
        let step = self.step.clone();
        self.commit(Next::Scheduled { step, at, code: code.to_owned(), message })
    }

    fn wait(mut self, done: Done, key: String, until: Option<Timestamp>) -> Advance {
        self.pending(done);
        let step = self.step.clone();
        self.commit(Next::Pending { step, key, until })
    }

    /// The step is not over: its row stays open.
    fn pending(&mut self, done: Done) {
        self.record("pending", done.output, None);
        self.acts.extend(done.acts);
        if done.told.is_some() {
            self.told = done.told;
        }
    }

    fn discard(self, code: &str, message: String) -> Advance {
        let step = self.step.clone();
        self.commit(Next::Discarded { step, code: code.to_owned(), message })
    }

    fn fail(mut self, spec: &StepSpec, error: StepError) -> Advance {
        let step = self.step.clone();
        match error {
            StepError::Retryable { code, message, after } if self.attempt < spec.retry.attempts => {
                self.record("failed", None, Some(code));
                let attempt = self.attempt + 1;
                let [chance, ..] = self.store.chance();
                let wait = spec.retry.wait(attempt, chance).max(after.unwrap_or(Duration::ZERO));
                let at = self.store.now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_secs(300));
                self.commit(Next::Retryable { step, at, attempt, code: code.to_owned(), message })
            }
            StepError::Retryable { code, message, .. } | StepError::Fatal { code, message } => {
                self.record("failed", None, Some(code));
                self.commit(Next::Discarded { step, code: code.to_owned(), message })
            }
            StepError::Uncertain { message } => {
                self.record("failed", None, Some("OP-3206"));
                self.commit(Next::Uncertain { step, message })
            }
        }
    }

    fn commit(mut self, next: Next) -> Advance {
        let told = self.told.take().unwrap_or_else(|| tell(&self.run, &next));
        Advance {
            steps_after: self.run.steps,
            run: self.run.run,
            request: self.run.request,
            epoch: self.run.epoch,
            steps: self.steps,
            acts: self.acts,
            // Until the step it woke has answered, what woke the run is not used up: a failed attempt must not forget a decision.
            keeps_signal: self.woken && !matches!(next, Next::Pending { .. }),
            next,
            told,
            at: self.store.now(),
        }
    }
}

/// What the receipt says when no step did: that the run took a new state.
fn tell(run: &ClaimedRun, next: &Next) -> Told {
    let (kind, step, code) = match next {
        Next::Available { step } => ("run.available", step.as_str(), None),
        Next::Scheduled { step, code, .. } => ("run.scheduled", step.as_str(), Some(code)),
        Next::Pending { step, .. } => ("run.pending", step.as_str(), None),
        Next::Retryable { step, code, .. } => ("run.retryable", step.as_str(), Some(code)),
        Next::Uncertain { step, .. } => ("run.uncertain", step.as_str(), None),
        Next::Completed => ("run.completed", run.step.as_str(), None),
        Next::Discarded { step, code, .. } => ("run.discarded", step.as_str(), Some(code)),
    };
    let mut fields = vec![("step", Field::Text(step))];
    if let Some(code) = code {
        fields.push(("code", Field::Text(code)));
    }
    Told { kind, body: Body::of(&fields).unwrap_or_else(|_| Body::empty()) }
}
