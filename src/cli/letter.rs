//! `opspilot letter`: letters to people, what became of each, and what a person does about one that did not arrive.

use super::failure::{Ended, Failure, Status};
use super::part::{self, Part};
use super::setup::Setup;
use super::table::Table;
use super::{text, view};
use crate::daemon::House;
use crate::domain::id::LetterId;
use crate::store::{LETTER_STATES, LetterFilter, LetterRow};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Letters to people.
#[derive(Subcommand)]
pub(crate) enum Letter {
    /// List letters, newest first.
    List(List),
    /// Show a letter, and what the mail server said of it.
    Show {
        /// Letter, such as `ltr_…`.
        id: LetterId,
    },
    /// Say what became of a letter of which nobody knew whether it went.
    Settle(Settle),
    /// Send a letter again that was refused, came back, or went beyond a limit.
    Resend {
        /// Letter, such as `ltr_…`.
        id: LetterId,
    },
}

/// Which letters.
#[derive(Args)]
pub(crate) struct List {
    /// Of this pilot.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// In this state.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(LETTER_STATES))]
    state: Option<String>,
    #[command(flatten)]
    part: Part,
}

/// What became of it.
#[derive(Args)]
pub(crate) struct Settle {
    /// Letter, such as `ltr_…`.
    id: LetterId,
    /// It arrived, or the mail server has it.
    #[arg(long, required_unless_present = "did_not_go", conflicts_with = "did_not_go")]
    went: bool,
    /// It did not arrive: it is sent again, under the same Message-ID.
    #[arg(long)]
    did_not_go: bool,
}

impl Letter {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.show(setup, house).await,
            Self::Show { id } => show(setup, &house.store.letter(&id).await?),
            Self::Settle(settle) => {
                let principal = setup.principal(house).await?;
                let letter = house.letters.settle(&principal, &settle.id, settle.went).await?;
                tell(setup, &letter)
            }
            Self::Resend { id } => {
                let principal = setup.principal(house).await?;
                tell(setup, &house.letters.resend(&principal, &id).await?)
            }
        }
    }
}

fn tell(setup: &Setup, letter: &LetterRow) -> Result<(), Failure> {
    if setup.out.json {
        return setup.out.json(&row(letter));
    }
    let how = if letter.state == "waiting" { "waits to be sent again" } else { letter.state.as_str() };
    setup.out.text(&format!("{} {how}", letter.id))
}

impl List {
    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let Self { pilot, state, part: Part { limit, after } } = self;
        let page = house.store.letters(&LetterFilter { pilot, state, brief: None, after, limit }).await?;
        if setup.out.json {
            return setup.out.json(&view::page(&page, row));
        }
        let now = house.clock.now();
        let table = Table::new(&["letter", "state", "age", "kind", "to", "pilot", "code", "about"]);
        let mut table = table.gives(&[("to", 12)]).spares(&["pilot", "about", "kind"]);
        for letter in &page.items {
            table.row([
                letter.id.to_string(),
                letter.state.clone(),
                text::age(letter.created_at, now),
                letter.kind.clone(),
                letter.name.clone(),
                letter.pilot.clone(),
                letter.code.clone().unwrap_or_default(),
                letter.brief.as_ref().map_or_else(String::new, ToString::to_string),
            ]);
        }
        part::show(setup, &table, page.next.as_deref())
    }
}

fn row(letter: &LetterRow) -> Value {
    json!({
        "id": letter.id, "kind": letter.kind, "state": letter.state, "brief": letter.brief, "revision": letter.revision,
        "pilot": letter.pilot, "tenant": letter.tenant, "person": letter.person, "name": letter.name, "attempts": letter.attempt,
        "message_id": letter.message_id, "code": letter.code, "message": letter.message, "sent_at": letter.sent_at,
        "created_at": letter.created_at,
    })
}

fn show(setup: &Setup, letter: &LetterRow) -> Result<(), Failure> {
    if setup.out.json {
        let mut shown = row(letter);
        let more = [("address", &letter.address), ("subject", &letter.subject), ("text", &letter.text)];
        for (name, value) in more {
            shown[name] = json!(value);
        }
        return setup.out.json(&shown);
    }
    let mut out = format!("{}  {}\n", setup.out.bold(letter.id.as_str()), letter.state);
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("{label:<11} {}\n", text::one_line(value)));
        }
    };
    let code = letter.code.as_ref().map_or_else(String::new, |code| format!(" ({code})"));
    line("said", &format!("{}{code}", letter.message.as_deref().unwrap_or_default()));
    line("kind", &letter.kind);
    line("to", &format!("{} <{}>", letter.name, letter.address));
    line("subject", &letter.subject);
    line("message id", &format!("<{}>", letter.message_id));
    line("brief", &letter.brief.as_ref().map_or_else(String::new, ToString::to_string));
    line("pilot", &letter.pilot);
    line("written", &text::time(letter.created_at));
    line("last tried", &letter.sent_at.map_or_else(String::new, text::time));
    line("attempts", &letter.attempt.to_string());
    let shown: Vec<String> = letter.text.lines().map(text::one_line).collect();
    out.push_str(&format!("\n{}", shown.join("\n")));
    setup.out.text(out.trim_end())
}
