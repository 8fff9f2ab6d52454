//! Saving and dropping a person's own views of the queue. Own file because these are the one change without a receipt: they touch
//! nothing but what the person sees first. INVARIANT: of one person a name stands once, and there are at most [`MOST_VIEWS`].

use crate::domain::id::UserId;
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// How many views a person may have.
pub const MOST_VIEWS: i64 = 50;

/// Saves a view, in the place of one of the same name.
#[derive(Clone, Debug)]
pub struct SaveView {
    /// Whose.
    pub person: UserId,
    /// What they call it.
    pub name: String,
    /// The filters, as a query string.
    pub query: String,
    /// When.
    pub at: Timestamp,
}

/// Drops a view.
#[derive(Clone, Debug)]
pub struct DropView {
    /// Whose.
    pub person: UserId,
    /// What they call it.
    pub name: String,
}

one_by_one!(SaveView, (), save_view);
one_by_one!(DropView, (), drop_view);

type Refusable = Result<Result<(), StoreError>, StoreError>;

async fn save_view(item: &SaveView, tx: &mut Tx<'_>) -> Refusable {
    let sql = "SELECT COUNT(*) FROM saved_view WHERE person = $1 AND name <> $2";
    let others = tx.conn.row(sql, values![item.person.as_str(), &item.name]).await?;
    if others.map_or(Ok(0), |row| row.int(0))? >= MOST_VIEWS {
        let what = format!("there are {MOST_VIEWS} saved views already; drop one, then save this one");
        return Ok(Err(StoreError::Conflict { what }));
    }
    let sql = "INSERT INTO saved_view (person, name, query, at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (person, name) DO UPDATE SET query = excluded.query, at = excluded.at";
    tx.conn.run(sql, values![item.person.as_str(), &item.name, &item.query, item.at.as_microsecond()]).await?;
    Ok(Ok(()))
}

async fn drop_view(item: &DropView, tx: &mut Tx<'_>) -> Refusable {
    let sql = "DELETE FROM saved_view WHERE person = $1 AND name = $2";
    let gone = tx.conn.run(sql, values![item.person.as_str(), &item.name]).await?;
    let missing = || StoreError::NotFound { what: "view", id: item.name.clone() };
    Ok(if gone > 0 { Ok(()) } else { Err(missing()) })
}

impl Store {
    /// Saves a person's view.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when they have too many.
    pub async fn save_view(&self, view: SaveView) -> Result<(), StoreError> {
        self.submit(view).await
    }

    /// Drops a person's view.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn drop_view(&self, view: DropView) -> Result<(), StoreError> {
        self.submit(view).await
    }
}
