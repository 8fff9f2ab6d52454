//! Writes into systems outside, and what they were approved by, as they are read. INVARIANT: a call is held against its digest whenever it
//! is read: what was altered after it was approved is never handed out.

use super::{Page, id, time};
use crate::domain::id::{BriefId, RequestId, WriteId};
use crate::domain::review::Shown;
use crate::domain::writeback::WriteState;
use crate::store::pack::unpack;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::{ActionKind, Call, Write};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The plan in force of a brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WritebackRow {
    /// The brief.
    pub brief: BriefId,
    /// Its request.
    pub request: RequestId,
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// Digest of the revision that was approved with it.
    pub digest: String,
    /// Digest of the plan.
    pub plan: String,
    /// The plan as it was shown, JSON.
    pub content: Vec<u8>,
    /// The decision that approved the brief.
    pub decision: String,
    /// Since when it is in force.
    pub at: Timestamp,
}

/// A write as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteRow {
    /// Its name.
    pub id: WriteId,
    /// The brief.
    pub brief: BriefId,
    /// Its request.
    pub request: RequestId,
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// The sink.
    pub sink: String,
    /// Its place among the writes to its record: the lower goes first. Below zero for an undo, which goes before all that are not undone.
    pub place: i64,
    /// What is sent.
    pub write: Write,
    /// Digest of its call.
    pub digest: String,
    /// Digest of the plan that it is of.
    pub plan: String,
    /// Where it stands.
    pub state: WriteState,
    /// Attempts so far, the claim in force included.
    pub attempt: u32,
    /// How many attempts failed since a person last had it tried.
    pub failures: u32,
    /// It may have been done by an earlier attempt: it must be looked for before it is sent.
    pub maybe: bool,
    /// Not before.
    pub due_at: Timestamp,
    /// What the far side showed before; JSON `null`: nothing was there. `None`: not looked yet.
    pub before: Option<Value>,
    /// What it showed afterwards.
    pub after: Option<Value>,
    /// What it showed when an undo found it different.
    pub now: Option<Value>,
    /// The far side's own name for what was made.
    pub far_id: Option<String>,
    /// What the far side said.
    pub said: Option<String>,
    /// Code of what went wrong.
    pub code: Option<String>,
    /// What went wrong.
    pub message: Option<String>,
    /// The write that this one takes back.
    pub undo_of: Option<WriteId>,
    /// A person wants it taken back whatever the far side shows.
    pub forced: bool,
    /// Who approved it last, or asked for the undo.
    pub person: String,
    /// The decision that approved the brief.
    pub decision: String,
    /// How long after a lost answer a look tells.
    pub settle: Duration,
    /// When it was first due: approved, and the window for second thoughts over.
    pub ready_at: Timestamp,
    /// When its intent was last put down; `None`: it was certainly never sent.
    pub sent_at: Option<Timestamp>,
    /// When the far side was seen to show it.
    pub written_at: Option<Timestamp>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How many writes stand in a state that wants a person.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct WritesAside {
    /// Pilot.
    pub pilot: String,
    /// Sink.
    pub sink: String,
    /// `uncertain`, `refused`, `blocked` or `differs`.
    pub state: WriteState,
    /// How many.
    pub count: u32,
}

