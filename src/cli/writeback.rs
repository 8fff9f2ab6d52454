//! `opspilot writeback`: what was and will be written into systems outside, what became of it, and what a person does about it.

use super::failure::{Ended, Failure, Status};
use super::ids::Named;
use super::part::{self, Part};
use super::setup::Setup;
use super::table::Table;
use super::{plan, told, view};
use crate::daemon::House;
use crate::domain::id::WriteId;
use crate::domain::writeback::WriteState;
use crate::store::{WriteFilter, WriteRow};
use crate::writeback::{self, Became};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::json;

/// Writes into systems outside.
#[derive(Subcommand)]
pub(crate) enum Writeback {
    /// List writes, newest first.
    List(List),
    /// Show a write: the exact request, the record before and after, and what there is to settle.
    Show {
        /// Write, such as `wrt_…`.
        id: WriteId,
    },
    /// Show what would be written for a brief: every request to the byte, and the hash that an approval names.
    Plan(plan::Plan),
    /// Have exactly that plan carried out, for a brief that is approved already.
    Approve(plan::Approve),
    /// Name the record that a brief goes to in a sink.
    Target(Target),
    /// Say what became of a write of which nobody knew whether it was done.
    Settle(Settle),
    /// Try a refused or blocked write again; the gate is asked again.
    Retry {
        /// Write, such as `wrt_…`.
        id: WriteId,
    },
    /// Stop a write for good that was certainly not sent.
    Cancel {
        /// Write, such as `wrt_…`.
        id: WriteId,
    },
    /// Take back what was written, where the record is still as it was left.
    Undo(plan::Undo),
}

/// Which writes.
#[derive(Args)]
pub(crate) struct List {
    /// Of this pilot.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// In this state.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(WriteState::ALL.map(WriteState::as_str)))]
    state: Option<String>,
    /// To this sink.
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,
    /// Of this brief, request or run.
    #[arg(long, value_name = "ID")]
    brief: Option<Named>,
    #[command(flatten)]
    part: Part,
}

/// The record.
#[derive(Args)]
pub(crate) struct Target {
    /// Brief, request or run.
    id: Named,
    /// Sink.
    #[arg(long, value_name = "NAME")]
    sink: String,
    /// Record, as the far side names it.
    #[arg(required_unless_present = "none", conflicts_with = "none")]
    record: Option<String>,
    /// Take the name away: the pilot's rules find the record, or none.
    #[arg(long)]
    none: bool,
}

/// What became of it.
#[derive(Args)]
pub(crate) struct Settle {
    /// Write, such as `wrt_…`.
    id: WriteId,
    /// It was done: the far side has it.
    #[arg(long, required_unless_present = "did_not_go", conflicts_with = "did_not_go")]
    went: bool,
    /// The far side's name for what was made; without it, it cannot be taken back from here.
    #[arg(long, value_name = "ID", requires = "went")]
    far_id: Option<String>,
    /// It was certainly not done: it is sent again.
    #[arg(long)]
    did_not_go: bool,
}

impl Writeback {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        if let Self::Undo(undo) = self {
            return Box::pin(setup.within(async |house| undo.act(setup, house).await)).await;
        }
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        match self {
            Self::Plan(plan) => plan.act(setup, house).await,
            Self::Approve(approve) => approve.act(setup, house).await,
            Self::Undo(undo) => undo.act(setup, house).await.map(|_| ()),
            Self::List(list) => list.show(setup, house).await,
            Self::Show { id } => told::show(setup, house, &house.writing.story(&id).await?).await,
            Self::Target(target) => target.act(setup, house).await,
            Self::Settle(Settle { id, went, far_id, .. }) => {
                let principal = setup.principal(house).await?;
                let became = if went { Became::Went { far_id } } else { Became::DidNotGo };
                tell(setup, &house.writing.settle(&principal, &id, became).await?)
            }
            Self::Retry { id } => {
                let principal = setup.principal(house).await?;
                tell(setup, &house.writing.retry(&principal, &id).await?)
            }
            Self::Cancel { id } => {
                let principal = setup.principal(house).await?;
                tell(setup, &house.writing.cancel(&principal, &id).await?)
            }
        }
    }
}

/// How a write stands after an act.
fn tell(setup: &Setup, write: &WriteRow) -> Result<(), Failure> {
    if setup.out.json {
        return setup.out.json(&writeback::row(write));
    }
    let how = match write.state {
        WriteState::Waiting => format!("waits to be sent to {}", write.sink),
        state => state.to_string(),
    };
    setup.out.text(&format!("{} {how}", write.id))
}

impl List {
    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let Self { pilot, state, sink, brief, part: Part { limit, after } } = self;
        let state = state.as_deref().and_then(WriteState::parse);
        let brief = brief.map(|named| named.brief().to_string());
        let page = house.store.writes(&WriteFilter { pilot, state, sink, brief, after, limit }).await?;
        if setup.out.json {
            return setup.out.json(&view::page(&page, writeback::row));
        }
        let now = house.clock.now();
        let table = Table::new(&["write", "state", "age", "kind", "sink", "record", "pilot", "code", "brief"]);
        let mut table = table.gives(&[("kind", 12), ("record", 12)]).spares(&["pilot", "brief", "kind"]);
        for write in &page.items {
            let undo = if write.undo_of.is_some() { "undo of " } else { "" };
            table.row([
                write.id.to_string(),
                write.state.to_string(),
                super::text::age(write.created_at, now),
                format!("{undo}{}", write.write.kind),
                write.sink.clone(),
                write.write.record.clone(),
                write.pilot.clone(),
                write.code.clone().unwrap_or_default(),
                write.brief.to_string(),
            ]);
        }
        part::show(setup, &table, page.next.as_deref())
    }
}

impl Target {
    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let principal = setup.principal(house).await?;
        let brief = self.id.brief();
        let targets = house.writing.target(&principal, &brief, &self.sink, self.record.as_deref()).await?;
        if setup.out.json {
            return setup.out.json(&json!({ "brief": brief, "targets": targets }));
        }
        match targets.get(&self.sink) {
            Some(record) => setup.out.text(&format!("{brief} goes to `{record}` in {}", self.sink)),
            None => setup.out.text(&format!("no record in {} is named for {brief}", self.sink)),
        }
    }
}
