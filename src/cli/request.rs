//! `opspilot request`: what came in, where each stands, and what people do to those that are held or failed.

use super::erase::Erase;
use super::failure::{Ended, Failure, Status};
use super::ids::Named;
use super::part::{self, Part};
use super::setup::Setup;
use super::table::Table;
use super::view::Masks;
use super::{text, view, why};
use crate::daemon::House;
use crate::review::{Particulars, ReviewError, Seen};
use crate::screen::{Attached, Found};
use crate::store::{FileRow, REQUEST_STATES, RequestFilter, RequestView, StoreError};
use clap::builder::PossibleValuesParser;
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
        /// Without the masks of its pilot's data boundary, for who may reveal them; it is put on record.
        #[arg(long)]
        unmasked: bool,
    },
    /// Show the values that its pilot's data boundary masks; it is put on record who saw which.
    Reveal {
        /// Request, run or brief.
        id: Named,
        /// Only this finding, by its number in `request show`; may be given several times.
        #[arg(long, value_name = "N")]
        finding: Vec<u32>,
    },
    /// Show everything that happened to a request, from its first byte to its last receipt.
    Why {
        /// Request, run or brief.
        id: Named,
    },
    /// Write the bytes of a request as they came, for who may reveal masked values; it is put on record.
    Raw {
        /// Request, run or brief.
        id: Named,
        /// Write to this file instead of standard output; an existing one is kept.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Show what was read out of a file that came with a request, behind the masks of its pilot's data boundary.
    File {
        /// Request, run or brief.
        id: Named,
        /// Which file, counted from 1 as in `request show`.
        number: usize,
        /// Write its bytes as they came to this file, for who may reveal masked values; it is put on record. An existing file is kept.
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
    /// Erase for good what requests said: text, bytes and files, their briefs, the letters about them. Receipts stay, and are proven as before.
    Erase(Erase),
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
    /// In this state.
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(REQUEST_STATES))]
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
                let principal = setup.principal(house).await?;
                let request = house.store.request(id.request()).await?.request;
                let bytes = house.review.reveal_raw(&principal, &request).await?;
                let Some(path) = output else { return out.bytes(&bytes) };
                put(&path, &bytes)
            }
            Self::File { id, number, output: Some(path) } => {
                let principal = setup.principal(house).await?;
                let request = house.store.request(id.request()).await?.request;
                put(&path, &house.review.reveal_file(&principal, &request, number).await?)
            }
            Self::File { id, number, output: None } => file(setup, house, &id, number).await,
            Self::Reveal { id, finding } => reveal(setup, house, &id, &finding).await,
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
            Self::Erase(erase) => erase.run(setup, house).await,
            Self::Drop { id, comment } => {
                let principal = setup.principal(house).await?;
                house.review.drop_request(&principal, id.request(), comment).await?;
                told(setup, &id, "ended without a brief")
            }
        }
    }
}

/// Writes a new file.
fn put(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = std::fs::OpenOptions::new();
    let opened = file.write(true).create_new(true).open(path);
    opened
        .and_then(|mut file| std::io::Write::write_all(&mut file, bytes))
        .map_err(|cause| Failure::unwritable(path, &cause))
}

