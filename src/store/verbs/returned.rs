//! Letters that came back: a report of failure is put onto the letter it is about. Own file because what such a report says was written
//! outside. INVARIANT: it marks the letter, and changes nothing else.

use super::letter::{About, Refusable, tell};
use crate::receipt::Field;
use crate::store::queue::one_by_one;
use crate::store::reads::{letter_of, letter_sql};
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{LetterRow, Store, StoreError};
use jiff::Timestamp;

/// A report came back that a letter was not delivered.
#[derive(Clone, Debug)]
pub struct Bounce {
    /// Name of the secret in the address the report came to.
    pub token: String,
    /// What it says.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// A report that a message was not delivered, by the identifiers it names: it may be about a letter of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The identifiers, without brackets.
    pub ids: Vec<String>,
    /// What it says.
    pub said: String,
}

one_by_one!(Bounce, (), bounce);

async fn bounce(item: &Bounce, tx: &mut Tx<'_>) -> Refusable<()> {
    let sql = letter_sql!("WHERE token = $1 AND state IN ('sent', 'uncertain')");
    let Some(row) = tx.conn.row(sql, values![&item.token]).await? else { return Ok(Ok(())) };
    came_back(&letter_of(&row)?, &item.message, item.at, tx).await?;
    Ok(Ok(()))
}

async fn came_back(letter: &LetterRow, said: &str, at: Timestamp, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sql = "UPDATE letter SET state = 'bounced', code = 'OP-2723', message = $2, updated_at = $3 WHERE id = $1";
    tx.conn.run(sql, values![letter.id.as_str(), said, at.as_microsecond()]).await?;
    tell("letter.bounced", &About::of(letter), &[("kind", Field::Text(&letter.kind))], at, tx)
}

/// Puts a report onto the letters it names, within the transaction of the item that it is.
pub(super) async fn returned(item: &Returned, at: Timestamp, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for id in &item.ids {
        let sql = letter_sql!("WHERE message_id = $1 AND state IN ('sent', 'uncertain')");
        if let Some(row) = tx.conn.row(sql, values![id]).await? {
            came_back(&letter_of(&row)?, &item.said, at, tx).await?;
        }
    }
    Ok(())
}

impl Store {
    /// Puts a report of failure onto the letter it is about.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn bounce(&self, bounce: Bounce) -> Result<(), StoreError> {
        self.submit_patiently(bounce).await
    }
}
