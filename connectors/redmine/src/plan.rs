//! From an action to the exact request, and from a write to the one that takes it back. Own file because it is pure: what a person approves
//! is made here. INVARIANT: a text of an action is never more than a JSON string, a record never more than digits.

use crate::markup;
use crate::options::Settings;
use opspilot_sdk::{Action, ActionKind, Call, ConnectorError, ErrorKind, Planned, Write, plain};
use serde_json::{Map, Value, json};

/// Redmine's own limit of a subject, in characters.
const SUBJECT_CHARS: usize = 255;
/// What every database that Redmine runs on holds of a text, in bytes.
const TEXT_BYTES: usize = 65_535;

/// Fields of a task that hold a number.
const NUMBERS: [&str; 4] = ["assigned_to_id", "category_id", "fixed_version_id", "status_id"];

/// An action that does not fit.
pub(crate) fn unfit(message: impl Into<String>) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, "OP-7524", message)
}

/// The number of an issue.
pub(crate) fn issue(record: &str) -> Result<u64, ConnectorError> {
    let digits = !record.is_empty() && record.len() <= 10 && !record.starts_with('0');
    let number = record.parse().ok().filter(|_| digits && record.bytes().all(|byte| byte.is_ascii_digit()));
    number.ok_or_else(|| unfit(format!("`{}` is not the number of an issue", plain::line(record, 60))))
}

pub(crate) fn preview(settings: &Settings, base: &str, action: &Action) -> Result<Planned, ConnectorError> {
    let number = issue(&action.record)?;
    let record = format!("/issues/{number}.json");
    match action.kind {
        ActionKind::Note => {
            no_fields(action)?;
            let notes = fitting(markup::block(settings.format, &action.text, &action.key))?;
            let body = json!({"issue": {"notes": notes, "private_notes": true}});
            let expect = json!({"notes": notes, "private_notes": true});
            Ok(Planned { call: call("PUT", base, &record, Some(&body)), expect })
        }
        ActionKind::Priority => {
            no_fields(action)?;
            let id = priority(settings, action.value.as_deref().unwrap_or_default())?;
            let expect = json!({"priority_id": id});
            Ok(Planned { call: call("PUT", base, &record, Some(&json!({"issue": expect}))), expect })
        }
        ActionKind::Task => task(settings, base, number, action),
        other => Err(unfit(format!("an issue in Redmine takes no {other}"))),
    }
}

fn task(settings: &Settings, base: &str, number: u64, action: &Action) -> Result<Planned, ConnectorError> {
    let Some(project) = &settings.project else {
        return Err(unfit("no project for tasks is configured; name it as `project` of this sink"));
    };
    let subject = plain::line(&action.title, SUBJECT_CHARS);
    if subject.is_empty() {
        return Err(unfit("a task has no title"));
    }
    // The issue is named outside the block, so that Redmine makes a link of it.
    let text = markup::block(settings.format, &action.text, &action.key);
    let text = fitting(format!("{}{text}", reference(&action.record)))?;
    let mut fields = Map::new();
    fields.insert("subject".to_owned(), json!(subject));
    fields.insert("description".to_owned(), json!(text));
    if let Some(due) = action.due {
        fields.insert("due_date".to_owned(), json!(due.to_string()));
    }
    if let Some(word) = &action.value {
        fields.insert("priority_id".to_owned(), json!(priority(settings, word)?));
    }
    if let Some(tracker) = settings.tracker {
        fields.insert("tracker_id".to_owned(), json!(tracker));
    }
    if settings.subtasks {
        fields.insert("parent_issue_id".to_owned(), json!(number));
    }
    for (name, value) in &action.fields {
        let value = match name.as_str() {
            name if NUMBERS.contains(&name) => {
                let id = value.parse::<u32>().ok().filter(|id| *id > 0);
                json!(id.ok_or_else(|| unfit(format!("`{name}` is not a number of Redmine's")))?)
            }
            "is_private" => match value.as_str() {
                "true" => json!(true),
                "false" => json!(false),
                _ => return Err(unfit("`is_private` is neither `true` nor `false`")),
            },
            _ => {
                return Err(unfit(format!(
                    "a task has no field `{}`; there are `{}` and `is_private`",
                    plain::line(name, 60),
                    NUMBERS.join("`, `")
                )));
            }
        };
        fields.insert(name.clone(), value);
    }
    let expect = Value::Object(fields.clone());
    fields.insert("project_id".to_owned(), json!(project));
    let body = json!({"issue": fields});
    Ok(Planned { call: call("POST", base, "/issues.json", Some(&body)), expect })
}

/// What a task begins with: the issue that it belongs to.
pub(crate) fn reference(record: &str) -> String {
    format!("#{record}\n\n")
}

/// What takes a write back.
pub(crate) fn revert(
    settings: &Settings,
    base: &str,
    write: &Write,
    id: &str,
    before: Option<&Value>,
) -> Result<Planned, ConnectorError> {
    let number = issue(id)?;
    match write.kind {
        // Redmine removes a note that is emptied.
        ActionKind::Note => {
            let body = json!({"journal": {"notes": ""}});
            Ok(Planned {
                call: call("PUT", base, &format!("/journals/{number}.json"), Some(&body)),
                expect: Value::Null,
            })
        }
        ActionKind::Task => {
            let path = format!("/issues/{number}.json");
            let call = match settings.undo_status {
                None => call("DELETE", base, &path, None),
                Some(status) => call("PUT", base, &path, Some(&json!({"issue": {"status_id": status}}))),
            };
            Ok(Planned { call, expect: Value::Null })
        }
        ActionKind::Priority => {
            let expect = match before.and_then(|image| image.get("priority_id")).and_then(Value::as_u64) {
                Some(id) => json!({"priority_id": id}),
                None => return Err(unfit("the priority from before is not known; set it by hand")),
            };
            let path = format!("/issues/{}.json", issue(&write.record)?);
            Ok(Planned { call: call("PUT", base, &path, Some(&json!({"issue": expect}))), expect })
        }
        other => Err(unfit(format!("an issue in Redmine takes no {other}"))),
    }
}

fn call(method: &str, base: &str, path: &str, body: Option<&Value>) -> Call {
    Call::json(method, format!("{base}{path}"), body)
}

fn priority(settings: &Settings, word: &str) -> Result<u32, ConnectorError> {
    settings.priorities.get(word).copied().ok_or_else(|| {
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

fn fitting(text: String) -> Result<String, ConnectorError> {
    if text.len() > TEXT_BYTES {
        return Err(unfit(format!("the text takes {} bytes, and Redmine holds {TEXT_BYTES}", text.len())));
    }
    Ok(text)
}
