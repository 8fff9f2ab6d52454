//! Sending letters one by one, each sending an effect whose intent is on disk before it begins. INVARIANT: a letter of which nobody knows
//! whether it went is `uncertain` and is never sent again by itself; no more go out than the limits allow, counted in the transaction that
//! lets one go.

use super::letter::{About, Refusable, tell};
use crate::domain::id::{LetterId, NodeId};
use crate::receipt::Field;
use crate::store::queue::one_by_one;
use crate::store::reads::{letter_of, letter_sql};
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{LetterRow, Store, StoreError};
use jiff::Timestamp;

/// How many letters may go out in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// To one person about one brief.
    pub thread: u32,
    /// To one person.
    pub person: u32,
    /// In all.
    pub day: u32,
}

/// Takes the next letter that is due, and puts down that it is about to be sent.
#[derive(Clone, Debug)]
pub struct ClaimLetter {
    /// Who sends it.
    pub node: NodeId,
    /// Until when it may take.
    pub until: Timestamp,
    /// The limits.
    pub caps: Caps,
    /// When.
    pub at: Timestamp,
}

/// What there was to do.
#[derive(Clone, Debug)]
pub enum ClaimedLetter {
    /// Nothing is due.
    None,
    /// A letter went beyond a limit and was set aside; there may be more.
    Capped,
    /// This one is to be sent.
    Letter(Box<LetterRow>),
}

/// What became of a sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The far side has it.
    Accepted {
        /// What it said.
        response: String,
    },
    /// The far side does not have it; tried again then.
    Later {
        /// When.
        due: Timestamp,
        /// Code.
        code: String,
        /// Why.
        message: String,
    },
    /// The far side will not take it.
    Refused {
        /// Code.
        code: String,
        /// Why.
        message: String,
    },
    /// Nobody knows.
    Uncertain {
        /// Code.
        code: String,
        /// Why.
        message: String,
    },
}

/// Puts down what became of a sending.
#[derive(Clone, Debug)]
pub struct SettleLetter {
    /// The letter.
    pub id: LetterId,
    /// Which attempt.
    pub attempt: u32,
    /// What became of it.
    pub sent: Sent,
    /// When.
    pub at: Timestamp,
}

/// Marks letters as uncertain whose sender died between intent and outcome.
#[derive(Clone, Debug)]
struct RescueLetters {
    /// Whoever held them: this is the only daemon, and it has just started.
    all: bool,
    at: Timestamp,
}

one_by_one!(ClaimLetter, ClaimedLetter, claim_letter);
one_by_one!(SettleLetter, (), settle_letter);
one_by_one!(RescueLetters, u64, rescue_letters);

/// A day, in microseconds.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// Which limit a letter would go beyond.
async fn beyond(letter: &LetterRow, caps: Caps, at: i64, tx: &mut Tx<'_>) -> Result<Option<&'static str>, StoreError> {
    let since = at - DAY;
    let about = About::of(letter);
    let sql = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN brief = $3 AND brief <> '' THEN 1 ELSE 0 END), 0) FROM letter \
               WHERE person = $1 AND sent_at > $2 AND sent_at IS NOT NULL";
    let row = tx.conn.row(sql, values![about.person, since, about.brief]).await?;
    let (person, thread) = match row {
        Some(row) => (row.int(0)?, row.int(1)?),
        None => (0, 0),
    };
    if thread >= i64::from(caps.thread) {
        return Ok(Some("per_thread"));
    }
    if person >= i64::from(caps.person) {
        return Ok(Some("per_person"));
    }
    let sql = "SELECT COUNT(*) FROM letter WHERE sent_at > $1 AND sent_at IS NOT NULL";
    let all = tx.conn.row(sql, values![since]).await?.map_or(Ok(0), |row| row.int(0))?;
    Ok((all >= i64::from(caps.day)).then_some("per_day"))
}

async fn claim_letter(item: &ClaimLetter, tx: &mut Tx<'_>) -> Refusable<ClaimedLetter> {
    let at = item.at.as_microsecond();
    let row = if tx.conn.is_postgres() {
        let sql =
            letter_sql!("WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED");
        tx.conn.row(sql, values![at]).await?
    } else {
        let sql = letter_sql!("WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT 1");
        tx.conn.row(sql, values![at]).await?
    };
    let Some(row) = row else { return Ok(Ok(ClaimedLetter::None)) };
    let mut letter = letter_of(&row)?;
    // A letter that is tried again was counted when it was tried last, for a day.
    if letter.sent_at.is_none_or(|last| last.as_microsecond() <= at - DAY)
        && let Some(cap) = beyond(&letter, item.caps, at, tx).await?
    {
        let message = format!("the limit `{cap}` of the section `[mail]` was reached; it was not sent");
        let sql = "UPDATE letter SET state = 'capped', code = 'OP-2722', message = $2, updated_at = $3 WHERE id = $1";
        tx.conn.run(sql, values![letter.id.as_str(), message, at]).await?;
        tell("letter.capped", &About::of(&letter), &[("limit", Field::Text(cap))], item.at, tx)?;
        return Ok(Ok(ClaimedLetter::Capped));
    }
    letter.attempt += 1;
    letter.sent_at = Some(item.at);
    let sql = "UPDATE letter SET state = 'sending', attempt = $2, lessee = $3, lease_until = $4, sent_at = $5, updated_at = $5 \
               WHERE id = $1";
    let until = item.until.as_microsecond();
    tx.conn.run(sql, values![letter.id.as_str(), letter.attempt, item.node.as_str(), until, at]).await?;
    let run = letter.brief.as_ref().map_or_else(String::new, |brief| brief.request().run().to_string());
    let key = format!("{}/{}", letter.id, letter.attempt);
    let intent = serde_json::json!({ "message_id": letter.message_id, "to": letter.person }).to_string();
    let sql = "INSERT INTO effect (run, step, ordinal, key, state, intent, intended_at) VALUES ($1, $2, $3, $4, 'intended', $5, $6)";
    tx.conn.run(sql, values![run, letter.id.as_str(), letter.attempt, key, intent, at]).await?;
    Ok(Ok(ClaimedLetter::Letter(Box::new(letter))))
}

