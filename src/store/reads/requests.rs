//! Requests as they are read: immutable rows, with the states of their run and brief beside them.

use super::{Page, id, time};
use crate::domain::id::RequestId;
use crate::store::sql::{Row, Value, values};
use crate::store::work::Request;
use crate::store::{Store, StoreError};
use opspilot_sdk::sha256_hex;

/// A request and where it stands.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// The request.
    pub request: Request,
    /// `queued`, `drafting`, `held`, `in_review`, `decided`, `retrying`, `failed`, `uncertain`, `cancelled`, `dropped`, `duplicate`,
    /// `erased`.
    pub state: &'static str,
    /// State of its brief, when there is one.
    pub brief_state: Option<String>,
    /// Code of what went wrong.
    pub code: Option<String>,
    /// What went wrong.
    pub message: Option<String>,
}

/// Which requests.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Of this pilot.
    pub pilot: Option<String>,
    /// From this source.
    pub source: Option<String>,
    /// In this state, as [`RequestView::state`] has it.
    pub state: Option<String>,
    /// After this identifier, exclusive.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// A file that came with a request.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// Name as the sender gave it.
    pub name: String,
    /// Media type as the sender gave it.
    pub media_type: String,
    /// Digest of the bytes.
    pub digest: String,
    /// How many bytes.
    pub bytes: i64,
}

/// Reads the eighteen columns of a request, from the `first` on.
pub(in crate::store) fn request_of(row: &Row, first: usize) -> Result<Request, StoreError> {
    let at = |column: usize| first + column;
    Ok(Request {
        id: id(RequestId::parse(&row.text(at(0))?))?,
        pilot: row.text(at(1))?,
        tenant: row.text(at(2))?,
        source: row.text(at(3))?,
        external_id: row.maybe_text(at(4))?,
        submitter: row.maybe_text(at(5))?,
        raw: row.text(at(6))?,
        media_type: row.text(at(7))?,
        sender_name: row.maybe_text(at(8))?,
        sender_email: row.maybe_text(at(9))?,
        sender_phone: row.maybe_text(at(10))?,
        organisation: row.maybe_text(at(11))?,
        subject: row.maybe_text(at(12))?,
        text: row.text(at(13))?,
        duplicate_of: row.maybe_text(at(14))?.map(|text| id(RequestId::parse(&text))).transpose()?,
        attachments: row.small(at(15))?,
        received_at: time(row.int(at(16))?)?,
        accepted_at: time(row.int(at(17))?)?,
        planted: None,
    })
}

/// A query over requests and where they stand. `$from` says which table leads and with which of its rows; all three share a suffix, so
/// that `place` sorts alike whichever leads.
macro_rules! view_sql {
    ($place:literal, $from:literal, $rest:literal) => {
        concat!(
            "SELECT * FROM (SELECT r.id, r.pilot, r.tenant, r.source, r.external_id, r.submitter, r.raw, r.media_type, r.sender_name, \
             r.sender_email, r.sender_phone, r.organisation, r.subject, r.text, r.duplicate_of, r.attachments, r.received_at, r.accepted_at, \
             CASE WHEN r.erased_at IS NOT NULL THEN 'erased' WHEN u.id IS NULL THEN 'duplicate' WHEN u.state = 'available' AND b.id IS NULL THEN 'queued' \
             WHEN u.state = 'scheduled' THEN 'queued' WHEN u.state = 'pending' AND substr(u.wait_key, 1, 7) <> 'review:' THEN 'held' \
             WHEN b.state IN ('open', 'amending', 'redrafting') AND u.state IN ('pending', 'available', 'running') THEN 'in_review' \
             WHEN b.state IN ('approved', 'rejected') AND u.state NOT IN ('discarded', 'uncertain', 'retryable', 'cancelled') THEN 'decided' \
             WHEN u.state = 'running' THEN 'drafting' WHEN u.state = 'retryable' THEN 'retrying' WHEN u.state = 'discarded' THEN 'failed' \
             WHEN u.state = 'uncertain' THEN 'uncertain' WHEN u.state = 'cancelled' THEN 'cancelled' WHEN u.state = 'completed' THEN 'dropped' \
             ELSE 'queued' END AS standing, b.state AS brief_state, u.code, u.message, ",
            $place,
            " AS place FROM ",
            $from,
            ") q ",
            $rest
        )
    };
}
macro_rules! page_sql {
    ($place:literal, $from:literal) => {
        view_sql!(
            $place,
            $from,
            "WHERE ($1 = '' OR pilot = $1) AND ($2 = '' OR source = $2) AND ($3 = '' OR standing = $3) AND place < $4 ORDER BY place DESC LIMIT $5"
        )
    };
}

