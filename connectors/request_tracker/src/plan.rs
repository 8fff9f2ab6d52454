//! From an action to the exact request, and from a write to the one that takes it back. Own file because it is pure: what a person approves
//! is made here. INVARIANT: a text of an action is never more than a JSON string, a record never more than digits, and no request names a
//! person outside.

use crate::options::Settings;
use opspilot_sdk::{Action, ActionKind, Call, ConnectorError, ErrorKind, Planned, Write, plain};
use serde_json::{Map, Value, json};

/// What every path is put behind.
pub(crate) const REST: &str = "/REST/2.0";
/// Request Tracker's own limit of a subject, in characters.
const SUBJECT_CHARS: usize = 200;
/// The longest text that is sent, in bytes: far below what Request Tracker cuts off.
const TEXT_BYTES: usize = 1 << 20;

/// An action that does not fit.
pub(crate) fn unfit(message: impl Into<String>) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, "OP-7534", message)
}

/// The number of a ticket or transaction.
pub(crate) fn number(text: &str) -> Result<u64, ConnectorError> {
    let digits = !text.is_empty() && text.len() <= 12 && !text.starts_with('0');
    let number = text.parse().ok().filter(|_| digits && text.bytes().all(|byte| byte.is_ascii_digit()));
    number.ok_or_else(|| unfit(format!("`{}` is not the number of a ticket", plain::line(text, 60))))
}

/// What marks a note in its subject, and a task in its own.
pub(crate) fn mark(key: &str) -> String {
    format!("[OpsPilot {key}]")
}

pub(crate) fn preview(settings: &Settings, base: &str, action: &Action) -> Result<Planned, ConnectorError> {
    let ticket = number(&action.record)?;
    match action.kind {
        ActionKind::Note => {
            no_fields(action)?;
            let text = fitting(plain::marked(&sound(&action.text), &action.key))?;
            let subject = mark(&action.key);
            let body = json!({"Subject": subject, "Content": text, "ContentType": "text/plain"});
            let call = call("POST", base, &format!("/ticket/{ticket}/comment"), &body);
            Ok(Planned { call, expect: json!({"type": "Comment", "content": text}) })
        }
        ActionKind::Priority => {
            no_fields(action)?;
            let priority = priority(settings, action.value.as_deref().unwrap_or_default())?;
            Ok(set_priority(base, ticket, priority))
        }
        ActionKind::Task => task(settings, base, ticket, action),
        other => Err(unfit(format!("a ticket in Request Tracker takes no {other}"))),
    }
}

/// A word for a priority would be taken, and mean 0 where it is not known: numbers alone are sent.
fn set_priority(base: &str, ticket: u64, priority: i64) -> Planned {
    Planned {
        call: call("PUT", base, &format!("/ticket/{ticket}"), &json!({"Priority": priority})),
        expect: json!({"priority": priority}),
    }
}

fn task(settings: &Settings, base: &str, ticket: u64, action: &Action) -> Result<Planned, ConnectorError> {
    let Some(queue) = &settings.queue else {
        return Err(unfit("no queue for tasks is configured; name it as `queue` of this sink"));
    };
    let mark = mark(&action.key);
    let title = plain::line(&sound(&action.title), SUBJECT_CHARS - mark.len() - 1);
    if title.is_empty() {
        return Err(unfit("a task has no title"));
    }
    let subject = format!("{title} {mark}");
    let text = fitting(plain::marked(&sound(&action.text), &action.key))?;
    let mut body = Map::new();
    // Nobody asked for it, so that nobody is told.
    let mut expect = json!({"subject": subject, "content": text, "requestors": [], "link": [ticket.to_string()]});
    for (name, value) in [("Queue", json!(queue)), ("Subject", json!(subject)), ("Content", json!(text))] {
        body.insert(name.to_owned(), value);
    }
    body.insert("ContentType".to_owned(), json!("text/plain"));
    body.insert(settings.link.field().to_owned(), json!(ticket.to_string()));
    if let Some(due) = action.due {
        // Without a time of day a date is ignored; the hour is taken as UTC.
        body.insert("Due".to_owned(), json!(format!("{due} {:02}:00:00", settings.due_hour)));
        expect["due"] = json!(format!("{due}T{:02}:00:00Z", settings.due_hour));
    }
    if let Some(word) = &action.value {
        let priority = priority(settings, word)?;
        body.insert("Priority".to_owned(), json!(priority));
        expect["priority"] = json!(priority);
    }
    for (name, value) in &action.fields {
        // Any other could be a person who gets mail of it.
        if name != "Owner" {
            return Err(unfit(format!("a task has no field `{}`; there is `Owner`", plain::line(name, 60))));
        }
        if value.is_empty() || value.len() > 200 || value.chars().any(char::is_control) {
            return Err(unfit("`Owner` is not the name of an account"));
        }
        body.insert(name.clone(), json!(value));
        expect["owner"] = json!(value);
    }
    Ok(Planned { call: call("POST", base, "/ticket", &Value::Object(body)), expect })
}

