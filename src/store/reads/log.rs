//! The receipt log as it is read: receipts by subject or in order, the signed head, saved checkpoints.

use crate::receipt::VerifierKey;
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::sha256_hex;

/// A receipt: its place and its exact bytes.
#[derive(Clone, Debug)]
pub struct ReceiptRow {
    /// Place in the log, from 1.
    pub seq: u64,
    /// Exact bytes.
    pub bytes: Vec<u8>,
    /// Leaf hash as it was when written: tells an altered receipt from an altered tree.
    pub leaf: Vec<u8>,
}

/// The head of the log.
#[derive(Clone, Debug)]
pub struct LogHead {
    /// Signed note.
    pub note: String,
    /// The right edge of the tree.
    pub frontier: Vec<u8>,
    /// When the latest receipt was made, as the clock was then.
    pub at: Timestamp,
}

/// Keeps the head that stands as a checkpoint. No state of the business changes: no receipt.
#[derive(Clone, Debug)]
struct Keep {
    at: Timestamp,
}

one_by_one!(Keep, (), keep);

async fn keep(item: &Keep, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    let sql = "INSERT INTO checkpoint (size, note, at) SELECT (SELECT COALESCE(MAX(seq), 0) FROM receipt), note, $1 FROM log_head \
               WHERE id = 1 ON CONFLICT (size) DO NOTHING";
    tx.conn.run(sql, values![item.at.as_microsecond()]).await?;
    Ok(Ok(()))
}

impl Store {
    /// Receipts of one subject, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn receipts_of(&self, subject: &str) -> Result<Vec<ReceiptRow>, StoreError> {
        self.receipts("SELECT seq, bytes, leaf FROM receipt WHERE subject = $1 ORDER BY seq", values![subject]).await
    }

    /// Place of the newest receipt; 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_receipt(&self) -> Result<u64, StoreError> {
        let sql = "SELECT COALESCE(MAX(seq), 0) FROM receipt";
        let row = self.reader().await?.conn().row(sql, vec![]).await?;
        row.map_or(Ok(0), |row| row.int(0).map(i64::unsigned_abs))
    }

    /// Receipts from a place on, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn receipts_from(&self, seq: u64, limit: u32) -> Result<Vec<ReceiptRow>, StoreError> {
        let from = i64::try_from(seq).unwrap_or(i64::MAX);
        self.receipts(
            "SELECT seq, bytes, leaf FROM receipt WHERE seq >= $1 ORDER BY seq LIMIT $2",
            values![from, i64::from(limit)],
        )
        .await
    }

    /// The newest receipt: its place and exact bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn newest_receipt(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let sql = "SELECT seq, bytes FROM receipt ORDER BY seq DESC LIMIT 1";
        let row = self.reader().await?.conn().row(sql, vec![]).await?;
        row.map(|row| Ok((row.int(0)?.unsigned_abs(), row.bytes(1)?))).transpose()
    }

    /// Lowercase hex SHA-256 of the receipt at a place, when there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn receipt_digest(&self, seq: u64) -> Result<Option<String>, StoreError> {
        let at = i64::try_from(seq).unwrap_or(i64::MAX);
        let row = self.reader().await?.conn().row("SELECT bytes FROM receipt WHERE seq = $1", values![at]).await?;
        row.map(|row| Ok(sha256_hex(&row.bytes(0)?))).transpose()
    }

    async fn receipts(
        &self,
        sql: &'static str,
        wanted: Vec<crate::store::sql::Value<'_>>,
    ) -> Result<Vec<ReceiptRow>, StoreError> {
        let rows = self.walker().await?.conn().rows(sql, wanted).await?;
        let receipt = |row: &crate::store::sql::Row| {
            let seq = u64::try_from(row.int(0)?).map_err(|_| StoreError::corrupt("a receipt before the first"))?;
            Ok(ReceiptRow { seq, bytes: row.bytes(1)?, leaf: row.bytes(2)? })
        };
        rows.iter().map(receipt).collect()
    }

    /// The head of the log; `None` when nothing was ever written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn log_head(&self) -> Result<Option<LogHead>, StoreError> {
        let row =
            self.reader().await?.conn().row("SELECT note, frontier, at FROM log_head WHERE id = 1", vec![]).await?;
        row.map(|row| Ok(LogHead { note: row.text(0)?, frontier: row.bytes(1)?, at: super::time(row.int(2)?)? }))
            .transpose()
    }

    /// The public key that the head is signed with, when this store can sign.
    #[must_use]
    pub fn verifier_key(&self) -> Option<VerifierKey> {
        self.shared.signer.as_ref().map(|signer| signer.verifier().clone())
    }

    /// Keeps the head that stands as a checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keep_checkpoint(&self) -> Result<(), StoreError> {
        self.submit_patiently(Keep { at: self.now() }).await
    }

    /// Signed notes of the checkpoints that were kept, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn checkpoints(&self) -> Result<Vec<String>, StoreError> {
        let rows = self.walker().await?.conn().rows("SELECT note FROM checkpoint ORDER BY size", vec![]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// The newest of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_checkpoint(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1";
        self.reader().await?.conn().row(sql, vec![]).await?.map(|row| row.text(0)).transpose()
    }
}
