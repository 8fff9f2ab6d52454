//! Advancing a run: the steps that were done, what they made, and where the run stands now, in one transaction. INVARIANT: fenced by
//! the lease's epoch; a worker that lost its lease changes nothing at all.

use crate::domain::id::{BriefId, RunId};
use crate::domain::run::RunState;
use crate::receipt::Body;
use crate::store::pack::Packed;
use crate::store::queue::Verb;
use crate::store::sql::{Many, Value, values};
use crate::store::tx::{Note, Tx};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use std::collections::HashSet;

/// Where a run goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Back to the queue, for this step.
    Available {
        /// The step.
        step: String,
    },
    /// This step, not before that time.
    Scheduled {
        /// The step.
        step: String,
        /// When.
        at: Timestamp,
        /// Code of what it waits for.
        code: String,
        /// What it waits for.
        message: String,
    },
    /// This step waits for a signal.
    Pending {
        /// The step.
        step: String,
        /// What a signal must name.
        key: String,
        /// Wake it anyway at that time.
        until: Option<Timestamp>,
    },
    /// This step failed and is tried again.
    Retryable {
        /// The step.
        step: String,
        /// When.
        at: Timestamp,
        /// Number of the coming attempt.
        attempt: u32,
        /// Code of the error.
        code: String,
        /// What happened.
        message: String,
    },
    /// This step's effect has no known outcome.
    Uncertain {
        /// The step.
        step: String,
        /// What is not known.
        message: String,
    },
    /// Done.
    Completed,
    /// Given up: a dead letter.
    Discarded {
        /// The step.
        step: String,
        /// Code of the error.
        code: String,
        /// What happened.
        message: String,
    },
}

impl Next {
    /// The state that the run takes.
    #[must_use]
    pub fn state(&self) -> RunState {
        match self {
            Self::Available { .. } => RunState::Available,
            Self::Scheduled { .. } => RunState::Scheduled,
            Self::Pending { .. } => RunState::Pending,
            Self::Retryable { .. } => RunState::Retryable,
            Self::Uncertain { .. } => RunState::Uncertain,
            Self::Completed => RunState::Completed,
            Self::Discarded { .. } => RunState::Discarded,
        }
    }
}

/// One step as it was done, or as it waits.
#[derive(Clone, Debug)]
pub struct StepDone {
    /// Place among the run's steps, from 1.
    pub ordinal: u32,
    /// Its name in the definition.
    pub name: String,
    /// Which attempt this was.
    pub attempt: u32,
    /// `done`, `pending` or `failed`.
    pub state: &'static str,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended, unless it waits.
    pub ended_at: Option<Timestamp>,
    /// What it found, as JSON, for later steps and for people.
    pub output: Option<String>,
    /// Code of the error, when it failed.
    pub code: Option<String>,
}

/// A drafted revision.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The brief.
    pub brief: BriefId,
    /// Number of the revision, from 1.
    pub number: u32,
    /// Which attempt of the generator, from 1.
    pub attempt: u32,
    /// Digest of the content.
    pub digest: String,
    /// The content, of which the canonical bytes are kept.
    pub content: Packed,
    /// How it was made, as JSON.
    pub generator: String,
    /// Priority, 0 to 100.
    pub score: u32,
    /// Risk level.
    pub risk: String,
}

/// What a step makes besides its output.
#[derive(Clone, Debug)]
pub enum Act {
    /// A revision that now waits for people.
    Draft(Draft),
}

/// What the receipt says.
#[derive(Clone, Debug)]
pub struct Told {
    /// Kind of receipt.
    pub kind: &'static str,
    /// What is particular to it.
    pub body: Body,
}