/// What takes a write back.
pub(crate) fn revert(
    settings: &Settings,
    base: &str,
    write: &Write,
    id: &str,
    before: Option<&Value>,
) -> Result<Planned, ConnectorError> {
    match write.kind {
        ActionKind::Note => {
            let message = format!(
                "Request Tracker cannot remove a comment over its interface; an administrator can with Shredder (transaction {}), or comment that it is void",
                number(id)?
            );
            Err(ConnectorError::new(ErrorKind::Rejected, "OP-7536", message))
        }
        ActionKind::Task => {
            let path = format!("/ticket/{}", number(id)?);
            let body = json!({"Status": settings.undo_status});
            Ok(Planned { call: call("PUT", base, &path, &body), expect: Value::Null })
        }
        ActionKind::Priority => {
            let ticket = number(&write.record)?;
            match before.and_then(|image| image.get("priority")).and_then(Value::as_i64) {
                Some(priority) => Ok(set_priority(base, ticket, priority)),
                None => Err(unfit("the priority from before is not known; set it by hand")),
            }
        }
        other => Err(unfit(format!("a ticket in Request Tracker takes no {other}"))),
    }
}

fn call(method: &str, base: &str, path: &str, body: &Value) -> Call {
    Call::json(method, format!("{base}{REST}{path}"), Some(body))
}

fn priority(settings: &Settings, word: &str) -> Result<i64, ConnectorError> {
    settings.priorities.get(word).copied().map(i64::from).ok_or_else(|| {
        let known = settings.priorities.keys().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "none".to_owned() } else { known };
        unfit(format!("`{}` is not among the priorities of this sink (`priorities`): {known}", plain::line(word, 60)))
    })
}

fn no_fields(action: &Action) -> Result<(), ConnectorError> {
    match action.fields.keys().next() {
        None => Ok(()),
        Some(name) => {
            Err(unfit(format!("a {} has no fields of its own, and `{}` is given", action.kind, plain::line(name, 60))))
        }
    }
}

/// Without the code points that are no characters (Unicode, section 23.7), of which Request Tracker makes U+FFFD: so what is shown is what is
/// kept.
fn sound(text: &str) -> String {
    let is_none = |c: char| (0xfdd0..=0xfdef).contains(&u32::from(c)) || u32::from(c) & 0xfffe == 0xfffe;
    text.chars().map(|c| if is_none(c) { '\u{fffd}' } else { c }).collect()
}

fn fitting(text: String) -> Result<String, ConnectorError> {
    if text.len() > TEXT_BYTES {
        return Err(unfit(format!("the text takes {} bytes, and at most {TEXT_BYTES} are sent", text.len())));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::sound;

    #[test]
    fn what_is_no_character_is_shown_as_none() {
        assert_eq!(
            sound("a\u{ffff}b\u{fdd0}\u{1fffe}\u{fffd}\u{10ffff}é"),
            "a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}\u{fffd}é"
        );
    }
}
