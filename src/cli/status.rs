//! `opspilot status`: how the house stands, for whoever keeps it running. The same figures as the desk's page of operations. INVARIANT: it
//! reads the store alone, so that it works while the daemon is down.

use super::failure::{Ended, Failure, Status as Exit};
use super::setup::Setup;
use super::table::Table;
use super::text;
use crate::daemon::House;
use crate::figures;
use clap::Args;
use serde_json::{Value, json};

/// How the house stands.
#[derive(Args)]
pub(crate) struct Status {}

impl Status {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let Self {} = self;
        Box::pin(setup.within(async |house| show(setup, house).await)).await?;
        Ok(Exit::Done)
    }
}

async fn show(setup: &Setup, house: &House) -> Result<(), Failure> {
    let found = figures::House::read(&house.store, house.clock.now()).await?;
    let book = house.limits.book().await?;
    let unsettled = book.open.iter().filter(|row| row.state != "held").count();
    let budgets: Vec<_> = book.lines.iter().filter(|line| line.limit.is_some()).collect();
    if setup.out.json {
        let mut shown = serde_json::to_value(&found).unwrap_or_default();
        let more = json!({ "generators": book.sides, "budgets": budgets, "unsettled_reservations": unsettled });
        if let (Some(members), Value::Object(more)) = (shown.as_object_mut(), more) {
            members.extend(more);
        }
        return setup.out.json(&shown);
    }
    let (out, queues) = (&setup.out, &found.queues);
    let oldest = |since: Option<jiff::Timestamp>| {
        since.map(|since| format!(", the oldest for {}", text::age(since, found.at))).unwrap_or_default()
    };
    out.text(&format!(
        "opspilot {} on {}, {} requests, {} receipts\n",
        found.version, found.store, queues.requests, found.receipts
    ))?;
    let mut table = Table::new(&["what", "how many", ""]);
    let rows = [
        ("briefs for a person", queues.undecided, oldest(queues.oldest_undecided)),
        ("runs for a worker", queues.available, oldest(queues.oldest_available)),
        ("runs at work", queues.running, String::new()),
        ("runs tried again later", queues.retrying, String::new()),
        ("runs failed for good", queues.failed, String::new()),
        ("runs uncertain", queues.uncertain, String::new()),
        ("items in quarantine", queues.quarantined, String::new()),
        ("calls of unknown cost", i64::try_from(unsettled).unwrap_or(i64::MAX), String::new()),
    ];
    for (what, count, more) in rows {
        table.row([what.to_owned(), count.to_string(), more.trim_start_matches(", ").to_owned()]);
    }
    for (state, count) in &found.letters_aside {
        table.row([format!("letters {state}"), count.to_string(), String::new()]);
    }
    for row in &found.writes_aside {
        table.row([
            format!("writes {}", row.state.as_str()),
            row.count.to_string(),
            format!("{} to {}", row.pilot, row.sink),
        ]);
    }
    setup.out.table(&table)?;
    let ago = |at: Option<jiff::Timestamp>| {
        at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", text::age(at, found.at)))
    };
    if !found.sources.is_empty() {
        let mut table = Table::new(&["source", "last proven read", "last compared"]);
        for source in &found.sources {
            table.row([source.name.clone(), ago(source.proven_at), ago(source.reconciled_at)]);
        }
        setup.out.table(&table)?;
    }
    for side in book.sides.iter().filter(|side| side.state != "closed") {
        out.text(&format!("generator {} is {}", side.generator, side.state))?;
    }
    for stop in &found.stopped {
        let sink = stop.sink.as_deref().map(|sink| format!(" to {sink}")).unwrap_or_default();
        out.text(&format!(
            "writing of {}{sink} is stopped since {}: {}",
            stop.pilot,
            text::time(stop.since),
            text::one_line(&stop.reason)
        ))?;
    }
    Ok(())
}
