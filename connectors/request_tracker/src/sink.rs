//! The sink: what the daemon holds. Own file because here stands the order in which things are asked and sent. INVARIANT: one `deliver`
//! sends at most one request that changes something, and a change of a ticket only upon the state that was looked at.

use crate::far::{Far, Ways};
use crate::options::Settings;
use crate::{plan, rights};
use opspilot_sdk::http::Client;
use opspilot_sdk::plain::said_shortly;
use opspilot_sdk::writing;
use opspilot_sdk::{
    Action, ActionKind, BoxFuture, BuildContext, Caution, ConnectorError, Delivered, Fate, Look, Manner, Planned,
    Repeat, Secret, Sink, Undelivered, Write,
};
use serde_json::{Value, json};
use std::time::Duration;

/// The token cannot be read or used.
const NO_TOKEN: &str = "OP-7531";
/// How long Request Tracker may still work on a request whose sender is gone: it does not notice.
const SETTLES_IN: Duration = Duration::from_secs(60);

/// Tickets in Request Tracker.
pub(crate) struct Tickets {
    settings: Settings,
    far: Far,
}

impl Tickets {
    /// Reads the token; connects to nothing.
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let token = settings.token.fetch(context, NO_TOKEN)?;
        let headers = [("authorization", Secret::new(format!("token {}", token.expose())))];
        let client = Client::prepare(settings.site.clone(), &headers, context, NO_TOKEN)?;
        Ok(Self { settings, far: Far { client } })
    }

    async fn find(&self, write: &Write, id: Option<&str>) -> Result<Look, ConnectorError> {
        match write.kind {
            ActionKind::Note => self.far.note(&write.record, &write.key, id).await,
            ActionKind::Task => {
                let look = self.far.task(&self.settings, &write.record, &write.key, id).await?;
                Ok(if id.is_some() && self.is_withdrawn(&look) { Look::Absent } else { look })
            }
            _ => {
                let ticket = self.far.record(&write.record).await?;
                let priority = ticket.body.get("Priority").and_then(crate::far::whole);
                let image = json!({"priority": priority});
                Ok(Look::Present { id: write.record.clone(), image, version: ticket.version })
            }
        }
    }

    /// Whether a task bears the status that takes it back. It is found by its mark all the same: a person may have given it that status.
    fn is_withdrawn(&self, look: &Look) -> bool {
        let status = json!(self.settings.undo_status);
        matches!(look, Look::Present { image, .. } if image.get("status") == Some(&status))
    }

    async fn send(&self, write: &Write, version: Option<&str>) -> Result<Delivered, Undelivered> {
        // Request Tracker would make a task of a ticket that is gone, and comment on one that is deleted.
        if !write.expect.is_null() && write.kind != ActionKind::Priority {
            let record = self.far.record(&write.record).await;
            record.map_err(|error| Undelivered { error, fate: Fate::NotDone })?;
        }
        let upon: Vec<(&str, &str)> = match version {
            Some(version) if write.call.method == "PUT" => vec![("if-match", version)],
            _ => Vec::new(),
        };
        let answered = writing::deliver(&self.far.client, &Ways, &write.call, &upon).await?;
        let id = answered.location.filter(|_| answered.status == 201);
        // It says what it changed, or that it did not, in sentences, and both with yes.
        let sentences = answered.body.as_array().into_iter().flatten().filter_map(Value::as_str);
        let said = sentences.collect::<Vec<_>>().join("; ");
        let said = format!("`{}` answers {} {}", self.far.client.host(), answered.status, said_shortly(&said));
        Ok(Delivered { id, said: said.trim_end().to_owned() })
    }
}

impl Sink for Tickets {
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
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(self.send(write, version))
    }

    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        plan::revert(&self.settings, self.far.client.base(), write, id, before)
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(rights::judge(&self.far, &self.settings))
    }
}
