//! What Salesforce shows, as images. Own file because it is pure.

use opspilot_sdk::plain::folded;
use opspilot_sdk::{Look, Write};
use serde_json::{Map, Value};

/// The fields of a task that a write fills in, beside those that the operator mapped.
const TASK: [&str; 7] = ["Subject", "Description", "Status", "Priority", "ActivityDate", "WhatId", "WhoId"];

/// The fields of a task that are read back, for a path or a query.
pub(crate) fn task_fields(write: &Write) -> Vec<String> {
    let mut names: Vec<String> = TASK.iter().map(|name| (*name).to_owned()).collect();
    names.extend(changed(write).into_iter().filter(|name| !TASK.contains(&name.as_str())));
    names
}

/// The fields that a write is seen by.
pub(crate) fn changed(write: &Write) -> Vec<String> {
    let names = write.expect.as_object().into_iter().flat_map(|all| all.keys());
    names.filter(|name| *name != "text" && crate::options::is_field(name)).cloned().collect()
}

/// A task; `None` when this is none.
pub(crate) fn task(task: &Value, write: &Write) -> Option<Look> {
    let id = task.get("Id")?.as_str()?;
    let mut image: Map<String, Value> =
        task_fields(write).into_iter().map(|name| (name.clone(), told(task.get(&name)))).collect();
    image.insert("text".to_owned(), folded(&text(task)).into());
    Some(Look::Present { id: id.to_owned(), image: image.into(), version: None })
}

/// The text of a task.
pub(crate) fn text(task: &Value) -> String {
    task.get("Description").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The part of a record that a write changes, and when the record was changed last; `None` when this is no record.
pub(crate) fn record(record: &Value, write: &Write, id: &str) -> Option<Look> {
    let version = record.get("LastModifiedDate")?.as_str().and_then(http_date);
    let image: Map<String, Value> =
        changed(write).into_iter().map(|name| (name.clone(), told(record.get(&name)))).collect();
    Some(Look::Present { id: id.to_owned(), image: image.into(), version })
}

/// A value as a text, since texts are what is written: whole numbers come back with a point.
fn told(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Number(number)) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 1e15 => format!("{whole:.0}").into(),
            _ => number.to_string().into(),
        },
        Some(Value::Bool(truth)) => truth.to_string().into(),
        other => other.cloned().unwrap_or_default(),
    }
}

/// Salesforce's time in HTTP's form (RFC 9110 section 5.6.7).
fn http_date(text: &str) -> Option<String> {
    let at = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok()?;
    Some(at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

#[cfg(test)]
mod tests {
    use super::{http_date, told};
    use serde_json::json;

    #[test]
    fn times_and_values_in_our_form() {
        assert_eq!(http_date("2026-11-21T12:05:07.000+0000").as_deref(), Some("Sat, 21 Nov 2026 12:05:07 GMT"));
        assert_eq!(http_date("2026-11-21T14:05:07.000+0200").as_deref(), Some("Sat, 21 Nov 2026 12:05:07 GMT"));
        assert_eq!(http_date("yesterday"), None);
        for (value, text) in [
            (json!(5.0), json!("5")),
            (json!(5.5), json!("5.5")),
            (json!(true), json!("true")),
            (json!("x"), json!("x")),
        ] {
            assert_eq!(told(Some(&value)), text);
        }
        assert_eq!(told(None), json!(null));
    }
}
