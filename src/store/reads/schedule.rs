//! Schedules, their slots, and the reports they made, as they are read.

use super::{Page, id, time};
use crate::domain::id::ReportId;
use crate::store::pack::unpack;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::sha256_hex;

/// A schedule as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Its name.
    pub name: String,
    /// Its pattern.
    pub pattern: String,
    /// The zone it goes by.
    pub zone: String,
    /// Since when its slots count.
    pub since: Timestamp,
    /// The time of the last slot that the calendar made, if there is one.
    pub last_due: Option<Timestamp>,
}

/// A slot: one time at which a schedule fell due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRow {
    /// The schedule.
    pub schedule: String,
    /// Names it among those of the schedule.
    pub key: String,
    /// What it makes.
    pub kind: String,
    /// The pilot it is for.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// Its time.
    pub due_at: Timestamp,
    /// The same on the schedule's wall.
    pub wall: String,
    /// `due`, `fired` or `failed`.
    pub state: String,
    /// It came later than planned.
    pub late: bool,
    /// Earlier slots were passed over.
    pub passed_over: bool,
    /// Who called for it, when it was not the calendar.
    pub by_hand: Option<String>,
    /// How often it was taken.
    pub attempt: i64,
    /// When it was fired.
    pub fired_at: Option<Timestamp>,
    /// The report it made.
    pub made: Option<String>,
    /// Why it could not be fired.
    pub message: Option<String>,
}

/// A report: immutable.
#[derive(Clone, Debug)]
pub struct ReportRow {
    /// Its name.
    pub id: ReportId,
    /// The pilot it is on.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// What it covers, such as `2026-W47`.
    pub period: String,
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
    /// It came later than planned.
    pub late: bool,
    /// Digest of text, HTML and figures.
    pub digest: String,
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Figures with the rows behind them, as JSON.
    pub figures: String,
    /// When it was made.
    pub made_at: Timestamp,
}

/// The columns of a slot, in the order that [`slot_of`] reads.
macro_rules! slot_columns {
    () => {
        "schedule, key, kind, pilot, tenant, due_at, wall, state, late, passed_over, by_hand, attempt, fired_at, made, message"
    };
}
pub(in crate::store) use slot_columns;

pub(in crate::store) fn slot_of(row: &Row) -> Result<SlotRow, StoreError> {
    Ok(SlotRow {
        schedule: row.text(0)?,
        key: row.text(1)?,
        kind: row.text(2)?,
        pilot: row.text(3)?,
        tenant: row.text(4)?,
        due_at: time(row.int(5)?)?,
        wall: row.text(6)?,
        state: row.text(7)?,
        late: row.int(8)? != 0,
        passed_over: row.int(9)? != 0,
        by_hand: row.maybe_text(10)?,
        attempt: row.int(11)?,
        fired_at: row.maybe_int(12)?.map(time).transpose()?,
        made: row.maybe_text(13)?,
        message: row.maybe_text(14)?,
    })
}

/// The digest over what a report consists of: each part's length goes in, so that no two reports share a text of parts.
#[must_use]
pub fn report_digest(text: &str, html: &str, figures: &str) -> String {
    let mut whole = Vec::with_capacity(text.len() + html.len() + figures.len() + 64);
    for part in [text, html, figures] {
        whole.extend_from_slice(format!("{}\n", part.len()).as_bytes());
        whole.extend_from_slice(part.as_bytes());
    }
    sha256_hex(&whole)
}

fn report_of(row: &Row) -> Result<ReportRow, StoreError> {
    let part = |column| {
        String::from_utf8(unpack(&row.bytes(column)?)?).map_err(|_| StoreError::corrupt("a report that is not UTF-8"))
    };
    let report = ReportRow {
        id: id(ReportId::parse(&row.text(0)?))?,
        pilot: row.text(1)?,
        tenant: row.text(2)?,
        period: row.text(3)?,
        from: time(row.int(4)?)?,
        until: time(row.int(5)?)?,
        late: row.int(6)? != 0,
        digest: row.text(7)?,
        subject: row.text(8)?,
        text: part(9)?,
        html: part(10)?,
        figures: part(11)?,
        made_at: time(row.int(12)?)?,
    };
    if report_digest(&report.text, &report.html, &report.figures) != report.digest {
        return Err(StoreError::corrupt(format!("a report `{}` that was altered after it was stored", report.id)));
    }
    Ok(report)
}

macro_rules! report_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, pilot, tenant, period, from_at, until_at, late, digest, subject, text, html, figures, made_at FROM report ",
            $rest
        )
    };
}

impl Store {
    /// Every schedule that was ever made known, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        let sql = "SELECT name, pattern, zone, since, (SELECT MAX(due_at) FROM slot WHERE slot.schedule = schedule.name AND by_hand IS NULL) \
                   FROM schedule ORDER BY name";
        let rows = self.reader().await?.conn().rows(sql, values![]).await?;
        let schedule = |row: &Row| {
            Ok(ScheduleRow {
                name: row.text(0)?,
                pattern: row.text(1)?,
                zone: row.text(2)?,
                since: time(row.int(3)?)?,
                last_due: row.maybe_int(4)?.map(time).transpose()?,
            })
        };
        rows.iter().map(schedule).collect()
    }

    /// Slots of a schedule, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn slots(&self, schedule: &str, limit: u32) -> Result<Vec<SlotRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            slot_columns!(),
            " FROM slot WHERE schedule = $1 ORDER BY due_at DESC, key DESC LIMIT $2"
        );
        let rows = self.walker().await?.conn().rows(sql, values![schedule, i64::from(limit)]).await?;
        rows.iter().map(slot_of).collect()
    }

    /// A report on a pilot's period; the newest one when no period is named.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Corrupt`] when it is not the one that was stored.
    pub async fn report(&self, pilot: &str, kind: &str, period: Option<&str>) -> Result<Option<ReportRow>, StoreError> {
        let sql =
            report_sql!("WHERE pilot = $1 AND kind = $2 AND ($3 = '' OR period = $3) ORDER BY until_at DESC LIMIT 1");
        let row = self.reader().await?.conn().row(sql, values![pilot, kind, period.unwrap_or_default()]).await?;
        row.as_ref().map(report_of).transpose()
    }

    /// The report of that name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Corrupt`] when it is not the one that was stored.
    pub async fn report_named(&self, name: &str) -> Result<ReportRow, StoreError> {
        let row = self.reader().await?.conn().row(report_sql!("WHERE id = $1"), values![name]).await?;
        let missing = || StoreError::NotFound { what: "report", id: name.to_owned() };
        report_of(&row.ok_or_else(missing)?)
    }

    /// Reports on a pilot, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reports(&self, pilot: &str, limit: u32) -> Result<Page<ReportRow>, StoreError> {
        let sql = report_sql!("WHERE pilot = $1 ORDER BY until_at DESC LIMIT $2");
        let rows = self.walker().await?.conn().rows(sql, values![pilot, i64::from(limit) + 1]).await?;
        let items = rows.iter().map(report_of).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, limit, |report| report.id.to_string()))
    }
}