async fn settle_letter(item: &SettleLetter, tx: &mut Tx<'_>) -> Refusable<()> {
    // A sender that was given up and then heard from the far side after all knows more than whoever gave it up.
    let sql = letter_sql!("WHERE id = $1 AND attempt = $2 AND state IN ('sending', 'uncertain')");
    let Some(row) = tx.conn.row(sql, values![item.id.as_str(), item.attempt]).await? else {
        return Ok(Err(StoreError::Stale { what: "letter" }));
    };
    let letter = letter_of(&row)?;
    let (state, effect, code, message, due) = match &item.sent {
        Sent::Accepted { response } => ("sent", "done", None, response, None),
        Sent::Later { due, code, message } => ("waiting", "failed", Some(code), message, Some(due.as_microsecond())),
        Sent::Refused { code, message } => ("refused", "failed", Some(code), message, None),
        Sent::Uncertain { code, message } => ("uncertain", "uncertain", Some(code), message, None),
    };
    close(&letter, Closing { state, effect, code: code.map(String::as_str), message, due, at: item.at }, tx).await?;
    Ok(Ok(()))
}

struct Closing<'a> {
    state: &'static str,
    effect: &'static str,
    code: Option<&'a str>,
    message: &'a str,
    due: Option<i64>,
    at: Timestamp,
}

async fn close(letter: &LetterRow, closing: Closing<'_>, tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let (id, at) = (letter.id.as_str(), closing.at.as_microsecond());
    let sql = "UPDATE letter SET state = $2, code = $3, message = $4, due_at = COALESCE($5, due_at), lessee = NULL, lease_until = NULL, \
               updated_at = $6 WHERE id = $1";
    tx.conn.run(sql, values![id, closing.state, closing.code, closing.message, closing.due, at]).await?;
    let key = format!("{id}/{}", letter.attempt);
    let outcome = serde_json::json!({ "code": closing.code, "message": closing.message }).to_string();
    let sql = "UPDATE effect SET state = $2, outcome = $3, ended_at = $4 WHERE key = $1";
    tx.conn.run(sql, values![key, closing.effect, outcome, at]).await?;
    let kind = match closing.state {
        "sent" => "letter.sent",
        "waiting" => "letter.postponed",
        "refused" => "letter.refused",
        _ => "letter.uncertain",
    };
    let mut fields = vec![("attempt", Field::Int(i64::from(letter.attempt))), ("kind", Field::Text(&letter.kind))];
    fields.extend(closing.code.map(|code| ("code", Field::Text(code))));
    tell(kind, &About::of(letter), &fields, closing.at, tx)
}

async fn rescue_letters(item: &RescueLetters, tx: &mut Tx<'_>) -> Refusable<u64> {
    let sql = letter_sql!("WHERE state = 'sending' AND ($1 = 1 OR lease_until < $2)");
    let rows = tx.conn.rows(sql, values![i64::from(item.all), item.at.as_microsecond()]).await?;
    let mut rescued = 0;
    for row in &rows {
        let letter = letter_of(row)?;
        let message = "the daemon ended while it was being sent; the mail server may have it or not";
        let (state, code) = ("uncertain", Some("OP-2721"));
        close(&letter, Closing { state, effect: state, code, message, due: None, at: item.at }, tx).await?;
        rescued += 1;
    }
    Ok(Ok(rescued))
}

impl Store {
    /// Takes the next letter that is due and puts its intent down.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_letter(&self, claim: ClaimLetter) -> Result<ClaimedLetter, StoreError> {
        self.submit_patiently(claim).await
    }

    /// Puts down what became of a letter.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it is not being sent.
    pub async fn settle_letter(&self, settle: SettleLetter) -> Result<(), StoreError> {
        self.submit_patiently(settle).await
    }

    /// Marks letters as uncertain whose sender died; how many. `starting`: as in [`Store::rescue`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rescue_letters(&self, starting: bool) -> Result<u64, StoreError> {
        self.submit_patiently(RescueLetters { all: starting && !self.is_shared(), at: self.now() }).await
    }
}
