//! Counting rows that must each have a receipt, so that a verification can tell an act without a receipt. Own file because it is asked
//! for by nobody but the verifier. INVARIANT: one statement, so that all counts are of the same moment.

use crate::store::sql::values;
use crate::store::{Store, StoreError};

/// How many receipts of each kind the rows of the business call for.
const COUNTED: &str = "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM decision), \
                       (SELECT count(*) FROM revision WHERE author = 'generator'), (SELECT count(*) FROM revision WHERE author <> 'generator')";

impl Store {
    /// Kinds of receipt with how many of each the stored rows call for: a request calls for one `request.accepted`, a decision for one
    /// `brief.decided`, a revision for one `brief.drafted` or `brief.edited`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn census(&self) -> Result<[(&'static str, u64); 4], StoreError> {
        let row = self.reader().await?.conn().row(COUNTED, values![]).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("a count without a row"))?;
        let count = |column| row.int(column).map(|count| u64::try_from(count).unwrap_or(0));
        Ok([
            ("request.accepted", count(0)?),
            ("brief.decided", count(1)?),
            ("brief.drafted", count(2)?),
            ("brief.edited", count(3)?),
        ])
    }
}
