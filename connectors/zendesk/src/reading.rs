//! What Zendesk shows: comments, tasks and priorities as images that compare. Own file because it reads what others wrote. INVARIANT: an
//! absence is told only when all comments were read.

use crate::planning::{external_id, ticket, ticket_path};
use crate::sink::Tickets;
use crate::words::{NO_TICKET, Words, strange};
use opspilot_sdk::http::Request;
use opspilot_sdk::plain::{folded, is_marked, text_of_html};
use opspilot_sdk::writing::{encoded, read};
use opspilot_sdk::{ActionKind, ConnectorError, ErrorKind, Look, Write};
use serde_json::{Value, json};

/// How many comments stand on a page. Zendesk has up to 100 there, each three times over and up to 64 KiB long, which is more than is read.
const PAGE: usize = 25;
/// Most pages that are read; a ticket has at most 5,000 comments.
const MOST_PAGES: usize = 200;
/// What Zendesk puts in the place of each character that was blackened.
const BLACK: char = '▇';

/// What the far side shows of a write.
pub(crate) async fn look(tickets: &Tickets, write: &Write, id: Option<&str>) -> Result<Look, ConnectorError> {
    let record = ticket(&write.record)?;
    match write.kind {
        ActionKind::Note => note(tickets, record, &write.key, id).await,
        ActionKind::Task => task(tickets, record, &write.key, id).await,
        _ => {
            let ticket = shown(tickets, record).await?.ok_or_else(|| missing(tickets, record))?;
            let image = json!({"priority": ticket.get("priority").cloned().unwrap_or_default()});
            Ok(Look::Present { id: record.to_owned(), image, version: None })
        }
    }
}

fn missing(tickets: &Tickets, record: &str) -> ConnectorError {
    let host = tickets.client.host();
    let message = format!("`{host}` has no ticket {record}, or the agent may not see it");
    ConnectorError::new(ErrorKind::Rejected, NO_TICKET, message)
}

/// That a ticket is there to be written to.
pub(crate) async fn is_there(tickets: &Tickets, record: &str) -> Result<(), ConnectorError> {
    shown(tickets, ticket(record)?).await?.map(|_| ()).ok_or_else(|| missing(tickets, record))
}

/// A ticket; `None` when there is none. One that was deleted is none.
async fn shown(tickets: &Tickets, ticket: &str) -> Result<Option<Value>, ConnectorError> {
    let path = ticket_path(ticket);
    let Some(answer) = read(&tickets.client, &Words, Request::get(&path)).await? else { return Ok(None) };
    let ticket = answer.body.get("ticket").filter(|ticket| ticket.is_object());
    let ticket = ticket.ok_or_else(|| strange(tickets.client.host(), "a ticket"))?;
    Ok(Some(ticket.clone()).filter(|ticket| ticket.get("status").and_then(Value::as_str) != Some("deleted")))
}

/// A comment, as far as it matters.
struct Comment {
    id: String,
    text: String,
    public: bool,
}

/// In which order comments are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Oldest,
    Newest,
}

/// Comments of a ticket up to the one that `is_last`; `None`: there is no such ticket. `false`: there are more than are read.
async fn comments(
    tickets: &Tickets,
    record: &str,
    order: Order,
    is_last: impl Fn(&Comment) -> bool + Send,
) -> Result<Option<(Vec<Comment>, bool)>, ConnectorError> {
    let mut all = Vec::new();
    let sort = if order == Order::Oldest { "created_at" } else { "-created_at" };
    let mut after = String::new();
    for _ in 0..MOST_PAGES {
        let path = format!("/api/v2/tickets/{record}/comments.json?page%5Bsize%5D={PAGE}&sort={sort}{after}");
        let Some(answer) = read(&tickets.client, &Words, Request::get(&path)).await? else { return Ok(None) };
        let strange = || strange(tickets.client.host(), "comments");
        let page = answer.body.get("comments").and_then(Value::as_array).ok_or_else(strange)?;
        for one in page {
            let body = one.get("html_body").or_else(|| one.get("body")).and_then(Value::as_str).ok_or_else(strange)?;
            all.push(Comment {
                id: number(one.get("id")),
                text: folded(&text_of_html(body)),
                // What does not say that it is private is not.
                public: one.get("public").and_then(Value::as_bool).unwrap_or(true),
            });
            if all.last().is_some_and(&is_last) {
                return Ok(Some((all, true)));
            }
        }
        let more = answer.body.pointer("/meta/has_more").and_then(Value::as_bool);
        match (more, answer.body.pointer("/meta/after_cursor").and_then(Value::as_str)) {
            (Some(false), _) => return Ok(Some((all, true))),
            (Some(true), Some(cursor)) if !page.is_empty() => after = format!("&page%5Bafter%5D={}", encoded(cursor)),
            // A list that does not say whether it ends, or goes on with nothing, proves no absence.
            _ => return Err(strange()),
        }
    }
    Ok(Some((all, false)))
}

