//! What Freshdesk shows: notes and priorities as images that compare. Own file because it reads what others wrote. INVARIANT: an absence is
//! told only when all of a ticket's conversation was read.

use crate::planning::ticket;
use crate::sink::Tickets;
use crate::words::{NO_TICKET, Words, strange};
use opspilot_sdk::http::Request;
use opspilot_sdk::plain::{folded, is_marked, text_of_html};
use opspilot_sdk::writing::read;
use opspilot_sdk::{ActionKind, ConnectorError, ErrorKind, Look, Write};
use serde_json::{Value, json};

/// How many notes and replies stand on a page: few, because each may be a long letter twice over.
const PAGE: usize = 30;
/// Most pages that are read.
const MOST_PAGES: usize = 200;

/// What the far side shows of a write.
pub(crate) async fn look(tickets: &Tickets, write: &Write, id: Option<&str>) -> Result<Look, ConnectorError> {
    let record = ticket(&write.record)?;
    match write.kind {
        ActionKind::Note => note(tickets, record, &write.key, id).await,
        _ => {
            let path = format!("/api/v2/tickets/{record}");
            let answer = read(&tickets.client, &Words, Request::get(&path)).await?;
            let ticket = answer.ok_or_else(|| missing(tickets, record))?.body;
            if ticket.get("deleted").and_then(Value::as_bool) == Some(true) {
                return Err(missing(tickets, record));
            }
            let priority = ticket.get("priority").filter(|level| level.is_u64());
            let priority = priority.ok_or_else(|| strange(tickets.client.host(), "a ticket"))?;
            Ok(Look::Present { id: record.to_owned(), image: json!({"priority": priority}), version: None })
        }
    }
}

fn missing(tickets: &Tickets, record: &str) -> ConnectorError {
    let host = tickets.client.host();
    let message = format!("`{host}` has no ticket {record}, or the agent may not see it");
    ConnectorError::new(ErrorKind::Rejected, NO_TICKET, message)
}

async fn note(tickets: &Tickets, record: &str, key: &str, id: Option<&str>) -> Result<Look, ConnectorError> {
    let host = tickets.client.host();
    let mut before: Option<Vec<String>> = None;
    // Pages lose one entry when an older one is deleted in between. So where there are some, an absence is seen twice.
    loop {
        let mut seen = Vec::new();
        let mut pages = 0;
        loop {
            if pages == MOST_PAGES {
                return Ok(Look::Unknown { why: format!("ticket {record} has a longer conversation than is read") });
            }
            pages += 1;
            let path = format!("/api/v2/tickets/{record}/conversations?per_page={PAGE}&page={pages}");
            let answer = read(&tickets.client, &Words, Request::get(&path)).await?;
            let answer = answer.ok_or_else(|| missing(tickets, record))?;
            let page = answer.body.as_array().ok_or_else(|| strange(host, "a conversation"))?;
            // A page that is not full may not be the last: what was taken out of it may be missing there.
            if page.is_empty() {
                break;
            }
            for one in page {
                let own =
                    one.get("id").and_then(Value::as_u64).ok_or_else(|| strange(host, "a conversation"))?.to_string();
                let body = one.get("body").or_else(|| one.get("body_text")).and_then(Value::as_str);
                let text = folded(&text_of_html(body.ok_or_else(|| strange(host, "a conversation"))?));
                if id.map_or_else(|| is_marked(&text, key), |id| id == own) {
                    // What does not say that it is private is not.
                    let private = one.get("private").and_then(Value::as_bool) == Some(true);
                    return Ok(Look::Present {
                        id: own,
                        image: json!({"text": text, "private": private}),
                        version: None,
                    });
                }
                seen.push(own);
            }
        }
        match before {
            // One page and its empty end.
            None if pages <= 2 => return Ok(Look::Absent),
            None => before = Some(seen),
            Some(before) if before == seen => return Ok(Look::Absent),
            Some(_) => return Err(strange(host, "a conversation that stays as it is while it is read")),
        }
    }
}
