//! `opspilot attention`: bad drafts planted among real ones, and whether those who review saw them.

use super::failure::{Ended, Failure, Status};
use super::pilot;
use super::setup::Setup;
use super::table::Table;
use crate::attention::{Line, Median};
use crate::daemon::House;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

/// Attention checks.
#[derive(Subcommand)]
pub(crate) enum Attention {
    /// What the checks of a pilot came to: how many planted bad drafts were seen, by whom, how long it took.
    Show {
        #[command(flatten)]
        place: Place,
        /// Look back so many days.
        #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=3650))]
        days: i64,
    },
    /// Have bad drafts planted among a pilot's briefs. Reviewers see ordinary briefs; who decides on one is told that it was a check.
    On {
        #[command(flatten)]
        place: Place,
        /// Among so many of a hundred briefs: 1 to 20.
        #[arg(long, value_name = "PERCENT")]
        percent: u32,
        /// Why; it stands in the receipt.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Have no more planted.
    Off(Place),
}

/// Which pilot.
#[derive(Args)]
pub(crate) struct Place {
    /// Pilot [default: the only one].
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
}

impl Place {
    fn pilot(&self, house: &House) -> Result<String, Failure> {
        self.pilot.clone().map_or_else(|| pilot::only(house), Ok)
    }
}

impl Attention {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        setup.within(async |house| self.act(setup, house).await).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let principal = setup.principal(house).await?;
        let (name, since) = match self {
            Self::Show { place, days } => {
                let back = SignedDuration::from_hours(24 * days);
                (place.pilot(house)?, house.clock.now().checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH))
            }
            Self::On { place, percent, reason } => {
                let name = place.pilot(house)?;
                house.attention.on(&principal, &name, percent, &reason).await?;
                (name, Timestamp::UNIX_EPOCH)
            }
            Self::Off(place) => {
                let name = place.pilot(house)?;
                house.attention.off(&principal, &name).await?;
                (name, Timestamp::UNIX_EPOCH)
            }
        };
        let shown = house.attention.shown(&principal, &name, since).await?;
        if setup.out.json {
            return setup.out.json(&shown.document(&name));
        }
        setup.out.text(&match &shown.on {
            Some(on) => {
                format!("bad drafts are planted among {} of a hundred briefs of {name}: {}", on.percent, on.reason)
            }
            None => format!("no bad drafts are planted among the briefs of {name}"),
        })?;
        if shown.all.decided == 0 {
            return setup.out.text("none was decided yet");
        }
        let mut table = Table::new(&["of", "decided", "seen", "between", "median"]);
        table.row(row("all", &shown.all));
        shown.by_person.iter().for_each(|(name, line)| table.row(row(name, line)));
        shown.by_fault.iter().for_each(|(fault, line)| table.row(row(fault, line)));
        setup.out.table(&table)
    }
}

fn row(of: &str, line: &Line) -> [String; 5] {
    let (low, high) = line.share().bounds();
    let took = Median::of(&line.took).map_or_else(String::new, |median| {
        format!("{} s ({} to {})", median.middle.as_secs(), median.low.as_secs(), median.high.as_secs())
    });
    let between = format!("{:.0} to {:.0} %", low * 100.0, high * 100.0);
    [of.to_owned(), line.decided.to_string(), line.caught.to_string(), between, took]
}
