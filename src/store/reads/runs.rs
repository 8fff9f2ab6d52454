//! Runs, their steps, and how many of everything there are.

use super::{Page, id, time};
use crate::domain::id::RunId;
use crate::domain::run::RunState;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// A run.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its name.
    pub id: RunId,
    /// The request it is about.
    pub request: String,
    /// Pilot it belongs to.
    pub pilot: String,
    /// Hash of the definition it is pinned to.
    pub definition: String,
    /// Where it stands.
    pub state: RunState,
    /// How urgent: 0 urgent, 1 somebody waits, 2 a pile.
    pub lane: i64,
    /// The step to do next, or the last one.
    pub step: String,
    /// Which attempt at this step.
    pub attempt: u32,
    /// When it is due, or stops waiting.
    pub due_at: Option<Timestamp>,
    /// What it waits for.
    pub wait_key: Option<String>,
    /// Code of the last error.
    pub code: Option<String>,
    /// The last error.
    pub message: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which runs.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Of this pilot.
    pub pilot: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// After this identifier, exclusive.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// A step that was done, or waits.
#[derive(Clone, Debug)]
pub struct StepRow {
    /// Place among the run's steps.
    pub ordinal: u32,
    /// Its name.
    pub name: String,
    /// Which attempt.
    pub attempt: u32,
    /// `done`, `pending` or `failed`.
    pub state: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it found, as JSON.
    pub output: Option<String>,
    /// Code of its error.
    pub code: Option<String>,
}

/// How many of everything, for metrics and the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests, all told.
    pub requests: i64,
    /// Runs that want a worker.
    pub available: i64,
    /// When the oldest of them was accepted, in microseconds.
    pub oldest_available: Option<i64>,
    /// Runs being worked on.
    pub running: i64,
    /// Runs that are tried again later.
    pub retryable: i64,
    /// Dead letters.
    pub discarded: i64,
    /// Runs a person must settle.
    pub uncertain: i64,
    /// Briefs that wait for people.
    pub undecided: i64,
    /// When the oldest of them first waited, in microseconds.
    pub oldest_undecided: Option<i64>,
}

macro_rules! run_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, request, pilot, definition, state, lane, step, attempt, due_at, wait_key, code, message, created_at, updated_at FROM run ",
            $rest
        )
    };
}

fn run_of(row: &Row) -> Result<RunRow, StoreError> {
    let word = row.text(4)?;
    Ok(RunRow {
        id: id(RunId::parse(&row.text(0)?))?,
        request: row.text(1)?,
        pilot: row.text(2)?,
        definition: row.text(3)?,
        state: RunState::parse(&word).ok_or_else(|| StoreError::corrupt(format!("run state `{word}`")))?,
        lane: row.int(5)?,
        step: row.text(6)?,
        attempt: row.small(7)?,
        due_at: row.maybe_int(8)?.map(time).transpose()?,
        wait_key: row.maybe_text(9)?,
        code: row.maybe_text(10)?,
        message: row.maybe_text(11)?,
        created_at: time(row.int(12)?)?,
        updated_at: time(row.int(13)?)?,
    })
}

