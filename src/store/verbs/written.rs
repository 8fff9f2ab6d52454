//! What became of writes. INVARIANT: an outcome counts for the attempt it is of; a write that may have been sent by a daemon that died waits
//! to be looked for, and is never taken for unsent; what was taken back is undone in the same transaction.

use super::writing::{Doer, load, tell_write};
use crate::domain::id::WriteId;
use crate::domain::writeback::WriteState;
use crate::receipt::Field;
use crate::store::queue::{Verb, one_by_one};
use crate::store::reads::{write_of, write_sql};
use crate::store::sql::{Many, values};
use crate::store::tx::Tx;
use crate::store::{Store, StoreError, WriteRow};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashSet;

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum WriteOutcome {
    /// The far side shows it.
    Written {
        /// The far side's own name for it, where it is known.
        far_id: Option<String>,
        /// What it shows; JSON `null`: nothing is there any more.
        after: Value,
        /// What it said.
        said: Option<String>,
    },
    /// Tried again then.
    Later {
        /// When.
        due: Timestamp,
        /// Code.
        code: String,
        /// Why.
        message: String,
        /// It may have been done: it must be looked for first.
        maybe: bool,
        /// The attempt failed, rather than that the far side asked for a pause.
        failed: bool,
        /// The far side's own name for it, where it told.
        far_id: Option<String>,
    },
    /// The far side does not take it: it is certainly not done.
    Refused {
        /// Code.
        code: String,
        /// Why.
        message: String,
    },
    /// Nobody knows, and the far side cannot tell.
    Uncertain {
        /// Code.
        code: String,
        /// Why.
        message: String,
        /// The far side's own name for it, where it told.
        far_id: Option<String>,
    },
    /// The gate is shut.
    Blocked {
        /// Code of the first obstacle.
        code: String,
        /// The obstacles.
        message: String,
        /// An earlier attempt may have done it, and nobody has looked since.
        maybe: bool,
    },
    /// An undo: the thing is not as it was left.
    Differs {
        /// What the far side shows now.
        now: Value,
        /// Code.
        code: String,
        /// What differs.
        message: String,
    },
}

/// Puts down what became of an attempt.
#[derive(Clone, Debug)]
pub struct SettleWrite {
    /// The write.
    pub id: WriteId,
    /// Which attempt.
    pub attempt: u32,
    /// What became of it.
    pub outcome: WriteOutcome,
    /// When.
    pub at: Timestamp,
}

/// Puts back what dead daemons held.
#[derive(Clone, Debug)]
struct RescueWrites {
    /// Whoever held them: this is the only daemon, and it has just started.
    all: bool,
    at: Timestamp,
}

one_by_one!(RescueWrites, u64, rescue_writes);

static SETTLE: Many = Many {
    before: "WITH v (id, attempt, was, state, maybe, failed, due_at, after, now, far_id, said, code, message, written_at, at) AS (VALUES",
    columns: &[
        "TEXT", "BIGINT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT",
        "BIGINT", "BIGINT",
    ],
    after: ") UPDATE write_item SET state = v.state, maybe = COALESCE(v.maybe, write_item.maybe), failures = write_item.failures + v.failed, \
            due_at = COALESCE(v.due_at, write_item.due_at), after = COALESCE(v.after, write_item.after), now = COALESCE(v.now, write_item.now), \
            far_id = COALESCE(v.far_id, write_item.far_id), said = COALESCE(v.said, write_item.said), code = v.code, message = v.message, \
            written_at = v.written_at, lessee = NULL, lease_until = NULL, updated_at = v.at FROM v \
            WHERE write_item.id = v.id AND write_item.attempt = v.attempt AND write_item.state = v.was RETURNING write_item.id",
};
static END_EFFECTS: Many = Many {
    before: "WITH v (run, step, state, outcome, at) AS (VALUES",
    columns: &["TEXT", "TEXT", "TEXT", "TEXT", "BIGINT"],
    after: ") UPDATE effect SET state = v.state, outcome = v.outcome, ended_at = v.at FROM v WHERE effect.run = v.run \
            AND effect.step = v.step AND effect.state IN ('intended', 'uncertain')",
};
static UNDONE: Many = Many {
    before: "WITH v (id, at) AS (VALUES",
    columns: &["TEXT", "BIGINT"],
    after: ") UPDATE write_item SET state = 'undone', updated_at = v.at FROM v WHERE write_item.id = v.id AND write_item.state = 'written' \
            RETURNING write_item.id",
};

/// An outcome, as the tables take it.
#[derive(Default)]
struct End<'a> {
    kind: &'static str,
    maybe: Option<bool>,
    failed: bool,
    effect: &'static str,
    due: Option<Timestamp>,
    after: Option<&'a Value>,
    now: Option<&'a Value>,
    far_id: Option<&'a str>,
    said: Option<&'a str>,
    code: Option<&'a str>,
    message: Option<&'a str>,
}

