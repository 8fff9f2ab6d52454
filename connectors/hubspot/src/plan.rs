//! From an action to the request for it, and from a write to the request that takes it back. Own file because it is pure: what a person
//! approves is made here and nowhere else. INVARIANT: the same action gives the same bytes.

use crate::manners::unfit;
use crate::options::{Settings, is_property};
use crate::place::{self, Place};
use jiff::Timestamp;
use jiff::civil::Date;
use opspilot_sdk::plain::{folded, html, line, marked};
use opspilot_sdk::{Action, ActionKind, Call, ConnectorError, Planned, Write};
use serde_json::{Map, Value, json};

/// The longest rich text, in characters as they are sent (HubSpot, notes API, `hs_note_body`).
const MOST_TEXT: usize = 65_536;
/// The longest title of a task. HubSpot says none; this is what its own pages show.
const MOST_TITLE: usize = 250;
/// What a task's priority can be.
const TASK_PRIORITIES: [&str; 4] = ["NONE", "LOW", "MEDIUM", "HIGH"];
/// Properties that this sink fills in itself.
const OWN: [&str; 7] = [
    "hs_timestamp",
    "hs_note_body",
    "hs_task_body",
    "hs_task_subject",
    "hs_task_status",
    "hs_task_priority",
    "hubspot_owner_id",
];

/// Where the account stands in an image and in what is expected of one; no property has such a name.
pub(crate) const PORTAL: &str = "@portal";

/// The path of a kind of things.
pub(crate) const fn kind_path(kind: ActionKind) -> Option<&'static str> {
    match kind {
        ActionKind::Note => Some("notes"),
        ActionKind::Task => Some("tasks"),
        _ => None,
    }
}

/// The request for an action.
pub(crate) fn preview(settings: &Settings, base: &str, action: &Action) -> Result<Planned, ConnectorError> {
    let place = place::read(&action.record, &settings.objects)?;
    let mut planned = match action.kind {
        ActionKind::Note => note(settings, base, place, action),
        ActionKind::Task => task(settings, base, place, action),
        ActionKind::Priority => priority(settings, base, place, action),
        kind => Err(unfit(format!("HubSpot carries no `{kind}`; it carries `note`, `task` and `priority`"))),
    }?;
    bind(settings, &mut planned.expect);
    Ok(planned)
}

/// Names the account, which stands in no address: every account is at the same one.
pub(crate) fn bind(settings: &Settings, image: &mut Value) {
    if let (Some(portal), Some(image)) = (settings.portal, image.as_object_mut()) {
        image.insert(PORTAL.to_owned(), portal.into());
    }
}

fn note(settings: &Settings, base: &str, place: Place, action: &Action) -> Result<Planned, ConnectorError> {
    let text = marked(&action.text, &action.key);
    let mut properties = further(action)?;
    let at = moment(action.at);
    properties.insert("hs_timestamp".to_owned(), at.as_str().into());
    properties.insert("hs_note_body".to_owned(), rich(&text)?.into());
    let mut expect = expected(place, &text, action);
    expect.insert("at".to_owned(), at.into());
    create(settings, format!("{base}/crm/v3/objects/notes"), place, place.object.of_note(), properties, expect)
}

fn task(settings: &Settings, base: &str, place: Place, action: &Action) -> Result<Planned, ConnectorError> {
    let text = marked(&action.text, &action.key);
    let title = line(&action.title, MOST_TITLE);
    if title.is_empty() {
        return Err(unfit("a task without a title; map `title`"));
    }
    let priority = action.value.as_deref().unwrap_or("NONE");
    if !TASK_PRIORITIES.contains(&priority) {
        return Err(unfit(format!(
            "`{}` is no priority of a task in HubSpot; use {}",
            priority.escape_debug(),
            TASK_PRIORITIES.join(", ")
        )));
    }
    let at = moment(action.due.map_or(action.at, noon));
    let mut properties = further(action)?;
    for (name, value) in [
        ("hs_timestamp", at.as_str()),
        ("hs_task_subject", &title),
        ("hs_task_body", &rich(&text)?),
        ("hs_task_status", "NOT_STARTED"),
        ("hs_task_priority", priority),
    ] {
        properties.insert(name.to_owned(), value.into());
    }
    let mut expect = expected(place, &text, action);
    expect.insert("at".to_owned(), at.into());
    expect.insert("title".to_owned(), title.into());
    expect.insert("hs_task_priority".to_owned(), priority.into());
    create(settings, format!("{base}/crm/v3/objects/tasks"), place, place.object.of_task(), properties, expect)
}

