//! Briefs, their revisions and the decisions on them.

use super::{Page, id, time};
use crate::domain::id::BriefId;
use crate::domain::review::{Approval, Reason, Review, ReviewState};
use crate::store::pack::unpack;
use crate::store::sql::{Row, values};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::sha256_hex;

/// A brief and where it stands in review.
#[derive(Clone, Debug)]
pub struct BriefRow {
    /// Its name.
    pub id: BriefId,
    /// Pilot it belongs to.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// Where it stands.
    pub state: ReviewState,
    /// Counts changes: whoever changes it names the version they read.
    pub version: i64,
    /// Number of the revision that stands.
    pub revision: u32,
    /// Its digest.
    pub digest: String,
    /// Which attempt of the generator.
    pub attempt: u32,
    /// Priority, 0 to 100.
    pub score: u32,
    /// Risk level.
    pub risk: String,
    /// Who looks at it, until when.
    pub claim: Option<(String, Timestamp)>,
    /// Who handed the request in, when a person did.
    pub submitter: Option<String>,
    /// When it first waited for people.
    pub opened_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whether it is a planted bad draft: nothing of it leaves, nothing of it counts. Faces tell only once it is decided.
    pub planted: bool,
}

/// Which briefs.
#[derive(Clone, Debug, Default)]
pub struct BriefFilter {
    /// Of this pilot.
    pub pilot: Option<String>,
    /// In this state; `undecided` stands for open, amending and redrafting.
    pub state: Option<String>,
    /// After this identifier, exclusive.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// A revision: immutable.
#[derive(Clone, Debug)]
pub struct RevisionRow {
    /// Number, from 1.
    pub number: u32,
    /// Digest of the content.
    pub digest: String,
    /// `generator`, or the person who edited.
    pub author: String,
    /// How it was made, as JSON.
    pub generator: String,
    /// Canonical bytes of the content.
    pub content: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

impl RevisionRow {
    /// Whether a generator made it, and no person.
    #[must_use]
    pub fn is_draft(&self) -> bool {
        self.author == "generator"
    }

    /// The draft that a revision goes back to: itself, or the last one before it.
    #[must_use]
    pub fn draft_of(revisions: &[Self], number: u32) -> Option<&Self> {
        revisions
            .iter()
            .filter(|revision| revision.number <= number && revision.is_draft())
            .max_by_key(|draft| draft.number)
    }
}

/// A decision: immutable.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    /// Its name.
    pub id: String,
    /// Number of the revision decided on.
    pub revision: u32,
    /// Digest of that revision.
    pub digest: String,
    /// Who.
    pub person: String,
    /// `approve`, `minor`, `major` or `reject`.
    pub verdict: String,
    /// What they wrote.
    pub comment: Option<String>,
    /// Why it was rejected, as one of the counted reasons.
    pub reason: Option<Reason>,
    /// The policy's answer that allowed it.
    pub permit: String,
    /// When.
    pub at: Timestamp,
}

macro_rules! brief_sql {
    ($rest:literal) => {
        concat!(
            "SELECT id, pilot, tenant, state, version, revision, digest, attempt, score, risk, claimed_by, claim_until, opened_at, updated_at, \
             (SELECT r.submitter FROM request r WHERE r.id = 'req_' || substr(brief.id, 5)), planted FROM brief ",
            $rest
        )
    };
}

/// Reads the fifteen columns of a brief that every query here selects first.
pub(super) fn brief_of(row: &Row) -> Result<BriefRow, StoreError> {
    let word = row.text(3)?;
    let claim = match (row.maybe_text(10)?, row.maybe_int(11)?) {
        (Some(by), Some(until)) => Some((by, time(until)?)),
        _ => None,
    };
    Ok(BriefRow {
        id: id(BriefId::parse(&row.text(0)?))?,
        pilot: row.text(1)?,
        tenant: row.text(2)?,
        state: ReviewState::parse(&word).ok_or_else(|| StoreError::corrupt(format!("brief state `{word}`")))?,
        version: row.int(4)?,
        revision: row.small(5)?,
        digest: row.text(6)?,
        attempt: row.small(7)?,
        score: row.small(8)?,
        risk: row.text(9)?,
        claim,
        submitter: row.maybe_text(14)?,
        opened_at: time(row.int(12)?)?,
        updated_at: time(row.int(13)?)?,
        planted: row.int(15)? != 0,
    })
}

fn decision_of(row: &Row) -> Result<DecisionRow, StoreError> {
    let reason = row.maybe_text(8)?.map(|word| Reason::parse(&word));
    Ok(DecisionRow {
        id: row.text(0)?,
        revision: row.small(1)?,
        digest: row.text(2)?,
        person: row.text(3)?,
        verdict: row.text(4)?,
        comment: row.maybe_text(5)?,
        permit: row.text(6)?,
        at: time(row.int(7)?)?,
        reason: reason.transpose().map_err(|cause| StoreError::corrupt(cause.to_string()))?,
    })
}

const DECISIONS: &str = "SELECT id, revision, digest, person, verdict, comment, permit, at, reason FROM decision WHERE brief = $1 ORDER BY revision, at, id";

impl Store {
    /// A brief.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn brief(&self, brief: &BriefId) -> Result<BriefRow, StoreError> {
        let row = self.reader().await?.conn().row(brief_sql!("WHERE id = $1"), values![brief.as_str()]).await?;
        row.map_or_else(|| Err(StoreError::NotFound { what: "brief", id: brief.to_string() }), |row| brief_of(&row))
    }

