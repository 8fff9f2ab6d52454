//! What a pilot's review and writing came to, from rows: the proof that automation asks for, and what its triggers watch. Own file because
//! every figure is defined here and nowhere else. INVARIANT: nothing is estimated; what cannot be counted is not here.

use crate::domain::id::ReservationId;
use crate::domain::money::Micros;
use crate::store::sql::values;
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use std::time::Duration;

/// What a pilot's review came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PilotFigures {
    /// Briefs that were approved or rejected for good.
    pub reviewed: u32,
    /// Of them, approved.
    pub approved: u32,
    /// Of the approved, those that a person had edited before.
    pub edited: u32,
    /// Of the reviewed, rejected.
    pub rejected: u32,
    /// Writes that were undone, or whose undo found the record different, or that stand refused after they had been sent, each counted
    /// once; and pauses by the pilot's triggers.
    pub incidents: u32,
    /// Planted bad drafts that were decided; they count nowhere else.
    pub planted: u32,
    /// Of them, those whose fault was seen.
    pub caught: u32,
}

/// What writing came to. Undos count for what they undo, not by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct WriteFigures {
    /// Writes that came to an end: written, refused or uncertain.
    pub done: u32,
    /// Of them, shown by the far side, undone later or not.
    pub written: u32,
    /// Of them, those that the far side does not take, and stand so.
    pub refused: u32,
    /// Of them, those of which nobody knows, and stand so.
    pub uncertain: u32,
    /// Writes that were undone.
    pub undone: u32,
    /// Writes that were written or undone: what a share of undone ones is of.
    #[serde(skip)]
    pub standing: u32,
    /// From when they were due to when they were seen at the far side: 19 of 20 took no longer. `None`: none was written.
    #[serde(serialize_with = "seconds")]
    pub latency_p95: Option<Duration>,
    /// What the pilot's calls to models did cost, or hold as long as nobody knows.
    #[serde(rename = "cost_micros")]
    pub cost: Micros,
}

fn seconds<S: serde::Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&duration.map(|duration| duration.as_secs_f64()), serializer)
}

impl Store {
    /// What a pilot's review came to since then, by the time of the last decision.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pilot_figures(&self, pilot: &str, since: Timestamp) -> Result<PilotFigures, StoreError> {
        let mut reader = self.walker().await?;
        let since = since.as_microsecond();
        let sql = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN b.state = 'approved' THEN 1 ELSE 0 END), 0), \
                   COALESCE(SUM(CASE WHEN b.state = 'approved' AND EXISTS (SELECT 1 FROM revision r WHERE r.brief = b.id AND r.author <> 'generator') \
                   THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN b.state = 'rejected' THEN 1 ELSE 0 END), 0) \
                   FROM (SELECT DISTINCT brief FROM decision WHERE at >= $2 AND verdict IN ('approve', 'reject')) d \
                   JOIN brief b ON b.id = d.brief WHERE b.pilot = $1 AND b.planted = 0 AND b.state IN ('approved', 'rejected')";
        let mut figures = PilotFigures::default();
        if let Some(row) = reader.conn().row(sql, values![pilot, since]).await? {
            figures.reviewed = row.small(0)?;
            figures.approved = row.small(1)?;
            figures.edited = row.small(2)?;
            figures.rejected = row.small(3)?;
        }
        let sql = "SELECT (SELECT COUNT(DISTINCT CASE WHEN undo_of = '' THEN id ELSE undo_of END) FROM write_item \
                   WHERE pilot = $1 AND updated_at >= $2 AND (state = 'undone' OR now IS NOT NULL OR (state = 'refused' AND sent_at IS NOT NULL))) \
                   + (SELECT COUNT(*) FROM pause WHERE pilot = $1 AND trigger_name <> '' AND at >= $2)";
        if let Some(row) = reader.conn().row(sql, values![pilot, since]).await? {
            figures.incidents = row.small(0)?;
        }
        let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(caught), 0) AS BIGINT) FROM probe WHERE pilot = $1 AND decided_at >= $2";
        if let Some(row) = reader.conn().row(sql, values![pilot, since]).await? {
            figures.planted = row.small(0)?;
            figures.caught = row.small(1)?;
        }
        Ok(figures)
    }

    /// What a pilot's writing, or that to one sink, came to since then.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn write_figures(
        &self,
        pilot: &str,
        sink: Option<&str>,
        since: Timestamp,
    ) -> Result<WriteFigures, StoreError> {
        let mut reader = self.walker().await?;
        let (sink, from) = (sink.unwrap_or_default(), since.as_microsecond());
        let sql = "SELECT COALESCE(SUM(CASE WHEN state IN ('written', 'undone') AND written_at >= $3 THEN 1 ELSE 0 END), 0), \
                   COALESCE(SUM(CASE WHEN state = 'refused' THEN 1 ELSE 0 END), 0), \
                   COALESCE(SUM(CASE WHEN state = 'uncertain' THEN 1 ELSE 0 END), 0), \
                   COALESCE(SUM(CASE WHEN state = 'undone' THEN 1 ELSE 0 END), 0), \
                   COALESCE(SUM(CASE WHEN state = 'undone' OR state = 'written' AND written_at >= $3 THEN 1 ELSE 0 END), 0) \
                   FROM write_item WHERE pilot = $1 AND ($2 = '' OR sink = $2) AND updated_at >= $3 AND undo_of = ''";
        let mut figures = WriteFigures::default();
        if let Some(row) = reader.conn().row(sql, values![pilot, sink, from]).await? {
            figures.written = row.small(0)?;
            figures.refused = row.small(1)?;
            figures.uncertain = row.small(2)?;
            figures.undone = row.small(3)?;
            figures.standing = row.small(4)?;
            figures.done = figures.written + figures.refused + figures.uncertain;
        }
        if figures.written > 0 {
            // The nearest rank: of 20, the nineteenth.
            let rank = i64::from((figures.written * 19).div_ceil(20)) - 1;
            let sql = "SELECT written_at - ready_at FROM write_item WHERE pilot = $1 AND ($2 = '' OR sink = $2) AND updated_at >= $3 \
                       AND undo_of = '' AND state IN ('written', 'undone') AND written_at >= $3 ORDER BY 1 LIMIT 1 OFFSET $4";
            if let Some(row) = reader.conn().row(sql, values![pilot, sink, from, rank]).await? {
                figures.latency_p95 = Some(Duration::from_micros(u64::try_from(row.int(0)?).unwrap_or(0)));
            }
        }
        // Names of reservations begin with their time.
        let first = ReservationId::new(since, [0; 10]);
        let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'settled' THEN COALESCE(cost, held) ELSE held END), 0) AS BIGINT) FROM reservation \
                   WHERE id >= $2 AND pilot = $1 AND state IN ('settled', 'held', 'unreported', 'disputed')";
        if let Some(row) = reader.conn().row(sql, values![pilot, first.as_str()]).await? {
            figures.cost = Micros::new(row.int(0)?).ok_or_else(|| StoreError::corrupt("an amount below zero"))?;
        }
        Ok(figures)
    }
}
