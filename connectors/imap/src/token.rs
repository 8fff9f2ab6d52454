//! Access tokens (RFC 6749, section 6; the shapes of Google's and Microsoft's endpoints): got early, used until shortly before they run
//! out, and never asked for twice at a time, because a source is asked by one caller. Own file because what is durable here is a promise.
//!
//! What must survive a restart (a rotated refresh token, and the access token so that restarts do not hammer the provider) leaves by
//! [`Tokens::keep`] and comes back by [`Tokens::recall`]. INVARIANT: after a rotation nothing is done with the new tokens before they
//! were handed out to be stored; a refresh token in the file that is another than before takes precedence over what was stored.

use crate::fault::{GRANT, TOKEN, said, transient, unauthorised};
use crate::options::TokenOptions;
use crate::post::{Answer, Endpoint, post};
use crate::wire::Limit;
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::{ConnectorError, ErrorKind, Hidden, Secret, sha256_hex};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio_rustls::rustls::ClientConfig;

/// A token is renewed when less than this is left of it, or a fifth of its life if that is shorter.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// A notice comes this long before a known expiry.
const NOTICE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Tokens of one mailbox.
#[derive(Clone)]
pub(crate) struct Tokens {
    options: TokenOptions,
    client_secret: Option<Secret>,
    /// As it stands in the file.
    given: Option<Secret>,
    state: State,
}

/// What is stored between runs; holds secrets, so no `Debug`.
#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    /// Digest of what all this came from: a new consent, or another client, begins anew.
    origin: String,
    refresh: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_until: Option<Timestamp>,
    access: Option<String>,
    from: Timestamp,
    until: Timestamp,
}

/// A good answer of the endpoint.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<Seconds>,
    refresh_token: Option<String>,
    refresh_token_expires_in: Option<Seconds>,
}

/// Some endpoints write numbers as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
struct Denied {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Seconds {
    fn get(self) -> Option<SignedDuration> {
        let seconds = match self {
            Self::Number(seconds) => seconds,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        // No provider's tokens live for more than ten years.
        (0.0..=315_360_000.0).contains(&seconds).then(|| SignedDuration::from_secs_f64(seconds))
    }
}

impl Tokens {
    pub(crate) fn new(
        options: TokenOptions,
        client_secret: Option<Secret>,
        given: Option<Secret>,
    ) -> Result<Self, ConnectorError> {
        let secret = given.as_ref().or(client_secret.as_ref()).map_or("", Secret::expose);
        let origin = sha256_hex(format!("{}\n{}\n{secret}", options.token_url, options.client_id).as_bytes());
        let state =
            State { origin, refresh: given.as_ref().map(|given| given.expose().to_owned()), ..State::default() };
        Ok(Self { options, client_secret, given, state })
    }

    /// Takes back what was stored, unless the file has a newer consent.
    pub(crate) fn recall(&mut self, kept: &Secret) {
        match serde_json::from_str::<State>(kept.expose()) {
            Ok(state) if state.origin == self.state.origin => self.state = state,
            Ok(_) => {}
            Err(_) => {
                tracing::warn!("what was stored of the tokens cannot be read; the refresh token of the file is used")
            }
        }
    }

    /// What must be stored.
    pub(crate) fn keep(&self) -> Secret {
        Secret::new(serde_json::to_string(&self.state).unwrap_or_default())
    }

    /// The access token, while it is good.
    pub(crate) fn access(&self, now: Timestamp) -> Option<&str> {
        let life = self.state.until.duration_since(self.state.from);
        let early = EARLY.min(life / 5);
        let fresh = now >= self.state.from.saturating_sub(SignedDuration::from_hours(1)).ok()?
            && now < self.state.until.saturating_sub(early).ok()?;
        self.state.access.as_deref().filter(|_| fresh)
    }

    /// The server refused it: another one is needed, whatever the clock says.
    pub(crate) fn spurn(&mut self) {
        self.state.access = None;
    }

    /// What a person should see to soon.
    pub(crate) fn notice(&self, now: Timestamp) -> Option<String> {
        let day = self.options.expires.and_then(|day| day.in_tz("UTC").ok()).map(|day| day.timestamp());
        let (until, what) = match (day, self.state.refresh_until) {
            (Some(day), Some(refresh)) if refresh < day => (refresh, "the consent for the mailbox runs out"),
            (Some(day), _) => (day, "the client's secret or consent for the mailbox runs out"),
            (None, Some(refresh)) => (refresh, "the consent for the mailbox runs out"),
            (None, None) => return None,
        };
        let left = until.duration_since(now);
        let days = left.as_hours().div_euclid(24);
        match left {
            left if left > NOTICE => None,
            left if left.is_negative() => {
                Some(format!("{what}: it should have on {}; renew it (OP-2514)", date(until)))
            }
            _ => Some(format!("{what} in {days} days, on {}; renew it before (OP-2514)", date(until))),
        }
    }