/// Which writes.
#[derive(Clone, Debug, Default)]
pub struct WriteFilter {
    /// Of this pilot.
    pub pilot: Option<String>,
    /// In this state.
    pub state: Option<WriteState>,
    /// To this sink.
    pub sink: Option<String>,
    /// Of this brief.
    pub brief: Option<String>,
    /// After this identifier, exclusive.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

macro_rules! write_columns {
    () => {
        "id, brief, request, pilot, tenant, sink, kind, place, record, key, plan, call, expect, digest, state, attempt, maybe, due_at, \
         settle_micros, before, after, now, far_id, said, code, message, undo_of, forced, person, decision, ready_at, sent_at, written_at, \
         created_at, updated_at, failures"
    };
}
macro_rules! write_sql {
    ($rest:literal) => {
        concat!("SELECT ", $crate::store::reads::write_columns!(), " FROM write_item ", $rest)
    };
}
pub(in crate::store) use {write_columns, write_sql};

/// What must not hold of a waiting `w` for it to be claimed: of its record another is on its way, or an earlier one is not over. Two questions,
/// each of which an index answers at its first entry, however many wait for the record.
macro_rules! held {
    () => {
        "(w.record <> '' AND (EXISTS (SELECT 1 FROM write_item o WHERE o.sink = w.sink AND o.record = w.record AND o.record <> '' \
         AND o.state IN ('claimed', 'sending') AND o.id <> w.id) OR EXISTS (SELECT 1 FROM write_item o WHERE o.sink = w.sink \
         AND o.record = w.record AND o.record <> '' AND o.state IN ('waiting', 'claimed', 'sending', 'uncertain', 'blocked', 'differs') \
         AND (o.place, o.id) < (w.place, w.id))))"
    };
}
pub(in crate::store) use held;

fn image(text: Option<String>) -> Result<Option<Value>, StoreError> {
    let parse = |text: String| serde_json::from_str(&text).map_err(|_| StoreError::corrupt("an image that is no JSON"));
    text.map(parse).transpose()
}

pub(in crate::store) fn write_of(row: &Row) -> Result<WriteRow, StoreError> {
    let (kind, state, name) = (row.text(6)?, row.text(14)?, row.text(0)?);
    let call: Call = serde_json::from_slice(&unpack(&row.bytes(11)?)?)
        .map_err(|_| StoreError::corrupt(format!("a call of `{name}` that cannot be read")))?;
    let digest = row.text(13)?;
    if call.digest() != digest {
        return Err(StoreError::corrupt(format!("a call of `{name}` that was altered after it was approved")));
    }
    let write = Write {
        kind: ActionKind::parse(&kind).ok_or_else(|| StoreError::corrupt(format!("an action `{kind}`")))?,
        key: row.text(9)?,
        record: row.text(8)?,
        call,
        expect: image(Some(row.text(12)?))?.unwrap_or_default(),
    };
    let undo_of = Some(row.text(26)?).filter(|of| !of.is_empty());
    Ok(WriteRow {
        id: id(WriteId::parse(&name))?,
        brief: id(BriefId::parse(&row.text(1)?))?,
        request: id(RequestId::parse(&row.text(2)?))?,
        pilot: row.text(3)?,
        tenant: row.text(4)?,
        sink: row.text(5)?,
        place: row.int(7)?,
        write,
        digest,
        plan: row.text(10)?,
        state: WriteState::parse(&state).ok_or_else(|| StoreError::corrupt(format!("a write `{state}`")))?,
        attempt: row.small(15)?,
        maybe: row.int(16)? != 0,
        due_at: time(row.int(17)?)?,
        settle: Duration::from_micros(u64::try_from(row.int(18)?).unwrap_or(0)),
        before: image(row.maybe_text(19)?)?,
        after: image(row.maybe_text(20)?)?,
        now: image(row.maybe_text(21)?)?,
        far_id: row.maybe_text(22)?,
        said: row.maybe_text(23)?,
        code: row.maybe_text(24)?,
        message: row.maybe_text(25)?,
        undo_of: undo_of.map(|of| id(WriteId::parse(&of))).transpose()?,
        forced: row.int(27)? != 0,
        person: row.text(28)?,
        decision: row.text(29)?,
        ready_at: time(row.int(30)?)?,
        sent_at: row.maybe_int(31)?.map(time).transpose()?,
        written_at: row.maybe_int(32)?.map(time).transpose()?,
        created_at: time(row.int(33)?)?,
        updated_at: time(row.int(34)?)?,
        failures: row.small(35)?,
    })
}

impl Store {
    /// The records that people named for a brief, by sink.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn target(&self, brief: &BriefId) -> Result<BTreeMap<String, String>, StoreError> {
        let sql = "SELECT sink, record FROM target WHERE brief = $1";
        let rows = self.reader().await?.conn().rows(sql, values![brief.as_str()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
    }

    /// The keys of a brief's writes that were taken back, with their sinks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn spent_keys(&self, brief: &BriefId) -> Result<BTreeSet<(String, String)>, StoreError> {
        let sql = "SELECT sink, key FROM write_item WHERE brief = $1 AND undo_of = '' AND state = 'undone'";
        let rows = self.reader().await?.conn().rows(sql, values![brief.as_str()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
    }

    /// Who approved which plan of a brief with which revision, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn shown(&self, brief: &BriefId) -> Result<Vec<Shown>, StoreError> {
        let sql = "SELECT person, digest, plan, at FROM plan_approval WHERE brief = $1 ORDER BY at, person";
        let rows = self.reader().await?.conn().rows(sql, values![brief.as_str()]).await?;
        let shown = |row: &Row| {
            Ok(Shown { user: row.text(0)?, digest: row.text(1)?, plan: row.text(2)?, at: time(row.int(3)?)? })
        };
        rows.iter().map(shown).collect()
    }

    /// The plan in force of a brief.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn writeback(&self, brief: &BriefId) -> Result<Option<WritebackRow>, StoreError> {
        let sql =
            "SELECT brief, request, pilot, tenant, digest, plan, content, decision, at FROM writeback WHERE brief = $1";
        let row = self.reader().await?.conn().row(sql, values![brief.as_str()]).await?;
        let writeback = |row: Row| {
            Ok(WritebackRow {
                brief: id(BriefId::parse(&row.text(0)?))?,
                request: id(RequestId::parse(&row.text(1)?))?,
                pilot: row.text(2)?,
                tenant: row.text(3)?,
                digest: row.text(4)?,
                plan: row.text(5)?,
                content: unpack(&row.bytes(6)?)?,
                decision: row.text(7)?,
                at: time(row.int(8)?)?,
            })
        };
        row.map(writeback).transpose()
    }

