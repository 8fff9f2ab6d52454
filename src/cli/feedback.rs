//! `opspilot feedback`: what people said stands in their way, and answering them.

use super::failure::{Ended, Failure, Status};
use super::part::Part;
use super::setup::Setup;
use super::table::Table;
use super::{text, view};
use crate::daemon::House;
use crate::domain::id::FeedbackId;
use crate::feedback::Said;
use crate::store::{FeedbackFilter, FeedbackRow};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Feedback.
#[derive(Subcommand)]
pub(crate) enum Feedback {
    /// List feedback, newest first.
    List(List),
    /// Show one with its timeline.
    Show {
        /// Feedback, such as `fbk_…`.
        id: FeedbackId,
    },
    /// Say what stands in your way.
    Give {
        /// What you wanted to do, and what stood in the way.
        text: String,
        /// Request or brief that it is about.
        #[arg(long, value_name = "ID")]
        item: Option<String>,
    },
    /// Answer one.
    Answer {
        /// Feedback, such as `fbk_…`.
        id: FeedbackId,
        /// What is to be said.
        text: String,
    },
    /// Say that one is over.
    Close {
        /// Feedback, such as `fbk_…`.
        id: FeedbackId,
        /// What is to be said.
        #[arg(default_value = "")]
        text: String,
    },
}

/// Which feedback.
#[derive(Args)]
pub(crate) struct List {
    /// Of this pilot.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// In this state.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(["open", "answered", "closed"]))]
    state: Option<String>,
    #[command(flatten)]
    part: Part,
}

impl Feedback {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        setup.within(async |house| self.act(setup, house).await).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        if let Self::List(list) = self {
            return list.show(setup, house).await;
        }
        let principal = setup.principal(house).await?;
        let id = match self {
            Self::List(_) => return Ok(()),
            Self::Show { id } => id,
            Self::Give { text, item } => {
                house.feedback.give(&principal, Said { screen: "opspilot".into(), item, text, refusal: None }).await?
            }
            Self::Answer { id, text } => {
                house.feedback.answer(&principal, &id, &text, false).await?;
                id
            }
            Self::Close { id, text } => {
                house.feedback.answer(&principal, &id, &text, true).await?;
                id
            }
        };
        let (feedback, events) = house.feedback.show(&principal, &id).await?;
        if setup.out.json {
            let mut shown = row(&feedback);
            let event = |event: &crate::store::FeedbackEvent| json!({ "kind": event.kind, "person": event.person, "text": event.text, "at": event.at });
            shown["timeline"] = events.iter().map(event).collect();
            return setup.out.json(&shown);
        }
        let FeedbackRow { id, state, screen, item, step, receipt, .. } = &feedback;
        setup.out.text(&format!("{id} {state}, on {screen} {item} {step} {receipt}"))?;
        for event in &events {
            let name = super::pilot::name_of(house, &event.person).await;
            setup.out.text(&format!("{} {} {}: {}", text::time(event.at), name, event.kind, event.text))?;
        }
        Ok(())
    }
}

fn row(feedback: &FeedbackRow) -> Value {
    json!({
        "id": feedback.id, "state": feedback.state, "pilot": feedback.pilot, "person": feedback.person, "screen": feedback.screen,
        "item": feedback.item, "step": feedback.step, "policy_decision": feedback.decision, "receipt": feedback.receipt,
        "text": feedback.text, "at": feedback.at,
    })
}

impl List {
    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let Self { pilot, state, part: Part { limit, after } } = self;
        let page = house.store.feedbacks(&FeedbackFilter { pilot, person: None, state, after, limit }).await?;
        if setup.out.json {
            return setup.out.json(&view::page(&page, row));
        }
        let now = house.clock.now();
        let table = Table::new(&["feedback", "state", "age", "screen", "about", "words"]);
        let mut table = table.gives(&[("screen", 12), ("words", 12)]).spares(&["about", "screen"]);
        for feedback in &page.items {
            table.row([
                feedback.id.to_string(),
                feedback.state.clone(),
                text::age(feedback.at, now),
                feedback.screen.clone(),
                feedback.item.clone(),
                feedback.text.chars().take(60).collect(),
            ]);
        }
        setup.out.table(&table)
    }
}
