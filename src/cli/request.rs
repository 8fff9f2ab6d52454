//! `opspilot request`: what came in, where each stands, and what people do to those that are held or failed.

use super::failure::{Ended, Failure, Status};
use super::ids::Named;
use super::part::{self, Part};
use super::setup::Setup;
use super::table::Table;
use super::view::Masks;
use super::{text, view, why};
use crate::daemon::House;
use crate::store::{FileRow, RequestFilter, RequestView};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

/// Requests.
#[derive(Subcommand)]
pub(crate) enum Request {
    /// List requests, newest first.
    List(List),
    /// Show a request: where it stands, its sender, its text.
    Show {
        /// Request, run or brief.
        id: Named,
        /// Without the masks of its pilot's data boundary.
        #[arg(long)]
        unmasked: bool,
    },
    /// Show everything that happened to a request, from its first byte to its last receipt.
    Why {
        /// Request, run or brief.
        id: Named,
    },
    /// Write the bytes of a request as they came.
    Raw {
        /// Request, run or brief.
        id: Named,
        /// Write to this file instead of standard output; an existing one is kept.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Put a failed request, or one set aside as a duplicate, back to work.
    Retry {
        /// Request, run or brief.
        id: Named,
    },
    /// Let a held request go on.
    Release {
        /// Request, run or brief.
        id: Named,
        /// Without masking what the data boundary refuses.
        #[arg(long)]
        unmasked: bool,
        /// Why.
        #[arg(short = 'm', long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// End a held request without a brief; it stays on record.
    Drop {
        /// Request, run or brief.
        id: Named,
        /// Why.
        #[arg(short = 'm', long, value_name = "TEXT")]
        comment: Option<String>,
    },
}

/// Which requests.
#[derive(Args)]
pub(crate) struct List {
    /// Of this pilot.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// From this source.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// In this state: queued, drafting, held, in_review, decided, retrying, failed, uncertain, cancelled, dropped, duplicate.
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    #[command(flatten)]
    part: Part,
}

impl Request {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        Box::pin(setup.within(async |house| self.act(setup, house).await)).await?;
        Ok(Status::Done)
    }

    async fn act(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let out = &setup.out;
        match self {
            Self::List(list) => list.show(setup, house).await,
            Self::Show { id, unmasked } => show(setup, house, &id, unmasked).await,
            Self::Why { id } => why::show(setup, house, &id).await,
            Self::Raw { id, output } => {
                let digest = house.store.request(id.request()).await?.request.raw;
                let bytes = house.store.blob(&digest).await?;
                let Some(path) = output else { return out.bytes(&bytes) };
                let mut file = std::fs::OpenOptions::new();
                let opened = file.write(true).create_new(true).open(&path);
                opened
                    .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes))
                    .map_err(|cause| Failure::unwritable(&path, &cause))
            }
            Self::Retry { id } => {
                let principal = setup.principal(house).await?;
                let pilot = house.store.request(id.request()).await?.request.pilot;
                let definition = house.intake.start(&pilot)?;
                house.workflows.keep(&house.store).await?;
                house.review.retry(&principal, id.request(), definition).await?;
                told(setup, &id, "is back at work")
            }
            Self::Release { id, unmasked, comment } => {
                let principal = setup.principal(house).await?;
                house.review.release(&principal, id.request(), unmasked, comment).await?;
                told(setup, &id, if unmasked { "goes on, unmasked" } else { "goes on, masked" })
            }
            Self::Drop { id, comment } => {
                let principal = setup.principal(house).await?;
                house.review.drop_request(&principal, id.request(), comment).await?;
                told(setup, &id, "ended without a brief")
            }
        }
    }
}

fn told(setup: &Setup, id: &Named, what: &str) -> Result<(), Failure> {
    if setup.out.json {
        return setup.out.json(&json!({ "request": id.request().as_str(), "done": what }));
    }
    setup.out.text(&format!("{} {what}", id.request()))
}

impl List {
    async fn show(self, setup: &Setup, house: &House) -> Result<(), Failure> {
        let filter = RequestFilter {
            pilot: self.pilot,
            source: self.source,
            state: self.state,
            after: self.part.after,
            limit: self.part.limit,
        };
        let page = house.store.requests(&filter).await?;
        let masks = Masks(&house.boundaries);
        if setup.out.json {
            return setup.out.json(&view::page(&page, |view| view::request(view, masks)));
        }
        let now = house.clock.now();
        let mut table = Table::new(&["request", "state", "age", "pilot", "source", "from", "subject"]);
        for view in &page.items {
            let request = &view.request;
            let from = masks
                .maybe(&request.pilot, request.sender_name.as_deref().or(request.sender_email.as_deref()))
                .unwrap_or_default();
            let age = text::age(request.accepted_at, now);
            let (pilot, source) = (request.pilot.clone(), request.source.clone());
            table.row([request.id.to_string(), view.state.to_owned(), age, pilot, source, from, title(view, masks)]);
        }
        part::show(setup, &table, page.next.as_deref())
    }
}

/// The subject, or the beginning of the text.
pub(super) fn title(view: &RequestView, masks: Masks<'_>) -> String {
    let request = &view.request;
    let words = request.subject.as_deref().or_else(|| request.text.lines().find(|line| !line.trim().is_empty()));
    let words = masks.maybe(&request.pilot, words).unwrap_or_default();
    text::cut(&text::one_line(&words), 80)
}

async fn show(setup: &Setup, house: &House, id: &Named, unmasked: bool) -> Result<(), Failure> {
    let mut view = house.store.request(id.request()).await?;
    let files = house.store.files(id.request()).await?;
    let masks = Masks(&house.boundaries);
    let request = &mut view.request;
    if !unmasked {
        request.text =
            masks.of(&request.pilot, &request.text).unwrap_or_else(|| "(its pilot is not configured)".to_owned());
        for part in
            [&mut request.sender_name, &mut request.sender_email, &mut request.sender_phone, &mut request.organisation]
        {
            *part = masks.maybe(&request.pilot, part.as_deref());
        }
    }
    if setup.out.json {
        let mut shown = view::request(&view, masks);
        shown["text"] = view.request.text.clone().into();
        shown["files"] = files.iter().map(view::file).collect();
        return setup.out.json(&shown);
    }
    setup.out.text(&page(setup, &view, &files))
}

fn page(setup: &Setup, view: &RequestView, files: &[FileRow]) -> String {
    let request = &view.request;
    let mut out = format!("{}  {}\n", setup.out.bold(request.id.as_str()), view.state);
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("{label:<11} {}\n", text::one_line(value)));
        }
    };
    let sender = [&request.sender_name, &request.sender_email, &request.sender_phone].into_iter().flatten();
    line("from", &sender.map(String::as_str).collect::<Vec<_>>().join(", "));
    line("of", request.organisation.as_deref().unwrap_or_default());
    line("pilot", &request.pilot);
    line("source", &request.source);
    line("received", &text::time(request.received_at));
    line("same as", request.duplicate_of.as_ref().map_or("", |id| id.as_str()));
    line(
        "brief",
        &view.brief_state.as_ref().map(|state| format!("{} {state}", request.id.brief())).unwrap_or_default(),
    );
    if let Some(message) = &view.message {
        line("fault", &format!("{message} {}", view.code.as_deref().unwrap_or_default()));
    }
    for file in files {
        line(
            "file",
            &format!("{} ({}, {})", file.name, file.media_type, text::bytes(u64::try_from(file.bytes).unwrap_or(0))),
        );
    }
    out.push('\n');
    out.push_str(&text::lines(&request.text));
    out
}
