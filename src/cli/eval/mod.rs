//! `opspilot eval`: drafts every item of a data set by any generator, or past requests anew beside what people approved, and reports how
//! good, how dear and how fast, with intervals. Own room because it is judged by its figures. INVARIANT: nothing is stored but what the
//! calls to a model did cost, and that comes out of a budget named on the command line.

mod against;
mod figures;
mod quality;
mod set;

use super::drafter::{Drafted, Drafter, EMBEDDED, Maker, Stopped, stopped};
use super::failure::{Ended, Failure, Status};
use super::setup::Setup;
use super::table::Table;
use super::text;
use crate::brief::Band;
use crate::clock::{Clock as _, SystemClock};
use crate::daemon::House;
use crate::domain::money::Micros;
use clap::{Args, ValueEnum};
use futures_util::StreamExt as _;
use quality::Line;
use serde_json::{Value, json};
use set::Item;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Draft a data set, or past requests anew, and report on it. Nothing is stored but what models cost.
#[derive(Args)]
pub(crate) struct Eval {
    /// JSON lines, each `{"id", "subject", "text" or "body", "label", "expect", "canaries"}`; only the text is needed.
    #[arg(value_name = "DATASET", required_unless_present = "against", conflicts_with = "against")]
    file: Option<PathBuf>,
    /// Draft past requests anew and show how that differs from what people approved.
    #[arg(long, value_name = "WHAT")]
    against: Option<Against>,
    /// By this pilot's data boundary, time zone and owner; of past requests, this pilot's alone.
    #[arg(long, value_name = "NAME")]
    pilot: Option<String>,
    /// By this generator of the configuration.
    #[arg(long, value_name = "NAME", default_value = EMBEDDED)]
    generator: String,
    /// With the templates of prompts in this folder.
    #[arg(long, value_name = "DIR")]
    prompts: Option<PathBuf>,
    /// What this may cost in all, in dollars; needed where it costs anything.
    #[arg(long, value_name = "AMOUNT")]
    usd: Option<Micros>,
    /// Labels of what matters most, to see whether priorities keep them apart.
    #[arg(long, value_name = "LABEL", value_delimiter = ',')]
    high: Vec<String>,
    /// So many at most: the first of a set, the newest past requests.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: u32,
    /// Write a line for each item.
    #[arg(long)]
    items: bool,
}

/// What past requests are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Against {
    /// What people approved.
    Approved,
}

