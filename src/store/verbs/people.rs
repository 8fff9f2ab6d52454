//! People, their roles and their tokens. Tokens are stored as digests: the store could not tell one if it wanted to.

use crate::domain::id::{TokenId, UserId};
use crate::policy::Permit;
use crate::receipt::{Body, Field};
use crate::store::queue::one_by_one;
use crate::store::sql::values;
use crate::store::tx::{Note, Tx};
use crate::store::verbs::review::policy_fields;
use crate::store::{Store, StoreError};
use jiff::Timestamp;

/// By what right: a permit, or the empty store that has nobody to ask yet.
#[derive(Debug)]
pub enum Right {
    /// The policy said yes.
    Permit(Permit),
    /// The very first person of a new store; refused as soon as there is one.
    First,
}

impl Right {
    fn permit(&self) -> Option<&Permit> {
        match self {
            Self::Permit(permit) => Some(permit),
            Self::First => None,
        }
    }
}

/// Adds a person or service.
#[derive(Debug)]
pub struct AddPerson {
    /// Its name in receipts.
    pub id: UserId,
    /// Its name for people, unique.
    pub name: String,
    /// E-mail addresses, none of which holds white space; letters go to the first.
    pub emails: Vec<String>,
    /// `user` or `service`.
    pub kind: &'static str,
    /// Roles and scopes (`all`, `tenant:NAME`, `pilot:NAME`).
    pub grants: Vec<(String, String)>,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub right: Right,
    /// When.
    pub at: Timestamp,
}

