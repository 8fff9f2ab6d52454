//! `draft`: makes a brief of a request, by the first generator of the pilot's chain that can. The embedded one needs neither network nor
//! key and never fails; others ask a model, within limits. INVARIANT: the text a generator sees is the screened one, every attempt is a new
//! revision, and a generator that does not draft is named with its reason in the brief that another made.

mod ask;
mod generators;
mod header;
mod job;
mod past;

pub use ask::{Made, Models, Payer, Put, Taken, Try};
pub use generators::{Generator, Generators};

use crate::brief::{self, Content};
use crate::clock::Clock;
use crate::domain::limit::AtLimit;
use crate::domain::pilot::Pilots;
use crate::engine::{Done, Step, StepContext, StepError, Transition};
use crate::receipt::{Body, Field};
use crate::screen::Boundary;
use crate::store::{Act, Draft as Drafted, Packed, Plant, Request, StoreError, Told};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use job::Job;
use opspilot_sdk::{Problems, json, sha256_hex};
use past::Past;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The generator within the program.
const EMBEDDED: &str = "embedded";
/// Nobody waits longer than this for a fault to pass while another generator could draft.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The step.
pub struct Draft {
    pilots: Pilots,
    boundaries: Arc<BTreeMap<String, Boundary>>,
    clock: Arc<dyn Clock>,
    models: Option<Models>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// `embedded`, whatever the pilot says.
    generator: Option<String>,
}

/// What a person said about a request that was held at a limit.
#[derive(Deserialize)]
struct Release {
    release: bool,
}

impl Draft {
    /// With the rules and boundary of each pilot; without models, the embedded generator drafts everything.
    #[must_use]
    pub fn new(
        pilots: Pilots,
        boundaries: Arc<BTreeMap<String, Boundary>>,
        clock: Arc<dyn Clock>,
        models: Option<Models>,
    ) -> Self {
        Self { pilots, boundaries, clock, models }
    }

    /// What the pilot's chain of generators asks, when it does not begin with the embedded one.
    fn models(&self, with: &Value, request: &Request) -> Option<&Models> {
        // What was drafted beforehand asks nobody.
        let pinned = with.get("generator").is_some() || request.planted.is_some();
        let pilot = self.pilots.get(&request.pilot).filter(|_| !pinned)?;
        let asks = pilot.generators.first().is_some_and(|first| first != EMBEDDED);
        self.models.as_ref().filter(|_| asks)
    }

    async fn make(&self, context: &StepContext<'_>) -> Result<Transition, StepError> {
        let request = &context.run.request;
        let missing = || StepError::Retryable {
            code: "OP-3210",
            message: format!("the pilot `{}` is not in the configuration; add it, then retry", request.pilot),
            after: None,
        };
        let pilot = self.pilots.get(&request.pilot).ok_or_else(missing)?;
        let boundary = self.boundaries.get(&request.pilot).ok_or_else(missing)?;
        let job = Job::of(context, pilot, boundary)?;
        if let Some(plant) = &request.planted {
            return planted(context, &job, plant);
        }
        let Some(models) = self.models(context.with, request) else {
            return Ok(self.embedded(context, &job, &Past::default()));
        };
        match context.signal.map(serde_json::from_str::<Release>) {
            Some(Ok(Release { release: false })) => Ok(Transition::Complete(Done::default())),
            _ => self.by_chain(context, &job, models).await,
        }
    }

