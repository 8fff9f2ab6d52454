//! What Jira shows: comments, sub-tasks and priorities as images that compare. Own file because it reads what others wrote. INVARIANT: nothing
//! is asked of Jira's search, whose index lags behind: what is found is read from the issues themselves, so that an absence is one.

use crate::asking::is_known;
use crate::document::text_of;
use crate::planning::{PROPERTY, issue, number};
use crate::sink::Issues;
use crate::words::{NO_ISSUE, Words, strange};
use opspilot_sdk::http::Request;
use opspilot_sdk::plain::{folded, is_marked};
use opspilot_sdk::writing::read;
use opspilot_sdk::{ActionKind, ConnectorError, ErrorKind, Look, Write};
use serde_json::{Value, json};

/// How many comments stand on a page: few, because each may be a long document.
const PAGE: usize = 50;
/// Most comments that are read; Jira takes at most 5,000 on an issue.
const MOST_COMMENTS: usize = 5_000;
/// How many issues are asked for at once, Jira's most.
const AT_ONCE: usize = 100;
/// What is read of a task.
const FIELDS: &str = "summary,description,duedate,priority,parent,status,assignee,comment,subtasks";

/// What the far side shows of a write.
pub(crate) async fn look(issues: &Issues, write: &Write, id: Option<&str>) -> Result<Look, ConnectorError> {
    let (record, _) = issue(&issues.settings, &write.record)?;
    match write.kind {
        ActionKind::Note => note(issues, record, &write.key, id).await,
        ActionKind::Task => task(issues, record, &write.key, id).await,
        _ => {
            let Some(shown) = shown(issues, record, "priority").await? else {
                return Err(missing(issues, record).await);
            };
            let image = json!({"priority": shown.pointer("/fields/priority/name")});
            Ok(Look::Present { id: record.to_owned(), image, version: None })
        }
    }
}

/// Why an issue is not there. Jira says so too to a token that no longer counts, which is no reason to give up on the issue.
async fn missing(issues: &Issues, record: &str) -> ConnectorError {
    if let Err(error) = is_known(issues).await {
        return error;
    }
    let host = issues.client.host();
    let message = format!("`{host}` has no issue {record}, or the account may not see it");
    ConnectorError::new(ErrorKind::Rejected, NO_ISSUE, message)
}

