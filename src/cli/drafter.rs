//! Drafting at the command line: by which rules, by which generator, at whose cost. Own file because trying out one file and evaluating
//! a thousand must do the same. INVARIANT: a model is shown what the pilot's models may see and no more; nothing is asked without the
//! limits, and a trial has a budget that was named on the command line.

use super::failure::{Failure, Status};
use super::setup::{Setup, refused};
use crate::brief::answer::Correction;
use crate::brief::prompt::PromptInput;
use crate::brief::{self, Content, DraftInput, Generator, Latency, MOST_CORRECTIONS, Tokens, language};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Settings;
use crate::daemon::{House, try_generator};
use crate::domain::money::Micros;
use crate::intake::{self, Reading};
use crate::screen::{Boundary, BoundaryOptions, Kind, Screener, find, screen};
use crate::steps::{Made, Models, Payer, Put, Try};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use std::time::Duration;

/// The generator within the program.
pub(super) const EMBEDDED: &str = "embedded";
/// A fault that passes is waited out this often.
const TRIES: u32 = 3;
/// First wait after one.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// Nobody waits longer than this for a rate at once.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// The rules of a pilot, or those of one that sets none.
pub(super) struct Drafter {
    boundary: Boundary,
    model: Boundary,
    time_zone: TimeZone,
    owner: String,
    context: String,
    playbook: String,
}

impl Drafter {
    /// By the rules of a pilot of the configuration, or by those a pilot has that sets none.
    ///
    /// # Errors
    /// When the configuration cannot be read or has no such pilot.
    pub(super) fn new(setup: &Setup, pilot: Option<&str>) -> Result<Self, Failure> {
        match pilot {
            Some(name) => Self::of(&setup.settings()?, name),
            None => Self::bare(),
        }
    }

    /// By the rules that a pilot has that sets none.
    pub(super) fn bare() -> Result<Self, Failure> {
        let boundary = Boundary::from_options(&BoundaryOptions::default(), "boundary").map_err(|problems| {
            Failure::failed(problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; "))
        })?;
        Ok(Self {
            model: boundary.clone(),
            boundary,
            time_zone: TimeZone::UTC,
            owner: "the team".to_owned(),
            context: String::new(),
            playbook: String::new(),
        })
    }

    /// By the rules of a pilot.
    pub(super) fn of(settings: &Settings, name: &str) -> Result<Self, Failure> {
        let no_pilot = || Failure::from(intake::IntakeError::NoPilot { pilot: name.to_owned() });
        let pilot = settings.pilots.iter().find(|pilot| pilot.name == name).ok_or_else(no_pilot)?;
        let boundary = settings.boundaries.get(name).cloned().ok_or_else(no_pilot)?;
        let model = settings.model_boundaries.get(name).cloned().unwrap_or_else(|| boundary.clone());
        let words = |words: &Option<String>| words.clone().unwrap_or_default();
        Ok(Self {
            boundary,
            model,
            time_zone: pilot.time_zone.clone(),
            owner: pilot.owner.clone(),
            context: words(&pilot.context),
            playbook: words(&pilot.playbook),
        })
    }

    /// The data boundary it goes by.
    pub(super) fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    /// Drafts within the program as the daemon would, from the screened text. Gives the content and that text.
    pub(super) fn draft(&self, reading: &Reading, received_at: Timestamp) -> (Content, String) {
        let screening = screen(&reading.text, &self.boundary);
        let subject = reading.subject.as_ref().and_then(|subject| screening.text.get(..subject.len()));
        let attachments = vec!["attachment"; reading.attachments];
        let content = brief::draft(&DraftInput {
            text: &screening.text,
            subject,
            sender: reading.sender_name.as_deref(),
            organisation: reading.organisation.as_deref(),
            language: language::detect(&reading.text),
            received_at,
            time_zone: &self.time_zone,
            attachments: &attachments,
            guidance: &[],
            owner: &self.owner,
        });
        (content, screening.text.into_owned())
    }
}

/// Who drafts.
pub(super) enum Maker {
    /// The program itself.
    Embedded,
    /// A model.
    Model(Box<Trial>),
}

/// A generator that is tried out, and its purse.
pub(super) struct Trial {
    models: Models,
    name: String,
    purse: String,
    most: Micros,
}

/// A draft, and what it took.
pub(super) struct Drafted {
    /// The brief, or the code of why there is none.
    pub(super) content: Result<Content, &'static str>,
    /// The text that its quotes point into.
    pub(super) text: String,
    /// How it came about.
    pub(super) generator: Generator,
    /// From asking to the brief, waits for limits left out.
    pub(super) took: Duration,
}

/// Nothing more can be drafted.
pub(super) struct Stopped(pub(super) String);

impl Maker {
    /// The named generator. What costs needs `usd`, the most that may be spent in all.
    ///
    /// # Errors
    /// `OP-7401` no such generator, `OP-7402` no budget for one that costs; what is wrong with its key or its prompts.
    pub(super) fn new(house: &House, name: &str, prompts: Option<&Path>, usd: Option<Micros>) -> Result<Self, Failure> {
        if name == EMBEDDED {
            return Ok(Self::Embedded);
        }
        let models = try_generator(house, name, prompts).map_err(|cause| refused(&cause))?;
        let found = models.and_then(|models| models.generators.get(name).cloned().map(|generator| (models, generator)));
        let Some((models, generator)) = found else {
            let known: Vec<&str> =
                house.settings.generators.iter().map(|generator| generator.asked.name.as_str()).collect();
            let known = [&[EMBEDDED], known.as_slice()].concat().join("`, `");
            let message = format!("there is no generator `{name}`; name one of `{known}` (OP-7401)");
            return Err(Failure::usage(message));
        };
        let free = generator.asked.price.is_free();
        let Some(most) = usd.or_else(|| free.then_some(Micros::ZERO)) else {
            let message = format!(
                "the generator `{name}` costs money; say what this may cost at most, such as `--usd 1.00` (OP-7402)"
            );
            return Err(Failure::usage(message));
        };
        let purse = format!("eval:{}", house.clock.now().strftime("%Y%m%dT%H%M%S%.6fZ"));
        Ok(Self::Model(Box::new(Trial { models, name: name.to_owned(), purse, most })))
    }

