//! What is on file about pilots' writing, as the gate takes it: flags, statements, pauses. Own file because the verbs that let a write go
//! read the same within their transaction. INVARIANT: where nothing is on file, nothing stands here.

use super::time;
use crate::domain::writeback::{Flag, FlagState, Pause, Ramp, Standing, Statement, StatementKind};
use crate::store::sql::{Conn, Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(in crate::store) fn flag_of(row: &Row) -> Result<Flag, StoreError> {
    let (state, ramp) = (row.text(2)?, row.small(6)?);
    Ok(Flag {
        sink: row.text(1)?,
        state: FlagState::parse(&state).ok_or_else(|| StoreError::corrupt(format!("flag state `{state}`")))?,
        proposed_by: row.text(3)?,
        confirmed_by: row.maybe_text(4)?,
        until: time(row.int(5)?)?,
        ramp: Ramp::new(ramp).ok_or_else(|| StoreError::corrupt(format!("a ramp of {ramp}")))?,
        at: time(row.int(7)?)?,
    })
}

fn statement_of(row: &Row) -> Result<Statement, StoreError> {
    let kind = row.text(1)?;
    Ok(Statement {
        kind: StatementKind::parse(&kind).ok_or_else(|| StoreError::corrupt(format!("statement `{kind}`")))?,
        text: row.text(2)?,
        by: row.text(3)?,
        at: time(row.int(6)?)?,
        until: row.maybe_int(4)?.map(time).transpose()?,
        terms: row.text(5)?,
    })
}

fn pause_of(row: &Row) -> Result<Pause, StoreError> {
    Ok(Pause {
        sink: Some(row.text(1)?).filter(|sink| !sink.is_empty()),
        reason: row.text(2)?,
        by: Some(row.text(3)?).filter(|person| !person.is_empty()),
        at: time(row.int(4)?)?,
    })
}

/// Every pilot's standing, or with `pilot` that of one.
pub(in crate::store) async fn standings_of(
    conn: &mut Conn<'_>,
    pilot: &str,
) -> Result<BTreeMap<String, Standing>, StoreError> {
    let mut found: BTreeMap<String, Standing> = BTreeMap::new();
    // What is on comes before what is proposed instead of it: the gate asks the first.
    let sql = "SELECT pilot, sink, state, proposed_by, confirmed_by, until_at, ramp, at FROM flag WHERE ($1 = '' OR pilot = $1) \
               ORDER BY pilot, sink, CASE state WHEN 'on' THEN 0 WHEN 'proposed' THEN 1 ELSE 2 END";
    for row in conn.rows(sql, values![pilot]).await? {
        let (of, flag) = (found.entry(row.text(0)?).or_default(), flag_of(&row)?);
        // One that is off says nothing beside a proposal to turn it on.
        if flag.state != FlagState::Off || of.flags.last().is_none_or(|other| other.sink != flag.sink) {
            of.flags.push(flag);
        }
    }
    // Of two at the same time a no counts.
    let sql = "SELECT pilot, kind, text, person, until_at, terms, at FROM statement WHERE ($1 = '' OR pilot = $1) \
               ORDER BY pilot, at DESC, CASE kind WHEN 'no_go' THEN 0 ELSE 1 END, id DESC";
    for row in conn.rows(sql, values![pilot]).await? {
        let (of, statement) = (found.entry(row.text(0)?).or_default(), statement_of(&row)?);
        let last = match statement.kind {
            StatementKind::Go | StatementKind::NoGo => &mut of.go,
            StatementKind::Exception => &mut of.exception,
            StatementKind::RollbackPlan => &mut of.rollback_plan,
        };
        last.get_or_insert(statement);
    }
    let sql = "SELECT pilot, sink, reason, person, at FROM pause WHERE ended_at IS NULL AND ($1 = '' OR pilot = $1) ORDER BY pilot, sink";
    for row in conn.rows(sql, values![pilot]).await? {
        found.entry(row.text(0)?).or_default().pauses.push(pause_of(&row)?);
    }
    Ok(found)
}

impl Store {
    /// What is on file about a pilot's writing. Of a sink whose flag is on there may be a second flag behind it, proposed instead.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn standing(&self, pilot: &str) -> Result<Standing, StoreError> {
        let mut found = standings_of(&mut self.reader().await?.conn(), pilot).await?;
        Ok(found.remove(pilot).unwrap_or_default())
    }

    /// The same of every pilot of which anything is on file.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn standings(&self) -> Result<BTreeMap<String, Standing>, StoreError> {
        standings_of(&mut self.reader().await?.conn(), "").await
    }

    /// Everything that people put on file about a pilot, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn statements(&self, pilot: &str, limit: u32) -> Result<Vec<Statement>, StoreError> {
        let sql = "SELECT pilot, kind, text, person, until_at, terms, at FROM statement WHERE pilot = $1 ORDER BY at DESC, id DESC LIMIT $2";
        let rows = self.reader().await?.conn().rows(sql, values![pilot, limit]).await?;
        rows.iter().map(statement_of).collect()
    }

    /// When writing was last let go on after a pause of this sink, or with `None` of the whole pilot.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn resumed_at(&self, pilot: &str, sink: Option<&str>) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT MAX(ended_at) FROM pause WHERE pilot = $1 AND sink = $2";
        let row = self.reader().await?.conn().row(sql, values![pilot, sink.unwrap_or_default()]).await?;
        row.and_then(|row| row.maybe_int(0).transpose()).transpose()?.map(time).transpose()
    }
}
