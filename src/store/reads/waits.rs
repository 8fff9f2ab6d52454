//! Briefs that wait for people, with what is known of who was asked. Own file because reminders and digests ask for it, and nobody else.

use super::{id, time};
use crate::domain::id::BriefId;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// A brief that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRow {
    /// Which.
    pub id: BriefId,
    /// Client organisation.
    pub tenant: String,
    /// The revision that stands.
    pub revision: u32,
    /// When that was made: since then it waits.
    pub since: Timestamp,
    /// Who looks at it, until when.
    pub claim: Option<(String, Timestamp)>,
    /// Who has approved what stands already.
    pub approved: Vec<String>,
    /// Who has heard of it again: person and ordinal.
    pub nudged: Vec<(String, u32)>,
}

impl Store {
    /// Briefs of a pilot whose standing revision waits for people since before `until`, by identifier, from behind `after` on. Those about
    /// which at least `most` reminders went out already are left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn waiting_since(
        &self,
        pilot: &str,
        until: Timestamp,
        most: u32,
        after: &str,
        limit: u32,
    ) -> Result<Vec<WaitingRow>, StoreError> {
        let sql = "SELECT b.id, b.tenant, b.revision, r.at, b.claimed_by, b.claim_until, b.digest FROM brief b \
                   JOIN revision r ON r.brief = b.id AND r.number = b.revision \
                   WHERE b.state IN ('open', 'amending', 'redrafting') AND b.state <> 'redrafting' AND b.pilot = $1 AND r.at <= $2 AND b.id > $3 \
                   AND (SELECT count(*) FROM nudge n WHERE n.brief = b.id AND n.revision = b.revision) < $4 ORDER BY b.id LIMIT $5";
        let mut reader = self.walker().await?;
        let mut conn = reader.conn();
        let row = values![pilot, until.as_microsecond(), after, i64::from(most), i64::from(limit)];
        let mut waiting = Vec::new();
        for row in conn.rows(sql, row).await? {
            let (brief, revision) = (row.text(0)?, row.int(2)?);
            let claim = match (row.maybe_text(4)?, row.maybe_int(5)?) {
                (Some(by), Some(until)) => Some((by, time(until)?)),
                _ => None,
            };
            let sql =
                "SELECT person FROM decision WHERE brief = $1 AND digest = $2 AND verdict = 'approve' ORDER BY person";
            let approved = conn.rows(sql, values![&brief, row.text(6)?]).await?;
            let sql = "SELECT person, ordinal FROM nudge WHERE brief = $1 AND revision = $2 ORDER BY person, ordinal";
            let nudged = conn.rows(sql, values![&brief, revision]).await?;
            waiting.push(WaitingRow {
                id: id(BriefId::parse(&brief))?,
                tenant: row.text(1)?,
                revision: row.small(2)?,
                since: time(row.int(3)?)?,
                claim,
                approved: approved.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?,
                nudged: nudged
                    .iter()
                    .map(|row: &Row| Ok((row.text(0)?, row.small(1)?)))
                    .collect::<Result<_, StoreError>>()?,
            });
        }
        Ok(waiting)
    }

    /// Number of the newest reminder of a person about a revision; 0: there was none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_reminder(&self, brief: &BriefId, revision: u32, person: &str) -> Result<u32, StoreError> {
        let sql = "SELECT COALESCE(MAX(ordinal), 0) FROM nudge WHERE brief = $1 AND revision = $2 AND person = $3";
        let row = self.reader().await?.conn().row(sql, values![brief.as_str(), revision, person]).await?;
        row.map_or(Ok(0), |row| row.small(0))
    }
}
