//! From an action to the request for it, and from a write to the request that takes it back. Own file because it is pure: what a person
//! approves is made here and nowhere else. INVARIANT: the same action gives the same bytes.

use crate::manners::unfit;
use crate::options::{Settings, is_field};
use crate::place::{Place, long};
use jiff::tz::TimeZone;
use opspilot_sdk::plain::{folded, line, marked};
use opspilot_sdk::writing::encoded;
use opspilot_sdk::{Action, ActionKind, Call, ConnectorError, Planned, Write};
use serde_json::{Map, Value};

/// The longest subject of a task, in characters (Salesforce, object reference, Task).
const MOST_SUBJECT: usize = 255;
/// The longest description, in characters.
const MOST_TEXT: usize = 32_000;
/// Fields that this sink fills in itself, and links to records, which the approved record alone decides.
const OWN: [&str; 9] =
    ["Id", "Subject", "Description", "Status", "Priority", "ActivityDate", "WhatId", "WhoId", "LastModifiedDate"];

/// Whether a kind is written as a task.
pub(crate) const fn is_task(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::Note | ActionKind::Task)
}

/// The request for an action.
pub(crate) fn preview(settings: &Settings, base: &str, action: &Action) -> Result<Planned, ConnectorError> {
    let place = Place::read(&action.record, &settings.objects)?;
    match action.kind {
        ActionKind::Note | ActionKind::Task => task(settings, base, &place, action),
        ActionKind::Priority => priority(settings, base, &place, action),
        kind => Err(unfit(format!("Salesforce carries no `{kind}`; it carries `note`, `task` and `priority`"))),
    }
}

fn task(settings: &Settings, base: &str, place: &Place, action: &Action) -> Result<Planned, ConnectorError> {
    let is_note = action.kind == ActionKind::Note;
    let text = marked(&action.text, &action.key);
    let length = text.chars().count();
    if length > MOST_TEXT {
        return Err(unfit(format!("a text of {length} characters; Salesforce takes {MOST_TEXT} at most")));
    }
    let mut subject = line(&action.title, MOST_SUBJECT);
    if subject.is_empty() && is_note {
        subject = "Note".to_owned();
    }
    if subject.is_empty() {
        return Err(unfit("a task without a subject; map `title`"));
    }
    let day = if is_note { Some(action.at.to_zoned(TimeZone::UTC).date()) } else { action.due };
    let status = if is_note { &settings.note_status } else { &settings.task_status };
    let mut expect = further(settings, action)?;
    expect.insert("Subject".to_owned(), subject.into());
    expect.insert("Status".to_owned(), status.as_str().into());
    expect.insert(place.object.link().to_owned(), place.id.as_str().into());
    if let Some(day) = day {
        expect.insert("ActivityDate".to_owned(), day.to_string().into());
    }
    if let Some(priority) = action.value.as_deref().filter(|_| !is_note) {
        if priority.is_empty() || priority.chars().any(char::is_control) {
            return Err(unfit(format!("`{}` is no priority of a task", priority.escape_debug())));
        }
        expect.insert("Priority".to_owned(), priority.into());
    }
    let mut body = expect.clone();
    body.insert("Description".to_owned(), text.as_str().into());
    expect.insert("text".to_owned(), folded(&text).into());
    let tasks = format!("{base}{}/sobjects/Task", settings.root);
    let body = Some(&Value::from(body));
    let call = match &settings.key_field {
        Some(field) => Call::json("PATCH", format!("{tasks}/{field}/{}", encoded(&action.key)), body),
        None => Call::json("POST", tasks, body),
    };
    Ok(Planned { call, expect: expect.into() })
}

/// The operator's own fields.
fn further(settings: &Settings, action: &Action) -> Result<Map<String, Value>, ConnectorError> {
    let mut fields = Map::new();
    for (name, value) in &action.fields {
        let is_own = OWN.iter().any(|own| own.eq_ignore_ascii_case(name));
        let is_key = settings.key_field.as_deref().is_some_and(|key| key.eq_ignore_ascii_case(name));
        if !is_field(name) || is_own || is_key {
            let name = name.escape_debug();
            return Err(unfit(format!(
                "`{name}` is no field that can be mapped; it is no API name, or filled in already"
            )));
        }
        fields.insert(name.clone(), value.as_str().into());
    }
    Ok(fields)
}

fn priority(settings: &Settings, base: &str, place: &Place, action: &Action) -> Result<Planned, ConnectorError> {
    let Some(field) = settings.priority_fields.get(&place.object) else {
        let object = place.object.as_str();
        return Err(unfit(format!("no field holds priorities of a {object}; name it in `priority_fields`")));
    };
    if let Some(name) = action.fields.keys().next() {
        return Err(unfit(format!("`{}` cannot be mapped beside a priority", name.escape_debug())));
    }
    let value = action.value.as_deref().unwrap_or_default();
    if value.is_empty() || !(settings.priorities.is_empty() || settings.priorities.iter().any(|known| known == value)) {
        return Err(unfit(format!(
            "`{}` is no priority; `priorities` has {}",
            value.escape_debug(),
            settings.priorities.join(", ")
        )));
    }
    Ok(change(settings, base, place, [(field.clone(), Value::from(value))].into_iter().collect()))
}

fn change(settings: &Settings, base: &str, place: &Place, fields: Map<String, Value>) -> Planned {
    let target = format!("{base}{}/sobjects/{}/{}", settings.root, place.object.as_str(), place.id);
    let fields = Value::from(fields);
    Planned { call: Call::json("PATCH", target, Some(&fields)), expect: fields }
}

/// The request that takes a write back: a task goes into the recycle bin, a field gets its old value.
pub(crate) fn revert(
    settings: &Settings,
    base: &str,
    write: &Write,
    id: &str,
    before: Option<&Value>,
) -> Result<Planned, ConnectorError> {
    if is_task(write.kind) {
        let id = long(id).ok_or_else(|| unfit(format!("`{}` is no id of Salesforce's", id.escape_debug())))?;
        let target = format!("{base}{}/sobjects/Task/{id}", settings.root);
        return Ok(Planned { call: Call::json("DELETE", target, None), expect: Value::Null });
    }
    let place = Place::read(&write.record, &settings.objects)?;
    let before = before.and_then(Value::as_object).into_iter().flatten();
    let old: Map<String, Value> =
        before.filter(|(name, _)| is_field(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    if old.is_empty() {
        return Err(unfit("what the record held before is not known; set it by hand"));
    }
    Ok(change(settings, base, &place, old))
}
