//! What a person does to a run: cancel, retry a dead letter, answer what it waits for. Each needs a permit, and leaves a receipt.

use crate::domain::id::{RequestId, RunId};
use crate::domain::run::RunState;
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::verbs::erase::is_erased;
use crate::store::verbs::review::policy_fields;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// Ends a run for good; its brief can no longer be approved.
#[derive(Debug)]
pub struct Cancel {
    /// The run.
    pub run: RunId,
    /// Who.
    pub person: String,
    /// Why.
    pub reason: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Puts a dead or uncertain run, or a request that was set aside as a duplicate, back to work.
#[derive(Debug)]
pub struct Retry {
    /// The request.
    pub request: RequestId,
    /// Definition and first step, for a request that has no run yet.
    pub definition: (String, String),
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Answers what a run waits for.
#[derive(Debug)]
pub struct Resume {
    /// The run.
    pub run: RunId,
    /// What it must be waiting for.
    pub key: String,
    /// The answer, as JSON.
    pub signal: String,
    /// Kind of receipt, such as `request.released`.
    pub kind: &'static str,
    /// Who.
    pub person: String,
    /// What they said.
    pub comment: Option<String>,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Puts on record that a person was shown what the data boundary masks.
#[derive(Debug)]
pub struct Reveal {
    /// The request.
    pub request: RequestId,
    /// What was shown: kind and place of each value, and a digest; never the value.
    pub findings: Vec<String>,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// A run as these verbs find it.
struct Found {
    state: RunState,
    tenant: String,
    pilot: String,
    request: String,
    wait_key: Option<String>,
}

async fn find(run: &str, tx: &mut Tx<'_>) -> Result<Option<Found>, StoreError> {
    let sql = "SELECT state, tenant, pilot, request, wait_key FROM run WHERE id = $1";
    let Some(row) = tx.conn.row(sql, values![run]).await? else { return Ok(None) };
    let word = row.text(0)?;
    Ok(Some(Found {
        state: RunState::parse(&word).ok_or_else(|| StoreError::corrupt(format!("run state `{word}`")))?,
        tenant: row.text(1)?,
        pilot: row.text(2)?,
        request: row.text(3)?,
        wait_key: row.maybe_text(4)?,
    }))
}

async fn told(
    found: &Found,
    kind: &str,
    person: &str,
    at: Timestamp,
    permit: &Permit,
    more: &[(&str, Field<'_>)],
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let policies: Vec<&str> = permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(permit, &policies);
    fields.extend_from_slice(more);
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let note =
        Note { at, kind, tenant: &found.tenant, pilot: Some(&found.pilot), subject: &found.request, actor: person };
    tx.receipt(&note, &body)
}

/// Keeps a workflow definition for the runs that are pinned to it.
#[derive(Clone, Debug)]
struct KeepDefinition {
    hash: String,
    name: String,
    text: String,
    at: Timestamp,
}

one_by_one!(KeepDefinition, (), keep_definition);
one_by_one!(Cancel, (), cancel);
one_by_one!(Retry, (), retry);
one_by_one!(Resume, (), resume);
one_by_one!(Reveal, (), reveal);

/// `Ok(Err(_))`: refused, nothing written. `Err(_)`: the database failed.
type Refusable<T> = Result<Result<T, StoreError>, StoreError>;

async fn keep_definition(item: &KeepDefinition, tx: &mut Tx<'_>) -> Refusable<()> {
    let sql =
        "INSERT INTO definition (hash, name, text, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING";
    if tx.conn.run(sql, values![&item.hash, &item.name, &item.text, item.at.as_microsecond()]).await? > 0 {
        let fields = [("hash", Field::Text(&item.hash)), ("name", Field::Text(&item.name))];
        let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
        let note =
            Note { at: item.at, kind: "workflow.added", tenant: "", pilot: None, subject: &item.hash, actor: "daemon" };
        tx.receipt(&note, &body)?;
    }
    Ok(Ok(()))
}

async fn cancel(item: &Cancel, tx: &mut Tx<'_>) -> Refusable<()> {
    let Some(found) = find(item.run.as_str(), tx).await? else {
        return Ok(Err(StoreError::NotFound { what: "run", id: item.run.to_string() }));
    };
    if !found.state.may_become(RunState::Cancelled) {
        return Ok(Err(StoreError::Conflict {
            what: format!("the run is {} already; nothing to cancel", found.state),
        }));
    }
    let at = item.at.as_microsecond();
    let sql = "UPDATE run SET state = 'cancelled', epoch = epoch + 1, lessee = NULL, lease_until = NULL, due_at = NULL, wait_key = NULL, \
               message = $2, updated_at = $3 WHERE id = $1 AND state = $4";
    if tx.conn.run(sql, values![item.run.as_str(), &item.reason, at, found.state.as_str()]).await? == 0 {
        return Ok(Err(StoreError::Stale { what: "run" }));
    }
    let sql = "UPDATE brief SET state = 'withdrawn', version = version + 1, updated_at = $2 WHERE id = $1 \
               AND state IN ('open', 'amending', 'redrafting')";
    let brief = RequestId::parse(&found.request).map_err(|cause| StoreError::corrupt(cause.to_string()))?.brief();
    tx.conn.run(sql, values![brief.as_str(), at]).await?;
    let reason = Field::Text(&item.reason);
    told(
        &found,
        "run.cancelled",
        &item.person,
        item.at,
        &item.permit,
        &[("run", Field::Text(item.run.as_str())), ("reason", reason)],
        tx,
    )
    .await?;
    Ok(Ok(()))
}

async fn retry(item: &Retry, tx: &mut Tx<'_>) -> Refusable<()> {
    if is_erased(item.request.as_str(), tx).await? {
        return Ok(Err(StoreError::Erased { request: item.request.to_string() }));
    }
    let run = item.request.run();
    let at = item.at.as_microsecond();
    let found = match find(run.as_str(), tx).await? {
        Some(found) => {
            if !matches!(found.state, RunState::Discarded | RunState::Uncertain | RunState::Retryable) {
                return Ok(Err(StoreError::Conflict {
                    what: format!("the run is {}; only what failed or is uncertain is retried", found.state),
                }));
            }
            let sql = "UPDATE run SET state = 'available', attempt = 1, due_at = NULL, code = NULL, message = NULL, updated_at = $2 \
                       WHERE id = $1 AND state = $3";
            if tx.conn.run(sql, values![run.as_str(), at, found.state.as_str()]).await? == 0 {
                return Ok(Err(StoreError::Stale { what: "run" }));
            }
            found
        }
        None => {
            let sql = "SELECT tenant, pilot FROM request WHERE id = $1";
            let Some(row) = tx.conn.row(sql, values![item.request.as_str()]).await? else {
                return Ok(Err(StoreError::NotFound { what: "request", id: item.request.to_string() }));
            };
            let (tenant, pilot) = (row.text(0)?, row.text(1)?);
            let sql = "INSERT INTO run (id, request, pilot, tenant, definition, state, lane, step, attempt, steps, epoch, created_at, updated_at) \
                       VALUES ($1, $2, $3, $4, $5, 'available', 1, $6, 1, 0, 0, $7, $7) ON CONFLICT (id) DO NOTHING";
            let (definition, step) = (&item.definition.0, &item.definition.1);
            if tx
                .conn
                .run(sql, values![run.as_str(), item.request.as_str(), &pilot, &tenant, definition, step, at])
                .await?
                == 0
            {
                return Ok(Err(StoreError::Stale { what: "run" }));
            }
            Found { state: RunState::Available, tenant, pilot, request: item.request.to_string(), wait_key: None }
        }
    };
    tx.wakes = true;
    let was = Field::Text(found.state.as_str());
    told(
        &found,
        "run.retried",
        &item.person,
        item.at,
        &item.permit,
        &[("run", Field::Text(run.as_str())), ("was", was)],
        tx,
    )
    .await?;
    Ok(Ok(()))
}

async fn resume(item: &Resume, tx: &mut Tx<'_>) -> Refusable<()> {
    let Some(found) = find(item.run.as_str(), tx).await? else {
        return Ok(Err(StoreError::NotFound { what: "run", id: item.run.to_string() }));
    };
    if found.state != RunState::Pending || found.wait_key.as_deref() != Some(&item.key) {
        return Ok(Err(StoreError::Conflict {
            what: format!(
                "the run is {} and does not wait for this; nothing was changed: `opspilot request why` says where it stands, `opspilot run cancel` ends what is not over",
                found.state
            ),
        }));
    }
    let sql = "UPDATE run SET state = 'available', signal = $2, wait_key = NULL, due_at = NULL, updated_at = $3 \
               WHERE id = $1 AND state = 'pending' AND wait_key = $4";
    let at = item.at.as_microsecond();
    if tx.conn.run(sql, values![item.run.as_str(), &item.signal, at, &item.key]).await? == 0 {
        return Ok(Err(StoreError::Stale { what: "run" }));
    }
    tx.wakes = true;
    let comment = item.comment.as_deref().map_or(Field::Null, Field::Text);
    told(&found, item.kind, &item.person, item.at, &item.permit, &[("comment", comment)], tx).await?;
    Ok(Ok(()))
}

async fn reveal(item: &Reveal, tx: &mut Tx<'_>) -> Refusable<()> {
    let sql = "SELECT tenant, pilot FROM request WHERE id = $1";
    let Some(row) = tx.conn.row(sql, values![item.request.as_str()]).await? else {
        return Ok(Err(StoreError::NotFound { what: "request", id: item.request.to_string() }));
    };
    let (tenant, pilot) = (row.text(0)?, row.text(1)?);
    let findings: Vec<&str> = item.findings.iter().map(String::as_str).collect();
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.push(("findings", Field::Texts(&findings)));
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let (subject, actor) = (item.request.as_str(), item.person.as_str());
    let note = Note { at: item.at, kind: "request.revealed", tenant: &tenant, pilot: Some(&pilot), subject, actor };
    tx.receipt(&note, &body)?;
    Ok(Ok(()))
}

impl Store {
    /// Keeps a workflow definition for the runs that are pinned to it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep_definition(&self, hash: &str, name: &str, text: &str) -> Result<(), StoreError> {
        let (hash, name, text) = (hash.to_owned(), name.to_owned(), text.to_owned());
        self.submit_patiently(KeepDefinition { hash, name, text, at: self.now() }).await
    }

    /// Cancels a run and withdraws its undecided brief.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Conflict`] when it is over.
    pub async fn cancel(&self, cancel: Cancel) -> Result<(), StoreError> {
        self.submit(cancel).await
    }

    /// Puts a dead letter, or a request set aside as a duplicate, back to work.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Conflict`] when it is not dead.
    pub async fn retry(&self, retry: Retry) -> Result<(), StoreError> {
        self.submit(retry).await
    }

    /// Answers what a run waits for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Conflict`] when it waits for something else or not at all.
    pub async fn resume(&self, resume: Resume) -> Result<(), StoreError> {
        self.submit(resume).await
    }

    /// Puts on record that a person was shown masked values; they are shown once this is on disk.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn reveal(&self, reveal: Reveal) -> Result<(), StoreError> {
        self.submit(reveal).await
    }
}
