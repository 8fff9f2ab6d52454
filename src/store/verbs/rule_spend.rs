//! What people rule upon spend that nobody counted, and upon far sides that were paused. Own file because it is the only way by which a hold
//! ends without the far side's word. INVARIANT: it asks for a permit, names who and why, and expects the state it rules upon.

use super::ledger::{Books, Wanted, take};
use super::reserve::sayable;
use super::settle::{load, request_of, wanted};
use crate::domain::id::ReservationId;
use crate::domain::money::{Micros, Price};
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::queue::Verb;
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::verbs::review::policy_fields;
use crate::store::{Store, StoreError};
use jiff::Timestamp;
use opspilot_sdk::Usage;

/// What a call did cost, by a person's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// So much money, as on the bill. It may be more than was held: then it is the bill that goes beyond the budget.
    Money(Micros),
    /// So many tokens, at the price of the reservation.
    Tokens(Usage),
}

/// A person says what a call did cost.
#[derive(Debug)]
pub struct RuleSpend {
    /// The reservation.
    pub id: ReservationId,
    /// What it did cost.
    pub paid: Paid,
    /// Why they say so.
    pub reason: String,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// A person lets a paused far side be asked again.
#[derive(Debug)]
pub struct ResumeGenerator {
    /// The generator.
    pub generator: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// `Ok(Err(_))`: refused, nothing written. `Err(_)`: the database failed.
type Refusable<T> = Result<Result<T, StoreError>, StoreError>;

/// Runs one item after the other, with the books taken.
macro_rules! with_books {
    ($verb:ty, $out:ty, $function:path) => {
        impl Verb for $verb {
            type Out = $out;
            const LAST: bool = true;
            async fn run(items: &[&Self], tx: &mut Tx<'_>) -> Result<Vec<Result<$out, StoreError>>, StoreError> {
                take(tx).await?;
                let mut outs = Vec::with_capacity(items.len());
                for item in items {
                    outs.push($function(item, tx).await?);
                }
                Ok(outs)
            }
        }
    };
}

with_books!(RuleSpend, Micros, rule);
with_books!(ResumeGenerator, (), resume);

async fn rule(item: &RuleSpend, tx: &mut Tx<'_>) -> Refusable<Micros> {
    let id = item.id.as_str();
    let found = load(values![id], tx).await?;
    let Some(open) = found.get(id) else {
        return Ok(Err(StoreError::NotFound { what: "reservation", id: id.to_owned() }));
    };
    if !matches!(open.state.as_str(), "unreported" | "disputed") {
        let what = format!("the reservation is {}; this is for one that is unreported or disputed", open.state);
        return Ok(Err(StoreError::Conflict { what }));
    }
    let (cost, usage) = match item.paid {
        Paid::Money(cost) => (cost, None),
        Paid::Tokens(usage) => match price(id, tx).await?.cost(&usage) {
            Some(cost) => (cost, Some(usage)),
            None => {
                let what = "more tokens from the cache than were read, or more than can be counted".to_owned();
                return Ok(Err(StoreError::Conflict { what }));
            }
        },
    };
    let at = item.at.as_microsecond();
    let mut books = Books::read(wanted(found.values()), tx).await?;
    books.end(&open.periods, open.held, Some(cost))?;
    let mut side = books.side(&open.generator);
    let resumed = side.paused.as_ref().is_some_and(|(by, _)| by == id);
    if resumed {
        side.paused = None;
        books.set_side(&open.generator, side);
    }
    books.write(at, tx).await?;
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let sql = "UPDATE reservation SET state = 'settled', cost = $2, used_input = COALESCE($3, used_input), \
               used_cached = COALESCE($4, used_cached), used_output = COALESCE($5, used_output), person = $6, reason = $7, \
               ended_at = $8 WHERE id = $1";
    let row = values![
        id,
        cost.get(),
        usage.map(|usage| whole(usage.input)),
        usage.map(|usage| whole(usage.cached)),
        usage.map(|usage| whole(usage.output)),
        &item.person,
        &item.reason,
        at
    ];
    tx.conn.run(sql, row).await?;
    let outcome = serde_json::json!({ "settled_by": item.person, "cost": cost }).to_string();
    let sql = "UPDATE effect SET state = 'done', outcome = $2, ended_at = $3 WHERE key = $1";
    tx.conn.run(sql, values![&open.key, outcome, at]).await?;
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    let (most_input, max_output) = open.worst();
    fields.extend([
        ("beyond_hold", Field::Flag(cost > open.held)),
        ("cost", sayable(cost.get().unsigned_abs())),
        ("generator", Field::Text(&open.generator)),
        ("held", sayable(open.held.get().unsigned_abs())),
        ("max_output", Field::Int(max_output)),
        ("most_input", Field::Int(most_input)),
        ("reason", Field::Text(&item.reason)),
        ("reservation", Field::Text(id)),
        ("resumed", Field::Flag(resumed)),
        ("was", Field::Text(&open.state)),
    ]);
    let request = request_of(&open.run);
    let note = Note {
        at: item.at,
        kind: "spend.ruled",
        tenant: &open.tenant,
        pilot: Some(open.pilot.as_str()).filter(|pilot| !pilot.is_empty()),
        subject: &request,
        actor: &item.person,
    };
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    tx.receipt(&note, &body)?;
    Ok(Ok(cost))
}

/// The price a reservation was made at.
async fn price(id: &str, tx: &mut Tx<'_>) -> Result<Price, StoreError> {
    let sql = "SELECT price_input, price_cached, price_output FROM reservation WHERE id = $1";
    let row = tx.conn.row(sql, values![id]).await?.ok_or_else(|| StoreError::corrupt("a reservation that is gone"))?;
    let micros = |column| -> Result<Micros, StoreError> {
        Micros::new(row.int(column)?).ok_or_else(|| StoreError::corrupt("a price below zero"))
    };
    Ok(Price { input: micros(0)?, cached: micros(1)?, output: micros(2)? })
}

async fn resume(item: &ResumeGenerator, tx: &mut Tx<'_>) -> Refusable<()> {
    let mut wanted = Wanted::default();
    wanted.sides.insert(item.generator.clone());
    let mut books = Books::read(wanted, tx).await?;
    let mut side = books.side(&item.generator);
    let was = side.breaker.as_str();
    if side.paused.is_none() && was == "closed" {
        let what = format!("the generator `{}` is neither paused nor open; there is nothing to resume", item.generator);
        return Ok(Err(StoreError::Conflict { what }));
    }
    let by = side.paused.take().map(|(by, _)| by);
    side.breaker = crate::domain::breaker::Breaker::default();
    books.set_side(&item.generator, side);
    books.write(item.at.as_microsecond(), tx).await?;
    let policies: Vec<&str> = item.permit.decision().policies.iter().map(String::as_str).collect();
    let mut fields = policy_fields(&item.permit, &policies);
    fields.extend([
        ("breaker", Field::Text(was)),
        ("paused_by", by.as_deref().map_or(Field::Null, Field::Text)),
        ("reason", Field::Text(&item.reason)),
    ]);
    let subject = format!("generator:{}", item.generator);
    let (kind, actor) = ("generator.resumed", item.person.as_str());
    let note = Note { at: item.at, kind, tenant: "", pilot: None, subject: &subject, actor };
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    tx.receipt(&note, &body)?;
    Ok(Ok(()))
}

impl Store {
    /// Puts down what a person says a call did cost; that in money.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when it is neither unreported nor disputed.
    pub async fn rule_spend(&self, rule: RuleSpend) -> Result<Micros, StoreError> {
        self.submit_patiently(rule).await
    }

    /// Lets a generator be asked again that was paused, or whose breaker is open.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is neither.
    pub async fn resume_generator(&self, resume: ResumeGenerator) -> Result<(), StoreError> {
        self.submit_patiently(resume).await
    }
}
