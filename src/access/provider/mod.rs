//! A provider of single sign-on: where it is, and the two calls that a sign-in makes to it (OpenID Connect Core 1.0 with the code flow, PKCE as
//! RFC 7636 has it, discovery as OpenID Connect Discovery 1.0 has it). Own folder because all that is known of a provider is here. INVARIANT:
//! who somebody is comes out of a verified ID token and from nowhere else; a code is redeemed once.

mod token;

#[cfg(test)]
mod tests;

pub use token::{Asked, Keys, Untrue, Who, verify};

use crate::clock::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use opspilot_sdk::http::{Client, Fault, Reach, Request};
use opspilot_sdk::{Problems, SecretPlace};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// For how long what a provider says of itself is believed.
const BELIEVED: SignedDuration = SignedDuration::from_hours(1);
/// How often its keys are asked for again when a token names another, at most.
const KEYS_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// A provider, as it is configured.
#[derive(Clone, Debug)]
pub struct ProviderOptions {
    /// Its name here: in addresses, receipts and on the button.
    pub name: String,
    /// Who it says it is: the address under which it describes itself.
    pub issuer: String,
    /// Who this desk is there.
    pub client_id: String,
    /// Proves it.
    pub client_secret: SecretPlace,
    /// Whether its name may lead to addresses of the own network.
    pub private_network: bool,
    /// Whether it may be asked without TLS.
    pub allow_plain: bool,
    /// Certificates (PEM) of the authorities to believe instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether somebody whose proven address is on file for one user is tied to that user at their first sign-in.
    pub by_address: bool,
}

/// Why a provider signs nobody in.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be asked, or what it answers is none.
    #[error("{0}")]
    Away(String),
    /// It says no, or what it says is not true.
    #[error("{0}")]
    No(String),
}

impl From<Fault> for ProviderError {
    fn from(fault: Fault) -> Self {
        Self::Away(fault.to_string())
    }
}

/// What a provider says of itself.
#[derive(Clone, Debug, Deserialize)]
struct Said {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What the token endpoint answers.
#[derive(Deserialize)]
struct Answer {
    id_token: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

#[derive(Default)]
struct Remembered {
    said: Option<(Said, Timestamp)>,
    keys: Option<(Keys, Timestamp)>,
}

/// A sign-in that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Comes back with the code.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Proves who redeems the code.
    pub verifier: String,
}

/// A provider.
pub struct Provider {
    options: ProviderOptions,
    data_dir: PathBuf,
    clock: Arc<dyn Clock>,
    remembered: Mutex<Remembered>,
}

impl Provider {
    /// From its options; asks nobody yet.
    #[must_use]
    pub fn new(options: ProviderOptions, data_dir: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { options, data_dir, clock, remembered: Mutex::default() }
    }

    /// As it is configured.
    #[must_use]
    pub fn options(&self) -> &ProviderOptions {
        &self.options
    }

    /// Where a browser goes to sign in.
    ///
    /// # Errors
    /// [`ProviderError::Away`].
    pub async fn address(&self, begun: &Begun, back: &str) -> Result<String, ProviderError> {
        let said = self.said().await?;
        let digest = ring::digest::digest(&ring::digest::SHA256, begun.verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(digest);
        let pairs = [
            ("response_type", "code"),
            ("client_id", &self.options.client_id),
            ("redirect_uri", back),
            ("scope", "openid email"),
            ("state", &begun.state),
            ("nonce", &begun.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let joint = if said.authorization_endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{}{joint}{}", said.authorization_endpoint, form(&pairs)))
    }

    /// Redeems a code: who it is.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn redeem(
        &self,
        begun: &Begun,
        code: &str,
        issuer: Option<&str>,
        back: &str,
    ) -> Result<Who, ProviderError> {
        let said = self.said().await?;
        // RFC 9207: an answer that another provider sent is told by this.
        if issuer.is_some_and(|issuer| issuer != said.issuer)
            || (issuer.is_none() && said.authorization_response_iss_parameter_supported)
        {
            return Err(ProviderError::No("the answer is of another provider".into()));
        }
        let secret = self.options.client_secret.read(&self.data_dir).map_err(ProviderError::Away)?;
        // RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
        let basic = format!("{}:{}", encode(&self.options.client_id), encode(secret.expose()));
        let basic = format!("Basic {}", STANDARD.encode(basic));
        let body = form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", &begun.verifier),
        ]);
        let request = Request {
            method: "POST",
            path: "",
            body: Some(("application/x-www-form-urlencoded", &body)),
            headers: &[("authorization", &basic), ("accept", "application/json")],
        };
        let mut reply = self.client(&said.token_endpoint)?.send(request).await?;
        let status = reply.status;
        let bytes = reply.whole().await?;
        if status != 200 {
            let why = serde_json::from_slice::<Refusal>(&bytes).map_or_else(|_| status.to_string(), |no| no.error);
            let why: String = why.chars().filter(|one| one.is_ascii_graphic()).take(60).collect();
            return Err(match status {
                400 | 401 | 403 => ProviderError::No(format!("it refuses the code or this desk (`{why}`)")),
                _ => ProviderError::Away(format!("it answers with status {status}")),
            });
        }
        let answer: Answer = read(&bytes)?;
        let asked = Asked {
            issuer: &said.issuer,
            client_id: &self.options.client_id,
            nonce: &begun.nonce,
            now: self.clock.now(),
        };
        let keys = self.keys(&said, false).await?;
        let who = match verify(&answer.id_token, &keys, &asked) {
            // It may have new keys since they were asked for.
            Err(Untrue::Key) => verify(&answer.id_token, &self.keys(&said, true).await?, &asked),
            who => who,
        };
        who.map_err(|cause| ProviderError::No(cause.to_string()))
    }

