//! `opspilot receipt verify`: the live log, or an export far from here. Own file because it brings together what the verifier needs:
//! receipts, head, keys, and checkpoints kept elsewhere. INVARIANT: a checkpoint out of the same database is never counted as one that
//! was kept outside of it.

use super::rows::{self, Rows, Told, Uncounted};
use super::{checkpoint, given_keys, leaf, own_key};
use crate::cli::failure::{Ended, Failure, Status};
use crate::cli::setup::Setup;
use crate::cli::text;
use crate::daemon::House;
use crate::receipt::export::{Check, verify_export};
use crate::receipt::report::Lack;
use crate::receipt::{Checkpoint, Keyring, Outcome, Report, Verifier};
use clap::Args;
use serde_json::json;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Receipts that are read at a time.
const PAGE: u32 = 2000;

/// Verify the log, or offline an export of it. Exit status 0 proven, 3 tampered, 4 evidence missing, 5 unreadable.
#[derive(Args)]
pub(crate) struct Verify {
    /// Export to verify, `-` for standard input; without it the live log. Needs no configuration.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Checkpoint that was kept outside; a file may hold many. May be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Key to verify with: a key file, or the key itself [default: that of the configuration; of an export, the enclosed one].
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Verify {
    pub(crate) async fn run(self, setup: &Setup) -> Ended {
        let keys = self.key.as_deref().map(given_keys).transpose()?;
        let mut notes = Vec::new();
        for path in &self.checkpoint {
            notes.extend(checkpoint::read(path)?);
        }
        let Some(path) = &self.file else {
            let (report, rows) = setup.within(async |house| live(setup, house, keys, notes).await).await?;
            return conclude(setup, &report, &rows);
        };
        let report = offline(path, keys, &notes)?;
        conclude(setup, &report, &Rows::default())
    }
}

/// Checkpoints of the notes that the keys open. A note that they do not is told: it may be the one that matters.
fn opened(notes: &[String], keys: &Keyring) -> Result<Vec<Checkpoint>, Failure> {
    notes
        .iter()
        .map(|note| keys.open(note).map(|opened| opened.checkpoint))
        .collect::<Result<_, _>>()
        .map_err(|cause| Failure::new(Status::Incomplete, format!("a kept checkpoint is not good: {cause}")))
}

fn offline(path: &Path, keys: Option<Keyring>, notes: &[String]) -> Result<Report, Failure> {
    let mut saved = Vec::new();
    if !notes.is_empty() {
        let Some(keys) = &keys else {
            return Err(Failure::usage(
                "a checkpoint can be used only with a key you brought; add `--key KEY` (OP-9116)",
            ));
        };
        saved = opened(notes, keys)?;
    }
    let check = Check { keyring: keys, saved };
    let read: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::with_capacity(
            1 << 16,
            File::open(path).map_err(|cause| Failure::unreadable(path, &cause))?,
        ))
    };
    Ok(verify_export(read, check))
}

async fn live(
    setup: &Setup,
    house: &House,
    keys: Option<Keyring>,
    mut outside: Vec<String>,
) -> Result<(Report, Rows), Failure> {
    let receipts = &house.settings.receipts;
    let keys = keys.map_or_else(|| own_key(&receipts.key_file), Ok)?;
    if let Some(file) = receipts.checkpoint_file.as_deref().filter(|file| file.exists()) {
        outside.extend(checkpoint::read(file)?);
    }
    let outside = opened(&outside, &keys)?;
    let (before, decided) = (house.store.census().await?, house.store.decided_briefs().await?);
    let erased = house.store.erased_requests().await?;
    // The head first: what is written while we read stands behind it and is left for the next time.
    let head = house.store.log_head().await?;
    let size = head.as_ref().and_then(|head| keys.open(&head.note).ok()).map(|opened| opened.checkpoint.size());
    let mut saved = outside.clone();
    let kept = house.store.checkpoints().await?;
    saved.extend(kept.iter().filter_map(|note| keys.open(note).ok()).map(|opened| opened.checkpoint));
    // One kept after the head was read belongs to a later moment.
    saved.retain(|saved| size.is_none_or(|size| saved.size() <= size) || outside.contains(saved));
    let mut walk = Verifier::new(keys, saved);
    let bar = setup.out.bar(size.unwrap_or(0), "receipts");
    let last = size.unwrap_or(u64::MAX);
    let (mut next, mut told) = (1, Told::default());
    while next <= last {
        let rows = house.store.receipts_from(next, PAGE).await?;
        let Some(end) = rows.last().map(|row| row.seq) else { break };
        for row in rows.iter().filter(|row| row.seq <= last) {
            walk.push_with_leaf(row.seq, &row.bytes, &leaf(row));
        }
        told.compare(&house.store, &rows).await?;
        bar.set_position(end.min(last));
        next = end + 1;
    }
    bar.finish_and_clear();
    let mut report = walk.finish(head.as_ref().map(|head| head.note.as_str()));
    let after = house.store.census().await?;
    let rows = told.rows(&decided, &erased, rows::count(&report.kinds, &before, &after));
    if outside.is_empty() && report.outcome == Outcome::Proven {
        report.outcome = Outcome::Incomplete;
        let text = "no checkpoint kept outside of the store was given: name one with `--checkpoint FILE`".to_owned();
        report.lacking.push(Lack { code: "OP-6020", text });
    }
    if !rows.agree() {
        report.outcome = Outcome::Tampered;
    }
    Ok((report, rows))
}

fn conclude(setup: &Setup, report: &Report, rows: &Rows) -> Ended {
    let status = match report.outcome {
        Outcome::Proven => Status::Done,
        Outcome::Tampered => Status::Wrong,
        Outcome::Incomplete => Status::Incomplete,
        Outcome::Unreadable => Status::Unreadable,
    };
    if setup.out.json {
        let mut shown = serde_json::to_value(report).unwrap_or_default();
        let one = |found: &Uncounted| json!({ "code": "OP-9117", "kind": found.kind, "receipts": found.receipts, "rows": found.rows });
        shown["uncounted"] = rows.uncounted.iter().map(one).collect();
        shown["altered"] =
            rows.altered.iter().map(|found| json!({ "code": "OP-9120", "what": found.what, "id": found.id })).collect();
        setup.out.json(&shown)?;
        return Ok(status);
    }
    let told = report.to_string();
    let (first, rest) = told.split_once('\n').unwrap_or((&told, ""));
    setup.out.text(&setup.out.bold(first))?;
    for found in &rows.uncounted {
        let (receipts, rows) = (text::grouped(found.receipts), text::grouped(found.rows));
        setup.out.text(&format!(
            "{receipts} receipts of kind `{}`, and {rows} rows that call for one [OP-9117]",
            found.kind
        ))?;
    }
    for found in &rows.altered {
        setup.out.text(&format!("the {} of `{}` is not the one in its receipt [OP-9120]", found.what, found.id))?;
    }
    setup.out.text(&text::lines(rest))?;
    Ok(status)
}
