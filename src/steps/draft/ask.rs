//! One generator's try at a brief: the question, what it may cost, the answer, the check, and one repair. Own file because here money and
//! words from outside meet. INVARIANT: nothing is asked without a reservation for exactly that question, and every reservation that is
//! not dropped with this future is settled by what is known.

use super::generators::{Generator, Generators};
use super::job::{Job, Shown};
use crate::brief::answer::{Accepted, AnswerInput, Wrong, read};
use crate::brief::prompt::{Asked, PromptInput, Template};
use crate::clock::Entropy;
use crate::domain::id::RunId;
use crate::domain::money::Micros;
use crate::limit::{Admission, Asking, Health, Limits, Outcome, Trying};
use crate::screen::Boundary;
use crate::store::{ClaimedRun, StoreError};
use jiff::Timestamp;
use opspilot_sdk::{Answer, Charge, ConnectorError, ErrorKind, Finish, Unanswered, Usage};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a question may come to at most, in tokens: a text that is longer is trimmed in its middle.
const MOST_INPUT: u64 = 60_000;

/// What drafting by models needs.
pub struct Models {
    /// The generators.
    pub generators: Generators,
    /// What each pilot's models may see.
    pub boundaries: Arc<BTreeMap<String, Boundary>>,
    /// Rates and budgets.
    pub limits: Limits,
    /// What they are asked.
    pub template: Arc<Template>,
    /// Chance, for marks that nobody can guess.
    pub entropy: Arc<dyn Entropy>,
}

/// A brief that a model made, and what it took.
pub struct Made {
    /// The brief.
    pub accepted: Accepted,
    /// The model that answered.
    pub model: String,
    /// What it took.
    pub taken: Taken,
    /// Bytes of the request that the model did not see.
    pub left_out: u64,
}

/// What asking took, in all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// Tokens, where they were counted.
    pub usage: Usage,
    /// What is known to be spent.
    pub cost: Micros,
    /// Asking limits.
    pub limiter: Duration,
    /// At the far side.
    pub provider: Duration,
    /// Checking answers.
    pub check: Duration,
    /// Answers sent back.
    pub repairs: u32,
}

/// What a try came to.
pub enum Try {
    /// A brief.
    Made(Box<Made>),
    /// A limit: not before that time, if ever.
    Limited {
        /// When there may be room again; `None`: never by itself.
        at: Option<Timestamp>,
        /// Stable code.
        code: &'static str,
        /// Which limit.
        message: String,
    },
    /// The generator cannot be asked now, whoever asks.
    Shut {
        /// When it may be asked again; `None`: not before a person acts.
        at: Option<Timestamp>,
        /// Stable code.
        code: &'static str,
        /// Why.
        message: String,
    },
    /// A fault that passes: another try may do.
    Failed {
        /// Stable code.
        code: &'static str,
        /// What happened.
        message: String,
        /// Not before that long.
        after: Option<Duration>,
    },
    /// This generator does not draft this request, now or later.
    Unable {
        /// Stable code.
        code: &'static str,
    },
}

/// Who pays for a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Payer<'a> {
    /// A run, under the lease it is worked by, for its pilot.
    Run {
        /// The run.
        run: &'a RunId,
        /// The lease.
        epoch: i64,
        /// The pilot.
        pilot: &'a str,
        /// The client organisation.
        tenant: &'a str,
    },
    /// A person who tries a generator out.
    Trial {
        /// The name of the trial and of its budget.
        name: &'a str,
        /// What it may cost in all.
        most: Micros,
    },
}

/// What is put to a model, and what its answer is held against.
#[derive(Clone, Copy, Debug)]
pub struct Put<'a> {
    /// What is asked; the nonce and the room are filled in here.
    pub prompt: PromptInput<'a>,
    /// Where the request speaks to a program.
    pub instructions: &'a [Range<usize>],
    /// Who owns next actions.
    pub owner: &'a str,
}

