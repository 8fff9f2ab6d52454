//! The queue: briefs that wait for people, urgent first, then oldest, with how many there are of each. Own file because it is the one list
//! whose order is not that of its identifiers. INVARIANT: a page and the counts beside it are of one moment.

use super::briefs::brief_of;
use super::requests::request_of;
use super::time;
use crate::domain::id::{BriefId, NotAnId};
use crate::store::sql::{Conn, Many, Row, Value, values};
use crate::store::{BriefRow, Request, Store, StoreError};
use jiff::Timestamp;
use std::fmt;
use std::str::FromStr;

/// How many briefs a search by words looks at, in the order of the queue.
pub const MOST_SEARCHED: u32 = 5000;
/// How many of those that a search may mean are read at once.
const FOUND_AT_ONCE: usize = 500;

/// Whose hand a brief is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Whoever.
    #[default]
    Any,
    /// Nobody's.
    Nobody,
    /// This person's (`usr_…`).
    Person(String),
}

/// Where a page of the queue begins: behind this lane and brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuePlace {
    /// 0 urgent, 1 high, 2 normal, 3 low.
    pub lane: u8,
    /// The last brief of the page before.
    pub brief: BriefId,
}

impl fmt::Display for QueuePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.lane, self.brief)
    }
}

impl FromStr for QueuePlace {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (lane, brief) = text.split_once('.').unwrap_or(("", text));
        match lane {
            "0" | "1" | "2" | "3" => Ok(Self { lane: lane.as_bytes()[0] - b'0', brief: BriefId::parse(brief)? }),
            // Says what it is not: the whole of it.
            _ => BriefId::parse(&format!("?{text}")).map(|brief| Self { lane: 0, brief }),
        }
    }
}

/// Which of the briefs that wait.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// Of these pilots; `None`: of all.
    pub pilots: Option<Vec<String>>,
    /// In this state: `open`, `amending` or `redrafting`.
    pub state: Option<String>,
    /// In this lane, as [`QueuePlace::lane`] counts them.
    pub lane: Option<u8>,
    /// Of this level of risk.
    pub risk: Option<String>,
    /// In whose hand.
    pub holder: Wanted,
    /// Whose own share of the backlog is counted (`usr_…`).
    pub me: String,
    /// Waiting since then at the latest.
    pub before: Option<Timestamp>,
    /// Behind this place, exclusive.
    pub after: Option<QueuePlace>,
    /// How many at most.
    pub limit: u32,
    /// Claims that end by then are none.
    pub now: Timestamp,
}

/// A brief in the queue.
#[derive(Clone, Debug)]
pub struct QueueRow {
    /// Where it stands.
    pub place: QueuePlace,
    /// The brief; its claim is in force, or there is none.
    pub brief: BriefRow,
    /// Name of whoever holds it.
    pub holder: Option<String>,
    /// Its request. Its text is cut behind the words that say what its subject is, and behind 4,000 characters without a subject.
    pub request: Request,
}

/// How many briefs of each lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct QueueTally {
    /// Score 80 and above.
    pub urgent: u32,
    /// 60 to 79.
    pub high: u32,
    /// 30 to 59.
    pub normal: u32,
    /// Below 30.
    pub low: u32,
}

impl QueueTally {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.urgent + self.high + self.normal + self.low
    }

    fn of(&mut self, lane: u8) -> &mut u32 {
        match lane {
            0 => &mut self.urgent,
            1 => &mut self.high,
            2 => &mut self.normal,
            _ => &mut self.low,
        }
    }
}

/// Everything that waits in the pilots asked for, whatever else is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// All of it.
    pub all: u32,
    /// In the hand of whoever asks.
    pub mine: u32,
    /// In nobody's.
    pub free: u32,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

