//! Schedules: a slot that is due becomes one row, and one daemon fires it once. INVARIANT: of everything that a slot makes nothing is kept
//! unless its row turns from `due` to `fired` in the same transaction; the database's uniqueness does the rest.

use crate::domain::id::{NodeId, ReportId};
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::pack::pack;
use crate::store::queue::one_by_one;
use crate::store::reads::{SlotRow, slot_columns, slot_of};
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::verbs::review::policy_fields;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// Makes a schedule known, or its change: from then on its slots count.
#[derive(Clone, Debug)]
pub struct SetSchedule {
    /// Its name.
    pub name: String,
    /// Its pattern.
    pub pattern: String,
    /// The zone it goes by.
    pub zone: String,
    /// When.
    pub at: Timestamp,
}

/// Somebody who fires a schedule out of turn.
#[derive(Debug)]
pub struct Hand {
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
}

/// A slot falls due.
#[derive(Debug)]
pub struct FallDue {
    /// The schedule.
    pub schedule: String,
    /// Names the slot among those of the schedule.
    pub key: String,
    /// What it makes.
    pub kind: &'static str,
    /// The pilot it is for.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// Its time.
    pub due_at: Timestamp,
    /// The same on the schedule's wall, `2026-11-23T09:00`.
    pub wall: String,
    /// It comes later than planned.
    pub late: bool,
    /// Earlier slots were passed over.
    pub passed_over: bool,
    /// Who called for it, when it was not the calendar.
    pub by_hand: Option<Hand>,
    /// When.
    pub at: Timestamp,
}

/// Takes the oldest due slot to fire it.
#[derive(Clone, Debug)]
pub struct TakeSlot {
    /// Who.
    pub node: NodeId,
    /// Only this one: schedule and key.
    pub only: Option<(String, String)>,
    /// Until when it is theirs.
    pub until: Timestamp,
    /// When.
    pub at: Timestamp,
}

/// A report as it is kept.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// Its name.
    pub id: ReportId,
    /// What it covers, such as `2026-W47`: one of a kind for each pilot and period.
    pub period: String,
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
    /// Lowercase hex SHA-256 of text, HTML and figures.
    pub digest: String,
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Figures with the rows behind them, as JSON.
    pub figures: String,
}

/// A slot is fired.
#[derive(Clone, Debug)]
pub struct FireSlot {
    /// The slot, as it was taken.
    pub slot: SlotRow,
    /// Who took it.
    pub node: NodeId,
    /// The report it made.
    pub report: Option<NewReport>,
    /// When.
    pub at: Timestamp,
}

/// A slot could not be fired.
#[derive(Clone, Debug)]
pub struct PutBackSlot {
    /// The slot, as it was taken.
    pub slot: SlotRow,
    /// Who took it.
    pub node: NodeId,
    /// Why.
    pub message: String,
    /// When to try again; `None`: given up.
    pub again: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
}

one_by_one!(SetSchedule, (), set);
one_by_one!(FallDue, bool, fall_due);
one_by_one!(TakeSlot, Option<SlotRow>, take);
one_by_one!(FireSlot, Option<String>, fire);
one_by_one!(PutBackSlot, (), put_back);

/// `Ok(Err(_))`: refused, nothing written. `Err(_)`: the database failed.
type Refusable<T> = Result<Result<T, StoreError>, StoreError>;