impl Models {
    /// Asks one generator of the pilot's chain, with its place there, for a run. `cost` grows by what the calls came to, whatever becomes
    /// of them.
    pub(super) async fn ask(
        &self,
        run: &ClaimedRun,
        job: &Job<'_>,
        shown: &Shown,
        (place, generator): (usize, &Generator),
        cost: &mut Micros,
    ) -> Result<Try, StoreError> {
        let words: Vec<&str> = shown.words.iter().map(String::as_str).collect();
        let attachments = job.attachments(&shown.text);
        // By the place and not the name: two long names may begin alike, and no key is used twice.
        let key = format!("{}.{}.{place}", run.run, run.epoch);
        let prompt = PromptInput {
            text: &shown.text,
            subject: shown.subject.as_deref(),
            sender: shown.sender.as_deref(),
            organisation: shown.organisation.as_deref(),
            language: &job.screened.language,
            received_at: job.request.received_at,
            time_zone: &job.pilot.time_zone,
            attachments: &attachments,
            guidance: &words,
            context: job.pilot.context.as_deref().unwrap_or(""),
            playbook: job.pilot.playbook.as_deref().unwrap_or(""),
            nonce: [0; 16],
            key: &key,
            most_input: MOST_INPUT,
            max_output: generator.asked.max_output,
        };
        let put = Put { prompt, instructions: &shown.instructions, owner: &job.pilot.owner };
        let (pilot, tenant) = (job.pilot.name.as_str(), job.pilot.tenant.as_str());
        let payer = Payer::Run { run: &run.run, epoch: run.epoch, pilot, tenant };
        self.converse(&payer, put, generator, cost).await
    }

    /// One conversation: the question, the answer, the check, and one repair. `cost` grows by what the calls came to.
    ///
    /// # Errors
    /// [`StoreError`] when limits cannot be asked; nothing was called then.
    pub async fn converse(
        &self,
        payer: &Payer<'_>,
        put: Put<'_>,
        generator: &Generator,
        cost: &mut Micros,
    ) -> Result<Try, StoreError> {
        let mut nonce = [0; 16];
        self.entropy.fill(&mut nonce);
        let max_output = generator.asked.max_output;
        let prompt = PromptInput { nonce, most_input: MOST_INPUT, max_output, ..put.prompt };
        let mut asked = match self.template.ask(&prompt) {
            Ok(asked) => asked,
            Err(no_room) => {
                tracing::warn!(generator = generator.asked.name, error = %no_room, "a request cannot be put to this generator");
                return Ok(Try::Unable { code: "OP-7202" });
            }
        };
        let mut taken = Taken::default();
        loop {
            let answer = match self.call(payer, generator, &asked, &mut taken).await? {
                Ok(answer) => answer,
                Err(other) => {
                    *cost = plus(*cost, taken.cost);
                    return Ok(other);
                }
            };
            if answer.finish == Finish::Declined {
                *cost = plus(*cost, taken.cost);
                return Ok(Try::Unable { code: "OP-7213" });
            }
            let began = Instant::now();
            let outcome = check(&answer, &asked, &put);
            taken.check += began.elapsed();
            let wrong = match outcome {
                Ok(accepted) => {
                    *cost = plus(*cost, taken.cost);
                    let model = answer.model.unwrap_or_else(|| generator.model.model().to_owned());
                    let left_out = asked.seen.left_out().map_or(0, |left_out| left_out.bytes as u64);
                    return Ok(Try::Made(Box::new(Made { accepted, model, taken, left_out })));
                }
                Err(wrong) => wrong,
            };
            let code = wrong.first().map_or("OP-7210", |wrong| wrong.code);
            let problems = wrong.len();
            tracing::info!(
                generator = generator.asked.name,
                code,
                problems,
                call = asked.question.key,
                "an answer of a model was refused"
            );
            if !asked.repair(&answer.text, &wrong) {
                *cost = plus(*cost, taken.cost);
                return Ok(Try::Unable { code });
            }
            taken.repairs += 1;
        }
    }

