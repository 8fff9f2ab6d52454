//! From an action to the request that does it, and to the one that takes it back. Own file because these bytes are what a person approves.
//! INVARIANT: pure; every comment is private; text goes in as escaped HTML with its placeholders parted, because Zendesk fills in `{{…}}` in
//! what an agent writes, and reads plain bodies as Markdown.

use crate::words::{NO_WAY_BACK, unfit};
use opspilot_sdk::plain::{clean, defused, folded, html, line, marked, text_of_html};
use opspilot_sdk::{Action, ActionKind, Call, ConnectorError, ErrorKind, Planned, Write};
use serde_json::{Map, Value, json};

/// The longest comment, in characters of HTML.
const MOST_TEXT: usize = 65_535;
/// The longest subject, in characters.
const MOST_TITLE: usize = 150;
/// Priorities, by Zendesk's words.
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];
/// Further fields of a task that tell nobody outside: who works on it and which form it has. Numbers, all of them.
const FIELDS: [&str; 4] = ["assignee_id", "group_id", "brand_id", "ticket_form_id"];
/// What stands before the number of a field that the client added.
const CUSTOM: &str = "custom_field_";

/// The path of a ticket.
pub(crate) fn ticket_path(ticket: &str) -> String {
    format!("/api/v2/tickets/{ticket}.json")
}

/// A ticket's number: digits, so that it is a path and nothing else.
pub(crate) fn ticket(record: &str) -> Result<&str, ConnectorError> {
    let is_number = (1..=19).contains(&record.len()) && record.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && !record.starts_with('0') {
        return Ok(record);
    }
    Err(unfit("the record is not the number of a ticket: give digits, such as `12345`"))
}

/// How a task is named in `external_id`.
pub(crate) fn external_id(key: &str) -> String {
    format!("opspilot-{key}")
}

/// What a comment with this text is sent as, and what it shows then.
fn comment(text: &str) -> Result<(String, String), ConnectorError> {
    let text = defused(text);
    let sent = html(&text);
    if sent.chars().count() > MOST_TEXT {
        return Err(unfit(format!("the text is longer than {MOST_TEXT} characters, Zendesk's most for a comment")));
    }
    Ok((sent, folded(&text)))
}

fn call(base: &str, method: &str, path: &str, body: Option<&Value>) -> Call {
    Call::json(method, format!("{base}{path}"), body)
}

fn priority(word: &str) -> Result<&str, ConnectorError> {
    if PRIORITIES.contains(&word) {
        return Ok(word);
    }
    Err(unfit(format!("`{}` is no priority of Zendesk: use `low`, `normal`, `high` or `urgent`", line(word, 40))))
}

/// The request for an action.
pub(crate) fn plan(base: &str, action: &Action) -> Result<Planned, ConnectorError> {
    let record = ticket(&action.record)?;
    if action.kind != ActionKind::Task && !action.fields.is_empty() {
        return Err(unfit(format!("further fields belong to a task, not to a {}", action.kind)));
    }
    match action.kind {
        ActionKind::Note => {
            let (sent, shown) = comment(&marked(&action.text, &action.key))?;
            let body = json!({"ticket": {"comment": {"html_body": sent, "public": false}}});
            let call = call(base, "PUT", &ticket_path(record), Some(&body));
            Ok(Planned { call, expect: json!({"text": shown, "public": false}) })
        }
        ActionKind::Priority => {
            let word = action.value.as_deref().ok_or_else(|| unfit("a priority wants a value, such as `high`"))?;
            Ok(set_priority(base, record, &json!(priority(word)?)))
        }
        ActionKind::Task => task(base, record, action),
        other => Err(unfit(format!("Zendesk carries no {other}"))),
    }
}

fn set_priority(base: &str, record: &str, value: &Value) -> Planned {
    let body = json!({"ticket": {"priority": value}});
    Planned { call: call(base, "PUT", &ticket_path(record), Some(&body)), expect: json!({"priority": value}) }
}

