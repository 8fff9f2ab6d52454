//! Requests as they are read: immutable rows, with the states of their run and brief beside them.

use super::{Page, id, time};
use crate::domain::id::RequestId;
use crate::store::sql::{Row, values};
use crate::store::work::Request;
use crate::store::{Store, StoreError};

/// A request and where it stands.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// The request.
    pub request: Request,
    /// `queued`, `drafting`, `held`, `in_review`, `decided`, `retrying`, `failed`, `uncertain`, `cancelled`, `dropped`, `duplicate`.
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

/// Reads the eighteen columns of a request that every query here selects first.
pub(in crate::store) fn request_of(row: &Row) -> Result<Request, StoreError> {
    Ok(Request {
        id: id(RequestId::parse(&row.text(0)?))?,
        pilot: row.text(1)?,
        tenant: row.text(2)?,
        source: row.text(3)?,
        external_id: row.maybe_text(4)?,
        submitter: row.maybe_text(5)?,
        raw: row.text(6)?,
        media_type: row.text(7)?,
        sender_name: row.maybe_text(8)?,
        sender_email: row.maybe_text(9)?,
        sender_phone: row.maybe_text(10)?,
        organisation: row.maybe_text(11)?,
        subject: row.maybe_text(12)?,
        text: row.text(13)?,
        duplicate_of: row.maybe_text(14)?.map(|text| id(RequestId::parse(&text))).transpose()?,
        attachments: row.small(15)?,
        received_at: time(row.int(16)?)?,
        accepted_at: time(row.int(17)?)?,
    })
}

macro_rules! view_sql {
    ($rest:literal) => {
        concat!(
            "SELECT * FROM (SELECT r.id, r.pilot, r.tenant, r.source, r.external_id, r.submitter, r.raw, r.media_type, r.sender_name, \
             r.sender_email, r.sender_phone, r.organisation, r.subject, r.text, r.duplicate_of, r.attachments, r.received_at, r.accepted_at, \
             CASE WHEN u.id IS NULL THEN 'duplicate' WHEN u.state = 'available' AND b.id IS NULL THEN 'queued' \
             WHEN u.state = 'scheduled' THEN 'queued' WHEN u.state = 'pending' AND u.wait_key LIKE 'release:%' THEN 'held' \
             WHEN b.state IN ('open', 'amending', 'redrafting') AND u.state IN ('pending', 'available', 'running') THEN 'in_review' \
             WHEN b.state IN ('approved', 'rejected') AND u.state NOT IN ('discarded', 'uncertain', 'retryable') THEN 'decided' \
             WHEN u.state = 'running' THEN 'drafting' WHEN u.state = 'retryable' THEN 'retrying' WHEN u.state = 'discarded' THEN 'failed' \
             WHEN u.state = 'uncertain' THEN 'uncertain' WHEN u.state = 'cancelled' THEN 'cancelled' WHEN u.state = 'completed' THEN 'dropped' \
             ELSE 'queued' END AS standing, b.state AS brief_state, u.code, u.message \
             FROM request r LEFT JOIN run u ON u.id = 'run_' || substr(r.id, 5) LEFT JOIN brief b ON b.id = 'brf_' || substr(r.id, 5)) q ",
            $rest
        )
    };
}

const STANDINGS: [&str; 11] =
    ["queued", "drafting", "held", "in_review", "decided", "retrying", "failed", "uncertain", "cancelled", "dropped", "duplicate"];

fn view(row: &Row) -> Result<RequestView, StoreError> {
    let standing = row.text(18)?;
    let state = STANDINGS.into_iter().find(|known| *known == standing);
    Ok(RequestView {
        request: request_of(row)?,
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
        let row = self.reader().await?.conn().row(view_sql!("WHERE id = $1"), values![request.as_str()]).await?;
        row.map_or_else(|| Err(StoreError::NotFound { what: "request", id: request.to_string() }), |row| view(&row))
    }

    /// Requests, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn requests(&self, filter: &RequestFilter) -> Result<Page<RequestView>, StoreError> {
        let sql = view_sql!(
            "WHERE ($1 = '' OR pilot = $1) AND ($2 = '' OR source = $2) AND ($3 = '' OR standing = $3) AND ($4 = '' OR id < $4) \
             ORDER BY id DESC LIMIT $5"
        );
        let all = |text: &Option<String>| text.clone().unwrap_or_default();
        let row = values![all(&filter.pilot), all(&filter.source), all(&filter.state), all(&filter.after), i64::from(filter.limit) + 1];
        let rows = self.reader().await?.conn().rows(sql, row).await?;
        let items = rows.iter().map(view).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, filter.limit, |view| view.request.id.to_string()))
    }

    /// The bytes with a digest: a raw envelope or an attachment.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn blob(&self, digest: &str) -> Result<Vec<u8>, StoreError> {
        let row = self.reader().await?.conn().row("SELECT bytes FROM blob WHERE digest = $1", values![digest]).await?;
        row.map_or_else(|| Err(StoreError::NotFound { what: "content", id: digest.to_owned() }), |row| row.bytes(0))
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
