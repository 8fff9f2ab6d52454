//! The sink itself. INVARIANT: one message has one name: the same action is sent with the same `webhook-id` whenever it is sent, and its
//! withdrawal under another one, so that a receiver that remembers names takes both.

use crate::message;
use crate::options::{KEY, Settings};
use crate::sign::Signer;
use opspilot_sdk::http::{Client, Request};
use opspilot_sdk::plain::said_shortly;
use opspilot_sdk::writing::{self, Codes, Manners, encoded};
use opspilot_sdk::{
    Action, ActionKind, BoxFuture, BuildContext, Call, Caution, Clock, ConnectorError, Delivered, ErrorKind, Fate,
    Look, Manner, Planned, Repeat, Secret, SecretPlace, Sink, Undelivered, Write, is_kept,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The secret or the token cannot be read or used.
const UNUSABLE: &str = "OP-7506";
/// The name of a message that nobody ever sent.
const NOBODYS: &str = "opspilot-check";

pub(crate) struct Http {
    client: Client,
    signer: Signer,
    clock: Arc<dyn Clock>,
    path: String,
    look_path: Option<String>,
    undo_path: Option<String>,
    repeat: Repeat,
    settles_in: Duration,
}

/// How receivers answer, by what they are asked.
enum Ways<'a> {
    /// To do something: a 404 or 410 says that nothing takes this message here, whoever says it, and nothing was done.
    Told,
    /// To show the message with this name: a gateway, a parked name and a wrong address say 404 too, and none of them knows the name.
    Shown(&'a str),
    /// What the address takes.
    Known,
}

impl Manners for Ways<'_> {
    fn codes(&self) -> Codes {
        Codes { unreachable: "OP-7501", unauthorised: "OP-7502", refused: "OP-7503", limited: "OP-7504" }
    }

    fn reason(&self, body: &Value) -> Option<String> {
        let said = ["detail", "message", "error", "title"].into_iter().find_map(|name| body.get(name)?.as_str());
        said.map(str::to_owned)
    }

    fn is_absence(&self, body: &Value, _: &str) -> bool {
        match self {
            Self::Told => true,
            Self::Shown(key) => body.get("key").and_then(Value::as_str) == Some(*key),
            Self::Known => false,
        }
    }
}

impl Http {
    pub(crate) fn build(settings: Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let unusable = |why: String| ConnectorError::new(ErrorKind::Misconfigured, UNUSABLE, why);
        let read = |place: &SecretPlace| place.fetch(context, UNUSABLE);
        let secret = read(&settings.secret)?;
        let signer = Signer::new(&secret).map_err(|why| unusable(why.to_owned()))?;
        let mut headers = Vec::new();
        if let Some(token) = &settings.token {
            headers.push(("authorization", Secret::new(format!("Bearer {}", read(token)?.expose()))));
        }
        let bare = Secret::new(secret.expose().trim_start_matches("whsec_"));
        let client = Client::prepare(settings.site, &headers, context, UNUSABLE)?.hiding([&secret, &bare]);
        let repeat = match (settings.honours_webhook_id, &settings.look_path) {
            (true, _) => Repeat::Keyed,
            (false, Some(_)) => Repeat::Looked,
            (false, None) => Repeat::Asked,
        };
        Ok(Self {
            client,
            signer,
            clock: Arc::clone(&context.clock),
            path: settings.path,
            look_path: settings.look_path,
            undo_path: settings.undo_path,
            repeat,
            settles_in: settings.settles_in,
        })
    }

    fn call(&self, method: &str, path: &str, id: String, body: String) -> Call {
        let mut headers = BTreeMap::from([("webhook-id".to_owned(), id)]);
        if !body.is_empty() {
            headers.insert("content-type".to_owned(), "application/json".to_owned());
        }
        Call { method: method.to_owned(), target: format!("{}{path}", self.client.base()), headers, body }
    }

    /// Time and signature of a request that is sent now.
    fn marks(&self, id: &str, body: &str) -> (String, String) {
        let seconds = self.clock.now().as_second();
        (seconds.to_string(), self.signer.sign(id, seconds, body))
    }

    async fn see(&self, template: &str, key: &str) -> Result<Option<writing::Answered>, ConnectorError> {
        let path = template.replacen(KEY, &encoded(key), 1);
        let (time, signature) = self.marks(key, "");
        let headers = [("webhook-id", key), ("webhook-timestamp", &time), ("webhook-signature", &signature)];
        writing::read(&self.client, &Ways::Shown(key), Request::get(&path).with(&headers)).await
    }

