//! The access token: fetched when it is wanted, kept in memory, fetched anew when Salesforce does not know it any more. Own file because it
//! is the only one that holds secrets. INVARIANT: of many who want a token at once, one fetches it; a request is sent again only after a
//! 401, which says that it was not even begun.

use crate::manners::{ELSEWHERE, NO_CREDENTIALS, Own, strange};
use crate::options::Settings;
use opspilot_sdk::http::{Client, Request};
use opspilot_sdk::plain::said_shortly;
use opspilot_sdk::writing::{self, Answered, Heard, encoded};
use opspilot_sdk::{BuildContext, Call, ConnectorError, ErrorKind, Fate, Secret, SecretPlace, Undelivered};
use serde_json::Value;
use tokio::sync::Mutex;

/// Where tokens are (RFC 6749 section 3.2), behind the company's address.
const TOKEN_PATH: &str = "/services/oauth2/token";

/// What came with a token.
pub(crate) struct Granted {
    token: Secret,
    /// What it may, when Salesforce told.
    pub(crate) scope: Option<String>,
    /// Whether a new refresh token came that takes the place of ours.
    pub(crate) is_rotated: bool,
}

/// A client that signs in by itself.
pub(crate) struct Session {
    pub(crate) client: Client,
    client_id: String,
    client_secret: Option<Secret>,
    refresh_token: Option<Secret>,
    token: Mutex<Option<Secret>>,
}

impl Session {
    /// Reads the secrets; connects to nothing.
    pub(crate) fn build(settings: &Settings, context: &BuildContext) -> Result<Self, ConnectorError> {
        let read =
            |place: &Option<SecretPlace>| place.as_ref().map(|place| place.fetch(context, NO_CREDENTIALS)).transpose();
        let (client_secret, refresh_token) = (read(&settings.client_secret)?, read(&settings.refresh_token)?);
        let client = Client::prepare(settings.site.clone(), &[], context, NO_CREDENTIALS)?;
        Ok(Self {
            client: client.hiding(client_secret.iter().chain(&refresh_token)),
            client_id: settings.client_id.clone(),
            client_secret,
            refresh_token,
            token: Mutex::new(None),
        })
    }

    /// Signs in, whatever is kept.
    pub(crate) async fn sign_in(&self) -> Result<Granted, ConnectorError> {
        let mut form = vec![("client_id", self.client_id.as_str())];
        if let Some(secret) = &self.client_secret {
            form.push(("client_secret", secret.expose()));
        }
        match &self.refresh_token {
            Some(token) => form.extend([("grant_type", "refresh_token"), ("refresh_token", token.expose())]),
            None => form.push(("grant_type", "client_credentials")),
        }
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let form = form.join("&");
        let body = Some(("application/x-www-form-urlencoded", form.as_str()));
        let request = Request { method: "POST", path: TOKEN_PATH, body, headers: &[] };
        let answered = writing::read(&self.client, &Own, request).await?;
        let body = answered.map(|answered| answered.body).unwrap_or_default();
        let member = |name: &str| body.get(name).and_then(Value::as_str);
        let Some(token) = member("access_token").filter(|token| !token.is_empty()) else {
            return Err(strange(self.client.host(), "an access token"));
        };
        // What was approved names the address; another one is another target.
        if let Some(place) = member("instance_url")
            && place.trim_end_matches('/') != self.client.base()
        {
            let place = said_shortly(place);
            let message = format!("Salesforce says that the company is at `{place}`; make that `base_url`");
            return Err(ConnectorError::new(ErrorKind::Misconfigured, ELSEWHERE, message));
        }
        // As it comes back when it is ours.
        let ours = self.refresh_token.as_ref().map(|token| self.client.hidden().text(token.expose()));
        Ok(Granted {
            token: Secret::new(token),
            scope: member("scope").map(str::to_owned),
            is_rotated: member("refresh_token").is_some_and(|token| Some(token) != ours.as_deref()),
        })
    }

    /// A token that is not `refused`.
    async fn token(&self, refused: Option<&Secret>) -> Result<Secret, ConnectorError> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| refused.is_none_or(|old| old.expose() != token.expose())) {
            return Ok(token.clone());
        }
        *kept = None;
        let granted = self.sign_in().await?;
        *kept = Some(granted.token.clone());
        Ok(granted.token)
    }

    /// Asks without changing anything; `None` when there is no such thing.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Answered>, ConnectorError> {
        let mut refused: Option<Secret> = None;
        loop {
            let token = self.token(refused.as_ref()).await?;
            let bearer = format!("Bearer {}", token.expose());
            let headers = [("authorization", bearer.as_str())];
            match writing::read(&self.client, &Own, Request::get(path).with(&headers)).await {
                Err(error) if error.kind == ErrorKind::Unauthorised && refused.is_none() => refused = Some(token),
                answered => return answered,
            }
        }
    }

    /// Sends a call and hears what is said to it; a second time only when the first was refused for its token.
    pub(crate) async fn send(&self, call: &Call, unmodified_since: Option<&str>) -> Result<Heard, Undelivered> {
        let mut refused: Option<Secret> = None;
        loop {
            let token = self.token(refused.as_ref()).await;
            let token = token.map_err(|error| Undelivered { error, fate: Fate::NotDone })?;
            let bearer = format!("Bearer {}", token.expose());
            let mut headers = vec![("authorization", bearer.as_str())];
            headers.extend(unmodified_since.map(|since| ("if-unmodified-since", since)));
            let heard = writing::exchange(&self.client, &Own, call, &headers).await?;
            if heard.answered.status != 401 || refused.is_some() {
                return Ok(heard);
            }
            refused = Some(token);
        }
    }
}
