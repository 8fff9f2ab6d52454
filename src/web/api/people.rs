//! People and tokens: the faces of the access room. INVARIANT: whoever may not manage people learns nothing of who there is.

use crate::access::{NewPerson, NewToken};
use crate::domain::id::TokenId;
use crate::policy::{Action, Grant, Kind, Resource, Role, Scope, TokenScope};
use crate::store::{PersonRow, StoreError, TokenRow};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::whole;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    name: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    grants: Vec<Grant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addresses {
    emails: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Granted {
    role: Role,
    scope: Scope,
    /// Takes the role away instead.
    #[serde(default)]
    take: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Digests {
    wanted: bool,
}

/// A body that says nothing.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    name: String,
    /// Whose; one's own when absent.
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    scopes: Option<BTreeSet<TokenScope>>,
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

fn person(row: &PersonRow) -> Value {
    let grants: Vec<Value> = row.grants.iter().map(|(role, scope)| json!({ "role": role, "scope": scope })).collect();
    json!({
        "id": row.id, "name": row.name, "email": row.email(), "emails": row.emails, "kind": row.kind, "disabled": row.disabled, "digest": row.digest,
        "grants": grants, "added_at": row.added_at,
    })
}

fn token(row: &TokenRow) -> Value {
    let scopes = row.scopes.as_ref().map(|scopes| scopes.split_whitespace().collect::<Vec<_>>());
    json!({
        "id": row.id, "user": row.person, "name": row.name, "scopes": scopes, "created_at": row.created_at,
        "expires_at": row.expires_at, "revoked_at": row.revoked_at,
    })
}

/// Leave to manage people, asked before anybody is looked up.
pub(super) fn manages(call: &Call) -> Result<(), Refused> {
    let _leave = call.permit(Action::UserManage, &Resource::system())?;
    Ok(())
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let people: Vec<Value> = call.app.web.access.people(&call.caller).await?.iter().map(person).collect();
    whole(&people, None)
}

pub(super) async fn add(call: Call) -> Result<Answer, Refused> {
    manages(&call)?;
    let Person { name, email, grants } = call.json()?;
    let emails = email.filter(|email| !email.trim().is_empty()).into_iter().collect();
    let grants = grants.into_iter().map(|grant| (grant.role, grant.scope)).collect();
    let id = call.app.web.access.add_person(&call.caller, NewPerson { name: name.clone(), emails, grants }).await?;
    Answer::json_as(StatusCode::CREATED, &json!({ "id": id, "name": name }))
}

async fn standing(call: &Call) -> Result<Answer, Refused> {
    Answer::json(&person(&call.app.web.store.person(call.part("name")).await?))
}

pub(super) async fn disable(call: Call) -> Result<Answer, Refused> {
    set_disabled(call, true).await
}

pub(super) async fn enable(call: Call) -> Result<Answer, Refused> {
    set_disabled(call, false).await
}

async fn set_disabled(call: Call, disabled: bool) -> Result<Answer, Refused> {
    manages(&call)?;
    let Nothing {} = call.json_or_nothing()?;
    call.app.web.access.disable_person(&call.caller, call.part("name"), disabled).await?;
    standing(&call).await
}

pub(super) async fn digest(call: Call) -> Result<Answer, Refused> {
    manages(&call)?;
    let Digests { wanted } = call.json()?;
    call.app.web.access.set_digest(&call.caller, call.part("name"), wanted).await?;
    standing(&call).await
}

pub(super) async fn address(call: Call) -> Result<Answer, Refused> {
    manages(&call)?;
    let Addresses { emails } = call.json()?;
    call.app.web.access.address(&call.caller, call.part("name"), emails).await?;
    standing(&call).await
}

pub(super) async fn grant(call: Call) -> Result<Answer, Refused> {
    manages(&call)?;
    let Granted { role, scope, take } = call.json()?;
    call.app.web.access.grant(&call.caller, call.part("name"), role, &scope, !take).await?;
    standing(&call).await
}

pub(super) async fn tokens(call: Call) -> Result<Answer, Refused> {
    let all = call.query.word("all", &["true", "false"])?.as_deref() == Some("true");
    if !all {
        let mut own = Resource::new(Kind::Token, "own");
        own.owner = Some(call.caller.user.clone());
        let _leave = call.permit(Action::TokenManageOwn, &own)?;
    }
    let tokens: Vec<Value> = call.app.web.access.tokens(&call.caller, all).await?.iter().map(token).collect();
    whole(&tokens, None)
}

pub(super) async fn add_token(call: Call) -> Result<Answer, Refused> {
    let Token { name, user, scopes, expires_at } = call.json()?;
    let user = user.unwrap_or_else(|| call.caller.name.clone());
    if user != call.caller.name && user != call.caller.user {
        let _leave = call.permit(Action::TokenManage, &Resource::system())?;
    }
    if name.trim().is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        let detail = "`name` says what the token is for; use 1 to 100 bytes without control characters";
        return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "OP-9013", detail));
    }
    if expires_at.is_some_and(|end| end <= call.app.web.clock.now()) {
        return Err(Refused::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "OP-9013",
            "`expires_at` is in the past; name a later time",
        ));
    }
    let made = call.app.web.access.add_token(&call.caller, &user, NewToken { name, scopes, expires_at }).await?;
    Answer::json_as(StatusCode::CREATED, &json!({ "id": made.id, "secret": made.secret }))
}

pub(super) async fn revoke(call: Call) -> Result<Answer, Refused> {
    let id: TokenId = call.id()?;
    match call.app.web.access.revoke_token(&call.caller, &id).await {
        Ok(()) => Answer::json(&json!({ "id": id, "revoked": true })),
        // Whose token it is, and that it is one, is not the business of who may not end it.
        Err(crate::access::AccessError::Denied(denied)) if denied.code() == crate::policy::Code::Denied => {
            Err(StoreError::NotFound { what: "token", id: id.to_string() }.into())
        }
        Err(error) => Err(error.into()),
    }
}