    /// One write.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Corrupt`] when its call is not the one that was approved.
    pub async fn write(&self, name: &WriteId) -> Result<WriteRow, StoreError> {
        let row = self.reader().await?.conn().row(write_sql!("WHERE id = $1"), values![name.as_str()]).await?;
        write_of(&row.ok_or_else(|| StoreError::NotFound { what: "write", id: name.to_string() })?)
    }

    /// Writes, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Corrupt`] when a call is not the one that was approved.
    pub async fn writes(&self, filter: &WriteFilter) -> Result<Page<WriteRow>, StoreError> {
        let all = |text: &Option<String>| text.clone().unwrap_or_default();
        let after = filter.after.as_deref().unwrap_or("wrt_z");
        let state = filter.state.map_or("", WriteState::as_str);
        let limit = i64::from(filter.limit) + 1;
        let mut row = values![all(&filter.pilot), state, all(&filter.sink), after, limit];
        // Those of a brief are few, and found by it.
        let sql = if let Some(brief) = &filter.brief {
            row.extend(values![brief]);
            write_sql!(
                "WHERE brief = $6 AND ($1 = '' OR pilot = $1) AND ($2 = '' OR state = $2) AND ($3 = '' OR sink = $3) AND id < $4 \
                 ORDER BY id DESC LIMIT $5"
            )
        } else {
            write_sql!(
                "WHERE ($1 = '' OR pilot = $1) AND ($2 = '' OR state = $2) AND ($3 = '' OR sink = $3) AND id < $4 ORDER BY id DESC LIMIT $5"
            )
        };
        let rows = self.walker().await?.conn().rows(sql, row).await?;
        let items = rows.iter().map(write_of).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, filter.limit, |write| write.id.to_string()))
    }

    /// Every attempt to take a write back, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn undos(&self, of: &WriteId) -> Result<Vec<WriteRow>, StoreError> {
        let sql = write_sql!("WHERE undo_of = $1 AND undo_of <> '' ORDER BY id DESC LIMIT 100");
        let rows = self.reader().await?.conn().rows(sql, values![of.as_str()]).await?;
        rows.iter().map(write_of).collect()
    }

    /// How many writes stand in each state that wants a person, by pilot and sink.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn writes_aside(&self) -> Result<Vec<WritesAside>, StoreError> {
        let sql = "SELECT pilot, sink, state, COUNT(*) FROM write_item WHERE state IN ('uncertain', 'refused', 'blocked', 'differs') \
                   GROUP BY pilot, sink, state ORDER BY pilot, sink, state";
        let rows = self.walker().await?.conn().rows(sql, values![]).await?;
        let aside = |row: &Row| {
            let word = row.text(2)?;
            let state = WriteState::parse(&word).ok_or_else(|| StoreError::corrupt(format!("a write `{word}`")))?;
            Ok(WritesAside { pilot: row.text(0)?, sink: row.text(1)?, state, count: row.small(3)? })
        };
        rows.iter().map(aside).collect()
    }

    /// Whether a write could be claimed now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_write_due(&self, at: Timestamp) -> Result<bool, StoreError> {
        let sql = concat!(
            "SELECT 1 FROM write_item w WHERE w.state = 'waiting' AND w.due_at <= $1 AND NOT ",
            held!(),
            " LIMIT 1"
        );
        Ok(self.reader().await?.conn().row(sql, values![at.as_microsecond()]).await?.is_some())
    }

    /// Whether anything was ever sent.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_sent(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM write_item WHERE sent_at IS NOT NULL LIMIT 1";
        Ok(self.walker().await?.conn().row(sql, vec![]).await?.is_some())
    }

    /// The write that keeps the others to this record waiting, if any does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn holder(&self, sink: &str, record: &str) -> Result<Option<WriteRow>, StoreError> {
        let sql = write_sql!(
            "WHERE sink = $1 AND record = $2 AND record <> '' AND state IN ('waiting', 'claimed', 'sending', 'uncertain', 'blocked', 'differs') \
             ORDER BY CASE WHEN state IN ('claimed', 'sending') THEN 0 ELSE 1 END, place, id LIMIT 1"
        );
        let row = self.reader().await?.conn().row(sql, values![sink, record]).await?;
        row.as_ref().map(write_of).transpose()
    }
}