/// One commit of a worker.
#[derive(Clone, Debug)]
pub struct Advance {
    /// The run.
    pub run: RunId,
    /// Its request, tenant and pilot, for the receipt.
    pub request: std::sync::Arc<crate::store::Request>,
    /// The lease it was worked under.
    pub epoch: i64,
    /// Steps done.
    pub steps: Vec<StepDone>,
    /// Step rows after this commit.
    pub steps_after: u32,
    /// What they made.
    pub acts: Vec<Act>,
    /// Where it stands now.
    pub next: Next,
    /// What woke it was not used up by these steps: the next attempt must find it again.
    pub keeps_signal: bool,
    /// The receipt.
    pub told: Told,
    /// When.
    pub at: Timestamp,
}

static UPDATE_RUN: Many = Many {
    before: "WITH v (id, epoch, state, step, attempt, steps, due_at, wait_key, keeps, code, message, updated_at) AS (VALUES",
    columns: &[
        "TEXT", "BIGINT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "TEXT", "BIGINT", "TEXT", "TEXT", "BIGINT",
    ],
    after: ") UPDATE run SET state = v.state, step = COALESCE(v.step, run.step), attempt = v.attempt, steps = v.steps, due_at = v.due_at, \
            wait_key = v.wait_key, signal = CASE WHEN v.keeps = 1 THEN run.signal END, lessee = NULL, lease_until = NULL, code = v.code, \
            message = v.message, updated_at = v.updated_at FROM v WHERE run.id = v.id AND run.epoch = v.epoch AND run.state = 'running' \
            RETURNING run.id, run.epoch",
};
static INSERT_STEP: Many = Many {
    before: "INSERT INTO step (run, ordinal, name, attempt, state, started_at, ended_at, output, code) VALUES",
    columns: &["", "", "", "", "", "", "", "", ""],
    after: " ON CONFLICT (run, ordinal) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at, output = excluded.output, \
            code = excluded.code",
};
static INSERT_REVISION: Many = Many {
    before: "INSERT INTO revision (brief, number, digest, author, generator, content, at) VALUES",
    columns: &["", "", "", "", "", "", ""],
    after: "",
};
static INSERT_BRIEF: Many = Many {
    before: "INSERT INTO brief (id, pilot, tenant, state, version, revision, digest, attempt, score, risk, accepted_at, opened_at, updated_at, planted) VALUES",
    columns: &["", "", "", "", "", "", "", "", "", "", "", "", "", ""],
    // A further attempt opens the brief again; only one that is being redrafted, so that no hand-made revision is ever buried.
    after: " ON CONFLICT (id) DO UPDATE SET state = 'open', version = brief.version + 1, revision = excluded.revision, \
            digest = excluded.digest, attempt = excluded.attempt, score = excluded.score, risk = excluded.risk, \
            updated_at = excluded.updated_at WHERE brief.state = 'redrafting'",
};

