//! `opspilot pilot`: the weekly report on a pilot, as it was kept or as it would be counted now, and what people say about its writing.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::{figures, gate, text};
use crate::daemon::House;
use crate::rota::Made;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

/// Pilots.
#[derive(Subcommand)]
pub(crate) enum Pilot {
    /// Show a weekly report: as it was kept, else counted now and not kept.
    Report(Report),
    /// Show what it came to in a span of days: volume, times, decisions, edits, reasons, spend, backlog.
    Figures(figures::Figures),
    /// Show what stands about its writing, or record a go, a no-go or an exception.
    Gate(gate::Gate),
    /// Put on file how everything is taken back when it must be.
    RollbackPlan(gate::RollbackPlan),
    /// Stop writing, at once, to one sink or at all.
    Pause(gate::Pause),
    /// Let writing go on.
    Resume(gate::Resume),
}

/// Which report, and how.
#[derive(Args)]
pub(crate) struct Report {
    /// Pilot [default: the only one].
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// Week of the pilot's calendar, such as 2026-W47 [default: the newest that was kept, else the last whole week].
    #[arg(long, value_name = "WEEK")]
    week: Option<String>,
    /// List the rows behind every figure.
    #[arg(long, conflicts_with = "format")]
    explain: bool,
    /// In which form.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Forms of a report.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Html,
    Json,
}

impl Pilot {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        match self {
            Self::Report(report) => report.show(setup, house).await,
            Self::Figures(figures) => figures.show(setup, house).await,
            Self::Gate(gate) => gate.act(setup, house).await,
            Self::RollbackPlan(plan) => plan.act(setup, house).await,
            Self::Pause(pause) => pause.act(setup, house).await,
            Self::Resume(resume) => resume.act(setup, house).await,
        }
    }
}

impl Report {
    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let principal = setup.principal(house).await?;
        let pilot = match &self.pilot {
            Some(name) => name.clone(),
            None => only(house)?,
        };
        let made = house.rota.report(&principal, &pilot, self.week.as_deref()).await?;
        if made.kept.is_none() {
            setup.out.say(&format!("no report on {} of {pilot} is kept: counted now, and not kept", made.week));
        }
        let out = &setup.out;
        match self.format {
            _ if out.json => out.json(&json(&made)),
            Format::Json => out.json(&json(&made)),
            Format::Html => out.text(&made.html),
            Format::Text if self.explain => explain(setup, &made),
            Format::Text => out.text(&made.text),
        }
    }
}

/// The name of a person, for people.
pub(super) async fn name_of(house: &House, person: &str) -> String {
    house.store.person(person).await.map_or_else(|_| person.to_owned(), |person| person.name)
}

/// The clock on the wall of a pilot's client.
pub(super) fn zone(house: &House, pilot: &str) -> jiff::tz::TimeZone {
    house.pilots.get(pilot).map_or(jiff::tz::TimeZone::UTC, |pilot| pilot.time_zone.clone())
}

/// The pilot, when there is only one.
pub(super) fn only(house: &House) -> Result<String, Failure> {
    let mut names = house.pilots.iter().map(|pilot| pilot.name.clone());
    match (names.next(), names.next()) {
        (Some(name), None) => Ok(name),
        _ => Err(Failure::usage("there are several pilots; name one with `--pilot` (OP-9109)")),
    }
}

fn json(made: &Made) -> Value {
    let kept = made
        .kept
        .as_ref()
        .map(|row| json!({ "id": row.id, "digest": row.digest, "late": row.late, "made_at": row.made_at }));
    json!({ "pilot": made.pilot, "week": made.week, "subject": made.subject, "kept": kept, "figures": made.figures })
}

fn explain(setup: &Setup, made: &Made) -> Result<(), Failure> {
    let mut lines = vec![made.subject.clone()];
    if let Some(row) = &made.kept {
        lines.push(format!("{}, digest {}, made {}", row.id, row.digest, text::time(row.made_at)));
    }
    let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for group in made.figures["groups"].as_array().into_iter().flatten() {
        lines.push(format!("\n{}", setup.out.bold(&said(&group["heading"]))));
        for line in group["lines"].as_array().into_iter().flatten() {
            lines.push(format!("{}: {}", said(&line["name"]), said(&line["shown"])));
            lines.extend(line["rows"].as_array().into_iter().flatten().map(|row| format!("    {}", said(row))));
        }
        for words in group["words"].as_array().into_iter().flatten() {
            lines.push(format!("  “{}” ({})", text::one_line(&said(&words["words"])), said(&words["id"])));
        }
    }
    setup.out.text(&lines.join("\n"))
}
