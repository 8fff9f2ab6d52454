//! The sink: plans, sends once, looks, plans the way back. Own file because it is what the daemon holds. INVARIANT: one call of `deliver` sends
//! at most one request.

use crate::options::{CARRIES, Settings};
use crate::words::{NO_TOKEN, Words, unfit};
use crate::{asking, planning, reading};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opspilot_sdk::http::Client;
use opspilot_sdk::writing::{self, Manners as _};
use opspilot_sdk::{
    Action, BoxFuture, BuildContext, Caution, ConnectorError, Delivered, Fate, Look, Manner, Planned, Repeat, Secret,
    Sink, Undelivered, Write,
};
use serde_json::Value;
use std::time::Duration;

/// How long Jira may still work on a request whose answer was lost.
const SETTLES_IN: Duration = Duration::from_secs(60);

/// Issues of one site.
pub(crate) struct Issues {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
}

impl Issues {
    /// Reads the token; connects to nothing.
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let token = settings.token.fetch(context, NO_TOKEN)?;
        let authorization = match &settings.email {
            Some(email) => format!("Basic {}", STANDARD.encode(format!("{email}:{}", token.expose()))),
            None => format!("Bearer {}", token.expose()),
        };
        let headers = [("authorization", Secret::new(authorization)), ("accept", Secret::new("application/json"))];
        let client = Client::prepare(settings.site.clone(), &headers, context, NO_TOKEN)?;
        Ok(Self { settings, client })
    }
}

impl Sink for Issues {
    fn manner(&self) -> Manner {
        Manner { carries: CARRIES, repeat: Repeat::Looked, settles_in: SETTLES_IN, needs_record: true }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        if !self.settings.kinds.contains(&action.kind) {
            return Err(unfit(format!("this sink is not used for a {}: `kinds` does not name it", action.kind)));
        }
        planning::plan(self.client.base(), &self.settings, action)
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
            let heard = writing::exchange(&self.client, &Words, &write.call, &[]).await?;
            let answered = &heard.answered;
            if answered.status == 404 && Words.is_absence(&answered.body, &answered.text) {
                // Jira calls it so too when the token no longer counts, which is no reason to give the write up.
                let unknown = |error| Undelivered { error, fate: Fate::NotDone };
                asking::is_known(self).await.map_err(unknown)?;
            }
            let answered = heard.judge(&Words)?;
            let id = answered.body.get("id").and_then(Value::as_str).map(str::to_owned);
            Ok(Delivered { id, said: answered.status.to_string() })
        })
    }

    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        planning::undo(self.client.base(), &self.settings, write, id, before)
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(asking::check(self))
    }
}
