//! What the account may, as far as Request Tracker lets an account find out: a ticket and a queue offer what may be done with them. Own
//! file because it is guesswork of its own kind. INVARIANT: nothing is changed to find out.

use crate::far::{Far, items};
use crate::options::Settings;
use opspilot_sdk::writing::encoded;
use opspilot_sdk::{Caution, ConnectorError, ErrorKind};
use serde_json::Value;

/// What is missing or too much for what is configured.
pub(crate) async fn judge(far: &Far, settings: &Settings) -> Result<Vec<Caution>, ConnectorError> {
    let mut cautions = Vec::new();
    let caution = |message: &str| Caution { code: "OP-7535", message: message.to_owned() };
    let system = far.ask("/rt").await?.map(|(body, _)| body).unwrap_or_default();
    if system.get("Version").is_none() {
        let message = format!("`{}` does not answer as Request Tracker does; look at `base_url`", far.client.host());
        return Err(ConnectorError::new(ErrorKind::Misconfigured, "OP-7532", message));
    }
    // Request Tracker lists its plugins to superusers alone.
    let is_superuser = system.get("Plugins").is_some();
    if is_superuser {
        cautions
            .push(caution("the account is a superuser of Request Tracker and may do everything; use one of its own"));
    }
    if let Some(name) = &settings.queue {
        queue(far, name).await?;
    }
    // The newest ticket that the account sees stands for all of them.
    let newest = far.ask("/tickets?query=id%3E0&orderby=id&order=DESC&per_page=1").await?;
    let number = items(newest.as_ref().and_then(|(body, _)| body.get("items")))
        .find_map(|ticket| ticket.get("id").and_then(crate::far::whole))
        .and_then(|id| u64::try_from(id).ok());
    let ticket = match number {
        Some(number) => far.ticket(number).await?,
        None => None,
    };
    let Some(ticket) = ticket else {
        cautions.push(caution("the account sees no ticket yet, so that what it may do with one cannot be told"));
        return Ok(cautions);
    };
    if ticket.hyperlinks("comment").next().is_none() {
        return Err(too_little("CommentOnTicket", "the queue of the newest ticket that it sees"));
    }
    let next: Vec<&str> = ticket.hyperlinks("lifecycle").filter_map(|step| step.get("to")?.as_str()).collect();
    let is_final = ["resolved", "rejected", "deleted"].contains(&ticket.status());
    if next.is_empty() && !is_final && !(settings.priorities.is_empty() && settings.queue.is_none()) {
        return Err(too_little("ModifyTicket", "the queue of the newest ticket that it sees"));
    }
    if is_superuser {
        return Ok(cautions);
    }
    if ticket.hyperlinks("correspond").next().is_some() {
        cautions.push(caution(
            "the account may answer customers (`ReplyToTicket`), which the sink never does; take it away",
        ));
    }
    if next.contains(&"deleted") && settings.undo_status != "deleted" {
        cautions.push(caution(
            "the account may delete tickets (`DeleteTicket`), which the sink does not need; take it away",
        ));
    }
    let comments = far.ask(&format!("/transactions?query={}&per_page=1", encoded("Type='Comment'"))).await?;
    if items(comments.as_ref().and_then(|(body, _)| body.get("items"))).next().is_none() {
        let message = "the account sees no comment at all: when there are some, it lacks `ShowTicketComments`, without which no note can be sent";
        cautions.push(Caution { code: "OP-7537", message: message.to_owned() });
    }
    Ok(cautions)
}

async fn queue(far: &Far, name: &str) -> Result<(), ConnectorError> {
    let found = far.ask(&format!("/queue/{}", encoded(name))).await;
    let queue = match found {
        Ok(queue) => queue.map(|(body, _)| body).unwrap_or_default(),
        // Of a queue that is not there it says the same as of one that is not shown.
        Err(error) if error.message.contains(" 403") => Value::Null,
        Err(error) => return Err(error),
    };
    if queue.get("id").is_none() {
        let message =
            format!("`queue`: Request Tracker has no queue `{name}`, or the account lacks the right `SeeQueue` on it");
        return Err(ConnectorError::new(ErrorKind::Misconfigured, "OP-7534", message));
    }
    let may_create =
        items(queue.get("_hyperlinks")).any(|link| link.get("ref").and_then(Value::as_str) == Some("create"));
    if may_create { Ok(()) } else { Err(too_little("CreateTicket", &format!("the queue `{name}`"))) }
}

fn too_little(right: &str, place: &str) -> ConnectorError {
    let message = format!("the account lacks the right `{right}` on {place}; grant it in Request Tracker");
    ConnectorError::new(ErrorKind::Unauthorised, "OP-7531", message)
}