const ONE: &str = view_sql!(
    "r.id",
    "request r LEFT JOIN run u ON u.id = 'run_' || substr(r.id, 5) LEFT JOIN brief b ON b.id = 'brf_' || substr(r.id, 5)",
    "WHERE id = $1"
);
const ANY: &str = page_sql!(
    "r.id",
    "request r LEFT JOIN run u ON u.id = 'run_' || substr(r.id, 5) LEFT JOIN brief b ON b.id = 'brf_' || substr(r.id, 5)"
);
// What is rare among many is found from its own partial index, whose condition each of these repeats word for word.
const ASIDE: &str = page_sql!(
    "u.id",
    "run u JOIN request r ON r.id = u.request LEFT JOIN brief b ON b.id = 'brf_' || substr(u.id, 5) \
     WHERE u.state IN ('discarded', 'uncertain', 'retryable', 'cancelled') AND u.state = $6"
);
const HELD: &str = page_sql!(
    "u.id",
    "run u JOIN request r ON r.id = u.request LEFT JOIN brief b ON b.id = 'brf_' || substr(u.id, 5) \
     WHERE u.state = 'pending' AND substr(u.wait_key, 1, 7) <> 'review:'"
);
const IN_REVIEW: &str = page_sql!(
    "b.id",
    "brief b JOIN run u ON u.id = 'run_' || substr(b.id, 5) JOIN request r ON r.id = u.request \
     WHERE b.state IN ('open', 'amending', 'redrafting')"
);
const DUPLICATE: &str = page_sql!(
    "r.id",
    "request r LEFT JOIN run u ON u.id = 'run_' || substr(r.id, 5) LEFT JOIN brief b ON b.id = 'brf_' || substr(r.id, 5) \
     WHERE r.duplicate_of IS NOT NULL"
);
const ERASED: &str = page_sql!(
    "r.id",
    "request r LEFT JOIN run u ON u.id = 'run_' || substr(r.id, 5) LEFT JOIN brief b ON b.id = 'brf_' || substr(r.id, 5) \
     WHERE r.erased_at IS NOT NULL"
);

const QUEUED: &str = "SELECT 1 WHERE EXISTS (SELECT 1 FROM run WHERE state = 'available') \
     OR EXISTS (SELECT 1 FROM run WHERE due_at IS NOT NULL AND state = 'scheduled')";
const DRAFTING: &str = "SELECT 1 FROM run WHERE state = 'running' LIMIT 1";

/// The query that finds requests of a standing soonest, the prefix of what leads it, and the run state it is led by.
fn page_of(standing: Option<&str>) -> (&'static str, &'static str, Option<&'static str>) {
    match standing {
        Some("failed") => (ASIDE, "run", Some("discarded")),
        Some("uncertain") => (ASIDE, "run", Some("uncertain")),
        Some("retrying") => (ASIDE, "run", Some("retryable")),
        Some("cancelled") => (ASIDE, "run", Some("cancelled")),
        Some("held") => (HELD, "run", None),
        Some("in_review") => (IN_REVIEW, "brf", None),
        Some("duplicate") => (DUPLICATE, "req", None),
        Some("erased") => (ERASED, "req", None),
        _ => (ANY, "req", None),
    }
}

/// Where a request may stand.
pub const REQUEST_STATES: [&str; 12] = [
    "queued",
    "drafting",
    "held",
    "in_review",
    "decided",
    "retrying",
    "failed",
    "uncertain",
    "cancelled",
    "dropped",
    "duplicate",
    "erased",
];

