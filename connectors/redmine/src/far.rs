//! What Redmine shows: who we are, an issue, a note on it, a task. Own file because it is the only one that reads Redmine's answers.
//! INVARIANT: nothing is found by its mark that another account wrote, since people quote and copy what they read.

use crate::markup;
use crate::plan;
use opspilot_sdk::http::{Client, Request};
use opspilot_sdk::writing::{self, Codes, Manners};
use opspilot_sdk::{ConnectorError, ErrorKind, Look};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// How Redmine says that something went wrong: a list of sentences, or nothing.
pub(crate) struct Ways;

impl Manners for Ways {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7520", unauthorised: "OP-7521", refused: "OP-7522", limited: "OP-7523" }
    }

    fn reason(&self, body: &Value) -> Option<String> {
        let errors = body.get("errors")?.as_array()?;
        Some(errors.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "))
    }

    /// Redmine says nothing at all of what is not there; a gateway does.
    fn is_absence(&self, _body: &Value, text: &str) -> bool {
        text.trim().is_empty()
    }

    /// As of an issue in a project that the account may not see, or not change: again without a word.
    fn is_forbidden(&self, _body: &Value, text: &str) -> bool {
        text.trim().is_empty()
    }
}

/// Redmine, read.
pub(crate) struct Far {
    pub(crate) client: Client,
    me: OnceLock<u64>,
}

impl Far {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, me: OnceLock::new() }
    }

    /// The answer to a question, as JSON; `None` when there is no such thing.
    pub(crate) async fn ask(&self, path: &str) -> Result<Option<Value>, ConnectorError> {
        let Some(answered) = writing::read(&self.client, &Ways, Request::get(path)).await? else { return Ok(None) };
        if answered.body.is_object() {
            return Ok(Some(answered.body));
        }
        let message = format!("`{}` does not answer as Redmine does; look at `base_url`", self.client.host());
        Err(ConnectorError::new(ErrorKind::Misconfigured, "OP-7522", message))
    }

    /// The account whose key this is.
    pub(crate) async fn me(&self) -> Result<u64, ConnectorError> {
        if let Some(me) = self.me.get() {
            return Ok(*me);
        }
        let user = self.ask("/users/current.json").await?;
        let id = user.as_ref().and_then(|user| user.pointer("/user/id")).and_then(Value::as_u64);
        let me = id.ok_or_else(|| {
            let message = format!("`{}` does not say whose key this is; look at `base_url`", self.client.host());
            ConnectorError::new(ErrorKind::Misconfigured, "OP-7522", message)
        })?;
        Ok(*self.me.get_or_init(|| me))
    }

    /// An issue. Redmine gathers its notes and what hangs on it only when asked to (`include`), and takes its time then.
    async fn issue(&self, number: u64, include: &str) -> Result<Option<Value>, ConnectorError> {
        let path = format!("/issues/{number}.json{include}");
        Ok(self.ask(&path).await?.map(|mut body| body["issue"].take()).filter(Value::is_object))
    }

    /// An issue that must be there, without what hangs on it.
    pub(crate) async fn record(&self, record: &str) -> Result<Value, ConnectorError> {
        self.record_with(record, "").await
    }

    async fn record_with(&self, record: &str, include: &str) -> Result<Value, ConnectorError> {
        let found = self.issue(plan::issue(record)?, include).await?;
        found.ok_or_else(|| {
            ConnectorError::new(ErrorKind::Rejected, "OP-7522", format!("there is no issue `{record}` in Redmine"))
        })
    }

    /// A note on an issue, by its number or its mark.
    pub(crate) async fn note(&self, record: &str, key: &str, id: Option<&str>) -> Result<Look, ConnectorError> {
        let me = self.me().await?;
        let issue = self.record_with(record, "?include=journals").await?;
        let number = |note: &Value| note.get("id").and_then(Value::as_u64);
        let is_it = |note: &&Value| match id {
            Some(id) => number(note).is_some_and(|number| number.to_string() == id),
            None => {
                note.pointer("/user/id").and_then(Value::as_u64) == Some(me)
                    && text(note, "notes").is_some_and(|notes| markup::is_marked(&notes, key))
            }
        };
        // Of two with the mark the older one is it.
        let found = issue.get("journals").and_then(Value::as_array).into_iter().flatten().filter(is_it);
        let Some((number, note)) =
            found.filter_map(|note| Some((number(note)?, note))).min_by_key(|(number, _)| *number)
        else {
            return Ok(Look::Absent);
        };
        let image =
            json!({"notes": text(note, "notes"), "private_notes": note.get("private_notes") == Some(&json!(true))});
        Ok(Look::Present { id: number.to_string(), image, version: None })
    }

    /// A task, by its number or its mark.
    pub(crate) async fn task(&self, record: &str, key: &str, id: Option<&str>) -> Result<Look, ConnectorError> {
        let number = match id {
            Some(id) => plan::issue(id)?,
            None => {
                self.record(record).await?;
                // A key is letters, digits and `-`. Redmine looks for the very text in its own tables: nothing lags.
                let key_part = writing::encoded(key);
                let path =
                    format!("/issues.json?author_id=me&status_id=*&sort=id:desc&limit=100&description=~{key_part}");
                let found = self.ask(&path).await?.unwrap_or_default();
                let marked = |issue: &&Value| {
                    text(issue, "description")
                        .is_some_and(|text| text.starts_with(&plan::reference(record)) && markup::is_marked(&text, key))
                };
                let issues = found.get("issues").and_then(Value::as_array).into_iter().flatten();
                match issues.filter(marked).filter_map(|issue| issue.get("id")?.as_u64()).min() {
                    Some(number) => number,
                    None => return Ok(Look::Absent),
                }
            }
        };
        let hanging_on_it = "?include=journals,children,attachments,relations";
        let Some(issue) = self.issue(number, hanging_on_it).await? else { return Ok(Look::Absent) };
        // Some databases give the number of what was deleted to what is made next.
        if text(&issue, "description").is_some_and(|text| markup::is_marked_otherwise(&text, key)) {
            return Ok(Look::Absent);
        }
        Ok(Look::Present { id: number.to_string(), image: task_image(&issue), version: None })
    }
}

/// Whatever a person could change of a task, and how much of their own hangs on it.
fn task_image(issue: &Value) -> Value {
    let mut image = Map::new();
    for name in ["subject", "description"] {
        image.insert(name.to_owned(), json!(text(issue, name)));
    }
    for name in ["start_date", "due_date", "done_ratio", "estimated_hours", "is_private", "custom_fields"] {
        if let Some(value) = issue.get(name).filter(|value| !value.is_null()) {
            image.insert(name.to_owned(), value.clone());
        }
    }
    for name in ["project", "tracker", "status", "priority", "assigned_to", "category", "fixed_version"] {
        if let Some(id) = issue.pointer(&format!("/{name}/id")) {
            image.insert(format!("{name}_id"), id.clone());
        }
    }
    if let Some(parent) = issue.pointer("/parent/id") {
        image.insert("parent_issue_id".to_owned(), parent.clone());
    }
    for (name, list) in
        [("notes", "journals"), ("children", "children"), ("attachments", "attachments"), ("relations", "relations")]
    {
        let count = issue.get(list).and_then(Value::as_array).map_or(0, Vec::len);
        image.insert(name.to_owned(), json!(count));
    }
    Value::Object(image)
}

fn text(of: &Value, name: &str) -> Option<String> {
    of.get(name).and_then(Value::as_str).map(markup::unfolded)
}
