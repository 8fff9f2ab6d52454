//! The model: asks once, or looks whether it could. Own file because it is what the daemon holds. INVARIANT: one call of `ask` sends at
//! most one request.

use crate::answer::Completion;
use crate::options::Settings;
use crate::question::body;
use opspilot_sdk::asking::{self, Said, UNUSABLE_KEY};
use opspilot_sdk::http::{Client, Request};
use opspilot_sdk::{Answer, BoxFuture, BuildContext, ConnectorError, Model, Question, Secret, Unanswered};
use serde_json::Value;

/// A model behind chat completions.
pub(crate) struct Chat {
    settings: Settings,
    client: Client,
    key: Option<Secret>,
}

impl Chat {
    /// Reads the key; connects to nothing.
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let key = settings.key.as_ref().map(|place| place.fetch(context, UNUSABLE_KEY)).transpose()?;
        let mut headers = Vec::new();
        if let Some(key) = &key {
            headers.push(("authorization", Secret::new(format!("Bearer {}", key.expose()))));
        }
        for (name, value) in [("openai-organization", &settings.organization), ("openai-project", &settings.project)] {
            if let Some(value) = value {
                headers.push((name, Secret::new(value.as_str())));
            }
        }
        let client = Client::prepare(settings.site.clone(), &headers, context, UNUSABLE_KEY)?;
        Ok(Self { settings, client, key })
    }

    async fn put(&self, question: &Question) -> Result<Answer, Unanswered> {
        let json = body(&self.settings, question);
        asking::put(&self.client, "/chat/completions", &json, question, self.key.as_ref(), Completion::default()).await
    }

    /// The list of models costs nothing and needs the key. Servers without one are believed.
    async fn look(&self) -> Result<(), ConnectorError> {
        let request = Request::get("/models");
        let mut reply = self.client.send(request).await.map_err(|fault| asking::fault(fault, None).error)?;
        let body = reply.whole().await.map_err(|fault| asking::fault(fault, None).error)?;
        let host = self.client.host();
        match reply.status {
            404 | 405 | 501 => Ok(()),
            200 if is_listed(&body, &self.settings.model) => Ok(()),
            200 => {
                let said =
                    Said { kind: String::new(), message: format!("its list does not hold `{}`", self.settings.model) };
                Err(asking::refused(host, 404, None, &said, None, None).error)
            }
            status => {
                Err(asking::refused(host, status, reply.retry_after, &Said::read(&body), None, self.key.as_ref()).error)
            }
        }
    }
}

/// Whether a list of models holds one. A list that cannot be read, is empty or holds patterns says nothing.
fn is_listed(body: &[u8], model: &str) -> bool {
    let list: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(list) = list.get("data").and_then(Value::as_array).filter(|list| !list.is_empty()) else { return true };
    let is_it = |name: &str| name == model || name.contains('*') || name.strip_suffix(":latest") == Some(model);
    list.iter().any(|entry| {
        let id = entry.get("id").and_then(Value::as_str).is_none_or(is_it);
        let aliases = entry.get("aliases").and_then(Value::as_array);
        id || aliases.is_some_and(|aliases| aliases.iter().filter_map(Value::as_str).any(is_it))
    })
}

impl Model for Chat {
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

#[cfg(test)]
mod tests {
    use super::is_listed;

    #[test]
    fn lists_of_several_servers() {
        for (list, listed) in [
            (r#"{"data":[{"id":"a"},{"id":"m"}]}"#, true),
            (r#"{"data":[{"id":"a"}]}"#, false),
            (r#"{"data":[{"id":"m:latest"}]}"#, true),
            (r#"{"data":[{"id":"x","aliases":["m"]}]}"#, true),
            (r#"{"data":[{"id":"openai/*"}]}"#, true),
            (r#"{"data":[]}"#, true),
            (r#"{"data":[{"name":"x"}]}"#, true),
            ("[]", true),
            ("<html>", true),
        ] {
            assert_eq!(is_listed(list.as_bytes(), "m"), listed, "{list}");
        }
    }
}
