//! Signed-in browsers and the links that let somebody in: the faces of the access room for whoever looks after them. INVARIANT: no call of the
//! interface opens a session: that is for browsers alone.

use super::people::{Nothing, manages};
use crate::access::AccessError;
use crate::domain::id::{InvitationId, SessionId};
use crate::policy::Code;
use crate::store::{InvitationRow, SessionRow, StoreError};
use crate::web::answer::Answer;
use crate::web::call::Call;
use crate::web::page::whole;
use crate::web::problem::Refused;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    password: String,
}

fn session(row: &SessionRow) -> Value {
    json!({
        "id": row.id, "user": row.person, "via": row.via, "agent": row.agent, "address": row.address, "opened_at": row.opened_at,
        "seen_at": row.seen_at, "until": row.until,
    })
}

fn invitation(row: &InvitationRow) -> Value {
    json!({ "id": row.id, "user": row.person, "made_by": row.made_by, "made_at": row.at, "until": row.until })
}

pub(super) async fn list(call: Call) -> Result<Answer, Refused> {
    let all = call.query.word("all", &["true", "false"])?.as_deref() == Some("true");
    let sessions: Vec<Value> = call.app.web.access.sessions(&call.caller, all).await?.iter().map(session).collect();
    whole(&sessions, None)
}

pub(super) async fn end(call: Call) -> Result<Answer, Refused> {
    let id: SessionId = call.id()?;
    call.app.web.access.end_session(&call.caller, &id).await?;
    Answer::json(&json!({ "id": id, "ended": true }))
}

pub(super) async fn end_all(call: Call) -> Result<Answer, Refused> {
    let Nothing {} = call.json_or_nothing()?;
    let name = call.part("name");
    let ended = call.app.web.access.end_sessions_of(&call.caller, name).await?;
    Answer::json(&json!({ "user": name, "ended": ended }))
}

pub(super) async fn invite(call: Call) -> Result<Answer, Refused> {
    let Nothing {} = call.json_or_nothing()?;
    let web = &call.app.web;
    let invited = web.access.invite(&call.caller, call.part("name")).await?;
    let link = format!("{}/sign-in/link/{}", web.base_url, invited.secret);
    let answer = json!({ "id": invited.id, "user": call.part("name"), "secret": link, "until": invited.until });
    Answer::json_as(StatusCode::CREATED, &answer)
}

pub(super) async fn invitations(call: Call) -> Result<Answer, Refused> {
    let rows: Vec<Value> = call.app.web.access.invitations(&call.caller).await?.iter().map(invitation).collect();
    whole(&rows, None)
}

pub(super) async fn end_invitation(call: Call) -> Result<Answer, Refused> {
    manages(&call)?;
    let id: InvitationId = call.id()?;
    match call.app.web.access.end_invitation(&call.caller, &id).await {
        Ok(()) => Answer::json(&json!({ "id": id, "ended": true })),
        Err(AccessError::Denied(denied)) if denied.code() == Code::Denied => {
            Err(StoreError::NotFound { what: "invitation", id: id.to_string() }.into())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn set_password(call: Call) -> Result<Answer, Refused> {
    let Password { password } = call.json()?;
    call.app.web.access.set_password_by_token(&call.caller, &password).await?;
    Answer::json(&json!({ "user": call.caller.name, "set": true }))
}

pub(super) async fn remove_password(call: Call) -> Result<Answer, Refused> {
    manages(&call)?;
    call.app.web.access.remove_password(&call.caller, call.part("name")).await?;
    Answer::json(&json!({ "user": call.part("name"), "removed": true }))
}
