//! `opspilot spend`: what models cost, with the arithmetic: settled + held <= limit, for each budget; and every call that is still open.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use super::text;
use crate::daemon::House;
use crate::limit::Period;
use clap::Args;
use serde_json::json;

/// What models cost.
#[derive(Args)]
pub(crate) struct Spend {
    /// Of this pilot alone.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// A day such as `2026-11-21`, a month such as `2026-11`, or `whole` [default: the present ones].
    #[arg(long, value_name = "PERIOD")]
    period: Option<Period>,
}

impl Spend {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.show(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let mut book = house.limits.book_of(self.period.as_ref()).await?;
        if let Some(pilot) = &self.pilot {
            if house.pilots.get(pilot).is_none() {
                let message = format!("there is no pilot `{pilot}` in the configuration (OP-9109)");
                return Err(Failure::usage(message));
            }
            book = book.of_pilot(pilot);
        }
        if setup.out.json {
            return setup.out.json(&json!({ "at": book.at, "items": book.lines, "open": book.open }));
        }
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let mut table = Table::new(&["whose", "period", "settled", "held", "limit", "left", "calls", "begins anew"]);
        for line in &book.lines {
            table.row([
                line.scope.clone(),
                line.period.clone(),
                line.settled.to_string(),
                format!("+ {}", line.held),
                line.limit.map_or_else(|| "counted only".to_owned(), |limit| format!("<= {limit}")),
                or_none(line.left.map(|left| left.to_string())),
                line.calls.to_string(),
                or_none(line.resets.map(text::time)),
            ]);
        }
        setup.out.table(&table)?;
        if book.open.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(&["reservation", "state", "held", "claimed", "generator", "pilot", "age", "for"]);
        for row in &book.open {
            table.row([
                row.id.to_string(),
                row.state.clone(),
                row.held.to_string(),
                or_none(row.claimed.map(|claimed| claimed.to_string())),
                row.generator.clone(),
                row.pilot.clone(),
                text::age(row.reserved_at, book.at),
                row.subject(),
            ]);
        }
        setup.out.text("\n")?;
        setup.out.table(&table)?;
        let open = book.open.iter().filter(|row| row.state != "held").count();
        if open > 0 {
            let them = if open == 1 { "one call wants" } else { "calls want" };
            let count = if open == 1 { String::new() } else { format!("{open} ") };
            setup.out.say(&format!(
                "{count}{them} a person: compare with the vendor's bill, then `opspilot limit settle RESERVATION --usd AMOUNT --reason TEXT`"
            ));
        }
        Ok(())
    }
}
