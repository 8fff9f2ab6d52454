//! What happened to a pilot between two moments, as rows: what the weekly report is counted from. Own file because it looks along time,
//! which no other read does. INVARIANT: every row carries the identifier under which people find it.

use super::time;
use crate::domain::id::{QuarantineId, ReplyId, RequestId};
use crate::receipt::Receipt;
use crate::store::pack::unpack;
use crate::store::sql::{Conn, Row, values};
use crate::store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Receipts of a source that are looked through for its comparisons: a day has one, and one an hour while something is missing.
const COMPARISONS: i64 = 400;

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

/// An item that did not become a request when it came, for counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideRow {
    /// Its name: `qrt_…`, or `rpl_…` for an answer to a letter of ours that a machine wrote.
    pub id: String,
    /// `quarantined`, `ignored`, or `requested` when it became a request later.
    pub state: String,
    /// Code of the reason.
    pub code: String,
    /// Why it was set aside.
    pub reason: String,
}

/// A comparison of a source with what its far side holds, as its receipt tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedRow {
    /// Place of the receipt in the log.
    pub receipt: u64,
    /// When.
    pub at: Timestamp,
    /// Items the far side held.
    pub held: u64,
    /// Of these, not here or not to be read.
    pub open: u64,
}

/// What is known of the reading of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRow {
    /// Its name.
    pub source: String,
    /// When the far side last answered.
    pub proven_at: Option<Timestamp>,
    /// Its comparisons, oldest first, from the last one before the span on.
    pub compared: Vec<ComparedRow>,
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
    /// Items set aside in it.
    pub aside: Vec<AsideRow>,
    /// Items that came before its end and are in quarantine now.
    pub quarantined: Vec<String>,
    /// The sources asked for that have ever been read, in that order.
    pub reads: Vec<ReadRow>,
    /// The newest checkpoint that was kept: number of receipts, signed note, when.
    pub checkpoint: Option<(u64, String, Timestamp)>,
}

impl Store {
    /// What happened to a pilot, of which these are the sources, from one moment up to another.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn week(
        &self,
        pilot: &str,
        sources: &[String],
        from: Timestamp,
        until: Timestamp,
    ) -> Result<WeekRows, StoreError> {
        let mut reader = self.walker().await?;
        let mut conn = reader.conn();
        let span = Span { pilot, from, until };
        let (arrived, drafted) = (span.arrived(&mut conn).await?, span.drafted(&mut conn).await?);
        let (decided, waiting) = (span.decided(&mut conn).await?, span.waiting(&mut conn).await?);
        let (aside, quarantined) = (span.aside(&mut conn).await?, span.quarantined(&mut conn).await?);
        let mut reads = Vec::new();
        for source in sources {
            reads.extend(span.read(source, &mut conn).await?);
        }
        let row = conn.row("SELECT size, note, at FROM checkpoint ORDER BY size DESC LIMIT 1", values![]).await?;
        let checkpoint = |row: Row| {
            let size =
                u64::try_from(row.int(0)?).map_err(|_| StoreError::corrupt("a checkpoint of less than nothing"))?;
            Ok::<_, StoreError>((size, row.text(1)?, time(row.int(2)?)?))
        };
        let checkpoint = row.map(checkpoint).transpose()?;
        Ok(WeekRows { arrived, drafted, decided, waiting, aside, quarantined, reads, checkpoint })
    }
}

/// Whose rows, and of when.
struct Span<'a> {
    pilot: &'a str,
    from: Timestamp,
    until: Timestamp,
}

type Rows<T> = Result<Vec<T>, StoreError>;