fn task(base: &str, record: &str, action: &Action) -> Result<Planned, ConnectorError> {
    let title = defused(&line(&action.title, MOST_TITLE));
    if title.is_empty() {
        return Err(unfit("a task wants a title"));
    }
    let text = clean(&action.text);
    let parting = if text.is_empty() { "" } else { "\n\n" };
    let (sent, shown) = comment(&marked(&format!("{text}{parting}Ticket #{record}"), &action.key))?;
    let mut ticket = Map::new();
    ticket.insert("subject".to_owned(), json!(title));
    ticket.insert("comment".to_owned(), json!({"html_body": sent, "public": false}));
    ticket.insert("type".to_owned(), json!("task"));
    ticket.insert("external_id".to_owned(), json!(external_id(&action.key)));
    let mut expect = json!({"title": title, "text": shown, "public": false, "type": "task"});
    if let Some(due) = action.due {
        // Zendesk keeps a moment and shows a day; noon is the same day in nearly every place.
        ticket.insert("due_at".to_owned(), json!(format!("{due}T12:00:00Z")));
        expect["due"] = json!(due.to_string());
    }
    if let Some(word) = &action.value {
        ticket.insert("priority".to_owned(), json!(priority(word)?));
        expect["priority"] = json!(word);
    }
    let mut custom = Vec::new();
    for (name, value) in &action.fields {
        let number = || value.parse::<u64>().map_err(|_| unfit(format!("the field `{name}` wants a number")));
        if FIELDS.contains(&name.as_str()) {
            ticket.insert(name.clone(), json!(number()?));
        } else if let Some(id) = name.strip_prefix(CUSTOM).and_then(|id| id.parse::<u64>().ok()) {
            custom.push(json!({"id": id, "value": defused(value)}));
        } else {
            let known = FIELDS.join("`, `");
            return Err(unfit(format!(
                "`{}` is no field that a task may set: use `{known}` or `{CUSTOM}` with the field's number",
                line(name, 60)
            )));
        }
    }
    if !custom.is_empty() {
        ticket.insert("custom_fields".to_owned(), json!(custom));
    }
    let mut call = call(base, "POST", "/api/v2/tickets.json", Some(&json!({"ticket": ticket})));
    // Zendesk makes one ticket for one key, for two hours.
    call.headers.insert("idempotency-key".to_owned(), external_id(&action.key));
    Ok(Planned { call, expect })
}

/// The request that takes a write back.
pub(crate) fn undo(
    base: &str,
    write: &Write,
    id: &str,
    before: Option<&Value>,
    redact: bool,
) -> Result<Planned, ConnectorError> {
    let record = ticket(&write.record)?;
    match write.kind {
        ActionKind::Priority => {
            let before = before.and_then(|image| image.get("priority"));
            let before = before.ok_or_else(|| unfit("what the priority was before is not known"))?;
            Ok(set_priority(base, record, before))
        }
        ActionKind::Task => {
            Ok(Planned { call: call(base, "DELETE", &ticket_path(ticket(id)?), None), expect: Value::Null })
        }
        ActionKind::Note if redact => {
            let path = format!("/api/v2/tickets/{record}/comments/{}/redact.json", ticket(id)?);
            let body: Value = serde_json::from_str(&write.call.body).unwrap_or_default();
            let sent = body.pointer("/ticket/comment/html_body").and_then(Value::as_str);
            let text =
                sent.map(text_of_html).ok_or_else(|| unfit("this write is no note, so there is nothing to blacken"))?;
            Ok(Planned { call: call(base, "PUT", &path, Some(&json!({"text": text}))), expect: Value::Null })
        }
        ActionKind::Note => Err(ConnectorError::new(
            ErrorKind::Rejected,
            NO_WAY_BACK,
            format!(
                "Zendesk cannot delete a comment: add one to ticket {record} that says the note no longer holds, or have an agent who may \
                 redact blacken it; `redact_notes = true` lets this sink blacken notes, for ever"
            ),
        )),
        other => Err(unfit(format!("Zendesk carries no {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::plan;
    use opspilot_sdk::conformance::{ANY_TEXT, action};
    use opspilot_sdk::{Action, ActionKind, ErrorKind};
    use proptest::prelude::*;
    use serde_json::Value;

    const BASE: &str = "https://acme.zendesk.com";

    proptest! {
        /// Whatever stands in an action, the request goes where it goes, and only texts hold text.
        #[test]
        fn words_do_not_leave_their_place(text in ANY_TEXT, title in ANY_TEXT, record in "([1-9][0-9]{0,5}|\\PC{0,12})", kind in 0..3_usize) {
            let kind = [ActionKind::Note, ActionKind::Task, ActionKind::Priority][kind];
            let action = Action { title, text, ..action(kind, "k-1", &record) };
            match plan(BASE, &action) {
                Err(error) => prop_assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7574")),
                Ok(planned) => {
                    let places = [format!("{BASE}/api/v2/tickets/{record}.json"), format!("{BASE}/api/v2/tickets.json")];
                    prop_assert!(places.contains(&planned.call.target), "{}", planned.call.target);
                    let body: Value = serde_json::from_str(&planned.call.body).expect("JSON");
                    let comment = body.pointer("/ticket/comment");
                    prop_assert_eq!(comment.map(|comment| &comment["public"]), comment.map(|_| &Value::Bool(false)));
                    let markup = comment.and_then(|comment| comment["html_body"].as_str()).unwrap_or_default();
                    let is_markup = markup.replace("<br>", "").contains(['<', '>', '"']) || markup.contains("{{");
                    prop_assert!(!is_markup, "{markup}");
                    prop_assert_eq!(plan(BASE, &action).ok(), Some(planned));
                }
            }
        }
    }
}
