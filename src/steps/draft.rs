//! `draft`: makes a brief of a request. The embedded generator needs neither network nor key; others are connectors and stand beside it
//! by name. INVARIANT: the text a generator sees is the screened one, and every attempt is a new revision.

use super::Screened;
use crate::brief::{Content, DraftInput, Generator, draft};
use crate::clock::Clock;
use crate::domain::pilot::{Pilot, Pilots};
use crate::engine::{Done, Step, StepContext, StepError, Transition};
use crate::receipt::{Body, Field};
use crate::screen::{Boundary, screen};
use crate::store::{Act, Draft as Drafted, Told};
use futures_util::future::BoxFuture;
use opspilot_sdk::{Problems, sha256_hex};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The step.
pub struct Draft {
    pilots: Pilots,
    boundaries: Arc<BTreeMap<String, Boundary>>,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    generator: String,
}

/// What review told the next attempt.
#[derive(Default, Deserialize)]
struct Redraft {
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    revision: u32,
    #[serde(default)]
    attempt: u32,
}

impl Draft {
    /// With the rules and boundary of each pilot.
    #[must_use]
    pub fn new(pilots: Pilots, boundaries: Arc<BTreeMap<String, Boundary>>, clock: Arc<dyn Clock>) -> Self {
        Self { pilots, boundaries, clock }
    }

    fn make(&self, context: &StepContext<'_>) -> Result<Transition, StepError> {
        let request = &context.run.request;
        let missing = || StepError::Retryable {
            code: "OP-3210",
            message: format!("the pilot `{}` is not in the configuration; add it, then retry", request.pilot),
            after: None,
        };
        let pilot = self.pilots.get(&request.pilot).ok_or_else(missing)?;
        let boundary = self.boundaries.get(&request.pilot).ok_or_else(missing)?;
        let screened: Screened =
            context.outputs.get("screen").and_then(|output| serde_json::from_str(output).ok()).ok_or_else(|| {
                let message = "there is no screening to draft upon; put a `screen` step before".to_owned();
                StepError::Fatal { code: "OP-3211", message }
            })?;
        let redraft: Redraft =
            context.outputs.get("review").and_then(|output| serde_json::from_str(output).ok()).unwrap_or_default();
        let text =
            if screened.masked { screen(&request.text, boundary).text } else { Cow::Borrowed(request.text.as_str()) };
        let began = self.clock.now();
        let content = write(context, pilot, &text, &screened.language, &redraft.words);
        let latency = self.clock.now().as_millisecond().saturating_sub(began.as_millisecond()).try_into().unwrap_or(0);
        metrics::histogram!("opspilot_generator_seconds", "generator" => "embedded")
            .record(self.clock.now().duration_since(began).as_secs_f64().max(0.0));
        let bytes = content.to_bytes();
        let digest = sha256_hex(&bytes);
        let (number, attempt) = (redraft.revision + 1, redraft.attempt.max(1));
        let generator = serde_json::to_string(&Generator::embedded(latency)).unwrap_or_default();
        let brief = context.run.brief();
        let fields = [
            ("attempt", Field::Int(i64::from(attempt))),
            ("brief", Field::Text(brief.as_str())),
            ("digest", Field::Text(&digest)),
            ("generator", Field::Text("embedded")),
            ("revision", Field::Int(i64::from(number))),
            ("screen", Field::Text(&screened.verdict)),
        ];
        let told = Told { kind: "brief.drafted", body: Body::of(&fields).unwrap_or_else(|_| Body::empty()) };
        let output = format!(r#"{{"revision":{number},"attempt":{attempt}}}"#);
        let act = Act::Draft(Drafted {
            number,
            attempt,
            digest,
            generator,
            score: u32::from(content.priority.score.get()),
            risk: content.risk.level.as_str().to_owned(),
            content: bytes,
            brief,
        });
        Ok(Transition::Next(Done { output: Some(output), acts: vec![act], told: Some(told) }))
    }
}

fn write(context: &StepContext<'_>, pilot: &Pilot, text: &str, language: &str, words: &[String]) -> Content {
    let request = &context.run.request;
    let guidance: Vec<&str> = words.iter().map(String::as_str).collect();
    // The text begins with the subject; taken from there, it has the text's masks.
    let subject = request.subject.as_ref().and_then(|subject| text.get(..subject.len()));
    let attachments = vec!["attachment"; usize::try_from(request.attachments).unwrap_or(0)];
    draft(&DraftInput {
        text,
        subject,
        sender: request.sender_name.as_deref(),
        organisation: request.organisation.as_deref(),
        language,
        received_at: request.received_at,
        time_zone: &pilot.time_zone,
        attachments: &attachments,
        guidance: &guidance,
        owner: &pilot.owner,
    })
}

impl Step for Draft {
    fn kind(&self) -> &'static str {
        "draft"
    }

    fn check(&self, with: &Value) -> Result<(), Problems> {
        let mut problems = Problems::new();
        match serde_json::from_value::<Settings>(with.clone()) {
            Ok(settings) if settings.generator == "embedded" => {}
            Ok(settings) => {
                let message = format!("there is no generator `{}` (OP-3201)", settings.generator);
                problems.add("generator", message, "use `embedded`");
            }
            Err(cause) => problems.add("", format!("{cause} (OP-3201)"), "write `with = { generator = \"embedded\" }`"),
        }
        problems.or(())
    }

    fn run<'a>(&'a self, context: &'a StepContext<'a>) -> BoxFuture<'a, Result<Transition, StepError>> {
        Box::pin(std::future::ready(self.make(context)))
    }
}