impl WriteOutcome {
    fn state(&self) -> WriteState {
        match self {
            Self::Written { .. } => WriteState::Written,
            Self::Later { .. } => WriteState::Waiting,
            Self::Refused { .. } => WriteState::Refused,
            Self::Uncertain { .. } => WriteState::Uncertain,
            Self::Blocked { .. } => WriteState::Blocked,
            Self::Differs { .. } => WriteState::Differs,
        }
    }

    fn end(&self) -> End<'_> {
        match self {
            Self::Written { far_id, after, said } => End {
                kind: "write.written",
                maybe: Some(false),
                effect: "done",
                after: Some(after),
                far_id: far_id.as_deref(),
                said: said.as_deref(),
                ..End::default()
            },
            Self::Later { due, code, message, maybe, failed, far_id } => End {
                kind: "write.postponed",
                maybe: Some(*maybe),
                failed: *failed,
                effect: if *maybe { "uncertain" } else { "failed" },
                due: Some(*due),
                far_id: far_id.as_deref(),
                code: Some(code),
                message: Some(message),
                ..End::default()
            },
            Self::Refused { code, message } => End {
                kind: "write.refused",
                maybe: Some(false),
                effect: "failed",
                code: Some(code),
                message: Some(message),
                ..End::default()
            },
            Self::Uncertain { code, message, far_id } => End {
                kind: "write.uncertain",
                maybe: Some(true),
                effect: "uncertain",
                far_id: far_id.as_deref(),
                code: Some(code),
                message: Some(message),
                ..End::default()
            },
            Self::Blocked { code, message, maybe } => End {
                kind: "write.blocked",
                maybe: Some(*maybe),
                effect: if *maybe { "uncertain" } else { "failed" },
                code: Some(code),
                message: Some(message),
                ..End::default()
            },
            // The look that showed the difference is what is known now: what an earlier attempt did is in it.
            Self::Differs { now, code, message } => End {
                kind: "write.differs",
                maybe: Some(false),
                effect: "uncertain",
                now: Some(now),
                code: Some(code),
                message: Some(message),
                ..End::default()
            },
        }
    }
}

/// Whether an outcome may be put upon a write as it stands.
fn fits(item: &SettleWrite, write: &WriteRow) -> Result<(), StoreError> {
    let is_held = match write.state {
        WriteState::Claimed | WriteState::Sending => true,
        // A daemon that was given up and then heard from the far side after all knows more than whoever gave it up.
        WriteState::Uncertain => {
            matches!(item.outcome, WriteOutcome::Written { .. } | WriteOutcome::Later { maybe: false, .. })
        }
        WriteState::Waiting => write.maybe && matches!(item.outcome, WriteOutcome::Written { .. }),
        _ => false,
    };
    if write.attempt != item.attempt || !is_held {
        return Err(StoreError::Stale { what: "write" });
    }
    let to = item.outcome.state();
    if !write.state.next().contains(&to) {
        return Err(StoreError::Conflict { what: format!("a write that is {} cannot become {to}", write.state) });
    }
    if to == WriteState::Differs && write.undo_of.is_none() {
        return Err(StoreError::Conflict { what: "only what takes a write back can find it different".to_owned() });
    }
    Ok(())
}

impl Verb for SettleWrite {
    type Out = ();

    async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let writes = load(items.iter().map(|item| &item.id), tx).await?;
        let mut seen = HashSet::new();
        let (mut outs, mut rows) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items {
            let out = match writes.get(&item.id) {
                None => Err(StoreError::NotFound { what: "write", id: item.id.to_string() }),
                Some(_) if !seen.insert(&item.id) => Err(StoreError::Stale { what: "write" }),
                Some(write) => fits(item, write).map(|()| write),
            };
            if let Ok(write) = out {
                let (end, at) = (item.outcome.end(), item.at.as_microsecond());
                let is_written = item.outcome.state() == WriteState::Written;
                rows.extend(values![
                    item.id.as_str(),
                    item.attempt,
                    write.state.as_str(),
                    item.outcome.state().as_str(),
                    end.maybe.map(i64::from),
                    i64::from(end.failed),
                    end.due.map(Timestamp::as_microsecond),
                    end.after.map(Value::to_string),
                    end.now.map(Value::to_string),
                    end.far_id,
                    end.said,
                    end.code,
                    end.message,
                    is_written.then_some(at),
                    at
                ]);
            }
            outs.push(out.map(|_| ()));
        }
        let rows = tx.conn.rows_many(&SETTLE, rows).await?;
        let settled: HashSet<String> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let mut effects = Vec::new();
        for (item, out) in items.iter().zip(&mut outs).filter(|(_, out)| out.is_ok()) {
            let Some(write) = writes.get(&item.id).filter(|write| settled.contains(write.id.as_str())) else {
                *out = Err(StoreError::Stale { what: "write" });
                continue;
            };
            let end = item.outcome.end();
            let outcome = json!({ "code": end.code, "message": end.message.or(end.said), "far_id": end.far_id });
            let run = write.brief.request().run();
            let at = item.at.as_microsecond();
            effects.extend(values![run.to_string(), write.id.as_str(), end.effect, outcome.to_string(), at]);
            let mut fields = vec![("was", Field::Text(write.state.as_str()))];
            fields.extend(end.code.map(|code| ("code", Field::Text(code))));
            fields.extend(end.far_id.map(|id| ("far_id", Field::Text(id))));
            if matches!(item.outcome, WriteOutcome::Later { .. } | WriteOutcome::Blocked { .. }) {
                fields.push(("maybe", Field::Flag(end.maybe.unwrap_or(write.maybe))));
            }
            tell_write(end.kind, &Doer::DAEMON, write, &fields, item.at, tx)?;
            if item.outcome.state() == WriteState::Written {
                undone(write, &Doer::DAEMON, item.at, tx).await?;
            }
        }
        tx.conn.run_many(&END_EFFECTS, effects).await?;
        Ok(outs)
    }
}

