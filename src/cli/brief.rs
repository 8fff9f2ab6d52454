//! `opspilot brief`: drafting without storing, showing a revision, comparing two. Decisions are made under `opspilot review`.

use super::failure::{Ended, Failure, Status};
use super::ids::Named;
use super::reading::{Given, Kind};
use super::setup::Setup;
use super::text;
use super::view::Masks;
use crate::brief::{self, Brief as Whole, Change, Content, DraftInput, Generator, diff, language, render};
use crate::clock::{Clock as _, SystemClock};
use crate::daemon::House;
use crate::intake;
use crate::screen::{Boundary, BoundaryOptions, screen};
use crate::store::{RevisionRow, StoreError};
use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
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
                let (whole, text) = setup.within(async |house| load(house, &id, revision).await).await?;
                show(setup, format, &whole, &text)?;
            }
            Self::Diff { id, from, to } => {
                let revisions = setup.within(async |house| Ok(house.store.revisions(&id.brief()).await?)).await?;
                compare(setup, &id, &revisions, from, to)?;
            }
        }
        Ok(Status::Done)
    }
}

/// A revision of a brief with the text that its quotes point into; the one that stands when none is named.
pub(super) async fn load(house: &House, id: &Named, revision: Option<u32>) -> Result<(Whole, String), Failure> {
    let row = house.store.brief(&id.brief()).await?;
    let number = revision.unwrap_or(row.revision);
    let revisions = house.store.revisions(&id.brief()).await?;
    let found = revisions.iter().find(|revision| revision.number == number);
    let found = found.ok_or_else(|| StoreError::NotFound { what: "revision", id: number.to_string() })?;
    let generator = serde_json::from_str(&found.generator)
        .unwrap_or_else(|_| Generator { kind: found.author.clone(), ..Generator::embedded(0) });
    let content = Content::from_json(&found.content)?;
    let whole = Whole {
        brief: id.brief().to_string(),
        request: id.request().to_string(),
        revision: number,
        generator,
        content,
    };
    let request = house.store.request(id.request()).await?.request;
    // Masks are as long as what they hide, so quotes find their places.
    let text = Masks(&house.boundaries).of(&request.pilot, &request.text).unwrap_or_default();
    Ok((whole, text))
}

/// Shows a brief; `--json` is the same as `--format json`.
fn show(setup: &Setup, format: Format, whole: &Whole, text: &str) -> Result<(), Failure> {
    let out = &setup.out;
    match if out.json { Format::Json } else { format } {
        Format::Terminal => out.text(&render::terminal(whole, out.page(), out.colour)),
        Format::Md => out.text(&render::markdown(whole, text)),
        Format::Html => out.text(&render::html(whole, text)),
        Format::Json => out.json(whole),
    }
}

/// A drafter that needs neither store nor configuration.
pub(super) struct Drafter {
    boundary: Boundary,
    time_zone: TimeZone,
    owner: String,
}

impl Drafter {
    /// By the rules of a pilot of the configuration, or by those a pilot has that sets none.
    ///
    /// # Errors
    /// When the configuration cannot be read or has no such pilot.
    pub(super) fn new(setup: &Setup, pilot: Option<&str>) -> Result<Self, Failure> {
        let Some(name) = pilot else {
            let boundary = Boundary::from_options(&BoundaryOptions::default(), "boundary");
            let boundary = boundary.map_err(|problems| {
                Failure::failed(problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; "))
            })?;
            return Ok(Self { boundary, time_zone: TimeZone::UTC, owner: "the team".to_owned() });
        };
        let settings = setup.settings()?;
        let no_pilot = || Failure::from(intake::IntakeError::NoPilot { pilot: name.to_owned() });
        let pilot = settings.pilots.iter().find(|pilot| pilot.name == name).ok_or_else(no_pilot)?;
        let boundary = settings.boundaries.get(name).cloned().ok_or_else(no_pilot)?;
        Ok(Self { boundary, time_zone: pilot.time_zone.clone(), owner: pilot.owner.clone() })
    }

    /// The data boundary it goes by.
    pub(super) fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    /// Drafts as the daemon would, from the screened text. Gives the content and that text.
    pub(super) fn draft(&self, reading: &intake::Reading) -> (Content, String) {
        let screening = screen(&reading.text, &self.boundary);
        let subject = reading.subject.as_ref().and_then(|subject| screening.text.get(..subject.len()));
        let attachments = vec!["attachment"; reading.attachments];
        let content = brief::draft(&DraftInput {
            text: &screening.text,
            subject,
            sender: reading.sender_name.as_deref(),
            organisation: reading.organisation.as_deref(),
            language: language::detect(&reading.text),
            received_at: SystemClock.now(),
            time_zone: &self.time_zone,
            attachments: &attachments,
            guidance: &[],
            owner: &self.owner,
        });
        (content, screening.text.into_owned())
    }
}

impl Draft {
    async fn run(self, setup: &Setup) -> Result<(), Failure> {
        let drafter = Drafter::new(setup, self.pilot.as_deref())?;
        let envelopes = Given::read(&self.file, self.kind)?.envelopes(SystemClock.now()).await?;
        for (place, envelope) in envelopes.iter().enumerate() {
            let reading = intake::read(envelope)?;
            let began = SystemClock.now();
            let (content, text) = drafter.draft(&reading);
            let latency = SystemClock.now().duration_since(began).as_millis().try_into().unwrap_or(0);
            let (brief, request) = ("brf_none".to_owned(), "req_none".to_owned());
            let whole = Whole { brief, request, revision: 1, generator: Generator::embedded(latency), content };
            if place > 0 && !setup.out.json {
                setup.out.text("\n")?;
            }
            show(setup, self.format, &whole, &text)?;
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
