//! Answers remembered under a client's key, so that a repeated call gets the first answer. INVARIANT: the first answer under a key
//! stays; no receipt, because nothing of the business changes.

use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// An answer, and the digest of what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedAnswer {
    /// Lowercase hex SHA-256 of what was asked.
    pub digest: String,
    /// HTTP status.
    pub status: u16,
    /// The body: JSON.
    pub answer: String,
}

#[derive(Clone, Debug)]
struct RememberAnswer {
    person: String,
    key: String,
    answer: RememberedAnswer,
    at: Timestamp,
}

/// Forgets answers older than a time.
#[derive(Clone, Debug)]
struct ForgetAnswers {
    before: Timestamp,
}

one_by_one!(RememberAnswer, (), remember);
one_by_one!(ForgetAnswers, u64, forget);

async fn remember(item: &RememberAnswer, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    let sql = "INSERT INTO idempotency (person, key, digest, status, answer, at) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (person, key) DO NOTHING";
    let RememberedAnswer { digest, status, answer } = &item.answer;
    let row = values![&item.person, &item.key, digest, i64::from(*status), answer, item.at.as_microsecond()];
    tx.conn.run(sql, row).await?;
    Ok(Ok(()))
}

async fn forget(item: &ForgetAnswers, tx: &mut Tx<'_>) -> Result<Result<u64, StoreError>, StoreError> {
    Ok(Ok(tx.conn.run("DELETE FROM idempotency WHERE at < $1", values![item.before.as_microsecond()]).await?))
}

impl Store {
    /// Remembers the answer to a person's call under their key; an earlier one stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn remember_answer(&self, person: &str, key: &str, answer: RememberedAnswer) -> Result<(), StoreError> {
        let (person, key) = (person.to_owned(), key.to_owned());
        self.submit(RememberAnswer { person, key, answer, at: self.now() }).await
    }

    /// Forgets answers remembered before a time; says how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_answers(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.submit_patiently(ForgetAnswers { before }).await
    }
}
