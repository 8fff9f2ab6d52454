//! `opspilot brief`: drafting without storing, showing a revision, comparing two. Decisions are made under `opspilot review`.

use super::drafter::{Drafter, EMBEDDED, Maker, stopped};
use super::failure::{Ended, Failure, Status};
use super::ids::Named;
use super::reading::{Contents, Given, Kind};
use super::setup::Setup;
use super::text;
use super::view::Masks;
use crate::brief::{Brief as Whole, Change, Content, Generator, Hand, diff, render};
use crate::clock::{Clock as _, SystemClock};
use crate::daemon::House;
use crate::domain::money::Micros;
use crate::intake;
use crate::store::{RevisionRow, StoreError};
use clap::{Args, Subcommand, ValueEnum};
use opspilot_sdk::Envelope;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Briefs.
#[derive(Subcommand)]
pub(crate) enum Brief {
    /// Draft a brief from a file without storing anything, to try things out.
    Draft(Draft),
    /// Show a brief.
    Show {
        /// Brief, request or run.
        id: Named,
        /// How.
        #[arg(long, value_name = "FORMAT", default_value = "terminal")]
        format: Format,
        /// Which revision [default: the one that stands].
        #[arg(long, value_name = "N")]
        revision: Option<u32>,
    },
    /// Show what changed between two revisions of a brief.
    Diff {
        /// Brief, request or run.
        id: Named,
        /// Earlier revision [default: the one before the last].
        from: Option<u32>,
        /// Later revision [default: the last].
        to: Option<u32>,
    },
}

/// Draft a brief from a file without storing anything, to try things out.
#[derive(Args)]
pub(crate) struct Draft {
    /// Text, `.eml`, `.json`, or `.csv` (a brief per row); `-` for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// What the file is, when its name does not say.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<Kind>,
    /// With this pilot's data boundary, time zone and owner [default: `business-contact`, UTC].
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// By this generator of the configuration.
    #[arg(long, value_name = "NAME", default_value = EMBEDDED)]
    generator: String,
    /// What this may cost in all, in dollars; needed where it costs anything.
    #[arg(long, value_name = "AMOUNT")]
    usd: Option<Micros>,
    /// How.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    format: Format,
}

/// How a brief is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For reading here.
    Terminal,
    /// Markdown.
    Md,
    /// JSON, `opspilot.brief/1`.
    Json,
    /// An HTML fragment.
    Html,
}

impl Brief {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        match self {
            Self::Draft(draft) => draft.run(setup).await?,
            Self::Show { id, format, revision } => {
                let Loaded { whole, text, digest } =
                    setup.within(async |house| load(house, &id, revision).await).await?;
                show(setup, format, &whole, &text, Some(&digest))?;
            }
            Self::Diff { id, from, to } => {
                let revisions = setup.within(async |house| Ok(house.store.revisions(&id.brief()).await?)).await?;
                compare(setup, &id, &revisions, from, to)?;
            }
        }
        Ok(Status::Done)
    }
}

/// A revision of a brief.
pub(super) struct Loaded {
    /// The brief.
    pub(super) whole: Whole,
    /// The text that its quotes point into.
    pub(super) text: String,
    /// What a decision on it names.
    pub(super) digest: String,
}

/// A revision of a brief; the one that stands when none is named.
pub(super) async fn load(house: &House, id: &Named, revision: Option<u32>) -> Result<Loaded, Failure> {
    let row = house.store.brief(&id.brief()).await?;
    let number = revision.unwrap_or(row.revision);
    let revisions = house.store.revisions(&id.brief()).await?;
    let found = revisions.iter().find(|revision| revision.number == number);
    let found = found.ok_or_else(|| StoreError::NotFound { what: "revision", id: number.to_string() })?;
    let generator = serde_json::from_str(&found.generator)
        .unwrap_or_else(|_| Generator { kind: found.author.clone(), ..Generator::embedded(0) });
    let content = Content::from_json(&found.content)?;
    let hand = if found.is_draft() { None } else { Some(hand(house, &revisions, found).await) };
    let whole = Whole {
        brief: id.brief().to_string(),
        request: id.request().to_string(),
        revision: number,
        generator,
        hand,
        content,
    };
    let request = house.store.request(id.request()).await?.request;
    // Masks are as long as what they hide, so quotes find their places.
    let text = Masks(&house.boundaries).of(&request.pilot, &request.text).unwrap_or_default();
    Ok(Loaded { whole, text, digest: found.digest.clone() })
}

