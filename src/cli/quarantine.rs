//! `opspilot quarantine`: items that did not become requests, why, and taking one in all the same.

use super::failure::{Ended, Failure, Status};
use super::part::{self, Part};
use super::setup::Setup;
use super::table::Table;
use super::view::Masks;
use super::{text, view};
use crate::daemon::House;
use crate::domain::id::QuarantineId;
use crate::mail::{self, Limits};
use crate::store::{AsideState, QuarantineFilter, QuarantineRow};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Items set aside.
#[derive(Subcommand)]
pub(crate) enum Quarantine {
    /// List items, newest first.
    List(List),
    /// Show an item, and what of it can be read.
    Show {
        /// Item, such as `qrt_…`.
        id: QuarantineId,
    },
    /// Read an item again and make a request of it.
    Retry {
        /// Item, such as `qrt_…`.
        id: QuarantineId,
    },
}

/// Which items.
#[derive(Args)]
pub(crate) struct List {
    /// Of this pilot.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// From this source.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// In this state.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(AsideState::ALL.map(AsideState::as_str)))]
    state: Option<String>,
    #[command(flatten)]
    part: Part,
}

impl Quarantine {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.show(setup, house).await,
            Self::Show { id } => show(setup, house, &id).await,
            Self::Retry { id } => {
                let principal = setup.principal(house).await?;
                house.workflows.keep(&house.store).await?;
                let accepted = house.intake.retry(&principal, &id).await?;
                if setup.out.json {
                    let (request, status) = (accepted.request().as_str(), accepted.as_str());
                    return setup.out.json(&json!({ "item": id, "request": request, "status": status }));
                }
                setup.out.text(&format!("{id} is the request {}", accepted.request()))
            }
        }
    }
}

impl List {
    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let Self { pilot, source, state, part: Part { limit, after } } = self;
        let page = house.store.quarantines(&QuarantineFilter { pilot, source, state, after, limit }).await?;
        if setup.out.json {
            return setup.out.json(&view::page(&page, item));
        }
        let now = house.clock.now();
        let table = Table::new(&["item", "state", "age", "pilot", "source", "code", "reason"]);
        let mut table = table.gives(&[("reason", 12)]).spares(&["pilot", "source", "code"]);
        for row in &page.items {
            table.row([
                row.id.to_string(),
                row.state.as_str().to_owned(),
                text::age(row.at, now),
                row.pilot.clone(),
                row.source.clone(),
                row.code.clone(),
                text::one_line(&row.reason),
            ]);
        }
        part::show(setup, &table, page.next.as_deref())
    }
}

fn item(row: &QuarantineRow) -> Value {
    json!({
        "id": row.id, "state": row.state.as_str(), "pilot": row.pilot, "tenant": row.tenant, "source": row.source, "place": row.place,
        "code": row.code, "reason": row.reason, "media_type": row.media_type, "request": row.request,
        "received_at": row.received_at, "at": row.at,
    })
}

async fn show(setup: &Setup, house: &House, id: &QuarantineId) -> Result<(), Failure> {
    let row = house.store.quarantine(id).await?;
    let raw = match &row.raw {
        Some(digest) => Some(house.store.blob(digest).await?),
        None => None,
    };
    let mail = row.media_type.as_deref() == Some("message/rfc822");
    let message = raw.as_deref().filter(|_| mail).and_then(|raw| mail::read(raw, &Limits::default()).ok());
    let masks = Masks(&house.boundaries);
    let from = message.as_ref().and_then(|message| message.from.first()).map(|from| from.email.as_str());
    let subject = message.as_ref().and_then(|message| message.subject.as_deref());
    let (from, subject) = (masks.maybe(&row.pilot, from), masks.maybe(&row.pilot, subject));
    let words = message.as_ref().and_then(|message| masks.of(&row.pilot, &message.text));
    if setup.out.json {
        let mut shown = item(&row);
        let place = (row.tenant.as_str(), row.pilot.as_str());
        let digest = match setup.principal(house).await {
            Ok(asks) => house.review.may_reveal_in(&asks, id.as_str(), place, None).ok().and(row.raw.as_deref()),
            Err(_) => None,
        };
        let more =
            [("from", json!(from)), ("subject", json!(subject)), ("text", json!(words)), ("raw_sha256", json!(digest))];
        for (name, value) in more {
            shown[name] = value;
        }
        return setup.out.json(&shown);
    }
    let mut out = format!("{}  {}\n", setup.out.bold(row.id.as_str()), row.state.as_str());
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("{label:<11} {}\n", text::one_line(value)));
        }
    };
    line("why", &format!("{} ({})", row.reason, row.code));
    line("from", from.as_deref().unwrap_or_default());
    line("subject", subject.as_deref().unwrap_or_default());
    line("pilot", &row.pilot);
    line("source", &row.source);
    line("lies at", &row.place);
    line("received", &text::time(row.received_at));
    line("kept", &raw.as_ref().map_or_else(|| "nothing".to_owned(), |raw| text::bytes(raw.len() as u64)));
    line("request", row.request.as_deref().unwrap_or_default());
    if let Some(words) = words {
        let shown: Vec<String> = words.lines().take(40).map(text::one_line).collect();
        out.push_str(&format!("\n{}\n", shown.join("\n")));
    }
    setup.out.text(out.trim_end())
}
