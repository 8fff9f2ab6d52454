//! Questions to Zendesk that change nothing: who we are and what we may. Own file because it judges rights and nothing else. INVARIANT:
//! Zendesk answers a stranger with 200 and an anonymous user, who is nobody.

use crate::sink::Tickets;
use crate::words::{WIDE, Words, strange};
use opspilot_sdk::http::Request;
use opspilot_sdk::writing::{Manners as _, read};
use opspilot_sdk::{ActionKind, Caution, ConnectorError, ErrorKind};
use serde_json::Value;

/// Who we are and what we may.
pub(crate) async fn check(tickets: &Tickets) -> Result<Vec<Caution>, ConnectorError> {
    let (client, settings) = (&tickets.client, &tickets.settings);
    let answer = read(client, &Words, Request::get("/api/v2/users/me.json")).await?;
    let host = client.host();
    let user = answer.and_then(|answer| answer.body.get("user").cloned()).ok_or_else(|| strange(host, "a user"))?;
    let unauthorised = |why: String| {
        ConnectorError::new(ErrorKind::Unauthorised, Words.codes().unauthorised, format!("`{host}`: {why}"))
    };
    if user.get("id").and_then(Value::as_u64).is_none() {
        return Err(unauthorised("it does not know this token, and takes us for a visitor; make a new one".to_owned()));
    }
    let role = user.get("role").and_then(Value::as_str).unwrap_or_default();
    if !["agent", "admin"].contains(&role) {
        return Err(unauthorised(format!(
            "the token is that of a user with the role `{role}`; writing wants an agent"
        )));
    }
    let is_set = |name: &str| user.get(name).and_then(Value::as_bool) == Some(true);
    let changes: Vec<&str> =
        settings.kinds.iter().filter(|kind| **kind != ActionKind::Note).map(|kind| kind.as_str()).collect();
    // A light agent: writes private comments, and changes nothing.
    if is_set("only_private_comments") && !changes.is_empty() {
        return Err(unauthorised(format!(
            "the agent may write private comments and nothing else, which is too little for `{}`; set `kinds = [\"note\"]` or give it a wider role",
            changes.join("`, `")
        )));
    }
    let mut cautions = Vec::new();
    let mut caution = |message: String| cautions.push(Caution { code: WIDE, message: format!("`{host}`: {message}") });
    if role == "admin" {
        caution("the token is an administrator's; an agent of its own with a narrow role is enough".to_owned());
    }
    if settings.email.is_some() {
        caution("an API token can be used in the name of any agent of the account; a token of OAuth with the scopes `tickets:read tickets:write users:read` cannot".to_owned());
    } else if let Some(answer) = read(client, &Words, Request::get("/api/v2/oauth/tokens/current.json")).await? {
        let scopes = answer.body.pointer("/token/scopes").and_then(Value::as_array).cloned().unwrap_or_default();
        let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
        let has = |wanted: &str, whole: &str| scopes.contains(&wanted) || scopes.contains(&whole);
        let is_enough = has("tickets:write", "write") && has("tickets:read", "read");
        if !scopes.is_empty() && !is_enough {
            let all = scopes.join("`, `");
            return Err(unauthorised(format!(
                "the token has the scopes `{all}`; writing wants `tickets:read` and `tickets:write`"
            )));
        }
        if scopes.contains(&"write") || scopes.contains(&"impersonate") {
            let enough = "`tickets:read`, `tickets:write` and `users:read` are enough";
            caution(format!("the token may change more than tickets (scopes `{}`); {enough}", scopes.join("`, `")));
        }
    }
    Ok(cautions)
}