    async fn by_chain(
        &self,
        context: &StepContext<'_>,
        job: &Job<'_>,
        models: &Models,
    ) -> Result<Transition, StepError> {
        let now = self.clock.now();
        let mine = context.outputs.get(context.name).filter(|_| context.signal.is_some());
        let mut past = Past::read(mine.map(String::as_str), now);
        let boundary = models.boundaries.get(&job.request.pilot).unwrap_or(job.boundary);
        let shown = job.shown(boundary);
        // Who may draft later, when nobody does now.
        let mut later: Option<Waiting> = None;
        for (place, name) in job.pilot.generators.iter().enumerate() {
            if name == EMBEDDED {
                return Ok(self.embedded(context, job, &past));
            }
            let Some(generator) = models.generators.get(name) else {
                past.give_up(name, "OP-7310");
                continue;
            };
            if past.is_given_up(name) {
                continue;
            }
            let outcome =
                models.ask(context.run, job, &shown, (place, generator), &mut past.cost).await.map_err(not_now)?;
            match outcome {
                Try::Made(made) => return Ok(self.made(context, job, generator, models, &made, &past)),
                Try::Unable { code } => past.give_up(name, code),
                Try::Shut { at, code, message } => {
                    past.pass_over(name, code);
                    later = at.map(|at| Waiting { at, code, message }).into_iter().fold(later, Waiting::sooner);
                }
                Try::Failed { code, message, after } => {
                    let wait = past.failed(name, code).max(after.unwrap_or_default());
                    let waiting = Waiting { at: until(now, wait), code, message };
                    if !past.is_given_up(name) && wait <= LONGEST_WAIT {
                        return Ok(waiting.snooze(&past));
                    }
                    later = Waiting::sooner(later, waiting);
                }
                Try::Limited { at: Some(at), code, message }
                    if job.pilot.at_limit == AtLimit::Wait || at <= until(now, LONGEST_WAIT) =>
                {
                    return Ok(Waiting { at, code, message }.snooze(&past));
                }
                Try::Limited { at, code, message } => {
                    if job.pilot.at_limit != AtLimit::FallBack {
                        return Ok(hold(context, &past, code));
                    }
                    past.pass_over(name, code);
                    later = at.map(|at| Waiting { at, code, message }).into_iter().fold(later, Waiting::sooner);
                }
            }
        }
        match later {
            Some(waiting) => Ok(waiting.snooze(&past)),
            None => Err(StepError::Retryable { code: "OP-7314", message: past.why_nobody(), after: None }),
        }
    }

    fn embedded(&self, context: &StepContext<'_>, job: &Job<'_>, past: &Past) -> Transition {
        let began = self.clock.now();
        let content = job.embedded();
        let took = self.clock.now().duration_since(began);
        observe(EMBEDDED, took.as_secs_f64());
        let header = header::embedded(u64::try_from(took.as_millis()).unwrap_or(0), past);
        drafted(context, job, EMBEDDED, &content, &header)
    }

    fn made(
        &self,
        context: &StepContext<'_>,
        job: &Job<'_>,
        generator: &Generator,
        models: &Models,
        made: &Made,
        past: &Past,
    ) -> Transition {
        let took = self.clock.now().duration_since(context.now);
        observe(generator.asked.name.clone(), took.as_secs_f64());
        let header = header::made(job, generator, models.template.hash(), made, past, context.now);
        drafted(context, job, &generator.asked.name, &made.accepted.content, &header)
    }
}

fn observe(generator: impl Into<metrics::SharedString>, secs: f64) {
    metrics::histogram!("opspilot_generator_seconds", "generator" => generator.into()).record(secs.max(0.0));
}

/// The bad draft of an attention check, as it was made beforehand.
fn planted(context: &StepContext<'_>, job: &Job<'_>, plant: &Plant) -> Result<Transition, StepError> {
    let unfit =
        |cause: String| StepError::Fatal { code: "OP-3211", message: format!("the planted draft is none: {cause}") };
    let content = Content::from_json(plant.content.as_bytes()).map_err(|cause| unfit(cause.to_string()))?;
    let header: brief::Generator = serde_json::from_str(&plant.generator).map_err(|cause| unfit(cause.to_string()))?;
    let name = header.name.clone().unwrap_or_else(|| header.kind.clone());
    Ok(drafted(context, job, &name, &content, &header))
}

