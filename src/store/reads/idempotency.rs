//! Answers remembered under a client's key, as they are read.

use crate::store::sql::values;
use crate::store::{RememberedAnswer, Store, StoreError};

impl Store {
    /// The answer to a person's earlier call under that key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn remembered_answer(&self, person: &str, key: &str) -> Result<Option<RememberedAnswer>, StoreError> {
        let sql = "SELECT digest, status, answer FROM idempotency WHERE person = $1 AND key = $2";
        let row = self.reader().await?.conn().row(sql, values![person, key]).await?;
        let answer = |row: crate::store::sql::Row| {
            let status = u16::try_from(row.int(1)?).map_err(|_| StoreError::corrupt("a status out of range"))?;
            Ok(RememberedAnswer { digest: row.text(0)?, status, answer: row.text(2)? })
        };
        row.map(answer).transpose()
    }
}