/// An issue; `None` when there is none.
async fn shown(issues: &Issues, issue: &str, fields: &str) -> Result<Option<Value>, ConnectorError> {
    let path = format!("/rest/api/3/issue/{issue}?fields={fields}&properties={PROPERTY}");
    let Some(answer) = read(&issues.client, &Words, Request::get(&path)).await? else { return Ok(None) };
    if !answer.body.get("fields").is_some_and(Value::is_object) {
        return Err(strange(issues.client.host(), "an issue"));
    }
    Ok(Some(answer.body))
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

async fn note(issues: &Issues, record: &str, key: &str, id: Option<&str>) -> Result<Look, ConnectorError> {
    if let Some(id) = id {
        let path = format!("/rest/api/3/issue/{record}/comment/{}", number(id)?);
        if let Some(answer) = read(&issues.client, &Words, Request::get(&path)).await? {
            return comment(&answer.body).ok_or_else(|| strange(issues.client.host(), "a comment"));
        }
    }
    let host = issues.client.host();
    let mut from = 0;
    let mut last = String::new();
    while from < MOST_COMMENTS {
        let path = format!("/rest/api/3/issue/{record}/comment?startAt={from}&maxResults={PAGE}&orderBy=created");
        let Some(answer) = read(&issues.client, &Words, Request::get(&path)).await? else {
            return Err(missing(issues, record).await);
        };
        let page = answer.body.get("comments").and_then(Value::as_array).ok_or_else(|| strange(host, "comments"))?;
        let total = answer.body.get("total").and_then(Value::as_u64).ok_or_else(|| strange(host, "comments"))?;
        // A list that goes on at a place in it loses one comment when another is deleted in between. So the last one is read twice.
        if !last.is_empty() && text(page.first().and_then(|one| one.get("id"))) != last {
            return Err(strange(host, "comments that stay as they are while they are read"));
        }
        for one in page {
            let body = one.get("body").ok_or_else(|| strange(host, "comments"))?;
            if id.map_or_else(|| is_marked(&text_of(body), key), |id| text(one.get("id")) == id) {
                return comment(one).ok_or_else(|| strange(host, "a comment"));
            }
        }
        if (from + page.len()) as u64 >= total {
            return Ok(Look::Absent);
        }
        if page.len() < 2 {
            // It would go on for ever.
            return Err(strange(host, "comments that come to an end"));
        }
        from += page.len() - 1;
        last = text(page.last().and_then(|one| one.get("id"))).to_owned();
    }
    Ok(Look::Unknown { why: format!("issue {record} has more comments than are read") })
}

fn comment(one: &Value) -> Option<Look> {
    let id = one.get("id")?.as_str()?.to_owned();
    let image = json!({
        "text": folded(&text_of(one.get("body")?)),
        // What does not say that it is internal is not.
        "internal": one.get("jsdPublic").and_then(Value::as_bool) == Some(false),
        "role": one.pointer("/visibility/value"),
    });
    Some(Look::Present { id, image, version: None })
}

async fn task(issues: &Issues, record: &str, key: &str, id: Option<&str>) -> Result<Look, ConnectorError> {
    if let Some(id) = id {
        return match shown(issues, number(id)?, FIELDS).await? {
            Some(found) => image(&found).ok_or_else(|| strange(issues.client.host(), "an issue")),
            None => match shown(issues, record, "summary").await? {
                Some(_) => Ok(Look::Absent),
                None => Err(missing(issues, record).await),
            },
        };
    }
    let Some(parent) = shown(issues, record, "subtasks").await? else { return Err(missing(issues, record).await) };
    let host = issues.client.host();
    let all = parent.pointer("/fields/subtasks").and_then(Value::as_array);
    let ids: Vec<&str> = all.ok_or_else(|| strange(host, "sub-tasks"))?.iter().map(|one| text(one.get("id"))).collect();
    for some in ids.chunks(AT_ONCE) {
        let fields: Vec<&str> = FIELDS.split(',').collect();
        let body = json!({"issueIdsOrKeys": some, "fields": fields, "properties": [PROPERTY]}).to_string();
        let answer = read(&issues.client, &Words, Request::post("/rest/api/3/issue/bulkfetch", &body)).await?;
        let page = answer.as_ref().and_then(|answer| answer.body.get("issues")).and_then(Value::as_array);
        let page = page.ok_or_else(|| strange(issues.client.host(), "issues"))?;
        let is_it =
            |one: &&Value| one.pointer(&format!("/properties/{PROPERTY}/key")).and_then(Value::as_str) == Some(key);
        if let Some(found) = page.iter().find(is_it) {
            return image(found).ok_or_else(|| strange(host, "an issue"));
        }
        // The one that is looked for might be among those that were not told.
        if !some.iter().all(|id| page.iter().any(|one| text(one.get("id")) == *id)) {
            return Err(strange(host, "all the sub-tasks that were asked for"));
        }
    }
    Ok(Look::Absent)
}

fn image(issue: &Value) -> Option<Look> {
    let id = issue.get("id")?.as_str()?.to_owned();
    let field = |path: &str| issue.pointer(&format!("/fields/{path}")).filter(|value| !value.is_null());
    let image = json!({
        "title": field("summary"),
        "text": folded(&field("description").map(text_of).unwrap_or_default()),
        "due": field("duedate"),
        "priority": field("priority/name"),
        "parent": field("parent/key"),
        "status": field("status/name"),
        "assignee": field("assignee/accountId"),
        "comments": field("comment/total"),
        "subtasks": field("subtasks").and_then(Value::as_array).map_or(0, Vec::len),
    });
    Some(Look::Present { id, image, version: None })
}
