//! `opspilot run`: runs of workflows, their steps, and what people do to them.

use super::failure::{Ended, Failure, Status};
use super::ids::Named;
use super::part::{self, Part};
use super::setup::Setup;
use super::table::Table;
use super::{text, view};
use crate::daemon::House;
use crate::domain::run::RunState;
use crate::store::RunFilter;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::json;

/// Runs.
#[derive(Subcommand)]
pub(crate) enum Run {
    /// List runs, newest first.
    List(List),
    /// Show a run and its steps.
    Show {
        /// Run, request or brief.
        id: Named,
    },
    /// Put a run that was given up back to work.
    Retry {
        /// Run, request or brief.
        id: Named,
    },
    /// End a run for good and withdraw its undecided brief.
    Cancel {
        /// Run, request or brief.
        id: Named,
        /// Why.
        #[arg(short = 'm', long, value_name = "TEXT")]
        reason: String,
    },
}

/// Which runs.
#[derive(Args)]
pub(crate) struct List {
    /// Of this pilot.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// In this state.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(RunState::ALL.map(RunState::as_str)))]
    state: Option<String>,
    #[command(flatten)]
    part: Part,
}

impl Run {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.show(setup, house).await,
            Self::Show { id } => show(setup, house, &id).await,
            Self::Retry { id } => {
                let principal = setup.principal(house).await?;
                let pilot = house.store.request(id.request()).await?.request.pilot;
                let definition = house.intake.start(&pilot)?;
                house.workflows.keep(&house.store).await?;
                house.review.retry(&principal, id.request(), definition).await?;
                told(setup, &id, "is back at work")
            }
            Self::Cancel { id, reason } => {
                let principal = setup.principal(house).await?;
                house.review.cancel(&principal, &id.run(), reason).await?;
                told(setup, &id, "is cancelled")
            }
        }
    }
}

fn told(setup: &Setup, id: &Named, what: &str) -> Result<(), Failure> {
    if setup.out.json {
        return setup.out.json(&json!({ "run": id.run().as_str(), "done": what }));
    }
    setup.out.text(&format!("{} {what}", id.run()))
}

impl List {
    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let filter = RunFilter { pilot: self.pilot, state: self.state, after: self.part.after, limit: self.part.limit };
        let page = house.store.runs(&filter).await?;
        if setup.out.json {
            return setup.out.json(&view::page(&page, view::run));
        }
        let now = house.clock.now();
        let table = Table::new(&["run", "state", "age", "pilot", "step", "attempt", "why"]);
        let mut table = table.gives(&[("why", 12)]).spares(&["attempt", "pilot", "step"]);
        for run in &page.items {
            let fault =
                run.message.as_ref().map(|message| format!("{} {message}", run.code.as_deref().unwrap_or_default()));
            let (age, attempt) = (text::age(run.created_at, now), run.attempt.to_string());
            table.row([
                run.id.to_string(),
                run.state.to_string(),
                age,
                run.pilot.clone(),
                run.step.clone(),
                attempt,
                fault.unwrap_or_default(),
            ]);
        }
        part::show(setup, &table, page.next.as_deref())
    }
}

async fn show(setup: &Setup, house: &House, id: &Named) -> Result<(), Failure> {
    let run = house.store.run(&id.run()).await?;
    let steps = house.store.steps(&id.run()).await?;
    let out = &setup.out;
    if out.json {
        let mut shown = view::run(&run);
        shown["steps"] = steps.iter().map(view::step).collect();
        return out.json(&shown);
    }
    out.text(&format!(
        "{}  {}  at step `{}`, attempt {}",
        out.bold(run.id.as_str()),
        run.state,
        run.step,
        run.attempt
    ))?;
    out.text(&format!("request {}, pilot {}, definition {}", run.request, run.pilot, run.definition))?;
    if let Some(key) = &run.wait_key {
        out.text(&format!("waits for {key}"))?;
    }
    if let Some(due) = run.due_at {
        out.text(&format!("due {}", text::time(due)))?;
    }
    if let Some(message) = &run.message {
        let message = text::one_line(message);
        // What a person gave as their reason is no fault.
        out.text(&match (run.state, &run.code) {
            (RunState::Cancelled, _) => format!("reason {message}"),
            (_, code) => format!("fault {} {message}", code.as_deref().unwrap_or_default()),
        })?;
    }
    let mut table = Table::new(&["step", "state", "attempt", "began", "took", "output"]);
    for step in &steps {
        let took = step
            .ended_at
            .map(|end| format!("{:.1}ms", end.duration_since(step.started_at).as_micros() as f64 / 1000.0));
        let (attempt, output) = (step.attempt.to_string(), step.output.clone().or_else(|| step.code.clone()));
        let began = text::time(step.started_at);
        table.row([
            step.name.clone(),
            step.state.clone(),
            attempt,
            began,
            took.unwrap_or_default(),
            output.unwrap_or_default(),
        ]);
    }
    out.table(&table)
}