/// The revision, and what is put down with it.
fn drafted(
    context: &StepContext<'_>,
    job: &Job<'_>,
    generator: &str,
    content: &Content,
    header: &brief::Generator,
) -> Transition {
    let bytes = content.to_bytes();
    let digest = sha256_hex(&bytes);
    let (number, attempt, brief) = (job.number, job.attempt, context.run.brief());
    let mut fields = vec![
        ("attempt", Field::Int(i64::from(attempt))),
        ("brief", Field::Text(brief.as_str())),
        ("digest", Field::Text(&digest)),
        ("generator", Field::Text(generator)),
        ("revision", Field::Int(i64::from(number))),
        ("screen", Field::Text(&job.screened.verdict)),
    ];
    fields.extend(header.model.as_deref().map(|model| ("model", Field::Text(model))));
    fields.extend(header.prompt_hash.as_deref().map(|prompt| ("prompt", Field::Text(prompt))));
    if header.cost_micros > 0 {
        fields.push(("cost_micros", Field::Int(header.cost_micros)));
    }
    let told = Told { kind: "brief.drafted", body: Body::of(&fields).unwrap_or_else(|_| Body::empty()) };
    let output = format!(r#"{{"revision":{number},"attempt":{attempt}}}"#);
    let act = Act::Draft(Drafted {
        number,
        attempt,
        digest,
        generator: serde_json::to_string(header).unwrap_or_default(),
        score: u32::from(content.priority.score.get()),
        risk: content.risk.level.as_str().to_owned(),
        content: Packed::of(&bytes),
        brief,
    });
    Transition::Next(Done { output: Some(output), acts: vec![act], told: Some(told) })
}

/// A run that goes on by itself.
struct Waiting {
    at: Timestamp,
    code: &'static str,
    message: String,
}

impl Waiting {
    fn sooner(one: Option<Self>, other: Self) -> Option<Self> {
        Some(one.filter(|one| one.at <= other.at).unwrap_or(other))
    }

    fn snooze(self, past: &Past) -> Transition {
        let done = Done { output: past.to_output(), ..Done::default() };
        Transition::Snooze { done, at: self.at, code: self.code, message: self.message }
    }
}

/// Waits for a named person.
fn hold(context: &StepContext<'_>, past: &Past, code: &'static str) -> Transition {
    let body = Body::of(&[("code", Field::Text(code))]).unwrap_or_else(|_| Body::empty());
    let told = Some(Told { kind: "request.limited", body });
    let done = Done { output: past.to_output(), told, ..Done::default() };
    Transition::WaitFor { done, key: context.run.request.id.release_key(), until: None }
}

fn until(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// The store could not be asked: nothing was reserved, nothing was called.
fn not_now(cause: StoreError) -> StepError {
    StepError::Retryable { code: "OP-3005", message: format!("the limits could not be asked: {cause}"), after: None }
}

impl Step for Draft {
    fn kind(&self) -> &'static str {
        "draft"
    }

    fn calls_out(&self, with: &Value, request: &Request) -> bool {
        self.models(with, request).is_some()
    }

    fn check(&self, with: &Value) -> Result<(), Problems> {
        let mut problems = Problems::new();
        match json::read_value::<Settings>(with) {
            Ok(Settings { generator: None }) => {}
            Ok(Settings { generator: Some(name) }) if name == EMBEDDED => {}
            Ok(Settings { generator: Some(name) }) => {
                let message = format!("a definition can name `{EMBEDDED}` alone, not `{name}` (OP-3201)");
                problems.add("generator", message, "leave it out: the pilot's `generators` say who drafts");
            }
            Err(cause) => problems.add(cause.field.as_str(), format!("{} (OP-3201)", cause.what), "leave `with` out"),
        }
        problems.or(())
    }

    fn run<'a>(&'a self, context: &'a StepContext<'a>) -> BoxFuture<'a, Result<Transition, StepError>> {
        Box::pin(self.make(context))
    }
}
