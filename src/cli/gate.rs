//! `opspilot pilot gate`, `rollback-plan`, `pause` and `resume`: what people put on file about a pilot's writing, and what stands.

use super::failure::Failure;
use super::pilot::{name_of, zone};
use super::setup::Setup;
use super::{text, until};
use crate::daemon::House;
use crate::domain::writeback::{FlagState, Standing, Statement, StatementKind};
use crate::writeback::Said;
use clap::{ArgGroup, Args};
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::PathBuf;

/// Longest rollback plan that is read, in bytes; the room takes no longer one.
const MOST_BYTES: u64 = 20_000;

/// What a named person says about a pilot; without any of it, what stands is shown.
#[derive(Args)]
#[command(group = ArgGroup::new("said").args(["go", "no_go", "exception"]).requires("reason"))]
pub(crate) struct Gate {
    /// Pilot.
    #[arg(value_name = "PILOT")]
    pilot: String,
    /// It may go on to writing.
    #[arg(long)]
    go: bool,
    /// It may not.
    #[arg(long)]
    no_go: bool,
    /// It may without a go, until a day; never without the figures that automation asks for.
    #[arg(long, requires = "until")]
    exception: bool,
    /// Why; it stands in the receipt.
    #[arg(long, value_name = "TEXT", requires = "said")]
    reason: Option<String>,
    /// Last day by the pilot's clock, or an exact time.
    #[arg(long, value_name = "DATE", requires = "said")]
    until: Option<String>,
}

/// How everything is taken back when it must be.
#[derive(Args)]
pub(crate) struct RollbackPlan {
    /// Pilot.
    #[arg(value_name = "PILOT")]
    pilot: String,
    /// File with the plan, in plain text; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Last day that it holds by the pilot's clock, or an exact time [default: until another].
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

/// Stop writing.
#[derive(Args)]
pub(crate) struct Pause {
    /// Pilot.
    #[arg(value_name = "PILOT")]
    pilot: String,
    /// To this sink alone.
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,
    /// Why; it stands in the receipt.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Let writing go on.
#[derive(Args)]
pub(crate) struct Resume {
    /// Pilot.
    #[arg(value_name = "PILOT")]
    pilot: String,
    /// To this sink, which was paused by itself.
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,
}

impl Gate {
    pub(crate) async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let kind = match (self.go, self.no_go, self.exception) {
            (true, ..) => StatementKind::Go,
            (_, true, _) => StatementKind::NoGo,
            (.., true) => StatementKind::Exception,
            _ => {
                house.pilots.get(&self.pilot).ok_or_else(|| no_pilot(&self.pilot))?;
                let standing = house.store.standing(&self.pilot).await?;
                return show(setup, house, &self.pilot, &standing).await;
            }
        };
        let until = self.until.map(|text| until::until(&text, &zone(house, &self.pilot))).transpose()?;
        let said = Said { kind, text: self.reason.unwrap_or_default(), until };
        let principal = setup.principal(house).await?;
        let standing = house.writing.state(&principal, &self.pilot, said).await?;
        show(setup, house, &self.pilot, &standing).await
    }
}

impl RollbackPlan {
    pub(crate) async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let mut text = String::new();
        let read = if self.file.as_os_str() == "-" {
            std::io::stdin().lock().take(MOST_BYTES + 1).read_to_string(&mut text)
        } else {
            std::fs::File::open(&self.file).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text))
        };
        read.map_err(|cause| Failure::unreadable(&self.file, &cause))?;
        let until = self.until.map(|text| until::until(&text, &zone(house, &self.pilot))).transpose()?;
        let said = Said { kind: StatementKind::RollbackPlan, text, until };
        let principal = setup.principal(house).await?;
        let standing = house.writing.state(&principal, &self.pilot, said).await?;
        show(setup, house, &self.pilot, &standing).await
    }
}