/// Marks what a write took back as undone, when it is one that takes back.
pub(super) async fn undone(
    write: &WriteRow,
    doer: &Doer<'_>,
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let Some(of) = &write.undo_of else { return Ok(()) };
    let rows = tx.conn.rows_many(&UNDONE, values![of.as_str(), at.as_microsecond()]).await?;
    if rows.is_empty() {
        return Err(StoreError::corrupt(format!("`{}` takes back what is not written", write.id)));
    }
    let original = load(std::iter::once(of), tx).await?.remove(of);
    let original = original.ok_or_else(|| StoreError::corrupt(format!("`{of}` is gone")))?;
    tell_write("write.undone", doer, &original, &[("by", Field::Text(write.id.as_str()))], at, tx)
}

/// Ends the effects of a write whose end is not known.
pub(super) async fn end_effects(
    write: &WriteRow,
    state: &'static str,
    outcome: &Value,
    at: Timestamp,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let run = write.brief.request().run();
    let row = values![run.as_str(), write.id.as_str(), state, outcome.to_string(), at.as_microsecond()];
    tx.conn.run_many(&END_EFFECTS, row).await.map(|_| ())
}

async fn rescue_writes(item: &RescueWrites, tx: &mut Tx<'_>) -> Result<Result<u64, StoreError>, StoreError> {
    let at = item.at.as_microsecond();
    let sql = write_sql!("WHERE state IN ('claimed', 'sending') AND ($1 = 1 OR lease_until < $2)");
    let rows = tx.conn.rows(sql, values![i64::from(item.all), at]).await?;
    let mut rescued = 0;
    for row in &rows {
        let write = write_of(row)?;
        let (id, was) = (write.id.as_str(), write.state.as_str());
        if write.state == WriteState::Claimed {
            // Nothing was sent, nothing is told.
            let sql = "UPDATE write_item SET state = 'waiting', lessee = NULL, lease_until = NULL, updated_at = $4 \
                       WHERE id = $1 AND attempt = $2 AND state = $3";
            rescued += tx.conn.run(sql, values![id, write.attempt, was, at]).await?;
            continue;
        }
        let (code, message) = ("OP-7650", "the daemon ended while it was being sent; the far side may have it or not");
        let settle = i64::try_from(write.settle.as_micros()).unwrap_or(i64::MAX);
        let sql = "UPDATE write_item SET state = 'waiting', maybe = 1, due_at = $4, code = $5, message = $6, lessee = NULL, \
                   lease_until = NULL, updated_at = $7 WHERE id = $1 AND attempt = $2 AND state = $3";
        let row = values![id, write.attempt, was, at.saturating_add(settle), code, message, at];
        if tx.conn.run(sql, row).await? == 0 {
            continue;
        }
        rescued += 1;
        end_effects(&write, "uncertain", &json!({ "code": code, "message": message }), item.at, tx).await?;
        let fields = [("code", Field::Text(code)), ("maybe", Field::Flag(true)), ("was", Field::Text(was))];
        tell_write("write.postponed", &Doer::DAEMON, &write, &fields, item.at, tx)?;
    }
    Ok(Ok(rescued))
}

impl Store {
    /// Puts down what became of an attempt at a write.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the attempt is no longer the one that counts; [`StoreError::Conflict`] when such an outcome cannot be.
    pub async fn settle_write(&self, settle: SettleWrite) -> Result<(), StoreError> {
        self.submit_patiently(settle).await
    }

    /// Puts back what dead daemons held; how many. What they may have sent waits until a look tells, and is looked for. `starting`: as in
    /// [`Store::rescue`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rescue_writes(&self, starting: bool) -> Result<u64, StoreError> {
        self.submit_patiently(RescueWrites { all: starting && !self.is_shared(), at: self.now() }).await
    }
}
