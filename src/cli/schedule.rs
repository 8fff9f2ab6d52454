//! `opspilot schedule`: what falls due when, what became of it, and firing one now.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use super::text;
use crate::daemon::House;
use crate::rota::Plan;
use clap::Subcommand;
use serde_json::json;

/// Schedules.
#[derive(Subcommand)]
pub(crate) enum Schedule {
    /// List schedules, with their last and next times.
    List,
    /// Show the coming times of schedules, on their wall.
    Next {
        /// Schedule [default: all].
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// How many times of each.
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
        count: u8,
    },
    /// Fire a schedule now, out of turn; its own times stay as they are.
    Run {
        /// Schedule.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

impl Schedule {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        match self {
            Self::List => list(setup, house).await,
            Self::Next { name, count } => next(setup, house, name.as_deref(), count),
            Self::Run { name } => {
                let principal = setup.principal(house).await?;
                let slot = house.rota.run(&principal, &name).await?;
                if setup.out.json {
                    return setup.out.json(&json!({
                        "schedule": slot.schedule, "slot": slot.key, "state": slot.state, "by_hand": slot.by_hand, "report": slot.made,
                    }));
                }
                let made = slot
                    .made
                    .as_deref()
                    .map_or_else(String::new, |report| format!("; the report of its week is {report}"));
                setup.out.text(&format!("{name} is {}{made}", slot.state))
            }
        }
    }
}

async fn list(setup: &Setup, house: &House) -> Result<(), Failure> {
    let now = house.clock.now();
    let mut table = Table::new(&["schedule", "kind", "pilot", "pattern", "last", "state", "next"]);
    let mut shown = Vec::new();
    for plan in house.rota.plans() {
        let last = house.store.slots(&plan.name, 1).await?.into_iter().next();
        let next = plan.schedule.next_after(now);
        if setup.out.json {
            let last = last.as_ref().map(|slot| {
                json!({
                    "slot": slot.key, "due_at": slot.due_at, "state": slot.state, "late": slot.late, "passed_over": slot.passed_over,
                    "by_hand": slot.by_hand, "fired_at": slot.fired_at, "report": slot.made, "message": slot.message,
                })
            });
            shown.push(json!({
                "name": plan.name, "kind": plan.kind.as_str(), "pilot": plan.pilot, "pattern": plan.schedule.pattern(),
                "time_zone": plan.schedule.zone().iana_name(), "means": plan.schedule.describe(), "last": last,
                "next": next.map(|slot| slot.at),
            }));
            continue;
        }
        let state = last.as_ref().map_or_else(String::new, |slot| {
            let late = if slot.late { ", late" } else { "" };
            let hand = if slot.by_hand.is_some() { ", by hand" } else { "" };
            format!("{}{late}{hand}", slot.state)
        });
        table.row([
            plan.name.clone(),
            plan.kind.as_str().to_owned(),
            plan.pilot.clone(),
            plan.schedule.pattern().to_owned(),
            last.map_or_else(|| "never".to_owned(), |slot| slot.wall),
            state,
            next.map_or_else(|| "never".to_owned(), |slot| wall(plan, &slot)),
        ]);
    }
    if setup.out.json {
        return setup.out.json(&json!({ "items": shown }));
    }
    setup.out.table(&table)
}

fn wall(plan: &Plan, slot: &crate::calendar::Slot) -> String {
    slot.at.to_zoned(plan.schedule.zone().clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string()
}

fn next(setup: &Setup, house: &House, name: Option<&str>, count: u8) -> Result<(), Failure> {
    let plans: Vec<&Plan> = match name {
        Some(name) => vec![house.rota.plan(name)?],
        None => house.rota.plans().iter().collect(),
    };
    let mut table = Table::new(&["schedule", "on its wall", "UTC"]);
    let mut shown = Vec::new();
    for plan in plans {
        let mut at = house.clock.now();
        for _ in 0..count {
            let Some(slot) = plan.schedule.next_after(at) else { break };
            at = slot.at;
            shown
                .push(json!({ "schedule": plan.name, "slot": slot.key, "at": slot.at, "wall": slot.wall.to_string() }));
            table.row([plan.name.clone(), wall(plan, &slot), text::time(slot.at)]);
        }
    }
    if setup.out.json { setup.out.json(&json!({ "items": shown })) } else { setup.out.table(&table) }
}
