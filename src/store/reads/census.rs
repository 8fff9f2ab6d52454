//! What rows say that receipts say as well: how many there are that must each have a receipt, and what stands in those that receipts name.
//! Own file because it is asked for by nobody but the verifier. INVARIANT: the counts are one statement, so that all are of the same
//! moment; contents are hashed anew here, so that no digest beside them is believed.

use crate::store::pack::unpack;
use crate::store::sql::{Many, Value, values};
use crate::store::{Store, StoreError};
use opspilot_sdk::sha256_hex;
use std::collections::BTreeMap;

/// How many receipts of each kind the rows of the business call for.
const COUNTED: &str = "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM decision), \
                       (SELECT count(*) FROM revision WHERE author = 'generator'), (SELECT count(*) FROM revision WHERE author <> 'generator'), \
                       (SELECT count(*) FROM write_item WHERE after IS NOT NULL), (SELECT count(*) FROM write_item WHERE state = 'undone'), \
                       (SELECT count(*) FROM write_item WHERE undo_of <> ''), (SELECT count(*) FROM statement WHERE kind = 'go'), \
                       (SELECT count(*) FROM statement WHERE kind = 'no_go'), (SELECT count(*) FROM statement WHERE kind = 'exception'), \
                       (SELECT count(*) FROM statement WHERE kind = 'rollback_plan'), (SELECT count(*) FROM pause), \
                       (SELECT count(*) FROM request WHERE erased_at IS NOT NULL)";

/// The kinds, in that order.
const KINDS: [&str; 13] = [
    "request.accepted",
    "brief.decided",
    "brief.drafted",
    "brief.edited",
    "write.written",
    "write.undone",
    "write.undo_asked",
    "pilot.go",
    "pilot.no_go",
    "pilot.exception",
    "pilot.rollback_plan",
    "writing.paused",
    "request.erased",
];

/// A revision: the brief, and its number from 1.
pub type RevisionKey = (String, i64);

static TEXTS: Many = Many {
    before: "WITH wanted (id) AS (VALUES",
    columns: &["TEXT"],
    after: ") SELECT r.id, r.text FROM wanted w JOIN request r ON r.id = w.id WHERE r.erased_at IS NULL",
};
static CONTENTS: Many = Many {
    before: "WITH wanted (brief, number) AS (VALUES",
    columns: &["TEXT", "BIGINT"],
    after: ") SELECT r.brief, r.number, r.content FROM wanted w JOIN revision r ON r.brief = w.brief AND r.number = w.number \
            WHERE NOT EXISTS (SELECT 1 FROM request q WHERE q.id = 'req_' || substr(r.brief, 5) AND q.erased_at IS NOT NULL)",
};
static VERDICTS: Many = Many {
    before: "WITH wanted (brief, revision) AS (VALUES",
    columns: &["TEXT", "BIGINT"],
    after: ") SELECT DISTINCT d.id, d.verdict, d.digest FROM wanted w JOIN decision d ON d.brief = w.brief AND d.revision = w.revision",
};

fn keys(revisions: &[RevisionKey]) -> Vec<Value<'_>> {
    revisions.iter().flat_map(|(brief, number)| values![brief, *number]).collect()
}

impl Store {
    /// Kinds of receipt with how many of each the stored rows call for: a request calls for one `request.accepted`, a decision for one
    /// `brief.decided`, a revision for one `brief.drafted` or `brief.edited`, a write that was read back for one `write.written`, a statement
    /// about a pilot for one of its kind, and so on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn census(&self) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let row = self.walker().await?.conn().row(COUNTED, values![]).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("a count without a row"))?;
        let count = |column| row.int(column).map(|count| u64::try_from(count).unwrap_or(0));
        KINDS.iter().enumerate().map(|(column, kind)| Ok((*kind, count(column)?))).collect()
    }

    /// Lowercase hex SHA-256 of the texts of these requests, by identifier; what is not there, or erased, is left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn text_digests(&self, requests: &[String]) -> Result<BTreeMap<String, String>, StoreError> {
        let wanted = requests.iter().flat_map(|request| values![request]).collect();
        let rows = self.walker().await?.conn().rows_many(&TEXTS, wanted).await?;
        rows.iter().map(|row| Ok((row.text(0)?, sha256_hex(row.text(1)?.as_bytes())))).collect()
    }

    /// Lowercase hex SHA-256 of the contents of these revisions; of what cannot be read none; what is not there, or erased, is left
    /// out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn content_digests(
        &self,
        revisions: &[RevisionKey],
    ) -> Result<BTreeMap<RevisionKey, Option<String>>, StoreError> {
        let rows = self.walker().await?.conn().rows_many(&CONTENTS, keys(revisions)).await?;
        let digest = |content: &[u8]| unpack(content).ok().map(|content| sha256_hex(&content));
        rows.iter().map(|row| Ok(((row.text(0)?, row.int(1)?), digest(&row.bytes(2)?)))).collect()
    }

    /// Verdict and digest of the decisions on these revisions, by the decision's identifier.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn verdicts(&self, revisions: &[RevisionKey]) -> Result<BTreeMap<String, (String, String)>, StoreError> {
        let rows = self.walker().await?.conn().rows_many(&VERDICTS, keys(revisions)).await?;
        rows.iter().map(|row| Ok((row.text(0)?, (row.text(1)?, row.text(2)?)))).collect()
    }

    /// Requests whose rows say that they were erased.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn erased_requests(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT id FROM request WHERE erased_at IS NOT NULL ORDER BY id";
        self.walker().await?.conn().rows(sql, vec![]).await?.iter().map(|row| row.text(0)).collect()
    }

    /// Briefs that people are done with, and as what.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn decided_briefs(&self) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT id, state FROM brief WHERE state IN ('approved', 'rejected') ORDER BY id";
        let rows = self.walker().await?.conn().rows(sql, vec![]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
    }
}