/// A page of the queue.
#[derive(Clone, Debug)]
pub struct QueuePage {
    /// The briefs.
    pub items: Vec<QueueRow>,
    /// Where the next page begins, when there is one.
    pub next: Option<QueuePlace>,
    /// How many fit the filter, on all pages.
    pub tally: QueueTally,
    /// How many briefs a search did not look at, because there are too many.
    pub unsearched: u32,
    /// The backlog.
    pub backlog: Backlog,
    /// How many receipts there were at that moment; what comes later stands behind it in the log.
    pub receipts: u64,
}

/// The lane of a brief; an index holds the same expression.
macro_rules! lane {
    () => {
        "(CASE WHEN b.score >= 80 THEN 0 WHEN b.score >= 60 THEN 1 WHEN b.score >= 30 THEN 2 ELSE 3 END)"
    };
}
/// The condition of the partial indices word for word, in the pilots asked for. One pilot is its name, which costs a comparison and no new
/// text for each brief; several are `|north|south|`.
macro_rules! waits {
    () => {
        "b.state IN ('open', 'amending', 'redrafting') AND ($1 = '' OR b.pilot = $1 \
         OR (substr($1, 1, 1) = '|' AND replace($1, '|' || b.pilot || '|', '|') <> $1))"
    };
}
/// The rest of the filter.
macro_rules! fits {
    () => {
        concat!(
            "($2 = '' OR b.state = $2) AND ($3 = '' OR b.risk = $3) AND ($4 < 0 OR ",
            lane!(),
            " = $4) AND ($5 = '' OR (b.claimed_by = $5 AND b.claim_until > $6) \
             OR ($5 = '-' AND (b.claimed_by IS NULL OR b.claim_until <= $6))) AND b.opened_at <= $7"
        )
    };
}
/// Which of them, behind which place, in the order of the queue.
macro_rules! which {
    () => {
        concat!(
            "FROM brief b WHERE ",
            waits!(),
            " AND ",
            fits!(),
            " AND ",
            lane!(),
            " >= $8 AND ",
            lane!(),
            " <= CASE WHEN $4 < 0 THEN 3 ELSE $4 END AND (",
            lane!(),
            " > $8 OR b.id > $9) ORDER BY ",
            lane!(),
            ", b.id LIMIT $10"
        )
    };
}
/// Rows for people, of the briefs that `$of` finds.
macro_rules! rows {
    ($($of:expr),+) => {
        concat!(
            "SELECT b.id, b.pilot, b.tenant, b.state, b.version, b.revision, b.digest, b.attempt, b.score, b.risk, b.claimed_by, b.claim_until, \
             b.opened_at, b.updated_at, r.submitter, b.planted, CAST(b.lane AS BIGINT), p.name, r.id, r.pilot, r.tenant, r.source, r.external_id, \
             r.submitter, r.raw, r.media_type, r.sender_name, r.sender_email, r.sender_phone, r.organisation, r.subject, \
             substr(r.text, 1, CASE WHEN r.subject IS NULL THEN 4000 ELSE length(r.subject) + 200 END), r.duplicate_of, r.attachments, \
             r.received_at, r.accepted_at FROM (SELECT ",
            lane!(),
            " AS lane, b.* ",
            $($of,)+
            ") b JOIN request r ON r.id = 'req_' || substr(b.id, 5) LEFT JOIN person p ON p.id = b.claimed_by ORDER BY b.lane, b.id"
        )
    };
}

/// Which they are is read from an index alone; only they are looked up.
const PAGE: &str = rows!("FROM (SELECT b.id ", which!(), ") w JOIN brief b ON b.id = w.id");

/// What a search looks at first.
const SUBJECTS: &str = concat!(
    "SELECT CAST(b.lane AS BIGINT), b.id, r.subject FROM (SELECT ",
    lane!(),
    " AS lane, b.id ",
    which!(),
    ") b JOIN request r ON r.id = 'req_' || substr(b.id, 5)"
);

static FOUND: Many = Many {
    before: "WITH wanted (id) AS (VALUES",
    columns: &["TEXT"],
    after: concat!(") ", rows!("FROM wanted w JOIN brief b ON b.id = w.id")),
};

