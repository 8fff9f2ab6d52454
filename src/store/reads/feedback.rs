//! What people said about screens, with the timeline of each.

use super::{Page, id, time};
use crate::domain::id::FeedbackId;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// What a person said about a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackRow {
    /// Its name.
    pub id: FeedbackId,
    /// Client organisation.
    pub tenant: String,
    /// Pilot; empty for none.
    pub pilot: String,
    /// Who.
    pub person: String,
    /// Path of the screen.
    pub screen: String,
    /// The request or brief that it showed; empty for none.
    pub item: String,
    /// Where that stood.
    pub step: String,
    /// What was refused to them last, in words with its code; or else the last answer of the policy about it.
    pub decision: String,
    /// The last receipt about it.
    pub receipt: String,
    /// `open`, `answered` or `closed`.
    pub state: String,
    /// What they said.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// A step of its timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackEvent {
    /// `given`, `answered` or `closed`.
    pub kind: String,
    /// Who.
    pub person: String,
    /// What they said.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// Which feedback.
#[derive(Clone, Debug, Default)]
pub struct FeedbackFilter {
    /// Of this pilot.
    pub pilot: Option<String>,
    /// By this person.
    pub person: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// After this identifier, exclusive.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

macro_rules! feedback_sql {
    ($rest:literal) => {
        concat!(
            "SELECT f.id, f.tenant, f.pilot, f.person, f.screen, f.item, f.step, f.permit, f.receipt, f.state, e.text, f.at \
             FROM feedback f JOIN feedback_event e ON e.feedback = f.id AND e.number = 1 ",
            $rest
        )
    };
}

fn feedback_of(row: &Row) -> Result<FeedbackRow, StoreError> {
    Ok(FeedbackRow {
        id: id(FeedbackId::parse(&row.text(0)?))?,
        tenant: row.text(1)?,
        pilot: row.text(2)?,
        person: row.text(3)?,
        screen: row.text(4)?,
        item: row.text(5)?,
        step: row.text(6)?,
        decision: row.text(7)?,
        receipt: row.text(8)?,
        state: row.text(9)?,
        text: row.text(10)?,
        at: time(row.int(11)?)?,
    })
}

impl Store {
    /// What people said, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feedbacks(&self, filter: &FeedbackFilter) -> Result<Page<FeedbackRow>, StoreError> {
        let sql = feedback_sql!(
            "WHERE ($1 = '' OR f.pilot = $1) AND ($2 = '' OR f.person = $2) AND ($3 = '' OR f.state = $3) AND f.id < $4 \
             ORDER BY f.id DESC LIMIT $5"
        );
        let all = |text: &Option<String>| text.clone().unwrap_or_default();
        let after = filter.after.as_deref().unwrap_or("fbk_z");
        let row =
            values![all(&filter.pilot), all(&filter.person), all(&filter.state), after, i64::from(filter.limit) + 1];
        let rows = self.walker().await?.conn().rows(sql, row).await?;
        let items = rows.iter().map(feedback_of).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, filter.limit, |feedback| feedback.id.to_string()))
    }

    /// One, with its timeline.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn feedback(&self, of: &FeedbackId) -> Result<(FeedbackRow, Vec<FeedbackEvent>), StoreError> {
        let mut reader = self.reader().await?;
        let mut conn = reader.conn();
        let row = conn.row(feedback_sql!("WHERE f.id = $1"), values![of.as_str()]).await?;
        let row = row.ok_or_else(|| StoreError::NotFound { what: "feedback", id: of.to_string() })?;
        let sql = "SELECT kind, person, text, at FROM feedback_event WHERE feedback = $1 ORDER BY number";
        let event = |row: &Row| {
            Ok(FeedbackEvent { kind: row.text(0)?, person: row.text(1)?, text: row.text(2)?, at: time(row.int(3)?)? })
        };
        let events = conn.rows(sql, values![of.as_str()]).await?;
        Ok((feedback_of(&row)?, events.iter().map(event).collect::<Result<_, StoreError>>()?))
    }
}
