//! Tests of the engine on a real store, with small steps of their own. What they share stands here; time is a clock that tests turn.

#![expect(clippy::disallowed_methods, reason = "a test owns the tasks it starts")]

mod chains;
mod definitions;
mod failures;
mod sharing;
mod stopping;
mod waits;

use super::*;
use crate::domain::id::{RequestId, RunId};
use crate::domain::run::RunState;
use crate::store::conformance::{Fixture, samples};
use crate::store::{Accept, RunRow, Store};
use futures_util::future::BoxFuture;
use opspilot_sdk::Problems;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a step of a test does.
type Act = Arc<dyn Fn(&StepContext<'_>) -> BoxFuture<'static, Result<Transition, StepError>> + Send + Sync>;

/// A step whose deed a test hands in.
struct Play {
    kind: &'static str,
    calls_out: bool,
    answers: &'static [&'static str],
    act: Act,
}

impl Step for Play {
    fn kind(&self) -> &'static str {
        self.kind
    }
    fn calls_out(&self, _: &Value, _: &crate::store::Request) -> bool {
        self.calls_out
    }
    fn answers(&self) -> &'static [&'static str] {
        self.answers
    }
    fn check(&self, with: &Value) -> Result<(), Problems> {
        let mut problems = Problems::new();
        if with.get("wrong").is_some() {
            problems.add("wrong", "this is wrong", "leave it out");
        }
        problems.or(())
    }
    fn run<'a>(&'a self, context: &'a StepContext<'a>) -> BoxFuture<'a, Result<Transition, StepError>> {
        (self.act)(context)
    }
}

/// A pure step that answers at once.
fn step(
    kind: &'static str,
    act: impl Fn(&StepContext<'_>) -> Result<Transition, StepError> + Send + Sync + 'static,
) -> Arc<dyn Step> {
    let act: Act = Arc::new(move |context| Box::pin(std::future::ready(act(context))));
    Arc::new(Play { kind, calls_out: false, answers: &["again", "done"], act })
}

/// The same, touching the outside.
fn effect(
    kind: &'static str,
    act: impl Fn(&StepContext<'_>) -> Result<Transition, StepError> + Send + Sync + 'static,
) -> Arc<dyn Step> {
    let act: Act = Arc::new(move |context| Box::pin(std::future::ready(act(context))));
    Arc::new(Play { kind, calls_out: true, answers: &[], act })
}

/// On to the next step, leaving this behind.
fn next(output: &str) -> Result<Transition, StepError> {
    Ok(Transition::Next(said(output)))
}

fn said(output: &str) -> Done {
    Done { output: Some(format!("{{\"said\":\"{output}\"}}")), ..Done::default() }
}

fn failing() -> StepError {
    StepError::Retryable { code: "OP-3200", message: "not now".into(), after: None }
}

/// A definition of steps that each use the kind of their own name, unless a line says otherwise: `name` or `name, key = value …`.
fn definition(steps: &Steps, lines: &[&str]) -> Definition {
    let mut text = String::from("name = \"test\"\n");
    for line in lines {
        let (name, more) = line.split_once(',').unwrap_or((line, ""));
        let uses = if more.contains("uses =") { String::new() } else { format!("uses = \"{name}\"\n") };
        text.push_str(&format!("[[step]]\nname = \"{name}\"\n{uses}{}\n", more.replace("; ", "\n")));
    }
    Definition::parse(&text, steps).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

/// An engine at work on a store.
struct Works {
    engine: Engine,
    definition: Definition,
    stop: CancellationToken,
    feeder: Option<JoinHandle<()>>,
    tasks: Vec<JoinHandle<()>>,
}

fn quick() -> Options {
    Options { poll: Duration::from_millis(5), ..Options::default() }
}

impl Works {
    /// Everything that a daemon runs.
    async fn start(store: &Store, steps: &Steps, lines: &[&str]) -> Self {
        let mut works = Self::begin(store, steps, lines, quick()).await;
        let (engine, stop) = (works.engine.clone(), works.stop.clone());
        works.tasks.push(tokio::spawn(async move { engine.tend(stop).await }));
        works
    }

    /// Workers and what brings them work; nobody turns timers or keeps leases.
    async fn begin(store: &Store, steps: &Steps, lines: &[&str], options: Options) -> Self {
        let definition = definition(steps, lines);
        let workflows = Workflows::new([definition.clone()], steps.clone());
        workflows.keep(store).await.unwrap();
        let workers = options.workers;
        let engine = Engine::new(store.clone(), workflows, options);
        let (queue, stop, mut tasks) = (engine.hire(), CancellationToken::new(), Vec::new());
        for _ in 0..workers {
            let (engine, queue, stop) = (engine.clone(), Arc::clone(&queue), stop.clone());
            tasks.push(tokio::spawn(async move { engine.work(queue, stop).await }));
        }
        let (feeder, stopped) = (engine.clone(), stop.clone());
        let feeder = Some(tokio::spawn(async move { feeder.feed(stopped).await }));
        Self { engine, definition, stop, feeder, tasks }
    }

    /// A request for this definition.
    fn request(&self, on: &Fixture, key: &str) -> Accept {
        let mut accept = samples::accept(on, key, &format!("text of {key}"));
        accept.definition = self.definition.hash().to_owned();
        accept.first_step = self.definition.first_step().to_owned();
        accept
    }

    /// Hands one in.
    async fn hand_in(&self, on: &Fixture, key: &str) -> RequestId {
        on.store.accept(self.request(on, key)).await.unwrap().request().clone()
    }

    /// Stops, and waits until it asks for no more work; what was begun goes on.
    async fn starve(&mut self) {
        self.stop.cancel();
        if let Some(feeder) = self.feeder.take() {
            feeder.await.unwrap();
        }
    }

    /// Stops, and waits until everything has ended.
    async fn finish(mut self) {
        self.starve().await;
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

/// Waits until something holds of a run.
async fn until(store: &Store, run: &RunId, holds: impl Fn(&RunRow) -> bool) -> RunRow {
    let wait = async {
        loop {
            let row = store.run(run).await.unwrap();
            if holds(&row) {
                return row;
            }
            tokio::task::yield_now().await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(60), wait).await {
        Ok(row) => row,
        Err(_) => panic!("it never came to that: {:?}", store.run(run).await.unwrap()),
    }
}

/// Waits until a run stands so.
async fn stands(store: &Store, run: &RunId, state: RunState) -> RunRow {
    until(store, run, |row| row.state == state).await
}