/// Who made a revision by hand, and who drafted what stood before.
async fn hand(house: &House, revisions: &[RevisionRow], found: &RevisionRow) -> Hand {
    let by = house.store.person(&found.author).await.map_or_else(|_| found.author.clone(), |person| person.name);
    let drafted = RevisionRow::draft_of(revisions, found.number);
    Hand { by, drafted: drafted.and_then(|draft| serde_json::from_str(&draft.generator).ok()) }
}

/// A brief as JSON, with the digest that a decision names where it is stored.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    whole: &'a Whole,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
}

/// Shows a brief; `--json` is the same as `--format json`.
fn show(setup: &Setup, format: Format, whole: &Whole, text: &str, digest: Option<&str>) -> Result<(), Failure> {
    let out = &setup.out;
    match if out.json { Format::Json } else { format } {
        Format::Terminal => out.text(&render::terminal(whole, out.page(), out.colour)),
        Format::Md => out.text(&render::markdown(whole, text)),
        Format::Html => out.text(&render::html(whole, text)),
        Format::Json => out.json(&Shown { whole, digest }),
    }
}

impl Draft {
    async fn run(self, setup: &Setup) -> Result<(), Failure> {
        let drafter = Drafter::new(setup, self.pilot.as_deref())?;
        let Contents { envelopes, bad } = Given::read(&self.file, self.kind)?.contents(SystemClock.now()).await?;
        if self.generator == EMBEDDED {
            self.each(setup, &Maker::Embedded, &drafter, &envelopes).await?;
        } else {
            let named = async |house: &House| {
                let maker = Maker::new(house, &self.generator, None, self.usd)?;
                self.each(setup, &maker, &drafter, &envelopes).await
            };
            setup.within(named).await?;
        }
        bad.failure().map_or(Ok(()), Err)
    }

    async fn each(
        &self,
        setup: &Setup,
        maker: &Maker,
        drafter: &Drafter,
        envelopes: &[Envelope],
    ) -> Result<(), Failure> {
        for (place, envelope) in envelopes.iter().enumerate() {
            let reading = intake::read(envelope)?;
            let drafted = maker.draft(drafter, &reading, SystemClock.now(), place).await;
            let drafted = drafted.map_err(|stop| stopped(&stop, place, envelopes.len()))?;
            let content = drafted.content.map_err(|code| {
                Failure::failed(format!("the generator `{}` made no brief of this ({code})", self.generator))
            })?;
            let (brief, request) = ("brf_none".to_owned(), "req_none".to_owned());
            let whole = Whole { brief, request, revision: 1, generator: drafted.generator, hand: None, content };
            if place > 0 && !setup.out.json {
                setup.out.text("\n")?;
            }
            show(setup, self.format, &whole, &drafted.text, None)?;
        }
        Ok(())
    }
}

fn compare(
    setup: &Setup,
    id: &Named,
    revisions: &[RevisionRow],
    from: Option<u32>,
    to: Option<u32>,
) -> Result<(), Failure> {
    let last = revisions.last().map_or(0, |revision| revision.number);
    let to = to.unwrap_or(last);
    let from = from.unwrap_or_else(|| to.saturating_sub(1).max(1));
    let content = |number: u32| -> Result<Content, Failure> {
        let missing = || StoreError::NotFound { what: "revision", id: format!("{} of {}", number, id.brief()) };
        let row = revisions.iter().find(|revision| revision.number == number).ok_or_else(missing)?;
        Ok(Content::from_json(&row.content)?)
    };
    let changes = diff(&content(from)?, &content(to)?);
    if setup.out.json {
        return setup.out.json(&json!({ "brief": id.brief(), "from": from, "to": to, "changes": changes }));
    }
    setup.out.text(&format!("{} revision {from} to {to}: {}", id.brief(), text::count(changes.len(), "change")))?;
    changes.iter().try_for_each(|change| setup.out.text(&changed(setup, change)))
}

fn changed(setup: &Setup, change: &Change) -> String {
    let shown = |value: &Value| match value {
        Value::String(text) => text::one_line(text),
        other => text::one_line(&other.to_string()),
    };
    let mut out = setup.out.bold(&change.path);
    let mut side = |sign: char, colour: &str, value: &Value| {
        if !value.is_null() {
            let line = format!("{sign} {}", shown(value));
            out.push_str(&if setup.out.colour {
                format!("\n  \u{1b}[{colour}m{line}\u{1b}[0m")
            } else {
                format!("\n  {line}")
            });
        }
    };
    side('-', "31", &change.before);
    side('+', "32", &change.after);
    out
}
