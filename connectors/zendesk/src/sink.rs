//! The sink: plans, sends once, looks, plans the way back. Own file because it is what the daemon holds. INVARIANT: one call of `deliver` sends
//! at most one request.

use crate::options::{CARRIES, Settings};
use crate::words::{NO_TOKEN, Words, unfit};
use crate::{asking, planning, reading};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opspilot_sdk::http::Client;
use opspilot_sdk::writing::{self, Answered};
use opspilot_sdk::{
    Action, ActionKind, BoxFuture, BuildContext, Caution, ConnectorError, Delivered, Fate, Look, Manner, Planned,
    Repeat, Secret, Sink, Undelivered, Write,
};
use serde_json::Value;
use std::time::Duration;

/// How long Zendesk may still work on a request whose answer was lost: its own limit for one.
const SETTLES_IN: Duration = Duration::from_secs(60);

/// Tickets of one account.
pub(crate) struct Tickets {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
}

impl Tickets {
    /// Reads the token; connects to nothing.
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let token = settings.token.fetch(context, NO_TOKEN)?;
        let authorization = match &settings.email {
            Some(email) => format!("Basic {}", STANDARD.encode(format!("{email}/token:{}", token.expose()))),
            None => format!("Bearer {}", token.expose()),
        };
        let headers = [("authorization", Secret::new(authorization))];
        let client = Client::prepare(settings.site.clone(), &headers, context, NO_TOKEN)?;
        Ok(Self { settings, client })
    }

    fn judge(&self, kind: ActionKind) -> Result<(), ConnectorError> {
        if self.settings.kinds.contains(&kind) {
            return Ok(());
        }
        Err(unfit(format!("this sink is not used for a {kind}: `kinds` does not name it")))
    }
}

/// What was made, by the far side's own name for it.
fn made(write: &Write, answered: &Answered) -> Option<String> {
    let number = |value: &Value| value.as_u64().map(|number| number.to_string());
    match write.kind {
        ActionKind::Note => {
            let events =
                answered.body.pointer("/audit/events").or_else(|| answered.body.pointer("/ticket/audit/events"))?;
            let mut comments =
                events.as_array()?.iter().filter(|event| event.get("type").and_then(Value::as_str) == Some("Comment"));
            number(comments.next()?.get("id")?)
        }
        ActionKind::Task => number(answered.body.pointer("/ticket/id")?),
        _ => Some(write.record.clone()),
    }
}

impl Sink for Tickets {
    fn manner(&self) -> Manner {
        Manner { carries: CARRIES, repeat: Repeat::Looked, settles_in: SETTLES_IN, needs_record: true }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        self.judge(action.kind)?;
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
            if write.kind == ActionKind::Task && write.call.method == "POST" {
                // Zendesk would make a ticket about a ticket that is not there.
                let missing = |error| Undelivered { error, fate: Fate::NotDone };
                reading::is_there(self, &write.record).await.map_err(missing)?;
            }
            let answered = writing::deliver(&self.client, &Words, &write.call, &[]).await?;
            let audit = answered.body.pointer("/audit/id").and_then(Value::as_u64);
            let audit = audit.map(|id| format!(", audit {id}")).unwrap_or_default();
            Ok(Delivered { id: made(write, &answered), said: format!("{}{audit}", answered.status) })
        })
    }

    fn revert(&self, write: &Write, id: &str, before: Option<&Value>) -> Result<Planned, ConnectorError> {
        planning::undo(self.client.base(), write, id, before, self.settings.redact_notes)
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(asking::check(self))
    }
}
