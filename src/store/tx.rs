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
    /// A transaction that has just been begun on this connection.
    pub(super) fn new(conn: Conn<'c>, shared: &'c Shared) -> Self {
        Self { conn, shared, entries: Vec::new(), born: Vec::new(), wakes: false }
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

/// Seals the receipts of this transaction and moves the signed head.
pub(super) async fn seal(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if tx.entries.is_empty() {
        return Ok(());
    }
    // Several daemons on one PostgreSQL take turns here, for as long as it takes to commit.
    let head = if tx.conn.is_postgres() {
        tx.conn.row("SELECT frontier FROM log_head WHERE id = 1 FOR UPDATE", vec![]).await?
    } else {
        tx.conn.row("SELECT frontier FROM log_head WHERE id = 1", vec![]).await?
    };
    let bytes = head.ok_or_else(|| StoreError::corrupt("the receipt log has no head"))?.bytes(0)?;
    let mut frontier =
        Frontier::from_bytes(&bytes).ok_or_else(|| StoreError::corrupt("the head of the receipt log is unreadable"))?;
    let mut rows = Vec::with_capacity(tx.entries.len() * 4);
    let mut at = 0;
    for entry in &tx.entries {
        let sealed = entry.seal(frontier.size() + 1);
        frontier.append(sealed.leaf);
        at = at.max(entry.at());
        rows.extend(values![
            i64::try_from(sealed.seq).unwrap_or(i64::MAX),
            entry.subject(),
            sealed.bytes,
            &sealed.leaf[..]
        ]);
    }
    let note = signed_head(tx.shared, &frontier)?;
    tx.conn.run_many(&INSERT_RECEIPTS, rows).await?;
    tx.conn
        .run(
            "UPDATE log_head SET frontier = $1, note = $2, at = $3 WHERE id = 1",
            values![frontier.to_bytes(), note, at],
        )
        .await?;
    Ok(())
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