/// What was read out of a file.
async fn file(setup: &Setup, house: &House, id: &Named, number: usize) -> Result<(), Failure> {
    let request = house.store.request(id.request()).await?.request;
    let files = house.store.files(id.request()).await?;
    let gone = || StoreError::NotFound { what: "file", id: number.to_string() };
    let file = number.checked_sub(1).and_then(|place| files.get(place)).ok_or_else(gone)?;
    let pilot = request.pilot.clone();
    let boundary = house.boundaries.get(&pilot).ok_or(ReviewError::NoPilot { pilot })?;
    let seen = Seen::read(&house.store, &request, boundary).await?;
    let read = seen.file(number, boundary);
    if setup.out.json {
        let (text, unread) =
            (read.as_ref().and_then(|read| read.as_ref().ok()), read.as_ref().and_then(|read| read.as_ref().err()));
        let name = Masks(&house.boundaries).maybe(&request.pilot, Some(&file.name));
        return setup.out.json(&json!({
            "request": request.id, "number": number, "name": name, "media_type": file.media_type,
            "sha256": view::digests(setup, house, &request).await.then_some(&file.digest),
            "bytes": file.bytes, "text": text, "unread": unread,
        }));
    }
    match read {
        Some(Ok(words)) => setup.out.text(text::lines(&words).trim_end()),
        Some(Err(why)) => setup.out.text(&format!("not read: {}", text::one_line(why))),
        None => setup.out.text("it holds no text that is read"),
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
        let table = Table::new(&["request", "state", "age", "pilot", "source", "from", "subject"]);
        let mut table = table.gives(&[("from", 12), ("subject", 12)]).spares(&["source", "from", "pilot"]);
        for view in &page.items {
            let request = &view.request;
            let particulars = masks.particulars(request);
            let from = particulars.sender_name.or(particulars.sender_email).unwrap_or_default();
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
    let words = match &request.subject {
        Some(_) => masks.particulars(request).subject,
        None => masks.maybe(&request.pilot, request.text.lines().find(|line| !line.trim().is_empty())),
    };
    text::cut(&text::one_line(&words.unwrap_or_default()), 80)
}

async fn show(setup: &Setup, house: &House, id: &Named, unmasked: bool) -> Result<(), Failure> {
    let mut view = house.store.request(id.request()).await?;
    if unmasked {
        let principal = setup.principal(house).await?;
        house.review.reveal_text(&principal, &view.request).await?;
    }
    let files = house.store.files(id.request()).await?;
    let masks = Masks(&house.boundaries);
    let seen = match house.boundaries.get(&view.request.pilot) {
        Some(boundary) => Some(Seen::read(&house.store, &view.request, boundary).await?),
        None => None,
    };
    let digests = view::digests(setup, house, &view.request).await;
    let mut json = view::request(&view, masks);
    json["raw_sha256"] = json!(digests.then_some(&view.request.raw));
    let request = &mut view.request;
    if !unmasked {
        let unknown = || "(its pilot is not configured)".to_owned();
        request.text = seen.as_ref().map_or_else(unknown, |seen| seen.text.clone());
        let particulars = seen.as_ref().map(|seen| seen.particulars.clone()).unwrap_or_default();
        let Particulars { subject, sender_name, sender_email, sender_phone, organisation, external_id } = particulars;
        (request.subject, request.external_id, request.organisation) = (subject, external_id, organisation);
        (request.sender_name, request.sender_email, request.sender_phone) = (sender_name, sender_email, sender_phone);
    }
    let found = seen.as_ref().map(|seen| seen.found.as_slice()).unwrap_or_default();
    let attached = seen.as_ref().map(|seen| seen.attached.as_slice()).unwrap_or_default();
    if setup.out.json {
        let pilot = request.pilot.clone();
        for (member, value) in [
            ("subject", &request.subject),
            ("sender_name", &request.sender_name),
            ("sender_email", &request.sender_email),
            ("sender_phone", &request.sender_phone),
            ("organisation", &request.organisation),
            ("external_id", &request.external_id),
        ] {
            json[member] = value.clone().into();
        }
        json["text"] = request.text.clone().into();
        json["verdict"] = serde_json::to_value(seen.as_ref().map(|seen| seen.verdict)).unwrap_or_default();
        json["findings"] = found.iter().map(view::found).collect();
        json["files"] = files.iter().map(|file| view::file(file, &pilot, masks, digests)).collect();
        return setup.out.json(&json);
    }
    setup.out.text(&page(setup, &view, &files, attached, masks))?;
    findings(setup, found)
}

/// What the data boundary found, under the text.
fn findings(setup: &Setup, found: &[Found]) -> Result<(), Failure> {
    if found.is_empty() {
        return Ok(());
    }
    setup.out.text("\n")?;
    let mut table = Table::new(&["finding", "where", "becomes", "why"]);
    for found in found {
        let row =
            [found.number.to_string(), found.place(), found.treatment.name().to_owned(), found.finding.why.clone()];
        table.row(row);
    }
    setup.out.table(&table)
}

async fn reveal(setup: &Setup, house: &House, id: &Named, wanted: &[u32]) -> Result<(), Failure> {
    let principal = setup.principal(house).await?;
    let pilot = house.store.request(id.request()).await?.request.pilot;
    let boundary = house.boundaries.get(&pilot).ok_or(ReviewError::NoPilot { pilot })?;
    let revealed = house.review.reveal(&principal, id.request(), boundary, wanted).await?;
    if setup.out.json {
        return setup.out.json(&json!({ "request": id.request().as_str(), "revealed": revealed }));
    }
    if revealed.is_empty() {
        return setup.out.text("nothing is masked");
    }
    let mut table = Table::new(&["finding", "kind", "file", "bytes", "value"]);
    for one in revealed {
        let file = one.attachment.map(|ordinal| ordinal.to_string()).unwrap_or_default();
        let bytes = format!("{}-{}", one.start, one.end);
        table.row([one.finding.to_string(), one.kind.to_string(), file, bytes, text::one_line(&one.value)]);
    }
    setup.out.table(&table)
}

fn page(setup: &Setup, view: &RequestView, files: &[FileRow], attached: &[Attached], masks: Masks<'_>) -> String {
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
        let (label, code) = match view.state {
            // What a person gave as their reason is no fault.
            "cancelled" => ("reason", ""),
            _ => ("fault", view.code.as_deref().unwrap_or_default()),
        };
        line(label, format!("{message} {code}").trim_end());
    }
    for (place, file) in files.iter().enumerate() {
        let name = masks.of(&request.pilot, &file.name).unwrap_or_default();
        let size = text::bytes(u64::try_from(file.bytes).unwrap_or(0));
        let read = attached.iter().find(|read| read.ordinal as usize == place + 1);
        let unread = read.and_then(|read| read.text.as_ref().err()).map(|why| format!("; not read: {why}"));
        line("file", &format!("{name} ({}, {size}){}", file.media_type, unread.unwrap_or_default()));
    }
    out.push('\n');
    out.push_str(&text::lines(&request.text));
    out
}