    /// How many drafts may be made at once.
    pub(super) fn parallel(&self) -> usize {
        match self {
            Self::Embedded => 1,
            Self::Model(trial) => {
                let parallel = trial.models.generators.get(&trial.name).map_or(1, |generator| generator.asked.parallel);
                usize::try_from(parallel).unwrap_or(1).clamp(1, 16)
            }
        }
    }

    /// SHA-256 of the templates of its questions.
    pub(super) fn prompt_hash(&self) -> Option<&str> {
        match self {
            Self::Embedded => None,
            Self::Model(trial) => Some(trial.models.template.hash()),
        }
    }

    /// Drafts one request; `key` names it among those of this maker.
    ///
    /// # Errors
    /// When the budget is used up or the generator cannot be asked: the next would fare no better.
    pub(super) async fn draft(
        &self,
        by: &Drafter,
        reading: &Reading,
        received_at: Timestamp,
        key: usize,
    ) -> Result<Drafted, Stopped> {
        match self {
            Self::Embedded => {
                let began = SystemClock.now();
                let (content, text) = by.draft(reading, received_at);
                let took = Duration::try_from(SystemClock.now().duration_since(began)).unwrap_or_default();
                let millis = u64::try_from(took.as_millis()).unwrap_or(0);
                Ok(Drafted { content: Ok(content), text, generator: Generator::embedded(millis), took })
            }
            Self::Model(trial) => trial.draft(by, reading, received_at, key).await,
        }
    }
}

impl Trial {
    async fn draft(
        &self,
        by: &Drafter,
        reading: &Reading,
        received_at: Timestamp,
        key: usize,
    ) -> Result<Drafted, Stopped> {
        let mut screener = Screener::for_model(&by.boundary, &by.model);
        let text = screener.screen(&reading.text).text.into_owned();
        let subject = reading.subject.as_ref().and_then(|subject| text.get(..subject.len()));
        let sender = reading.sender_name.as_ref().map(|sender| screener.screen(sender).text.into_owned());
        let organisation = reading.organisation.as_ref().map(|name| screener.screen(name).text.into_owned());
        let instructions: Vec<_> = find(&reading.text)
            .into_iter()
            .filter(|finding| finding.kind == Kind::Instruction)
            .map(|finding| finding.start..finding.end)
            .collect();
        let attachments = vec!["attachment"; reading.attachments];
        let generator = self.models.generators.get(&self.name).ok_or_else(|| Stopped("it is gone".to_owned()))?;
        let payer = Payer::Trial { name: &self.purse, most: self.most };
        let mut cost = Micros::ZERO;
        let (mut fails, mut attempt) = (0, 0_u32);
        loop {
            attempt += 1;
            let key = format!("{}.{key}.{attempt}", self.purse);
            let prompt = PromptInput {
                text: &text,
                subject,
                sender: sender.as_deref(),
                organisation: organisation.as_deref(),
                language: language::detect(&reading.text),
                received_at,
                time_zone: &by.time_zone,
                attachments: &attachments,
                guidance: &[],
                context: &by.context,
                playbook: &by.playbook,
                nonce: [0; 16],
                key: &key,
                most_input: 0,
                max_output: 0,
            };
            let put = Put { prompt, instructions: &instructions, owner: &by.owner };
            let tried = self.models.converse(&payer, put, generator, &mut cost).await;
            let tried = tried.map_err(|cause| Stopped(format!("the limits could not be asked: {cause}")))?;
            match tried {
                Try::Made(made) => {
                    let took = made.taken.limiter + made.taken.provider + made.taken.check;
                    let generator = self.header(&generator.kind, Some(&made), cost);
                    return Ok(Drafted { content: Ok(made.accepted.content), text, generator, took });
                }
                Try::Unable { code } => {
                    let generator = self.header(&generator.kind, None, cost);
                    return Ok(Drafted { content: Err(code), text, generator, took: Duration::ZERO });
                }
                Try::Limited { at: Some(at), code: "OP-7305", .. } => {
                    let wait = at.duration_since(SystemClock.now()).clamp(SignedDuration::ZERO, LONGEST_WAIT);
                    tokio::time::sleep(wait.unsigned_abs()).await;
                }
                Try::Limited { code, message, .. } | Try::Shut { code, message, .. } => {
                    return Err(Stopped(with_code(&message, code)));
                }
                Try::Failed { code, message, after } => {
                    fails += 1;
                    if fails >= TRIES {
                        tracing::warn!(code, message, "a model did not answer");
                        let generator = self.header(&generator.kind, None, cost);
                        return Ok(Drafted { content: Err(code), text, generator, took: Duration::ZERO });
                    }
                    tokio::time::sleep(after.unwrap_or_default().max(FIRST_WAIT * fails)).await;
                }
            }
        }
    }

