//! What is sent: an action as one JSON document. Own file because its shape is a promise to whoever writes a receiver. INVARIANT: every text
//! is a JSON string and nothing else.

use jiff::Timestamp;
use jiff::civil::Date;
use opspilot_sdk::plain::is_name;
use opspilot_sdk::{Action, ActionKind, Mailbox};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The members of a message's data, which a receiver that can be looked at shows again.
const MEMBERS: [&str; 11] = ["key", "kind", "record", "title", "text", "due", "value", "to", "from", "until", "fields"];

/// The document.
#[derive(Serialize)]
struct Message<'a> {
    r#type: String,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    key: &'a str,
    kind: ActionKind,
    record: &'a str,
    title: &'a str,
    text: &'a str,
    due: Option<Date>,
    value: Option<&'a str>,
    to: Option<&'a Mailbox>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    fields: &'a BTreeMap<String, String>,
}

/// The body, and what a receiver must show of it.
pub(crate) fn of(action: &Action) -> Result<(String, Value), serde_json::Error> {
    let data = Data {
        key: &action.key,
        kind: action.kind,
        record: &action.record,
        title: &action.title,
        text: &action.text,
        due: action.due,
        value: action.value.as_deref(),
        to: action.to.as_ref(),
        from: action.span.map(|(from, _)| from),
        until: action.span.map(|(_, until)| until),
        fields: &action.fields,
    };
    let expect = serde_json::to_value(&data)?;
    let message = Message { r#type: format!("opspilot.{}", action.kind), timestamp: action.at, data };
    Ok((serde_json::to_string(&message)?, expect))
}

/// What a receiver shows: the members that are ours, under `data` or as they stand.
pub(crate) fn image(shown: &Value) -> Option<Value> {
    let data = shown.get("data").filter(|data| data.is_object()).unwrap_or(shown).as_object()?;
    let ours = MEMBERS.into_iter().filter_map(|name| Some((name.to_owned(), data.get(name)?.clone())));
    Some(Value::Object(ours.collect::<Map<_, _>>()))
}

/// The receiver's own name for it; what can be none is none.
pub(crate) fn id(shown: &Value) -> Option<String> {
    match shown.get("id") {
        Some(Value::String(id)) if is_name(id) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    }
}