impl Eval {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        if self.prompts.is_some() && self.generator == EMBEDDED {
            let message = "the generator `embedded` has no prompts; name another with `--generator` (OP-7401)";
            return Err(Failure::usage(message));
        }
        if self.against.is_some() {
            return against::run(&self, setup).await;
        }
        let mut items = self.file.as_deref().map_or_else(|| Ok(Vec::new()), set::read)?;
        items.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        let drafter = Drafter::new(setup, self.pilot.as_deref())?;
        if self.generator == EMBEDDED {
            return self.over(setup, &Maker::Embedded, &drafter, &items).await;
        }
        setup.within(async |house| self.over(setup, &self.maker(house)?, &drafter, &items).await).await
    }

    /// The generator that was named.
    fn maker(&self, house: &House) -> Result<Maker, Failure> {
        Maker::new(house, &self.generator, self.prompts.as_deref(), self.usd)
    }

    /// Drafts a whole set and reports.
    async fn over(&self, setup: &Setup, maker: &Maker, drafter: &Drafter, items: &[Item]) -> Ended {
        let bar = setup.out.bar(items.len() as u64, "drafting");
        let halted = Cell::new(false);
        let halt = &halted;
        let mut outcomes = futures_util::stream::iter(items.iter().enumerate())
            .map(|(place, item)| async move {
                // Calls on their way are waited for: what they cost should be known.
                match halt.get() {
                    true => None,
                    false => Some((item, maker.draft(drafter, &item.reading, SystemClock.now(), place).await)),
                }
            })
            .buffered(maker.parallel());
        let mut drafts: Vec<(&Item, Drafted)> = Vec::with_capacity(items.len());
        let mut end: Option<Stopped> = None;
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Some((item, Ok(drafted))) => {
                    drafts.push((item, drafted));
                    bar.inc(1);
                }
                Some((_, Err(stop))) => {
                    halted.set(true);
                    end.get_or_insert(stop);
                }
                None => {}
            }
        }
        drop(outcomes);
        bar.finish_and_clear();
        self.report(setup, maker, &drafts)?;
        match end {
            Some(stop) => Err(stopped(&stop, drafts.len(), items.len())),
            None => Ok(Status::Done),
        }
    }

    fn report(&self, setup: &Setup, maker: &Maker, drafts: &[(&Item, Drafted)]) -> Result<(), Failure> {
        let known: Vec<_> = drafts.iter().map(|(item, drafted)| (Some(*item), drafted)).collect();
        let lines = quality::lines(&known, &self.high);
        let spread = spread(drafts);
        let cost: i64 = drafts.iter().map(|(_, drafted)| drafted.generator.cost_micros).sum();
        if setup.out.json {
            return self.as_json(setup, maker, drafts, &lines, &spread, cost);
        }
        if self.items {
            listed(setup, drafts)?;
            setup.out.text("\n")?;
        }
        let cost = match cost {
            0 => "at no cost".to_owned(),
            micros => format!("for {}", Micros::new(micros).unwrap_or(Micros::ZERO)),
        };
        setup.out.text(&format!(
            "{} drafted by `{}`, {cost}\n\n",
            text::count(drafts.len(), "item"),
            self.generator
        ))?;
        show_lines(setup, &lines)?;
        setup.out.text("\n")?;
        let mut table = Table::new(&["label", "items", "urgent", "high", "normal", "low", "mean score"]);
        for (label, bands) in &spread {
            let scores: Vec<f64> = drafts
                .iter()
                .filter(|(item, _)| label == "all" || item.label.as_deref() == Some(label))
                .filter_map(|(_, drafted)| Some(f64::from(drafted.content.as_ref().ok()?.priority.score.get())))
                .collect();
            let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
            let many = |band: Band| bands.get(band.as_str()).copied().unwrap_or(0).to_string();
            let (urgent, high, normal, low) =
                (many(Band::Urgent), many(Band::High), many(Band::Normal), many(Band::Low));
            table.row([label.clone(), scores.len().to_string(), urgent, high, normal, low, format!("{mean:.1}")]);
        }
        setup.out.table(&table)
    }

    fn as_json(
        &self,
        setup: &Setup,
        maker: &Maker,
        drafts: &[(&Item, Drafted)],
        lines: &[Line],
        spread: &Spread,
        cost: i64,
    ) -> Result<(), Failure> {
        let mut millis: Vec<f64> = drafts.iter().map(|(_, drafted)| drafted.took.as_secs_f64() * 1000.0).collect();
        millis.sort_by(f64::total_cmp);
        let at = |share: usize| millis.get(millis.len().saturating_sub(1) * share / 100).copied().unwrap_or(0.0);
        let unverified = drafts
            .iter()
            .filter(|(_, drafted)| drafted.content.as_ref().is_ok_and(|content| !content.unverified.is_empty()))
            .count();
        let one = |(item, drafted): &(&Item, Drafted)| {
            let took = drafted.took.as_secs_f64() * 1000.0;
            match &drafted.content {
                Ok(content) => json!({
                    "id": item.id, "label": item.label, "band": content.priority.band, "score": content.priority.score,
                    "risk": content.risk.level, "status": content.recommended_status.status, "latency_ms": took,
                    "generator": drafted.generator,
                }),
                Err(code) => {
                    json!({ "id": item.id, "label": item.label, "refused": code, "generator": drafted.generator })
                }
            }
        };
        let listed: Option<Vec<Value>> = self.items.then(|| drafts.iter().map(one).collect());
        setup.out.json(&json!({
            "generator": self.generator, "prompt_hash": maker.prompt_hash(), "items": drafts.len(),
            "latency_ms": { "median": at(50), "p95": at(95), "p99": at(99), "most": at(100) },
            "cost_micros": cost, "unverified": unverified, "bands": spread, "figures": quality::to_json(lines), "drafts": listed,
        }))
    }
}

/// A table of figures with their intervals.
fn show_lines(setup: &Setup, lines: &[Line]) -> Result<(), Failure> {
    let mut table = Table::new(&["figure", "value", "95 %", "over"]);
    for line in lines {
        let (value, span) = line.shown();
        table.row([line.name.to_owned(), value, span, line.figure.items.to_string()]);
    }
    setup.out.table(&table)
}

/// A line for each item.
fn listed(setup: &Setup, drafts: &[(&Item, Drafted)]) -> Result<(), Failure> {
    let mut table = Table::new(&["id", "label", "band", "score", "risk", "status", "ms"]);
    for (item, drafted) in drafts {
        let label = item.label.clone().unwrap_or_default();
        let took = format!("{:.2}", drafted.took.as_secs_f64() * 1000.0);
        match &drafted.content {
            Ok(content) => {
                let (band, risk) = (content.priority.band.to_string(), content.risk.level.to_string());
                let score = content.priority.score.get().to_string();
                let status = content.recommended_status.status.to_string();
                table.row([item.id.clone(), label, band, score, risk, status, took]);
            }
            Err(code) => {
                let none = || "-".to_owned();
                table.row([item.id.clone(), label, none(), none(), none(), format!("no brief ({code})"), took]);
            }
        }
    }
    setup.out.table(&table)
}

/// How many fall into each band, over all and by label.
type Spread = BTreeMap<String, BTreeMap<&'static str, usize>>;

fn spread(drafts: &[(&Item, Drafted)]) -> Spread {
    let mut spread = Spread::new();
    for (item, drafted) in drafts {
        let Ok(content) = &drafted.content else { continue };
        for label in std::iter::once("all").chain(item.label.as_deref()) {
            *spread.entry(label.to_owned()).or_default().entry(content.priority.band.as_str()).or_default() += 1;
        }
    }
    spread
}
