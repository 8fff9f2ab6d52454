//! `opspilot limit`: what models may be used at most, how their far sides are, and what a person rules upon either.

use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use crate::daemon::House;
use crate::domain::id::ReservationId;
use crate::domain::money::Micros;
use crate::store::Paid;
use clap::{Args, Subcommand};
use opspilot_sdk::Usage;
use serde_json::{Value, json};

/// Limits.
#[derive(Subcommand)]
pub(crate) enum Limit {
    /// Show rates, budgets, and how the far sides are.
    Show,
    /// Say what a call did cost that nobody counted, or whose count is not believed.
    Settle(Settle),
    /// Let a generator be asked again that was paused, or failed too often.
    Resume {
        /// Generator.
        #[arg(value_name = "GENERATOR")]
        generator: String,
        /// Why; it stands in the receipt.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// What it did cost.
#[derive(Args)]
pub(crate) struct Settle {
    /// Reservation, such as `rsv_…`.
    id: ReservationId,
    /// So much, in dollars, as on the bill.
    #[arg(long, value_name = "AMOUNT", required_unless_present = "tokens", conflicts_with = "tokens")]
    usd: Option<Micros>,
    /// So many tokens, read and written, at the price it was reserved at.
    #[arg(long, num_args = 2, value_names = ["IN", "OUT"])]
    tokens: Option<Vec<u64>>,
    /// Why; it stands in the receipt.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Limit {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        match self {
            Self::Show => show(setup, house).await,
            Self::Settle(settle) => settle.act(setup, house).await,
            Self::Resume { generator, reason } => {
                let principal = setup.principal(house).await?;
                house.spend.resume(&principal, &generator, &reason).await?;
                if setup.out.json {
                    return setup.out.json(&json!({ "generator": generator, "resumed": true }));
                }
                setup.out.text(&format!("{generator} is asked again"))
            }
        }
    }
}

impl Settle {
    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let paid = match (self.usd, self.tokens.as_deref()) {
            (None, Some(&[input, output])) => Paid::Tokens(Usage { input, cached: 0, output }),
            (usd, _) => Paid::Money(usd.unwrap_or_default()),
        };
        let principal = setup.principal(house).await?;
        let ruled = house.spend.settle(&principal, &self.id, paid, &self.reason).await?;
        if setup.out.json {
            return setup.out.json(&ruled.reservation);
        }
        setup.out.text(&format!("{} is settled with {}; {} was held", self.id, ruled.cost, ruled.reservation.held))
    }
}

async fn show(setup: &Setup, house: &House) -> Result<(), Failure> {
    let book = house.limits.book().await?;
    if setup.out.json {
        let rates: Vec<Value> =
            book.rates.iter().map(|(scope, rates)| json!({ "scope": scope, "limits": rates })).collect();
        let budgets: Vec<_> = book.lines.iter().filter(|line| line.limit.is_some()).collect();
        return setup
            .out
            .json(&json!({ "at": book.at, "limits": rates, "budgets": budgets, "generators": book.sides }));
    }
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mut table = Table::new(&["whose", "calls/min", "tokens/min", "day", "month", "whole"]);
    for (scope, rates) in &book.rates {
        table.row([
            scope.clone(),
            or_none(rates.requests_per_minute.map(|number| number.to_string())),
            or_none(rates.tokens_per_minute.map(|number| number.to_string())),
            or_none(rates.per_day.map(|amount| amount.to_string())),
            or_none(rates.per_month.map(|amount| amount.to_string())),
            or_none(rates.whole.map(|amount| amount.to_string())),
        ]);
    }
    setup.out.table(&table)?;
    let mut table = Table::new(&["generator", "model", "price in/out", "at once", "state", "until"]);
    for generator in &house.settings.generators {
        let asked = &generator.asked;
        let side = book.sides.iter().find(|side| side.generator == asked.name);
        let price = if asked.price.is_free() {
            "free".to_owned()
        } else {
            format!("{} / {}", asked.price.input, asked.price.output)
        };
        table.row([
            asked.name.clone(),
            asked.model.clone(),
            price,
            asked.parallel.to_string(),
            side.map_or("closed", |side| side.state).to_owned(),
            or_none(side.and_then(|side| {
                let paused = side.paused.as_ref().map(|(by, _)| format!("settled: {by}"));
                paused.or_else(|| side.until.map(super::text::time))
            })),
        ]);
    }
    setup.out.text("\n")?;
    setup.out.table(&table)
}