impl Pause {
    pub(crate) async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let principal = setup.principal(house).await?;
        let (standing, new) = house.writing.pause(&principal, &self.pilot, self.sink.as_deref(), &self.reason).await?;
        if !new {
            setup.out.say("it was paused already; that pause and its reason stand");
        }
        show(setup, house, &self.pilot, &standing).await
    }
}

impl Resume {
    pub(crate) async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let principal = setup.principal(house).await?;
        let (standing, freed) = house.writing.resume(&principal, &self.pilot, self.sink.as_deref()).await?;
        setup.out.say(&format!("{} due again", text::count(usize::try_from(freed).unwrap_or(usize::MAX), "write")));
        show(setup, house, &self.pilot, &standing).await
    }
}

fn no_pilot(name: &str) -> crate::writeback::WritingError {
    crate::writeback::WritingError::NoPilot { name: name.chars().take(64).collect() }
}

/// What stands about a pilot's writing.
async fn show(setup: &Setup, house: &House, name: &str, standing: &Standing) -> Result<(), Failure> {
    let terms = house.pilots.get(name).map(|pilot| pilot.terms.clone());
    if setup.out.json {
        let mut told: Value = json!(standing);
        told["pilot"] = name.into();
        told["level"] = terms.as_ref().map(|terms| terms.level).into();
        told["two_people"] = terms.as_ref().map(|terms| terms.two_people).into();
        return setup.out.json(&told);
    }
    let now = house.clock.now();
    let mut lines = Vec::new();
    if let Some(terms) = &terms {
        lines.push(format!("level       {}{}", terms.level, if terms.writes() { "" } else { ": it writes nowhere" }));
        let end = |at: Option<jiff::Timestamp>| at.map_or_else(|| "open".to_owned(), text::time);
        lines.push(format!("window      {} to {}", end(terms.window.0), end(terms.window.1)));
    }
    lines.push(format!("decision    {}", said(house, standing.go.as_ref(), now).await));
    if standing.exception.is_some() {
        lines.push(format!("exception   {}", said(house, standing.exception.as_ref(), now).await));
    }
    lines.push(format!("rollback    {}", said(house, standing.rollback_plan.as_ref(), now).await));
    let mut sinks = house.writing.sinks_of(name);
    sinks.extend(standing.flags.iter().map(|flag| flag.sink.clone()));
    sinks.sort_unstable();
    sinks.dedup();
    for sink in sinks {
        let flags = standing.flags.iter().filter(|flag| flag.sink == sink);
        let told: Vec<String> = flags
            .map(|flag| match flag.state {
                FlagState::Off => "off".to_owned(),
                _ if flag.until <= now => format!("ran out at {}", text::time(flag.until)),
                state => format!("{} for {} % until {}", state.as_str(), flag.ramp.percent(), text::time(flag.until)),
            })
            .collect();
        let told = if told.is_empty() { "off".to_owned() } else { told.join("; ") };
        lines.push(format!("flag        {sink}: {told}"));
    }
    for pause in &standing.pauses {
        let by = match &pause.by {
            Some(person) => name_of(house, person).await,
            None => "a trigger".to_owned(),
        };
        let what = pause.sink.as_deref().unwrap_or("the whole pilot");
        lines.push(format!(
            "paused      {what} by {by} at {}: {}",
            text::time(pause.at),
            text::one_line(&pause.reason)
        ));
    }
    setup.out.text(&lines.join("\n"))
}

async fn said(house: &House, statement: Option<&Statement>, now: jiff::Timestamp) -> String {
    let Some(statement) = statement else { return "none on file".to_owned() };
    let word = match statement.kind {
        StatementKind::Go => "go",
        StatementKind::NoGo => "no-go",
        StatementKind::Exception | StatementKind::RollbackPlan => "on file",
    };
    let until = match statement.until {
        Some(until) if until <= now => format!(", ran out at {}", text::time(until)),
        Some(until) => format!(", until {}", text::time(until)),
        None => String::new(),
    };
    let by = name_of(house, &statement.by).await;
    format!("{word} by {by} at {}{until}: {}", text::time(statement.at), text::one_line(&statement.text))
}