    /// What it says of itself.
    async fn said(&self) -> Result<Said, ProviderError> {
        let now = self.clock.now();
        if let Some((said, until)) = &self.remembered().said
            && *until > now
        {
            return Ok(said.clone());
        }
        let issuer = self.options.issuer.trim_end_matches('/');
        let said: Said = self.ask(&format!("{issuer}/.well-known/openid-configuration")).await?;
        // Discovery 4.3: whoever describes another issuer is not asked further.
        if said.issuer != self.options.issuer {
            let claimed: String = said.issuer.chars().filter(|one| one.is_ascii_graphic()).take(200).collect();
            return Err(ProviderError::Away(format!(
                "it says that it is `{claimed}`; set `issuer` to exactly that if it is right"
            )));
        }
        let plain = [&said.authorization_endpoint, &said.token_endpoint, &said.jwks_uri];
        for address in plain {
            self.client(address)?;
        }
        self.remembered().said = Some((said.clone(), now.saturating_add(BELIEVED).unwrap_or(now)));
        Ok(said)
    }

    async fn keys(&self, said: &Said, again: bool) -> Result<Keys, ProviderError> {
        let now = self.clock.now();
        if let Some((keys, since)) = &self.remembered().keys {
            let age = now.duration_since(*since);
            if age < KEYS_AGAIN || (!again && age < BELIEVED) {
                return Ok(keys.clone());
            }
        }
        let keys: Keys = self.ask(&said.jwks_uri).await?;
        self.remembered().keys = Some((keys.clone(), now));
        Ok(keys)
    }

    async fn ask<T: DeserializeOwned>(&self, address: &str) -> Result<T, ProviderError> {
        let request = Request::get("").with(&[("accept", "application/json")]);
        let mut reply = self.client(address)?.send(request).await?;
        if reply.status != 200 {
            return Err(ProviderError::Away(format!("it answers with status {}", reply.status)));
        }
        read(&reply.whole().await?)
    }

    /// A client for one address of it: each is judged, and none leads where it must not.
    fn client(&self, address: &str) -> Result<Client, ProviderError> {
        let mut problems = Problems::new();
        let reach = Reach {
            base_url: address.to_owned(),
            allow_plain: self.options.allow_plain,
            private_network: self.options.private_network,
            ca_file: self.options.ca_file.clone(),
            proxy_url: None,
            connect_secs: 5,
            first_byte_secs: 10,
            whole_secs: 15,
            max_answer_bytes: 1 << 20,
        };
        let site = reach.judge(&mut problems);
        let site = site.filter(|_| problems.is_empty()).ok_or_else(|| ProviderError::Away(problems.to_string()))?;
        Ok(Client::build(site, &[], &self.data_dir, Arc::clone(&self.clock))?)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(bytes)
        .map_err(|_| ProviderError::Away("its answer is not what OpenID Connect has there".into()))
}

/// A text in a form (WHATWG URL 5.2), with blanks as `%20`, which every reader takes.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn form(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}
