//! The sink: plans, sends once, looks, plans the way back. Own file because it is what the daemon holds. INVARIANT: one call of `deliver` sends
//! at most one request.

use crate::options::{CARRIES, Settings};
use crate::words::{NO_KEY, Words, unfit};
use crate::{asking, planning, reading};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opspilot_sdk::http::Client;
use opspilot_sdk::writing;
use opspilot_sdk::{
    Action, BoxFuture, BuildContext, Caution, ConnectorError, Delivered, Look, Manner, Planned, Repeat, Secret, Sink,
    Undelivered, Write,
};
use serde_json::Value;
use std::time::Duration;

/// How long Freshdesk may still work on a request whose answer was lost.
const SETTLES_IN: Duration = Duration::from_secs(60);

/// Tickets of one account.
pub(crate) struct Tickets {
    settings: Settings,
    pub(crate) client: Client,
}

impl Tickets {
    /// Reads the key; connects to nothing.
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let key = settings.key.fetch(context, NO_KEY)?;
        // The key is the name; the password is any.
        let authorization = format!("Basic {}", STANDARD.encode(format!("{}:X", key.expose())));
        let headers = [("authorization", Secret::new(authorization))];
        let client = Client::prepare(settings.site.clone(), &headers, context, NO_KEY)?;
        Ok(Self { settings, client })
    }
}

impl Sink for Tickets {
    fn manner(&self) -> Manner {
        Manner { carries: CARRIES, repeat: Repeat::Looked, settles_in: SETTLES_IN, needs_record: true }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        if !self.settings.kinds.contains(&action.kind) {
            return Err(unfit(format!("this sink is not used for a {}: `kinds` does not name it", action.kind)));
        }
        planning::plan(self.client.base(), action)
    }

    fn look<'a>(&'a self, write: &'a Write, id: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(reading::look(self, write, id))
    }

    fn deliver<'a>(
        &'a self,
        write: &'a Write,
        _version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(async move {
            let answered = writing::deliver(&self.client, &Words, &write.call, &[]).await?;
            let id = answered.body.get("id").and_then(Value::as_u64).map(|id| id.to_string());
            Ok(Delivered { id, said: answered.status.to_string() })
        })
    }

    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        planning::undo(self.client.base(), write, id, before)
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(asking::check(self))
    }
}
