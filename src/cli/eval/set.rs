//! A labelled set: JSON lines, a request each, with what is known about it. Own file because what may stand in a line is a promise to
//! those who made sets. INVARIANT: a line that cannot be used is told by its number; nothing is skipped silently.

use crate::brief::{Band, Level, Status as Recommended};
use crate::cli::failure::{Failure, Status};
use crate::clock::{Clock as _, SystemClock};
use crate::intake::{self, Reading};
use jiff::civil::Date;
use opspilot_sdk::{Content as Raw, DedupKey, Envelope, Fields, json};
use serde::Deserialize;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

/// A line.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    subject: Option<String>,
    #[serde(alias = "body")]
    text: String,
    #[serde(default)]
    label: Option<Value>,
    #[serde(default)]
    expect: Option<Expect>,
    #[serde(default)]
    canaries: Vec<String>,
}

/// What a good brief of a request says; what is absent is not judged.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    /// Recommended status.
    pub(super) status: Option<Recommended>,
    /// Band of its priority.
    pub(super) band: Option<Band>,
    /// Level of its risk.
    pub(super) risk: Option<Level>,
    /// Names of what is missing.
    pub(super) missing: Option<Vec<String>>,
    /// Days on which something is due.
    pub(super) due: Option<Vec<Date>>,
}

/// A request of the set.
pub(super) struct Item {
    /// Its name, or the number of its line.
    pub(super) id: String,
    /// What people say of it, in one word.
    pub(super) label: Option<String>,
    /// What a good brief says.
    pub(super) expect: Expect,
    /// Words that must reach no field that people act on.
    pub(super) canaries: Vec<String>,
    /// The request.
    pub(super) reading: Reading,
}

/// Reads a set.
///
/// # Errors
/// `OP-9119` for the first line that cannot be used.
pub(super) fn read(file: &Path) -> Result<Vec<Item>, Failure> {
    let opened = std::fs::File::open(file).map_err(|cause| Failure::unreadable(file, &cause))?;
    let mut items = Vec::new();
    for (place, line) in BufReader::new(opened).lines().enumerate() {
        let line = line.map_err(|cause| Failure::unreadable(file, &cause))?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = json::read(line.as_bytes()).map_err(|cause| bad_line(file, place + 1, &cause.in_line()))?;
        let reading = reading(&line).map_err(|_| bad_line(file, place + 1, "its text is empty"))?;
        let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let id = if line.id.is_null() { (place + 1).to_string() } else { word(&line.id) };
        let label = line.label.as_ref().map(word);
        items.push(Item { id, label, expect: line.expect.unwrap_or_default(), canaries: line.canaries, reading });
    }
    Ok(items)
}

fn bad_line(file: &Path, line: usize, why: &str) -> Failure {
    let message = format!(
        "line {line} of `{}` cannot be used: {why}; write one JSON object with `text` a line (OP-9119)",
        file.display()
    );
    Failure::new(Status::Unreadable, message)
}

fn reading(line: &Line) -> Result<Reading, intake::IntakeError> {
    let fields = Fields { subject: line.subject.clone(), text: Some(line.text.clone()), ..Fields::default() };
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
