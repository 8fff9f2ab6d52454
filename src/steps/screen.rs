//! `screen`: holds a request against its pilot's data boundary before anything else reads it. Passes, masks, or waits for a named
//! person. INVARIANT: what is held goes on only after a person released it, and then masked unless that person said otherwise.

use crate::brief::language;
use crate::engine::{Done, Step, StepContext, StepError, Transition};
use crate::receipt::{Body, Field};
use crate::screen::{Boundary, Verdict, screen};
use crate::store::Told;
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
    /// How many of each kind, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub found: BTreeMap<String, u32>,
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
}

impl Screen {
    /// With the boundary of each pilot.
    #[must_use]
    pub fn new(boundaries: Arc<BTreeMap<String, Boundary>>) -> Self {
        Self { boundaries }
    }

    fn decide(&self, context: &StepContext<'_>) -> Result<Transition, StepError> {
        let request = &context.run.request;
        let Some(boundary) = self.boundaries.get(&request.pilot) else {
            let message = format!("the pilot `{}` is not in the configuration; add it, then retry", request.pilot);
            return Err(StepError::Retryable { code: "OP-3210", message, after: None });
        };
        let screening = screen(&request.text, boundary);
        let mut found: BTreeMap<String, u32> = BTreeMap::new();
        for finding in &screening.findings {
            *found.entry(finding.kind.name().to_owned()).or_default() += 1;
        }
        let language = language::detect(&request.text).to_owned();
        if screening.verdict == Verdict::Hold {
            return match context.signal.map(serde_json::from_str::<Release>) {
                Some(Ok(Release { release: true, unmasked })) => Ok(Transition::Next(done(&Screened {
                    verdict: "released".into(),
                    language,
                    masked: !unmasked,
                    found,
                }))),
                Some(Ok(Release { release: false, .. })) => Ok(Transition::Complete(Done::default())),
                Some(Err(_)) | None => {
                    let kinds: Vec<&str> = found.keys().map(String::as_str).collect();
                    let body = Body::of(&[("kinds", Field::Texts(&kinds))]).unwrap_or_else(|_| Body::empty());
                    let mut done =
                        done(&Screened { verdict: "hold".into(), language, masked: true, found: found.clone() });
                    done.told = Some(Told { kind: "request.held", body });
                    Ok(Transition::WaitFor { done, key: request.id.release_key(), until: None })
                }
            };
        }
        let masked = screening.verdict == Verdict::Redact;
        let verdict = if masked { "redact" } else { "pass" };
        Ok(Transition::Next(done(&Screened { verdict: verdict.into(), language, masked, found })))
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
        Box::pin(std::future::ready(self.decide(context)))
    }
}
