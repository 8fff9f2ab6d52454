//! The sink: what the daemon holds. Own file because here stands the order in which things are asked and sent. INVARIANT: one `deliver`
//! sends at most one request that changes something, and a note only after Redmine said that it can be made private.

use crate::far::{Far, Ways};
use crate::options::Settings;
use crate::plan;
use crate::rights::Rights;
use opspilot_sdk::http::Client;
use opspilot_sdk::writing;
use opspilot_sdk::{
    Action, ActionKind, BoxFuture, BuildContext, Caution, ConnectorError, Delivered, ErrorKind, Fate, Look, Manner,
    Planned, Repeat, Sink, Undelivered, Write,
};
use serde_json::{Value, json};
use std::time::Duration;

/// The key cannot be read or used.
const NO_KEY: &str = "OP-7521";
/// How long Redmine may still work on a request whose sender is gone: it does not notice.
const SETTLES_IN: Duration = Duration::from_secs(60);

/// Issues in Redmine.
pub(crate) struct Issues {
    settings: Settings,
    far: Far,
}

impl Issues {
    /// Reads the key; connects to nothing.
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let key = settings.key.fetch(context, NO_KEY)?;
        let headers = [("x-redmine-api-key", key)];
        let client = Client::prepare(settings.site.clone(), &headers, context, NO_KEY)?;
        Ok(Self { settings, far: Far::new(client) })
    }

    async fn find(&self, write: &Write, id: Option<&str>) -> Result<Look, ConnectorError> {
        match write.kind {
            ActionKind::Note => self.far.note(&write.record, &write.key, id).await,
            ActionKind::Task => {
                let look = self.far.task(&write.record, &write.key, id).await?;
                Ok(if id.is_some() && self.is_withdrawn(&look) { Look::Absent } else { look })
            }
            _ => {
                let issue = self.far.record(&write.record).await?;
                let image = json!({"priority_id": issue.pointer("/priority/id")});
                Ok(Look::Present { id: write.record.clone(), image, version: None })
            }
        }
    }

    /// Whether a task bears the status that takes it back. It is found by its mark all the same: a person may have given it that status.
    fn is_withdrawn(&self, look: &Look) -> bool {
        let Some(status) = self.settings.undo_status else { return false };
        matches!(look, Look::Present { image, .. } if image.get("status_id") == Some(&json!(status)))
    }

    async fn send(&self, write: &Write) -> Result<Delivered, Undelivered> {
        // A creation: what is taken back expects nothing.
        if !write.expect.is_null() {
            let ready = match write.kind {
                ActionKind::Note => self.may_hide(&write.record).await,
                // Redmine would make a task of an issue that is gone.
                ActionKind::Task => self.far.record(&write.record).await.map(|_| ()),
                _ => Ok(()),
            };
            ready.map_err(|error| Undelivered { error, fate: Fate::NotDone })?;
        }
        let answered = writing::deliver(&self.far.client, &Ways, &write.call, &[]).await?;
        let id = answered.body.pointer("/issue/id").and_then(Value::as_u64).map(|id| id.to_string());
        Ok(Delivered { id, said: format!("`{}` answers {}", self.far.client.host(), answered.status) })
    }

    /// Redmine does not refuse a private note of somebody who may make none: it publishes it.
    async fn may_hide(&self, record: &str) -> Result<(), ConnectorError> {
        let issue = self.far.record(record).await?;
        let project = issue.pointer("/project/id").and_then(Value::as_u64).unwrap_or_default();
        if Rights::read(&self.far).await?.may_hide(project) {
            return Ok(());
        }
        let message = format!(
            "the account lacks `set_notes_private` in the project of issue {record}: Redmine would make the note public; add it to its role"
        );
        // Of this project: notes in others need not wait for it.
        Err(ConnectorError::new(ErrorKind::Rejected, "OP-7526", message))
    }

    async fn judge(&self) -> Result<Vec<Caution>, ConnectorError> {
        self.far.me().await?;
        let rights = Rights::read(&self.far).await?;
        let wrong = |key: &str, what: String| {
            ConnectorError::new(ErrorKind::Misconfigured, "OP-7524", format!("`{key}`: {what}"))
        };
        let tasks = match &self.settings.project {
            None => None,
            Some(name) => {
                let project = self.far.ask(&format!("/projects/{}.json", writing::encoded(name))).await?;
                let id = project.as_ref().and_then(|project| project.pointer("/project/id")).and_then(Value::as_u64);
                Some(id.ok_or_else(|| wrong("project", format!("Redmine has no project `{name}`")))?)
            }
        };
        if !self.settings.priorities.is_empty() {
            let all = self.far.ask("/enumerations/issue_priorities.json").await?.unwrap_or_default();
            let is_there =
                |id: u32| ids(&all, "issue_priorities").any(|(there, is_active)| there == u64::from(id) && is_active);
            if let Some((word, id)) = self.settings.priorities.iter().find(|(_, id)| !is_there(**id)) {
                return Err(wrong(&format!("priorities.{word}"), format!("Redmine has no active priority {id}")));
            }
        }
        for (key, id, list) in [
            ("undo_status", self.settings.undo_status, "issue_statuses"),
            ("tracker_id", self.settings.tracker, "trackers"),
        ] {
            let Some(id) = id else { continue };
            let all = self.far.ask(&format!("/{list}.json")).await?.unwrap_or_default();
            if !ids(&all, list).any(|(there, _)| there == u64::from(id)) {
                return Err(wrong(key, format!("Redmine has no {id} among its {}", list.replace('_', " "))));
            }
        }
        rights.judge(&self.settings, tasks)
    }
}

fn ids<'a>(all: &'a Value, list: &str) -> impl Iterator<Item = (u64, bool)> + 'a {
    let things = all.get(list).and_then(Value::as_array).into_iter().flatten();
    things.filter_map(|thing| Some((thing.get("id")?.as_u64()?, thing.get("active") != Some(&Value::Bool(false)))))
}

impl Sink for Issues {
    fn manner(&self) -> Manner {
        Manner {
            carries: &[ActionKind::Note, ActionKind::Task, ActionKind::Priority],
            repeat: Repeat::Looked,
            settles_in: SETTLES_IN,
            needs_record: true,
        }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        plan::preview(&self.settings, self.far.client.base(), action)
    }

    fn look<'a>(&'a self, write: &'a Write, id: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(self.find(write, id))
    }

    fn deliver<'a>(
        &'a self,
        write: &'a Write,
        _version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(self.send(write))
    }

    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        plan::revert(&self.settings, self.far.client.base(), write, id, before)
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(self.judge())
    }
}