fn view(row: &Row) -> Result<RequestView, StoreError> {
    let standing = row.text(18)?;
    let state = REQUEST_STATES.into_iter().find(|known| *known == standing);
    Ok(RequestView {
        request: request_of(row, 0)?,
        state: state.ok_or_else(|| StoreError::corrupt(format!("request state `{standing}`")))?,
        brief_state: row.maybe_text(19)?,
        code: row.maybe_text(20)?,
        message: row.maybe_text(21)?,
    })
}

impl Store {
    /// A request and where it stands.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn request(&self, request: &RequestId) -> Result<RequestView, StoreError> {
        let row = self.reader().await?.conn().row(ONE, values![request.as_str()]).await?;
        row.map_or_else(|| Err(StoreError::NotFound { what: "request", id: request.to_string() }), |row| view(&row))
    }

    /// Requests, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn requests(&self, filter: &RequestFilter) -> Result<Page<RequestView>, StoreError> {
        let (sql, prefix, run_state) = page_of(filter.state.as_deref());
        let all = |text: &Option<String>| text.clone().unwrap_or_default();
        // Past every suffix there is, where nothing is said.
        let after = filter.after.as_deref().and_then(|after| after.get(4..)).unwrap_or("z");
        let place = format!("{prefix}_{after}");
        let mut row =
            values![all(&filter.pilot), all(&filter.source), all(&filter.state), place, i64::from(filter.limit) + 1];
        row.extend(run_state.map(Value::from));
        let mut reader = self.walker().await?;
        let mut conn = reader.conn();
        // Where nothing moves, as on most evenings, that is known without walking through everything that ever came in.
        let moving = match filter.state.as_deref() {
            Some("queued") => Some(QUEUED),
            Some("drafting") => Some(DRAFTING),
            _ => None,
        };
        if let Some(moving) = moving
            && conn.row(moving, vec![]).await?.is_none()
        {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let rows = conn.rows(sql, row).await?;
        let items = rows.iter().map(view).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, filter.limit, |view| view.request.id.to_string()))
    }

    /// The bytes of a request as they came.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Erased`]; [`StoreError::Corrupt`] when they are not those that were stored.
    pub async fn raw(&self, request: &Request) -> Result<Vec<u8>, StoreError> {
        // Whatever came has a digest.
        if request.raw.is_empty() {
            return Err(StoreError::Erased { request: request.id.to_string() });
        }
        let sql = "SELECT bytes FROM raw WHERE request = $1";
        match self.walker().await?.conn().row(sql, values![request.id.as_str()]).await? {
            Some(row) => unaltered(row.bytes(0)?, &request.raw),
            None => self.blob(&request.raw).await,
        }
    }

    /// The bytes with a digest: a file, or what was set aside.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Corrupt`] when they are not those that were stored.
    pub async fn blob(&self, digest: &str) -> Result<Vec<u8>, StoreError> {
        let row = self.walker().await?.conn().row("SELECT bytes FROM blob WHERE digest = $1", values![digest]).await?;
        let row = row.ok_or_else(|| StoreError::NotFound { what: "content", id: digest.to_owned() })?;
        unaltered(row.bytes(0)?, digest)
    }

    /// The files that came with a request.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn files(&self, request: &RequestId) -> Result<Vec<FileRow>, StoreError> {
        let sql = "SELECT name, media_type, digest, bytes FROM attachment WHERE request = $1 ORDER BY ordinal";
        let rows = self.reader().await?.conn().rows(sql, values![request.as_str()]).await?;
        let file = |row: &Row| {
            Ok(FileRow { name: row.text(0)?, media_type: row.text(1)?, digest: row.text(2)?, bytes: row.int(3)? })
        };
        rows.iter().map(file).collect()
    }
}

/// The bytes, when they still have the digest under which they were stored.
fn unaltered(bytes: Vec<u8>, digest: &str) -> Result<Vec<u8>, StoreError> {
    if sha256_hex(&bytes) != digest {
        return Err(StoreError::corrupt(format!("bytes of `{digest}` that were altered after they were stored")));
    }
    Ok(bytes)
}
