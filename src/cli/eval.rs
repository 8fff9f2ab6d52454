//! `opspilot eval`: drafts every item of a data set with the embedded generator and reports how many, how fast, and how they spread; where
//! items carry a label, how well priorities keep them apart. Nothing is stored.

use super::brief::Drafter;
use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use super::text;
use crate::brief::{Band, Content};
use crate::clock::{Clock as _, SystemClock};
use crate::intake::{self, Reading};
use clap::Args;
use opspilot_sdk::{Content as Raw, DedupKey, Envelope, Fields};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

/// Draft a data set and report on it. Nothing is stored.
#[derive(Args)]
pub(crate) struct Eval {
    /// JSON lines, each `{"id", "subject", "text" or "body", "label"}`; only the text is needed.
    #[arg(value_name = "DATASET")]
    file: PathBuf,
    /// By this pilot's data boundary, time zone and owner.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// Write a line for each item: its band, score, risk and status.
    #[arg(long)]
    items: bool,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    subject: Option<String>,
    #[serde(alias = "body")]
    text: String,
    #[serde(default)]
    label: Option<Value>,
}

/// What one draft came to.
struct Drafted {
    id: String,
    label: Option<String>,
    content: Content,
    micros: i128,
}

impl Eval {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let drafter = Drafter::new(setup, self.pilot.as_deref())?;
        let items = read(&self.file)?;
        let bar = setup.out.bar(items.len() as u64, "drafting");
        let mut drafted = Vec::with_capacity(items.len());
        for (place, item) in items.into_iter().enumerate() {
            let reading = reading(&item).map_err(|_| bad_line(&self.file, place + 1, "its text is empty"))?;
            let began = SystemClock.now();
            let (content, _) = drafter.draft(&reading);
            let micros = SystemClock.now().duration_since(began).as_micros();
            let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let id = if item.id.is_null() { (place + 1).to_string() } else { word(&item.id) };
            drafted.push(Drafted { id, label: item.label.as_ref().map(word), content, micros });
            bar.inc(1);
        }
        bar.finish_and_clear();
        report(setup, &drafted, self.items)?;
        Ok(Status::Done)
    }
}

fn bad_line(file: &Path, line: usize, why: &str) -> Failure {
    let message = format!(
        "line {line} of `{}` cannot be used: {why}; write one JSON object with `text` a line (OP-9119)",
        file.display()
    );
    Failure::new(Status::Unreadable, message)
}

fn read(file: &Path) -> Result<Vec<Item>, Failure> {
    let opened = std::fs::File::open(file).map_err(|cause| Failure::unreadable(file, &cause))?;
    let mut items = Vec::new();
    for (place, line) in BufReader::new(opened).lines().enumerate() {
        let line = line.map_err(|cause| Failure::unreadable(file, &cause))?;
        if !line.trim().is_empty() {
            items.push(serde_json::from_str(&line).map_err(|cause| bad_line(file, place + 1, &cause.to_string()))?);
        }
    }
    Ok(items)
}

fn reading(item: &Item) -> Result<Reading, intake::IntakeError> {
    let fields = Fields { subject: item.subject.clone(), text: Some(item.text.clone()), ..Fields::default() };
    let (key, media_type) = (DedupKey::new("eval"), "application/json".to_owned());
    let (received_at, content) = (SystemClock.now(), Raw::Fields(fields));
    intake::read(&Envelope {
        key,
        external_id: None,
        received_at,
        media_type,
        raw: Vec::new(),
        content,
        attachments: Vec::new(),
    })
}

fn report(setup: &Setup, drafted: &[Drafted], items: bool) -> Result<(), Failure> {
    let mut micros: Vec<i128> = drafted.iter().map(|drafted| drafted.micros).collect();
    micros.sort_unstable();
    let at =
        |share: usize| micros.get((micros.len().saturating_sub(1)) * share / 100).copied().unwrap_or(0) as f64 / 1000.0;
    let unverified = drafted.iter().filter(|drafted| !drafted.content.unverified.is_empty()).count();
    let spread = spread(drafted);
    if setup.out.json {
        let item = |drafted: &Drafted| {
            let content = &drafted.content;
            json!({
                "id": drafted.id, "label": drafted.label, "band": content.priority.band, "score": content.priority.score,
                "risk": content.risk.level, "status": content.recommended_status.status, "latency_ms": drafted.micros as f64 / 1000.0,
            })
        };
        let listed: Option<Vec<Value>> = items.then(|| drafted.iter().map(item).collect());
        return setup.out.json(&json!({
            "items": drafted.len(), "latency_ms": { "median": at(50), "p95": at(95), "p99": at(99), "most": at(100) },
            "cost_micros": 0, "unverified": unverified, "bands": spread, "drafts": listed,
        }));
    }
    if items {
        let mut table = Table::new(&["id", "label", "band", "score", "risk", "status", "ms"]);
        for drafted in drafted {
            let (content, label) = (&drafted.content, drafted.label.clone().unwrap_or_default());
            let (band, risk) = (content.priority.band.to_string(), content.risk.level.to_string());
            let (score, status) =
                (content.priority.score.get().to_string(), content.recommended_status.status.to_string());
            table.row([
                drafted.id.clone(),
                label,
                band,
                score,
                risk,
                status,
                format!("{:.2}", drafted.micros as f64 / 1000.0),
            ]);
        }
        setup.out.table(&table)?;
        setup.out.text("\n")?;
    }
    setup.out.text(&format!(
        "{} drafted by the embedded generator, at no cost\neach took {:.2} ms in the median, {:.2} ms at the 95th, {:.2} ms at the 99th percentile, {:.2} ms at most\n\
         {unverified} hold something that the request does not bear out\n",
        text::count(drafted.len(), "item"),
        at(50),
        at(95),
        at(99),
        at(100)
    ))?;
    let mut table = Table::new(&["label", "items", "urgent", "high", "normal", "low", "mean score"]);
    for (label, bands) in &spread {
        let of: Vec<&Drafted> =
            drafted.iter().filter(|drafted| label == "all" || drafted.label.as_deref() == Some(label)).collect();
        let mean = of.iter().map(|drafted| f64::from(drafted.content.priority.score.get())).sum::<f64>()
            / of.len().max(1) as f64;
        let many = |band: Band| bands.get(band.as_str()).copied().unwrap_or(0).to_string();
        let (urgent, high, normal, low) = (many(Band::Urgent), many(Band::High), many(Band::Normal), many(Band::Low));
        table.row([label.clone(), of.len().to_string(), urgent, high, normal, low, format!("{mean:.1}")]);
    }
    setup.out.table(&table)
}

/// How many fall into each band, over all and by label.
fn spread(drafted: &[Drafted]) -> BTreeMap<String, BTreeMap<&'static str, usize>> {
    let mut spread: BTreeMap<String, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for drafted in drafted {
        let band = drafted.content.priority.band.as_str();
        for label in std::iter::once("all").chain(drafted.label.as_deref()) {
            *spread.entry(label.to_owned()).or_default().entry(band).or_default() += 1;
        }
    }
    spread
}
