//! Attention checks as they stand: where they are on, what was planted, what became of it. Own file because nothing else that is read may
//! tell what is planted before it is decided. INVARIANT: faces show of this what was decided, and the rest to nobody.

use super::{id, time};
use crate::domain::id::{BriefId, ProbeId};
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Checks that are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionRow {
    /// Pilot.
    pub pilot: String,
    /// Counts the times that they were switched on, from 1.
    pub number: u32,
    /// Planted among so many of a hundred briefs.
    pub percent: u32,
    /// Why.
    pub reason: String,
    /// Chance by which the places are chosen.
    pub seed: Vec<u8>,
    /// Who switched them on.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

/// A planted draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeRow {
    /// Its name.
    pub id: ProbeId,
    /// The brief.
    pub brief: BriefId,
    /// The fault.
    pub fault: String,
    /// What tells that the fault is still in a revision.
    pub trace: String,
    /// When it was planted.
    pub planted_at: Timestamp,
    /// What became of it.
    pub decided: Option<ProbeDecided>,
}

/// What became of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeDecided {
    /// Who decided.
    pub person: String,
    /// As what.
    pub verdict: String,
    /// Whether the fault was seen.
    pub caught: bool,
    /// From when it first waited for people to the decision.
    pub took: SignedDuration,
    /// When.
    pub at: Timestamp,
}

/// Earlier briefs from which the next planted one is chosen.
const MODELS: i64 = 200;

macro_rules! probe_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, brief, fault, trace, planted_at, person, verdict, caught, took, decided_at FROM probe ",
            $rest
        )
    };
}

fn probe_of(row: &Row) -> Result<ProbeRow, StoreError> {
    let decided =
        match (row.maybe_text(5)?, row.maybe_text(6)?, row.maybe_int(7)?, row.maybe_int(8)?, row.maybe_int(9)?) {
            (Some(person), Some(verdict), Some(caught), Some(took), Some(at)) => Some(ProbeDecided {
                person,
                verdict,
                caught: caught != 0,
                took: SignedDuration::from_micros(took),
                at: time(at)?,
            }),
            _ => None,
        };
    Ok(ProbeRow {
        id: id(ProbeId::parse(&row.text(0)?))?,
        brief: id(BriefId::parse(&row.text(1)?))?,
        fault: row.text(2)?,
        trace: row.text(3)?,
        planted_at: time(row.int(4)?)?,
        decided,
    })
}

impl Store {
    /// Where attention checks are on, or with `pilot` whether they are on there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn attention(&self, pilot: Option<&str>) -> Result<Vec<AttentionRow>, StoreError> {
        let sql = "SELECT pilot, number, percent, reason, seed, person, at FROM attention WHERE ended_at IS NULL AND ($1 = '' OR pilot = $1) \
                   ORDER BY pilot";
        let rows = self.reader().await?.conn().rows(sql, values![pilot.unwrap_or_default()]).await?;
        let attention = |row: &Row| {
            Ok(AttentionRow {
                pilot: row.text(0)?,
                number: row.small(1)?,
                percent: row.small(2)?,
                reason: row.text(3)?,
                seed: row.bytes(4)?,
                person: row.text(5)?,
                at: time(row.int(6)?)?,
            })
        };
        rows.iter().map(attention).collect()
    }

    /// Real briefs that came before people since then, and planted ones of this switching on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn attention_count(&self, on: &AttentionRow) -> Result<(u32, u32), StoreError> {
        // Identifiers rise with the time at which the request came, which is before its brief did: the key finds the few of them.
        let first = BriefId::new(on.at, [0; 10]);
        let sql = "SELECT (SELECT COUNT(*) FROM brief WHERE id >= $2 AND pilot = $1 AND planted = 0), \
                   (SELECT COUNT(*) FROM probe WHERE pilot = $1 AND number = CAST($3 AS BIGINT))";
        let row = self.walker().await?.conn().row(sql, values![&on.pilot, first.as_str(), on.number]).await?;
        let row = row.ok_or_else(|| StoreError::corrupt("a count without a row"))?;
        Ok((row.small(0)?, row.small(1)?))
    }

    /// Earlier briefs of a pilot that people approved before then, of requests without files that nobody handed in by name, which no planted
    /// one was made of yet; newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn attention_models(&self, pilot: &str, before: Timestamp) -> Result<Vec<BriefId>, StoreError> {
        let sql = "SELECT b.id FROM brief b JOIN request r ON r.id = 'req_' || substr(b.id, 5) WHERE b.pilot = $1 AND b.planted = 0 \
                   AND b.state = 'approved' AND b.updated_at < $3 AND r.attachments = 0 AND r.submitter IS NULL AND r.erased_at IS NULL AND NOT EXISTS (SELECT 1 FROM probe p WHERE p.pilot = $1 AND p.model = r.id) \
                   ORDER BY b.id DESC LIMIT $2";
        let rows = self.reader().await?.conn().rows(sql, values![pilot, MODELS, before.as_microsecond()]).await?;
        rows.iter().map(|row| id(BriefId::parse(&row.text(0)?))).collect()
    }

    /// The planted draft that a brief is, if it is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn probe_of(&self, brief: &BriefId) -> Result<Option<ProbeRow>, StoreError> {
        let row = self.reader().await?.conn().row(probe_sql!("WHERE brief = $1"), values![brief.as_str()]).await?;
        row.map(|row| probe_of(&row)).transpose()
    }

    /// Planted drafts of a pilot that were decided since then, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn probes_decided(&self, pilot: &str, since: Timestamp) -> Result<Vec<ProbeRow>, StoreError> {
        let sql = probe_sql!("WHERE pilot = $1 AND decided_at >= $2 ORDER BY decided_at, id");
        let rows = self.walker().await?.conn().rows(sql, values![pilot, since.as_microsecond()]).await?;
        rows.iter().map(probe_of).collect()
    }
}