    /// A brief with the decisions on it, as the review machine takes them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn review(&self, brief: &BriefId) -> Result<(BriefRow, Review, Vec<DecisionRow>), StoreError> {
        let mut reader = self.reader().await?;
        let mut conn = reader.conn();
        let row = conn.row(brief_sql!("WHERE id = $1"), values![brief.as_str()]).await?;
        let row = row.ok_or_else(|| StoreError::NotFound { what: "brief", id: brief.to_string() })?;
        let row = brief_of(&row)?;
        let mut decisions = Vec::new();
        // The first version has not been touched by anybody: nothing can have been decided on it.
        if row.version > 1 {
            for decision in conn.rows(DECISIONS, values![brief.as_str()]).await? {
                decisions.push(decision_of(&decision)?);
            }
        }
        let approval =
            |made: &DecisionRow| Approval { user: made.person.clone(), digest: made.digest.clone(), at: made.at };
        let approvals = decisions.iter().filter(|made| made.verdict == "approve").map(approval).collect();
        let (revision, attempt) = (row.revision, row.attempt);
        let review = Review { state: row.state, revision, digest: row.digest.clone(), attempt, approvals };
        Ok((row, review, decisions))
    }

    /// Briefs, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn briefs(&self, filter: &BriefFilter) -> Result<Page<BriefRow>, StoreError> {
        let undecided = matches!(filter.state.as_deref(), Some("undecided" | "open" | "amending" | "redrafting"));
        let sql = if undecided {
            // The condition of the partial index, word for word: few wait among many that are decided.
            brief_sql!(
                "WHERE state IN ('open', 'amending', 'redrafting') AND ($2 = 'undecided' OR state = $2) AND ($1 = '' OR pilot = $1) \
                 AND id < $3 ORDER BY id DESC LIMIT $4"
            )
        } else {
            brief_sql!(
                "WHERE ($1 = '' OR pilot = $1) AND ($2 = '' OR state = $2) AND id < $3 ORDER BY id DESC LIMIT $4"
            )
        };
        let all = |text: &Option<String>| text.clone().unwrap_or_default();
        let after = filter.after.as_deref().unwrap_or("brf_z");
        let row = values![all(&filter.pilot), all(&filter.state), after, i64::from(filter.limit) + 1];
        let rows = self.walker().await?.conn().rows(sql, row).await?;
        let items = rows.iter().map(brief_of).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, filter.limit, |brief| brief.id.to_string()))
    }

    /// The revisions of a brief, in order, each held against the digest that people decide on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Erased`]; [`StoreError::Corrupt`] when a content is not the one that was stored.
    pub async fn revisions(&self, brief: &BriefId) -> Result<Vec<RevisionRow>, StoreError> {
        let sql = "SELECT number, digest, author, generator, content, at, CASE WHEN length(content) = 0 AND EXISTS (SELECT 1 FROM request r \
                   WHERE r.id = 'req_' || substr(brief, 5) AND r.erased_at IS NOT NULL) THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END \
                   FROM revision WHERE brief = $1 ORDER BY number";
        let rows = self.reader().await?.conn().rows(sql, values![brief.as_str()]).await?;
        let revision = |row: &Row| {
            let (digest, content) = (row.text(1)?, unpack(&row.bytes(4)?)?);
            if row.int(6)? != 0 {
                return Err(StoreError::Erased { request: brief.request().to_string() });
            }
            if sha256_hex(&content) != digest {
                return Err(StoreError::corrupt(format!(
                    "a content of `{brief}` that was altered after it was stored"
                )));
            }
            let (number, at) = (row.small(0)?, time(row.int(5)?)?);
            Ok(RevisionRow { number, digest, author: row.text(2)?, generator: row.text(3)?, content, at })
        };
        rows.iter().map(revision).collect()
    }

    /// The decisions on a brief, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn decisions(&self, brief: &BriefId) -> Result<Vec<DecisionRow>, StoreError> {
        let rows = self.reader().await?.conn().rows(DECISIONS, values![brief.as_str()]).await?;
        rows.iter().map(decision_of).collect()
    }
}