fn told(tx: &mut Tx<'_>, note: &Note<'_>, fields: &[(&str, Field<'_>)]) -> Result<(), StoreError> {
    let body = Body::of(fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    tx.receipt(note, &body)
}

async fn set(item: &SetSchedule, tx: &mut Tx<'_>) -> Refusable<()> {
    let sql = "INSERT INTO schedule (name, pattern, zone, since) VALUES ($1, $2, $3, $4) ON CONFLICT (name) \
               DO UPDATE SET pattern = excluded.pattern, zone = excluded.zone, since = excluded.since \
               WHERE schedule.pattern <> excluded.pattern OR schedule.zone <> excluded.zone";
    let row = values![&item.name, &item.pattern, &item.zone, item.at.as_microsecond()];
    if tx.conn.run(sql, row).await? > 0 {
        let note =
            Note { at: item.at, kind: "schedule.set", tenant: "", pilot: None, subject: &item.name, actor: "daemon" };
        told(tx, &note, &[("pattern", Field::Text(&item.pattern)), ("zone", Field::Text(&item.zone))])?;
    }
    Ok(Ok(()))
}

async fn fall_due(item: &FallDue, tx: &mut Tx<'_>) -> Refusable<bool> {
    let sql = "INSERT INTO slot (schedule, key, kind, pilot, tenant, due_at, wall, state, late, passed_over, by_hand, attempt) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, 'due', $8, $9, $10, 0) ON CONFLICT (schedule, key) DO NOTHING";
    let person = item.by_hand.as_ref().map(|hand| hand.person.as_str());
    let row = values![
        &item.schedule,
        &item.key,
        item.kind,
        &item.pilot,
        &item.tenant,
        item.due_at.as_microsecond(),
        &item.wall,
        i64::from(item.late),
        i64::from(item.passed_over),
        person
    ];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Ok(false));
    }
    let policies: Vec<&str> =
        item.by_hand.iter().flat_map(|hand| &hand.permit.decision().policies).map(String::as_str).collect();
    let mut fields = item.by_hand.as_ref().map_or_else(Vec::new, |hand| policy_fields(&hand.permit, &policies));
    fields.extend([
        ("due_at", Field::Int(item.due_at.as_microsecond())),
        ("kind", Field::Text(item.kind)),
        ("late", Field::Flag(item.late)),
        ("passed_over", Field::Flag(item.passed_over)),
        ("slot", Field::Text(&item.key)),
    ]);
    let note = Note {
        at: item.at,
        kind: if person.is_some() { "schedule.run" } else { "schedule.due" },
        tenant: &item.tenant,
        pilot: Some(&item.pilot),
        subject: &item.schedule,
        actor: person.unwrap_or("daemon"),
    };
    told(tx, &note, &fields)?;
    Ok(Ok(true))
}

const TAKE: &str = concat!(
    "UPDATE slot SET lessee = $1, lease_until = $2, attempt = attempt + 1 WHERE state = 'due' \
     AND (lease_until IS NULL OR lease_until <= $3) AND (schedule, key) IN (SELECT schedule, key FROM slot \
     WHERE state = 'due' AND (lease_until IS NULL OR lease_until <= $3) AND ($4 = '' OR (schedule = $4 AND key = $5)) \
     ORDER BY due_at LIMIT 1) RETURNING ",
    slot_columns!()
);

async fn take(item: &TakeSlot, tx: &mut Tx<'_>) -> Refusable<Option<SlotRow>> {
    let (schedule, key) = item.only.as_ref().map_or(("", ""), |(schedule, key)| (schedule.as_str(), key.as_str()));
    let row = values![item.node.as_str(), item.until.as_microsecond(), item.at.as_microsecond(), schedule, key];
    let row = tx.conn.row(TAKE, row).await?;
    Ok(Ok(row.as_ref().map(slot_of).transpose()?))
}

async fn fire(item: &FireSlot, tx: &mut Tx<'_>) -> Refusable<Option<String>> {
    let slot = &item.slot;
    let sql = "UPDATE slot SET state = 'fired', fired_at = $5, late = $6, lessee = NULL, lease_until = NULL, message = NULL \
               WHERE schedule = $1 AND key = $2 AND state = 'due' AND lessee = $3 AND attempt = $4";
    let at = item.at.as_microsecond();
    let row = values![&slot.schedule, &slot.key, item.node.as_str(), slot.attempt, at, i64::from(slot.late)];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Err(StoreError::Stale { what: "slot" }));
    }
    let made = match &item.report {
        Some(report) => Some(keep(report, item, tx).await?),
        None => None,
    };
    let sql = "UPDATE slot SET made = $3 WHERE schedule = $1 AND key = $2";
    tx.conn.run(sql, values![&slot.schedule, &slot.key, &made]).await?;
    let report = made.as_deref().map_or(Field::Null, Field::Text);
    let note = Note {
        at: item.at,
        kind: "schedule.fired",
        tenant: &slot.tenant,
        pilot: Some(&slot.pilot),
        subject: &slot.schedule,
        actor: "daemon",
    };
    told(tx, &note, &[("report", report), ("slot", Field::Text(&slot.key))])?;
    Ok(Ok(made))
}

