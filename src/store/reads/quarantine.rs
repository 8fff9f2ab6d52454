//! Items that did not become requests, and the sources they came from, as they are read. INVARIANT: what a source keeps secret leaves the
//! store through one door alone, and only for the source itself.

use super::{Page, id, time};
use crate::domain::id::QuarantineId;
use crate::store::sql::{Many, Row, values};
use crate::store::{AsideState, Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::Secret;
use std::collections::HashMap;

/// An item that was set aside.
#[derive(Clone, Debug)]
pub struct QuarantineRow {
    /// Its name.
    pub id: QuarantineId,
    /// Tenant of the pilot.
    pub tenant: String,
    /// Pilot whose request it would have been.
    pub pilot: String,
    /// Source that it came from.
    pub source: String,
    /// Recognises it when it comes again.
    pub dedup_key: String,
    /// Where it lies at its origin.
    pub place: String,
    /// How it stands.
    pub state: AsideState,
    /// Stable code of the reason.
    pub code: String,
    /// Why it was set aside.
    pub reason: String,
    /// Digest of its bytes, when they are kept.
    pub raw: Option<String>,
    /// Media type of the bytes.
    pub media_type: Option<String>,
    /// The request it became.
    pub request: Option<String>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// When it was set aside.
    pub at: Timestamp,
}

/// Which items.
#[derive(Clone, Debug, Default)]
pub struct QuarantineFilter {
    /// Of this pilot.
    pub pilot: Option<String>,
    /// From this source.
    pub source: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// After this identifier, exclusive.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// How the runtime knows a pulled source.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Its name.
    pub source: String,
    /// When the far side last answered.
    pub proven_at: Option<Timestamp>,
    /// When it was last compared with what the far side holds.
    pub reconciled_at: Option<Timestamp>,
}

static FIND_HELD: Many = Many {
    before: "WITH wanted (dedup_key, source) AS (VALUES",
    columns: &["TEXT", "TEXT"],
    after: ") SELECT w.dedup_key, 'request' FROM wanted w JOIN request r ON r.dedup_key = w.dedup_key AND r.source = w.source \
            UNION ALL SELECT w.dedup_key, q.state FROM wanted w JOIN quarantine q ON q.dedup_key = w.dedup_key AND q.source = w.source",
};

macro_rules! item_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant, pilot, source, dedup_key, place, state, code, reason, raw, media_type, request, received_at, at FROM quarantine ",
            $rest
        )
    };
}

fn item(row: &Row) -> Result<QuarantineRow, StoreError> {
    let word = row.text(6)?;
    let state = AsideState::ALL.into_iter().find(|state| state.as_str() == word);
    Ok(QuarantineRow {
        id: id(QuarantineId::parse(&row.text(0)?))?,
        tenant: row.text(1)?,
        pilot: row.text(2)?,
        source: row.text(3)?,
        dedup_key: row.text(4)?,
        place: row.text(5)?,
        state: state.ok_or_else(|| StoreError::corrupt(format!("quarantine state `{word}`")))?,
        code: row.text(7)?,
        reason: row.text(8)?,
        raw: row.maybe_text(9)?,
        media_type: row.maybe_text(10)?,
        request: row.maybe_text(11)?,
        received_at: time(row.int(12)?)?,
        at: time(row.int(13)?)?,
    })
}

impl Store {
    /// An item that was set aside.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn quarantine(&self, name: &QuarantineId) -> Result<QuarantineRow, StoreError> {
        let row = self.reader().await?.conn().row(item_sql!("WHERE id = $1"), values![name.as_str()]).await?;
        let missing = || StoreError::NotFound { what: "quarantined item", id: name.to_string() };
        item(&row.ok_or_else(missing)?)
    }

    /// Items that were set aside, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn quarantines(&self, filter: &QuarantineFilter) -> Result<Page<QuarantineRow>, StoreError> {
        let all = |text: &Option<String>| text.clone().unwrap_or_default();
        let after = filter.after.clone().unwrap_or_else(|| "qrt_z".to_owned());
        let row =
            values![all(&filter.pilot), all(&filter.source), all(&filter.state), after, i64::from(filter.limit) + 1];
        let sql = item_sql!(
            "WHERE ($1 = '' OR pilot = $1) AND ($2 = '' OR source = $2) AND ($3 = '' OR state = $3) AND id < $4 ORDER BY id DESC LIMIT $5"
        );
        let rows = self.walker().await?.conn().rows(sql, row).await?;
        let items = rows.iter().map(item).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, filter.limit, |item| item.id.to_string()))
    }

    /// How many items wait in quarantine for a person.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn quarantined(&self) -> Result<i64, StoreError> {
        let sql = "SELECT COUNT(*) FROM quarantine WHERE state = 'quarantined'";
        self.walker().await?.conn().row(sql, vec![]).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// How the items of these keys stand: `request`, `quarantined`, `ignored` or `requested`. A key that is not in the answer is not here.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn standing_of(&self, source: &str, keys: &[String]) -> Result<HashMap<String, String>, StoreError> {
        let wanted = keys.iter().flat_map(|key| values![key, source]).collect();
        let rows = self.reader().await?.conn().rows_many(&FIND_HELD, wanted).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let (key, state) = (row.text(0)?, row.text(1)?);
            // A request counts before whatever it was first.
            if state == "request" || !found.contains_key(&key) {
                found.insert(key, state);
            }
        }
        Ok(found)
    }

    /// What is known of the pulled sources.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sources(&self) -> Result<Vec<SourceRow>, StoreError> {
        let sql = "SELECT source, proven_at, reconciled_at FROM source_cursor ORDER BY source";
        let rows = self.reader().await?.conn().rows(sql, vec![]).await?;
        let source = |row: &Row| {
            Ok(SourceRow {
                source: row.text(0)?,
                proven_at: row.maybe_int(1)?.map(time).transpose()?,
                reconciled_at: row.maybe_int(2)?.map(time).transpose()?,
            })
        };
        rows.iter().map(source).collect()
    }

    /// What a source must not forget, for the source itself.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kept_secret(&self, source: &str) -> Result<Option<Secret>, StoreError> {
        let sql = "SELECT kept FROM source_cursor WHERE source = $1";
        let row = self.reader().await?.conn().row(sql, values![source]).await?;
        Ok(row.map(|row| row.maybe_text(0)).transpose()?.flatten().map(Secret::new))
    }
}
