//! Stopping a pilot's writing, or that to one sink, and letting it go on. INVARIANT: people and triggers may stop; only people let it go on.

use super::gate::{Acted, at_the_gate, tell};
use super::letter::Refusable;
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// Who stops writing.
#[derive(Debug)]
pub enum PausedBy {
    /// A person.
    Person {
        /// Who.
        person: String,
        /// By what right.
        permit: Permit,
    },
    /// A trigger of the pilot's.
    Trigger {
        /// Which.
        name: String,
        /// The figure that made it act, and what it was held against.
        figure: String,
    },
}

/// Stops writing.
#[derive(Debug)]
pub struct PauseWriting {
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// The sink; `None`: all of the pilot's.
    pub sink: Option<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: PausedBy,
    /// When.
    pub at: Timestamp,
}

/// A person lets writing go on.
#[derive(Debug)]
pub struct ResumeWriting {
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// The sink that was stopped; `None`: the whole pilot was.
    pub sink: Option<String>,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

at_the_gate!(PauseWriting, bool, pause_writing);
at_the_gate!(ResumeWriting, u64, resume_writing);

pub(super) async fn pause_writing(item: &PauseWriting, tx: &mut Tx<'_>) -> Refusable<bool> {
    let sink = item.sink.as_deref().unwrap_or_default();
    let (person, name, figure, permit) = match &item.by {
        PausedBy::Person { person, permit } => (person.as_str(), "", "", Some(permit)),
        PausedBy::Trigger { name, figure } => ("", name.as_str(), figure.as_str(), None),
    };
    let sql = "INSERT INTO pause (pilot, sink, number, tenant, reason, person, trigger_name, figure, at) \
               SELECT $1, $2, (SELECT COUNT(*) + 1 FROM pause WHERE pilot = $1 AND sink = $2), $3, $4, $5, $6, $7, CAST($8 AS BIGINT) \
               WHERE NOT EXISTS (SELECT 1 FROM pause WHERE pilot = $1 AND sink = $2 AND ended_at IS NULL)";
    let row = values![&item.pilot, sink, &item.tenant, &item.reason, person, name, figure, item.at.as_microsecond()];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Ok(false));
    }
    let trigger = format!("trigger:{name}");
    let actor = if permit.is_some() { person } else { &trigger };
    let acted = Acted { pilot: &item.pilot, tenant: &item.tenant, actor, permit, at: item.at };
    let mut fields =
        vec![("reason", Field::Text(&item.reason)), ("sink", item.sink.as_deref().map_or(Field::Null, Field::Text))];
    if permit.is_none() {
        fields.extend([("figure", Field::Text(figure)), ("trigger", Field::Text(name))]);
    }
    tell("writing.paused", &acted, &fields, tx)?;
    Ok(Ok(true))
}

async fn resume_writing(item: &ResumeWriting, tx: &mut Tx<'_>) -> Refusable<u64> {
    let (sink, at) = (item.sink.as_deref().unwrap_or_default(), item.at.as_microsecond());
    let sql = "UPDATE pause SET ended_at = $3, ended_by = $4 WHERE pilot = $1 AND sink = $2 AND ended_at IS NULL";
    if tx.conn.run(sql, values![&item.pilot, sink, at, &item.person]).await? == 0 {
        let of = item.sink.as_ref().map_or_else(|| "the pilot".to_owned(), |sink| format!("`{sink}`"));
        return Ok(Err(StoreError::Conflict { what: format!("{of} is not paused; there is nothing to resume") }));
    }
    // What another pause still stops stays where it is.
    let sql = "UPDATE write_item SET state = 'waiting', due_at = $3, code = NULL, message = NULL, updated_at = $3 \
               WHERE pilot = $1 AND ($2 = '' OR sink = $2) AND state = 'blocked' AND code = 'OP-7607' AND NOT EXISTS \
               (SELECT 1 FROM pause p WHERE p.pilot = $1 AND (p.sink = '' OR p.sink = write_item.sink) AND p.ended_at IS NULL)";
    let writes = tx.conn.run(sql, values![&item.pilot, sink, at]).await?;
    let acted = Acted {
        pilot: &item.pilot,
        tenant: &item.tenant,
        actor: &item.person,
        permit: Some(&item.permit),
        at: item.at,
    };
    let fields = [
        ("sink", item.sink.as_deref().map_or(Field::Null, Field::Text)),
        ("writes", Field::Int(i64::try_from(writes).unwrap_or(i64::MAX))),
    ];
    tell("writing.resumed", &acted, &fields, tx)?;
    Ok(Ok(writes))
}

impl Store {
    /// Stops a pilot's writing, or that to one sink; whether it was not stopped already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pause_writing(&self, pause: PauseWriting) -> Result<bool, StoreError> {
        self.submit_patiently(pause).await
    }

    /// Lets it go on; how many writes that were kept back are due again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is not stopped.
    pub async fn resume_writing(&self, resume: ResumeWriting) -> Result<u64, StoreError> {
        self.submit_patiently(resume).await
    }
}