    /// Asks for a new access token.
    ///
    /// # Errors
    /// `Unauthorised` when a person must consent again or repair the registration; else to be tried again.
    pub(crate) async fn renew(
        &mut self,
        tls: &Arc<ClientConfig>,
        now: Timestamp,
        limit: Limit,
    ) -> Result<(), ConnectorError> {
        let endpoint = Endpoint::parse(&self.options.token_url).map_err(|why| transient(TOKEN, why))?;
        let mut fields = vec![("client_id", self.options.client_id.as_str())];
        match &self.state.refresh {
            Some(refresh) => fields.extend([("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())]),
            None => fields.push(("grant_type", "client_credentials")),
        }
        if let Some(secret) = &self.client_secret {
            fields.push(("client_secret", secret.expose()));
        }
        if let Some(scope) = &self.options.scope {
            fields.push(("scope", scope));
        }
        let answer = post(&endpoint, tls, &fields, limit).await?;
        if answer.status != 200 {
            return Err(self.refusal(&endpoint, &answer));
        }
        let granted: Granted = serde_json::from_slice(&answer.body).map_err(|_| {
            transient(
                TOKEN,
                format!(
                    "the token endpoint at `{}` answered without an access token; check `token_url`",
                    endpoint.host
                ),
            )
        })?;
        let after =
            |seconds: Option<Seconds>| seconds.and_then(Seconds::get).and_then(|life| now.checked_add(life).ok());
        // Without a word about its life, a token is taken to live for an hour, as those of the big providers do.
        let hour = now.checked_add(SignedDuration::from_hours(1)).unwrap_or(now);
        self.state.access = Some(granted.access_token);
        (self.state.from, self.state.until) = (now, after(granted.expires_in).unwrap_or(hour));
        if let Some(until) = after(granted.refresh_token_expires_in) {
            self.state.refresh_until = Some(until);
        }
        if self.given.is_some() && granted.refresh_token.is_some() {
            self.state.refresh = granted.refresh_token;
        }
        Ok(())
    }

    fn refusal(&self, endpoint: &Endpoint, answer: &Answer) -> ConnectorError {
        let host = &endpoint.host;
        let denied: Option<Denied> = serde_json::from_slice(&answer.body).ok();
        let error = denied.as_ref().map_or("", |denied| denied.error.as_str());
        // Of what the endpoint says only its own codes are repeated: the rest may name people.
        let number = denied.as_ref().and_then(|denied| {
            let code = denied.error_description.split([':', ' ']).next()?;
            (code.starts_with("AADSTS") && code.len() < 20).then(|| code.to_owned())
        });
        // Its codes are its own choice, too.
        let mut hidden = Hidden::default();
        let ours = [self.client_secret.as_ref().map(Secret::expose), self.state.refresh.as_deref()];
        ours.into_iter().flatten().for_each(|secret| hidden.add(secret));
        let said = said(&hidden.text(&[error, number.as_deref().unwrap_or("")].join(" ")));
        match (answer.status, error) {
            (_, "invalid_grant") if self.state.refresh.is_some() => unauthorised(
                GRANT,
                format!(
                    "`{host}` takes the refresh token no more: the consent was withdrawn, ran out or its password changed{said}; consent again and put the new refresh token into the file"
                ),
            ),
            (
                _,
                "invalid_grant"
                | "invalid_client"
                | "unauthorized_client"
                | "invalid_scope"
                | "interaction_required"
                | "consent_required"
                | "access_denied",
            ) => unauthorised(
                GRANT,
                format!(
                    "`{host}` refuses the client{said}; check `client_id`, `client_secret_file`, `scope` and whether the secret has run out"
                ),
            ),
            (429 | 503, _) => {
                let mut error = ConnectorError::new(
                    ErrorKind::RateLimited,
                    TOKEN,
                    format!("`{host}` asks us to wait before the next token{said}"),
                );
                error.retry_after = answer.retry_after;
                error
            }
            (400..=499, _) => unauthorised(
                GRANT,
                format!(
                    "`{host}` gives no token (HTTP {}){said}; check `token_url`, `client_id` and `scope`",
                    answer.status
                ),
            ),
            (status, _) => transient(
                TOKEN,
                format!("`{host}` gives no token at the moment (HTTP {status}){said}; it is asked again"),
            ),
        }
    }
}

fn date(at: Timestamp) -> jiff::civil::Date {
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}
