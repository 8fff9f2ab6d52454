//! `opspilot pilot figures`: what a pilot came to in a span of days, set by set, as the desk draws it.

use super::failure::Failure;
use super::setup::Setup;
use super::table::Table;
use super::{pilot, text};
use crate::daemon::House;
use crate::figures::{self, Days};
use crate::policy::{Action, Ask, Resource};
use crate::review::ReviewError;
use clap::Args;
use serde_json::json;

/// Which figures.
#[derive(Args)]
pub(crate) struct Figures {
    /// Pilot [default: the only one].
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// First day [default: four weeks up to the last].
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Last day [default: today].
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
}

impl Figures {
    pub(super) async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let name = match self.name {
            Some(name) => name,
            None => pilot::only(house)?,
        };
        let known = house.pilots.get(&name);
        let known = known.ok_or_else(|| {
            Failure::usage(format!(
                "there is no pilot `{}`; `opspilot config show` lists them (OP-9109)",
                text::one_line(&name)
            ))
        })?;
        let principal = setup.principal(house).await?;
        let resource = Resource::pilot(&known.name, &known.tenant);
        let now = house.clock.now();
        let ask = |action| {
            let id = crate::domain::id::PermitId::new(now, house.store.chance());
            house.policies.permit(&Ask { principal: &principal, action, resource: &resource }, id.to_string())
        };
        let _leave_to_read = ask(Action::ReportRead).map_err(ReviewError::from)?;
        let spend = ask(Action::SpendRead).is_ok();
        let days = Days::read(self.from.as_deref(), self.until.as_deref(), now, &known.time_zone)
            .map_err(|wrong| Failure::usage(wrong.to_string()))?;
        let found = figures::read(&house.store, &known.name, &days, spend, now).await?;
        let out = &setup.out;
        if out.json {
            let budgets = if spend { Some(house.limits.book().await?.of_pilot(&known.name).lines) } else { None };
            let mut shown = serde_json::to_value(&found).unwrap_or_default();
            shown["budgets"] = json!(budgets);
            return out.json(&shown);
        }
        out.text(&format!("{}, {} to {} ({})", found.pilot, found.from, found.until, found.time_zone))?;
        for set in &found.sets {
            out.text(&format!("\n{}\n{}", out.bold(set.title), set.says))?;
            if set.rows > 0 {
                let mut table = Table::new(&set.head());
                for (label, values) in set.table() {
                    let cells = values.into_iter().map(|value| set.shown(value));
                    table.cells(&std::iter::once(label.to_owned()).chain(cells).collect::<Vec<_>>());
                }
                out.table(&table)?;
            }
            out.text(&format!("{} rows: {}", set.rows, set.backed_by))?;
        }
        Ok(())
    }
}
