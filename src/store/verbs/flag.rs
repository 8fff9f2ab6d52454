//! Turning a sink's flag for a pilot on and off. INVARIANT: where two people are wanted, a flag comes on by the second, who is another one
//! and says the very same; until then what was in force stays in force.

use super::gate::{Acted, at_the_gate, tell};
use super::letter::Refusable;
use crate::domain::writeback::{Flag, FlagState, Ramp};
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::reads::flag_of;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// What a flag is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// On.
    On {
        /// Until when.
        until: Timestamp,
        /// For how many of the requests.
        ramp: Ramp,
    },
    /// Off; whatever was proposed falls.
    Off,
}

/// A person turns a flag.
#[derive(Debug)]
pub struct TurnFlag {
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// The sink.
    pub sink: String,
    /// What it is to become.
    pub change: FlagChange,
    /// Whether the pilot wants two different people to turn it on.
    pub two_people: bool,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

at_the_gate!(TurnFlag, Flag, turn_flag);

/// What is in force.
const FORCE: i64 = 0;
/// What is proposed instead.
const PROPOSED: i64 = 1;

async fn turn_flag(item: &TurnFlag, tx: &mut Tx<'_>) -> Refusable<Flag> {
    let sql = "SELECT pilot, sink, state, proposed_by, confirmed_by, until_at, ramp, at, slot FROM flag WHERE pilot = $1 AND sink = $2";
    let (mut force, mut proposed) = (None, None);
    for row in tx.conn.rows(sql, values![&item.pilot, &item.sink]).await? {
        let slot = if row.int(8)? == FORCE { &mut force } else { &mut proposed };
        *slot = Some(flag_of(&row)?);
    }
    let was = force.as_ref().map_or(FlagState::Off, |flag: &Flag| flag.state);
    let flag = |state, until, ramp| Flag {
        sink: item.sink.clone(),
        state,
        proposed_by: item.person.clone(),
        confirmed_by: None,
        until,
        ramp,
        at: item.at,
    };
    let (kind, slot, flag) = match item.change {
        FlagChange::Off => {
            let off = match force {
                Some(force) => Flag { state: FlagState::Off, at: item.at, ..force },
                None => flag(FlagState::Off, item.at, Ramp::FULL),
            };
            ("flag.off", FORCE, off)
        }
        FlagChange::On { until, .. } if until <= item.at => {
            return Ok(Err(StoreError::Conflict { what: format!("the end of the flag, {until}, is past") }));
        }
        FlagChange::On { until, ramp } if !item.two_people => ("flag.on", FORCE, flag(FlagState::On, until, ramp)),
        FlagChange::On { until, ramp } => match proposed {
            Some(first) if (first.until, first.ramp) != (until, ramp) => {
                ("flag.proposed", PROPOSED, flag(FlagState::Proposed, until, ramp))
            }
            Some(first) if first.proposed_by == item.person => {
                let what =
                    "you have proposed this flag already; a second person turns it on by saying the same".to_owned();
                return Ok(Err(StoreError::Conflict { what }));
            }
            Some(first) => {
                let confirmed_by = Some(item.person.clone());
                ("flag.on", FORCE, Flag { state: FlagState::On, confirmed_by, at: item.at, ..first })
            }
            None => ("flag.proposed", PROPOSED, flag(FlagState::Proposed, until, ramp)),
        },
    };
    put(item, slot, &flag, tx).await?;
    let acted = Acted {
        pilot: &item.pilot,
        tenant: &item.tenant,
        actor: &item.person,
        permit: Some(&item.permit),
        at: item.at,
    };
    let fields = [
        ("confirmed_by", flag.confirmed_by.as_deref().map_or(Field::Null, Field::Text)),
        ("proposed_by", Field::Text(&flag.proposed_by)),
        ("ramp", Field::Int(i64::from(flag.ramp.percent()))),
        ("sink", Field::Text(&item.sink)),
        ("two_people", Field::Flag(item.two_people)),
        ("until", Field::Int(flag.until.as_microsecond())),
        ("was", Field::Text(was.as_str())),
    ];
    tell(kind, &acted, &fields, tx)?;
    Ok(Ok(flag))
}

/// Puts a flag in its slot; one that is in force ends whatever was proposed.
async fn put(item: &TurnFlag, slot: i64, flag: &Flag, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO flag (pilot, sink, slot, tenant, state, proposed_by, confirmed_by, until_at, ramp, at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (pilot, sink, slot) DO UPDATE SET state = excluded.state, \
               proposed_by = excluded.proposed_by, confirmed_by = excluded.confirmed_by, until_at = excluded.until_at, \
               ramp = excluded.ramp, at = excluded.at";
    let row = values![
        &item.pilot,
        &item.sink,
        slot,
        &item.tenant,
        flag.state.as_str(),
        &flag.proposed_by,
        &flag.confirmed_by,
        flag.until.as_microsecond(),
        flag.ramp.percent(),
        flag.at.as_microsecond()
    ];
    tx.conn.run(sql, row).await?;
    if slot == FORCE {
        let sql = "DELETE FROM flag WHERE pilot = $1 AND sink = $2 AND slot = $3";
        tx.conn.run(sql, values![&item.pilot, &item.sink, PROPOSED]).await?;
    }
    Ok(())
}

impl Store {
    /// Turns a sink's flag for a pilot; how it, or what is proposed instead of it, stands then.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its end is past, or the second person is the first.
    pub async fn turn_flag(&self, turn: TurnFlag) -> Result<Flag, StoreError> {
        self.submit_patiently(turn).await
    }
}
