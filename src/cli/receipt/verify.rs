//! `opspilot receipt verify`: the live log, or an export far from here. Own file because it brings together what the verifier needs:
//! receipts, head, keys, and checkpoints kept elsewhere. INVARIANT: a checkpoint out of the same database is never counted as one that
//! was kept outside of it.

use super::{checkpoint, given_keys, leaf, own_key};
use crate::cli::failure::{Ended, Failure, Status};
use crate::cli::setup::Setup;
use crate::cli::text;
use crate::daemon::House;
use crate::receipt::export::{Check, verify_export};
use crate::receipt::report::Lack;
use crate::receipt::veil;
use crate::receipt::{Checkpoint, Keyring, Outcome, Report, Verifier};
use crate::store::ReceiptRow;
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
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

/// A kind of receipt of which there are not as many as there are rows that call for one.
struct Uncounted {
    kind: &'static str,
    receipts: u64,
    rows: u64,
}

/// What the rows say otherwise than the receipts.
#[derive(Default)]
struct Rows {
    uncounted: Vec<Uncounted>,
    /// Requests whose text is not the one that was accepted.
    altered: Vec<String>,
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
    let before = house.store.census().await?;
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
    let (mut next, mut altered) = (1, Vec::new());
    while next <= last {
        let rows = house.store.receipts_from(next, PAGE).await?;
        let Some(end) = rows.last().map(|row| row.seq) else { break };
        for row in rows.iter().filter(|row| row.seq <= last) {
            walk.push_with_leaf(row.seq, &row.bytes, &leaf(row));
        }
        altered.extend(altered_texts(house, &rows).await?);
        bar.set_position(end.min(last));
        next = end + 1;
    }
    bar.finish_and_clear();
    let mut report = walk.finish(head.as_ref().map(|head| head.note.as_str()));
    let after = house.store.census().await?;
    let uncounted = count(&report.kinds, &before, &after);
    if outside.is_empty() && report.outcome == Outcome::Proven {
        report.outcome = Outcome::Incomplete;
        let text = "no checkpoint kept outside of the store was given: name one with `--checkpoint FILE`".to_owned();
        report.lacking.push(Lack { code: "OP-6020", text });
    }
    if !uncounted.is_empty() || !altered.is_empty() {
        report.outcome = Outcome::Tampered;
    }
    Ok((report, Rows { uncounted, altered }))
}

/// Of the requests accepted in these receipts, those whose text is another now.
async fn altered_texts(house: &House, receipts: &[ReceiptRow]) -> Result<Vec<String>, Failure> {
    let accepted = |row: &ReceiptRow| {
        let receipt: serde_json::Value = serde_json::from_slice(&row.bytes).ok()?;
        let told = (receipt["subject"].as_str()?.to_owned(), receipt["body"]["text"].as_str()?.to_owned());
        (receipt["kind"] == "request.accepted").then_some(told)
    };
    let told: Vec<(String, String)> = receipts.iter().filter_map(accepted).collect();
    let ids: Vec<String> = told.iter().map(|(request, _)| request.clone()).collect();
    let stored = house.store.text_digests(&ids).await?;
    // A request that is gone is missed when the rows are counted.
    let differs = |(request, text): &(String, String)| {
        let under = |found: &String| {
            if veil::is_keyed(text) { house.store.keyed("text", request, found) } else { found.clone() }
        };
        stored.get(request).is_some_and(|found| under(found) != *text)
    };
    Ok(told.into_iter().filter(differs).map(|(request, _)| request).collect())
}

/// Kinds of receipt whose number lies outside what the rows called for before and after the log was read.
fn count(
    kinds: &BTreeMap<String, u64>,
    before: &[(&'static str, u64)],
    after: &[(&'static str, u64)],
) -> Vec<Uncounted> {
    let judge = |(&(kind, least), &(_, most)): (&(&'static str, u64), &(&'static str, u64))| {
        let receipts = kinds.get(kind).copied().unwrap_or(0);
        let rows = if receipts < least { least } else { most };
        (receipts < least || receipts > most).then_some(Uncounted { kind, receipts, rows })
    };
    before.iter().zip(after).filter_map(judge).collect()
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
            rows.altered.iter().map(|request| json!({ "code": "OP-9120", "request": request })).collect();
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
    for request in &rows.altered {
        setup.out.text(&format!("the text of `{request}` is not the one that was accepted [OP-9120]"))?;
    }
    setup.out.text(&text::lines(rest))?;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_meanwhile_is_no_finding_and_what_is_missing_is() {
        let kinds = BTreeMap::from([("request.accepted".to_owned(), 5)]);
        assert!(count(&kinds, &[("request.accepted", 4)], &[("request.accepted", 6)]).is_empty());
        assert!(count(&kinds, &[("request.accepted", 5)], &[("request.accepted", 5)]).is_empty());
        let found = count(&kinds, &[("request.accepted", 6)], &[("request.accepted", 6)]);
        assert_eq!((found[0].receipts, found[0].rows), (5, 6));
        let found = count(&kinds, &[("request.accepted", 3)], &[("request.accepted", 4)]);
        assert_eq!((found[0].receipts, found[0].rows), (5, 4));
        assert_eq!(count(&kinds, &[("brief.decided", 1)], &[("brief.decided", 1)]).len(), 1);
    }
}
