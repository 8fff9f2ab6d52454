//! What people rule upon letters that did not plainly go. Own file because it is the only way by which such a letter goes again. INVARIANT:
//! it asks for a permit, names the state it expects, and keeps the letter's identifier, by which the far side knows a repeat.

use super::letter::{About, Refusable, tell_of};
use crate::domain::id::LetterId;
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::queue::one_by_one;
use crate::store::reads::{letter_of, letter_sql};
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::verbs::review::policy_fields;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// What a person says of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Nobody knew whether it went: it did.
    Went,
    /// Nobody knew whether it went: it did not. It is sent again.
    DidNotGo,
    /// It was refused, came back, or went beyond a limit: it is sent again.
    Again,
}

/// A person rules upon a letter.
#[derive(Debug)]
pub struct RuleLetter {
    /// The letter.
    pub id: LetterId,
    /// What they say.
    pub ruling: Ruling,
    /// Where it goes from now on.
    pub address: String,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(RuleLetter, (), rule_letter);

async fn rule_letter(item: &RuleLetter, tx: &mut Tx<'_>) -> Refusable<()> {
    let id = item.id.as_str();
    let Some(row) = tx.conn.row(letter_sql!("WHERE id = $1"), values![id]).await? else {
        return Ok(Err(StoreError::NotFound { what: "letter", id: id.to_owned() }));
    };
    let letter = letter_of(&row)?;
    let fits: &[&str] = match item.ruling {
        Ruling::Went | Ruling::DidNotGo => &["uncertain"],
        Ruling::Again => &["refused", "bounced", "capped"],
    };
    if !fits.contains(&letter.state.as_str()) {
        let what = format!("the letter is {}; this is for one that is {}", letter.state, fits.join(", "));
        return Ok(Err(StoreError::Conflict { what }));
    }
    let at = item.at.as_microsecond();
    let (kind, outcome) = match item.ruling {
        Ruling::Went => ("letter.settled", "went"),
        Ruling::DidNotGo => ("letter.settled", "did_not_go"),
        Ruling::Again => ("letter.resent", "again"),
    };
    if item.ruling == Ruling::Went {
        let sql =
            "UPDATE letter SET state = 'sent', code = NULL, message = $3, updated_at = $4 WHERE id = $1 AND state = $2";
        let message = "a person found that it went";
        tx.conn.run(sql, values![id, &letter.state, message, at]).await?;
    } else {
        let sql = "UPDATE letter SET state = 'waiting', address = $3, due_at = $4, updated_at = $4 WHERE id = $1 AND state = $2";
        tx.conn.run(sql, values![id, &letter.state, &item.address, at]).await?;
    }
    if item.ruling != Ruling::Again {
        let effect = if item.ruling == Ruling::Went { "done" } else { "failed" };
        let key = format!("{id}/{}", letter.attempt);
        let outcome = serde_json::json!({ "settled_by": item.person, "outcome": outcome }).to_string();
        let sql = "UPDATE effect SET state = $2, outcome = $3, ended_at = $4 WHERE key = $1";
        tx.conn.run(sql, values![key, effect, outcome, at]).await?;
    }
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.extend([
        ("kind", Field::Text(&letter.kind)),
        ("outcome", Field::Text(outcome)),
        ("was", Field::Text(&letter.state)),
    ]);
    tell_of(kind, &item.person, &About::of(&letter), &fields, item.at, tx)?;
    Ok(Ok(()))
}

impl Store {
    /// Puts down what a person says of a letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it does not stand so that this could be said of it.
    pub async fn rule_letter(&self, rule: RuleLetter) -> Result<(), StoreError> {
        self.submit_patiently(rule).await
    }
}