/// Puts other addresses in the place of a person's.
#[derive(Debug)]
pub struct AddressPerson {
    /// Who.
    pub person: UserId,
    /// All of them from now on, none of which holds white space; letters go to the first.
    pub emails: Vec<String>,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Disables a person, or lets them back in.
#[derive(Debug)]
pub struct DisablePerson {
    /// Who.
    pub person: UserId,
    /// Disabled from now on, or not.
    pub disabled: bool,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Gives a person a role, or takes it.
#[derive(Debug)]
pub struct GrantRole {
    /// Who.
    pub person: UserId,
    /// The role.
    pub role: String,
    /// `all`, `tenant:NAME` or `pilot:NAME`.
    pub scope: String,
    /// Give or take.
    pub give: bool,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

/// Adds a token.
#[derive(Debug)]
pub struct AddToken {
    /// Names it.
    pub id: TokenId,
    /// Whose.
    pub person: UserId,
    /// What for, for people.
    pub name: String,
    /// Lowercase hex SHA-256 of the secret.
    pub digest: String,
    /// Actions it is narrowed to, space-separated; `None`: all that its person may do.
    pub scopes: Option<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub right: Right,
    /// When.
    pub at: Timestamp,
}

/// Ends a token.
#[derive(Debug)]
pub struct RevokeToken {
    /// Which.
    pub token: TokenId,
    /// Who did it.
    pub actor: String,
    /// By what right.
    pub permit: Permit,
    /// When.
    pub at: Timestamp,
}

one_by_one!(AddPerson, (), add_person);
one_by_one!(AddressPerson, (), address_person);
one_by_one!(DisablePerson, (), disable_person);
one_by_one!(GrantRole, (), grant_role);
one_by_one!(AddToken, (), add_token);
one_by_one!(RevokeToken, (), revoke_token);

type Refusable = Result<Result<(), StoreError>, StoreError>;

pub(super) struct About<'a> {
    pub(super) kind: &'a str,
    pub(super) subject: &'a str,
    pub(super) actor: &'a str,
    pub(super) at: Timestamp,
}

pub(super) fn told(
    about: &About<'_>,
    permit: Option<&Permit>,
    more: &[(&str, Field<'_>)],
    tx: &mut Tx<'_>,
) -> Result<(), StoreError> {
    let policies: Vec<&str> =
        permit.iter().flat_map(|permit| &permit.decision().policies).map(String::as_str).collect();
    let mut fields =
        permit.map_or_else(|| vec![("first", Field::Flag(true))], |permit| policy_fields(permit, &policies));
    fields.extend_from_slice(more);
    let body = Body::of(&fields).map_err(|cause| StoreError::corrupt(cause.to_string()))?;
    let note =
        Note { at: about.at, kind: about.kind, tenant: "", pilot: None, subject: about.subject, actor: about.actor };
    tx.receipt(&note, &body)
}

async fn count(
    sql: &'static str,
    values: Vec<crate::store::sql::Value<'_>>,
    tx: &mut Tx<'_>,
) -> Result<i64, StoreError> {
    tx.conn.row(sql, values).await?.map_or(Ok(0), |row| row.int(0))
}

async fn add_person(item: &AddPerson, tx: &mut Tx<'_>) -> Refusable {
    if matches!(item.right, Right::First) && count("SELECT count(*) FROM person", vec![], tx).await? > 0 {
        return Ok(Err(StoreError::Conflict { what: "there are users already; one of them must add the next".into() }));
    }
    let (id, at) = (item.id.as_str(), item.at.as_microsecond());
    let sql = "INSERT INTO person (id, name, email, kind, disabled, added_at) VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (name) DO NOTHING";
    if tx.conn.run(sql, values![id, &item.name, joined(&item.emails).as_deref(), item.kind, at]).await? == 0 {
        return Ok(Err(StoreError::Conflict {
            what: format!("there is a user `{}` already; choose another name", item.name),
        }));
    }
    for (role, scope) in &item.grants {
        tx.conn
            .run(
                "INSERT INTO role_grant (person, role, scope) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                values![id, role, scope],
            )
            .await?;
    }
    let grants: Vec<String> = item.grants.iter().map(|(role, scope)| format!("{role} {scope}")).collect();
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let about = About { kind: "user.added", subject: id, actor: &item.actor, at: item.at };
    told(
        &about,
        item.right.permit(),
        &[("grants", Field::Texts(&grants)), ("kind", Field::Text(item.kind)), ("name", Field::Text(&item.name))],
        tx,
    )?;
    Ok(Ok(()))
}

/// Addresses as they stand in one column.
fn joined(emails: &[String]) -> Option<String> {
    (!emails.is_empty()).then(|| emails.join(" "))
}

async fn address_person(item: &AddressPerson, tx: &mut Tx<'_>) -> Refusable {
    let id = item.person.as_str();
    if tx.conn.run("UPDATE person SET email = $2 WHERE id = $1", values![id, joined(&item.emails).as_deref()]).await?
        == 0
    {
        return Ok(Err(StoreError::NotFound { what: "user", id: id.to_owned() }));
    }
    let about = About { kind: "user.addressed", subject: id, actor: &item.actor, at: item.at };
    let count = Field::Int(i64::try_from(item.emails.len()).unwrap_or(i64::MAX));
    told(&about, Some(&item.permit), &[("addresses", count)], tx)?;
    Ok(Ok(()))
}

async fn disable_person(item: &DisablePerson, tx: &mut Tx<'_>) -> Refusable {
    let (id, flag) = (item.person.as_str(), i64::from(item.disabled));
    if tx.conn.run("UPDATE person SET disabled = $2 WHERE id = $1", values![id, flag]).await? == 0 {
        return Ok(Err(StoreError::NotFound { what: "user", id: id.to_owned() }));
    }
    if item.disabled {
        let at = item.at.as_microsecond();
        tx.conn.run("UPDATE session SET ended_at = $2 WHERE person = $1 AND ended_at IS NULL", values![id, at]).await?;
        let sql = "UPDATE invitation SET ended_at = $2 WHERE person = $1 AND used_at IS NULL AND ended_at IS NULL";
        tx.conn.run(sql, values![id, at]).await?;
    }
    let about = About { kind: "user.disabled", subject: id, actor: &item.actor, at: item.at };
    told(&about, Some(&item.permit), &[("disabled", Field::Flag(item.disabled))], tx)?;
    Ok(Ok(()))
}

async fn grant_role(item: &GrantRole, tx: &mut Tx<'_>) -> Refusable {
    let id = item.person.as_str();
    if count("SELECT count(*) FROM person WHERE id = $1", values![id], tx).await? == 0 {
        return Ok(Err(StoreError::NotFound { what: "user", id: id.to_owned() }));
    }
    let row = values![id, &item.role, &item.scope];
    if item.give {
        tx.conn
            .run("INSERT INTO role_grant (person, role, scope) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", row)
            .await?;
    } else if tx.conn.run("DELETE FROM role_grant WHERE person = $1 AND role = $2 AND scope = $3", row).await? == 0 {
        return Ok(Err(StoreError::NotFound { what: "role", id: format!("{} {}", item.role, item.scope) }));
    }
    let about = About {
        kind: if item.give { "user.granted" } else { "user.ungranted" },
        subject: id,
        actor: &item.actor,
        at: item.at,
    };
    told(&about, Some(&item.permit), &[("role", Field::Text(&item.role)), ("scope", Field::Text(&item.scope))], tx)?;
    Ok(Ok(()))
}

async fn add_token(item: &AddToken, tx: &mut Tx<'_>) -> Refusable {
    if matches!(item.right, Right::First) && count("SELECT count(*) FROM token", vec![], tx).await? > 0 {
        return Ok(Err(StoreError::Conflict {
            what: "there are tokens already; use one of them to make the next".into(),
        }));
    }
    if count("SELECT count(*) FROM person WHERE id = $1", values![item.person.as_str()], tx).await? == 0 {
        return Ok(Err(StoreError::NotFound { what: "user", id: item.person.to_string() }));
    }
    let expires = item.expires_at.map(Timestamp::as_microsecond);
    let sql = "INSERT INTO token (id, person, name, digest, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let at = item.at.as_microsecond();
    let row = values![item.id.as_str(), item.person.as_str(), &item.name, &item.digest, &item.scopes, at, expires];
    tx.conn.run(sql, row).await?;
    let about = About { kind: "token.added", subject: item.person.as_str(), actor: &item.actor, at: item.at };
    let scopes = item.scopes.as_deref().map_or(Field::Null, Field::Text);
    told(&about, item.right.permit(), &[("scopes", scopes), ("token", Field::Text(item.id.as_str()))], tx)?;
    Ok(Ok(()))
}

async fn revoke_token(item: &RevokeToken, tx: &mut Tx<'_>) -> Refusable {
    let sql = "UPDATE token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    if tx.conn.run(sql, values![item.token.as_str(), item.at.as_microsecond()]).await? == 0 {
        return Ok(Err(StoreError::NotFound { what: "token in use", id: item.token.to_string() }));
    }
    let about = About { kind: "token.revoked", subject: item.token.as_str(), actor: &item.actor, at: item.at };
    told(&about, Some(&item.permit), &[], tx)?;
    Ok(Ok(()))
}

macro_rules! submit {
    ($($(#[$doc:meta])* $name:ident($verb:ty);)*) => {
        impl Store {
            $($(#[$doc])*
            ///
            /// # Errors
            /// [`StoreError::NotFound`] or [`StoreError::Conflict`]; nothing is changed then.
            pub async fn $name(&self, verb: $verb) -> Result<(), StoreError> {
                self.submit(verb).await
            })*
        }
    };
}
pub(super) use submit;

submit! {
    /// Adds a person or service.
    add_person(AddPerson);
    /// Puts other addresses in the place of a person's.
    address_person(AddressPerson);
    /// Disables a person, or lets them back in.
    disable_person(DisablePerson);
    /// Gives a person a role, or takes it.
    grant_role(GrantRole);
    /// Adds a token.
    add_token(AddToken);
    /// Ends a token.
    revoke_token(RevokeToken);
}