impl Store {
    /// A run.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn run(&self, run: &RunId) -> Result<RunRow, StoreError> {
        let row = self.reader().await?.conn().row(run_sql!("WHERE id = $1"), values![run.as_str()]).await?;
        row.map_or_else(|| Err(StoreError::NotFound { what: "run", id: run.to_string() }), |row| run_of(&row))
    }

    /// Runs, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn runs(&self, filter: &RunFilter) -> Result<Page<RunRow>, StoreError> {
        let aside = matches!(filter.state.as_deref(), Some("discarded" | "uncertain" | "retryable" | "cancelled"));
        let sql = if aside {
            // The condition of the partial index, word for word: few failed among many that went well.
            run_sql!(
                "WHERE state IN ('discarded', 'uncertain', 'retryable', 'cancelled') AND state = $2 AND ($1 = '' OR pilot = $1) \
                 AND id < $3 ORDER BY id DESC LIMIT $4"
            )
        } else {
            run_sql!("WHERE ($1 = '' OR pilot = $1) AND ($2 = '' OR state = $2) AND id < $3 ORDER BY id DESC LIMIT $4")
        };
        let all = |text: &Option<String>| text.clone().unwrap_or_default();
        let after = filter.after.as_deref().unwrap_or("run_z");
        let row = values![all(&filter.pilot), all(&filter.state), after, i64::from(filter.limit) + 1];
        let rows = self.walker().await?.conn().rows(sql, row).await?;
        let items = rows.iter().map(run_of).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, filter.limit, |run| run.id.to_string()))
    }

    /// The steps of a run, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn steps(&self, run: &RunId) -> Result<Vec<StepRow>, StoreError> {
        let sql = "SELECT ordinal, name, attempt, state, started_at, ended_at, output, code FROM step WHERE run = $1 ORDER BY ordinal";
        let rows = self.reader().await?.conn().rows(sql, values![run.as_str()]).await?;
        let step = |row: &Row| {
            Ok(StepRow {
                ordinal: row.small(0)?,
                name: row.text(1)?,
                attempt: row.small(2)?,
                state: row.text(3)?,
                started_at: time(row.int(4)?)?,
                ended_at: row.maybe_int(5)?.map(time).transpose()?,
                output: row.maybe_text(6)?,
                code: row.maybe_text(7)?,
            })
        };
        rows.iter().map(step).collect()
    }

    /// Whether the time of some run has come.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_due(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM run WHERE due_at <= $1 AND state IN ('scheduled', 'retryable', 'pending') LIMIT 1";
        let rows = self.reader().await?.conn().rows(sql, values![self.now().as_microsecond()]).await?;
        Ok(!rows.is_empty())
    }

    /// The text of a definition.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn definition(&self, hash: &str) -> Result<Option<String>, StoreError> {
        let row = self.reader().await?.conn().row("SELECT text FROM definition WHERE hash = $1", values![hash]).await?;
        row.map(|row| row.text(0)).transpose()
    }

    /// How many runs want a worker now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_waiting(&self) -> Result<i64, StoreError> {
        let row = self.walker().await?.conn().row("SELECT count(*) FROM run WHERE state = 'available'", vec![]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// How many of everything.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tally(&self) -> Result<Tally, StoreError> {
        let mut reader = self.walker().await?;
        let mut conn = reader.conn();
        // Each count walks a partial index that holds only what is counted; SQLite finds it by its condition, word for word.
        let sql = "SELECT (SELECT count(*) FROM run WHERE state = 'available'), (SELECT MIN(created_at) FROM run WHERE state = 'available'), \
                   (SELECT count(*) FROM run WHERE state = 'running'), (SELECT count(*) FROM run WHERE state IN ('discarded', 'uncertain', 'retryable', 'cancelled') AND state = 'retryable'), \
                   (SELECT count(*) FROM run WHERE state IN ('discarded', 'uncertain', 'retryable', 'cancelled') AND state = 'discarded'), (SELECT count(*) FROM run WHERE state IN ('discarded', 'uncertain', 'retryable', 'cancelled') AND state = 'uncertain'), \
                   (SELECT count(*) FROM brief WHERE state IN ('open', 'amending', 'redrafting')), \
                   (SELECT MIN(opened_at) FROM brief WHERE state IN ('open', 'amending', 'redrafting')), (SELECT count(*) FROM request)";
        let row = conn.row(sql, vec![]).await?.ok_or_else(|| StoreError::corrupt("a count without a row"))?;
        Ok(Tally {
            available: row.int(0)?,
            oldest_available: row.maybe_int(1)?,
            running: row.int(2)?,
            retryable: row.int(3)?,
            discarded: row.int(4)?,
            uncertain: row.int(5)?,
            undecided: row.int(6)?,
            oldest_undecided: row.maybe_int(7)?,
            requests: row.int(8)?,
        })
    }
}
