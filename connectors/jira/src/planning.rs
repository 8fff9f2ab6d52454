//! From an action to the request that does it, and to the one that takes it back. Own file because these bytes are what a person approves.
//! INVARIANT: pure; text is nodes of text; whom Jira tells about an issue is never changed.

use crate::document::document;
use crate::options::{Settings, is_project};
use crate::words::unfit;
use opspilot_sdk::plain::{clean, folded, line, marked};
use opspilot_sdk::{Action, ActionKind, Call, ConnectorError, Planned, Write};
use serde_json::{Map, Value, json};

/// The longest comment or description, in characters.
const MOST_TEXT: usize = 32_767;
/// The longest summary, in characters.
const MOST_TITLE: usize = 255;
/// The property of an issue in which the action's key stands.
pub(crate) const PROPERTY: &str = "opspilot";

/// An issue's key, such as `OPS-12`, and its project's.
pub(crate) fn issue<'a>(settings: &Settings, record: &'a str) -> Result<(&'a str, &'a str), ConnectorError> {
    let parts = record.rsplit_once('-').filter(|(project, number)| {
        is_project(project)
            && (1..=18).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && !number.starts_with('0')
    });
    let Some((project, _)) = parts else {
        return Err(unfit("the record is not the key of an issue, such as `OPS-12`"));
    };
    if !settings.projects.is_empty() && !settings.projects.iter().any(|known| known == project) {
        return Err(unfit(format!("the issue `{record}` is in none of the projects that `projects` names")));
    }
    Ok((record, project))
}

/// A number that Jira gave, so that it is a path and nothing else.
pub(crate) fn number(id: &str) -> Result<&str, ConnectorError> {
    if (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(id);
    }
    Err(unfit("what Jira is to have named it by is not a number"))
}

fn call(base: &str, method: &str, path: &str, body: Option<&Value>) -> Call {
    Call::json(method, format!("{base}/rest/api/3{path}"), body)
}

fn long_enough(text: &str) -> Result<(), ConnectorError> {
    if text.chars().count() > MOST_TEXT {
        return Err(unfit(format!("the text is longer than {MOST_TEXT} characters, Jira's most")));
    }
    Ok(())
}

fn priority(action: &Action) -> Result<Option<String>, ConnectorError> {
    let Some(word) = &action.value else { return Ok(None) };
    let name = line(word, 255);
    if name.is_empty() || name != *word {
        return Err(unfit("the priority is not the name of one, such as `High`"));
    }
    Ok(Some(name))
}

/// The request for an action.
pub(crate) fn plan(base: &str, settings: &Settings, action: &Action) -> Result<Planned, ConnectorError> {
    let (record, project) = issue(settings, &action.record)?;
    if action.kind != ActionKind::Task && !action.fields.is_empty() {
        return Err(unfit(format!("further fields belong to a task, not to a {}", action.kind)));
    }
    match action.kind {
        ActionKind::Note => {
            let text = marked(&action.text, &action.key);
            long_enough(&text)?;
            let mut body = json!({"body": document(&text)});
            let mut expect = json!({"text": folded(&text), "role": settings.role});
            if let Some(role) = &settings.role {
                body["visibility"] = json!({"type": "role", "value": role});
            }
            if settings.service_project {
                body["properties"] = json!([{"key": "sd.public.comment", "value": {"internal": true}}]);
                expect["internal"] = json!(true);
            }
            Ok(Planned { call: call(base, "POST", &format!("/issue/{record}/comment"), Some(&body)), expect })
        }
        ActionKind::Priority => {
            let name = priority(action)?.ok_or_else(|| unfit("a priority wants a value, such as `High`"))?;
            Ok(set_priority(base, record, Some(&name)))
        }
        ActionKind::Task => task(base, settings, record, project, action),
        other => Err(unfit(format!("Jira carries no {other}"))),
    }
}

fn set_priority(base: &str, record: &str, name: Option<&str>) -> Planned {
    let body = json!({"fields": {"priority": name.map(|name| json!({"name": name}))}});
    let call = call(base, "PUT", &format!("/issue/{record}"), Some(&body));
    Planned { call, expect: json!({"priority": name}) }
}

