//! `screen`: holds a request against its pilot's data boundary before anything else reads it. Passes, masks, or waits for a named
//! person. INVARIANT: what is held goes on only after a person released it, and then masked unless that person said otherwise.

use crate::brief::language;
use crate::engine::{Done, Step, StepContext, StepError, Transition};
use crate::receipt::{Body, Field};
use crate::screen::{Attached, Boundary, Found, Kind, Treatment, Verdict, Whole};
use crate::store::{Request, Told};
use futures_util::future::BoxFuture;
use opspilot_sdk::Problems;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What screening found; the step's output.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Screened {
    /// `pass`, `redact`, `hold` or `released`.
    pub verdict: String,
    /// ISO 639-1 code of the text's language, or `und`.
    pub language: String,
    /// Whether later steps see the text with its masks.
    pub masked: bool,
    /// How many of each kind, by name, in text and files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub found: BTreeMap<String, u32>,
    /// Where the first of them stand that are masked, hold the request, or address the machine: kind and bytes, and the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// Files that could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// The most places that are put on record; all of them are counted.
const PLACES: usize = 20;

/// What reads the files of a request.
pub trait Files: Send + Sync {
    /// The text of those that hold any; why not, in words, when the store cannot be reached.
    fn read<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Vec<Attached>, String>>;
}

/// What a person said about a held request.
#[derive(Deserialize)]
struct Release {
    release: bool,
    #[serde(default)]
    unmasked: bool,
}

/// The step.
pub struct Screen {
    boundaries: Arc<BTreeMap<String, Boundary>>,
    files: Option<Arc<dyn Files>>,
}

impl Screen {
    /// With the boundary of each pilot, and what reads the files that come with requests.
    #[must_use]
    pub fn new(boundaries: Arc<BTreeMap<String, Boundary>>, files: Option<Arc<dyn Files>>) -> Self {
        Self { boundaries, files }
    }

    async fn decide(&self, context: &StepContext<'_>) -> Result<Transition, StepError> {
        let request = &context.run.request;
        let Some(boundary) = self.boundaries.get(&request.pilot) else {
            let message = format!("the pilot `{}` is not in the configuration; add it, then retry", request.pilot);
            return Err(StepError::Retryable { code: "OP-3210", message, after: None });
        };
        let attached = match &self.files {
            Some(files) if request.attachments > 0 => files.read(request).await.map_err(|cause| {
                let message = format!("the files of the request were not read: {cause}");
                StepError::Retryable { code: "OP-8010", message, after: None }
            })?,
            _ => Vec::new(),
        };
        if attached.is_empty() {
            return Ok(answer(context, &judge(request, &attached, boundary)));
        }
        let (read, boundary) = (Arc::clone(request), boundary.clone());
        let judged = tokio::task::spawn_blocking(move || judge(&read, &attached, &boundary)).await;
        let judged = judged.map_err(|cause| {
            let message = format!("screening the files of the request did not end well: {cause}");
            StepError::Retryable { code: "OP-8010", message, after: None }
        })?;
        Ok(answer(context, &judged))
    }
}

/// What the boundary says of a request and its files.
fn judge(request: &Request, attached: &[Attached], boundary: &Boundary) -> Screened {
    let whole = Whole::of(&request.text, attached, boundary);
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    for one in &whole.found {
        *found.entry(one.finding.kind.name().to_owned()).or_default() += 1;
    }
    let told = |one: &&Found| one.treatment != Treatment::Allow || one.finding.kind == Kind::Instruction;
    let unread = |file: &Attached| {
        let why = file.text.as_ref().err()?;
        Some(format!("attachment {}: {why}", file.ordinal))
    };
    let verdict = match whole.verdict {
        Verdict::Pass => "pass",
        Verdict::Redact => "redact",
        Verdict::Hold => "hold",
    };
    Screened {
        verdict: verdict.into(),
        language: language::detect(&request.text).to_owned(),
        masked: whole.verdict != Verdict::Pass,
        found,
        places: whole.found.iter().filter(told).take(PLACES).map(Found::place).collect(),
        unread: attached.iter().filter_map(unread).take(PLACES).collect(),
    }
}

fn answer(context: &StepContext<'_>, screened: &Screened) -> Transition {
    if screened.verdict != "hold" {
        return Transition::Next(done(screened));
    }
    match context.signal.map(serde_json::from_str::<Release>) {
        Some(Ok(Release { release: true, unmasked })) => {
            Transition::Next(done(&Screened { verdict: "released".into(), masked: !unmasked, ..screened.clone() }))
        }
        Some(Ok(Release { release: false, .. })) => Transition::Complete(Done::default()),
        Some(Err(_)) | None => {
            let kinds: Vec<&str> = screened.found.keys().map(String::as_str).collect();
            let places: Vec<&str> = screened.places.iter().map(String::as_str).collect();
            let fields = [("kinds", Field::Texts(&kinds)), ("places", Field::Texts(&places))];
            let body = Body::of(&fields).unwrap_or_else(|_| Body::empty());
            let mut done = done(screened);
            done.told = Some(Told { kind: "request.held", body });
            Transition::WaitFor { done, key: context.run.request.id.release_key(), until: None }
        }
    }
}

fn done(screened: &Screened) -> Done {
    Done { output: serde_json::to_string(screened).ok(), ..Done::default() }
}

impl Step for Screen {
    fn kind(&self) -> &'static str {
        "screen"
    }

    fn check(&self, with: &Value) -> Result<(), Problems> {
        super::no_settings(with)
    }

    fn run<'a>(&'a self, context: &'a StepContext<'a>) -> BoxFuture<'a, Result<Transition, StepError>> {
        Box::pin(self.decide(context))
    }
}
