//! Counting rows that must each have a receipt, so that a verification can tell an act without a receipt. Own file because it is asked
//! for by nobody but the verifier. INVARIANT: one statement, so that all counts are of the same moment.

use crate::store::sql::values;
use crate::store::{Store, StoreError};

/// How many receipts of each kind the rows of the business call for.
const COUNTED: &str = "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM decision), \
                       (SELECT count(*) FROM revision WHERE author = 'generator'), (SELECT count(*) FROM revision WHERE author <> 'generator'), \
                       (SELECT count(*) FROM write_item WHERE after IS NOT NULL), (SELECT count(*) FROM write_item WHERE state = 'undone'), \
                       (SELECT count(*) FROM write_item WHERE undo_of <> ''), (SELECT count(*) FROM statement WHERE kind = 'go'), \
                       (SELECT count(*) FROM statement WHERE kind = 'no_go'), (SELECT count(*) FROM statement WHERE kind = 'exception'), \
                       (SELECT count(*) FROM statement WHERE kind = 'rollback_plan'), (SELECT count(*) FROM pause)";

/// The kinds, in that order.
const KINDS: [&str; 12] = [
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
];

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
}