fn task(
    base: &str,
    settings: &Settings,
    record: &str,
    project: &str,
    action: &Action,
) -> Result<Planned, ConnectorError> {
    let title = line(&action.title, MOST_TITLE);
    if title.is_empty() {
        return Err(unfit("a task wants a title"));
    }
    let text = clean(&action.text);
    long_enough(&text)?;
    let is_number = settings.task_type.bytes().all(|byte| byte.is_ascii_digit());
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("project", json!({"key": project}));
    set("parent", json!({"key": record}));
    set("issuetype", json!({(if is_number { "id" } else { "name" }): settings.task_type}));
    set("summary", json!(title));
    let mut expect = json!({"title": title, "text": folded(&text), "parent": record});
    if !text.is_empty() {
        set("description", document(&text));
    }
    if let Some(due) = action.due {
        set("duedate", json!(due.to_string()));
        expect["due"] = json!(due.to_string());
    }
    if let Some(name) = priority(action)? {
        set("priority", json!({"name": name}));
        expect["priority"] = json!(name);
    }
    for (name, value) in &action.fields {
        set(name, field(name, value)?);
    }
    let body = json!({"fields": fields, "properties": [{"key": PROPERTY, "value": {"key": action.key}}]});
    Ok(Planned { call: call(base, "POST", "/issue", Some(&body)), expect })
}

/// A further field of a task in the shape that Jira wants.
fn field(name: &str, value: &str) -> Result<Value, ConnectorError> {
    let words = || value.split(',').map(str::trim).filter(|word| !word.is_empty());
    let custom = name.strip_prefix("customfield_").map(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    match name {
        "assignee" => Ok(json!({"accountId": value})),
        "components" => Ok(words().map(|word| json!({"name": word})).collect()),
        "labels" if words().any(|word| word.contains(char::is_whitespace)) => {
            Err(unfit("a label must not hold white space"))
        }
        "labels" => Ok(words().map(|word| json!(word)).collect()),
        _ if custom == Some(true) => Ok(json!(value)),
        _ => Err(unfit(format!(
            "`{}` is no field that a task may set: use `assignee` (an account's id), `components`, `labels`, or `customfield_` with its number",
            line(name, 60)
        ))),
    }
}

/// The request that takes a write back.
pub(crate) fn undo(
    base: &str,
    settings: &Settings,
    write: &Write,
    id: &str,
    before: Option<&Value>,
) -> Result<Planned, ConnectorError> {
    let (record, _) = issue(settings, &write.record)?;
    let gone = |path: String| Planned { call: call(base, "DELETE", &path, None), expect: Value::Null };
    match write.kind {
        ActionKind::Note => Ok(gone(format!("/issue/{record}/comment/{}", number(id)?))),
        // Jira refuses while the task has sub-tasks of its own, which is as it should be.
        ActionKind::Task => Ok(gone(format!("/issue/{}", number(id)?))),
        ActionKind::Priority => {
            let before = before.and_then(|image| image.get("priority"));
            let before = before.ok_or_else(|| unfit("what the priority was before is not known"))?;
            Ok(set_priority(base, record, before.as_str()))
        }
        other => Err(unfit(format!("Jira carries no {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::plan;
    use crate::options::{Options, Settings};
    use opspilot_sdk::conformance::{ANY_TEXT, action};
    use opspilot_sdk::{Action, ActionKind, ErrorKind};
    use proptest::prelude::*;
    use serde_json::Value;

    const BASE: &str = "https://acme.atlassian.net";

    fn settings() -> Settings {
        let given = serde_json::json!({"base_url": BASE, "token_env": "JIRA"});
        serde_json::from_value::<Options>(given).expect("options").validate().expect("good options")
    }

    proptest! {
        /// Whatever stands in an action, the request goes where it goes, and only texts hold text.
        #[test]
        fn words_do_not_leave_their_place(text in ANY_TEXT, title in ANY_TEXT, record in "([A-Z]{1,4}-[1-9][0-9]{0,5}|\\PC{0,12})", kind in 0..3_usize) {
            let kind = [ActionKind::Note, ActionKind::Task, ActionKind::Priority][kind];
            let value = (kind == ActionKind::Priority).then(|| "High".to_owned());
            let action = Action { title, text, value, ..action(kind, "k-1", &record) };
            match plan(BASE, &settings(), &action) {
                Err(error) => prop_assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7584")),
                Ok(planned) => {
                    let places = [format!("{BASE}/rest/api/3/issue/{record}/comment"), format!("{BASE}/rest/api/3/issue/{record}"), format!("{BASE}/rest/api/3/issue")];
                    prop_assert!(places.contains(&planned.call.target), "{}", planned.call.target);
                    let body: Value = serde_json::from_str(&planned.call.body).expect("JSON");
                    let is_note = kind == ActionKind::Note;
                    let internal = body.pointer("/properties/0/value/internal") == Some(&Value::Bool(true));
                    prop_assert_eq!(internal, is_note);
                    prop_assert_eq!(plan(BASE, &settings(), &action).ok(), Some(planned));
                }
            }
        }
    }
}
