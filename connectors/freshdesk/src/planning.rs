//! From an action to the request that does it, and to the one that takes it back. Own file because these bytes are what a person approves.
//! INVARIANT: pure; every note is private; text goes in as escaped HTML with its placeholders parted.

use crate::words::unfit;
use opspilot_sdk::plain::{defused, folded, html, line, marked};
use opspilot_sdk::{Action, ActionKind, Call, ConnectorError, Planned, Write};
use serde_json::{Value, json};

/// The longest note, in characters of HTML. Freshdesk names no limit; nobody reads more.
const MOST_TEXT: usize = 65_535;
/// Priorities, from Freshdesk's 1 upward.
const PRIORITIES: [&str; 4] = ["low", "medium", "high", "urgent"];

/// A number that Freshdesk gave, so that it is a path and nothing else.
pub(crate) fn number<'a>(id: &'a str, what: &str) -> Result<&'a str, ConnectorError> {
    let is_number = (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && !id.starts_with('0') {
        return Ok(id);
    }
    Err(unfit(format!("the {what} is not the number of one: give digits, such as `12345`")))
}

/// A ticket's number.
pub(crate) fn ticket(record: &str) -> Result<&str, ConnectorError> {
    number(record, "record")
}

fn call(base: &str, method: &str, path: &str, body: Option<&Value>) -> Call {
    Call::json(method, format!("{base}/api/v2{path}"), body)
}

/// The request for an action.
pub(crate) fn plan(base: &str, action: &Action) -> Result<Planned, ConnectorError> {
    let record = ticket(&action.record)?;
    if !action.fields.is_empty() {
        return Err(unfit(format!("a {} has no further fields in Freshdesk", action.kind)));
    }
    match action.kind {
        ActionKind::Note => {
            let text = defused(&marked(&action.text, &action.key));
            let sent = html(&text);
            if sent.chars().count() > MOST_TEXT {
                return Err(unfit(format!("the text is longer than {MOST_TEXT} characters")));
            }
            let body = json!({"body": sent, "private": true});
            Ok(Planned {
                call: call(base, "POST", &format!("/tickets/{record}/notes"), Some(&body)),
                expect: json!({"text": folded(&text), "private": true}),
            })
        }
        ActionKind::Priority => {
            let word = action.value.as_deref().unwrap_or_default();
            let by_name = PRIORITIES.iter().position(|name| *name == word).map(|at| at + 1);
            let level = by_name.or_else(|| word.parse().ok().filter(|level| (1..=4).contains(level)));
            let level = level.ok_or_else(|| {
                unfit(format!(
                    "`{}` is no priority of Freshdesk: use `low`, `medium`, `high` or `urgent`",
                    line(word, 40)
                ))
            })?;
            Ok(set_priority(base, record, &json!(level)))
        }
        other => Err(unfit(format!("Freshdesk carries no {other}"))),
    }
}

fn set_priority(base: &str, record: &str, level: &Value) -> Planned {
    let body = json!({"priority": level});
    Planned { call: call(base, "PUT", &format!("/tickets/{record}"), Some(&body)), expect: json!({"priority": level}) }
}

/// The request that takes a write back.
pub(crate) fn undo(base: &str, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
    let record = ticket(&write.record)?;
    match write.kind {
        ActionKind::Note => {
            let path = format!("/conversations/{}", number(id, "note")?);
            Ok(Planned { call: call(base, "DELETE", &path, None), expect: Value::Null })
        }
        ActionKind::Priority => {
            let before = before.and_then(|image| image.get("priority")).filter(|level| level.is_u64());
            let before = before.ok_or_else(|| unfit("what the priority was before is not known"))?;
            Ok(set_priority(base, record, before))
        }
        other => Err(unfit(format!("Freshdesk carries no {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::plan;
    use opspilot_sdk::conformance::{ANY_TEXT, action};
    use opspilot_sdk::{Action, ActionKind, ErrorKind};
    use proptest::prelude::*;
    use serde_json::Value;

    const BASE: &str = "https://acme.freshdesk.com";

    proptest! {
        /// Whatever stands in an action, the request goes where it goes, and only texts hold text.
        #[test]
        fn words_do_not_leave_their_place(text in ANY_TEXT, title in ANY_TEXT, record in "([1-9][0-9]{0,5}|\\PC{0,12})", kind in 0..3_usize) {
            let kind = [ActionKind::Note, ActionKind::Task, ActionKind::Priority][kind];
            let action = Action { title, text, ..action(kind, "k-1", &record) };
            match plan(BASE, &action) {
                Err(error) => prop_assert_eq!((error.kind, error.code), (ErrorKind::Rejected, "OP-7594")),
                Ok(planned) => {
                    let places = [format!("{BASE}/api/v2/tickets/{record}/notes"), format!("{BASE}/api/v2/tickets/{record}")];
                    prop_assert!(places.contains(&planned.call.target), "{}", planned.call.target);
                    let body: Value = serde_json::from_str(&planned.call.body).expect("JSON");
                    let markup = body["body"].as_str().unwrap_or_default();
                    prop_assert_eq!(body.get("private"), body.get("body").map(|_| &Value::Bool(true)));
                    let is_markup = markup.replace("<br>", "").contains(['<', '>', '"']) || markup.contains("{{");
                    prop_assert!(!is_markup, "{markup}");
                    prop_assert_eq!(plan(BASE, &action).ok(), Some(planned));
                }
            }
        }
    }
}