fn number(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

async fn note(tickets: &Tickets, record: &str, key: &str, id: Option<&str>) -> Result<Look, ConnectorError> {
    // One that is known is sooner met from the end; of two with the mark the older is ours.
    let order = if id.is_some() { Order::Newest } else { Order::Oldest };
    let is_it = |comment: &Comment| id.map_or_else(|| is_marked(&comment.text, key), |id| comment.id == id);
    let read = comments(tickets, record, order, is_it).await?;
    let (mut comments, is_all) = read.ok_or_else(|| missing(tickets, record))?;
    let found = comments.pop().filter(is_it);
    Ok(match found {
        Some(comment) if comment.text.chars().all(|c| c == BLACK || c.is_whitespace()) => Look::Absent,
        Some(comment) => {
            let image = json!({"text": comment.text, "public": comment.public});
            Look::Present { id: comment.id, image, version: None }
        }
        None if is_all => Look::Absent,
        None => Look::Unknown { why: format!("ticket {record} has more comments than are read") },
    })
}

async fn task(tickets: &Tickets, record: &str, key: &str, id: Option<&str>) -> Result<Look, ConnectorError> {
    let id = match id {
        Some(id) => ticket(id)?.to_owned(),
        None => {
            is_there(tickets, record).await?;
            match named(tickets, &external_id(key)).await? {
                Some(id) => id,
                None => return Ok(Look::Absent),
            }
        }
    };
    let Some(ticket) = shown(tickets, &id).await? else { return Ok(Look::Absent) };
    let (comments, _) = comments(tickets, &id, Order::Oldest, |_| false).await?.ok_or_else(|| missing(tickets, &id))?;
    let part = |name: &str| ticket.get(name).cloned().unwrap_or_default();
    let due = ticket.get("due_at").and_then(Value::as_str).and_then(|due| due.get(..10));
    let first = comments.first();
    let image = json!({
        "title": part("subject"),
        "text": first.map(|comment| comment.text.as_str()),
        "public": comments.iter().any(|comment| comment.public),
        "comments": comments.len(),
        "type": part("type"),
        "priority": part("priority"),
        "due": due,
        "status": part("status"),
        "assignee": part("assignee_id"),
    });
    Ok(Look::Present { id, image, version: None })
}

/// The ticket of a name of ours. Zendesk lists by `external_id` from its tables, not from its search, so that it is there at once.
async fn named(tickets: &Tickets, name: &str) -> Result<Option<String>, ConnectorError> {
    let path = format!("/api/v2/tickets.json?external_id={}", encoded(name));
    let answer = read(&tickets.client, &Words, Request::get(&path)).await?;
    let list = answer.as_ref().and_then(|answer| answer.body.get("tickets")).and_then(Value::as_array);
    let list = list.ok_or_else(|| strange(tickets.client.host(), "a list of tickets"))?;
    let own = list.iter().filter(|ticket| {
        ticket.get("external_id").and_then(Value::as_str) == Some(name)
            && ticket.get("status").and_then(Value::as_str) != Some("deleted")
    });
    let mut ids: Vec<String> = own.map(|ticket| number(ticket.get("id"))).collect();
    ids.sort_by_key(|id| (id.len(), id.clone()));
    let goes_on = answer.is_some_and(|answer| answer.body.get("next_page").is_some_and(|next| !next.is_null()));
    if ids.is_empty() && goes_on {
        // So many have not that name: the question was not understood.
        return Err(strange(tickets.client.host(), "the tickets of one `external_id`"));
    }
    Ok(ids.into_iter().next())
}
