//! An open transaction, as verbs see it: the connection, the receipts that pile up until the end, and the runs born in it. Own file
//! because queue, writer and verbs all speak of it. INVARIANT: receipts get their places and the head its signature last, in the same
//! transaction as what they tell of.

use super::sql::{Conn, Many, values};
use super::work::Hire;
use super::{ClaimedRun, Shared, StoreError};
use crate::receipt::{Body, Checkpoint, Entry, Fields, Frontier, sign_checkpoint};
use jiff::Timestamp;
use tokio::sync::mpsc::OwnedPermit;

/// An open transaction, as verbs see it.
pub(super) struct Tx<'c> {
    pub(super) conn: Conn<'c>,
    pub(super) shared: &'c Shared,
    entries: Vec<Entry>,
    /// The head of the receipt log as it was when the transaction began, where nobody else can move it meanwhile.
    head: Option<Vec<u8>>,
    pub(super) born: Vec<(OwnedPermit<ClaimedRun>, ClaimedRun)>,
    pub(super) wakes: bool,
}

/// What a receipt says, before it has its place in the log.
pub(super) struct Note<'a> {
    pub(super) at: Timestamp,
    pub(super) kind: &'a str,
    pub(super) tenant: &'a str,
    pub(super) pilot: Option<&'a str>,
    pub(super) subject: &'a str,
    pub(super) actor: &'a str,
}

impl<'c> Tx<'c> {
    /// Begins a transaction. SQLite's is the only writer from here on, so the head of the receipt log is read at once.
    pub(super) async fn begin(mut conn: Conn<'c>, shared: &'c Shared) -> Result<Self, StoreError> {
        let head = if conn.is_postgres() {
            conn.run("BEGIN", vec![]).await?;
            None
        } else {
            conn.run("BEGIN IMMEDIATE", vec![]).await?;
            let row = conn.row("SELECT frontier FROM log_head WHERE id = 1", vec![]).await?;
            row.map(|row| row.bytes(0)).transpose()?
        };
        Ok(Self { conn, shared, entries: Vec::new(), head, born: Vec::new(), wakes: false })
    }

    /// Ends it: durable when this returns.
    pub(super) async fn commit(&mut self, head: Option<Head>) -> Result<(), StoreError> {
        if let Some(Head { frontier, note, at }) = head {
            let row = values![frontier, note, at];
            // The time stays that of the latest receipt, so that a clock that was set back is noticed for as long as it is behind.
            let sql =
                "UPDATE log_head SET frontier = $1, note = $2, at = CASE WHEN at < $3 THEN $3 ELSE at END WHERE id = 1";
            self.conn.run(sql, row).await?;
        }
        self.conn.run("COMMIT", vec![]).await.map(|_| ())
    }

    /// Adds a receipt to this transaction.
    pub(super) fn receipt(&mut self, note: &Note<'_>, body: &Body) -> Result<(), StoreError> {
        let id = self.shared.receipt_id(note.at);
        let fields = Fields {
            id: &id,
            at: note.at,
            kind: note.kind,
            tenant: note.tenant,
            pilot: note.pilot,
            subject: note.subject,
            actor: note.actor,
        };
        self.entries.push(Entry::new(&fields, body).map_err(|cause| StoreError::corrupt(cause.to_string()))?);
        Ok(())
    }

    /// A place in the local worker's queue, when one is hired, has room, and nothing older waits.
    pub(super) fn place(&self) -> Option<(OwnedPermit<ClaimedRun>, Hire)> {
        self.shared.place()
    }
}

static INSERT_RECEIPTS: Many =
    Many { before: "INSERT INTO receipt (seq, subject, bytes, leaf) VALUES", columns: &["", "", "", ""], after: "" };

/// The head of the receipt log after this transaction.
pub(super) struct Head {
    frontier: Vec<u8>,
    note: String,
    at: i64,
}

/// Seals the receipts of this transaction; the head to commit with, when there are any.
pub(super) async fn seal(tx: &mut Tx<'_>) -> Result<Option<Head>, StoreError> {
    if tx.entries.is_empty() {
        return Ok(None);
    }
    // Several daemons on one PostgreSQL take turns here, for as long as it takes to commit.
    if tx.conn.is_postgres() {
        let row = tx.conn.row("SELECT frontier FROM log_head WHERE id = 1 FOR UPDATE", vec![]).await?;
        tx.head = row.map(|row| row.bytes(0)).transpose()?;
    }
    let bytes = tx.head.take().ok_or_else(|| StoreError::corrupt("the receipt log has no head"))?;
    let mut frontier =
        Frontier::from_bytes(&bytes).ok_or_else(|| StoreError::corrupt("the head of the receipt log is unreadable"))?;
    let mut rows = Vec::with_capacity(tx.entries.len() * 4);
    let mut at = 0;
    for entry in &tx.entries {
        let sealed = entry.seal(frontier.size() + 1);
        frontier.append(sealed.leaf);
        at = at.max(entry.at());
        let seq = i64::try_from(sealed.seq).unwrap_or(i64::MAX);
        rows.extend(values![seq, entry.subject(), sealed.bytes, sealed.leaf.to_vec()]);
    }
    let note = signed_head(tx.shared, &frontier)?;
    tx.conn.run_many(&INSERT_RECEIPTS, rows).await?;
    Ok(Some(Head { frontier: frontier.to_bytes(), note, at }))
}

/// The signed note for a frontier.
pub(super) fn signed_head(shared: &Shared, frontier: &Frontier) -> Result<String, StoreError> {
    let key = shared.signer.as_ref().ok_or_else(|| StoreError::Unavailable {
        reason: "there is no receipt key; run `opspilot init`, or restore the keys folder".into(),
    })?;
    Checkpoint::new(&shared.origin, frontier.size(), frontier.root())
        .and_then(|checkpoint| sign_checkpoint(&checkpoint, &[key]))
        .map_err(|cause| StoreError::corrupt(cause.to_string()))
}
