//! Views of the queue that people saved for themselves, as they are read.

use super::time;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRow {
    /// What its person calls it.
    pub name: String,
    /// The filters, as a query string.
    pub query: String,
    /// When it was last saved.
    pub at: Timestamp,
}

impl Store {
    /// The views of a person (`usr_…`), by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn views(&self, person: &str) -> Result<Vec<ViewRow>, StoreError> {
        let sql = "SELECT name, query, at FROM saved_view WHERE person = $1 ORDER BY name";
        let rows = self.reader().await?.conn().rows(sql, values![person]).await?;
        let view = |row: &Row| {
            Ok::<_, StoreError>(ViewRow { name: row.text(0)?, query: row.text(1)?, at: time(row.int(2)?)? })
        };
        rows.iter().map(view).collect()
    }
}