    fn header(&self, kind: &str, made: Option<&Made>, cost: Micros) -> Generator {
        let bare = Generator {
            kind: kind.to_owned(),
            name: Some(self.name.clone()),
            prompt_hash: Some(self.models.template.hash().to_owned()),
            cost_micros: cost.get(),
            ..Generator::default()
        };
        let Some(made) = made else { return bare };
        let taken = &made.taken;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let corrections: Vec<Correction> = made.accepted.corrections.iter().take(MOST_CORRECTIONS).cloned().collect();
        let counted = taken.usage.input > 0 || taken.usage.output > 0;
        Generator {
            model: Some(made.model.clone()),
            latency_ms: millis(taken.limiter + taken.provider + taken.check),
            latency: Some(Latency {
                queue_ms: 0,
                limiter_ms: millis(taken.limiter),
                provider_ms: millis(taken.provider),
                check_ms: millis(taken.check),
            }),
            tokens: counted.then_some(Tokens {
                input: taken.usage.input,
                cached: taken.usage.cached,
                output: taken.usage.output,
            }),
            repairs: taken.repairs,
            corrections,
            missing_sections: made.accepted.missing.iter().map(|section| (*section).to_owned()).collect(),
            left_out_bytes: made.left_out,
            ..bare
        }
    }
}

fn with_code(message: &str, code: &str) -> String {
    if message.contains(code) { message.to_owned() } else { format!("{message} ({code})") }
}

/// How a command ends that could not draft everything.
pub(super) fn stopped(stopped: &Stopped, done: usize, of: usize) -> Failure {
    let message = format!("only {done} of {of} were drafted: {}; what is above counts those (OP-7403)", stopped.0);
    Failure::new(Status::Incomplete, message)
}