    /// Asks what the address takes: of all requests the one that nobody acts upon.
    async fn knock(&self) -> Result<(), ConnectorError> {
        let (time, signature) = self.marks(NOBODYS, "");
        let headers = [("webhook-id", NOBODYS), ("webhook-timestamp", &time), ("webhook-signature", &signature)];
        let request = Request { method: "OPTIONS", path: &self.path, body: None, headers: &headers };
        match writing::read(&self.client, &Ways::Known, request).await {
            // That it does not like the question says nothing about messages.
            Err(error) if error.kind == ErrorKind::Rejected => Ok(()),
            answered => answered.map(|_| ()),
        }
    }
}

fn unfit(why: &str) -> ConnectorError {
    ConnectorError::new(ErrorKind::Rejected, "OP-7500", why)
}

impl Sink for Http {
    fn manner(&self) -> Manner {
        Manner { carries: &ActionKind::ALL, repeat: self.repeat, settles_in: self.settles_in, needs_record: false }
    }

    fn preview(&self, action: &Action) -> Result<Planned, ConnectorError> {
        let (body, expect) =
            message::of(action).map_err(|cause| unfit("the action cannot be written as JSON").because(cause))?;
        Ok(Planned { call: self.call("POST", &self.path, action.key.clone(), body), expect })
    }

    fn look<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Look, ConnectorError>> {
        Box::pin(async move {
            let Some(template) = &self.look_path else {
                let why = format!("`{}` has no way to show what it has (`look_path`)", self.client.host());
                return Ok(Look::Unknown { why });
            };
            let Some(answered) = self.see(template, &write.key).await? else { return Ok(Look::Absent) };
            let image = message::image(&answered.body).ok_or_else(|| {
                let why = format!("`{}` shows something that is no JSON object; check `look_path`", self.client.host());
                ConnectorError::new(ErrorKind::Misconfigured, "OP-7503", why)
            })?;
            if !is_kept(&image) {
                let why = format!("`{}` shows more of a message than is kept", self.client.host());
                return Err(ConnectorError::new(ErrorKind::Rejected, "OP-7503", why));
            }
            let id = message::id(&answered.body).unwrap_or_else(|| write.key.clone());
            Ok(Look::Present { id, image, version: answered.etag })
        })
    }

    fn deliver<'a>(&'a self, write: &'a Write, _: Option<&'a str>) -> BoxFuture<'a, Result<Delivered, Undelivered>> {
        Box::pin(async move {
            let Some(id) = write.call.headers.get("webhook-id") else {
                let error = unfit("the call has no `webhook-id`; plan it again");
                return Err(Undelivered { error, fate: Fate::NotDone });
            };
            let (time, signature) = self.marks(id, &write.call.body);
            let marks = [("webhook-timestamp", time.as_str()), ("webhook-signature", signature.as_str())];
            let answered = writing::deliver(&self.client, &Ways::Told, &write.call, &marks).await?;
            let said = format!("{} {}", answered.status, said_shortly(&answered.text));
            Ok(Delivered { id: message::id(&answered.body), said: said.trim_end().to_owned() })
        })
    }

    fn revert(&self, write: &Write, _: &str, _: Option<&Value>) -> Result<Planned, ConnectorError> {
        let Some(template) = &self.undo_path else {
            let why = format!("`{}` has no way to take a message back; undo it there by hand", self.client.host());
            return Err(unfit(&why));
        };
        let path = template.replacen(KEY, &encoded(&write.key), 1);
        let call = self.call("DELETE", &path, format!("{}-undo", write.key), String::new());
        Ok(Planned { call, expect: Value::Null })
    }

    fn check(&self) -> BoxFuture<'_, Result<Vec<Caution>, ConnectorError>> {
        Box::pin(async move {
            match &self.look_path {
                Some(template) => {
                    if self.see(template, NOBODYS).await?.is_some() {
                        let host = self.client.host();
                        let why = format!("`{host}` shows a message that nobody sent; check `look_path`");
                        return Err(ConnectorError::new(ErrorKind::Misconfigured, "OP-7503", why));
                    }
                }
                None => self.knock().await?,
            }
            let host = self.client.host();
            let message = match (self.repeat, &self.look_path) {
                (Repeat::Asked, _) => format!(
                    "`{host}` neither shows what it has nor honours `webhook-id`: when an answer is lost, a person must find out"
                ),
                (_, None) => format!("`{host}` cannot show what it has (`look_path`): its yes is believed unseen"),
                _ => return Ok(Vec::new()),
            };
            Ok(vec![Caution { code: "OP-7505", message }])
        })
    }
}
