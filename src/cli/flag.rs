//! `opspilot flag`: whether a pilot may write to a sink, for how many of its requests, and until when.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use super::{pilot, text, until};
use crate::daemon::House;
use crate::domain::writeback::{Flag as Row, FlagState, Ramp};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Flags.
#[derive(Subcommand)]
pub(crate) enum Flag {
    /// List every sink of every pilot with its flag.
    List {
        /// Of this pilot.
        #[arg(long, value_name = "NAME")]
        pilot: Option<String>,
    },
    /// Turn a sink's flag on, or say so too where the pilot wants two people.
    On(On),
    /// Turn a sink's flag off, at once and for every request.
    Off(Place),
}

/// Which flag.
#[derive(Args)]
pub(crate) struct Place {
    /// Pilot [default: the only one].
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// Sink.
    #[arg(long, value_name = "NAME")]
    sink: String,
}

/// On, for how many and until when.
#[derive(Args)]
pub(crate) struct On {
    #[command(flatten)]
    place: Place,
    /// Last day by the pilot's clock, or an exact time; at most 366 days away.
    #[arg(long, value_name = "DATE")]
    until: String,
    /// For how many of a hundred requests: 5, 15, 50 or 100.
    #[arg(long, value_name = "PERCENT", value_parser = ramp)]
    ramp: Ramp,
}

fn ramp(text: &str) -> Result<Ramp, String> {
    let wrong = || "use 5, 15, 50 or 100".to_owned();
    text.parse().ok().and_then(Ramp::new).ok_or_else(wrong)
}

impl Flag {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        match self {
            Self::List { pilot } => list(setup, house, pilot.as_deref()).await,
            Self::On(On { place, until, ramp }) => {
                let principal = setup.principal(house).await?;
                let name = place.pilot(house)?;
                let until = until::until(&until, &pilot::zone(house, &name))?;
                let flag = house.writing.flag_on(&principal, &name, &place.sink, until, ramp).await?;
                tell(setup, &name, &flag)
            }
            Self::Off(place) => {
                let principal = setup.principal(house).await?;
                let name = place.pilot(house)?;
                let flag = house.writing.flag_off(&principal, &name, &place.sink).await?;
                tell(setup, &name, &flag)
            }
        }
    }
}

impl Place {
    fn pilot(&self, house: &House) -> Result<String, Failure> {
        self.pilot.clone().map_or_else(|| pilot::only(house), Ok)
    }
}

fn row(pilot: &str, flag: &Row) -> Value {
    let mut row = json!(flag);
    row["pilot"] = pilot.into();
    row
}

fn tell(setup: &Setup, pilot: &str, flag: &Row) -> Result<(), Failure> {
    if setup.out.json {
        return setup.out.json(&row(pilot, flag));
    }
    let share = format!("{} % of the requests until {}", flag.ramp.percent(), text::time(flag.until));
    setup.out.text(&match flag.state {
        FlagState::On => format!("{pilot} may write to {} for {share}, once the gate is open", flag.sink),
        FlagState::Proposed => {
            format!("proposed: {pilot} may write to {} for {share}; a second person says the same", flag.sink)
        }
        FlagState::Off => format!("{pilot} writes nothing to {}", flag.sink),
    })
}

async fn list(setup: &Setup, house: &House, wanted: Option<&str>) -> Result<(), Failure> {
    let mut rows: Vec<(String, String, Option<Row>)> = Vec::new();
    let mut standings = house.store.standings().await?;
    for pilot in house.pilots.iter().filter(|pilot| wanted.is_none_or(|wanted| wanted == pilot.name)) {
        let flags = standings.remove(&pilot.name).unwrap_or_default().flags;
        let silent =
            house.writing.sinks_of(&pilot.name).into_iter().filter(|sink| flags.iter().all(|flag| flag.sink != *sink));
        rows.extend(silent.map(|sink| (pilot.name.clone(), sink, None)));
        rows.extend(flags.into_iter().map(|flag| (pilot.name.clone(), flag.sink.clone(), Some(flag))));
    }
    if setup.out.json {
        let items: Vec<Value> = rows
            .iter()
            .map(|(pilot, sink, flag)| match flag {
                Some(flag) => row(pilot, flag),
                None => json!({ "pilot": pilot, "sink": sink, "state": FlagState::Off }),
            })
            .collect();
        return setup.out.json(&json!({ "items": items }));
    }
    let now = house.clock.now();
    let mut table = Table::new(&["pilot", "sink", "flag", "percent", "until", "by", "and"]);
    for (pilot, sink, flag) in &rows {
        let Some(flag) = flag else {
            table.row([
                pilot.clone(),
                sink.clone(),
                "off".into(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ]);
            continue;
        };
        let over = flag.state == FlagState::On && flag.until <= now;
        let second = match &flag.confirmed_by {
            Some(person) => pilot::name_of(house, person).await,
            None => String::new(),
        };
        table.row([
            pilot.clone(),
            sink.clone(),
            if over { "ran out".to_owned() } else { flag.state.as_str().to_owned() },
            flag.ramp.percent().to_string(),
            text::time(flag.until),
            pilot::name_of(house, &flag.proposed_by).await,
            second,
        ]);
    }
    setup.out.table(&table)
}
