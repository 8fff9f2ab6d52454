//! The model: asks once, or looks whether it could. Own file because it is what the daemon holds. INVARIANT: one call of `ask` sends at
//! most one request.

use crate::answer::Message;
use crate::options::Settings;
use crate::question::body;
use opspilot_sdk::asking::{self, Said, UNUSABLE_KEY};
use opspilot_sdk::http::{Client, Request};
use opspilot_sdk::{Answer, BoxFuture, BuildContext, ConnectorError, Model, Question, Secret, Unanswered};
use serde_json::Value;

/// A model behind messages.
pub(crate) struct Messages {
    settings: Settings,
    client: Client,
    key: Option<Secret>,
}

impl Messages {
    /// Reads the key; connects to nothing.
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let key = settings.key.as_ref().map(|place| place.fetch(context, UNUSABLE_KEY)).transpose()?;
        let mut headers = vec![("anthropic-version", Secret::new(settings.version.as_str()))];
        if let Some(key) = &key {
            headers.push(("x-api-key", key.clone()));
        }
        let client = Client::prepare(settings.site.clone(), &headers, context, UNUSABLE_KEY)?;
        Ok(Self { settings, client, key })
    }

    async fn put(&self, question: &Question) -> Result<Answer, Unanswered> {
        let json = body(&self.settings, question);
        asking::put(&self.client, "/v1/messages", &json, question, self.key.as_ref(), Message::new()).await
    }

    /// Asking about the model itself costs nothing and needs the key. A name that stands for a changing model is known there, but not in
    /// the list. Gateways without that page are believed: what they answer then is not in the vendor's shape.
    async fn look(&self) -> Result<(), ConnectorError> {
        let path = format!("/v1/models/{}", self.settings.model);
        let request = Request::get(&path);
        let mut reply = self.client.send(request).await.map_err(|fault| asking::fault(fault, None).error)?;
        let body = reply.whole().await.map_err(|fault| asking::fault(fault, None).error)?;
        let said = Said::read(&body);
        let vendors: Value = serde_json::from_slice(&body).unwrap_or_default();
        match reply.status {
            200 | 405 | 501 => Ok(()),
            404 if vendors.get("type").and_then(Value::as_str) != Some("error") => Ok(()),
            status => {
                let host = self.client.host();
                Err(asking::refused(host, status, reply.retry_after, &said, None, self.key.as_ref()).error)
            }
        }
    }
}

impl Model for Messages {
    fn model(&self) -> &str {
        &self.settings.model
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ConnectorError>> {
        Box::pin(self.look())
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Unanswered>> {
        Box::pin(self.put(question))
    }
}