impl Verb for Advance {
    type Out = ();

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        // A late worker may stand in one batch with the one that took over: the epoch tells them apart, here as in the statement.
        let mut leases = HashSet::new();
        let first: Vec<bool> = items.iter().map(|item| leases.insert((item.run.as_str(), item.epoch))).collect();
        let runs = items.iter().zip(&first).filter(|(_, first)| **first).flat_map(|(item, _)| run_row(item)).collect();
        let rows = tx.conn.rows_many(&UPDATE_RUN, runs).await?;
        let advanced: HashSet<(String, i64)> =
            rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect::<Result<_, StoreError>>()?;
        let held: Vec<bool> = items
            .iter()
            .zip(first)
            .map(|(item, first)| first && advanced.contains(&(item.run.to_string(), item.epoch)))
            .collect();
        let (mut steps, mut revisions, mut briefs) = (Vec::new(), Vec::new(), Vec::new());
        for (item, _) in items.iter().zip(&held).filter(|(_, held)| **held) {
            for step in &item.steps {
                steps.extend(step_row(item, step));
            }
            for Act::Draft(draft) in &item.acts {
                let at = item.at.as_microsecond();
                let (brief, digest) = (draft.brief.as_str(), &draft.digest);
                revisions.extend(values![
                    brief,
                    draft.number,
                    digest,
                    "generator",
                    &draft.generator,
                    &draft.content.0[..],
                    at
                ]);
                let (pilot, tenant) = (&item.request.pilot, &item.request.tenant);
                let first = values![
                    brief,
                    pilot,
                    tenant,
                    "open",
                    1i64,
                    draft.number,
                    digest,
                    draft.attempt,
                    draft.score,
                    &draft.risk,
                    item.request.accepted_at.as_microsecond(),
                    at,
                    at,
                    i64::from(item.request.planted.is_some())
                ];
                briefs.extend(first);
            }
            tx.wakes |= matches!(item.next, Next::Available { .. });
            let note = Note {
                at: item.at,
                kind: item.told.kind,
                tenant: &item.request.tenant,
                pilot: Some(&item.request.pilot),
                subject: item.request.id.as_str(),
                actor: item.run.as_str(),
            };
            tx.receipt(&note, &item.told.body)?;
        }
        let opened = u64::try_from(briefs.len() / INSERT_BRIEF.columns.len()).unwrap_or(0);
        tx.conn.run_many(&INSERT_STEP, steps).await?;
        tx.conn.run_many(&INSERT_REVISION, revisions).await?;
        if tx.conn.run_many(&INSERT_BRIEF, briefs).await? != opened {
            // Fenced by the epoch, this cannot be; if it is, nothing of the batch may stand.
            return Err(StoreError::Conflict {
                what: "a brief that people work on would have been redrafted; nothing was changed".into(),
            });
        }
        Ok(held.into_iter().map(|held| if held { Ok(()) } else { Err(StoreError::Stale { what: "run" }) }).collect())
    }
}

fn run_row(item: &Advance) -> Vec<Value<'_>> {
    let mut step: Option<&str> = None;
    let (mut due, mut key, mut attempt) = (None, None, 1i64);
    let (mut code, mut message) = (None, None);
    match &item.next {
        Next::Available { step: of_step } => step = Some(of_step),
        Next::Scheduled { step: of_step, at, code: of, message: text } => {
            (step, due) = (Some(of_step.as_str()), Some(at.as_microsecond()));
            (code, message) = (Some(of.as_str()), Some(text.as_str()));
        }
        Next::Pending { step: of_step, key: wait, until } => {
            (step, key, due) = (Some(of_step.as_str()), Some(wait.as_str()), until.map(Timestamp::as_microsecond));
        }
        Next::Retryable { step: of_step, at, attempt: coming, code: of, message: text } => {
            (step, due, attempt) = (Some(of_step.as_str()), Some(at.as_microsecond()), i64::from(*coming));
            (code, message) = (Some(of.as_str()), Some(text.as_str()));
        }
        Next::Uncertain { step: of_step, message: text } => {
            (step, message) = (Some(of_step.as_str()), Some(text.as_str()))
        }
        Next::Completed => {}
        Next::Discarded { step: of_step, code: of, message: text } => {
            (step, code, message) = (Some(of_step.as_str()), Some(of.as_str()), Some(text.as_str()));
        }
    }
    let state = item.next.state().as_str();
    let keeps = i64::from(item.keeps_signal);
    values![
        item.run.as_str(),
        item.epoch,
        state,
        step,
        attempt,
        item.steps_after,
        due,
        key,
        keeps,
        code,
        message,
        item.at.as_microsecond()
    ]
}

fn step_row<'v>(item: &'v Advance, step: &'v StepDone) -> Vec<Value<'v>> {
    let ended = step.ended_at.map(Timestamp::as_microsecond);
    let (ordinal, started) = (step.ordinal, step.started_at.as_microsecond());
    values![item.run.as_str(), ordinal, &step.name, step.attempt, step.state, started, ended, &step.output, &step.code]
}

impl Store {
    /// Commits what a worker did.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the lease was lost: nothing was changed, whoever holds it now goes on.
    pub async fn advance(&self, advance: Advance) -> Result<(), StoreError> {
        self.submit_patiently(advance).await
    }
}
