//! Everything that is read out of the store, one file per subject. Reads have their own connections: they see what is committed and
//! never wait for the writer. Lists are newest first and paged by the last identifier seen.

mod attention;
mod briefs;
mod census;
mod feedback;
mod figures;
mod idempotency;
mod letters;
mod log;
mod people;
mod proofs;
mod quarantine;
mod queue;
mod requests;
mod runs;
mod schedule;
mod sessions;
mod snapshot;
mod spend;
mod standing;
mod trend;
mod views;
mod waits;
mod week;
mod writes;

pub use attention::{AttentionRow, ProbeDecided, ProbeRow};
pub use briefs::{BriefFilter, BriefRow, DecisionRow, RevisionRow};
pub use census::RevisionKey;
pub use feedback::{FeedbackEvent, FeedbackFilter, FeedbackRow};
pub use figures::{PilotFigures, WriteFigures};
pub(super) use letters::{BETWEEN, letter_of, letter_sql};
pub use letters::{LETTER_STATES, LetterFilter, LetterRow, ReplyRow};
pub use log::{LogHead, ReceiptRow};
pub use people::{PersonRow, TokenRow};
pub use proofs::{PasskeyRow, TieRow};
pub use quarantine::{QuarantineFilter, QuarantineRow, SourceRow};
pub use queue::{
    Backlog, MOST_SEARCHED, QueueFilter, QueuePage, QueuePlace, QueueRow, QueueTally, Search, Wanted as QueueHolder,
};
pub(super) use requests::request_of;
pub use requests::{FileRow, REQUEST_STATES, RequestFilter, RequestView};
pub use runs::{RunFilter, RunRow, StepRow, Tally};
pub use schedule::{ReportRow, ScheduleRow, SlotRow, report_digest};
pub(super) use schedule::{slot_columns, slot_of};
pub use sessions::{InvitationRow, SessionRow};
pub use spend::{FarSideRow, ReservationRow, SpendRow};
pub(super) use standing::{flag_of, standings_of};
pub use trend::{MOST_COMPARED, TrendDecision, TrendEdit, TrendRows, TrendSpend};
pub use views::ViewRow;
pub use waits::WaitingRow;
pub use week::{AsideRow, ComparedRow, DecidedRow, ReadRow, WeekRows};
pub use writes::{WriteFilter, WriteRow, WritebackRow, WritesAside};
pub(super) use writes::{held, write_columns, write_of, write_sql};

use super::readers::Lent;
use super::sql::Conn;
use super::{Backend, Store, StoreError};
use jiff::Timestamp;

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins, when there is one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of one item too many: the surplus says that there is more.
    fn of(mut items: Vec<T>, limit: u32, id: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(id) } else { None };
        Self { items, next }
    }
}

pub(super) fn time(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::corrupt(format!("a time of {micros} microseconds")))
}

pub(super) fn id<T>(parsed: Result<T, crate::domain::id::NotAnId>) -> Result<T, StoreError> {
    parsed.map_err(|cause| StoreError::corrupt(cause.to_string()))
}

/// A reading connection of either database, back to its pool when dropped.
pub(super) enum Reader {
    Here(Lent),
    Sqlite(sqlx::pool::PoolConnection<sqlx::Sqlite>),
    Postgres(sqlx::pool::PoolConnection<sqlx::Postgres>),
}

impl Reader {
    pub(super) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Here(lent) => Conn::Here(lent.get()),
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

impl Store {
    /// For what a key finds: SQLite is called here and now.
    pub(super) async fn reader(&self) -> Result<Reader, StoreError> {
        Ok(match &self.shared.backend {
            Backend::Sqlite { readers, .. } => Reader::Here(readers.lend()?),
            Backend::Postgres { readers, .. } => Reader::Postgres(readers.acquire().await?),
        })
    }

    /// For lists, counts and long contents: SQLite is called on a thread of its own, where it keeps nobody else waiting.
    pub(super) async fn walker(&self) -> Result<Reader, StoreError> {
        Ok(match &self.shared.backend {
            Backend::Sqlite { walkers, .. } => Reader::Sqlite(walkers.acquire().await?),
            Backend::Postgres { readers, .. } => Reader::Postgres(readers.acquire().await?),
        })
    }

    /// Whether the database answers a read.
    ///
    /// # Errors
    /// Why not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader().await?.conn().rows("SELECT 1", vec![]).await.map(|_| ())
    }
}