    /// One call: reserved, made, settled.
    async fn call(
        &self,
        payer: &Payer<'_>,
        generator: &Generator,
        asked: &Asked,
        taken: &mut Taken,
    ) -> Result<Result<Answer, Try>, StoreError> {
        let question = &asked.question;
        let began = Instant::now();
        let (key, most_input, max_output) = (question.key.as_str(), question.most_input(), question.max_output);
        let asks = generator.asked.name.as_str();
        let admission = match *payer {
            Payer::Run { run, epoch, pilot, tenant } => {
                let asking = Asking { run, epoch, key, generator: asks, pilot, tenant, most_input, max_output };
                self.limits.admit(&asking).await?
            }
            Payer::Trial { name, most } => {
                let trying = Trying { name, most, key, generator: asks, most_input, max_output };
                self.limits.admit_trial(&trying).await?
            }
        };
        taken.limiter += began.elapsed();
        let reservation = match admission {
            Admission::Admitted(reservation) => reservation,
            Admission::Later { at, why } => {
                return Ok(Err(Try::Limited { at: Some(at), code: "OP-7305", message: why }));
            }
            Admission::Spent { budget, resets } => {
                return Ok(Err(Try::Limited { at: resets, code: "OP-7304", message: budget }));
            }
            Admission::Unavailable { code, until, why } => {
                return Ok(Err(Try::Shut { at: until, code, message: why }));
            }
        };
        let began = Instant::now();
        let answer = generator.model.ask(question).await;
        taken.provider += began.elapsed();
        let (outcome, result) = match answer {
            Ok(answer) => {
                let charge = answer.usage.map_or(Charge::Unknown, Charge::Counted);
                let received_bytes = answer.text.len() as u64;
                (Outcome { charge, sent_bytes: most_input, received_bytes, health: Health::Well }, Ok(answer))
            }
            Err(unanswered) => {
                let health = match unanswered.error.kind {
                    ErrorKind::RateLimited => Health::RateLimited(unanswered.error.retry_after),
                    ErrorKind::Rejected => Health::Well,
                    _ => Health::Failed,
                };
                let charge = unanswered.charge;
                (
                    Outcome { charge, sent_bytes: most_input, received_bytes: 0, health },
                    Err(self.unanswered(generator, unanswered)),
                )
            }
        };
        let settlement = self.limits.settle(reservation, outcome).await;
        taken.cost = plus(taken.cost, settlement.cost.unwrap_or(Micros::ZERO));
        if let (Some(usage), Some(_)) = (settlement.usage, settlement.cost) {
            taken.usage.input = taken.usage.input.saturating_add(usage.input);
            taken.usage.cached = taken.usage.cached.saturating_add(usage.cached);
            taken.usage.output = taken.usage.output.saturating_add(usage.output);
        }
        Ok(result)
    }

    fn unanswered(&self, generator: &Generator, unanswered: Unanswered) -> Try {
        let ConnectorError { kind, code, message, retry_after, .. } = unanswered.error;
        tracing::warn!(generator = generator.asked.name, code, message, "a model did not answer");
        match kind {
            ErrorKind::RateLimited | ErrorKind::Transient => Try::Failed { code, message, after: retry_after },
            ErrorKind::Unauthorised | ErrorKind::Misconfigured | ErrorKind::Rejected => Try::Unable { code },
        }
    }
}

/// Holds an answer against the request.
fn check(answer: &Answer, asked: &Asked, put: &Put<'_>) -> Result<Accepted, Vec<Wrong>> {
    let prompt = &put.prompt;
    let known: Vec<&str> = [prompt.subject, prompt.sender, prompt.organisation]
        .into_iter()
        .flatten()
        .chain(prompt.guidance.iter().copied())
        .collect();
    let input = AnswerInput {
        text: prompt.text,
        seen: &asked.seen,
        known: &known,
        instructions: put.instructions,
        owner: put.owner,
    };
    read(&answer.text, &input)
}

/// The sum, or the first where it is too large to count.
fn plus(one: Micros, other: Micros) -> Micros {
    one.plus(other).unwrap_or(one)
}