/// Keeps a report, unless the one of its period stands already; the name of the one that does.
async fn keep(report: &NewReport, item: &FireSlot, tx: &mut Tx<'_>) -> Result<String, StoreError> {
    let slot = &item.slot;
    let sql = "INSERT INTO report (id, pilot, tenant, kind, period, from_at, until_at, late, digest, subject, text, html, figures, made_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (pilot, kind, period) DO NOTHING";
    let row = values![
        report.id.as_str(),
        &slot.pilot,
        &slot.tenant,
        &slot.kind,
        &report.period,
        report.from.as_microsecond(),
        report.until.as_microsecond(),
        i64::from(slot.late),
        &report.digest,
        &report.subject,
        pack(report.text.as_bytes()),
        pack(report.html.as_bytes()),
        pack(report.figures.as_bytes()),
        item.at.as_microsecond()
    ];
    if tx.conn.run(sql, row).await? == 0 {
        let sql = "SELECT id FROM report WHERE pilot = $1 AND kind = $2 AND period = $3";
        let row = tx.conn.row(sql, values![&slot.pilot, &slot.kind, &report.period]).await?;
        return row.ok_or_else(|| StoreError::corrupt("a report that stands and is not there"))?.text(0);
    }
    let note = Note {
        at: item.at,
        kind: "report.made",
        tenant: &slot.tenant,
        pilot: Some(&slot.pilot),
        subject: report.id.as_str(),
        actor: "daemon",
    };
    let fields = [
        ("digest", Field::Text(&report.digest)),
        ("late", Field::Flag(slot.late)),
        ("period", Field::Text(&report.period)),
        ("schedule", Field::Text(&slot.schedule)),
    ];
    told(tx, &note, &fields)?;
    Ok(report.id.to_string())
}

async fn put_back(item: &PutBackSlot, tx: &mut Tx<'_>) -> Refusable<()> {
    let slot = &item.slot;
    let sql = "UPDATE slot SET state = $5, message = $6, lessee = NULL, lease_until = $7 \
               WHERE schedule = $1 AND key = $2 AND state = 'due' AND lessee = $3 AND attempt = $4";
    let state = if item.again.is_some() { "due" } else { "failed" };
    let again = item.again.map(Timestamp::as_microsecond);
    let row = values![&slot.schedule, &slot.key, item.node.as_str(), slot.attempt, state, &item.message, again];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Err(StoreError::Stale { what: "slot" }));
    }
    if item.again.is_none() {
        let note = Note {
            at: item.at,
            kind: "schedule.failed",
            tenant: &slot.tenant,
            pilot: Some(&slot.pilot),
            subject: &slot.schedule,
            actor: "daemon",
        };
        told(tx, &note, &[("slot", Field::Text(&slot.key))])?;
    }
    Ok(Ok(()))
}

impl Store {
    /// Makes a schedule known, or its change.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_schedule(&self, set: SetSchedule) -> Result<(), StoreError> {
        self.submit_patiently(set).await
    }

    /// Makes a slot that is due a row; whether it was new.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn fall_due(&self, slot: FallDue) -> Result<bool, StoreError> {
        self.submit_patiently(slot).await
    }

    /// Takes the oldest due slot that nobody has; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_slot(&self, take: TakeSlot) -> Result<Option<SlotRow>, StoreError> {
        self.submit_patiently(take).await
    }

    /// Fires a slot, and keeps what it made with it; the name of the report that stands for its period.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody else has it or fired it: nothing is kept then.
    pub async fn fire_slot(&self, fire: FireSlot) -> Result<Option<String>, StoreError> {
        self.submit_patiently(fire).await
    }

    /// Puts a slot back that could not be fired, or gives it up.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody else has it.
    pub async fn put_back_slot(&self, put: PutBackSlot) -> Result<(), StoreError> {
        self.submit_patiently(put).await
    }
}
