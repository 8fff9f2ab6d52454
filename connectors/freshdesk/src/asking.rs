//! Questions to Freshdesk that change nothing: who we are and what we may. Own file because it judges rights and nothing else. INVARIANT:
//! a key has no scopes; it may what its agent may, and that alone can be judged.

use crate::sink::Tickets;
use crate::words::{WIDE, Words, strange};
use opspilot_sdk::http::Request;
use opspilot_sdk::writing::{Manners as _, read};
use opspilot_sdk::{Caution, ConnectorError, ErrorKind};
use serde_json::Value;

/// The agent sees the tickets of the whole account.
const GLOBAL: u64 = 1;

/// Who we are and what we may.
pub(crate) async fn check(tickets: &Tickets) -> Result<Vec<Caution>, ConnectorError> {
    let client = &tickets.client;
    let host = client.host();
    let unauthorised = |why: &str| {
        ConnectorError::new(ErrorKind::Unauthorised, Words.codes().unauthorised, format!("`{host}`: {why}"))
    };
    let answer = read(client, &Words, Request::get("/api/v2/agents/me")).await?;
    let agent = answer.ok_or_else(|| unauthorised("the key belongs to nobody who is an agent"))?.body;
    if agent.get("id").and_then(Value::as_u64).is_none() {
        return Err(strange(host, "an agent"));
    }
    if agent.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "support_agent") {
        return Err(unauthorised(
            "the key is that of an agent who does not work on tickets; writing wants a support agent",
        ));
    }
    let mut cautions = Vec::new();
    let mut caution = |message: &str| cautions.push(Caution { code: WIDE, message: format!("`{host}`: {message}") });
    // Only an administrator may list the roles; to anybody else it is forbidden, which is how it should be.
    match read(client, &Words, Request::get("/api/v2/roles")).await {
        Ok(Some(_)) => caution("the key is an administrator's; that of an agent with a narrow role is enough"),
        Ok(None) => {}
        Err(error) if error.code == Words.codes().unauthorised => {}
        Err(error) => return Err(error),
    }
    if agent.get("ticket_scope").and_then(Value::as_u64) == Some(GLOBAL) {
        caution(
            "the agent sees every ticket of the account; a scope of its groups is narrower, where the pilot's tickets are in them",
        );
    }
    Ok(cautions)
}
