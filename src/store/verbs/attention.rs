//! Attention checks: switching them on and off for a pilot, planting a bad draft, and what became of one. INVARIANT: a planted draft is a
//! request marked so in its own row, in the transaction that accepts it; one stands for one turn, however many daemons plant; and its
//! outcome is put down with the decision that it is of, or not at all.
//!
//! Planting leaves the receipt of a request, as every request does, and no other: one that named it a check would tell whoever is checked.
//! Where checks fall is fixed by a seed, whose digest stands in the receipt of switching on; the seed itself stands in that of switching off.

use super::gate::{Acted, tell};
use super::intake::Accept;
use super::review::Decide;
use crate::domain::id::ProbeId;
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::queue::{Verb as _, one_by_one};
use crate::store::sql::{Many, values};
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::{hex, sha256_hex};

/// What a person wants of attention checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttentionChange {
    /// Planted among so many of a hundred briefs.
    On {
        /// Of a hundred.
        percent: u32,
        /// Why, in the person's words.
        reason: String,
        /// Chance by which the places are chosen.
        seed: [u8; 32],
    },
    /// No more.
    Off,
}

/// A person switches a pilot's attention checks on or off.
#[derive(Debug)]
pub struct TurnAttention {
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// What is wanted.
    pub change: AttentionChange,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Plants a bad draft.
#[derive(Debug)]
pub struct PlantProbe {
    /// Its name.
    pub id: ProbeId,
    /// The request, with its draft in [`crate::store::Request::planted`].
    pub accept: Accept,
    /// Which switching on it belongs to.
    pub number: u32,
    /// Which turn of that it takes, from 0.
    pub turn: u32,
    /// The earlier request that it was made from; empty for a bundled one.
    pub model: String,
    /// The fault.
    pub fault: &'static str,
    /// What tells that the fault is still in a revision.
    pub trace: String,
}

/// What a decision on a planted draft shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeOutcome {
    /// The planted draft.
    pub probe: ProbeId,
    /// The fault.
    pub fault: String,
    /// Whether it was seen.
    pub caught: bool,
    /// From when the brief first waited for people to the decision, in microseconds.
    pub took: i64,
}

one_by_one!(TurnAttention, (), turn);
one_by_one!(PlantProbe, bool, plant);

async fn turn(item: &TurnAttention, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    let at = item.at.as_microsecond();
    let sql = "UPDATE attention SET ended_at = $2, ended_by = $3 WHERE pilot = $1 AND ended_at IS NULL RETURNING seed";
    let ended = tx.conn.row(sql, values![&item.pilot, at, &item.person]).await?;
    let ended = ended.map(|row| row.bytes(0)).transpose()?.map(|seed| hex(&seed));
    let acted = Acted {
        pilot: &item.pilot,
        tenant: &item.tenant,
        actor: &item.person,
        permit: Some(&item.permit),
        at: item.at,
    };
    let before = ended.as_deref().map_or(Field::Null, Field::Text);
    match &item.change {
        AttentionChange::Off if ended.is_none() => {
            let what = format!("attention checks of `{}` are off already", item.pilot);
            return Ok(Err(StoreError::Conflict { what }));
        }
        AttentionChange::Off => tell("attention.off", &acted, &[("seed", before)], tx)?,
        AttentionChange::On { percent, reason, seed } => {
            let sql = "INSERT INTO attention (pilot, number, tenant, percent, reason, seed, person, at) \
                       SELECT $1, (SELECT COUNT(*) + 1 FROM attention WHERE pilot = $1), $2, CAST($3 AS BIGINT), $4, $5, $6, CAST($7 AS BIGINT)";
            let row = values![&item.pilot, &item.tenant, *percent, reason, &seed[..], &item.person, at];
            tx.conn.run(sql, row).await?;
            let sealed = sha256_hex(seed);
            let fields = [
                ("percent", Field::Int(i64::from(*percent))),
                ("reason", Field::Text(reason)),
                ("seed_before", before),
                ("seed_digest", Field::Text(&sealed)),
            ];
            tell("attention.on", &acted, &fields, tx)?;
        }
    }
    Ok(Ok(()))
}

async fn plant(item: &PlantProbe, tx: &mut Tx<'_>) -> Result<Result<bool, StoreError>, StoreError> {
    let request = &item.accept.request;
    if request.planted.is_none() {
        return Err(StoreError::corrupt("a planted draft without its mark"));
    }
    // Nothing is planted where nobody wants it any more, and nothing twice for one turn.
    let sql = "INSERT INTO probe (id, brief, pilot, tenant, number, turn, model, fault, trace, planted_at) \
               SELECT $1, $2, $3, $4, CAST($5 AS BIGINT), CAST($6 AS BIGINT), $7, $8, $9, CAST($10 AS BIGINT) WHERE EXISTS \
               (SELECT 1 FROM attention WHERE pilot = $3 AND number = CAST($5 AS BIGINT) AND ended_at IS NULL) ON CONFLICT DO NOTHING";
    let brief = request.id.brief();
    let row = values![
        item.id.as_str(),
        brief.as_str(),
        &request.pilot,
        &request.tenant,
        item.number,
        item.turn,
        &item.model,
        item.fault,
        &item.trace,
        request.accepted_at.as_microsecond()
    ];
    if tx.conn.run(sql, row).await? == 0 {
        return Ok(Ok(false));
    }
    match Accept::run(&[&item.accept], tx).await?.pop() {
        Some(Ok(_)) => Ok(Ok(true)),
        Some(Err(cause)) => Err(cause),
        None => Err(StoreError::corrupt("a request that became nothing")),
    }
}

static OUTCOMES: Many = Many {
    before: "WITH v (id, person, verdict, caught, took, at) AS (VALUES",
    columns: &["TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT"],
    after: ") UPDATE probe SET person = v.person, verdict = v.verdict, caught = v.caught, took = v.took, decided_at = v.at FROM v \
            WHERE probe.id = v.id AND probe.decided_at IS NULL",
};

/// Puts down what decisions on planted drafts show.
pub(super) async fn decided(items: &[(&Decide, &ProbeOutcome)], tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for (item, outcome) in items {
        let (caught, at) = (i64::from(outcome.caught), item.at.as_microsecond());
        rows.extend(values![outcome.probe.as_str(), &item.person, item.verdict, caught, outcome.took, at]);
        let fields = [
            ("brief", Field::Text(item.brief.as_str())),
            ("caught", Field::Int(caught)),
            ("decision", Field::Text(item.id.as_str())),
            ("fault", Field::Text(&outcome.fault)),
            ("probe", Field::Text(outcome.probe.as_str())),
            ("took_micros", Field::Int(outcome.took)),
        ];
        super::review::receipt("attention.decided", item.at, &item.brief, &item.belongs, &item.person, &fields, tx)?;
    }
    tx.conn.run_many(&OUTCOMES, rows).await.map(|_| ())
}

impl Store {
    /// Switches a pilot's attention checks on or off.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when they are off already.
    pub async fn turn_attention(&self, turn: TurnAttention) -> Result<(), StoreError> {
        self.submit_patiently(turn).await
    }

    /// Plants a bad draft; whether it was its turn.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn plant_probe(&self, plant: PlantProbe) -> Result<bool, StoreError> {
        self.submit(plant).await
    }
}