/// By lane: how many fit the filter (all, with `$9` = 1), how many there are, in the hand of whoever asks, in nobody's, and since when.
const COUNTS: &str = concat!(
    "SELECT ",
    "CAST(",
    lane!(),
    " AS BIGINT), COUNT(*) FILTER (WHERE $9 = 1 OR (",
    fits!(),
    ")), COUNT(*), COUNT(*) FILTER (WHERE b.claimed_by = $8 AND b.claim_until > $6), \
     COUNT(*) FILTER (WHERE b.claimed_by IS NULL OR b.claim_until <= $6), MIN(b.opened_at) FROM brief b WHERE ",
    waits!(),
    " GROUP BY ",
    lane!()
);

/// The first column of a request, behind those of the brief, its lane and its holder.
const REQUEST: usize = 18;

fn row_of(row: &Row, now: Timestamp) -> Result<QueueRow, StoreError> {
    let mut brief = brief_of(row)?;
    let lane = u8::try_from(row.int(16)?).map_err(|_| StoreError::corrupt("a lane that is none"))?;
    brief.claim = brief.claim.filter(|(_, until)| *until > now);
    let holder = row.maybe_text(17)?.filter(|_| brief.claim.is_some());
    let request = request_of(row, REQUEST)?;
    Ok(QueueRow { place: QueuePlace { lane, brief: brief.id.clone() }, brief, holder, request })
}

impl QueueFilter {
    /// `''`: all; one name; else each name between bars. Nobody's pilot has a bar in its name; a list of none matches nothing.
    fn pilots(&self) -> String {
        match self.pilots.as_deref() {
            None => String::new(),
            Some([pilot]) if !pilot.is_empty() && !pilot.starts_with('|') => pilot.clone(),
            Some(pilots) => format!("|{}|", pilots.join("|")),
        }
    }

    /// Whether everything that waits in its pilots fits.
    fn is_of_all(&self) -> bool {
        self.state.is_none()
            && self.risk.is_none()
            && self.lane.is_none()
            && self.holder == Wanted::Any
            && self.before.is_none()
    }

    fn values(&self) -> Vec<Value<'_>> {
        let holder = match &self.holder {
            Wanted::Any => "",
            Wanted::Nobody => "-",
            Wanted::Person(person) => person,
        };
        let before = self.before.map_or(i64::MAX, Timestamp::as_microsecond);
        let lane = self.lane.map_or(-1, i64::from);
        let now = self.now.as_microsecond();
        let [state, risk] = [&self.state, &self.risk].map(|text| text.as_deref().unwrap_or_default());
        values![self.pilots(), state, risk, lane, holder, now, before]
    }

    async fn page(
        &self,
        after: Option<&QueuePlace>,
        limit: u32,
        conn: &mut Conn<'_>,
    ) -> Result<Vec<QueueRow>, StoreError> {
        conn.rows(PAGE, self.behind(after, limit)).await?.iter().map(|row| row_of(row, self.now)).collect()
    }

    fn behind<'v>(&'v self, after: Option<&'v QueuePlace>, limit: u32) -> Vec<Value<'v>> {
        let mut values = self.values();
        let (lane, brief) = after.map_or((-1, ""), |place| (i64::from(place.lane), place.brief.as_str()));
        values.extend(values![lane, brief, i64::from(limit)]);
        values
    }

    fn counted(&self) -> Vec<Value<'_>> {
        let mut values = self.values();
        values.extend(values![&self.me, i64::from(self.is_of_all())]);
        values
    }

    async fn counts(&self, conn: &mut Conn<'_>) -> Result<(QueueTally, Backlog), StoreError> {
        let (mut tally, mut backlog) = (QueueTally::default(), Backlog::default());
        for row in conn.rows(COUNTS, self.counted()).await? {
            *tally.of(u8::try_from(row.int(0)?).unwrap_or(u8::MAX)) += row.small(1)?;
            backlog.all += row.small(2)?;
            backlog.mine += row.small(3)?;
            backlog.free += row.small(4)?;
            let oldest = row.maybe_int(5)?.map(time).transpose()?;
            backlog.oldest = backlog.oldest.into_iter().chain(oldest).min();
        }
        Ok((tally, backlog))
    }
}

