//! What people say about screens, and what they are answered. INVARIANT: what was said is never changed, only answered and closed; each
//! step leaves a receipt with the digest of its words, not the words.

use super::review::policy_fields;
use crate::domain::id::FeedbackId;
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::sha256_hex;

/// A person says something about a screen.
#[derive(Debug)]
pub struct GiveFeedback {
    /// Its name.
    pub id: FeedbackId,
    /// Client organisation.
    pub tenant: String,
    /// Pilot.
    pub pilot: String,
    /// Path of the screen.
    pub screen: String,
    /// The request or brief that it showed; empty for none.
    pub item: String,
    /// Where that stood.
    pub step: String,
    /// What was refused to them last, in words with its code; or else the last answer of the policy about it.
    pub decision: String,
    /// The last receipt about it.
    pub receipt: String,
    /// What they say.
    pub text: String,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// A person answers, or closes.
#[derive(Debug)]
pub struct AnswerFeedback {
    /// Which.
    pub id: FeedbackId,
    /// What they say; may be empty when it is closed.
    pub text: String,
    /// Whether it is over.
    pub closes: bool,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(GiveFeedback, (), give);
one_by_one!(AnswerFeedback, (), answer);

async fn give(item: &GiveFeedback, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    let (id, at) = (item.id.as_str(), item.at.as_microsecond());
    let sql = "INSERT INTO feedback (id, tenant, pilot, person, screen, item, step, permit, receipt, state, at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, $10)";
    let row = values![
        id,
        &item.tenant,
        &item.pilot,
        &item.person,
        &item.screen,
        &item.item,
        &item.step,
        &item.decision,
        &item.receipt,
        at
    ];
    tx.conn.run(sql, row).await?;
    event(id, 1, "given", &item.person, &item.text, at, tx).await?;
    let of =
        Of { id, tenant: &item.tenant, pilot: &item.pilot, person: &item.person, permit: &item.permit, at: item.at };
    let more = [("item", Field::Text(&item.item)), ("screen", Field::Text(&item.screen))];
    tell("feedback.given", &of, &item.text, &more, tx)?;
    Ok(Ok(()))
}

async fn answer(item: &AnswerFeedback, tx: &mut Tx<'_>) -> Result<Result<(), StoreError>, StoreError> {
    let (id, at) = (item.id.as_str(), item.at.as_microsecond());
    let (kind, state) = if item.closes { ("closed", "closed") } else { ("answered", "answered") };
    let sql =
        "UPDATE feedback SET state = $2, updated_at = $3 WHERE id = $1 AND state <> 'closed' RETURNING tenant, pilot";
    let Some(row) = tx.conn.row(sql, values![id, state, at]).await? else {
        let what = format!("`{id}` is closed; give new feedback that names it (OP-9244)");
        return Ok(Err(StoreError::Conflict { what }));
    };
    let (tenant, pilot) = (row.text(0)?, row.text(1)?);
    let sql = "SELECT COUNT(*) + 1 FROM feedback_event WHERE feedback = $1";
    let number = tx.conn.row(sql, values![id]).await?.map_or(Ok(1), |row| row.int(0))?;
    event(id, number, kind, &item.person, &item.text, at, tx).await?;
    let of = Of { id, tenant: &tenant, pilot: &pilot, person: &item.person, permit: &item.permit, at: item.at };
    tell(if item.closes { "feedback.closed" } else { "feedback.answered" }, &of, &item.text, &[], tx)?;
    Ok(Ok(()))
}

async fn event(
    id: &str,
    number: i64,
    kind: &str,
    person: &str,
    text: &str,
    at: i64,
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO feedback_event (feedback, number, kind, person, text, at) VALUES ($1, $2, $3, $4, $5, $6)";
    tx.conn.run(sql, values![id, number, kind, person, text, at]).await.map(|_| ())
}

/// Of whose feedback a receipt tells.
struct Of<'a> {
    id: &'a str,
    tenant: &'a str,
    pilot: &'a str,
    person: &'a str,
    permit: &'a Permit,
    at: Timestamp,
}

fn tell(kind: &str, of: &Of<'_>, text: &str, more: &[(&str, Field<'_>)], tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let policies: Vec<&str> = of.permit.decision().policies.iter().map(String::as_str).collect();
    let digest = sha256_hex(text.as_bytes());
    let mut fields = policy_fields(of.permit, &policies);
    fields.push(("text", Field::Text(&digest)));
    fields.extend_from_slice(more);
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let pilot = Some(of.pilot).filter(|pilot| !pilot.is_empty());
    tx.receipt(&Note { at: of.at, kind, tenant: of.tenant, pilot, subject: of.id, actor: of.person }, &body)
}

impl Store {
    /// Keeps what a person says about a screen.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn give_feedback(&self, give: GiveFeedback) -> Result<(), StoreError> {
        self.submit(give).await
    }

    /// Answers it, or closes it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is closed.
    pub async fn answer_feedback(&self, answer: AnswerFeedback) -> Result<(), StoreError> {
        self.submit(answer).await
    }
}
