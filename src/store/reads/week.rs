//! What happened to a pilot between two moments, as rows: what the weekly report is counted from. Own file because it looks along time,
//! which no other read does. INVARIANT: every row carries the identifier under which people find it.

use super::time;
use crate::domain::id::RequestId;
use crate::store::pack::unpack;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// How far the time in an identifier may lie from the time in its row: clocks of several daemons, and requests that waited for the writer.
const SLACK: SignedDuration = SignedDuration::from_hours(1);

/// A decision, for counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedRow {
    /// Its name.
    pub id: String,
    /// `approve`, `minor`, `major` or `reject`.
    pub verdict: String,
    /// What the person wrote.
    pub comment: Option<String>,
    /// Whether a person had changed the brief before.
    pub edited: bool,
    /// When the brief first waited for people.
    pub opened_at: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// The rows of a span of time.
#[derive(Clone, Debug, Default)]
pub struct WeekRows {
    /// Requests accepted in it: source, name, when.
    pub arrived: Vec<(String, String, Timestamp)>,
    /// Briefs that first waited for people in it: name, when their request was accepted, when they waited, and the content of their first
    /// revision.
    pub drafted: Vec<(String, Timestamp, Timestamp, Vec<u8>)>,
    /// Decisions made in it.
    pub decided: Vec<DecidedRow>,
    /// Briefs that were undecided at its end: name, and since when.
    pub waiting: Vec<(String, Timestamp)>,
    /// The newest checkpoint that was kept: number of receipts, signed note, when.
    pub checkpoint: Option<(u64, String, Timestamp)>,
}

impl Store {
    /// What happened to a pilot from one moment up to another.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn week(&self, pilot: &str, from: Timestamp, until: Timestamp) -> Result<WeekRows, StoreError> {
        let (begin, end) = (from.as_microsecond(), until.as_microsecond());
        let mut reader = self.reader().await?;
        let mut conn = reader.conn();
        // Identifiers rise with time, so that the key finds the week among years.
        let first = RequestId::new(from.checked_sub(SLACK).unwrap_or(from), [0; 10]);
        let last = RequestId::new(until.checked_add(SLACK).unwrap_or(until), [0xff; 10]);
        let sql = "SELECT source, id, accepted_at FROM request WHERE id >= $1 AND id <= $2 AND pilot = $3 \
                   AND accepted_at >= $4 AND accepted_at < $5 ORDER BY id";
        let rows = conn.rows(sql, values![first.as_str(), last.as_str(), pilot, begin, end]).await?;
        let arrived = |row: &Row| Ok((row.text(0)?, row.text(1)?, time(row.int(2)?)?));
        let arrived = rows.iter().map(arrived).collect::<Result<_, StoreError>>()?;

        let newest = last.brief();
        let sql = "SELECT b.id, q.accepted_at, b.opened_at, r.content FROM brief b JOIN request q ON q.id = 'req_' || substr(b.id, 5) \
                   JOIN revision r ON r.brief = b.id AND r.number = 1 \
                   WHERE b.pilot = $1 AND b.id <= $2 AND b.opened_at >= $3 AND b.opened_at < $4 ORDER BY b.id";
        let rows = conn.rows(sql, values![pilot, newest.as_str(), begin, end]).await?;
        let drafted = |row: &Row| Ok((row.text(0)?, time(row.int(1)?)?, time(row.int(2)?)?, unpack(&row.bytes(3)?)?));
        let drafted = rows.iter().map(drafted).collect::<Result<_, StoreError>>()?;

        let sql = "SELECT d.id, d.verdict, d.comment, (SELECT count(*) FROM revision r WHERE r.brief = d.brief AND r.number <= d.revision \
                   AND r.author <> 'generator'), b.opened_at, d.at FROM decision d JOIN brief b ON b.id = d.brief \
                   WHERE d.brief <= $1 AND d.at >= $2 AND d.at < $3 AND b.pilot = $4 ORDER BY d.at, d.id";
        let rows = conn.rows(sql, values![newest.as_str(), begin, end, pilot]).await?;
        let decided = |row: &Row| {
            Ok(DecidedRow {
                id: row.text(0)?,
                verdict: row.text(1)?,
                comment: row.maybe_text(2)?,
                edited: row.int(3)? > 0,
                opened_at: time(row.int(4)?)?,
                at: time(row.int(5)?)?,
            })
        };
        let decided = rows.iter().map(decided).collect::<Result<_, StoreError>>()?;

        // What was decided since then still waited at that moment.
        let sql = "SELECT id, opened_at FROM brief WHERE pilot = $1 AND id <= $2 AND opened_at < $3 \
                   AND (state IN ('open', 'amending', 'redrafting') OR updated_at >= $3) ORDER BY id";
        let rows = conn.rows(sql, values![pilot, newest.as_str(), end]).await?;
        let waiting =
            rows.iter().map(|row| Ok((row.text(0)?, time(row.int(1)?)?))).collect::<Result<_, StoreError>>()?;

        let row = conn.row("SELECT size, note, at FROM checkpoint ORDER BY size DESC LIMIT 1", values![]).await?;
        let checkpoint = |row: Row| {
            let size =
                u64::try_from(row.int(0)?).map_err(|_| StoreError::corrupt("a checkpoint of less than nothing"))?;
            Ok::<_, StoreError>((size, row.text(1)?, time(row.int(2)?)?))
        };
        let checkpoint = row.map(checkpoint).transpose()?;
        Ok(WeekRows { arrived, drafted, decided, waiting, checkpoint })
    }
}
