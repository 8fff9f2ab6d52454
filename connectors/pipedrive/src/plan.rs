//! From an action to the request for it, and from a write to the request that takes it back. Own file because it is pure: what a person
//! approves is made here and nowhere else. INVARIANT: the same action gives the same bytes.

use crate::manners::unfit;
use crate::options::{Settings, is_code, is_key};
use crate::place::{self, Object, Place};
use opspilot_sdk::plain::{folded, html, line, marked};
use opspilot_sdk::{Action, ActionKind, Call, ConnectorError, Planned, Write};
use serde_json::{Map, Value, json};

/// The longest subject of an activity, in characters.
const MOST_SUBJECT: usize = 255;
/// Fields that this sink fills in itself, and links to records, which the approved record alone decides.
const OWN: [&str; 15] = [
    "content",
    "subject",
    "note",
    "type",
    "due_date",
    "priority",
    "owner_id",
    "participants",
    "deal_id",
    "person_id",
    "org_id",
    "lead_id",
    "project_id",
    "custom_fields",
    "done",
];

/// The path of a kind of things.
pub(crate) const fn kind_path(kind: ActionKind) -> Option<&'static str> {
    match kind {
        ActionKind::Note => Some("/api/v1/notes"),
        ActionKind::Task => Some("/api/v2/activities"),
        _ => None,
    }
}

/// The request for an action.
pub(crate) fn preview(settings: &Settings, base: &str, action: &Action) -> Result<Planned, ConnectorError> {
    let place = place::read(&action.record, &settings.objects)?;
    match action.kind {
        ActionKind::Note => note(base, place, action),
        ActionKind::Task => activity(settings, base, place, action),
        ActionKind::Priority => priority(settings, base, place, action),
        kind => Err(unfit(format!("Pipedrive carries no `{kind}`; it carries `note`, `task` and `priority`"))),
    }
}

fn note(base: &str, place: Place, action: &Action) -> Result<Planned, ConnectorError> {
    let text = marked(&action.text, &action.key);
    let mut expect = further(action)?;
    let mut body = expect.clone();
    body.insert("content".to_owned(), html(&text).into());
    body.insert(place.object.link().to_owned(), place.id.into());
    expect.insert("record".to_owned(), place.to_string().into());
    expect.insert("text".to_owned(), folded(&text).into());
    let call = Call::json("POST", format!("{base}/api/v1/notes"), Some(&body.into()));
    Ok(Planned { call, expect: expect.into() })
}

fn activity(settings: &Settings, base: &str, place: Place, action: &Action) -> Result<Planned, ConnectorError> {
    let text = marked(&action.text, &action.key);
    let subject = line(&action.title, MOST_SUBJECT);
    if subject.is_empty() {
        return Err(unfit("an activity without a subject; map `title`"));
    }
    let mut expect = further(action)?;
    expect.insert("subject".to_owned(), subject.into());
    expect.insert("type".to_owned(), settings.activity_type.as_str().into());
    expect.insert("done".to_owned(), false.into());
    if let Some(due) = action.due {
        expect.insert("due_date".to_owned(), due.to_string().into());
    }
    if let Some(word) = &action.value {
        let number = settings.task_priorities.get(word);
        let number = number.ok_or_else(|| unknown_word("task_priorities", word, settings.task_priorities.keys()))?;
        expect.insert("priority".to_owned(), (*number).into());
    }
    if let Some(owner) = settings.owner {
        expect.insert("owner_id".to_owned(), owner.into());
    }
    let mut body = expect.clone();
    body.insert("note".to_owned(), html(&text).into());
    // The person of an activity is the first of its participants; the field of that name can only be read.
    if place.object == Object::Persons {
        body.insert("participants".to_owned(), json!([{ "person_id": place.id, "primary": true }]));
    } else {
        body.insert(place.object.link().to_owned(), place.id.into());
    }
    expect.insert("record".to_owned(), place.to_string().into());
    expect.insert("text".to_owned(), folded(&text).into());
    let call = Call::json("POST", format!("{base}/api/v2/activities"), Some(&body.into()));
    Ok(Planned { call, expect: expect.into() })
}

fn unknown_word<'a>(key: &str, word: &str, known: impl Iterator<Item = &'a String>) -> ConnectorError {
    let known: Vec<&str> = known.map(String::as_str).collect();
    unfit(format!("`{}` is no priority; `{key}` has {}", word.escape_debug(), known.join(", ")))
}

/// The operator's own fields. Version 2 wants numbers and truth values as such.
fn further(action: &Action) -> Result<Map<String, Value>, ConnectorError> {
    let mut fields = Map::new();
    for (name, text) in &action.fields {
        if !is_key(name) || OWN.contains(&name.as_str()) {
            let name = name.escape_debug();
            return Err(unfit(format!("`{name}` is no field that can be mapped; it is no key, or filled in already")));
        }
        let number = text.parse::<i64>().ok().filter(|number| number.to_string() == *text);
        let value = match (number, text.as_str()) {
            (Some(number), _) => number.into(),
            (None, "true") => true.into(),
            (None, "false") => false.into(),
            (None, text) => text.into(),
        };
        fields.insert(name.clone(), value);
    }
    Ok(fields)
}

fn priority(settings: &Settings, base: &str, place: Place, action: &Action) -> Result<Planned, ConnectorError> {
    let Some(field) = &settings.priority_field else {
        return Err(unfit("no field holds priorities; name it in `priority_field`"));
    };
    if place.object != Object::Deals {
        return Err(unfit(format!("`{place}` is no deal; priorities are of deals")));
    }
    if let Some(name) = action.fields.keys().next() {
        return Err(unfit(format!("`{}` cannot be mapped beside a priority", name.escape_debug())));
    }
    let word = action.value.as_deref().unwrap_or_default();
    let number = settings.priorities.get(word);
    let number = number.ok_or_else(|| unknown_word("priorities", word, settings.priorities.keys()))?;
    Ok(change(base, place, [(field.clone(), Value::from(*number))].into_iter().collect()))
}

fn change(base: &str, place: Place, fields: Map<String, Value>) -> Planned {
    let body = json!({ "custom_fields": fields });
    Planned { call: Call::json("PATCH", format!("{base}/api/v2/{place}"), Some(&body)), expect: fields.into() }
}

/// The codes of the fields that a change changes: what it is seen by.
pub(crate) fn changed(expect: &Value) -> Vec<String> {
    let names = expect.as_object().into_iter().flat_map(|all| all.keys());
    names.filter(|name| is_code(name)).cloned().collect()
}

/// The request that takes a write back: what was made is deleted, what was changed gets its old value.
pub(crate) fn revert(
    settings: &Settings,
    base: &str,
    write: &Write,
    id: &str,
    before: Option<&Value>,
) -> Result<Planned, ConnectorError> {
    if let Some(path) = kind_path(write.kind) {
        let id: u64 = id.parse().map_err(|_| unfit(format!("`{}` is no number of Pipedrive's", id.escape_debug())))?;
        return Ok(Planned { call: Call::json("DELETE", format!("{base}{path}/{id}"), None), expect: Value::Null });
    }
    let place = place::read(&write.record, &settings.objects)?;
    let before = before.and_then(Value::as_object).into_iter().flatten();
    let old: Map<String, Value> =
        before.filter(|(name, _)| is_code(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    if old.is_empty() {
        return Err(unfit("what the deal held before is not known; set it by hand"));
    }
    Ok(change(base, place, old))
}
