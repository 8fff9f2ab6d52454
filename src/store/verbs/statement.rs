//! What named people put on file about a pilot: go, no-go, exceptions, the rollback plan. INVARIANT: statements are only added; the last one
//! of its sort counts.

use super::gate::{Acted, at_the_gate, tell};
use super::letter::Refusable;
use crate::domain::id::StatementId;
use crate::domain::writeback::StatementKind;
use crate::policy::Permit;
use crate::receipt::Field;
use crate::store::sql::values;
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// A person puts a statement on file.
#[derive(Debug)]
pub struct AddStatement {
    /// Its name.
    pub id: StatementId,
    /// Pilot.
    pub pilot: String,
    /// Client organisation.
    pub tenant: String,
    /// What it says.
    pub kind: StatementKind,
    /// In the person's words.
    pub text: String,
    /// Until when it holds; `None`: until another.
    pub until: Option<Timestamp>,
    /// Digest of the pilot's terms of automation as they stand.
    pub terms: String,
    /// Who.
    pub person: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

at_the_gate!(AddStatement, (), add_statement);

async fn add_statement(item: &AddStatement, tx: &mut Tx<'_>) -> Refusable<()> {
    if let Some(until) = item.until.filter(|until| *until <= item.at) {
        return Ok(Err(StoreError::Conflict { what: format!("the end of the statement, {until}, is past") }));
    }
    let sql = "INSERT INTO statement (id, pilot, tenant, kind, text, person, until_at, terms, at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let row = values![
        item.id.as_str(),
        &item.pilot,
        &item.tenant,
        item.kind.as_str(),
        &item.text,
        &item.person,
        item.until.map(Timestamp::as_microsecond),
        &item.terms,
        item.at.as_microsecond()
    ];
    tx.conn.run(sql, row).await?;
    let kind = match item.kind {
        StatementKind::Go => "pilot.go",
        StatementKind::NoGo => "pilot.no_go",
        StatementKind::Exception => "pilot.exception",
        StatementKind::RollbackPlan => "pilot.rollback_plan",
    };
    let acted = Acted {
        pilot: &item.pilot,
        tenant: &item.tenant,
        actor: &item.person,
        permit: Some(&item.permit),
        at: item.at,
    };
    let fields = [
        ("statement", Field::Text(item.id.as_str())),
        ("terms", Field::Text(&item.terms)),
        ("text", Field::Text(&item.text)),
        ("until", item.until.map_or(Field::Null, |until| Field::Int(until.as_microsecond()))),
    ];
    tell(kind, &acted, &fields, tx)?;
    Ok(Ok(()))
}

impl Store {
    /// Puts what a person says about a pilot on file.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its end is past.
    pub async fn add_statement(&self, add: AddStatement) -> Result<(), StoreError> {
        self.submit_patiently(add).await
    }
}