/// What a search by words is for.
pub struct Search<'s> {
    /// Whether a brief may be one, by its subject as it came.
    pub may: &'s (dyn Fn(&BriefId, Option<&str>) -> bool + Send + Sync),
    /// Whether it is one.
    pub is: &'s (dyn Fn(&QueueRow) -> bool + Send + Sync),
}

impl Store {
    /// A page of the queue. With `search`, only what it finds counts and is listed: of the first [`MOST_SEARCHED`] briefs that fit.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn queue(&self, filter: &QueueFilter, search: Option<&Search<'_>>) -> Result<QueuePage, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let mut conn = snapshot.conn();
        let head = conn.row("SELECT COALESCE(MAX(seq), 0) FROM receipt", vec![]).await?;
        let receipts = head.map_or(Ok(0), |row| row.int(0))?.unsigned_abs();
        let (mut tally, backlog) = filter.counts(&mut conn).await?;
        let mut unsearched = 0;
        let mut items = match search {
            None => filter.page(filter.after.as_ref(), filter.limit.saturating_add(1), &mut conn).await?,
            Some(search) => {
                unsearched = tally.total().saturating_sub(MOST_SEARCHED);
                tally = QueueTally::default();
                let mut kept = filter.found(search, &mut conn).await?;
                kept.iter().for_each(|row| *tally.of(row.place.lane) += 1);
                if let Some(after) = &filter.after {
                    kept.retain(|row| (row.place.lane, row.place.brief.as_str()) > (after.lane, after.brief.as_str()));
                }
                kept
            }
        };
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(|row| row.place.clone()) } else { None };
        Ok(QueuePage { items, next, tally, unsearched, backlog, receipts })
    }
}

impl QueueFilter {
    /// Most briefs are left out by their subject alone; whole rows are read of the others.
    async fn found(&self, search: &Search<'_>, conn: &mut Conn<'_>) -> Result<Vec<QueueRow>, StoreError> {
        let rows = conn.rows(SUBJECTS, self.behind(None, MOST_SEARCHED)).await?;
        let mut wanted = Vec::new();
        for row in rows {
            let brief = super::id(BriefId::parse(&row.text(1)?))?;
            if (search.may)(&brief, row.maybe_text(2)?.as_deref()) {
                wanted.push(brief);
            }
        }
        let mut found = Vec::new();
        for some in wanted.chunks(FOUND_AT_ONCE) {
            let ids = some.iter().flat_map(|brief| values![brief.as_str()]).collect();
            for row in conn.rows_many(&FOUND, ids).await? {
                let row = row_of(&row, self.now)?;
                found.extend((search.is)(&row).then_some(row));
            }
        }
        // The order of the queue, which neither statement gives to all of them.
        found.sort_by(|one, other| (one.place.lane, &one.place.brief).cmp(&(other.place.lane, &other.place.brief)));
        Ok(found)
    }
}

#[cfg(test)]
impl QueueFilter {
    /// The statements of a page, with their values as text, for looking at their plans.
    pub(in crate::store) fn asked(&self) -> [(&'static str, &'static str, Vec<String>); 3] {
        let text = |value: Value<'_>| match value {
            Value::Int(number) => number.unwrap_or(0).to_string(),
            Value::Text(text) => format!("'{}'", text.unwrap_or_default()),
            Value::Bytes(_) => String::new(),
        };
        let own = |values: Vec<Value<'_>>| values.into_iter().map(text).collect::<Vec<_>>();
        let (page, search) = (self.behind(None, 50), self.behind(None, MOST_SEARCHED));
        [("page", PAGE, own(page)), ("search", SUBJECTS, own(search)), ("counts", COUNTS, own(self.counted()))]
    }
}