/// An instant as it is written and compared: whole seconds, in one way of writing. HubSpot keeps milliseconds, and writes them as it likes.
pub(crate) fn moment(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// The middle of a day by UTC: the same day nearly everywhere. HubSpot's tasks are due at an instant.
fn noon(day: Date) -> Timestamp {
    day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

fn rich(text: &str) -> Result<String, ConnectorError> {
    let rich = html(text);
    match rich.chars().count() {
        0..=MOST_TEXT => Ok(rich),
        length => {
            Err(unfit(format!("a text of {length} characters, as HubSpot keeps it; it takes {MOST_TEXT} at most")))
        }
    }
}

/// The operator's own properties.
fn further(action: &Action) -> Result<Map<String, Value>, ConnectorError> {
    let mut properties = Map::new();
    for (name, value) in &action.fields {
        if !is_property(name) || OWN.contains(&name.as_str()) {
            let name = name.escape_debug();
            return Err(unfit(format!(
                "`{name}` is no property that can be mapped; it is no internal name, or filled in already"
            )));
        }
        properties.insert(name.clone(), value.as_str().into());
    }
    Ok(properties)
}

fn expected(place: Place, text: &str, action: &Action) -> Map<String, Value> {
    let mut expect: Map<String, Value> =
        action.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    expect.insert("record".to_owned(), place.to_string().into());
    expect.insert("text".to_owned(), folded(text).into());
    expect
}

fn create(
    settings: &Settings,
    target: String,
    place: Place,
    association: u16,
    mut properties: Map<String, Value>,
    mut expect: Map<String, Value>,
) -> Result<Planned, ConnectorError> {
    if let Some(owner) = settings.owner {
        properties.insert("hubspot_owner_id".to_owned(), owner.to_string().into());
        expect.insert("hubspot_owner_id".to_owned(), owner.to_string().into());
    }
    let body = json!({
        "properties": properties,
        "associations": [{
            "to": { "id": place.id },
            "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": association }],
        }],
    });
    Ok(Planned { call: Call::json("POST", target, Some(&body)), expect: expect.into() })
}

fn priority(settings: &Settings, base: &str, place: Place, action: &Action) -> Result<Planned, ConnectorError> {
    let Some(property) = &settings.priority_property else {
        return Err(unfit("no property holds priorities; name it in `priority_property`"));
    };
    let value = action.value.as_deref().unwrap_or_default();
    if value.is_empty() || !(settings.priorities.is_empty() || settings.priorities.iter().any(|known| known == value)) {
        return Err(unfit(format!(
            "`{}` is no priority; `priorities` has {}",
            value.escape_debug(),
            settings.priorities.join(", ")
        )));
    }
    let mut properties = further(action)?;
    properties.insert(property.clone(), value.into());
    Ok(change(base, place, properties))
}

/// A change of properties; what is to be empty is expected as nothing, which is how HubSpot tells it.
fn change(base: &str, place: Place, properties: Map<String, Value>) -> Planned {
    let told = |value: &Value| if value == "" { Value::Null } else { value.clone() };
    let expect: Map<String, Value> = properties.iter().map(|(name, value)| (name.clone(), told(value))).collect();
    let body = json!({ "properties": properties });
    Planned { call: Call::json("PATCH", format!("{base}/crm/v3/objects/{place}"), Some(&body)), expect: expect.into() }
}

/// The properties that a change changes: what it is seen by.
pub(crate) fn changed(write: &Write) -> Vec<String> {
    let names = |value: &Value| value.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
    names(&write.expect).unwrap_or_default().into_iter().filter(|name| is_property(name)).collect()
}

/// The request that takes a write back: what was made is archived, what was changed gets its old values.
pub(crate) fn revert(
    settings: &Settings,
    base: &str,
    write: &Write,
    id: &str,
    before: Option<&Value>,
) -> Result<Planned, ConnectorError> {
    if let Some(kind) = kind_path(write.kind) {
        let id: u64 = id.parse().map_err(|_| unfit(format!("`{}` is no number of HubSpot's", id.escape_debug())))?;
        let target = format!("{base}/crm/v3/objects/{kind}/{id}");
        return Ok(Planned { call: Call::json("DELETE", target, None), expect: Value::Null });
    }
    let place = place::read(&write.record, &settings.objects)?;
    let Some(before) = before.and_then(Value::as_object) else {
        return Err(unfit("what the record held before is not known; set it by hand"));
    };
    let empty = |value: &Value| if value.is_null() { "".into() } else { value.clone() };
    let old = before.iter().filter(|(name, _)| is_property(name));
    let mut planned = change(base, place, old.map(|(name, value)| (name.clone(), empty(value))).collect());
    bind(settings, &mut planned.expect);
    Ok(planned)
}
