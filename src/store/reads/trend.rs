//! What happened to a pilot in a span of days, as rows to count: arrivals, drafts, decisions, edits, spend. Own file because the report on a
//! week names each row, and this counts months of them. INVARIANT: nothing is estimated; where rows are left out, it is said how many.

use super::time;
use crate::domain::id::BriefId;
use crate::domain::money::Micros;
use crate::store::pack::unpack;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Arrivals are counted by quarters of an hour, which every time zone's days are made of.
const QUARTER: i64 = 900_000_000;
/// Edited briefs whose contents are compared, the first of the span.
pub const MOST_COMPARED: u32 = 500;

/// A decision, for counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendDecision {
    /// On which brief.
    pub brief: BriefId,
    /// `approve`, `minor`, `major` or `reject`.
    pub verdict: String,
    /// Why, where one of the counted reasons was named.
    pub reason: Option<String>,
    /// When the brief first waited for people.
    pub opened_at: Timestamp,
    /// When it was made.
    pub at: Timestamp,
    /// Whether the brief stands approved.
    pub approved: bool,
}

/// What a person made of a draft that was then approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendEdit {
    /// Which brief.
    pub brief: BriefId,
    /// Content as it was drafted.
    pub drafted: Vec<u8>,
    /// Content as it was approved.
    pub approved: Vec<u8>,
}

/// A day's spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendSpend {
    /// `2026-11-21`.
    pub day: String,
    /// Settled.
    pub settled: Micros,
    /// Held still.
    pub held: Micros,
    /// Calls.
    pub calls: u64,
}

/// The rows of a span.
#[derive(Clone, Debug, Default)]
pub struct TrendRows {
    /// Requests by the quarter of an hour in which they were accepted.
    pub arrived: Vec<(Timestamp, u64)>,
    /// First drafts by the quarter of an hour in which their briefs first waited.
    pub drafted: Vec<(Timestamp, u64)>,
    /// First drafts by how long they took from the moment the request was on disk: cut, as lengths are for people, to whole milliseconds
    /// up to a second, seconds up to 90, minutes up to 90, hours up to 48, and days.
    pub took: Vec<(SignedDuration, u64)>,
    /// Decisions, in order.
    pub decided: Vec<TrendDecision>,
    /// Briefs that were edited by hand and approved, one row each; see [`MOST_COMPARED`].
    pub edited: Vec<TrendEdit>,
    /// Days on which calls were made.
    pub spent: Vec<TrendSpend>,
}

