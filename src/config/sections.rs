//! The plain sections of which there is one each: engine, intake, policies, receipts, telemetry. Own file because they are read alike,
//! a key for a field; store and web have rules of their own and files of their own.

use super::node::Node;
use super::problem::Code;
use super::read::{Part, Reader, short};
use super::settings::{IntakeSettings, LogFormat, PolicySettings, ReceiptSettings, TelemetrySettings};
use crate::{engine, intake};
use std::path::Path;
use std::time::Duration;

/// Opens the section of that name.
pub(super) fn open<'t>(reader: &mut Reader, root: &'t Node, section: &'static str) -> Part<'t> {
    let place = root.place_of(section);
    reader.part(section, section, place, root.get(section))
}

pub(super) fn engine(reader: &mut Reader, part: &Part<'_>) -> engine::Options {
    engine::Options {
        in_flight: reader.number::<u32>(part, "in_flight") as usize,
        workers: reader.number::<u32>(part, "workers") as usize,
        lease: Duration::from_secs(reader.number::<u32>(part, "lease_secs").into()),
        poll: Duration::from_millis(reader.number::<u32>(part, "poll_ms").into()),
    }
}

pub(super) fn intake(reader: &mut Reader, part: &Part<'_>, pull: &Part<'_>) -> IntakeSettings {
    let before = reader.problems.len();
    let pull_options = intake::PullOptions {
        batch: reader.number::<u32>(pull, "batch") as usize,
        lease: Duration::from_secs(reader.number::<u32>(pull, "lease_secs").into()),
        first_wait: Duration::from_millis(reader.number::<u32>(pull, "first_wait_ms").into()),
        longest_wait: Duration::from_secs(reader.number::<u32>(pull, "longest_wait_secs").into()),
        pause_at: reader.number(pull, "pause_at"),
        take_lists: false,
    };
    if reader.problems.len() == before && pull_options.first_wait > pull_options.longest_wait {
        let message = "the first wait is longer than the longest";
        reader.at(
            Code::Together,
            pull,
            "first_wait_ms",
            message,
            "lower `first_wait_ms`, or raise `longest_wait_secs`",
        );
    }
    IntakeSettings { max_waiting: reader.number(part, "max_waiting"), pull: pull_options }
}

pub(super) fn policies(reader: &mut Reader, part: &Part<'_>, data_dir: &Path) -> PolicySettings {
    PolicySettings {
        dir: reader.path(part, "dir", data_dir),
        min_version: reader.whole(part, "min_version").and_then(|number| u64::try_from(number).ok()).unwrap_or(0),
        recheck: Duration::from_secs(reader.number::<u32>(part, "recheck_secs").into()),
    }
}

pub(super) fn receipts(reader: &mut Reader, part: &Part<'_>, data_dir: &Path) -> Option<ReceiptSettings> {
    let checkpoint_every = Duration::from_secs(reader.number::<u32>(part, "checkpoint_secs").into());
    let checkpoint_file = reader.path(part, "checkpoint_file", data_dir);
    let key_file = reader.needed_path(part, "key_file", data_dir);
    let origin = reader.text(part, "origin")?;
    // C2SP signed-note: a key name is not empty and holds no space and no plus.
    if origin.is_empty()
        || origin.len() > 200
        || origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
    {
        let message = format!("`{}` cannot be the name of a log", short(&origin));
        reader.at(
            Code::Value,
            part,
            "origin",
            message,
            "write a host and a path without spaces and `+`, such as `ops.example/receipts`",
        );
    }
    Some(ReceiptSettings { origin, key_file: key_file?, checkpoint_every, checkpoint_file })
}

pub(super) fn telemetry(reader: &mut Reader, part: &Part<'_>) -> Option<TelemetrySettings> {
    let format = reader.text(part, "format");
    let filter = reader.text(part, "filter")?;
    if let Err(cause) = tracing_subscriber::EnvFilter::builder().parse(&filter) {
        let help = "write a level, or directives such as `info,opspilot::engine=debug`";
        reader.at(Code::Value, part, "filter", format!("`{}` is no filter: {cause}", short(&filter)), help);
    }
    let format = if format? == "json" { LogFormat::Json } else { LogFormat::Text };
    Some(TelemetrySettings { format, filter })
}