impl Span<'_> {
    fn begin(&self) -> i64 {
        self.from.as_microsecond()
    }

    fn end(&self) -> i64 {
        self.until.as_microsecond()
    }

    /// Between which moments the identifiers of rows of this span were made. They rise with time, so that the key finds a week among years.
    fn made(&self) -> (Timestamp, Timestamp) {
        (self.from.checked_sub(SLACK).unwrap_or(self.from), self.until.checked_add(SLACK).unwrap_or(self.until))
    }

    async fn arrived(&self, conn: &mut Conn<'_>) -> Rows<(String, String, Timestamp)> {
        let (first, last) = self.made();
        let (first, last) = (RequestId::new(first, [0; 10]), RequestId::new(last, [0xff; 10]));
        let sql = "SELECT source, id, accepted_at FROM request WHERE id >= $1 AND id <= $2 AND pilot = $3 \
                   AND accepted_at >= $4 AND accepted_at < $5 AND planted IS NULL ORDER BY id";
        let wanted = values![first.as_str(), last.as_str(), self.pilot, self.begin(), self.end()];
        let arrived = |row: &Row| Ok((row.text(0)?, row.text(1)?, time(row.int(2)?)?));
        conn.rows(sql, wanted).await?.iter().map(arrived).collect()
    }

    /// With their first contents; of what was erased that is empty.
    async fn drafted(&self, conn: &mut Conn<'_>) -> Rows<(String, Timestamp, Timestamp, Vec<u8>)> {
        let sql = "SELECT b.id, b.accepted_at, b.opened_at, r.content FROM brief b JOIN revision r ON r.brief = b.id AND r.number = 1 \
                   WHERE b.pilot = $1 AND b.planted = 0 AND b.opened_at >= $2 AND b.opened_at < $3 ORDER BY b.id";
        let drafted = |row: &Row| Ok((row.text(0)?, time(row.int(1)?)?, time(row.int(2)?)?, unpack(&row.bytes(3)?)?));
        conn.rows(sql, values![self.pilot, self.begin(), self.end()]).await?.iter().map(drafted).collect()
    }

    async fn decided(&self, conn: &mut Conn<'_>) -> Rows<DecidedRow> {
        let sql = "SELECT d.id, d.verdict, d.comment, (SELECT count(*) FROM revision r WHERE r.brief = d.brief AND r.number <= d.revision \
                   AND r.author <> 'generator'), b.opened_at, d.at FROM decision d JOIN brief b ON b.id = d.brief \
                   WHERE d.at >= $1 AND d.at < $2 AND b.pilot = $3 AND b.planted = 0 ORDER BY d.at, d.id";
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
        conn.rows(sql, values![self.begin(), self.end(), self.pilot]).await?.iter().map(decided).collect()
    }

    /// What was decided or withdrawn since then still waited at the end.
    async fn waiting(&self, conn: &mut Conn<'_>) -> Rows<(String, Timestamp)> {
        let sql = "SELECT id, opened_at FROM brief WHERE state IN ('open', 'amending', 'redrafting') AND pilot = $1 AND planted = 0 AND opened_at < $2 \
                   UNION ALL SELECT DISTINCT b.id, b.opened_at FROM decision d JOIN brief b ON b.id = d.brief \
                   WHERE d.at >= $2 AND b.state IN ('approved', 'rejected') AND b.pilot = $1 AND b.planted = 0 AND b.opened_at < $2 \
                   UNION ALL SELECT id, opened_at FROM brief WHERE state = 'withdrawn' AND pilot = $1 AND planted = 0 AND opened_at < $2 \
                   AND updated_at >= $2 ORDER BY id";
        let waiting = |row: &Row| Ok((row.text(0)?, time(row.int(1)?)?));
        conn.rows(sql, values![self.pilot, self.end()]).await?.iter().map(waiting).collect()
    }

    async fn aside(&self, conn: &mut Conn<'_>) -> Rows<AsideRow> {
        let (first, last) = self.made();
        let aside = |row: &Row| {
            Ok(AsideRow { id: row.text(0)?, state: row.text(1)?, code: row.text(2)?, reason: row.text(3)? })
        };
        let (one, two) = (QuarantineId::new(first, [0; 10]), QuarantineId::new(last, [0xff; 10]));
        let sql = "SELECT id, state, code, reason FROM quarantine WHERE id >= $1 AND id <= $2 AND pilot = $3 AND at >= $4 AND at < $5 \
                   ORDER BY id";
        let wanted = values![one.as_str(), two.as_str(), self.pilot, self.begin(), self.end()];
        let mut found: Vec<AsideRow> =
            conn.rows(sql, wanted).await?.iter().map(aside).collect::<Result<_, StoreError>>()?;
        // An answer that a machine wrote stands with the answers; beside them it is only noted that it came.
        let (one, two) = (ReplyId::new(first, [0; 10]), ReplyId::new(last, [0xff; 10]));
        let sql = "SELECT id, state, COALESCE(code, ''), COALESCE(message, '') FROM reply WHERE id >= $1 AND id <= $2 AND pilot = $3 \
                   AND kept_at >= $4 AND kept_at < $5 AND state = 'ignored' ORDER BY id";
        let wanted = values![one.as_str(), two.as_str(), self.pilot, self.begin(), self.end()];
        found.extend(conn.rows(sql, wanted).await?.iter().map(aside).collect::<Result<Vec<_>, StoreError>>()?);
        Ok(found)
    }

    async fn quarantined(&self, conn: &mut Conn<'_>) -> Rows<String> {
        let sql = "SELECT id FROM quarantine WHERE state = 'quarantined' AND pilot = $1 AND at < $2 ORDER BY id";
        conn.rows(sql, values![self.pilot, self.end()]).await?.iter().map(|row| row.text(0)).collect()
    }

    /// How a source is read; `None` for one that brings what it has by itself.
    async fn read(&self, source: &str, conn: &mut Conn<'_>) -> Result<Option<ReadRow>, StoreError> {
        let row = conn.row("SELECT proven_at FROM source_cursor WHERE source = $1", values![source]).await?;
        let Some(row) = row else { return Ok(None) };
        let proven_at = row.maybe_int(0)?.map(time).transpose()?;
        let sql = "SELECT seq, bytes FROM receipt WHERE subject = $1 ORDER BY seq DESC LIMIT $2";
        let rows = conn.rows(sql, values![source, COMPARISONS]).await?;
        let mut compared = Vec::new();
        for row in &rows {
            let Some(found) = self.comparison(&row.bytes(1)?) else { continue };
            let is_before = found.at < self.from;
            compared.push(found);
            if is_before {
                break;
            }
        }
        compared.reverse();
        Ok(Some(ReadRow { source: source.to_owned(), proven_at, compared }))
    }

    /// The comparison that a receipt tells of, when it is one.
    fn comparison(&self, bytes: &[u8]) -> Option<ComparedRow> {
        let receipt: Receipt = serde_json::from_slice(bytes).ok()?;
        let ours = receipt.kind == "source.reconciled" && receipt.pilot.as_deref() == Some(self.pilot);
        let count = |name: &str| receipt.body.get(name).and_then(serde_json::Value::as_u64);
        ours.then_some(ComparedRow {
            receipt: receipt.seq,
            at: Timestamp::from_microsecond(receipt.at).ok()?,
            held: count("held")?,
            open: count("missing")?.saturating_add(count("unreadable")?),
        })
    }
}