impl Store {
    /// What happened to a pilot from one moment up to another; days are given by name, as budgets have them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn trend(
        &self,
        pilot: &str,
        span: (Timestamp, Timestamp),
        days: (&str, &str),
    ) -> Result<TrendRows, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let mut conn = snapshot.conn();
        let (from, until) = (span.0.as_microsecond(), span.1.as_microsecond());
        let wanted = || values![pilot, from, until];
        let sql = "SELECT accepted_at / 900000000, COUNT(*) FROM request WHERE pilot = $1 AND planted IS NULL AND accepted_at >= $2 AND accepted_at < $3 \
                   GROUP BY accepted_at / 900000000 ORDER BY 1";
        let quarter = |row: &Row| Ok((time(row.int(0)?.saturating_mul(QUARTER))?, row.int(1)?.unsigned_abs()));
        let arrived = conn.rows(sql, wanted()).await?.iter().map(quarter).collect::<Result<_, StoreError>>()?;
        let sql = "SELECT opened_at / 900000000, COUNT(*) FROM brief WHERE pilot = $1 AND planted = 0 AND opened_at >= $2 AND opened_at < $3 \
                   GROUP BY opened_at / 900000000 ORDER BY 1";
        let drafted = conn.rows(sql, wanted()).await?.iter().map(quarter).collect::<Result<_, StoreError>>()?;
        let sql = "SELECT CASE WHEN took < 0 THEN 0 WHEN took < 1000000 THEN took / 1000 * 1000 WHEN took < 90000000 THEN took / 1000000 * 1000000 \
                   WHEN took < 5400000000 THEN took / 60000000 * 60000000 WHEN took < 172800000000 THEN took / 3600000000 * 3600000000 \
                   ELSE took / 86400000000 * 86400000000 END, COUNT(*) \
                   FROM (SELECT opened_at - accepted_at AS took FROM brief WHERE pilot = $1 AND planted = 0 AND opened_at >= $2 AND opened_at < $3) b \
                   GROUP BY 1 ORDER BY 1";
        let took = |row: &Row| Ok((SignedDuration::from_micros(row.int(0)?), row.int(1)?.unsigned_abs()));
        let took = conn.rows(sql, wanted()).await?.iter().map(took).collect::<Result<_, StoreError>>()?;
        // Decisions are found by their time; by the name of a pilot, made anew here, its briefs of years would be.
        let sql = "SELECT d.brief, d.verdict, d.reason, b.opened_at, d.at, b.state FROM decision d JOIN brief b ON b.id = d.brief \
                   WHERE d.at >= $2 AND d.at < $3 AND b.pilot || '' = $1 AND b.planted = 0 ORDER BY d.at, d.id";
        let decided = |row: &Row| {
            Ok(TrendDecision {
                brief: super::id(BriefId::parse(&row.text(0)?))?,
                verdict: row.text(1)?,
                reason: row.maybe_text(2)?,
                opened_at: time(row.int(3)?)?,
                at: time(row.int(4)?)?,
                approved: row.text(5)? == "approved",
            })
        };
        let decided = conn.rows(sql, wanted()).await?.iter().map(decided).collect::<Result<_, StoreError>>()?;
        let sql = "SELECT d.brief, g.content, a.content FROM decision d JOIN brief b ON b.id = d.brief \
                   JOIN revision a ON a.brief = d.brief AND a.number = d.revision AND a.author <> 'generator' \
                   JOIN revision g ON g.brief = d.brief AND g.number = (SELECT MAX(o.number) FROM revision o WHERE o.brief = d.brief \
                   AND o.author = 'generator' AND o.number <= d.revision) \
                   WHERE d.at >= $2 AND d.at < $3 AND b.pilot || '' = $1 AND b.planted = 0 AND d.verdict = 'approve' AND b.state = 'approved' ORDER BY d.at, d.id LIMIT $4";
        let mut wanted = wanted();
        wanted.extend(values![i64::from(MOST_COMPARED)]);
        let mut edited: Vec<TrendEdit> = Vec::new();
        for row in conn.rows(sql, wanted).await? {
            let brief = super::id(BriefId::parse(&row.text(0)?))?;
            // Where several must approve, the brief counts once.
            if edited.iter().all(|known| known.brief != brief) {
                edited.push(TrendEdit { brief, drafted: unpack(&row.bytes(1)?)?, approved: unpack(&row.bytes(2)?)? });
            }
        }
        let sql = "SELECT period, settled, held, calls FROM spend WHERE scope = $1 AND span = 'day' AND period >= $2 AND period <= $3 \
                   ORDER BY period";
        let money = |micros| Micros::new(micros).ok_or_else(|| StoreError::corrupt("an amount below zero"));
        let spent = |row: &Row| {
            let (settled, held) = (money(row.int(1)?)?, money(row.int(2)?)?);
            Ok(TrendSpend { day: row.text(0)?, settled, held, calls: row.int(3)?.unsigned_abs() })
        };
        let rows = conn.rows(sql, values![format!("pilot:{pilot}"), days.0, days.1]).await?;
        let spent = rows.iter().map(spent).collect::<Result<_, StoreError>>()?;
        Ok(TrendRows { arrived, drafted, took, decided, edited, spent })
    }

    /// How many briefs of a pilot wait since each of these moments, the latest first, but before the one that precedes it; last, how many
    /// have waited longer than since all of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn backlog_since(&self, pilot: &str, since: [Timestamp; 6]) -> Result<[u64; 7], StoreError> {
        // What is planted counts until it is decided, as it does in the queue: figures that differ by it would tell that it is there.
        // A pilot's name that is made anew is looked for in the index of what waits, which has all that is counted, rather than among years.
        // Each moment counts what came since: to sort them into groups takes longer than to compare them all.
        let sql = "SELECT COUNT(*) FILTER (WHERE b.opened_at >= $2), COUNT(*) FILTER (WHERE b.opened_at >= $3), COUNT(*) FILTER (WHERE b.opened_at >= $4), \
                   COUNT(*) FILTER (WHERE b.opened_at >= $5), COUNT(*) FILTER (WHERE b.opened_at >= $6), COUNT(*) FILTER (WHERE b.opened_at >= $7), COUNT(*) \
                   FROM brief b WHERE b.state IN ('open', 'amending', 'redrafting') AND b.pilot || '' = $1";
        let mut values = values![pilot];
        values.extend(since.iter().map(|moment| crate::store::sql::Value::from(moment.as_microsecond())));
        let mut counts = [0; 7];
        for row in self.walker().await?.conn().rows(sql, values).await? {
            let mut before = 0;
            for (place, count) in counts.iter_mut().enumerate() {
                let up_to = row.int(place)?.unsigned_abs();
                *count = up_to.saturating_sub(before);
                before = up_to;
            }
        }
        Ok(counts)
    }
}
